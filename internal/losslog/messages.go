package losslog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// messagesIn recognises a JSON document in which a log's lines are the texts of a field, however deep, as services of logs export them:
// {"events": [{"message": "step 10, loss 0.5"}, ...]}.
func messagesIn(head []byte) (field messageField, ok bool) {
	const fewest, most = 3, 200
	start := plaintext.TrimStart(head)
	if !bytes.HasPrefix(start, []byte("{")) && !bytes.HasPrefix(start, []byte("[")) {
		return field, false
	}
	texts, counts, ends, times := make(map[string]*bytes.Buffer), make(map[string]int), make(map[string]int), make(map[string]*course)
	m := messages{Stream: jsonstream.Stream{R: bufio.NewReader(bytes.NewReader(start))}}
	for m.next() == nil {
		if times[m.key] == nil {
			times[m.key] = new(course)
		}
		times[m.key].see(m.Text)
		if m.text == nil || counts[m.key] == most || len(m.text) > longestLine || bytes.Count(m.text, newline) > 1 {
			continue
		}
		if texts[m.key] == nil {
			texts[m.key] = new(bytes.Buffer)
		}
		counts[m.key]++
		if bytes.HasSuffix(m.text, newline) {
			ends[m.key]++
		}
		texts[m.key].WriteString(strings.TrimSuffix(string(m.text), "\n") + "\n")
	}
	best := lexicon.Unknown
	for name, text := range texts {
		strength, n := clearestOf(&textScanner{}, shownText(text))
		if counts[name] >= fewest && n*4 >= counts[name] && strength >= lexicon.Measure && (strength > best || strength == best && name < field.key) {
			best, field = strength, messageField{key: name, ended: 3*ends[name] > counts[name]}
		}
	}
	for name, t := range times {
		field.newestFirst = field.newestFirst || name != field.key && !lexicon.CountsDown(name) && t.falls()
	}
	return field, field.key != "" && best > clearest(&jsonScanner{}, head)
}

// messageField is a field whose texts are a log's lines.
type messageField struct {
	key   string
	ended bool // lines have their own ends, and may go on in the next text
	// newestFirst says that times beside the texts go down.
	newestFirst bool
}

// longestLine is how long a text may be that is a log's line.
const longestLine = 2000

// messages goes through the texts of a JSON document.
type messages struct {
	jsonstream.Stream
	key  string // of the field at hand, or of the array that the text is in
	text []byte // nil where the part at hand is none
}

func (m *messages) next() error {
	event, err := m.Stream.Next()
	m.text = nil
	if err != nil {
		return err
	}
	switch event {
	case jsonstream.Key:
		m.key = string(m.Text)
	case jsonstream.String:
		m.text = m.Text
	}
	return nil
}

// messagesReader reads the lines that the texts of a field hold.
type messagesReader struct {
	messages
	messageField
	out bytes.Buffer
}

func (r *messagesReader) Read(p []byte) (int, error) {
	for r.out.Len() == 0 {
		if err := r.next(); err != nil {
			if len(r.Stack) > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		if r.text != nil && r.messages.key == r.messageField.key {
			r.out.Write(r.text)
			if !r.ended && !bytes.HasSuffix(r.text, newline) {
				r.out.WriteByte('\n')
			}
		}
	}
	return r.out.Read(p)
}
