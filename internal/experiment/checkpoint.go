package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"alrc"
	"alrc/internal/atomicfile"
	"alrc/internal/format/safetensors"
	"alrc/internal/runfolder"
)

// A checkpoint is a safetensors file: the engine's state as tensors, and the rest of what the run's future depends
// on as metadata. Order and augmentation of images follow from the seed and the step. Nothing in it depends on the time,
// the place or the number of threads.
const (
	checkpointFormat = "alrc checkpoint 1"

	formatKey  = "format"
	stepKey    = "step"
	seedKey    = "seed"
	kernelsKey = "kernels"
	clipperKey = "clipper"
	historyKey = "history"
)

// save writes the checkpoint. The tables go first, so that they are never behind it.
func (r *run) save() error {
	err := errors.Join(r.metrics.Sync(), r.clips.Sync(), r.events.Sync())
	if r.gradients != nil {
		err = errors.Join(err, r.gradients.table.Sync())
	}
	if err != nil {
		return err
	}
	history, err := json.Marshal(r.history)
	if err != nil {
		return fmt.Errorf("save the history: %w", err)
	}
	metadata := map[string]string{
		formatKey:  checkpointFormat,
		stepKey:    strconv.FormatInt(r.step, 10),
		seedKey:    strconv.FormatUint(r.Seed, 10),
		kernelsKey: r.engine.Kernels(),
		historyKey: string(history),
	}
	for _, h := range r.heads {
		if h.clipper == nil {
			continue
		}
		state, err := json.Marshal(h.clipper.State())
		if err != nil {
			return fmt.Errorf("save the clipper: %w", err)
		}
		metadata[h.prefix()+clipperKey] = string(state)
	}
	return atomicfile.Write(filepath.Join(r.dir, runfolder.CheckpointFile), func(w io.Writer) error {
		return safetensors.Write(w, r.engine.SaveState(), metadata)
	})
}

// load takes the checkpoint back, where there is one.
func (r *run) load() error {
	path := filepath.Join(r.dir, runfolder.CheckpointFile)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.restore(file); err != nil {
		return fmt.Errorf("%s: %w; put back the right file, or delete it to begin the run again", path, err)
	}
	return nil
}

// CheckpointStep returns the step of the checkpoint in a run's folder; its absence is an error that wraps
// fs.ErrNotExist.
func CheckpointStep(dir string) (int64, error) {
	path := filepath.Join(dir, runfolder.CheckpointFile)
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	_, metadata, err := safetensors.Read(file)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	step, err := strconv.ParseInt(metadata[stepKey], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: its step %q is none", path, metadata[stepKey])
	}
	return step, nil
}

func (r *run) restore(file io.Reader) error {
	tensors, metadata, err := safetensors.Read(file)
	if err != nil {
		return err
	}
	if format := metadata[formatKey]; format != checkpointFormat {
		return fmt.Errorf("its format is %q and not %q: it is not a checkpoint of a run", format, checkpointFormat)
	}
	for key, want := range map[string]string{seedKey: strconv.FormatUint(r.Seed, 10), kernelsKey: r.engine.Kernels()} {
		if have := metadata[key]; have != want {
			return fmt.Errorf("its %s is %q, and the run's is %q: it is of another run", key, have, want)
		}
	}
	step, err := strconv.ParseInt(metadata[stepKey], 10, 64)
	if err != nil || step < 0 || step > r.Steps {
		return fmt.Errorf("its step %q is none of the run's %d", metadata[stepKey], r.Steps)
	}
	if err := json.Unmarshal([]byte(metadata[historyKey]), &r.history); err != nil {
		return fmt.Errorf("its history: %w", err)
	}
	for _, h := range r.heads {
		text, clipped := metadata[h.prefix()+clipperKey]
		if clipped != (h.clipper != nil) {
			return errors.New("it is of a run with another clipping")
		}
		if !clipped {
			continue
		}
		var state alrc.State
		if err := json.Unmarshal([]byte(text), &state); err != nil {
			return fmt.Errorf("its state of the clipping: %w", err)
		}
		if err := h.clipper.Restore(state); err != nil {
			return fmt.Errorf("its state of the clipping: %w", err)
		}
	}
	if err := r.engine.LoadState(tensors); err != nil {
		return err
	}
	r.step = step
	return nil
}
