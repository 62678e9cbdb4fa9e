package chart

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// decode reads a column as the page's script does.
func (c *Column) decode(t *testing.T) []float64 {
	t.Helper()
	codes, err := base64.StdEncoding.DecodeString(c.Values)
	if err != nil {
		t.Fatal(err)
	}
	var values []float64
	for i := 0; i < len(codes); i += 2 {
		code := binary.LittleEndian.Uint16(codes[i:])
		share := float64(code) / (missing - 1)
		switch {
		case code == missing:
			values = append(values, math.NaN())
		case c.Log:
			values = append(values, math.Exp(math.Log(c.Low)+share*(math.Log(c.High)-math.Log(c.Low))))
		default:
			values = append(values, c.Low+share*(c.High-c.Low))
		}
	}
	return values
}

func TestColumnKeepsDigitsAndGaps(t *testing.T) {
	for name, values := range map[string][]float64{
		"decades":  {1e-4, 3.21, 77.7, math.NaN(), 1e6, math.Inf(1)},
		"negative": {-3, 0, 2.5, math.NaN()},
		"constant": {4, 4, 4},
		"huge":     {-math.MaxFloat64, math.MaxFloat64},
		"nothing":  {math.NaN(), math.Inf(-1)},
		"empty":    nil,
	} {
		c := NewColumn(values)
		got := c.decode(t)
		if len(got) != len(values) {
			t.Errorf("%s: %d values of %d", name, len(got), len(values))
			continue
		}
		for i, want := range values {
			switch {
			case want-want != 0:
				if !math.IsNaN(got[i]) {
					t.Errorf("%s: %v became %v", name, want, got[i])
				}
			case math.Abs(want) > 1e300:
			case c.Log && math.Abs(got[i]/want-1) > 3e-4, !c.Log && math.Abs(got[i]-want) > 1e-4*(c.High-c.Low):
				t.Errorf("%s: %v became %v", name, want, got[i])
			}
		}
	}
}

// steps are the bins' first steps and records, however they are written.
func (l *Line) bins() (bins [][2]int64) {
	for _, s := range l.Stretches {
		for k := range s[2] {
			bins = append(bins, [2]int64{s[0] + k*s[1], s[3]})
		}
	}
	return append(bins, l.Steps...)
}

func TestThinKeepsExtremesAndEveryStepAroundPeaks(t *testing.T) {
	const n = 100_000
	s := Series{Step: make([]float64, n), Loss: make([]float64, n), Threshold: make([]float64, n), Single: []int64{30, 50_000, 50_040}}
	for i := range n {
		s.Step[i], s.Loss[i], s.Threshold[i] = float64(i+1), 2+math.Sin(float64(i)), 9
	}
	s.Loss[77_776], s.Loss[12], s.Loss[90_000] = 1e5, 0.01, math.NaN()
	l := s.Thin(600)
	bins := l.bins()
	if len(bins) < 600 || len(bins) > 600+3*(2*Around+1)+10 {
		t.Errorf("%d bins of 600 and single steps around 3 peaks", len(bins))
	}
	next := int64(1)
	single := map[int64]bool{}
	for _, bin := range bins {
		if bin[0] != next {
			t.Fatalf("a bin begins at step %d, after the one before ended at %d", bin[0], next-1)
		}
		next += bin[1]
		if bin[1] == 1 {
			single[bin[0]] = true
		}
	}
	if next != n+1 {
		t.Errorf("the bins end at step %d", next-1)
	}
	for _, peak := range s.Single {
		for step := max(1, peak-Around); step <= peak+Around; step++ {
			if !single[step] {
				t.Fatalf("step %d, beside the peak at %d, is not by itself", step, peak)
			}
		}
	}
	if high := l.High.High; high != 1e5 {
		t.Errorf("the highest loss is %v", high)
	}
	if l.Threshold == nil || l.Time != nil {
		t.Error("the threshold is missing, or there is a time that nobody knows")
	}
	if means := l.Mean.decode(t); len(means) != len(bins) {
		t.Errorf("%d means of %d bins", len(means), len(bins))
	}
}

func TestThinOfMeansHasTheHighest(t *testing.T) {
	s := Series{Step: []float64{10, 20, 30, 35}, Loss: []float64{1, 2, 3, 4}, Records: []float64{10, 10, 10, 5}, Highest: []float64{5, 9, 4, 4}}
	l := s.Thin(2)
	if bins := l.bins(); len(bins) != 2 || bins[0] != [2]int64{1, 20} || bins[1] != [2]int64{21, 15} {
		t.Errorf("bins are %v", bins)
	}
	if high := l.High.decode(t); l.Low != nil || high[0] != 9 || high[1] != 4 {
		t.Errorf("the highest are %v, and the lowest %v", high, l.Low)
	}
}

func TestScriptsKeepTheLicenceAndNeedNothingElse(t *testing.T) {
	script := Report()
	for _, want := range []string{"The MIT License", "Leon Sorokin", "v1.6.32"} {
		if !strings.Contains(script, want) {
			t.Errorf("the script lacks %q", want)
		}
	}
	for _, foreign := range []string{"</script", "<!--", "eval(", "new Function", "innerHTML", "fetch(", "import("} {
		if strings.Contains(script[strings.Index(script, "'use strict';\n"):], foreign) {
			t.Errorf("the scripts have %q", foreign)
		}
	}
}
