package losslog

import (
	"math"
	"strconv"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// workersOf finds the field that says which of several workers wrote a record, where each tells losses of the same steps, and how many
// there are. The condition is that of the first of them.
func (s *survey) workersOf(t *tally) (first Condition, n int, ok bool) {
	for i, f := range s.fields {
		words := lexicon.Words(f.name)
		named := len(words) > 0 && lexicon.IsWorker(words[len(words)-1])
		if !named && f.name != string(lexicon.Leading) && f.name != string(lexicon.Bracketed) || f.numbers < 6 {
			continue
		}
		if lowest, n := s.byWorker(t, i, named); n > 1 {
			c := Condition{Field: f.name, Value: strconv.FormatFloat(lowest, 'f', -1, 64)}
			c.prepare()
			return c, n, true
		}
	}
	return first, 0, false
}

// byWorker returns the lowest number of a worker, and how many there are, if a field tells these: each has as many records of a series
// as the others, which come by turns. What only its place names must count steps of each beside it.
func (s *survey) byWorker(t *tally, field int, named bool) (lowest float64, n int) {
	const most = 1024
	var order []float64
	steps := make(map[float64][]float64) // of each worker, what counts beside
	others := 0
	counter := -1
	s.own(t, func(values []sampledValue) {
		id, at, found := 0.0, math.NaN(), false
		for _, v := range values {
			kind := s.fields[v.field].counter
			switch {
			case v.field == field && !found:
				id, found = v.number, true
			case s.fields[v.field].name == string(lexicon.OuterBracket):
			case v.field != field && v.field != t.field && (kind <= lexicon.Batches && counter < 0 || v.field == counter) && at != at:
				at, counter = v.number, v.field
			}
		}
		if !found || id != math.Trunc(id) || id < 0 {
			others++
			return
		}
		order = append(order, id)
		steps[id] = append(steps[id], at)
	})
	if n = len(steps); n < 2 || n > most || others*20 > len(order) {
		return 0, 0
	}
	lowest, highest, fullest := math.Inf(1), math.Inf(-1), 0
	for id, own := range steps {
		lowest, highest, fullest = min(lowest, id), max(highest, id), max(fullest, len(own))
	}
	// Numbers of processes are any, and others mostly count from 0; where one worker a machine tells, as ranks 0 and 8 do, their steps show it.
	trusted := named && (highest <= float64(2*n) || strings.HasSuffix(strings.ToLower(s.fields[field].name), "pid"))
	half := make(map[float64]int)
	for _, id := range order[:len(order)/2] {
		half[id]++
	}
	for id, own := range steps {
		if len(own) < 3 || len(own)*2 < fullest || half[id]*10 < len(own)*3 || half[id]*10 > len(own)*7 {
			return 0, 0
		}
		if !trusted && !sameSteps(steps[lowest], own) {
			return 0, 0
		}
	}
	return lowest, n
}

// trainApart says whether workers that a field tells apart do not train one model: the means of many losses are far from one another.
func (s *survey) trainApart(t *tally, name string) bool {
	const fewest, apart = 8, 1.4
	field := s.byName[name]
	sums, counts := make(map[float64]float64), make(map[float64]float64)
	s.own(t, func(values []sampledValue) {
		if loss := firstOf(values, t.field); loss-loss == 0 {
			id := firstOf(values, field)
			sums[id] += loss
			counts[id]++
		}
	})
	least, most := math.Inf(1), math.Inf(-1)
	for id, n := range counts {
		if n < fewest {
			return false
		}
		least, most = min(least, sums[id]/n), max(most, sums[id]/n)
	}
	return least > 0 && most > apart*least
}

// sameSteps says whether two workers counted the same steps, of which there are several.
func sameSteps(a, b []float64) bool {
	n := min(len(a), len(b))
	same, moves := 0, 0
	for i := range n {
		same += flagOf(a[i] == b[i])
		moves += flagOf(i > 0 && a[i] != a[i-1])
	}
	return same*10 >= n*9 && moves*2 >= n
}
