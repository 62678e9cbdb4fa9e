package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"alrc/internal/atomicfile"
	"alrc/internal/runfolder"
)

// Read returns the specification of the run in a folder.
func Read(dir string) (Specification, error) {
	return ReadSpecification(filepath.Join(dir, runfolder.SpecificationFile))
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
	if runfolder.Holds(dir) {
		return fmt.Errorf("%s holds a run already: %w", dir, fs.ErrExist)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create the run's folder: %w", err)
	}
	return writeSpecification(dir, s, e)
}

// Encode returns a run.yaml.
func Encode(s Specification, e *Environment) ([]byte, error) {
	content, err := yaml.Marshal(runFile{runfolder.Version, s, e})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", runfolder.SpecificationFile, err)
	}
	return content, nil
}

func writeSpecification(dir string, s Specification, e *Environment) error {
	content, err := Encode(s, e)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(dir, runfolder.SpecificationFile), content)
}

// CheckDone returns an error where the specification of a run that is done was changed to more steps since then.
func CheckDone(dirs []string) error {
	for _, dir := range dirs {
		result, err := runfolder.ReadResult(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		s, err := Read(dir)
		if err != nil {
			return err
		}
		if s.Steps > result.Steps && !result.Diverged {
			return fmt.Errorf("%s has %d steps, and the run is done after %d: to go on, give --steps %d", filepath.Join(dir, runfolder.SpecificationFile),
				s.Steps, result.Steps, s.Steps)
		}
	}
	return nil
}

// Extend changes the number of steps of runs that were stopped or are done, so that Train goes on to that number.
// Runs that diverged stay as they are. Nothing is changed where one of the runs cannot be extended.
func Extend(dirs []string, steps int64) error {
	var files []runFile
	for _, dir := range dirs {
		path := filepath.Join(dir, runfolder.SpecificationFile)
		file, err := readRunFile(path)
		if err != nil {
			return err
		}
		lock, err := runfolder.Lock(dir)
		if err != nil {
			return err
		}
		defer lock.Close()
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
		result, err := runfolder.ReadResult(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && (result.Diverged || result.Steps == steps) || err != nil && files[i].Steps == steps {
			continue
		}
		// In this order, a kill in between leaves a run whose result is made again.
		if err := runfolder.RemoveResult(dir); err != nil {
			return err
		}
		files[i].Steps = steps
		if err := writeSpecification(dir, files[i].Specification, files[i].Environment); err != nil {
			return err
		}
	}
	return nil
}
