package report

import (
	"fmt"
	"strings"

	"alrc/internal/words"
)

const interpolation = "linear interpolation"

// runName is what a run is called beside those of other clippings.
func (g *Group) runName(run *Run) string {
	if len(g.Runs) > 1 {
		return fmt.Sprintf("%s, seed %d", g.Name, run.Seed)
	}
	return g.Name
}

// interpolated compares linear interpolation, which needs no network, with the networks, where runs complete micrographs.
// It is beaten by none where its error is the lowest.
func (c *Comparison) interpolated() (text string, best bool) {
	var linear float64
	var errors []string
	best = true
	for _, g := range c.Groups {
		var values []float64
		for _, run := range g.Runs {
			if run.result == nil || run.result.TestMSE == nil || run.result.BilinearMSE == nil {
				continue
			}
			linear = float64(run.result.BilinearMSE.Mean)
			values = append(values, float64(run.result.TestMSE.Mean))
			best = best && linear < float64(run.result.TestMSE.Mean)
		}
		if len(values) > 0 {
			average, spread := meanAndSpread(values)
			errors = append(errors, words.Spread(average, spread, len(values))+" "+g.with())
		}
	}
	if len(errors) == 0 {
		return "", false
	}
	numbers := fmt.Sprintf("its mean squared error on held-out crops is %s, and that of the networks is %s.", words.Number(linear),
		strings.Join(errors, " and "))
	if best {
		return "Linear interpolation, without any network, is nearer to the truth than every network here: " + numbers, true
	}
	return "Linear interpolation, without any network, for comparison: " + numbers, false
}
