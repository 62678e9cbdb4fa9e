package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
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
	// stabiliserKey is there for runs with a stabiliser.
	stabiliserKey = "stabiliser"
	// arithmeticKey is there for engines whose arithmetic has versions; without it, it is the first.
	arithmeticKey = "arithmetic"
)

// lastVersions name, for each earlier version of the CPU engine's arithmetic, the last version of this program that has it.
var lastVersions = map[string]string{"1": "alrc of commit 48b83fe13991"}

// arithmetic is the version of the engine's arithmetic, or "" where it has none.
func (r *run) arithmetic() string {
	engine, ok := r.engine.(interface{ Arithmetic() int })
	if !ok {
		return ""
	}
	return strconv.Itoa(engine.Arithmetic())
}

// checkArithmetic refuses a checkpoint from which this engine would go on with other roundings.
func (r *run) checkArithmetic(metadata map[string]string) error {
	want := r.arithmetic()
	if want == "" {
		return nil
	}
	have := metadata[arithmeticKey]
	if have == "" {
		have = "1"
	}
	if have == want {
		return nil
	}
	last := lastVersions[have]
	if last == "" {
		last = "the version that began it"
	}
	return fmt.Errorf("the run was begun with version %s of the engine's arithmetic, and this program has version %s, which rounds otherwise:"+
		" finish the run with %s", have, want, last)
}

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
	if version := r.arithmetic(); version != "" {
		metadata[arithmeticKey] = version
	}
	if r.stabiliser != nil {
		if metadata[stabiliserKey], err = encodeStabiliser(r.stabiliser.StabiliserState()); err != nil {
			return fmt.Errorf("save the stabiliser: %w", err)
		}
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
	defer collect()
	return atomicfile.Write(filepath.Join(r.dir, runfolder.CheckpointFile), func(w io.Writer) error {
		return safetensors.Write(w, r.engine.SaveState(), metadata)
	})
}

// collect frees the copies of a network's state that begin and save a run. Left alone, the collector lets a heap of gigabytes double
// first.
func collect() {
	const large = 1 << 28
	var memory runtime.MemStats
	if runtime.ReadMemStats(&memory); memory.HeapAlloc > large {
		runtime.GC()
	}
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
	if err := r.checkArithmetic(metadata); err != nil {
		return err
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
	if text, stabilised := metadata[stabiliserKey]; stabilised != (r.stabiliser != nil) {
		return errors.New("it is of a run with another stabiliser")
	} else if stabilised {
		state, err := decodeStabiliser(text)
		if err == nil {
			err = r.stabiliser.RestoreStabiliser(state)
		}
		if err != nil {
			return fmt.Errorf("its state of the stabiliser: %w", err)
		}
	}
	r.step = step
	return nil
}
