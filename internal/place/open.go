package place

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"alrc/internal/dataset"
	"alrc/internal/imagefile"
)

// Opener opens data where they lie on this machine, each once, so that runs share what was read or generated. Its zero value
// looks for them where they say. It may be used by several goroutines at a time.
type Opener struct {
	// Dir, where not "", is the folder on this machine in which data lie that are not generated. Files and folders are known there
	// by the ends of their paths.
	Dir string
	// Skipped, where not nil, is told of files that cannot be used.
	Skipped func([]imagefile.Skipped)

	mutex  sync.Mutex
	opened []opened // the latest first
}

type opened struct {
	name string
	set  *Set
}

// mostOpened bounds the data that are kept.
const mostOpened = 8

// Open opens data, and returns them with their place on this machine written down. Data of another hash than they name are an
// error.
func (o *Opener) Open(d Data) (Data, *Set, error) {
	if err := d.Validate(); err != nil {
		return d, nil, err
	}
	d, err := d.at(o.Dir)
	if err != nil {
		return d, nil, err
	}
	set, err := o.open(d)
	if err == nil {
		err = set.Check(d.Hash)
	}
	return d, set, err
}

func (o *Opener) open(d Data) (*Set, error) {
	corruption, err := dataset.ParseCorruption(d.Corrupt)
	if err != nil {
		return nil, err
	}
	d.Hash, d.Corrupt = "", ""
	set, err := o.openSound(d)
	if err != nil || corruption.Kind == "" {
		return set, err
	}
	return set.corrupted(corruption), nil
}

// openSound opens data without what is to be wrong with them.
func (o *Opener) openSound(d Data) (*Set, error) {
	name := fmt.Sprintf("%#v", d)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if i := slices.IndexFunc(o.opened, func(o opened) bool { return o.name == name }); i >= 0 {
		found := o.opened[i]
		copy(o.opened[1:], o.opened[:i])
		o.opened[0] = found
		return found.set, nil
	}
	k, err := d.kind()
	if err != nil {
		return nil, err
	}
	set, err := k.open(d)
	if err != nil {
		return nil, err
	}
	if len(set.Skipped) > 0 && o.Skipped != nil {
		o.Skipped(set.Skipped)
	}
	o.opened = slices.Insert(o.opened[:min(len(o.opened), mostOpened-1)], 0, opened{name, set})
	return set, nil
}

// at is the rule where data lie on this machine: in a folder, where one is named, and otherwise where they say.
func (d Data) at(dir string) (Data, error) {
	k, err := d.kind()
	if err != nil {
		return d, err
	}
	switch k.source {
	case inFolder:
		if d.Dir = cmp.Or(dir, d.Dir, os.Getenv(k.variable)); d.Dir == "" {
			return d, errors.New(k.missing)
		}
	case inFiles:
		if dir != "" {
			d.Paths = pathsIn(dir, d.Paths)
		}
		if len(d.Paths) == 0 {
			return d, errors.New(k.missing)
		}
	}
	if dir == "" {
		return d, nil
	}
	if k.source == inFiles {
		d.Exclude = slices.Clone(d.Exclude)
		for i, path := range d.Exclude {
			d.Exclude[i] = cmp.Or(find(dir, path), path)
		}
		d.Test = cmp.Or(find(dir, d.Test), d.Test) // otherwise it is a fraction
	}
	if k.content == Micrographs && !d.drawnMask() {
		d.Mask = cmp.Or(find(dir, d.Mask), d.Mask)
	}
	return d, nil
}

// pathsIn finds files and folders of images in a folder. One that is not there by its name is the folder itself.
func pathsIn(dir string, paths []string) (found []string) {
	for _, path := range paths {
		if inside := cmp.Or(find(dir, path), dir); !slices.Contains(found, inside) {
			found = append(found, inside)
		}
	}
	if len(found) == 0 { // a run of a sweep does not say where they were
		return []string{dir}
	}
	return found
}

// find returns the file, the folder or the glob in a folder that has as long an end of a path as there is, or "".
func find(dir, path string) string {
	parts := strings.FieldsFunc(filepath.ToSlash(path), func(r rune) bool { return r == '/' })
	for first, part := range parts {
		inside := filepath.Join(append([]string{dir}, parts[first:]...)...)
		if part == "." || part == ".." || slices.Contains(parts[first:], "..") {
			continue
		}
		if _, err := os.Stat(inside); err == nil {
			return inside
		}
		if found, err := filepath.Glob(inside); err == nil && len(found) > 0 {
			return inside
		}
	}
	return ""
}
