package losslog

import (
	"fmt"
	"math"
	"slices"

	"alrc/internal/statistics"
)

// woven returns how many programs write to one log at once, as far as its beginning tells, or 0: their records take turns, each one's
// counter goes on from its own record before, and they are far apart. A counter that begins anew, as that of batches or of a resumed
// run, does not go back to where another one is.
func (s *survey) woven(t *tally, step string) int {
	const mostChains, fewest, farGaps = 4, 8, 4
	var steps []float64
	s.own(t, func(values []sampledValue) {
		for _, v := range values {
			if s.fields[v.field].name == step {
				steps = append(steps, v.number)
				break
			}
		}
	})
	widest := farGaps * usualGap(steps)
	type chain struct {
		last  float64
		count int
	}
	var chains []chain
	turns, far, before := 0, 0, 0
	for _, at := range steps {
		// The chain that goes on to this step with the shortest way.
		best, way := -1, math.Inf(1)
		for i, c := range chains {
			if d := at - c.last; d >= 0 && d <= widest && d < way {
				best, way = i, d
			}
		}
		if best < 0 {
			if best = len(chains); best == mostChains {
				return 0
			}
			chains = append(chains, chain{})
		}
		if best != before {
			turns++
			far += flagOf(math.Abs(at-chains[before].last) > widest)
		}
		before = best
		chains[best].last = at
		chains[best].count++
	}
	if len(chains) < 2 || turns*5 < len(steps) || far*2 < turns {
		return 0
	}
	for _, c := range chains {
		if c.count < fewest {
			return 0
		}
	}
	return len(chains)
}

// usualGap is the median of the distances between steps that are next to each other.
func usualGap(steps []float64) float64 {
	sorted := slices.Clone(steps)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	if len(sorted) < 2 {
		return 0
	}
	gaps := make([]float64, 0, len(sorted)-1)
	for i := 1; i < len(sorted); i++ {
		gaps = append(gaps, sorted[i]-sorted[i-1])
	}
	return statistics.Median(gaps)
}

// checkWoven returns an error where several programs write to the log at once.
func (l *Log) checkWoven(v *look, chosen ranked) error {
	c := l.chosen.counter
	if v.apart != "" && l.options.Run == "" {
		return wovenError(l.run.files[0].path, v.workers, "their losses are far apart; --where "+v.apart+" takes those of one")
	}
	if chosen.tally == nil || c.carried || l.options.Batch != "" || len(l.options.Where) > 0 || l.options.Run != "" {
		return nil
	}
	for _, f := range v.fields {
		if f.name != c.step && (c.step != "" || !isCounterName(f.name)) {
			continue
		}
		if n := v.woven(chosen.tally, f.name); n > 1 {
			return wovenError(l.run.files[0].path, n, f.name+" counts on in each")
		}
	}
	return nil
}

// wovenError says that several runs are written to a file at once.
func wovenError(path string, runs int, how string) error {
	return fmt.Errorf("%s: %d runs are written to it at once: their lines take turns, and %s. Give each run a file of its own, "+
		"as by grep where its lines say whose they are; --run last takes all as one", path, runs, how)
}
