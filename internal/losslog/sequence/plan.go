package sequence

import "slices"

// fate is what becomes of a row.
type fate uint8

const (
	taken fate = iota
	anewLater
	ofAnotherRun
	toldAgain
	ofTest
)

// A Plan says, after a first reading, which rows are taken.
type Plan struct {
	Ordinal bool // steps are numbered in the order of the log
	// InEpochs says that turns are of steps within epochs.
	InEpochs bool
	resumed  []turn
	// begins are the rows at which the log's runs begin, where there are several, of which [from, to) is taken.
	begins   []int64
	from, to int64

	// again is the row, counted from 1, that tells an earlier one again at the end, as that of the best step.
	again int64
	stub  bool // it is a run of its own, which ended at once
	// tested are rows below the last step of a run whose other steps have one each, as the losses of a test have no step of their own.
	tested []span

	rows    int64 // of the log
	opening int   // the one that comes again where runs begin that nothing else tells, counted from 1

	next int // of the turns that are still to come
	all  []turn
}

// of says what becomes of a row. Rows are asked for in order.
func (p *Plan) of(row, step int64) fate {
	if row+1 == p.again {
		if p.stub {
			return ofAnotherRun
		}
		return toldAgain
	}
	if p.to > 0 && (row < p.from || row >= p.to) {
		return ofAnotherRun
	}
	for len(p.tested) > 0 && p.tested[0].end <= row {
		p.tested = p.tested[1:]
	}
	if len(p.tested) > 0 && row >= p.tested[0].begin {
		return ofTest
	}
	for p.next < len(p.resumed) && p.resumed[p.next].row <= row {
		p.next++
	}
	for _, later := range p.resumed[p.next:] {
		if p.to > 0 && later.row >= p.to {
			break
		}
		if step >= later.step || later.since > 0 && row >= later.since {
			return anewLater
		}
	}
	return taken
}

// Runs is the number of runs that follow one another in the log; 0 where there is one.
func (p *Plan) Runs() int { return len(p.begins) }

// Latest is the number of the last run that has more than one record, counted from 1, or of the last one if none has.
func (p *Plan) Latest() int {
	end := p.rows
	for n := len(p.begins); n > 0; n-- {
		if end-p.begins[n-1] > 1 {
			return n
		}
		end = p.begins[n-1]
	}
	return len(p.begins)
}

// Resumes is the number of times that the run taken was resumed.
func (p *Plan) Resumes() int { return len(p.resumed) }

// span is rows from one to before another.
type span struct{ begin, end int64 }

// Selects says whether the plan makes steps other than a reading without one does.
func (p *Plan) Selects() bool {
	return p.Ordinal || len(p.tested) > 0 || len(p.resumed) > 0 || p.to > 0 || p.again > 0
}

// Reopened returns the opening that tells where runs begin, if one does.
func (p *Plan) Reopened() (opening int, ok bool) { return p.opening - 1, p.opening > 0 }

// TakeAll takes all runs.
func (p *Plan) TakeAll() { p.Ordinal, p.begins, p.resumed = true, nil, nil }

// Take takes run n, counted from 1. counted says that something counts the log's steps.
func (p *Plan) Take(n int, counted bool) {
	p.from, p.to = p.begins[n-1], p.rows
	if n < len(p.begins) {
		p.to = p.begins[n]
	}
	if counted {
		p.Ordinal = p.Ordinal && p.within()
	}
	var resumed []turn
	for _, t := range p.resumed {
		if t.row > p.from && t.row < p.to {
			resumed = append(resumed, t)
		}
	}
	p.resumed = resumed
}

// within says whether the counter goes back within the run that is taken.
func (p *Plan) within() bool {
	return slices.ContainsFunc(p.all, func(t turn) bool { return t.since == 0 && t.row > p.from && t.row < p.to })
}
