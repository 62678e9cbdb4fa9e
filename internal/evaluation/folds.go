package evaluation

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/experiment"
	"alrc/internal/place"
)

// add adds a method for the images that it was not trained on, of which it returns the number. Networks that differ in what was
// held out alone, as in cross-validation, become one.
func (e *Whole) add(m *Method, trainedOn func(image int) bool) int {
	var images []int
	for i := range e.trials.Images {
		if trainedOn == nil || !trainedOn(i) {
			images = append(images, i)
		}
	}
	for _, other := range e.methods {
		first := other.members[0]
		if m.Run == "" || first.Run == "" || folds(first.specification) != folds(m.specification) ||
			slices.ContainsFunc(other.members, func(o member) bool { return slices.Equal(o.images, images) }) {
			continue
		}
		other.name = pattern(other.name, m.Name)
		other.members = append(other.members, member{m, images})
		return len(images)
	}
	e.methods = append(e.methods, &wholeMethod{name: m.Name, members: []member{{m, images}}})
	return len(images)
}

// folds is a specification without what says which images are trained on.
func folds(s experiment.Specification) string {
	s.Data.Paths, s.Data.Exclude, s.Data.Test, s.Data.Hash = nil, nil, "", ""
	s.TestImages, s.EvaluateEvery = 0, 0
	return fmt.Sprintf("%#v", s)
}

// pattern is a glob that matches two names.
func pattern(a, b string) string {
	begin := 0
	for begin < min(len(a), len(b)) && a[begin] == b[begin] && a[begin] != '*' {
		begin++
	}
	end := 0
	for end < min(len(a), len(b))-begin && a[len(a)-1-end] == b[len(b)-1-end] && a[len(a)-1-end] != '*' {
		end++
	}
	return a[:begin] + "*" + a[len(a)-end:]
}

// trainingFiles are the files that a run was trained on, none where it was trained on generated images. They are not known where they
// are not there any more.
func trainingFiles(d place.Data, opener *place.Opener) (files []string, known bool) {
	if d.Kind != "micrographs" {
		return nil, true
	}
	_, set, err := opener.Open(d)
	if err != nil {
		return nil, false
	}
	for i := range set.Micrographs.Train.Len() {
		files = append(files, set.Micrographs.Train.ID(i))
	}
	return files, true
}

// sameFile says whether an image, which may be the page of a file, is of the file at a path.
func sameFile(path string) func(id string) bool {
	info, err := os.Stat(path)
	return func(id string) bool {
		if at := strings.LastIndexByte(id, ':'); at > 0 {
			if _, err := strconv.Atoi(id[at+1:]); err == nil {
				id = id[:at]
			}
		}
		other, otherErr := os.Stat(id)
		return err == nil && otherErr == nil && os.SameFile(info, other)
	}
}
