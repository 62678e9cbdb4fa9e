package losslog

import (
	"bytes"
	"fmt"

	"alrc/internal/decimal"
	"alrc/internal/losslog/console"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/sequence"
)

// runTogether reads text whose records run together on long lines, or without any line end. A record goes from one
// occurrence of a key to the next.
type runTogether struct {
	boundary string
	selection
}

// isWord says whether a byte can stand in a key.
func isWord(c byte) bool {
	return decimal.IsLetter(c) || decimal.IsDigit(c) || c == '.' || c == '/' || c == '-' || c == '@' || c == '%'
}

// keyStart returns where the key that ends at end begins; end where there is none. A key is a word that begins with
// a letter, and up to two words of letters alone before it, one space apart.
func keyStart(data []byte, end int) int {
	start := end
	for start > 0 && isWord(data[start-1]) && end-start < 64 {
		start--
	}
	for start < end && !decimal.IsLetter(data[start]) {
		start++
	}
	if start == end {
		return end
	}
	for range 2 {
		if start < 2 || data[start-1] != ' ' || !decimal.IsLetter(data[start-2]) {
			break
		}
		word := start - 1
		for word > 0 && decimal.IsLetter(data[word-1]) && start-word < 32 {
			word--
		}
		if word > 0 && (isWord(data[word-1])) {
			break
		}
		start = word
	}
	return start
}

// numberBehind returns where the number of the key that ends at i begins, or -1: after a colon or an equals sign, or
// after nothing but space.
func numberBehind(data []byte, i int) int {
	begin := i
	for i < len(data) && data[i] == ' ' && i-begin < 8 {
		i++
	}
	if i < len(data) && (data[i] == ':' || data[i] == '=') {
		i++
		for begin = i; i < len(data) && (data[i] == ' ' || data[i] == '\t') && i-begin < 8; {
			i++
		}
	} else if i == begin {
		return -1
	}
	if rest := data[i:]; bytes.HasPrefix(rest, []byte("tensor(")) {
		i += len("tensor(")
	}
	return i
}

// find returns the place of a key that has a number, and that number; at is -1 where there is none.
func find(data []byte, key string) (at int, value float64, text []byte) {
	return findFrom(data, 0, key)
}

// records calls do with each record of data, and its place.
func (s *runTogether) records(data []byte, do func(begin, end int)) {
	begin, _, _ := find(data, s.boundary)
	for begin >= 0 && begin < len(data) {
		end := len(data)
		skip := begin + len(s.boundary)
		if next, _, _ := findFrom(data, skip, s.boundary); next >= 0 {
			end = next
		}
		do(begin, end)
		begin = end
	}
}

// findFrom is find from a place on; what lies before still belongs to keys.
func findFrom(data []byte, from int, key string) (at int, value float64, text []byte) {
	for i := from; ; {
		hit := bytes.Index(data[i:], []byte(key))
		if hit < 0 {
			return -1, 0, nil
		}
		i += hit
		end := i + len(key)
		if begin := numberBehind(data, end); begin >= 0 {
			if value, n := decimal.Parse(data[begin:]); n > 0 && keyStart(data, end) == i {
				return i, value, data[begin : begin+n]
			}
		}
		i++
	}
}

func (s *runTogether) whole(data []byte) int {
	// The last boundary whose number is whole begins the record that may go on in the next piece.
	for end := len(data); ; {
		hit := bytes.LastIndex(data[:end], []byte(s.boundary))
		if hit < 0 {
			return 0
		}
		if at, _, _ := findFrom(data[:min(len(data), hit+len(s.boundary)+64)], hit, s.boundary); at == hit {
			return hit
		}
		end = hit + len(s.boundary) - 1
	}
}

func (s *runTogether) scan(data []byte, b *block) {
	s.records(data, func(begin, end int) {
		record := data[begin:end]
		_, loss, text := find(record, s.loss)
		if text == nil {
			return
		}
		step := int64(sequence.MissingStep)
		if s.step != "" {
			if _, value, text := find(record, s.step); text != nil {
				var ok bool
				if step, ok = stepOf(value); !ok {
					b.malform(data, begin, end, fmt.Sprintf("has %q for a step", shorten(text)))
					return
				}
			}
		}
		b.records++
		for i := range s.where {
			_, _, text := find(record, s.where[i].Field)
			if text == nil && !s.where[i].Not || text != nil && !s.where[i].holds(text) {
				b.leftOut++
				return
			}
		}
		if s.batch != "" {
			_, _, text := find(record, s.batch)
			b.AddGrouped(step, loss, hash(text))
			return
		}
		b.Add(step, loss)
	})
	b.lines += bytes.Count(data, newline)
}

// keys calls do with each key that has a number, in order.
func keys(data []byte, do func(at int, key, text []byte, value float64)) {
	for i := 0; i < len(data); i++ {
		// A key ends where a word does.
		if !isWord(data[i]) || i+1 < len(data) && isWord(data[i+1]) {
			continue
		}
		end := i + 1
		begin := numberBehind(data, end)
		if begin < 0 {
			continue
		}
		value, n := decimal.Parse(data[begin:])
		if n == 0 {
			continue
		}
		start := keyStart(data, end)
		if start == end || isIndex(data, begin+n) {
			continue
		}
		do(start, data[start:end], data[begin:begin+n], value)
		i = begin + n - 1
	}
}

// isIndex says whether a number that ends at i belongs to a name: "stage 0 = 0.5".
func isIndex(data []byte, i int) bool {
	for i < len(data) && data[i] == ' ' {
		i++
	}
	return i+1 < len(data) && data[i] == '=' && data[i+1] != '='
}

func (s *runTogether) survey(data []byte, visit *survey) {
	s.records(data, func(begin, end int) {
		any := false
		keys(data[begin:end], func(_ int, key, text []byte, value float64) {
			visit.field(key, text, value, true)
			any = true
		})
		if any {
			visit.endRecord()
		}
	})
}

func (s *runTogether) choose(chosen selection) (scanner, error) {
	return &runTogether{boundary: s.boundary, selection: chosen}, nil
}

// sniffRunTogether recognises text whose lines hold many records each, by keys that most of its lines repeat.
func sniffRunTogether(sample []byte) (*runTogether, bool) {
	lines, crowded := 0, 0
	r := new(console.Reader)
	boundary := ""
	for data := sample; len(data) > 0; {
		end, next := plaintext.NextLine(data)
		seen := make(map[string]int)
		first := ""
		keys(data[:end], func(_ int, key, _ []byte, _ float64) {
			name := string(key)
			if seen[name]++; seen[name] == 3 && first == "" {
				first = name
			}
		})
		if len(seen) > 0 {
			lines++
			repeated := 0
			for _, n := range seen {
				if n >= 3 {
					repeated++
				}
			}
			if first != "" && repeated*2 >= len(seen) && !r.TellsTwice(data[:end]) {
				crowded++
				if boundary == "" {
					boundary = first
				}
			}
		}
		data = data[next:]
	}
	return &runTogether{boundary: boundary}, crowded*2 > lines
}
