package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"alrc/internal/losslog"
	"alrc/internal/runfolder"
)

// mostRuns bounds what is served at a time.
const mostRuns = 5000

// found is a run, a sweep or a log on disk.
type found struct {
	kind foundKind
	// root is the folder that the user named, and dir the run's, the sweep's or the log's own path.
	root, dir string
}

type foundKind int

const (
	foundRun foundKind = iota
	foundSweep
	foundLog
)

// finder finds what to serve: in the places that the user named, or, without one, in the newest of runs/ and sweeps/ and in
// what comes there later.
type finder struct {
	above  string   // the working folder
	places []string // absolute
	logs   map[string]bool
	older  map[string]bool // folders in runs/ and sweeps/ that are not served
	notes  []string
}

// newFinder checks the places.
func newFinder(above string, places []string, log losslog.Options) (*finder, error) {
	f := &finder{above: above, logs: map[string]bool{}}
	if len(places) == 0 {
		f.older = map[string]bool{}
		for _, name := range defaultFolders {
			children := folders(filepath.Join(above, name))
			slices.SortStableFunc(children, func(a, b string) int { return lastChange(b).Compare(lastChange(a)) })
			for i, child := range children {
				f.older[child] = i > 0
			}
		}
		return f, nil
	}
	for _, place := range places {
		path, err := filepath.Abs(place)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("there is no file or folder %s: give a folder of runs, a sweep's, or a log", place)
		case err != nil:
			return nil, err
		case !info.IsDir() && !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is neither a file nor a folder", place)
		}
		logs := []string{path}
		if info.IsDir() {
			logs = f.logsIn(path, log)
		}
		for _, path := range logs {
			f.places, f.logs[path] = append(f.places, path), true
		}
		if len(logs) == 0 {
			f.places = append(f.places, path)
		}
	}
	return f, nil
}

// defaultFolders are those in which results are made where no other is named.
var defaultFolders = []string{"runs", "sweeps"}

// logsIn returns the logs that a folder without runs is, or holds, as one of event files does.
func (f *finder) logsIn(path string, options losslog.Options) []string {
	if len(f.find(path, 2)) > 0 {
		return nil
	}
	options.Inputs = []string{path}
	log, err := losslog.Open(options)
	if err == nil {
		log.Close()
		return []string{path}
	}
	var choice *losslog.ChoiceError
	if !errors.As(err, &choice) {
		return nil
	}
	var runs []string
	for _, c := range choice.Candidates {
		if run, err := filepath.Abs(c.Run); c.Run != "" && err == nil && isWithin(path, run) && !slices.Contains(runs, run) {
			runs = append(runs, run)
		}
	}
	if len(runs) > 1 {
		return runs
	}
	return []string{path} // which says what to choose from
}

// all returns what there is now.
func (f *finder) all() []found {
	f.notes = nil
	var list []found
	if f.older != nil {
		for _, name := range defaultFolders {
			for _, child := range folders(filepath.Join(f.above, name)) {
				if !f.older[child] {
					list = append(list, f.in(child, child, 1)...)
				}
			}
		}
	}
	for _, place := range f.places {
		if f.logs[place] {
			list = append(list, found{foundLog, place, place})
			continue
		}
		list = append(list, f.find(place, 2)...)
	}
	if len(list) > mostRuns {
		f.notes = append(f.notes, fmt.Sprintf("There are %d runs, of which the first %d are shown.", len(list), mostRuns))
		list = list[:mostRuns]
	}
	return list
}

// find returns what is in a folder that the user named, down to a depth.
func (f *finder) find(root string, depth int) []found { return f.in(root, root, depth) }

func (f *finder) in(root, dir string, depth int) []found {
	switch {
	case runfolder.IsSweep(dir):
		return []found{{foundSweep, root, dir}}
	case runfolder.Holds(dir):
		return []found{{foundRun, root, dir}}
	case depth == 0:
		return nil
	}
	var list []found
	for _, child := range folders(dir) {
		if info, err := os.Lstat(child); err != nil || info.Mode()&fs.ModeSymlink != 0 {
			// What a link within the folder leads to is found without it.
			if err == nil && !isWithin(root, child) {
				f.notes = append(f.notes, fmt.Sprintf("%s leads out of the folder and is left out: name it by itself to see it.", f.name(child)))
			}
			continue
		}
		list = append(list, f.in(root, child, depth-1)...)
	}
	return list
}

// folders returns the folders in a folder, by name.
func folders(dir string) (children []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // it may come later
	}
	for _, entry := range entries {
		if path := filepath.Join(dir, entry.Name()); !strings.HasPrefix(entry.Name(), ".") && isFolder(path) {
			children = append(children, path)
		}
	}
	return children
}

// lastChange is when something in a folder, or in those in it, last changed.
func lastChange(dir string) time.Time {
	var last time.Time
	look := func(path string) {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	look(dir)
	look(filepath.Join(dir, runfolder.MetricsFile))
	for _, child := range folders(dir) {
		look(child)
		look(filepath.Join(child, runfolder.MetricsFile))
	}
	return last
}

// name is how a path is shown.
func (f *finder) name(path string) string {
	if relative, err := filepath.Rel(f.above, path); err == nil && filepath.IsLocal(relative) && relative != "." {
		return filepath.ToSlash(relative)
	}
	return path
}

func isFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
