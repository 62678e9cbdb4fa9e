package losslog

import (
	"math"

	"alrc/internal/losslog/lexicon"
)

// findMicroBatches restricts series of losses to the lines of whole steps where lines of the micro-batches of each step, with the same name,
// stand above these: "micro 1/2 loss 3.2", "micro 2/2 loss 3.0", "step 0 loss 3.1".
func (v *look) findMicroBatches() {
	if !v.isLines() {
		return
	}
	for _, t := range v.series {
		if v.fields[t.field].meaning.Strength < lexicon.Measure {
			continue
		}
		n, own := 0, make([]int, len(v.fields)) // records of each field
		v.own(t, func(values []sampledValue) {
			n++
			for _, value := range values {
				own[value.field]++
			}
		})
		for field := range v.fields {
			if own[field] >= fewestOfSteps && own[field]*2 < n && v.endsMicroBatches(t, field) {
				t.beside = field + 1
				break
			}
		}
	}
}

// fewestOfSteps is in how many steps micro-batches must be seen.
const fewestOfSteps = 5

// endsMicroBatches says whether a field stands in those records of a series that tell the mean, or the sum, of as many records before each, and
// nothing counts steps in these.
func (s *survey) endsMicroBatches(t *tally, beside int) bool {
	groups, told, size, n, sum := 0, 0, 0, 0, 0.0
	regular, losses := true, new(behaviour)
	counters := make(map[int]*behaviour)
	s.own(t, func(values []sampledValue) {
		loss := firstOf(values, t.field)
		if !holds(values, beside) {
			n++
			sum += loss
			for _, v := range values {
				if counter := s.fields[v.field].counter; counter.IsNamed() || counter == lexicon.Positions {
					if counters[v.field] == nil {
						counters[v.field] = new(behaviour)
					}
					counters[v.field].see(v.number, true)
				}
			}
			return
		}
		losses.see(loss, true)
		groups++
		if groups > 1 { // the log may begin within a step
			regular = regular && (groups == 2 || n == size)
			near := func(x float64) bool { return math.Abs(x-loss) <= 0.005*math.Abs(loss) }
			told += flagOf(near(sum/float64(n)) || near(sum))
		}
		size, n, sum = n, 0, 0
	})
	if groups < fewestOfSteps || size < 2 || !regular || told*20 < (groups-1)*19 || losses.distinct*2 < groups {
		return false
	}
	for _, b := range counters {
		if b.rises() {
			return false
		}
	}
	return true
}
