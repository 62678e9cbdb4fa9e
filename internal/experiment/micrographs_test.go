package experiment

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"alrc/internal/format/tiff"
	"alrc/internal/micrograph"
	"alrc/internal/place"
	"alrc/internal/runfolder"
)

// micrographSpecification is a short run of a tiny completer on files of a test's own.
func micrographSpecification(t testing.TB, clip string, steps int64) (Specification, *DataSet) {
	t.Helper()
	dir := t.TempDir()
	generated, _, err := micrograph.NewProcedural(1, 64, 500)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		pixels := make([]float32, 64*64)
		if err := generated.Crop(i, 0, 0, 64, 64, pixels); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.tif", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := tiff.Write(file, []tiff.Image{{Width: 64, Height: 64, Channels: 1, Pixels: pixels}}); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	s := DefaultOf(Micrographs)
	s.Data.Kind, s.Data.Paths, s.Data.Size = "micrographs", []string{dir}, 32
	s.Data.Test = filepath.Join(dir, "3.tif")
	s.Clip, s.Steps, s.Width, s.Depth, s.Decay, s.TestImages = clip, steps, 0.01, 0.1, 0.97, 7
	_, data, err := new(place.Opener).Open(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	return s, data
}

// Each output has a clipper of its own, which sees that output's losses alone.
func TestHeadsAreClippedApart(t *testing.T) {
	s, data := micrographSpecification(t, "alrc:0.5", 150)
	s.Moments, s.Huber = "1,1.1", true
	dir := begin(t, s, data)
	result := train(t, dir, data)

	clipping, err := s.Clipping()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(contents(t, dir, runfolder.MetricsFile)), "\n")
	columns := map[string]int{}
	for i, name := range strings.Split(lines[0], ",") {
		columns[name] = i
	}
	for _, prefix := range []string{"", "half_"} {
		clipper, err := clipping.New()
		if err != nil {
			t.Fatal(err)
		}
		clipped := int64(0)
		for step, line := range lines[1:] {
			fields := strings.Split(line, ",")
			number := func(name string) float64 {
				value, err := strconv.ParseFloat(fields[columns[prefix+name]], 64)
				if err != nil {
					t.Fatal(err)
				}
				return value
			}
			limit := clipper.Limits().Upper
			scales := make([]float32, 1)
			statistics := clipper.Scales32([]float32{float32(number("loss"))}, scales)
			if number("threshold") != limit || float32(number("scale")) != scales[0] {
				t.Fatalf("step %d: %sthreshold %v, scale %v; its own losses make them %v and %v",
					step+1, prefix, number("threshold"), number("scale"), limit, scales[0])
			}
			clipped += int64(statistics.Clipped)
			clipper.Observe(statistics)
		}
		if want := map[string]int64{"": result.Clipped, "half_": result.HalfClipped}[prefix]; clipped == 0 || clipped != want {
			t.Errorf("%d %slosses were clipped; the result says %d", clipped, prefix, want)
		}
	}
}

// What a run left completes scans as the run did, and its result says how well.
func TestCompleterIsTheTrainedNetwork(t *testing.T) {
	s, data := micrographSpecification(t, "alrc", 60)
	dir := begin(t, s, data)
	result := train(t, dir, data)
	examples, err := newMicrographs(s, data.Micrographs)
	if err != nil {
		t.Fatal(err)
	}
	// Linear interpolation of the same crops: near the truth where much is seen, and not exact.
	if without := result.BilinearMSE; without == nil || without.Images != s.TestImages || !(without.P5 > 0 && without.Max < 4) {
		t.Errorf("linear interpolation has errors of %+v", without)
	}
	// Kriging, too, as an evaluation measures it.
	comparisons, err := micrograph.Kriging(micrograph.MethodOptions{}).Evaluate(t.Context(), examples.held, s.TestImages, micrograph.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var kriged float64
	for _, c := range comparisons {
		kriged += c.Blurred.MSE / float64(s.TestImages)
	}
	if without := result.KrigingMSE; without == nil || without.Images != s.TestImages || math.Abs(float64(without.Mean)-kriged) > 1e-12 {
		t.Errorf("kriging has errors of %+v, not %v", without, kriged)
	}
	if result.FirstMSE != nil {
		t.Errorf("the result sets the first crops apart, though kriging completed all: %+v", result.FirstMSE)
	}
	for _, path := range []string{dir, filepath.Dir(dir), filepath.Join(dir, runfolder.CheckpointFile)} {
		c, err := OpenCompleter(path, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		area := c.Side() * c.Side()
		input, output, target := make([]float32, 2*area), make([]float32, area), make([]float32, area)
		var sum float64
		for i := range s.TestImages {
			if _, err := examples.held.Read(int64(i), input, target, nil); err != nil {
				t.Fatal(err)
			}
			if err := c.Complete(input, output); err != nil {
				t.Fatal(err)
			}
			for at := range output {
				d := float64(output[at]) - float64(target[at])
				sum += d * d / float64(area)
			}
			if i == 0 {
				checkGray(t, filepath.Join(dir, result.Samples[0].Output), output)
			}
		}
		mean := sum / float64(s.TestImages)
		if have := float64(result.TestMSE.Mean); result.TestMSE.Images != s.TestImages || math.Abs(have-mean) > 1e-12 {
			t.Errorf("%s completes %d crops with a mean squared error of %v; the result says %+v", path, s.TestImages, mean, result.TestMSE)
		}
		if loss := float64(result.TestLoss); math.Abs(loss-200*mean) > 1e-5*loss {
			t.Errorf("the test loss is %v, not 200 times %v", loss, mean)
		}
	}
}

// A network that is given the kriged image, and adds to it, completes scans as it did when its run tested it, and goes on after a
// stop as if there had been none.
func TestKrigedInput(t *testing.T) {
	s, data := micrographSpecification(t, "alrc", 40)
	s.Input, s.Network, s.Data.Size = KrigedInput, PlainNetwork, 32
	dir := begin(t, s, data)
	result := train(t, dir, data)
	plain := s
	plain.Input = ""
	task, err := newMicrographs(plain, data.Micrographs)
	if err != nil {
		t.Fatal(err)
	}
	c, err := OpenCompleter(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	method := micrograph.Network("network", c)
	comparisons, err := method.Evaluate(t.Context(), task.held, s.TestImages, micrograph.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var mean float64
	for _, c := range comparisons {
		mean += c.Blurred.MSE / float64(s.TestImages)
	}
	if have := float64(result.TestMSE.Mean); math.Abs(have-mean) > 1e-6*mean {
		t.Errorf("the run's test error is %v, and it completes with one of %v", have, mean)
	}
	area := c.Side() * c.Side()
	input, truth, mask := make([]float32, 2*area), make([]float32, area), make([]float32, area)
	if _, err := task.held.Read(0, input, nil, truth); err != nil {
		t.Fatal(err)
	}
	for i := range mask {
		mask[i] = input[2*i+1]
	}
	completed, err := method.Complete(t.Context(), truth, mask, c.Side(), c.Side())
	if err != nil {
		t.Fatal(err)
	}
	checkGray(t, filepath.Join(dir, result.Samples[0].Output), completed.Pixels)

	stopped := begin(t, s, data)
	ctx, stop := context.WithCancel(t.Context())
	_, err = Train(ctx, stopped, data, Options{Observe: func(p Progress) {
		if p.Step == 20 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	train(t, stopped, data)
	checkSame(t, dir, stopped)
}

// Of many crops kriging completes the first, and the result has the network's errors on those beside it, whichever run of a
// comparison computed them.
func TestKrigingIsComparedOnTheSameCrops(t *testing.T) {
	s, _ := micrographSpecification(t, "alrc", 1)
	s.Data.Coverage = micrograph.Covering(0.003) // of most crops nothing is seen, which is soon completed
	_, data, err := new(place.Opener).Open(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	s.Data.Hash = data.Hash
	most := micrograph.KrigedCrops(math.MaxInt, s.Data.Side())
	var results []*runfolder.Result
	for _, count := range []int{most + 1, most} {
		s.TestImages = count
		results = append(results, train(t, begin(t, s, data), data))
	}
	more, all := results[0], results[1]
	if more.TestMSE.Images != most+1 || more.FirstMSE == nil || *more.FirstMSE != *all.TestMSE || *more.KrigingMSE != *all.KrigingMSE {
		t.Errorf("of %d crops: %+v\nof %d: %+v", most+1, more, most, all)
	}
}

// checkGray compares a picture with the values from -1 to 1 that it is to show.
func checkGray(t *testing.T, path string, pixels []float32) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	gray, ok := picture.(*image.Gray)
	if !ok || gray.Bounds().Dx()*gray.Bounds().Dy() != len(pixels) {
		t.Fatalf("%s is a %T of %v", path, picture, picture.Bounds())
	}
	for i, value := range pixels {
		want := color.Gray{level((value + 1) * 127.5)}
		if have := gray.GrayAt(i%gray.Bounds().Dx(), i/gray.Bounds().Dx()); have != want {
			t.Fatalf("%s: pixel %d is %v, not %v", path, i, have, want)
		}
	}
}

func TestWorstCropsAreShown(t *testing.T) {
	s, data := micrographSpecification(t, "alrc:0.1", 80)
	dir := begin(t, s, data)
	result := train(t, dir, data)
	if len(result.Worst) == 0 {
		t.Fatal("nothing was clipped")
	}
	examples, err := newMicrographs(s, data.Micrographs)
	if err != nil {
		t.Fatal(err)
	}
	truth := make([]float32, 32*32)
	for _, worst := range result.Worst {
		crop, err := examples.train.Read(int64(worst.Image), nil, nil, truth)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%s@%d,%d", examples.train.ID(crop.Image), crop.Left, crop.Top); worst.ID != want || worst.Step != int64(worst.Image)+1 {
			t.Errorf("step %d clipped crop %d, %s; it is %s", worst.Step, worst.Image, worst.ID, want)
		}
		checkGray(t, filepath.Join(dir, worst.File), truth)
	}
}

func TestOpenCompleterErrors(t *testing.T) {
	s, data := micrographSpecification(t, "none", 3)
	begun := begin(t, s, data)
	sharpener := begin(t, fakeSpecification("none", 3), testData())
	both := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := Create(filepath.Join(both, name), s, nil); err != nil {
			t.Fatal(err)
		}
	}
	damaged := begin(t, s, data)
	train(t, damaged, data)
	if err := os.Truncate(filepath.Join(damaged, runfolder.CheckpointFile), 999); err != nil {
		t.Fatal(err)
	}
	other := begin(t, s, data)
	train(t, other, data)
	wider := s
	wider.Width = 0.02
	if err := writeSpecification(other, wider, nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{filepath.Join(begun, "nowhere"), "no such file"},
		{begun, "not been saved yet"},
		{both, "several runs"},
		{t.TempDir(), "alrc train micrographs"},
		{sharpener, "task is supersample"},
		{damaged, runfolder.CheckpointFile},
		{other, runfolder.CheckpointFile},
	} {
		if _, err := OpenCompleter(test.path, 1); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error does not say %q: %v", test.path, test.want, err)
		}
	}
}

// Another mask is other data, though the micrographs are the same.
func TestMaskImageIsPartOfTheData(t *testing.T) {
	s, data := micrographSpecification(t, "none", 5)
	mask := filepath.Join(t.TempDir(), "mask.tif")
	write := func(seen float32) *DataSet {
		pixels := make([]float32, 64*64)
		for i := range pixels {
			pixels[i] = seen * float32(i%2)
		}
		file, err := os.Create(mask)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := tiff.Write(file, []tiff.Image{{Width: 64, Height: 64, Channels: 1, Pixels: pixels}}); err != nil {
			t.Fatal(err)
		}
		s.Data.Mask = mask
		_, data, err := new(place.Opener).Open(s.Data)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	half, full := write(0.5), write(1)
	if half.Hash == full.Hash || half.Hash == data.Hash {
		t.Error("another mask does not show in the hash of the data")
	}
	train(t, begin(t, s, full), full)
}
