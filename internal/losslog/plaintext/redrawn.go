package plaintext

import (
	"bytes"
	"io"

	"alrc/internal/decimal"
)

// A bar that is wiped out for a line of text, and drawn again below it, may have lagged behind: it is drawn some ten times a second at most.
// What it shows below the line is the place that the line is of.

// place is how far a bar without other figures has come.
type place struct{ at, total float64 }

// placeOf returns the place of a bar: "12%|#2  | 70/600 [00:07<00:50, 10.5it/s]".
func placeOf(line []byte) (p place, ok bool) {
	i := bytes.Index(line, []byte("%|"))
	if i < 0 {
		return p, false
	}
	line = line[i+2:]
	if i = bytes.LastIndexByte(line, '|'); i < 0 {
		return p, false
	}
	line = line[i+1:]
	if i = bytes.IndexByte(line, '['); i < 0 {
		return p, false
	}
	if speed, _, closed := bytes.Cut(line[i:], []byte{']'}); !closed || bytes.IndexByte(speed, '=') >= 0 {
		return p, false
	}
	at, total, found := bytes.Cut(Trim(line[:i]), []byte{'/'})
	if !found {
		return p, false
	}
	if p.at, ok = decimal.Whole(at); !ok {
		return p, false
	}
	p.total, ok = decimal.Whole(total)
	return p, ok
}

// Redrawn puts bars that are wiped out for a text, and drawn again below it, above that, in text that comes piece by piece.
type Redrawn struct {
	pending
	last  place
	drawn bool   // the line before was a bar, but for empty lines
	wiped bool   // and a line of spaces stands in its place
	text  []byte // behind it, until the bar is drawn again
	lines int    // of text
	// wipes counts texts below which a bar stands again, and moved those of which it has come further.
	wipes, moved int
}

// mostText is how many lines stand where a bar was, at most.
const mostText = 16

// Add returns what the next piece adds; last says that none follows. The result is valid until the next call.
func (r *Redrawn) Add(piece []byte, last bool) []byte { return r.add(piece, last, r.use) }

func (r *Redrawn) use(data []byte, last bool) (used int) {
	for used < len(data) {
		n := bytes.IndexByte(data[used:], '\n') + 1
		if n == 0 {
			if !last && len(data)-used < longestHeld {
				return used
			}
			n = len(data) - used
		}
		r.line(data[used : used+n])
		used += n
	}
	if last {
		r.flush()
	}
	return used
}

func (r *Redrawn) line(line []byte) {
	if p, ok := placeOf(line); ok {
		if r.lines > 0 && p.total == r.last.total {
			r.wipes++
			if p.at > r.last.at {
				r.moved++
				r.out = append(r.out, line...)
				line = nil
			}
		}
		r.flush()
		r.out = append(r.out, line...)
		r.last, r.drawn, r.wiped = p, true, false
		return
	}
	const fewestSpaces = 8
	switch isSpace := len(Trim(bytes.TrimRight(line, "\r\n"))) == 0; {
	case r.lines > 0 || r.wiped && !isSpace:
		r.text = append(r.text, line...)
		if r.lines++; r.lines > mostText {
			r.flush()
		}
		return
	case isSpace:
		r.wiped = r.wiped || r.drawn && len(line) > fewestSpaces
	default:
		r.drawn = false
	}
	r.out = append(r.out, line...)
}

// flush lets the text stand where it is.
func (r *Redrawn) flush() {
	r.out = append(r.out, r.text...)
	r.text, r.lines, r.drawn, r.wiped = r.text[:0], 0, false, false
}

// LagsBehind says whether the beginning of a log, cleaned, has bars that are wiped out for a text and have come further below it.
func LagsBehind(head []byte) bool {
	if !bytes.Contains(head, []byte("%|")) {
		return false
	}
	var r Redrawn
	r.Add(head, false)
	return r.moved > 0 && r.wipes > 1
}

// NewRedrawnReader returns a reader of r's text as [Redrawn] leaves it.
func NewRedrawnReader(r io.Reader) io.Reader { return &pieceReader{r: r, next: new(Redrawn).Add} }
