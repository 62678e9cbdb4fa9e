package losslog

import (
	"bytes"
	"math"
	"slices"
)

// openings are lines from before a log's first loss. Where one of them comes again and the loss is back at its beginning, another
// run begins, though nothing that counts begins anew.
type openings struct {
	lines  []string
	shapes []uint64
	leads  []uint64 // of the first words; 0 where there are too few
	// lengths and letters tell most other lines at once: lengths of shapes, nearly, and first letters.
	lengths [mostOpening + 1]bool
	letters [256]bool
}

const (
	mostOpenings = 16
	mostOpening  = 120 // bytes of a line that count
)

// openingsOf returns the last lines before the first one that holds a pattern.
func openingsOf(sample, pattern []byte) *openings {
	o := new(openings)
	if len(pattern) == 0 {
		return o
	}
	end := bytes.Index(sample, pattern)
	if end < 0 {
		return o
	}
	lines(sample[:bytes.LastIndexAny(sample[:end], "\r\n")+1], func(line []byte, _, _ int) {
		shape, lead, first, letters := outline(line)
		if letters == 0 || len(line) > mostOpening || slices.Contains(o.shapes, shape) {
			return
		}
		if len(o.shapes) == mostOpenings {
			o.lines, o.shapes, o.leads = o.lines[1:], o.shapes[1:], o.leads[1:]
		}
		o.lines, o.shapes, o.leads = append(o.lines, shorten(line)), append(o.shapes, shape), append(o.leads, lead)
		for n := max(0, len(line)-8); n <= min(mostOpening, len(line)+8); n++ {
			o.lengths[n] = true
		}
		o.letters[first] = true
	})
	return o
}

// outline returns what lines alike have in common: their text but for numbers and spaces, and their first words, of which there are
// more.
func outline(line []byte) (shape, lead uint64, first byte, letters int) {
	shape = 14695981039346656037
	words := 0
	within := false
	var leads [3]uint64 // after 0, 1 and 2 words
	leads[0] = shape
	for i, c := range line[:min(len(line), mostOpening)] {
		isLetter := classes[c]&letterClass != 0
		if isLetter {
			if first == 0 {
				first = c
			}
			letters++
		}
		if c >= '0' && c <= '9' || c == ' ' || c == '\t' || c == '.' || c == '-' || c == '+' ||
			c == 'e' && i > 0 && digitAt(line, i-1) && i+1 < len(line) && (digitAt(line, i+1) || line[i+1] == '-') {
			within = within && digitAt(line, i)
			continue
		}
		shape = (shape ^ uint64(c)) * 1099511628211
		if isLetter && !within {
			words++
			if words <= 2 {
				leads[words] = leads[words-1]
			}
		}
		if within = isLetter; within && words <= 2 {
			leads[words] = (leads[words] ^ uint64(c)) * 1099511628211
		}
	}
	if words > 1 {
		lead = leads[min(2, words-1)]
	}
	return shape, lead, first, letters
}

// match returns a bit for each opening that a line is like: by its shape, and, 16 bits further, by its first words.
func (o *openings) match(line []byte) (alike uint32) {
	if len(line) > mostOpening || !o.lengths[len(line)] && !o.mayLead(line) {
		return 0
	}
	shape, lead, _, _ := outline(line)
	for i := range o.shapes {
		if o.shapes[i] == shape {
			alike |= 1 << i
		}
		if o.leads[i] == lead && lead != 0 {
			alike |= 1 << (mostOpenings + i)
		}
	}
	return alike
}

// mayLead says whether a line's first letter is that of an opening.
func (o *openings) mayLead(line []byte) bool {
	for _, c := range line {
		if classes[c]&letterClass != 0 {
			return o.letters[c]
		}
	}
	return false
}

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
	of     *openings
	rows   int64
	first  [levelOf]float64 // the log's first losses
	recent [2 * levelOf]float64
	places [2 * mostOpenings][]again
	dead   uint32 // that came too often
	open   uint32 // whose last place wants losses
}

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

// begins returns the rows at which other runs begin, and the line that tells: one that came again, at nearly each time with the
// loss back at its beginning.
func (r *reopenings) begins() (rows []int64, line string) {
	if r.of == nil {
		return nil, ""
	}
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
			switch p.judge(start, end, after) {
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
		line = r.of.lines[k%mostOpenings]
	}
	return rows, line
}

// judge returns 1 if the loss had fallen and was back at the log's beginning, or back at as much as it fell by before or fell by again
// after, -1 if it went on where it was, and 0 if too little is known. The loss began at start, and came to an end again after some rows.
func (p *again) judge(start float64, end level, after int64) int {
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
	case jump > 3*spread && fell > 2*spread && falls > 2*end.spread() && jump > 0.6*min(fell, falls):
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
