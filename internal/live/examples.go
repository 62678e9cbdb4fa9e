package live

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"alrc/internal/experiment"
	"alrc/internal/place"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

const (
	// mostExamples bounds those that are listed of a step.
	mostExamples = 24
	// keepData is how long data are kept open after a picture was drawn.
	keepData = 30 * time.Second
)

// examples finds the examples of steps, and draws them where their data are at hand.
type examples struct {
	dir string // where data lie, "" for where runs say

	mutex  sync.Mutex // one at a time: data may be large
	opener *place.Opener
	clear  *time.Timer
}

func newExamples(dir string) *examples { return &examples{dir: dir} }

// open returns a run's specification and data. Only those that the run was begun with are shown: it has their hash. The caller
// has the lock.
func (x *examples) open(root, dir string) (s experiment.Specification, data *experiment.DataSet, err error) {
	f := newFolder(root, dir)
	if info, err := f.file(runfolder.SpecificationFile); err != nil || info.Size() > largestSettings {
		return s, nil, fmt.Errorf("%s cannot be read", runfolder.SpecificationFile)
	}
	if s, err = experiment.Read(dir); err != nil {
		return s, nil, err
	}
	if err := s.Validate(); err != nil {
		return s, nil, err
	}
	if s.Data.Hash == "" {
		return s, nil, errors.New("the run does not say which data it was begun with")
	}
	if x.opener == nil {
		x.opener = &place.Opener{Dir: x.dir}
	}
	if x.clear != nil {
		x.clear.Stop()
	}
	x.clear = time.AfterFunc(keepData, x.drop)
	_, data, err = x.opener.Open(s.Data)
	return s, data, err
}

// drop gives the memory of data back.
func (x *examples) drop() {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	if x.opener != nil {
		x.opener = nil
		debug.FreeOSMemory()
	}
}

// of lists the examples of a step of an entry: those that were clipped, raised or not finite, and without such, all of them. The
// loss of a single one is that of the step.
func (x *examples) of(id, root, dir string, step int64, loss float64) (list []Example, more int, note string) {
	clips, err := clipsOf(root, dir, step)
	if err != nil {
		note = err.Error()
	}
	slices.SortStableFunc(clips, func(a, b runfolder.Clip) int {
		switch {
		case a.Loss != a.Loss || b.Loss != b.Loss:
			return boolOrder(b.Loss != b.Loss, a.Loss != a.Loss)
		case a.Loss > b.Loss:
			return -1
		case a.Loss < b.Loss:
			return 1
		}
		return 0
	})
	for _, clip := range clips {
		list = append(list, Example{Image: clip.Image, ID: clip.ID, Loss: Number(clip.Loss), Threshold: Number(clip.Threshold), Scale: Number(clip.Scale)})
	}
	x.mutex.Lock()
	defer x.mutex.Unlock()
	s, data, err := x.open(root, dir)
	if err == nil && len(list) == 0 {
		var all []experiment.Example
		if all, err = experiment.StepExamples(s, data, step, mostExamples+1); err == nil {
			more = max(0, s.BatchSize-mostExamples)
			for _, e := range all {
				list = append(list, Example{Image: e.Number, ID: e.ID, Loss: unknown(), Threshold: unknown(), Scale: 1})
			}
			if s.BatchSize == 1 {
				list[0].Loss = Number(loss)
			} else {
				note = fmt.Sprintf("None of the step's %s was clipped; the losses of single ones are not kept.", words.Counted(s.BatchSize, "example"))
			}
		}
	}
	if err != nil {
		note = fmt.Sprintf("There are no pictures: %v", err)
	}
	if len(list) > mostExamples {
		more = max(more, len(list)-mostExamples)
		list = list[:mostExamples]
	}
	for i := range list {
		if err == nil {
			list[i].Picture = "/api/picture?" + url.Values{"run": {id}, "step": {strconv.FormatInt(step, 10)}, "image": {strconv.Itoa(list[i].Image)}}.Encode()
		}
	}
	return list, more, note
}

// boolOrder puts what is true last.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// clipsOf returns the rows of a step of clips.csv.
func clipsOf(root, dir string, step int64) (clips []runfolder.Clip, err error) {
	if _, err := newFolder(root, dir).file(runfolder.ClipsFile); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	for clip, err := range runfolder.Clips(dir) {
		if err != nil {
			return clips, err
		}
		if clip.Step > step {
			break
		}
		if clip.Step == step {
			clips = append(clips, clip)
		}
	}
	return clips, nil
}

// draw draws an example of a step.
func (x *examples) draw(root, dir string, step int64, number int) ([]byte, error) {
	clips, err := clipsOf(root, dir, step)
	if err != nil {
		return nil, err
	}
	x.mutex.Lock()
	defer x.mutex.Unlock()
	s, data, err := x.open(root, dir)
	if err != nil {
		return nil, err
	}
	known := slices.ContainsFunc(clips, func(c runfolder.Clip) bool { return c.Image == number })
	if !known {
		all, err := experiment.StepExamples(s, data, step, s.BatchSize)
		if err != nil {
			return nil, wrong("%w", err)
		}
		known = slices.ContainsFunc(all, func(e experiment.Example) bool { return e.Number == number })
	}
	if !known {
		return nil, wrong("step %d has no example %d", step, number)
	}
	picture, err := experiment.Picture(s, data, number)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = png.Encode(&b, picture)
	return b.Bytes(), err
}
