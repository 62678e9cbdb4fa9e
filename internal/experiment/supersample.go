package experiment

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"alrc/internal/dataset"
	"alrc/internal/model"
	"alrc/internal/statistics"
)

// supersample is experiment 1: to sharpen images that were made small and large again.
type supersample struct {
	Specification
	data                    *DataSet
	height, width, channels int

	loader          *dataset.Loader
	latest          *dataset.Batch
	inputs, targets []float32 // a batch, [N,H,W,C]; targets are those of held-out images
	outputs         [1][]float32
}

func newSupersample(s Specification, data *DataSet) (*supersample, error) {
	t := &supersample{Specification: s, data: data}
	t.height, t.width, t.channels = data.Train.Shape()
	if want := t.network().InputChannels; t.channels != want {
		return nil, fmt.Errorf("%s have %d channels, and the network takes %d", data.Train.Name(), t.channels, want)
	}
	return t, nil
}

func (t *supersample) network() model.Network       { return model.Supersampler(t.Width) }
func (t *supersample) shape() (height, width int)   { return t.height, t.width }
func (t *supersample) loss() (scale, huber float64) { return 25, 50 }
func (t *supersample) heads() []string              { return []string{""} }
func (t *supersample) distribution() bool           { return false }

func (t *supersample) baselines(context.Context, int) (linear, kriging []float64, err error) {
	return nil, nil, nil
}

func (t *supersample) calibration() ([]float32, error) { return nil, nil }

func (t *supersample) start(steps int64) (err error) {
	size := t.BatchSize * t.height * t.width * t.channels
	t.inputs, t.targets = make([]float32, size), make([]float32, size)
	t.loader, err = dataset.NewLoader(t.data.Train, dataset.LoaderOptions{
		BatchSize: t.BatchSize, Seed: t.Seed, Augment: true, FirstStep: steps})
	return err
}

func (t *supersample) close() {
	if t.loader != nil {
		t.loader.Close()
	}
}

func (t *supersample) next() (batch, error) {
	latest, err := t.loader.Next()
	if err != nil {
		return batch{}, err
	}
	t.latest = latest
	return t.batch(latest.Images, latest.Targets), nil
}

// batch makes the inputs for images, of which the network is to make the targets.
func (t *supersample) batch(images, targets []float32) batch {
	n := len(images) / (t.height * t.width * t.channels)
	inputs := t.inputs[:len(images)]
	dataset.Downsample(inputs, images, n, t.height, t.width, t.channels)
	t.outputs[0] = targets
	return batch{inputs, t.outputs[:]}
}

func (t *supersample) example(place int) (number int, id string) {
	number = t.latest.Index[place]
	return number, t.data.Train.ID(number)
}

func (t *supersample) testLen() int { return t.data.Test.Len() }

// test gives held-out images unchanged but for being standardised.
func (t *supersample) test(first, n int) (batch, error) {
	size := t.height * t.width * t.channels
	targets := t.targets[:n*size]
	for i := range n {
		pixels := targets[i*size : (i+1)*size]
		if err := t.data.Test.Read(first+i, pixels); err != nil {
			return batch{}, fmt.Errorf("read %s: %w", t.data.Test.ID(first+i), err)
		}
		dataset.Standardize(pixels)
	}
	return t.batch(targets, targets), nil
}

func (t *supersample) drawTest(i int, b batch, output []float32) (pictures, error) {
	original := make([]float32, len(output))
	if err := t.data.Test.Read(i, original); err != nil {
		return pictures{}, fmt.Errorf("read %s: %w", t.data.Test.ID(i), err)
	}
	// The network works on standardised images; they are shown with the image's own brightness and contrast.
	mean, scale := brightness(original)
	draw := func(values []float32) image.Image {
		for i, value := range values {
			original[i] = value*scale + mean
		}
		return t.picture(original)
	}
	return pictures{draw(b.inputs), draw(output), draw(b.targets[0])}, nil
}

func (t *supersample) drawTraining(number int) (image.Image, error) {
	pixels := make([]float32, t.height*t.width*t.channels)
	if err := t.data.Train.Read(number, pixels); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.data.Train.ID(number), err)
	}
	return t.picture(pixels), nil
}

// picture is an image [H,W,3] of values from 0 to 255.
func (t *supersample) picture(pixels []float32) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, t.width, t.height))
	for i := range t.height * t.width {
		picture.SetNRGBA(i%t.width, i/t.width, color.NRGBA{level(pixels[3*i]), level(pixels[3*i+1]), level(pixels[3*i+2]), 255})
	}
	return picture
}

// brightness returns the mean and the standard deviation by which an image is standardised.
func brightness(pixels []float32) (mean, deviation float32) {
	centre, std := statistics.PopulationMeanStd(pixels)
	return float32(centre), float32(std)
}
