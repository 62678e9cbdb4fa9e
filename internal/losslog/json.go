package losslog

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/sequence"
)

// jsonScanner reads JSON objects: one a line, or those of an array in a document, such as the log_history of
// Hugging Face's trainer_state.json. Fields of objects within objects have names such as train.loss.
type jsonScanner struct {
	lines bool
	selection
}

func (s *jsonScanner) whole(data []byte) int {
	if s.lines {
		return wholeLines(data)
	}
	whole := 0
	for i := 0; i < len(data); {
		begin := nextObject(data[i:])
		if begin < 0 {
			return whole
		}
		if begin == len(data)-i {
			return len(data)
		}
		end := jsonstream.ObjectEnd(data, i+begin)
		if end < 0 {
			return whole
		}
		whole, i = end, end
	}
	return whole
}

// nextObject returns where the next object begins; len(data) where the array of records ends before, and -1 where
// data does.
func nextObject(data []byte) int {
	begin := bytes.IndexByte(data, '{')
	before := data
	if begin >= 0 {
		before = data[:begin]
	}
	if bytes.IndexByte(before, ']') >= 0 {
		return len(data)
	}
	return begin
}

// found is what one object holds of the selection.
type found struct {
	loss, step, batch []byte
	epoch             []byte
	conditions        int // that hold
	denied            bool
}

func (s *jsonScanner) scan(data []byte, b *block) {
	b.InEpoch = s.epoch != ""
	for i := 0; i < len(data); {
		end := len(data)
		if s.lines {
			if n := bytes.IndexByte(data[i:], '\n'); n >= 0 {
				end = i + n
			}
			record := plaintext.Trim(data[i:end])
			if len(record) > 0 {
				s.scanRecord(data, record, i, end, b)
			}
			i = end + 1
			continue
		}
		begin := nextObject(data[i:])
		if begin < 0 || begin == len(data)-i {
			break
		}
		if n := jsonstream.ObjectEnd(data, i+begin); n >= 0 {
			end = n
		}
		s.scanRecord(data, data[i+begin:end], i+begin, end, b)
		i = end
	}
	b.lines += bytes.Count(data, newline)
}

// scanRecord reads the object that is data[begin:end] but for space.
func (s *jsonScanner) scanRecord(data, record []byte, begin, end int, b *block) {
	var f found
	paths := [4]string{s.loss, s.step, s.batch, s.epoch}
	if !s.object(record, paths, s.where, &f) {
		b.malform(data, begin, end, "is no JSON object")
		return
	}
	if len(f.loss) == 0 || string(f.loss) == "null" {
		return
	}
	step := int64(sequence.MissingStep)
	if len(f.step) > 0 && string(f.step) != "null" {
		value, _, ok := partOf(f.step)
		if ok {
			step, ok = stepOf(value)
		}
		if !ok {
			b.malform(data, begin, end, fmt.Sprintf("has %q for a step", shorten(f.step)))
			return
		}
	}
	if len(f.epoch) > 0 {
		if epoch, _, ok := partOf(f.epoch); ok {
			b.Epoch = epoch
		}
	}
	left := f.denied || f.conditions < len(s.where) || s.always && step == sequence.MissingStep
	if f.loss[0] == '[' {
		group := uint64(b.offset) + uint64(begin)
		if s.batch != "" {
			group = hash(f.batch)
		}
		rows := len(b.Losses)
		for list := f.loss[1:]; ; {
			list = bytes.TrimLeft(list, " \t\r\n,")
			if len(list) == 0 || list[0] == ']' {
				break
			}
			value, n := decimal.Parse(list)
			if bytes.HasPrefix(list, []byte("null")) {
				value, n = math.NaN(), 4
			}
			if n == 0 {
				b.Truncate(rows)
				b.malform(data, begin, end, "has a list that holds more than numbers for a loss")
				return
			}
			list = list[n:]
			if !left {
				b.AddToGroup(step, value, group)
			}
		}
		b.records++
		if left {
			b.leftOut++
		}
		return
	}
	value, ok := wholeNumber(f.loss)
	if !ok {
		b.malform(data, begin, end, fmt.Sprintf("has %q for a loss", shorten(f.loss)))
		return
	}
	b.records++
	switch {
	case left:
		b.leftOut++
	case s.batch != "":
		b.AddToGroup(step, value, hash(f.batch))
	case b.Grouped():
		b.AddToGroup(step, value, uint64(b.offset)+uint64(begin))
	default:
		b.Add(step, value)
	}
}

// object looks for paths in an object, which may be followed by nothing but space.
func (s *jsonScanner) object(data []byte, paths [4]string, where []Condition, f *found) bool {
	end, ok := s.fields(data, 0, paths, where, f, 0)
	return ok && end == len(data)
}

// fields reads the object at i and returns its end.
func (s *jsonScanner) fields(data []byte, i int, paths [4]string, where []Condition, f *found, depth int) (int, bool) {
	if i >= len(data) || data[i] != '{' || depth > 32 {
		return i, false
	}
	i = jsonstream.PassSpace(data, i+1)
	if i < len(data) && data[i] == '}' {
		return i + 1, true
	}
	for {
		if i >= len(data) || data[i] != '"' {
			return i, false
		}
		nameEnd := jsonstream.StringEnd(data, i)
		if nameEnd < 0 {
			return i, false
		}
		name := data[i+1 : nameEnd-1]
		i = jsonstream.PassSpace(data, nameEnd)
		if i >= len(data) || data[i] != ':' {
			return i, false
		}
		i = jsonstream.PassSpace(data, i+1)
		if i >= len(data) {
			return i, false
		}
		end := jsonstream.ValueEnd(data, i)
		if end < 0 {
			return i, false
		}
		value := data[i:end]
		if value[0] == '{' {
			if inner, conditions, any := within(name, paths, where); any {
				if _, ok := s.fields(value, 0, inner, conditions, f, depth+1); !ok {
					return i, false
				}
			}
		} else {
			if value[0] == '[' {
				if inner, _, any := within(name, paths, nil); any {
					f.elements(value, inner)
				}
			}
			text := value
			if value[0] == '"' {
				text = value[1 : len(value)-1]
			}
			if string(name) == paths[0] {
				f.loss = text
			}
			if string(name) == paths[1] {
				f.step = text
			}
			if string(name) == paths[2] {
				f.batch = text
			}
			if string(name) == paths[3] {
				f.epoch = text
			}
			for j := range where {
				if string(name) == where[j].Field {
					f.conditions++
					if !where[j].holds(text) {
						f.denied = true
					}
				}
			}
		}
		i = jsonstream.PassSpace(data, end)
		if i >= len(data) {
			return i, false
		}
		switch data[i] {
		case ',':
			i = jsonstream.PassSpace(data, i+1)
		case '}':
			return i + 1, true
		default:
			return i, false
		}
	}
}

// elements takes what is looked for from an array of numbers, each of which has its place for a name.
func (f *found) elements(array []byte, places [4]string) {
	numbers := elementsOf(array)
	for i, to := range []*[]byte{&f.loss, &f.step, &f.batch, &f.epoch} {
		if place, err := strconv.Atoi(places[i]); err == nil && place >= 0 && place < len(numbers) {
			*to = numbers[place]
		}
	}
}

// elementsOf returns the numbers of an array.
func elementsOf(array []byte) [][]byte {
	return bytes.FieldsFunc(array, func(r rune) bool { return r <= ' ' || r == ',' || r == '[' || r == ']' })
}

// mostMeasures is how many measures a record holds at most for the data that an array of them is of.
const mostMeasures = 8

// within returns what of paths and conditions lies in the field of a name.
func within(name []byte, paths [4]string, where []Condition) (inner [4]string, conditions []Condition, any bool) {
	strip := func(path string) (string, bool) {
		if len(path) > len(name)+1 && path[len(name)] == '.' && path[:len(name)] == string(name) {
			return path[len(name)+1:], true
		}
		return "", false
	}
	for k, path := range paths {
		if rest, ok := strip(path); ok {
			inner[k], any = rest, true
		}
	}
	for _, condition := range where {
		if rest, ok := strip(condition.Field); ok {
			condition.Field = rest
			conditions, any = append(conditions, condition), true
		}
	}
	return inner, conditions, any
}

func (s *jsonScanner) survey(data []byte, visit *survey) {
	for i := 0; i < len(data); {
		begin := bytes.IndexByte(data[i:], '{')
		if !s.lines {
			begin = nextObject(data[i:])
		}
		if begin < 0 || begin == len(data)-i {
			return
		}
		end := jsonstream.ObjectEnd(data, i+begin)
		if end < 0 {
			return
		}
		surveyObject(data[i+begin:end], nil, visit, 0)
		visit.endRecord()
		i = end
	}
}

// surveyObject visits the fields of an object. Damaged ones are visited as far as they can be read.
func surveyObject(data, prefix []byte, visit *survey, depth int) {
	if depth > 8 {
		return
	}
	i := jsonstream.PassSpace(data, 1)
	for i < len(data) && data[i] == '"' {
		nameEnd := jsonstream.StringEnd(data, i)
		if nameEnd < 0 {
			return
		}
		name := append(bytes.Clone(prefix), data[i+1:nameEnd-1]...)
		i = jsonstream.PassSpace(data, nameEnd)
		if i >= len(data) || data[i] != ':' {
			return
		}
		if i = jsonstream.PassSpace(data, i+1); i >= len(data) {
			return
		}
		end := jsonstream.ValueEnd(data, i)
		if end < 0 {
			return
		}
		switch value := data[i:end]; value[0] {
		case '{':
			surveyObject(value, append(name, '.'), visit, depth+1)
		case '[':
			first := bytes.TrimLeft(value[1:], " \t\r\n")
			number, n := decimal.Parse(first)
			if n == 0 {
				break
			}
			// Of several numbers below a word that says only what data they are of, each is of a measure; of several that count, the last one
			// counts within the others.
			if all := elementsOf(value); len(all) > 1 && len(all) <= mostMeasures {
				isCounter := lexicon.CounterOf(string(name)).IsNamed()
				if isCounter || lexicon.MeaningOf(string(name)).Strength == lexicon.RoleAlone {
					for place, text := range all {
						if isCounter && place < len(all)-1 {
							continue
						}
						number, ok := wholeNumber(text)
						visit.field(fmt.Appendf(nil, "%s.%d", name, place), text, number, ok)
					}
					break
				}
			}
			visit.field(name, value, number, true)
		case '"':
			text := value[1 : len(value)-1]
			number, ok := wholeNumber(text)
			total := -1.0
			if !ok && lexicon.CounterOf(string(name)) <= lexicon.Epochs {
				number, total, ok = partOf(text)
			}
			visit.add(name, text, number, ok, false, total)
		default:
			number, ok := wholeNumber(value)
			if string(value) != "null" {
				visit.field(name, value, number, ok)
			}
		}
		if i = jsonstream.PassSpace(data, end); i >= len(data) || data[i] != ',' {
			return
		}
		i = jsonstream.PassSpace(data, i+1)
	}
}

func (s *jsonScanner) choose(chosen selection) (scanner, error) {
	if strings.Contains(chosen.loss, "\"") {
		return nil, fmt.Errorf("a field's name cannot hold a quotation mark: %q", chosen.loss)
	}
	return &jsonScanner{lines: s.lines, selection: chosen}, nil
}
