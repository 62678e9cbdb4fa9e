package experiment

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"slices"

	"alrc/internal/micrograph"
	"alrc/internal/model"
	"alrc/internal/place"
)

// micrographs is experiment 3: to complete crops of micrographs that were scanned in part.
type micrographs struct {
	Specification
	train, held *micrograph.Examples
	scans       *micrograph.Examples // the held-out ones as every network's runs have them
	known       *micrograph.BaselineErrors

	loader  *micrograph.Loader
	latest  *micrograph.Batch
	inputs  []float32 // of held-out crops, as targets
	targets [2][]float32
	outputs [2][]float32
}

func newMicrographs(s Specification, data *place.MicrographSet) (t *micrographs, err error) {
	t = &micrographs{Specification: s, known: &data.Baselines}
	side, scan := s.Data.Side(), data.Scan
	if scan.Varied {
		scan.Seed = s.Seed
	}
	if t.train, err = micrograph.NewExamples(data.Train, scan, side, s.Seed, true); err != nil {
		return nil, err
	}
	if t.held, err = s.heldOut(data); err != nil {
		return nil, err
	}
	if t.scans = t.held; s.kriged() {
		t.scans, err = s.heldOut(data)
		t.train.Kriged, t.held.Kriged = true, true
	}
	return t, err
}

func (t *micrographs) network() model.Network       { return t.completer() }
func (t *micrographs) shape() (height, width int)   { return t.train.Side, t.train.Side }
func (t *micrographs) loss() (scale, huber float64) { return 200, 1 }
func (t *micrographs) heads() []string              { return []string{"", "half"} }
func (t *micrographs) distribution() bool           { return true }

// baselines completes held-out scans without the network, and blurs what comes of it as the targets are.
func (t *micrographs) baselines(ctx context.Context, count int) (linear, kriging []float64, err error) {
	if linear, err = t.known.MSE(ctx, micrograph.Linear(), t.scans, count); err != nil {
		return nil, nil, err
	}
	kriged := micrograph.KrigedCrops(count, t.scans.Side)
	kriging, err = t.known.MSE(ctx, micrograph.Kriging(micrograph.MethodOptions{Threads: 1}), t.scans, kriged)
	return linear, kriging, err
}

func (t *micrographs) start(steps int64) (err error) {
	area := t.BatchSize * t.train.Side * t.train.Side
	t.inputs = make([]float32, t.held.Channels()*area)
	t.targets = [2][]float32{make([]float32, area), make([]float32, area/4)}
	t.loader, err = micrograph.NewLoader(t.train, t.BatchSize, steps)
	return err
}

func (t *micrographs) close() {
	if t.loader != nil {
		t.loader.Close()
	}
}

func (t *micrographs) next() (batch, error) {
	latest, err := t.loader.Next()
	if err != nil {
		return batch{}, err
	}
	t.latest = latest
	t.outputs = [2][]float32{latest.Targets, latest.HalfTargets}
	return batch{latest.Inputs, t.outputs[:]}, nil
}

// example numbers crops by their positions in the sequence of all.
func (t *micrographs) example(place int) (number int, id string) {
	crop := t.latest.Crops[place]
	return int(t.latest.Step)*t.BatchSize + place, fmt.Sprintf("%s@%d,%d", t.train.ID(crop.Image), crop.Left, crop.Top)
}

// testLen is as many of the endless sequence as are asked for, and enough for pictures.
func (t *micrographs) testLen() int { return max(t.TestImages, sampleCount) }

func (t *micrographs) test(first, n int) (batch, error) {
	side, channels := t.held.Side, t.held.Channels()
	area := side * side
	for i := range n {
		target := t.targets[0][i*area:][:area]
		if _, err := t.held.Read(int64(first+i), t.inputs[channels*i*area:][:channels*area], target, nil); err != nil {
			return batch{}, err
		}
		micrograph.Halve(t.targets[1][i*area/4:][:area/4], target, side, side)
	}
	t.outputs = [2][]float32{t.targets[0][:n*area], t.targets[1][:n*area/4]}
	return batch{t.inputs[:channels*n*area], t.outputs[:]}, nil
}

func (t *micrographs) drawTest(_ int, b batch, output []float32) (pictures, error) {
	channels := t.held.Channels()
	scan, completed, target := make([]float32, len(output)), slices.Clone(output), slices.Clone(b.targets[0])
	for i := range scan {
		input := b.inputs[i*channels:][:channels]
		scan[i] = -1 // What was not seen is black.
		if seen := input[1]; seen > 0 {
			scan[i] = input[0] / seen
		}
		if t.held.Kriged {
			completed[i] += input[2]
			target[i] += input[2]
		}
	}
	return pictures{t.picture(scan), t.picture(completed), t.picture(target)}, nil
}

func (t *micrographs) drawTraining(number int) (image.Image, error) {
	truth := make([]float32, t.train.Side*t.train.Side)
	if _, err := t.train.Read(int64(number), nil, nil, truth); err != nil {
		return nil, err
	}
	return t.picture(truth), nil
}

// picture is a square image of values from -1 to 1.
func (t *micrographs) picture(pixels []float32) image.Image {
	side := t.train.Side
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i, value := range pixels {
		picture.SetGray(i%side, i/side, color.Gray{level((value + 1) * 127.5)})
	}
	return picture
}
