package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"alrc/internal/clipping"
	"alrc/internal/curve"
	"alrc/internal/runfolder"
)

const (
	// largest are the sizes of files that are read whole, beyond which they are not a run's.
	largestSettings, largestResult, largestCurve = 1 << 20, 32 << 20, 8 << 20
	// silentAfter is how long a run may tell nothing, beside ten of its steps, before that is said.
	silentAfter = 30 * time.Second
	// unlockedAfter is how long it may tell nothing before someone looks whether it is trained at all.
	unlockedAfter = 3 * time.Second
)

// folder is the source of a run's folder. It stays within a folder that the user named, whatever links there are.
type folder struct {
	root, dir string

	settings runfolder.Settings
	stamps   map[string]stamp // of files that were read whole
	wrong    map[string]error // with files, by their names
	follower *runfolder.Follower
	names    []string
	judge    func(e *entry, now time.Time) // says what a run is doing, with the entry's lock, where not nil
	looked   time.Time                     // when the lock was last looked at
	locked   bool
}

// stamp tells whether a file is another one.
type stamp struct {
	size    int64
	changed time.Time
}

func newFolder(root, dir string) *folder {
	return &folder{root: root, dir: dir, stamps: map[string]stamp{}, wrong: map[string]error{}}
}

func (f *folder) rest() { f.follower = nil; delete(f.stamps, runfolder.CurveFile) }

// file returns what there is of a file, which is an ordinary one within the root.
func (f *folder) file(name string) (fs.FileInfo, error) {
	path := filepath.Join(f.dir, name)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if !isWithin(f.root, path) {
			return nil, fmt.Errorf("%s leads out of the folder: it is not read", name)
		}
		if info, err = os.Stat(path); err != nil {
			return nil, err
		}
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no ordinary file: it is not read", name)
	}
	return info, nil
}

// changed says whether a file is there, and is another one than it was; it is to be read then.
func (f *folder) changed(name string, largest int64) bool {
	info, err := f.file(name)
	if errors.Is(err, fs.ErrNotExist) {
		delete(f.stamps, name)
		delete(f.wrong, name)
		return false
	}
	if err != nil {
		f.wrong[name] = err
		return false
	}
	now := stamp{info.Size(), info.ModTime()}
	if f.stamps[name] == now {
		return false
	}
	f.stamps[name] = now
	if info.Size() > largest {
		f.wrong[name] = fmt.Errorf("%s has %d MB, which is too much for one: it is not read", name, info.Size()>>20)
		return false
	}
	delete(f.wrong, name)
	return true
}

func (f *folder) has(name string) bool {
	_, ok := f.stamps[name]
	return ok && f.wrong[name] == nil
}

// problem says what is wrong with the run's files.
func (f *folder) problem() string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(f.wrong)) {
		texts = append(texts, f.wrong[name].Error())
	}
	return strings.Join(texts, "; ")
}

func (f *folder) poll(ctx context.Context, e *entry) {
	if e.isDropped() {
		// What ended and is not looked at is left alone, unless it goes on.
		if info, err := f.file(runfolder.ResultFile); err == nil && f.stamps[runfolder.ResultFile] == (stamp{info.Size(), info.ModTime()}) {
			return
		}
		e.pick()
	}
	if settings, again := f.readSettings(); again {
		e.describe(settings)
	}
	if name := runfolder.ResultFile; f.changed(name, largestResult) {
		result, err := runfolder.ReadResult(f.dir)
		if err == nil {
			e.end(result)
		} else {
			f.wrong[name] = err
		}
	}
	ended := f.has(runfolder.ResultFile)
	if !ended {
		f.state(e, time.Now())
	}
	grew, err := f.readSteps(ctx, e)
	if err == nil && f.follower != nil {
		err = f.follower.Problem()
	}
	if delete(f.wrong, runfolder.MetricsFile); err != nil && ctx.Err() == nil {
		f.wrong[runfolder.MetricsFile] = err
	}
	e.mutex.Lock()
	e.told(time.Now(), grew)
	if e.result = ended; ended {
		e.pace(false)
		if e.index != nil {
			e.index.Close()
		}
	}
	e.run.Problem = f.problem()
	e.mutex.Unlock()
	if !ended {
		f.state(e, time.Now())
	}
}

// readSettings returns the run's settings, and whether they are others than before.
func (f *folder) readSettings() (s runfolder.Settings, again bool) {
	if name := runfolder.SpecificationFile; f.changed(name, largestSettings) {
		settings, err := runfolder.ReadSettings(f.dir)
		if err != nil {
			f.wrong[name] = err
			return f.settings, false
		}
		f.settings, again = settings, true
	}
	return f.settings, again
}

// end takes a run's result.
func (e *entry) end(result *runfolder.Result) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.run.ended(result)
	e.run.Steps = result.Steps
}

// readSteps reads the steps that were added, or a finished run's curve.
func (f *folder) readSteps(ctx context.Context, e *entry) (grew bool, err error) {
	info, err := f.file(runfolder.MetricsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return f.readCurve(e)
	}
	if err != nil {
		return false, err
	}
	if f.follower == nil {
		f.follower = runfolder.Follow(f.dir)
	}
	follower := f.follower
	first := e.since(info.ModTime())
	err = follower.Read(ctx, func() { f.begin(e) }, func(rows []runfolder.StepAt) {
		grew = !first // what was there before is no news
		f.add(e, rows)
		f.progress(e, Reading{follower.Where(), max(follower.Where(), info.Size())})
	})
	f.progress(e, Reading{follower.Where(), max(follower.Where(), info.Size())})
	return grew, err
}

// since notes when a run's losses grew last, unless that is known, which it returns.
func (e *entry) since(changed time.Time) (first bool) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if first = e.grew.IsZero(); first {
		e.grew = changed
	}
	return first
}

func (f *folder) progress(e *entry, r Reading) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.run.Reading = r
}

// begin begins the run's curve, with the losses that its table has.
func (f *folder) begin(e *entry) {
	f.names = []string{runfolder.RawLossColumn}
	if f.settings.Huber() {
		f.names = append(f.names, runfolder.LossColumn)
	}
	for _, output := range f.follower.Outputs() {
		f.names = append(f.names, output+"_"+runfolder.LossColumn)
	}
	e.at(f.root, f.dir)
	steps, batch, names := f.follower.Steps(), float64(f.settings.BatchSize()), f.names
	e.begin(steps, func(from, to int64, do func(*curve.Row)) error {
		r := curve.Row{Losses: make([]curve.Loss, len(names))}
		return steps.Between(from, to, func(s *runfolder.StepAt) {
			fillRow(&r, s, batch, names)
			do(&r)
		})
	}, names...)
}

func (f *folder) add(e *entry, rows []runfolder.StepAt) {
	batch := float64(f.settings.BatchSize())
	e.add(len(rows), func(i int, r *curve.Row) { fillRow(r, &rows[i], batch, f.names) }, len(f.names))
}

// fillRow makes a row of a curve of a table's. The limits are those of what clipping saw, for the raw losses as well.
func fillRow(r *curve.Row, s *runfolder.StepAt, batch float64, names []string) {
	seen := len(names) - len(s.Outputs) - 1 // 1 where that is not the losses themselves
	r.Step, r.Steps, r.Place, r.Clipped, r.Test = s.Step.Step, 1, s.Place, s.Clipped, s.TestLoss
	r.Bad, r.Seconds = 0, 0
	if s.RawLoss-s.RawLoss != 0 {
		r.Bad = 1
	}
	if s.ImagesPerSecond > 0 {
		r.Seconds = batch / s.ImagesPerSecond
	}
	r.Losses[seen] = curve.Single(s.Loss, s.Threshold, s.LowerThreshold)
	// Huberising makes no loss above 1 larger, so that what was clipped lies above the limit here, too.
	r.Losses[0] = curve.Single(s.RawLoss, s.Threshold, s.LowerThreshold)
	for k, o := range s.Outputs {
		r.Losses[seen+1+k] = curve.Single(o.Loss, o.Threshold, math.NaN())
	}
}

// readCurve reads what a sweep keeps of a finished run.
func (f *folder) readCurve(e *entry) (grew bool, err error) {
	if !f.changed(runfolder.CurveFile, largestCurve) {
		return false, nil
	}
	c, err := runfolder.ReadCurve(f.dir)
	if err != nil {
		return false, err
	}
	e.begin(nil, nil, runfolder.RawLossColumn)
	nan := math.NaN()
	e.add(len(c.Step), func(i int, r *curve.Row) {
		*r = curve.Row{Step: int64(c.Step[i]), Steps: int64(c.Steps[i]), Clipped: int64(c.Clipped[i]), Test: nan, Losses: r.Losses}
		r.Losses[0] = curve.Loss{Min: c.RawLoss[i], Max: c.MaxRawLoss[i], Mean: c.RawLoss[i], Upper: c.Threshold[i], Lower: nan}
		if r.Losses[0].Mean-r.Losses[0].Mean != 0 {
			r.Bad = 1 // at least
		}
	}, 1)
	size := f.stamps[runfolder.CurveFile].size
	f.progress(e, Reading{size, size})
	return true, nil
}

// state says what a run without a result is doing.
func (f *folder) state(e *entry, now time.Time) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if f.judge != nil {
		f.judge(e, now)
		return
	}
	r := &e.run
	quiet := now.Sub(e.grew)
	if e.grew.IsZero() {
		quiet = 0
	}
	// Looking is cheap, but it takes the lock for a moment.
	if quiet < unlockedAfter && !e.grew.IsZero() {
		f.locked, f.looked = true, now
	} else if now.Sub(f.looked) >= 2*time.Second {
		f.locked, f.looked = runfolder.Locked(f.dir), now
	}
	per, _ := e.rate.per()
	going := f.locked
	switch {
	case f.locked && quiet > patience(per):
		r.State, r.Words = Silent, silence(quiet)
	case f.locked && e.index == nil && e.grew.IsZero():
		r.State, r.Words = Training, "begins"
	case f.locked:
		r.State, r.Words = Training, "training"
		if e.index != nil && e.index.Diverged() {
			r.Words = "training, though its loss has left for good"
		}
	case e.grew.IsZero():
		r.State, r.Words = Waiting, "not begun"
	default:
		r.State, r.Words = Stopped, "stopped"
	}
	e.pace(going)
	if !going {
		e.rate = rate{}
	}
}

// describe takes what a specification says of a run.
func (e *entry) describe(s runfolder.Settings) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	seed := s.Seed()
	e.run.Seed, e.run.Steps, e.run.Clip, e.run.Clipping = &seed, s.Steps(), s.Clip(), describeClip(s.Clip())
}

func describeClip(text string) string {
	if spec, err := clipping.Parse(text); err == nil {
		return spec.Describe()
	}
	return text
}

// isWithin says whether a path, with all links followed, lies in a folder.
func isWithin(root, path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	above, err := filepath.EvalSymlinks(root)
	if err != nil {
		return false
	}
	relative, err := filepath.Rel(above, real)
	return err == nil && filepath.IsLocal(relative)
}

// differing returns the settings in which runs differ, by the places of the runs.
func differing(all []runfolder.Settings) [][]Setting {
	var names []string
	for _, s := range all {
		for _, pair := range s.WithoutEnvironment() {
			if pair[0] == "data.hash" || slices.Contains(names, pair[0]) {
				continue
			}
			if slices.ContainsFunc(all, func(other runfolder.Settings) bool {
				value, _ := other.Get(pair[0])
				return value != pair[1]
			}) {
				names = append(names, pair[0])
			}
		}
	}
	list := make([][]Setting, len(all))
	for i, s := range all {
		for _, name := range names {
			value, _ := s.Get(name)
			list[i] = append(list[i], Setting{name, value})
		}
	}
	return list
}
