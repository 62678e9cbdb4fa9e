package experiment

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"alrc/internal/atomicfile"
	"alrc/internal/micrograph"
	"alrc/internal/runfolder"
)

// Numbers of pictures in a run's folder.
const (
	sampleCount = 6
	worstCount  = 8
)

// evaluate returns the mean raw loss of held-out examples, and keeps the distribution of their errors where that is reported.
func (r *run) evaluate(ctx context.Context) (float64, error) {
	count := min(r.TestImages, r.task.testLen())
	loss, squares, err := r.examine(ctx, count)
	if err != nil {
		return 0, err
	}
	r.history.TestMSE = runfolder.Distribute(squares)
	return loss, nil
}

// examine returns the mean raw loss of the first held-out examples, and where they are reported, their mean squared errors.
func (r *run) examine(ctx context.Context, count int) (loss float64, squares []float64, err error) {
	var output []float32
	for first := 0; first < count; first += r.BatchSize {
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
		n := min(r.BatchSize, count-first)
		b, err := r.task.test(first, n)
		if err != nil {
			return 0, nil, err
		}
		size := len(b.targets[0]) / n
		if r.task.distribution() && first == 0 {
			output = make([]float32, n*size)
		}
		if output != nil {
			output = output[:n*size]
		}
		if err := r.infer(b, n, output); err != nil {
			return 0, nil, err
		}
		for i, raw := range r.raw[0][:n] {
			loss += float64(raw)
			if output != nil {
				squares = append(squares, micrograph.MSE(output[i*size:][:size], b.targets[0][i*size:][:size]))
			}
		}
	}
	return loss / float64(count), squares, nil
}

// infer runs the network on n examples, and leaves their raw losses and, where that is not nil, the first output.
func (r *run) infer(b batch, n int, output []float32) error {
	outputs, raw := make([][]float32, len(r.heads)), make([][]float32, len(r.heads))
	outputs[0] = output
	for i := range raw {
		raw[i] = r.raw[i][:n]
	}
	return r.engine.EvaluateOutputs(b.inputs, b.targets, outputs, raw)
}

// drawSamples draws what the network makes of a few held-out examples.
func (r *run) drawSamples() ([]runfolder.Sample, error) {
	if err := freshFolder(filepath.Join(r.dir, runfolder.SamplesFolder)); err != nil {
		return nil, err
	}
	var samples []runfolder.Sample
	count := min(sampleCount, r.task.testLen())
	for k := range count {
		index := k * r.task.testLen() / count
		b, err := r.task.test(index, 1)
		if err != nil {
			return nil, err
		}
		output := make([]float32, len(b.targets[0]))
		if err := r.infer(b, 1, output); err != nil {
			return nil, err
		}
		drawn, err := r.task.drawTest(index, b, output)
		if err != nil {
			return nil, err
		}
		loss := runfolder.Number(r.raw[0][0])
		sample := runfolder.Sample{Loss: &loss}
		for _, picture := range []struct {
			path  *string
			name  string
			image image.Image
		}{{&sample.Input, "input", drawn.input}, {&sample.Output, "output", drawn.output}, {&sample.Target, "target", drawn.target}} {
			*picture.path = fmt.Sprintf("%s/%d-%s.png", runfolder.SamplesFolder, k+1, picture.name)
			if err := r.write(*picture.path, picture.image); err != nil {
				return nil, err
			}
		}
		samples = append(samples, sample)
	}
	return samples, atomicfile.SyncTree(filepath.Join(r.dir, runfolder.SamplesFolder))
}

// drawWorst draws the training examples, as they are in the data, whose losses were clipped hardest.
func (r *run) drawWorst() ([]runfolder.Worst, error) {
	if err := freshFolder(filepath.Join(r.dir, runfolder.WorstFolder)); err != nil {
		return nil, err
	}
	worst, err := hardestClips(r.dir, worstCount)
	if err != nil {
		return nil, err
	}
	for i := range worst {
		picture, err := r.task.drawTraining(worst[i].Image)
		if err != nil {
			return nil, err
		}
		worst[i].File = fmt.Sprintf("%s/%d.png", runfolder.WorstFolder, i+1)
		if err := r.write(worst[i].File, picture); err != nil {
			return nil, err
		}
	}
	return worst, atomicfile.SyncTree(filepath.Join(r.dir, runfolder.WorstFolder))
}

func freshFolder(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o755)
}

// write writes a picture of the run as PNG. Its folder is new, and is synced when all of its pictures are there: result.json, which
// comes after them, says that they are whole.
func (r *run) write(name string, picture image.Image) error {
	file, err := os.Create(filepath.Join(r.dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(file, picture), file.Close())
}
