package experiment

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"alrc/internal/micrograph"
	"alrc/internal/model"
	"alrc/internal/place"
)

// micrographs is experiment 3: to complete crops of micrographs that were scanned in part.
type micrographs struct {
	Specification
	train, held *micrograph.Examples
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
	t.held, err = s.heldOut(data)
	return t, err
}

func (t *micrographs) network() model.Network       { return t.completer() }
func (t *micrographs) shape() (height, width int)   { return t.train.Side, t.train.Side }
func (t *micrographs) loss() (scale, huber float64) { return 200, 1 }
func (t *micrographs) heads() []string              { return []string{"", "half"} }
func (t *micrographs) distribution() bool           { return true }

// baselines completes held-out scans without the network, and blurs what comes of it as the targets are.
func (t *micrographs) baselines(ctx context.Context, count int) (linear, kriging []float64, err error) {
	if linear, err = t.known.MSE(ctx, micrograph.Linear(), t.held, count); err != nil {
		return nil, nil, err
	}
	kriged := micrograph.KrigedCrops(count, t.held.Side)
	kriging, err = t.known.MSE(ctx, micrograph.Kriging(micrograph.MethodOptions{Threads: 1}), t.held, kriged)
	return linear, kriging, err
}

func (t *micrographs) start(steps int64) (err error) {
	area := t.BatchSize * t.train.Side * t.train.Side
	t.inputs = make([]float32, 2*area)
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
	side := t.held.Side
	area := side * side
	for i := range n {
		target := t.targets[0][i*area:][:area]
		if _, err := t.held.Read(int64(first+i), t.inputs[2*i*area:][:2*area], target, nil); err != nil {
			return batch{}, err
		}
		micrograph.Halve(t.targets[1][i*area/4:][:area/4], target, side, side)
	}
	t.outputs = [2][]float32{t.targets[0][:n*area], t.targets[1][:n*area/4]}
	return batch{t.inputs[:2*n*area], t.outputs[:]}, nil
}

func (t *micrographs) drawTest(_ int, b batch, output []float32) (pictures, error) {
	// What was not seen is black.
	scan := make([]float32, len(output))
	for i := range scan {
		scan[i] = -1
		if seen := b.inputs[2*i+1]; seen > 0 {
			scan[i] = b.inputs[2*i] / seen
		}
	}
	return pictures{t.picture(scan), t.picture(output), t.picture(b.targets[0])}, nil
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
