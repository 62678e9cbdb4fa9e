package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"alrc/internal/atomicfile"
)

// The files of a run's folder, beside its event files.
const (
	runFileName    = "run.yaml"
	metricsFile    = "metrics.csv"
	clipsFile      = "clips.csv"
	checkpointFile = "checkpoint.safetensors"
	resultFile     = "result.json"
	samplesFolder  = "samples"
	worstFolder    = "worst"
)

// FindRuns returns the run folders in a folder that a comparison wrote: itself, or those directly in it, by name but
// for those without clipping, which come first. A folder that does not exist has none.
func FindRuns(out string) ([]string, error) {
	if holdsRun(out) {
		return []string{out}, nil
	}
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, entry := range entries {
		if dir := filepath.Join(out, entry.Name()); holdsRun(dir) {
			dirs = append(dirs, dir)
		}
	}
	none := func(dir string) bool { return strings.HasPrefix(filepath.Base(dir), "none") }
	sort.SliceStable(dirs, func(i, j int) bool { return none(dirs[i]) && !none(dirs[j]) })
	return dirs, nil
}

func holdsRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, runFileName))
	return err == nil
}

// Read returns the specification of the run in a folder.
func Read(dir string) (Specification, error) {
	return ReadSpecification(filepath.Join(dir, runFileName))
}

// Resolve writes into a specification what it leaves open: the images' hash and the kernel set that the engine
// takes on this machine. It fails where the engine cannot train on the images.
func Resolve(s *Specification, data *DataSet, engines Engines) error {
	if err := s.Validate(); err != nil {
		return err
	}
	t, err := s.newTask(data)
	if err != nil {
		return err
	}
	kind, err := engines.Find(s.Engine)
	if err != nil {
		return err
	}
	options, err := s.engineOptions(t, 1)
	if err != nil {
		return err
	}
	kernels, err := kind.Kernels(t.network(), options)
	if err != nil {
		return err
	}
	// The engine's name for its arithmetic tells of Direct, too, which is a field of its own.
	s.Kernels, s.Data.Hash = strings.TrimSuffix(kernels, "-direct"), data.Hash
	return nil
}

// Create begins a run's folder: it writes run.yaml. A folder that holds a run already is an error that wraps
// fs.ErrExist.
func Create(dir string, s Specification, e *Environment) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if holdsRun(dir) {
		return fmt.Errorf("%s holds a run already: %w", dir, fs.ErrExist)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create the run's folder: %w", err)
	}
	return runFile{s, e}.write(dir)
}

func (f runFile) write(dir string) error {
	content, err := yaml.Marshal(f)
	if err != nil {
		return fmt.Errorf("write %s: %w", runFileName, err)
	}
	return atomicfile.WriteBytes(filepath.Join(dir, runFileName), content)
}

// Remove deletes what a run wrote into its folder, and the folder if nothing else is in it, so that a new run can
// take its place. A run that is being trained is left alone.
func Remove(dir string) error {
	if err := checkIdle(dir); err != nil {
		return err
	}
	events, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if err != nil {
		return err
	}
	names := events
	for _, name := range []string{metricsFile, clipsFile, checkpointFile, resultFile, samplesFolder, worstFolder, runFileName} {
		names = append(names, filepath.Join(dir, name))
	}
	for _, name := range names {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	// A folder that is not empty is the user's.
	os.Remove(dir)
	return nil
}

// Extend changes the number of steps of runs that were stopped or are done, so that Train goes on to that number.
// Runs that diverged stay as they are. Nothing is changed where one of the runs cannot be extended.
func Extend(dirs []string, steps int64) error {
	var files []runFile
	for _, dir := range dirs {
		path := filepath.Join(dir, runFileName)
		file, err := readRunFile(path)
		if err != nil {
			return err
		}
		if err := checkIdle(dir); err != nil {
			return err
		}
		switch {
		case steps < file.Steps:
			return fmt.Errorf("%s: the run has %d steps and cannot be shortened to %d", path, file.Steps, steps)
		case steps > file.Steps && file.Optimizer.Schedule == "cosine":
			return fmt.Errorf("%s: the learning rate falls along a cosine to 0 at step %d, so that a longer run is another one"+
				" from its first step: train it anew, with --config %s --steps %d", path, file.Steps, path, steps)
		}
		files = append(files, file)
	}
	for i, dir := range dirs {
		result, err := ReadResult(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && result.Diverged || files[i].Steps == steps {
			continue
		}
		// In this order, a kill in between leaves a run whose result is made again.
		if err := os.Remove(filepath.Join(dir, resultFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		files[i].Steps = steps
		if err := files[i].write(dir); err != nil {
			return err
		}
	}
	return nil
}

// checkIdle is an error where another process trains the run.
func checkIdle(dir string) error {
	file, err := os.Open(filepath.Join(dir, metricsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := lock(file); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// IsBusy says whether an error is that of a run, or of a file given to [Lock], that another has.
func IsBusy(err error) bool { return errors.Is(err, errBusy) }

// Lock claims a file until it is closed; [IsBusy] tells the error of one that another has.
func Lock(file *os.File) error { return lock(file) }

var errBusy = errors.New("another process is training this run; wait until it is done, or stop it")
