package experiment

import (
	"context"
	"fmt"
	"image"

	"alrc/internal/model"
)

// The tasks.
const (
	Supersample = "supersample"
	Micrographs = "micrographs"
)

// task is what a network learns: where its examples come from, what its losses are, and how examples look. It belongs to one
// goroutine.
type task interface {
	network() model.Network
	// shape is that of an example in pixels.
	shape() (height, width int)
	// loss returns the factor of the losses, and from which loss on they are Huberised.
	loss() (scale, huber float64)
	// heads names the network's outputs in tables and tags; the first one's name is "".
	heads() []string
	// distribution reports whether the result is to tell how the errors of held-out examples are distributed, and
	// baselines returns the errors on the first ones of what there is without a network, if there is any; kriging's may be fewer.
	distribution() bool
	baselines(ctx context.Context, count int) (linear, kriging []float64, err error)

	// calibration returns the batch, [N,H,W,C] of at most as many images as a step has, that a calibrated network starts from.
	calibration() ([]float32, error)

	// start begins with the batch after so many steps, next returns one after the other, and close ends that.
	start(steps int64) error
	next() (batch, error)
	close()
	// example says which example is at a place of the batch that next returned last: its number, and where it is from.
	example(place int) (number int, id string)

	// testLen is the number of held-out examples, and test returns n of them, at most a batch, from the first on.
	testLen() int
	test(first, n int) (batch, error)

	// drawTest returns pictures of a held-out example, which is the only one of a batch, and of what the network made of it;
	// drawTraining returns the picture of an example that was trained on, as it is in the data.
	drawTest(i int, b batch, output []float32) (pictures, error)
	drawTraining(number int) (image.Image, error)
}

// batch is examples, which may be used until the task is asked for others.
type batch struct {
	// inputs is [N,H,W,C] as the network takes them, and targets are as it puts them out, for each output.
	inputs  []float32
	targets [][]float32
}

// pictures show what goes into the network, what comes out, and what is to come out.
type pictures struct{ input, output, target image.Image }

// newTask returns the task of a specification with its data.
func (s Specification) newTask(data *DataSet) (task, error) {
	switch {
	case s.Task == Micrographs && data.Micrographs != nil:
		return newMicrographs(s, data.Micrographs)
	case s.Task == Supersample && data.Train != nil:
		return newSupersample(s, data)
	}
	return nil, fmt.Errorf("task %s: %s are nothing that it learns from", s.Task, data.Name())
}

// level is a pixel's byte; what a diverged network puts out, which is no number, is black.
func level(value float32) uint8 {
	if value != value {
		return 0
	}
	return uint8(min(max(value, 0), 255) + 0.5)
}
