package sequence

import "math"

// again is one place at which an opening came again, with the losses around it.
type again struct {
	row           int64
	before, after level
	begin         float64 // the mean of as many of the log's first losses
	length        int64   // rows since the opening came before
	awaited       int     // losses that after still wants
}

// level is a mean with its spread.
type level struct {
	n         int
	sum, sum2 float64
}

func (l *level) add(loss float64) {
	if loss-loss == 0 {
		l.n++
		l.sum += loss
		l.sum2 += loss * loss
	}
}

func (l level) mean() float64 { return l.sum / float64(l.n) }

func (l level) spread() float64 {
	m := l.mean()
	return math.Sqrt(max(0, l.sum2/float64(l.n)-m*m))
}

// reopenings watches where openings come again.
type reopenings struct {
	rows   int64
	first  [levelOf]float64 // the log's first losses
	recent [2 * levelOf]float64
	places [2 * MostOpenings][]again
	dead   uint32 // that came too often
	open   uint32 // whose last place wants losses
}

// MostOpenings is how many openings of a log there are at most. Each has two bits: one for its shape, and, as many bits further, one for its
// first words.
const MostOpenings = 16

// mostReopenings bounds how many runs a log can hold that only openings tell apart.
const mostReopenings = 500

// see takes a loss, and the openings that came right before it.
func (r *reopenings) see(loss float64, alike uint32) {
	if alike != 0 && r.rows > 0 {
		for k := range r.places {
			if alike&(1<<k) != 0 && r.dead&(1<<k) == 0 {
				r.reopen(k)
			}
		}
	}
	if r.open != 0 {
		for k := range r.places {
			if r.open&(1<<k) == 0 {
				continue
			}
			p := &r.places[k][len(r.places[k])-1]
			p.after.add(loss)
			if p.awaited--; p.awaited == 0 {
				r.open &^= 1 << k
			}
		}
	}
	if r.rows < levelOf {
		r.first[r.rows] = loss
	}
	r.recent[r.rows%int64(len(r.recent))] = loss
	r.rows++
}

// reopen notes that opening k came again.
func (r *reopenings) reopen(k int) {
	if len(r.places[k]) == mostReopenings {
		r.dead |= 1 << k
		r.places[k], r.open = nil, r.open&^(1<<k)
		return
	}
	p := again{row: r.rows, length: r.rows}
	if n := len(r.places[k]); n > 0 {
		p.length -= r.places[k][n-1].row
	}
	p.awaited = int(min(levelOf, max(1, p.length/4)))
	var begin level
	for _, loss := range r.first[:p.awaited] {
		begin.add(loss)
	}
	p.begin = begin.mean()
	for i := range min(p.length, int64(2*p.awaited)) {
		p.before.add(r.recent[(r.rows-1-i)%int64(len(r.recent))])
	}
	r.places[k] = append(r.places[k], p)
	r.open |= 1 << k
}

// begins returns the rows at which other runs begin, and the opening that tells: one that came again, at nearly each time with the
// loss back at its beginning. counted says that steps are counted on all the while, so that a loss that rose and fell was a spike.
func (r *reopenings) begins(counted bool) (rows []int64, opening int) {
	for k, places := range r.places {
		back, votes := 0, 0
		for i := range places {
			p := &places[i]
			start, end, after := p.begin, r.lastLosses(), r.rows-p.row
			if i > 0 {
				start = places[i-1].after.mean()
			}
			if i+1 < len(places) {
				end, after = places[i+1].before, places[i+1].length
			}
			switch p.judge(start, end, after, counted) {
			case 1:
				back++
				votes++
			case -1:
				votes++
			}
		}
		if back == 0 || back*4 < votes*3 || len(places) <= len(rows) {
			continue
		}
		rows = rows[:0]
		for _, p := range places {
			rows = append(rows, p.row)
		}
		opening = k % MostOpenings
	}
	return rows, opening
}

// judge returns 1 if the loss had fallen and was back at the log's beginning, or back at as much as it fell by before or fell by again
// after, -1 if it went on where it was, and 0 if too little is known. The loss began at start, and came to an end again after some rows.
func (p *again) judge(start float64, end level, after int64, counted bool) int {
	if p.length < 3 || p.after.n == 0 || p.begin != p.begin {
		return 0
	}
	if p.before.n == 0 {
		return 1 // it was not finite any more
	}
	fallen, jump, spread := p.begin-p.before.mean(), p.after.mean()-p.before.mean(), p.before.spread()
	fell, falls := start-p.before.mean(), p.after.mean()-end.mean()
	switch {
	case fallen > 2*spread && jump > 0.6*fallen:
		return 1
	case p.length < 4*levelOf || after < 4*levelOf:
	case !counted && jump > 3*spread && fell > 2*spread && falls > 2*end.spread() && jump > 0.6*min(fell, falls):
		return 1
	case jump < -3*spread && falls > 2*end.spread():
		return 0
	}
	return -1
}

// lastLosses are the last ones of a log.
func (r *reopenings) lastLosses() (last level) {
	for i := range min(r.rows, levelOf) {
		last.add(r.recent[(r.rows-1-i)%int64(len(r.recent))])
	}
	return last
}
