package experiment

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"

	"alrc/internal/atomicfile"
	"alrc/internal/dataset"
)

// Numbers of pictures in a run's folder.
const (
	sampleCount = 6
	worstCount  = 8
)

// evaluate returns the mean raw loss of held-out images, unchanged but for being standardised.
func (r *run) evaluate(ctx context.Context) (float64, error) {
	count := min(r.TestImages, r.data.Test.Len())
	var sum float64
	for first := 0; first < count; first += r.BatchSize {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n := min(r.BatchSize, count-first)
		if err := r.infer(r.data.Test, first, n, nil); err != nil {
			return 0, err
		}
		for _, loss := range r.raw[:n] {
			sum += float64(loss)
		}
	}
	return sum / float64(count), nil
}

// infer runs the network on n images of a source from the first on, at most a batch, and leaves its inputs, targets and
// raw losses in the run's buffers.
func (r *run) infer(images dataset.Images, first, n int, outputs []float32) error {
	height, width, channels := images.Shape()
	size := height * width * channels
	targets, inputs := r.targets[:n*size], r.inputs[:n*size]
	for i := range n {
		pixels := targets[i*size : (i+1)*size]
		if err := images.Read(first+i, pixels); err != nil {
			return fmt.Errorf("read %s: %w", images.ID(first+i), err)
		}
		dataset.Standardize(pixels)
	}
	dataset.Downsample(inputs, targets, n, height, width, channels)
	return r.engine.Evaluate(inputs, targets, outputs, r.raw[:n])
}

// drawSamples draws what the network makes of a few held-out images.
func (r *run) drawSamples() ([]Sample, error) {
	if err := freshFolder(filepath.Join(r.dir, samplesFolder)); err != nil {
		return nil, err
	}
	height, width, channels := r.data.Test.Shape()
	size := height * width * channels
	original, outputs := make([]float32, size), make([]float32, size)
	var samples []Sample
	count := min(sampleCount, r.data.Test.Len())
	for k := range count {
		index := k * r.data.Test.Len() / count
		if err := r.infer(r.data.Test, index, 1, outputs); err != nil {
			return nil, err
		}
		if err := r.data.Test.Read(index, original); err != nil {
			return nil, fmt.Errorf("read %s: %w", r.data.Test.ID(index), err)
		}
		// The network works on standardised images; they are shown with the image's own brightness and contrast.
		mean, scale := brightness(original)
		draw := func(name string, values []float32) (string, error) {
			for i, value := range values {
				original[i] = value*scale + mean
			}
			name = fmt.Sprintf("%s/%d-%s.png", samplesFolder, k+1, name)
			return name, r.draw(name, original, height, width)
		}
		var sample Sample
		var err error
		for _, picture := range []struct {
			path   *string
			name   string
			values []float32
		}{{&sample.Input, "input", r.inputs[:size]}, {&sample.Output, "output", outputs}, {&sample.Target, "target", r.targets[:size]}} {
			if *picture.path, err = draw(picture.name, picture.values); err != nil {
				return nil, err
			}
		}
		samples = append(samples, sample)
	}
	return samples, nil
}

// drawWorst draws the training images, as they are in the data, whose losses were clipped hardest.
func (r *run) drawWorst() ([]Worst, error) {
	if err := freshFolder(filepath.Join(r.dir, worstFolder)); err != nil {
		return nil, err
	}
	worst, err := hardestClips(r.dir, worstCount)
	if err != nil {
		return nil, err
	}
	height, width, channels := r.data.Train.Shape()
	pixels := make([]float32, height*width*channels)
	for i := range worst {
		if err := r.data.Train.Read(worst[i].Image, pixels); err != nil {
			return nil, fmt.Errorf("read %s: %w", worst[i].ID, err)
		}
		worst[i].File = fmt.Sprintf("%s/%d.png", worstFolder, i+1)
		if err := r.draw(worst[i].File, pixels, height, width); err != nil {
			return nil, err
		}
	}
	return worst, nil
}

func freshFolder(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o755)
}

// brightness returns the mean and the standard deviation by which an image is standardised.
func brightness(pixels []float32) (mean, deviation float32) {
	var sum, squares float64
	for _, pixel := range pixels {
		sum += float64(pixel)
	}
	centre := sum / float64(len(pixels))
	for _, pixel := range pixels {
		distance := float64(pixel) - centre
		squares += distance * distance
	}
	return float32(centre), float32(math.Sqrt(squares / float64(len(pixels))))
}

// draw writes an image [H,W,3] of values from 0 to 255 as PNG.
func (r *run) draw(name string, pixels []float32, height, width int) error {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		picture.SetNRGBA(i%width, i/width, color.NRGBA{level(pixels[3*i]), level(pixels[3*i+1]), level(pixels[3*i+2]), 255})
	}
	return atomicfile.Write(filepath.Join(r.dir, filepath.FromSlash(name)), func(w io.Writer) error {
		return png.Encode(w, picture)
	})
}

// level is a pixel's byte; what a diverged network puts out, which is no number, is black.
func level(value float32) uint8 {
	if value != value {
		return 0
	}
	return uint8(min(max(value, 0), 255) + 0.5)
}
