package console

import (
	"bytes"
	"slices"

	"alrc/internal/losslog/lexicon"
)

// tellTwice tells losses apart whose name comes twice in a record, by what stands before each: "D: loss 0.5 G: loss 0.4",
// "{'train': {'loss': 0.5}, 'valid': {'loss': 0.4}}". They get it as their heading.
func (r *Reader) tellTwice() {
	for begin := 0; begin < len(r.pairs); {
		end := begin + oneRecord(r.pairs[begin:])
		for i := begin; i < end && end-begin <= longestTold; i++ {
			r.tellAgain(i, end)
		}
		begin = end
	}
}

const (
	// longestTold is how many numbers a record may have whose losses are told apart.
	longestTold = 64
	// mostTwice is how often a name may come in it.
	mostTwice = 8
)

// TellsTwice says whether losses of a line have the same name, and are told apart by what stands before each.
func (r *Reader) TellsTwice(line []byte) bool {
	const longest = 4096
	return len(line) <= longest && slices.ContainsFunc(r.Read(line), func(p Pair) bool { return bytes.Contains(p.Name, []byte(headingMark)) })
}

// tellAgain does so for the name of pair i, if it comes again before pair end.
func (r *Reader) tellAgain(i, end int) {
	name := r.pairs[i].Name
	var same [mostTwice]int
	n := 0
	for k := i; k < end; k++ {
		if p := &r.pairs[k]; p.first >= 0 && !p.Unit && bytes.Equal(p.Name, name) {
			if n == mostTwice {
				return
			}
			same[n] = k
			n++
		}
	}
	if n < 2 || lexicon.MeaningOf(string(name)).Strength < lexicon.Measure {
		return
	}
	var heads [mostTwice][]byte
	for k, at := range same[:n] {
		heads[k] = r.headOf(at)
		if len(heads[k]) == 0 && k > 0 {
			return
		}
		for _, other := range heads[:k] {
			if bytes.Equal(other, heads[k]) {
				return
			}
		}
	}
	for k, at := range same[:n] {
		// "loss[loss=0.5] tot_loss[loss=0.4]": the first says nothing more.
		if len(heads[k]) > 0 && !bytes.Equal(heads[k], name) {
			r.pairs[at].Name = append(append(heads[k], headingMark...), name...)
		}
	}
}

// headOf returns what stands before the name of a pair, and tells of what it is: the keys of the dictionaries that it stands in, or the
// words between the number before and the name.
func (r *Reader) headOf(at int) []byte {
	first := r.pairs[at].first
	if keys := r.keysAround(first); len(keys) > 0 {
		return bytes.Join(keys, []byte{'.'})
	}
	from := 0
	if at > 0 {
		from = r.pairs[at-1].at + 1
	}
	const most = 3
	var words [][]byte
	for i := first - 1; i >= from && len(words) < most; i-- {
		t := &r.tokens[i]
		if t.kind != wordToken && t.kind != quotedToken || t.used {
			continue
		}
		word := bytes.TrimRight(r.word(i), `"'`)
		if counterOfLine(word) || lexicon.SaysWhere(word) {
			break
		}
		words = append([][]byte{word}, words...)
		t.used = true
	}
	return bytes.Join(words, []byte{' '})
}

// keysAround returns the keys of the dictionaries around token i, outermost first.
func (r *Reader) keysAround(i int) (keys [][]byte) {
	depth := 0
	for i--; i > 1; i-- {
		t := &r.tokens[i]
		if t.kind != markToken {
			continue
		}
		switch t.mark {
		case '}':
			depth++
		case '{':
			if depth--; depth >= 0 {
				continue
			}
			depth = 0
			if before := &r.tokens[i-1]; before.kind != markToken || before.mark != ':' && before.mark != '=' {
				continue
			}
			if key := &r.tokens[i-2]; key.kind == quotedToken || key.kind == wordToken {
				keys = append([][]byte{bytes.TrimRight(r.word(i-2), `"'`)}, keys...)
				key.used = true
			}
		}
	}
	return keys
}
