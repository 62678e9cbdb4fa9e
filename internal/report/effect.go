package report

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"alrc/internal/words"
)

// effect is what a clipping did to a number of the runs, by those seeds alone that have it both without and with the
// clipping: runs of one seed have the same starting weights and batches.
type effect struct {
	pairs [][2]float64 // without and with
	// change is the mean relative change of a seed, and low and high its 95 % interval; NaN where there is none. They are
	// taken of the logarithms, since losses differ by factors.
	change, low, high float64
	// p is that of Student's two-sided paired t-test on the logarithms; NaN with fewer than two seeds.
	p float64
	// lower counts the seeds whose number the clipping lowered.
	lower int
}

// effectOf compares two groups of runs. Seed and value are those of a run in either group; a run without the number
// has the value NaN.
func effectOf(without, with int, seed func(group, run int) uint64, value func(group, run int) float64) effect {
	nan := math.NaN()
	e := effect{change: nan, low: nan, high: nan, p: nan}
	var logs []float64
	for a := range without {
		for b := range with {
			x, y := value(0, a), value(1, b)
			if seed(0, a) != seed(1, b) || math.IsNaN(x) || math.IsNaN(y) {
				continue
			}
			e.pairs = append(e.pairs, [2]float64{x, y})
			if y < x {
				e.lower++
			}
			if x > 0 && y > 0 {
				logs = append(logs, math.Log(y/x))
			}
		}
	}
	n := float64(len(logs))
	if len(logs) == 0 || len(logs) < len(e.pairs) {
		return e
	}
	average := stat.Mean(logs, nil)
	e.change = math.Expm1(average)
	if n < 2 {
		return e
	}
	deviation := stat.StdDev(logs, nil) / math.Sqrt(n)
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	reach := student.Quantile(0.975) * deviation
	e.low, e.high = math.Expm1(average-reach), math.Expm1(average+reach)
	switch {
	case deviation > 0:
		e.p = 2 * student.Survival(math.Abs(average/deviation))
	case average == 0:
		e.p = 1
	}
	return e
}

// texts are the means without and with the clipping over the seeds of the effect, with their spread.
func (e effect) texts() (without, with string) {
	var texts [2]string
	for i := range texts {
		values := make([]float64, len(e.pairs))
		for k, pair := range e.pairs {
			values[k] = pair[i]
		}
		average, spread := meanAndSpread(values)
		texts[i] = words.Spread(average, spread, len(values))
	}
	return texts[0], texts[1]
}

// tie says that the numbers without and with the clipping cannot be told apart as they are written.
func (e effect) tie() bool {
	without, with := e.texts()
	return without == with || words.Change(e.change) == words.Change(0)
}

// text is the change with its interval, where there is one: "−26 %, 95 % interval −31 % to −20 %".
func (e effect) text() string {
	text := words.Change(e.change)
	if !math.IsNaN(e.low) && e.low < e.high {
		text += fmt.Sprintf(", 95 %% interval %s to %s", words.Change(e.low), words.Change(e.high))
	}
	return text
}

// smallest is the relative difference below which two means are not called different: repeating a run with another
// seed changes them by more.
const smallest = 0.01

// agree says whether the number changed in the same direction for every seed.
func (e effect) agree() bool { return e.lower == 0 || e.lower == len(e.pairs) }

// clear says whether a difference may be called one: it is not tiny, every seed agrees, and it is more than chance, where
// repeats allow a test.
func (e effect) clear() bool {
	return e.agree() && math.Abs(e.change) >= smallest && !e.tie() && !(e.p >= significance)
}
