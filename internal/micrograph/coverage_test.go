package micrograph

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"alrc/internal/statistics"
)

func TestCoverageIsWrittenAsItIsRead(t *testing.T) {
	for text, want := range map[string]Coverage{"0.05": Covering(0.05), "1": Covering(1), "0.02..0.3": {0.02, 0.3}} {
		c, err := ParseCoverage(text)
		if err != nil || c != want || c.String() != text {
			t.Errorf("%s: %v, %v", text, c, err)
		}
		content, err := yaml.Marshal(map[string]Coverage{"coverage": c})
		var back map[string]Coverage
		if err == nil {
			err = yaml.Unmarshal(content, &back)
		}
		if err != nil || back["coverage"] != c || !strings.Contains(string(content), "coverage: "+text[:1]) {
			t.Errorf("%s: written as %q, and read as %v (%v)", text, content, back, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "2", "0.3..0.1", "0..0.1", "0.1..", "..1", "NaN", "a"} {
		if c, err := ParseCoverage(text); err == nil {
			t.Errorf("%q is read as %v", text, c)
		}
	}
}

// Each position of a range has a coverage of its own, from the least to the most.
func TestMasksOfARange(t *testing.T) {
	const side = 64
	s := Scan{Kind: Grid, Coverage: 0.02, MostCoverage: 0.3, Varied: true, Seed: 3}
	var seen []float64
	mask := make([]float32, side*side)
	for i := range int64(200) {
		if err := s.Mask(i, side, side, mask); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, statistics.Mean(mask))
	}
	slices.Sort(seen)
	if seen[0] < 0.0199 || seen[0] > 0.025 || seen[199] > 0.3001 || seen[199] < 0.25 {
		t.Errorf("coverages from %v to %v", seen[0], seen[199])
	}
	if middle := seen[100]; math.Abs(math.Log(middle/math.Sqrt(0.02*0.3))) > 0.3 {
		t.Errorf("half of the coverages are below %v", middle)
	}
}

type trainedAt struct {
	copying
	mask     string
	coverage Coverage
}

func (n trainedAt) Scanned() (string, Coverage) { return n.mask, n.coverage }

// A network is not applied to scans of another kind without a word.
func TestMismatch(t *testing.T) {
	const height, width = 40, 40
	scan := func(coverage float64, whole bool) *Partial {
		mask := scanMask(t, Spiral, coverage, height, width)
		for i, m := range mask {
			if whole && m > 0 {
				mask[i] = 1
			}
		}
		return &Partial{Height: height, Width: width, Mask: mask}
	}
	for _, test := range []struct {
		coverage Coverage
		scan     *Partial
		want     string
	}{
		{Covering(0.1), scan(0.1, false), ""},
		{Covering(0.1), scan(0.11, false), ""},
		{Covering(0.05), scan(0.25, false), "sees 25 %"},
		{Coverage{0.02, 0.3}, scan(0.25, false), ""},
		{Coverage{0.02, 0.3}, scan(0.5, false), "2 to 30 %"},
		{Coverage{0.02, 0.5}, scan(0.1, true), "wholly"},
		{Coverage{}, scan(0.5, true), ""}, // a mask image's
	} {
		m := Network("network", trainedAt{mask: Spiral, coverage: test.coverage})
		if got := m.Mismatch(test.scan); (got != "") != (test.want != "") || !strings.Contains(got, test.want) {
			t.Errorf("trained at %v, a scan of %v: %q", test.coverage, test.scan.Coverage(), got)
		}
	}
	if got := Linear().Mismatch(scan(0.1, true)); got != "" {
		t.Errorf("without a network: %q", got)
	}
}
