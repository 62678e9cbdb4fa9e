package alrc_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"alrc"
)

// Another implementation's one-sided clipping in float64.
func TestGoldenVectors(t *testing.T) {
	const path = "testdata/one-sided.json.gz"
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Kind   string
			N      float64
			Decay  float64
			Mu1    float64 `json:"mu1_start"`
			Mu2    float64 `json:"mu2_start"`
			Losses [][]float64
			Steps  []struct {
				Threshold, Mu1, Mu2 float64
				Scales              []float64
			}
		}
	}
	if err := json.NewDecoder(unzipped).Decode(&golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatalf("%s holds no cases", path)
	}
	for i, c := range golden.Cases {
		for _, rule := range []alrc.Rule{alrc.RuleAuto, alrc.RuleRatio} {
			clipper, err := alrc.New(alrc.Options{N: c.N, Decay: c.Decay, Moments: &alrc.Moments{Mu1: c.Mu1, Mu2: c.Mu2}, Rule: rule})
			if err != nil {
				t.Fatal(err)
			}
			for j, want := range c.Steps {
				scales := make([]float64, len(c.Losses[j]))
				s := clipper.Step(c.Losses[j], scales)
				mu1, mu2 := clipper.Moments().Mu1, clipper.Moments().Mu2
				if !near(s.Limits.Upper, want.Threshold) || !near(mu1, want.Mu1) || !near(mu2, want.Mu2) {
					t.Fatalf("case %d (%s), rule %v, step %d: threshold %v and moments %v and %v, want %v, %v and %v",
						i, c.Kind, rule, j, s.Limits.Upper, mu1, mu2, want.Threshold, want.Mu1, want.Mu2)
				}
				for k, scale := range scales {
					if !near(scale, want.Scales[k]) {
						t.Fatalf("case %d (%s), rule %v, step %d, loss %d: scale %v, want %v", i, c.Kind, rule, j, k, scale, want.Scales[k])
					}
				}
			}
		}
	}
}
