package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"alrc/internal/format/safetensors"
	"alrc/internal/micrograph"
	"alrc/internal/nn"
	"alrc/internal/runfolder"
)

// OpenCompleter loads a network that a run of the task micrographs trained, from the run's folder or its checkpoint there, to
// complete other scans with it. 0 threads stand for all.
func OpenCompleter(path string, threads int) (micrograph.Completer, error) {
	dir, err := completerRun(path)
	if err != nil {
		return nil, err
	}
	s, err := Read(dir)
	if err == nil {
		err = s.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if s.Task != Micrographs {
		return nil, fmt.Errorf("%s: the run's task is %s; what completes scans is a run of 'alrc train micrographs'", dir, s.Task)
	}
	optimizer, err := s.Optimizer.resolve(s.Steps)
	if err != nil {
		return nil, err
	}
	side := s.Data.Side()
	engine, err := nn.New(s.completer(), nn.Options{Batch: 1, Height: side, Width: side, Threads: threads,
		Direct: s.Direct, Loss: nn.Loss{Power: 2, Scale: 1}, Optimizer: optimizer})
	if err != nil {
		return nil, err
	}
	c := &completer{engine: engine, side: side, kriged: s.kriged()}
	c.mask, c.coverage = s.Data.Scanned()
	c.targets = [2][]float32{make([]float32, side*side), make([]float32, side*side/4)}
	c.raw = [2][]float32{make([]float32, 1), make([]float32, 1)}
	if err := c.load(filepath.Join(dir, runfolder.CheckpointFile)); err != nil {
		engine.Close()
		return nil, err
	}
	return c, nil
}

// completerRun finds the run's folder: path, the one run in it, or that of the checkpoint at path.
func completerRun(path string) (dir string, err error) {
	runs, err := runsAt(path)
	if err != nil {
		return "", err
	}
	if len(runs) > 1 {
		return "", fmt.Errorf("%s holds several runs: give the folder of one, such as %s", path, runs[len(runs)-1])
	}
	return runs[0], nil
}

// runsAt returns the folders of runs, at least one, at a path: that of one, or of its checkpoint, of a comparison, or of a sweep.
func runsAt(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if filepath.Base(path) == runfolder.CheckpointFile && !info.IsDir() {
		path = filepath.Dir(path)
	}
	for _, folder := range []string{path, filepath.Join(path, "runs")} {
		if runs, err := runfolder.Find(folder); err != nil || len(runs) > 0 {
			return runs, err
		}
	}
	return nil, fmt.Errorf("%s holds no %s: give the folder of a run that 'alrc train micrographs' made, or the %s in it",
		path, runfolder.SpecificationFile, runfolder.CheckpointFile)
}

// FindCompleters returns the folders of runs, at least one, that [OpenCompleter] takes: those of the task micrographs at a path,
// which may be the folder of a run, of a comparison or of a sweep, or a run's checkpoint.
func FindCompleters(path string) ([]string, error) {
	runs, err := runsAt(path)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, dir := range runs {
		s, err := Read(dir)
		if err != nil {
			return nil, err
		}
		if s.Task == Micrographs {
			found = append(found, dir)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: the runs' task is not %s; what completes scans is a run of 'alrc train micrographs'", path, Micrographs)
	}
	return found, nil
}

type completer struct {
	engine *nn.Engine
	side   int
	kriged bool
	// How the crops were scanned that it was trained on.
	mask     string
	coverage micrograph.Coverage
	targets  [2][]float32 // for losses that nobody looks at
	raw      [2][]float32
	outputs  [2][]float32
}

func (c *completer) load(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(path)
		if runfolder.Done(dir) {
			return fmt.Errorf("%w: the run is done, and its network was not kept, as in a sweep; 'alrc train %s --config %s'"+
				" trains it again (with --data-dir where it is of files)", err, Micrographs, filepath.Join(dir, runfolder.SpecificationFile))
		}
		return fmt.Errorf("%w: the run has not been saved yet", err)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	tensors, metadata, err := safetensors.Read(file)
	if err == nil && metadata[formatKey] != checkpointFormat {
		err = errors.New("it is not a checkpoint of a run")
	}
	if err == nil {
		err = c.engine.LoadState(tensors)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (c *completer) Side() int { return c.side }

func (c *completer) Kriged() bool { return c.kriged }

func (c *completer) Scanned() (mask string, coverage micrograph.Coverage) { return c.mask, c.coverage }

func (c *completer) Complete(input, output []float32) error {
	c.outputs[0] = output
	return c.engine.EvaluateOutputs(input, c.targets[:], c.outputs[:], c.raw[:])
}

func (c *completer) Close() { c.engine.Close() }
