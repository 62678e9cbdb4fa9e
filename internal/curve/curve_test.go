package curve

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// run is the rows of a run: losses about 1 with what is put in place of them.
func run(steps int64, special map[int64]float64) []Row {
	var rows []Row
	for step := int64(1); step <= steps; step++ {
		loss := 1 + 0.1*math.Sin(float64(step*step))
		if value, ok := special[step]; ok {
			loss = value
		}
		r := Row{Step: step, Steps: 1, Place: step, Seconds: 0.5, Test: math.NaN(), Losses: []Loss{Single(loss, 3, math.NaN())}}
		if loss != loss {
			r.Bad = 1
		}
		if loss > 3 {
			r.Clipped = 1
		}
		if step%1000 == 0 {
			r.Test = 2
		}
		rows = append(rows, r)
	}
	return rows
}

func index(rows []Row) *Index {
	x := NewIndex(0, "raw_loss")
	for i := range rows {
		x.Add(&rows[i])
	}
	return x
}

// reader reads rows again as a file's reader does.
func reader(rows []Row) Reader {
	return func(from, to int64, do func(*Row)) error {
		for i := range rows {
			if rows[i].Place >= from && (to < 0 || rows[i].Place < to) {
				do(&rows[i])
			}
		}
		return nil
	}
}

func get(t *testing.T, x *Index, q Query, read Reader) Curve {
	t.Helper()
	c, err := x.Get(q, read)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// However many steps there are and however few points, what stands out is there, and nothing is counted twice or left out.
func TestThinnedCurvesKeepWhatStandsOut(t *testing.T) {
	for _, steps := range []int64{3, 7, 1000, 8192, 8193, 50_000, 123_457} {
		peak, bad := steps/2+1, max(1, steps/3)
		rows := run(steps, map[int64]float64{peak: 40, bad: math.NaN()})
		x := index(rows)
		for _, points := range []int{1, 10, 333, 1000} {
			c := get(t, x, Query{Points: points}, reader(rows))
			var counted, clipped, nonfinite int64
			found := false
			for i, n := range c.Steps {
				counted += n
				if c.Max[i] == 40 {
					found = c.Step[i] >= peak && c.Step[i]-n < peak
				}
			}
			for _, n := range c.Clipped {
				clipped += n
			}
			for _, n := range c.Bad {
				nonfinite += n
			}
			if len(c.Step) > points || counted != steps || !found || clipped != 1 || nonfinite != 1 {
				t.Errorf("%d steps in %d points: %d points of %d steps, the peak is there: %v, %d clipped, %d bad", steps, points, len(c.Step),
					counted, found, clipped, nonfinite)
			}
			if n := len(c.Step); c.Seconds[n-1] != float64(steps)/2 {
				t.Errorf("%d steps took %v s", steps, c.Seconds[n-1])
			}
		}
	}
}

// A range of few steps shows each of them, as the file has it.
func TestRangesAreReadAgain(t *testing.T) {
	const steps, peak = 100_000, 70_001
	rows := run(steps, map[int64]float64{peak: 40})
	x := index(rows)
	c := get(t, x, Query{From: peak - 50, To: peak + 50, Points: 400}, reader(rows))
	var around []int64
	for i, step := range c.Step {
		if step >= peak-50 && step <= peak+50 {
			around = append(around, step)
			if want := rows[step-1].Losses[0].Mean; math.Abs(c.Min[i]-want) > 1e-6 || c.Max[i] != c.Min[i] || c.Threshold[i] != 3 {
				t.Errorf("step %d has %v to %v under %v, not %v", step, c.Min[i], c.Max[i], c.Threshold[i], want)
			}
		}
	}
	if !c.Exact || len(around) != 101 || len(c.Step) != 101 || c.Seconds[0] != float64(peak-50)/2 {
		t.Errorf("exact %v, %d points of which %d are in the range, from %v s on", c.Exact, len(c.Step), len(around), c.Seconds[0])
	}
	if len(c.Episodes) != 1 || c.Episodes[0].Peak != peak || c.Episodes[0].PeakLoss != 40 || !c.Episodes[0].Back {
		t.Errorf("episodes: %+v", c.Episodes)
	}
	if c := get(t, x, Query{From: 1, To: peak - 1000, Points: 400}, reader(rows)); len(c.Episodes) != 0 || len(c.Tests) != 69 {
		t.Errorf("a range without the peak has %d episodes, and %d tests", len(c.Episodes), len(c.Tests))
	}
	// What is asked for beyond the ends is not there.
	if c := get(t, x, Query{From: steps + 1, To: 2 * steps, Points: 400}, reader(rows)); len(c.Step) != 0 {
		t.Errorf("beyond the end there are %v", c.Step)
	}
	if _, err := x.Get(Query{Loss: "<script>", Points: 9}, nil); err == nil {
		t.Error("a loss that the run does not have is answered")
	}
}

// A point smoothed in a small range has what lies around that range in it.
func TestSmoothingKnowsWhatIsAround(t *testing.T) {
	const steps = 40_000
	rows := run(steps, nil)
	for i := range rows {
		rows[i].Losses[0] = Single(float64(i), math.NaN(), math.NaN()) // a straight line stays one
	}
	c := get(t, index(rows), Query{From: 20_000, To: 20_100, Points: 500, Smooth: 300}, reader(rows))
	for i, step := range c.Step {
		if math.Abs(c.Smoothed[i]-float64(step-1)) > 4 {
			t.Fatalf("at step %d it is %v", step, c.Smoothed[i])
		}
	}
	if c.Threshold != nil || c.Clipped != nil {
		t.Error("limits where there are none")
	}
}

// The memory of an index does not grow with the run.
func TestIndexIsBounded(t *testing.T) {
	x := NewIndex(0, "raw_loss")
	r := Row{Steps: 1, Losses: make([]Loss, 1)}
	for step := int64(1); step <= 300_000; step++ {
		r.Step, r.Test = step, 1
		loss := 1 + 0.01*math.Sin(float64(step*step))
		if step%60 == 0 {
			loss = 50 // thousands of episodes
		}
		r.Losses[0] = Single(loss, math.NaN(), math.NaN())
		x.Add(&r)
	}
	if len(x.bins.all) > mostBins || cap(x.bins.all) > 2*mostBins || len(x.tests) > mostTests || len(x.newTests) > mostTests ||
		len(x.episodes) > 2*mostEpisodes || len(x.over) > 2*mostEpisodes || len(x.changed) > 2*mostEpisodes {
		t.Errorf("%d bins (%d), %d tests, %d new ones, %d episodes, %d of %d known, %d changed", len(x.bins.all), cap(x.bins.all), len(x.tests),
			len(x.newTests), len(x.episodes), len(x.over), x.count, len(x.changed))
	}
	if x.count < 1000 {
		t.Errorf("%d episodes", x.count)
	}
	if c := get(t, x, Query{Points: 1000}, nil); len(c.Tests) > mostTests || c.Last != 300_000 {
		t.Errorf("%d tests, last step %d", len(c.Tests), c.Last)
	}
}

// New tells everything once.
func TestNewTellsEachStepOnce(t *testing.T) {
	rows := run(5000, map[int64]float64{2000: 40})
	x := NewIndex(0, "raw_loss")
	var told, episodes int64
	peak := 0.
	for i := range rows {
		x.Add(&rows[i])
		if i%300 == 299 || i == len(rows)-1 {
			c := x.New()[0]
			if c.Last != rows[i].Step || c.Step[len(c.Step)-1] != rows[i].Step || len(c.Step) > mostNew {
				t.Fatalf("after step %d: %d points to step %d", rows[i].Step, len(c.Step), c.Last)
			}
			for k := range c.Steps {
				told += c.Steps[k]
				peak = max(peak, c.Max[k])
			}
			if got, want := c.Seconds[len(c.Seconds)-1], float64(rows[i].Step)/2; got != want {
				t.Errorf("after step %d it took %v s, not %v", rows[i].Step, got, want)
			}
			for _, e := range c.Episodes {
				if e.Kind != "" {
					episodes++
				}
			}
		}
	}
	if told != 5000 || peak != 40 || episodes != 1 || x.New() != nil {
		t.Errorf("told of %d steps, a peak of %v, %d episodes", told, peak, episodes)
	}
}

func TestJSONHasNoNumbersThatAreNone(t *testing.T) {
	rows := run(100, map[int64]float64{50: math.NaN(), 60: math.Inf(1), 70: 1e300})
	text, err := json.Marshal(get(t, index(rows), Query{Points: 100}, nil))
	if err != nil {
		t.Fatal(err)
	}
	var c struct{ Min, Max []*float64 }
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if c.Min[49] != nil || c.Max[59] != nil || c.Max[69] == nil || *c.Max[69] < 1e38 {
		t.Errorf("%s", text)
	}
	if strings.Contains(string(text), "0000000") {
		t.Errorf("numbers have too many digits: %s", text)
	}
	if i := slices.Index([]byte(text), 'N'); i >= 0 {
		t.Errorf("%s", text[i:])
	}
}
