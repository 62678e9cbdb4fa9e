package experiment

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"slices"

	"alrc/internal/micrograph"
	"alrc/internal/model"
)

// testSeed is that of held-out crops and their masks, which are the same for all runs. No --seed that a user picks is it.
const testSeed = math.MaxUint64

// micrographs is experiment 3: to complete crops of micrographs that were scanned in part.
type micrographs struct {
	Specification
	train, held *micrograph.Examples

	loader  *micrograph.Loader
	latest  *micrograph.Batch
	inputs  []float32 // of held-out crops, as targets
	targets [2][]float32
	outputs [2][]float32
}

func newMicrographs(s Specification, data *MicrographData) (t *micrographs, err error) {
	t = &micrographs{Specification: s}
	side, scan := s.Data.side(), data.Scan
	if scan.Varied {
		scan.Seed = s.Seed
	}
	if t.train, err = micrograph.NewExamples(data.Train, scan, side, s.Seed, true); err != nil {
		return nil, err
	}
	t.held, err = s.heldOut(data)
	return t, err
}

func (s Specification) heldOut(data *MicrographData) (*micrograph.Examples, error) {
	scan := data.Scan
	if scan.Varied {
		scan.Seed = testSeed
	}
	return micrograph.NewExamples(data.Test, scan, s.Data.side(), testSeed, false)
}

// HeldOut is the sequence of held-out crops, with their scans, of a run of the task micrographs. It is the same for all runs
// between whose data [Data.Differences] finds none. Data that are not the run's are an error.
func (s Specification) HeldOut(data *DataSet) (*micrograph.Examples, error) {
	if s.Task != Micrographs || data.Micrographs == nil {
		return nil, fmt.Errorf("task %s, of %s: only runs of the task micrographs have crops to complete", s.Task, data.name())
	}
	if want := s.Data.Hash; want != "" && want != data.Hash {
		return nil, fmt.Errorf("the run was trained on other images than these: their hash was %.12s…, and it is %.12s…", want, data.Hash)
	}
	return s.heldOut(data.Micrographs)
}

// Differences names what is not the same in the crops of two runs of the task micrographs: the images, the crops' size, and how
// they are scanned.
func (d Data) Differences(other Data) []string {
	var found []string
	note := func(name string, a, b any) {
		if a != b {
			found = append(found, fmt.Sprintf("%s: %v and %v", name, a, b))
		}
	}
	note("size", d.side(), other.side())
	// What is in a mask image is part of the images' hash.
	mask := func(d Data) string {
		if d.drawnMask() {
			return d.mask()
		}
		return "an image"
	}
	note("mask", mask(d), mask(other))
	if d.drawnMask() && other.drawnMask() {
		note("coverage", d.coverage(), other.coverage())
	}
	note("same-mask", d.SameMask, other.SameMask)
	if d.Hash != other.Hash {
		found = append(found, fmt.Sprintf("hash of the images: %.12s… and %.12s…", d.Hash, other.Hash))
	}
	return found
}

// Moved is the same micrographs, and mask image, where their files lie in another folder now. Files are known there by their
// names, and [Specification.HeldOut] finds out if they are others.
func (d Data) Moved(dir string) Data {
	moved := func(path, otherwise string) string {
		inside := filepath.Join(dir, filepath.Base(path))
		if found, err := filepath.Glob(inside); path != "" && err == nil && len(found) > 0 {
			return inside
		}
		return otherwise
	}
	if !d.drawnMask() {
		d.Mask = moved(d.Mask, d.Mask)
	}
	if d.Kind != "micrographs" {
		return d
	}
	paths := d.Paths
	d.Paths = nil
	for _, path := range paths {
		if path = moved(path, dir); !slices.Contains(d.Paths, path) {
			d.Paths = append(d.Paths, path)
		}
	}
	if len(d.Paths) == 0 { // a run of a sweep does not say where they were
		d.Paths = []string{dir}
	}
	d.Exclude = slices.Clone(d.Exclude)
	for i, path := range d.Exclude {
		d.Exclude[i] = moved(path, path)
	}
	d.Test = moved(d.Test, d.Test) // what is no file there is a fraction
	return d
}

func (t *micrographs) network() model.Network       { return t.completer() }
func (t *micrographs) shape() (height, width int)   { return t.train.Side, t.train.Side }
func (t *micrographs) loss() (scale, huber float64) { return 200, 1 }
func (t *micrographs) heads() []string              { return []string{"", "half"} }
func (t *micrographs) distribution() bool           { return true }

// interpolate completes held-out scans linearly, and blurs what comes of it as the targets are.
func (t *micrographs) interpolate(ctx context.Context, count int) ([]float64, error) {
	bilinear := micrograph.Method{Name: "bilinear", Complete: micrograph.Bilinear}
	comparisons, err := bilinear.Evaluate(ctx, t.held, count, micrograph.EvaluateOptions{})
	squares := make([]float64, len(comparisons))
	for i, comparison := range comparisons {
		squares[i] = comparison.Blurred.MSE
	}
	return squares, err
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
