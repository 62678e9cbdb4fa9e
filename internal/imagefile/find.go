package imagefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Selection names image files, and which of them are for tests.
type Selection struct {
	// Paths are files, globs, and folders, which are searched with all that is in them but for hidden files.
	Paths []string
	// Exclude names, in the same way, what is not to be used.
	Exclude []string
	// HoldOut says which are for tests: a file, a folder or a glob, or the fraction of files, between 0 and 1; "" stands for 0.1.
	// Which files that fraction takes follows from their content alone, so that files that are added change nothing for
	// those that are there; where it would leave a side without a file, it takes or leaves one more.
	HoldOut string
}

// Skipped is a file, or a page of one, that is not used, and why.
type Skipped struct {
	Path string
	Err  error
}

func (s Skipped) String() string { return s.Path + ": " + s.Err.Error() }

// holdOut is what is held out: a path, or else a fraction.
type holdOut struct {
	path     string
	fraction float64
}

func parseHoldOut(text string) (holdOut, error) {
	if text == "" {
		return holdOut{fraction: 0.1}, nil
	}
	if _, err := os.Stat(text); !errors.Is(err, fs.ErrNotExist) {
		return holdOut{path: text}, nil
	}
	fraction, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return holdOut{path: text}, nil
	case fraction > 0 && fraction < 1:
		return holdOut{fraction: fraction}, nil
	}
	return holdOut{}, fmt.Errorf("images to hold out, %q: give a fraction between 0 and 1, a file, a folder or a glob", text)
}

// found is a file that may have images.
type found struct {
	path    string
	heldOut bool
	err     error
}

// finder collects files by their one true path.
type finder map[string]*found

// find returns the files of a selection, ordered by their paths.
func (s Selection) find(held holdOut) ([]*found, error) {
	files, excluded := finder{}, finder{}
	for _, path := range s.Paths {
		if err := files.add(path, false); err != nil {
			return nil, err
		}
	}
	if held.path != "" {
		if err := files.add(held.path, true); err != nil {
			return nil, fmt.Errorf("images to hold out: %w", err)
		}
	}
	for _, path := range s.Exclude {
		if err := excluded.add(path, false); err != nil {
			return nil, fmt.Errorf("files to exclude: %w", err)
		}
	}
	var list []*found
	for name, file := range files {
		if excluded[name] == nil {
			list = append(list, file)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("there is no file in %s: give %s files, a folder of them, or a glob", strings.Join(s.Paths, ", "), Formats())
	}
	slices.SortFunc(list, func(a, b *found) int { return strings.Compare(a.path, b.path) })
	return list, nil
}

// add adds the files that a path, a folder or a glob stands for.
func (f finder) add(pattern string, heldOut bool) error {
	matches := []string{pattern}
	if _, err := os.Stat(pattern); errors.Is(err, fs.ErrNotExist) {
		if matches, err = filepath.Glob(pattern); err != nil {
			return fmt.Errorf("the glob %q: %w", pattern, err)
		}
		if len(matches) == 0 {
			return fmt.Errorf("%s: there is no such file or folder, and no file that matches; give files of images, "+
				"a folder of them, or a glob", pattern)
		}
	} else if err != nil {
		return err
	}
	for _, match := range matches {
		info, err := os.Stat(match)
		if err != nil || !info.IsDir() {
			f.addFile(match, err, heldOut)
			continue
		}
		err = filepath.WalkDir(match, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				f.addFile(path, withoutPath(err), heldOut)
				if entry != nil && entry.IsDir() {
					return fs.SkipDir
				}
			case path != match && strings.HasPrefix(entry.Name(), "."):
				if entry.IsDir() {
					return fs.SkipDir
				}
			case !entry.IsDir():
				f.addFile(path, nil, heldOut)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// addFile adds a file once, however often and by whatever way it is reached.
func (f finder) addFile(path string, err error, heldOut bool) {
	name, linkErr := filepath.EvalSymlinks(path)
	if linkErr != nil {
		name = path
	}
	if absolute, err := filepath.Abs(name); err == nil {
		name = absolute
	}
	file := f[name]
	if file == nil {
		file = &found{path: path, err: err}
		f[name] = file
	}
	file.heldOut = file.heldOut || heldOut
}
