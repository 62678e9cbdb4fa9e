package document

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"

	"alrc/internal/csvfield"
	"alrc/internal/decimal"
	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// isColumns recognises a JSON document whose series are arrays of numbers, each in a field of its own, as Keras' history, or objects
// that number theirs, as Pandas writes a table.
func isColumns(head []byte) bool {
	text := plaintext.TrimStart(head)
	if !bytes.HasPrefix(text, []byte("{")) {
		return false
	}
	if end := jsonstream.ObjectEnd(text, 0); end > 0 && len(bytes.TrimSpace(text[end:])) > 0 {
		return false // objects follow one another: a batch of losses each
	}
	_, records := jsonstream.ArrayOfObjects(text) // which may hold arrays that have titles
	s := jsonstream.Stream{R: bufio.NewReader(bytes.NewReader(text))}
	key, numbered, titled := "", false, false
	for run := 0; ; {
		event, err := s.Next()
		if err != nil {
			return false
		}
		inArray := len(s.Stack) > 0 && s.Stack[len(s.Stack)-1] == '['
		switch {
		case event == jsonstream.Key && isNumeral(s.Text):
			numbered = true
		case event == jsonstream.Key:
			key = string(s.Text)
			run, numbered = 0, false
		case event == jsonstream.Begin || event == jsonstream.End:
			run, numbered = 0, false
		case event == jsonstream.String && !inArray && titleKeys[key]:
			titled = titled || lexicon.MeaningOf(string(s.Text)).Strength >= lexicon.Measure
		case (inArray || numbered) && (event == jsonstream.Other || titled && event == jsonstream.String && isNumeral(s.Text[:min(len(s.Text), 1)])):
			// Settings have pairs, too.
			run++
			if isTitled := titled && valueKeys[key]; run > 1 && isTitled || !records && (run > 2 || run > 1 && lexicon.MeaningOf(key).Strength == lexicon.Loss) {
				return true
			}
		}
	}
}

// mostColumns bounds how many series of a document are read side by side.
const mostColumns = 64

// column reads one array of numbers of a document.
type column struct {
	stream jsonstream.Stream
	ended  bool
	keys   bool // the numbers' own numbers are read, and not these
}

// columnsReader turns arrays of numbers into a table, of which each is a column. It reads the document once for each, side by
// side, so that its size does not matter.
type columnsReader struct {
	columns []*column
	out     bytes.Buffer
}

func newColumnsReader(open func() (*bufio.Reader, error)) (io.Reader, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	c := new(columnsReader)
	var names []string
	numbered := "" // one whose numbers have numbers: of losses of training, if there is one
	walkArrays(&jsonstream.Stream{R: r}, func(name string, keys bool) bool {
		if keys && (numbered == "" || !lexicon.MeaningOf(numbered).IsTrainingLoss() && lexicon.MeaningOf(name).IsTrainingLoss()) {
			numbered = name
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		return len(names) == mostColumns
	})
	if len(names) == 0 {
		return open() // of matrices alone
	}
	add := func(title, name string, keys bool) error {
		if len(c.columns) > 0 {
			c.out.WriteByte(',')
		}
		c.out.Write(csvfield.Append(c.out.AvailableBuffer(), title))
		r, err := open()
		if err != nil {
			return err
		}
		at := &column{stream: jsonstream.Stream{R: r}, keys: keys}
		at.ended = !walkArrays(&at.stream, func(found string, _ bool) bool { return found == name })
		c.columns = append(c.columns, at)
		return nil
	}
	if numbered != "" {
		title := "step"
		if slices.Contains(names, title) {
			title = "n"
		}
		if err := add(title, numbered, true); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		if err := add(name, name, false); err != nil {
			return nil, err
		}
	}
	c.out.WriteByte('\n')
	return c, nil
}

// walkArrays calls do with the name of each array, or object of numbered ones, that begins with a number, or with an array of a step and a
// number. It ends, right before that array goes on, once do says so; it returns false if it never did.
func walkArrays(s *jsonstream.Stream, do func(name string, numbered bool) bool) bool {
	var path []string
	titles := []string{""} // of the objects that are open
	key := ""
	for {
		event, err := s.Next()
		if err != nil {
			return false
		}
		switch event {
		case jsonstream.Key:
			key = string(s.Text)
		case jsonstream.Begin:
			open, depth := s.Text[0], len(s.Stack)
			head, _ := s.R.Peek(256)
			text, pairs := firstOfArray(open, bytes.TrimLeft(head, " \t\r\n"))
			if value, n := decimal.Parse(text); n > 0 || bytes.HasPrefix(text, []byte("null")) {
				own := key
				if own == "x" && decimal.IsWhole(value) && value < firstTime {
					own = "step" // of the "y" beside it
				}
				name := nameOfArray(path, own, titles[len(titles)-1])
				// Other arrays of pairs are matrices.
				matrix := pairs != noPairs && open == '[' && lexicon.MeaningOf(name).Strength < lexicon.Measure
				if !matrix && do(name, pairs == numberedPairs) {
					return true
				}
				for pairs != noPairs && open == '[' && len(s.Stack) >= depth {
					if _, err := s.Next(); err != nil {
						return false
					}
				}
				if len(s.Stack) < depth {
					continue
				}
			}
			path = append(path, key)
			titles = append(titles, "")
			key = ""
		case jsonstream.String:
			if top := len(titles) - 1; titleKeys[key] {
				titles[top] = string(s.Text)
			}
		case jsonstream.End:
			if len(path) > 0 {
				key = path[len(path)-1]
				path = path[:len(path)-1]
			}
			if top := len(titles) - 1; top > 0 {
				if titleKeys[key] && titles[top-1] == "" {
					titles[top-1] = titles[top] // "metric": {"__name__": "loss"}
				}
				titles = titles[:top]
			}
		}
	}
}

// What is drawn, or kept by services of metrics, has its name in a text beside its numbers: {"name": "loss", "x": [0, 1], "y": [2.5, 2.1]}.
var (
	titleKeys = lexicon.Set("metric_name name __name__ title label metric legend series tag")
	valueKeys = lexicon.Set("y value values data points datapoints pointlist samples")
)

// nameOfArray returns the name of the numbers of an array: the keys that lead to it, and the title beside it.
func nameOfArray(path []string, key, title string) string {
	name := key
	if m := lexicon.MeaningOf(title); m.Strength >= lexicon.RoleAlone && valueKeys[key] {
		if name = title; m.Strength > lexicon.RoleAlone {
			path = nil
		} else if n := len(path); n > 0 && path[n-1] == title {
			path = path[:n-1]
		}
	}
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != "" {
			name = path[i] + "." + name
		}
	}
	return name
}

// arrayPairs says whether the numbers of an array have numbers of their own.
type arrayPairs uint8

const (
	noPairs arrayPairs = iota
	numberedPairs
	timedPairs
)

// firstTime is the least number that is a time, in seconds since 1970.
const firstTime = 1e9

// firstOfArray returns what the first number of an array or object begins with, and whether numbers have numbers of their own: keys, or, as in
// [[100, 0.5], [200, 0.4]], their steps or their times.
func firstOfArray(open byte, text []byte) (number []byte, pairs arrayPairs) {
	if open == '{' {
		key, rest, _ := bytes.Cut(text, []byte(":"))
		key, ok := bytes.CutPrefix(bytes.TrimSpace(key), []byte(`"`))
		if !ok || !isNumeral(bytes.TrimSuffix(key, []byte(`"`))) {
			return nil, noPairs
		}
		return bytes.TrimLeft(rest, " \t\r\n"), numberedPairs
	}
	if !bytes.HasPrefix(text, []byte("[")) {
		return text, noPairs
	}
	pair, rest, closed := bytes.Cut(text[1:], []byte("]"))
	parts := bytes.Split(pair, []byte(","))
	if !closed || len(parts) != 2 && len(parts) != 3 || !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(",")) {
		return nil, noPairs
	}
	step := bytes.TrimSpace(parts[len(parts)-2])
	number = bytes.TrimPrefix(bytes.TrimSpace(parts[len(parts)-1]), []byte(`"`))
	switch value, ok := decimal.Whole(step); {
	case !ok, value < firstTime && !decimal.IsWhole(value):
		return nil, noPairs
	case value >= firstTime:
		return number, timedPairs
	}
	return number, numberedPairs
}

// next returns the column's next number, or the end of its array.
func (c *column) next() (event jsonstream.Event, text []byte, err error) {
	event, err = c.stream.Next()
	if err != nil || event != jsonstream.Key && event != jsonstream.Begin {
		return event, c.stream.Text, err
	}
	step, number := []byte(nil), bytes.Clone(c.stream.Text)
	if event == jsonstream.Key {
		step = number
		event, err = c.stream.Next()
		number = c.stream.Text
	} else {
		for event != jsonstream.End && err == nil {
			if event, err = c.stream.Next(); event == jsonstream.Other || event == jsonstream.String {
				step, number = number, bytes.Clone(c.stream.Text)
			}
		}
		event = jsonstream.Other
	}
	if c.keys {
		return event, step, err
	}
	return event, number, err
}

// isNumeral says whether a key is a number.
func isNumeral(key []byte) bool { return len(key) > 0 && len(bytes.Trim(key, "0123456789")) == 0 }

func (c *columnsReader) Read(p []byte) (int, error) {
	if c.out.Len() == 0 {
		any := false
		for i, column := range c.columns {
			if i > 0 {
				c.out.WriteByte(',')
			}
			if column.ended {
				continue
			}
			event, text, err := column.next()
			switch {
			case err != nil && !errors.Is(err, io.EOF):
				return 0, err
			case err != nil:
				return 0, io.ErrUnexpectedEOF
			case event == jsonstream.Other || event == jsonstream.String:
				any = true
				c.out.Write(csvfield.Append(c.out.AvailableBuffer(), text))
			default:
				column.ended = true
			}
		}
		c.out.WriteByte('\n')
		if !any {
			return 0, io.EOF
		}
	}
	return c.out.Read(p)
}
