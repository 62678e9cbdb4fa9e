package losslog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"alrc/internal/runfolder"
)

// series is the files of one run, in order, all of one format.
type series struct {
	name  string // of the run, where a folder holds several
	files []file
}

// file is one file of a series. Standard input is a temporary file by now.
type file struct {
	path     string // for messages
	real     string // to open
	verbatim bool   // its lines are taken as they are, with what loggers write before them
	isColumn bool   // one of the series side by side of a document is read, and no table made of these
}

// spool copies standard input to a temporary file, since a log may have to be read twice. The caller calls remove.
func spool(r io.Reader) (path string, remove func(), err error) {
	temporary, err := os.CreateTemp("", "alrc-replay-*")
	if err != nil {
		return "", nil, fmt.Errorf("keep standard input: %w", err)
	}
	remove = func() { os.Remove(temporary.Name()) }
	_, err = io.Copy(temporary, r)
	if err = errors.Join(err, temporary.Close()); err != nil {
		remove()
		return "", nil, fmt.Errorf("keep standard input: %w", err)
	}
	return temporary.Name(), remove, nil
}

// expand finds the runs that inputs hold. Plain files together are one run, in the order given; a folder holds one
// run or several.
func expand(inputs []string, stdin io.Reader) (runs []series, note string, remove func(), err error) {
	remove = func() {}
	var together series
	for _, input := range inputs {
		if input == "-" {
			path, removeSpooled, err := spool(stdin)
			if err != nil {
				return nil, "", remove, err
			}
			before := remove
			remove = func() { before(); removeSpooled() }
			together.files = append(together.files, file{path: "standard input", real: path})
			continue
		}
		info, err := os.Stat(input)
		if err != nil {
			return nil, "", remove, err
		}
		if !info.IsDir() {
			together.files = append(together.files, file{path: input, real: input})
			continue
		}
		found, why, err := folder(input)
		if err != nil {
			return nil, "", remove, err
		}
		if len(inputs) > 1 && len(found) == 1 {
			together.files = append(together.files, found[0].files...)
		} else {
			runs = append(runs, found...)
		}
		note = why
	}
	if len(together.files) > 0 {
		runs = append(runs, together)
	}
	return runs, note, remove, nil
}

// folder finds the runs in a folder and those below it.
func folder(dir string) (runs []series, note string, err error) {
	if files := runFiles(dir); files != nil {
		return []series{{files: files}}, "", nil
	}
	const deepest = 4
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil: // a folder that may not be read holds no log for this user
			return fs.SkipDir
		case !entry.IsDir() || path == dir:
			return nil
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if files := runFiles(path); files != nil {
			runs = append(runs, series{name: filepath.ToSlash(relative), files: files})
			return fs.SkipDir
		}
		if strings.Count(relative, string(filepath.Separator)) >= deepest {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if len(runs) == 0 {
		if files := logFiles(dir); len(files) == 1 {
			return []series{{files: files}}, "", nil
		} else if len(files) > 1 {
			for _, f := range files {
				runs = append(runs, series{name: filepath.Base(f.path), files: []file{f}})
			}
			return runs, "", nil
		}
		return nil, "", fmt.Errorf("%s holds no log that is known: no run of this program, TensorBoard event files, metrics.csv,"+
			" trainer_state.json, nor any .csv, .tsv, .jsonl, .log or .txt file; give the log's file itself", dir)
	}
	// Of checkpoints of one training, the last one's log holds all before.
	if last, ok := lastCheckpoint(runs); ok {
		return []series{last}, fmt.Sprintf("read from %s, the last checkpoint", last.name), nil
	}
	if first, others, ok := unclipped(dir, runs); ok {
		if len(others) > 0 {
			note = fmt.Sprintf("read from %s, which is without clipping; beside it: %s", first.name, list(others))
		}
		return []series{first}, note, nil
	}
	return runs, "", nil
}

// unclipped returns the run without clipping among this program's, which is what a replay is of; of several that
// differ in their seeds alone, the first.
func unclipped(dir string, runs []series) (first series, others []string, ok bool) {
	var known runfolder.Settings // of the first
	for _, run := range runs {
		folder := filepath.Join(dir, filepath.FromSlash(run.name))
		settings, err := runfolder.ReadSettings(folder)
		switch {
		case err != nil || !settings.Unclipped() || !runfolder.HasMetrics(folder):
			others = append(others, run.name)
		case !ok:
			first, known, ok = run, settings, true
		case !settings.Repeats(known):
			return series{}, nil, false
		default:
			others = append(others, run.name)
		}
	}
	return first, others, ok
}

func exists(parts ...string) bool {
	info, err := os.Stat(filepath.Join(parts...))
	return err == nil && info.Mode().IsRegular()
}

// runFiles returns the log of the run that a folder itself holds, or nil.
func runFiles(dir string) []file {
	one := func(name string) []file {
		path := filepath.Join(dir, name)
		return []file{{path: path, real: path}}
	}
	if runfolder.HasMetrics(dir) {
		// The table has all digits of a loss; event files keep single precision.
		return one(runfolder.MetricsFile)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var events []file
	for _, entry := range entries {
		if strings.Contains(entry.Name(), "tfevents") && !entry.IsDir() {
			path := filepath.Join(dir, entry.Name())
			events = append(events, file{path: path, real: path})
		}
	}
	if len(events) > 0 {
		sort.Slice(events, func(i, j int) bool { return events[i].path < events[j].path })
		return events
	}
	for _, name := range []string{runfolder.MetricsFile, "trainer_state.json"} {
		if exists(dir, name) {
			return one(name)
		}
	}
	return nil
}

// logFiles returns the files of a folder that look like logs by their names.
func logFiles(dir string) (files []file) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(strings.TrimSuffix(entry.Name(), ".gz"), ".zst")
		switch filepath.Ext(name) {
		case ".csv", ".tsv", ".jsonl", ".ndjson", ".log", ".txt", ".json", ".wandb":
			if entry.Type().IsRegular() {
				path := filepath.Join(dir, entry.Name())
				files = append(files, file{path: path, real: path})
			}
		}
	}
	return files
}

// lastCheckpoint returns the run with the largest number where all are folders checkpoint-NUMBER.
func lastCheckpoint(runs []series) (last series, ok bool) {
	most := -1
	for _, run := range runs {
		digits, found := strings.CutPrefix(run.name, "checkpoint-")
		number, err := strconv.Atoi(digits)
		if !found || err != nil {
			return series{}, false
		}
		if number > most {
			most, last = number, run
		}
	}
	return last, most >= 0
}
