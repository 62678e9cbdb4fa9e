package experiment

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"alrc/internal/place"
	"alrc/internal/runfolder"
)

// trainVariable asks the test program to train the run in a folder, as the process that a test is going to kill.
const trainVariable = "ALRC_TEST_TRAIN"

func TestMain(m *testing.M) {
	dir := os.Getenv(trainVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	data := testData()
	s, err := Read(dir)
	if err == nil && s.Task == Micrographs {
		_, data, err = new(place.Opener).Open(s.Data)
	}
	if err == nil {
		_, err = Train(context.Background(), dir, data, Options{Engines: withFake, CheckpointEvery: time.Millisecond,
			Observe: func(p Progress) { fmt.Println(p.Step) }})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// withoutRates is metrics.csv without what differs between two runs: their speed.
func withoutRates(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, line := range strings.Split(contents(t, dir, runfolder.MetricsFile), "\n") {
		fields := strings.Split(line, ",")
		if len(fields) > 9 {
			fields[9] = ""
		}
		b.WriteString(strings.Join(fields, ",") + "\n")
	}
	return b.String()
}

// checkSame compares what two runs of one specification left.
func checkSame(t *testing.T, unbroken, other string) {
	t.Helper()
	if contents(t, unbroken, runfolder.CheckpointFile) != contents(t, other, runfolder.CheckpointFile) {
		t.Error("the checkpoints differ")
	}
	if contents(t, unbroken, runfolder.ClipsFile) != contents(t, other, runfolder.ClipsFile) {
		t.Error("the clips differ")
	}
	if a, b := withoutRates(t, unbroken), withoutRates(t, other); a != b {
		t.Errorf("the metrics differ:\n%.2000s\n---\n%.2000s", a, b)
	}
	a, errA := runfolder.ReadResult(unbroken)
	b, errB := runfolder.ReadResult(other)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if a.Mean != b.Mean || a.TestLoss != b.TestLoss || a.Clipped != b.Clipped ||
		a.HalfClipped != b.HalfClipped || fmt.Sprint(a.TestMSE) != fmt.Sprint(b.TestMSE) || len(a.Worst) != len(b.Worst) {
		t.Errorf("the results differ: %+v and %+v", a, b)
	}
}

func TestKilledRunGoesOnAsUnbroken(t *testing.T) {
	real := fakeSpecification("alrc:2", 1500)
	real.Engine, real.Width, real.Optimizer = "cpu", 0.01, Default().Optimizer
	stabilised := real
	stabilised.Clip, stabilised.Steps, stabilised.Stabilise = "alrc:2", 600, "adagc+outlier:2+spam:50,100"
	partial, micrographs := micrographSpecification(t, "alrc:1", 240)
	for name, test := range map[string]struct {
		s    Specification
		data *DataSet
	}{
		"none":        {fakeSpecification("none", 1500), testData()},
		"alrc":        {fakeSpecification("alrc:2", 1500), testData()},
		"two-sided":   {fakeSpecification("two-sided:2,3", 1500), testData()},
		"network":     {real, testData()},
		"stabilised":  {stabilised, testData()},
		"micrographs": {partial, micrographs},
	} {
		t.Run(name, func(t *testing.T) {
			s, data := test.s, test.data
			s.BatchSize, s.EvaluateEvery = 3, s.Steps/4+25
			unbroken := begin(t, s, data)
			train(t, unbroken, data)

			killed := begin(t, s, data)
			kills := 0
			for kills < 3 {
				command := exec.Command(os.Args[0])
				command.Env = append(os.Environ(), trainVariable+"="+killed)
				out, err := command.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := command.Start(); err != nil {
					t.Fatal(err)
				}
				target := 1 + rand.IntN(int(s.Steps)/4)
				steps := 0
				for lines := bufio.NewScanner(out); lines.Scan(); steps++ {
					if steps == target {
						command.Process.Kill()
					}
				}
				command.Wait()
				if steps < target {
					break // it was done before it could be killed
				}
				kills++
			}
			if kills == 0 {
				t.Fatal("the run could not be killed")
			}
			train(t, killed, data)
			checkSame(t, unbroken, killed)
		})
	}
}

func TestThreadsChangeNothing(t *testing.T) {
	s := fakeSpecification("alrc:2", 200)
	s.Engine, s.Width, s.Optimizer, s.BatchSize = "cpu", 0.05, Default().Optimizer, 5
	check := func(s Specification, data *DataSet) {
		var first string
		for threads := 1; threads <= 3; threads++ {
			dir := begin(t, s, data)
			if _, err := Train(context.Background(), dir, data, Options{Engines: withFake, Threads: threads}); err != nil {
				t.Fatal(err)
			}
			if threads == 1 {
				first = dir
				continue
			}
			checkSame(t, first, dir)
		}
	}
	check(s, testData())
	check(micrographSpecification(t, "alrc:2", 100))
}

func TestStoppedRunGoesOn(t *testing.T) {
	s := fakeSpecification("alrc", 300)
	data := testData()
	unbroken := begin(t, s, data)
	train(t, unbroken, data)

	stopped := begin(t, s, data)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Train(ctx, stopped, data, Options{Engines: withFake, Observe: func(p Progress) {
		if p.Step == 123 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped run returned %v", err)
	}
	first := int64(0)
	if _, err := Train(context.Background(), stopped, data, Options{Engines: withFake, Observe: func(p Progress) {
		if first == 0 {
			first = p.Step
		}
	}}); err != nil {
		t.Fatal(err)
	}
	if first != 124 {
		t.Errorf("the run went on with step %d, not behind the last, 123", first)
	}
	checkSame(t, unbroken, stopped)
	if events, _ := filepath.Glob(filepath.Join(stopped, "events.out.tfevents.*")); len(events) != 2 {
		t.Errorf("a run that was resumed once has %d event files", len(events))
	}
}

func TestExtendedRunIsALongerRun(t *testing.T) {
	data := testData()
	long := begin(t, fakeSpecification("alrc:2", 400), data)
	train(t, long, data)

	extended := begin(t, fakeSpecification("alrc:2", 250), data)
	train(t, extended, data)
	if err := Extend([]string{extended}, 100); err == nil || !strings.Contains(err.Error(), "cannot be shortened") {
		t.Errorf("shortening a run: %v", err)
	}
	if err := Extend([]string{extended}, 400); err != nil {
		t.Fatal(err)
	}
	if result := train(t, extended, data); result.Steps != 400 || result.Last != 100 {
		t.Errorf("the extended run has %d steps, and averages %d", result.Steps, result.Last)
	}
	if contents(t, long, runfolder.CheckpointFile) != contents(t, extended, runfolder.CheckpointFile) {
		t.Error("the extended run's checkpoint differs from that of a run as long from the start")
	}
	if contents(t, long, runfolder.ClipsFile) != contents(t, extended, runfolder.ClipsFile) {
		t.Error("the extended run's clips differ")
	}

	s := fakeSpecification("none", 50)
	s.Optimizer.Schedule = "cosine"
	cosine := begin(t, s, data)
	train(t, cosine, data)
	if err := Extend([]string{extended, cosine}, 500); err == nil || !strings.Contains(err.Error(), "cosine") {
		t.Errorf("extending a cosine: %v", err)
	}
	if s, err := Read(extended); err != nil || s.Steps != 400 {
		t.Errorf("a refused extension changed another run: %d steps, %v", s.Steps, err)
	}
}

func TestDivergence(t *testing.T) {
	nan := float32(math.NaN())
	one := &DataSet{Train: photographs{count: 40, read: func(i int, pixels []float32) {
		if i == 7 {
			pixels[5] = nan
		}
	}}, Test: photographs{count: 10}, Hash: "one"}
	all := &DataSet{Train: photographs{count: 40, read: func(_ int, pixels []float32) { pixels[5] = nan }}, Test: photographs{count: 10}, Hash: "all"}

	// Without clipping the first loss that is no number ends the run, and names its image.
	dir := begin(t, fakeSpecification("none", 300), one)
	result := train(t, dir, one)
	if !result.Diverged || result.DivergedStep > 40 || result.DivergedReason != "a loss that is not finite" ||
		fmt.Sprint(result.DivergedImages) != "[picture:7]" || !math.IsNaN(float64(result.Mean)) {
		t.Errorf("none: %+v", result)
	}
	rows := strings.Count(contents(t, dir, runfolder.MetricsFile), "\n") - 1
	if rows != int(result.DivergedStep) {
		t.Errorf("none: it diverged at step %d, and metrics.csv has %d rows", result.DivergedStep, rows)
	}
	// It is a result: there is nothing to go on with, even to more steps.
	if err := Extend([]string{dir}, 500); err != nil {
		t.Fatal(err)
	}
	if again := train(t, dir, one); again.DivergedStep != result.DivergedStep {
		t.Errorf("none: a diverged run went on to step %d", again.DivergedStep)
	}
	// A kill between its last checkpoint and its result loses nothing.
	if err := os.Remove(filepath.Join(dir, runfolder.ResultFile)); err != nil {
		t.Fatal(err)
	}
	if again := train(t, dir, one); again.DivergedStep != result.DivergedStep || fmt.Sprint(again.DivergedImages) != "[picture:7]" {
		t.Errorf("none: the result made again is %+v", again)
	}

	// Clipping leaves such a loss out.
	result = train(t, begin(t, fakeSpecification("alrc", 300), one), one)
	if result.Diverged || result.NonFinite < 7 || math.IsNaN(float64(result.Mean)) {
		t.Errorf("alrc: %+v", result)
	}
	// Nothing but such losses is divergence.
	result = train(t, begin(t, fakeSpecification("alrc", 300), all), all)
	if !result.Diverged || result.DivergedStep != 100 || !strings.Contains(result.DivergedReason, "100 steps in a row") {
		t.Errorf("alrc, no number at all: %+v", result)
	}
	// So are weights that are none.
	s := fakeSpecification("constant:1e30", 300)
	s.Optimizer.LearningRate = 1e39
	result = train(t, begin(t, s, testData()), testData())
	if !result.Diverged || result.DivergedReason != "weights that are not finite" || result.DivergedStep != 100 {
		t.Errorf("constant, huge learning rate: %+v", result)
	}
}

func TestResultSumsUpTheRun(t *testing.T) {
	s := fakeSpecification("alrc:0.5", 400)
	s.BatchSize, s.EvaluateEvery, s.TestImages = 5, 150, 7
	data := testData()
	dir := begin(t, s, data)
	result := train(t, dir, data)

	var tail []float64
	for _, line := range strings.Split(strings.TrimSpace(contents(t, dir, runfolder.MetricsFile)), "\n")[301:] {
		value, err := strconv.ParseFloat(strings.Split(line, ",")[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		tail = append(tail, value)
	}
	var sum, largest float64
	for _, value := range tail {
		sum += value
		largest = max(largest, value)
	}
	if len(tail) != 100 || math.Abs(sum/100-float64(result.Mean)) > 1e-12*sum || float64(result.Max) != largest {
		t.Errorf("the last %d losses have mean %v and largest %v; the result says %v and %v", len(tail), sum/100, largest, result.Mean, result.Max)
	}
	if result.Losses != 2000 || result.Clipped == 0 {
		t.Errorf("%d losses, %d clipped", result.Losses, result.Clipped)
	}
	if rows := strings.Count(contents(t, dir, runfolder.ClipsFile), "\n") - 1; rows != int(result.Clipped) {
		t.Errorf("clips.csv has %d rows of %d clipped losses", rows, result.Clipped)
	}
	if len(result.Evaluations) != 3 || result.Evaluations[2].Step != 400 || result.Evaluations[2].TestLoss != result.TestLoss {
		t.Errorf("evaluations %v, test loss %v", result.Evaluations, result.TestLoss)
	}
	seen := map[int]bool{}
	for i, worst := range result.Worst {
		if seen[worst.Image] {
			t.Errorf("image %d is twice among the worst", worst.Image)
		}
		seen[worst.Image] = true
		if i > 0 && worst.Scale < result.Worst[i-1].Scale {
			t.Errorf("worst %d has scale %v, below %v before it", i, worst.Scale, result.Worst[i-1].Scale)
		}
		checkPicture(t, filepath.Join(dir, worst.File), data.Train.(photographs), worst.Image, 0)
	}
	for i, sample := range result.Samples {
		if sample.Loss == nil || !(float64(*sample.Loss) > 0) {
			t.Errorf("sample %d has no loss", i)
		}
	}
	if len(result.Worst) != worstCount || len(result.Samples) != sampleCount {
		t.Fatalf("%d worst images, %d samples", len(result.Worst), len(result.Samples))
	}
	// Standardising and back rounds, by less than a level.
	checkPicture(t, filepath.Join(dir, result.Samples[1].Target), data.Test.(photographs), 1, 1)
}

// checkPicture compares a picture with an image of the data.
func checkPicture(t *testing.T, path string, images photographs, index, tolerance int) {
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
	pixels := make([]float32, 48)
	if err := images.Read(index, pixels); err != nil {
		t.Fatal(err)
	}
	for i, want := range pixels {
		r, g, b, _ := picture.At(i/3%4, i/12).RGBA()
		if have := []uint32{r, g, b}[i%3] >> 8; math.Abs(float64(have)-float64(want)) > float64(tolerance) {
			t.Fatalf("%s: value %d is %d, not %v", path, i, have, want)
		}
	}
}

// A step of a small network takes a millisecond, so that what surrounds it must cost microseconds.
func TestStepsAllocateNothing(t *testing.T) {
	real := fakeSpecification("alrc:20", 1_000_000)
	real.Engine, real.Width, real.BatchSize = "cpu", 0.02, 3
	partial, files := micrographSpecification(t, "alrc:20", 1_000_000)
	for _, test := range []struct {
		s    Specification
		data *DataSet
	}{{fakeSpecification("alrc:20", 1_000_000), testData()}, {real, testData()}, {partial, files}} {
		s := test.s
		r := opened(t, s, test.data)
		weigh := r.weigh
		step := func() {
			if _, err := r.take(context.Background(), weigh); err != nil {
				t.Fatal(err)
			}
		}
		for range 200 {
			step()
		}
		// Another goroutine makes crops of micrographs meanwhile, for which package micrograph allocates a little.
		making := 0.
		if m, ok := r.task.(*micrographs); ok {
			making = testing.AllocsPerRun(100, func() {
				if _, err := m.held.Read(5, m.inputs, m.targets[0], nil); err != nil {
					t.Fatal(err)
				}
			})
		}
		if n := testing.AllocsPerRun(500, step); n > making {
			t.Errorf("task %s, engine %s: %v allocations a step", s.Task, s.Engine, n)
		}
	}
}

// opened is a run before its first step.
func opened(t testing.TB, s Specification, data *DataSet) *run {
	t.Helper()
	dir := begin(t, s, data)
	r := &run{Specification: s, dir: dir, data: data}
	if err := r.open(Options{Engines: withFake}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.close() })
	return r
}

// BenchmarkStep measures what a step costs beside the network: the batch, the clipping and the recording.
func BenchmarkStep(b *testing.B) {
	r := opened(b, fakeSpecification("alrc:20", math.MaxInt64/4), testData())
	weigh := r.weigh
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.take(context.Background(), weigh); err != nil {
			b.Fatal(err)
		}
	}
}
