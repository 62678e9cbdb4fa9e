package losslog

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/runfolder"
)

// deepest is how many folders below the one that is given are looked into.
const deepest = 4

// folder finds the runs in a folder and those below it. Where there are none, each file that looks like a log is one.
func folder(dir string) (runs []series, note string, err error) {
	if files := runFiles(dir); files != nil {
		return []series{{files: files}}, "", nil
	}
	var logs []series
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil: // a folder that may not be read holds no log for this user
			return fs.SkipDir
		case path == dir:
			return nil
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if !entry.IsDir() {
			if entry.Type().IsRegular() && isLogName(path) && !isHidden(name) {
				logs = append(logs, series{name: name, files: []file{{path: path, real: path}}})
			}
			return nil
		}
		if files := runFiles(path); files != nil {
			runs = append(runs, series{name: name, files: files})
			return fs.SkipDir
		}
		if strings.Count(name, "/") >= deepest {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if len(runs) == 0 {
		if len(logs) > 0 {
			return logs, "", nil
		}
		return nil, "", fmt.Errorf("%s holds no log that is known: no run of this program, TensorBoard event files, metrics.csv,"+
			" trainer_state.json, nor any .csv, .tsv, .jsonl, .log, .out or .txt file; give the log's file itself", dir)
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

// isHidden says whether a file lies in a hidden folder.
func isHidden(name string) bool {
	return strings.Contains("/"+path.Dir(name), "/.") && path.Dir(name) != "."
}

// schedulerOutput is what batch systems call a job's output: "job.o4711".
var schedulerOutput = regexp.MustCompile(`^\.[oe][0-9]+$`)

// isLogName says whether a file looks like a log by its name, or is one of MLflow's, which hold the numbers of a training's loss.
func isLogName(path string) bool {
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".zst")
	switch extension := filepath.Ext(name); extension {
	case ".csv", ".tsv", ".jsonl", ".ndjson", ".log", ".txt", ".json", ".wandb", ".out", ".err":
		return true
	case "":
		m := lexicon.MeaningOf(name)
		return filepath.Base(filepath.Dir(path)) == "metrics" && m.Strength >= lexicon.Measure && m.Role != lexicon.Validation
	default:
		return schedulerOutput.MatchString(extension)
	}
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
