package losslog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// wrapping is how lines of a log are kept in JSON objects, or in rows of a table, one each, as containers and services of logs keep
// them.
type wrapping struct {
	key    string // of the field that holds a line
	ended  bool   // lines have their own ends, and may go on in the next object
	column int    // of a table, the column that holds a line, counted from 1; else 0
	cast   bool   // what a terminal showed, as asciinema records it: arrays of a time, a kind and a text
	named  bool   // names of series are in labels, as Prometheus dumps them: {__name__="loss", run="3"} 0.5
}

// newestFirst says whether the objects or rows come with the newest first, as a text's beginning shows.
func (w *wrapping) newestFirst(head []byte) (ok bool) {
	switch {
	case w.key != "":
		_, ok = recordsNewestFirst(head)
	case w.column > 0:
		ok = rowsNewestFirst(head)
	}
	return ok
}

// nameLabel begins a line whose first label is the name of its series.
var nameLabel = []byte(`{__name__="`)

// wrappingOf recognises objects in lines that hold a log's lines in one of their fields: there a loss is named, and in
// the objects' own numbers none is.
func wrappingOf(head []byte) (found wrapping, ok bool) {
	const fewest, most = 3, 200
	if bytes.HasPrefix(head, nameLabel) {
		return wrapping{named: true}, true
	}
	if !bytes.HasPrefix(head, []byte("{\"")) && !bytes.HasPrefix(head, []byte("{ \"")) {
		return found, false
	}
	texts, ends, objects := make(map[string]*bytes.Buffer), make(map[string]int), 0
	if first, rest, _ := bytes.Cut(head, newline); bytes.HasPrefix(first, []byte(`{"version":`)) && bytes.HasPrefix(rest, []byte{'['}) {
		return wrapping{cast: true}, true
	}
	rest := head
	for objects < most {
		line, after, whole := bytes.Cut(rest, newline)
		if !whole {
			break
		}
		rest = after
		var object map[string]json.RawMessage
		if json.Unmarshal(line, &object) != nil {
			return found, false
		}
		objects++
		for key, value := range object {
			var text string
			if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &text) != nil {
				continue
			}
			if texts[key] == nil {
				texts[key] = new(bytes.Buffer)
			}
			if strings.HasSuffix(text, "\n") {
				ends[key]++
			}
			texts[key].WriteString(strings.TrimSuffix(text, "\n") + "\n")
		}
	}
	if objects < fewest {
		return found, false
	}
	best := clearest(&jsonScanner{lines: true}, head[:len(head)-len(rest)])
	for key, text := range texts {
		if s := clearestShown(text); s >= lexicon.Measure && (s > best || s == best && key < found.key && ok) {
			best, found, ok = s, wrapping{key: key, ended: 2*ends[key] > objects}, true
		}
	}
	return found, ok
}

// shownText is what a terminal shows of a text.
func shownText(text *bytes.Buffer) []byte { return new(plaintext.Cleaner).Clean(text.Bytes(), true) }

// clearestShown is how clearly the clearest name of what a terminal shows of a text, be it a table, says that it is a loss.
func clearestShown(text *bytes.Buffer) lexicon.Strength {
	shown := shownText(text)
	if table, ok := sniffTable(shown); ok && table.namesLoss() && tellsMore(table, shown) {
		return clearest(table, shown)
	}
	return clearest(&textScanner{}, shown)
}

// wrappingTable recognises a table one of whose columns holds a log's lines: there a loss is named, and none of the columns is one.
func wrappingTable(head []byte) (found wrapping, ok bool) {
	const fewest, most = 3, 200
	first, rest, _ := bytes.Cut(head, newline)
	names := splitFields(bytes.TrimRight(first, "\r"), ',')
	if len(names) < 2 || !areNames(names) || bytes.ContainsAny(first, ":={}[]") {
		return found, false
	}
	for _, name := range names {
		if lexicon.MeaningOf(fieldText(name)).Strength >= lexicon.Measure {
			return found, false
		}
	}
	texts, numbers := make([]bytes.Buffer, len(names)), make([]int, len(names))
	rows := 0
	for rows < most {
		line, after, whole := bytes.Cut(rest, newline)
		for whole && isOpen(line) {
			var more []byte
			more, after, whole = bytes.Cut(after, newline)
			line = rest[:len(line)+1+len(more)]
		}
		if !whole {
			break
		}
		rest = after
		cells := splitFields(bytes.TrimRight(line, "\r"), ',')
		if len(cells) != len(names) {
			return found, false
		}
		rows++
		for i, cell := range cells {
			texts[i].WriteString(strings.TrimRight(fieldText(cell), "\r\n") + "\n")
			numbers[i] += flagOf(isCellNumber(unquote(cell)))
		}
	}
	if rows < fewest {
		return found, false
	}
	best := lexicon.Unknown
	for i := range texts {
		if numbers[i]*2 > rows {
			continue
		}
		if s := clearestShown(&texts[i]); s >= lexicon.Measure && s > best {
			best, found, ok = s, wrapping{column: i + 1}, true
		}
	}
	return found, ok
}

// isOpen says whether a line of a table ends within quotes, so that its row goes on in the next line.
func isOpen(line []byte) bool { return bytes.Count(line, []byte{'"'})%2 == 1 }

// wrappedReader reads the lines of a log out of their objects. What is no such object is passed on as it is.
type wrappedReader struct {
	wrapping
	r    *bufio.Reader
	out  bytes.Buffer
	line []byte
	open bool // the line ends within quotes
}

func (w *wrappedReader) Read(p []byte) (int, error) {
	for w.out.Len() == 0 {
		piece, err := w.r.ReadSlice('\n')
		w.line = append(w.line, piece...)
		w.open = w.open != isOpen(piece)
		if len(w.line) < sampleSize && (err == bufio.ErrBufferFull || err == nil && w.column > 0 && w.open) {
			continue
		}
		if err == nil || err == bufio.ErrBufferFull || w.isWhole(w.line) {
			w.unwrap(&w.out, w.line)
			w.line, w.open = w.line[:0], false
		}
		if err != nil && err != bufio.ErrBufferFull && w.out.Len() == 0 {
			return 0, err
		}
	}
	return w.out.Read(p)
}

// isWhole says whether the rest of a file, which may be growing, is all of a line, though it has no end.
func (w *wrapping) isWhole(rest []byte) bool {
	return w.column > 0 || w.named || json.Valid(rest)
}

// unwrap adds what a line holds to the output.
func (w *wrapping) unwrap(out *bytes.Buffer, line []byte) {
	if len(line) == 0 {
		return
	}
	if w.column > 0 {
		if cells := splitFields(bytes.TrimRight(line, "\r\n"), ','); len(cells) >= w.column {
			out.WriteString(strings.TrimRight(fieldText(cells[w.column-1]), "\r\n"))
		}
		out.WriteByte('\n')
		return
	}
	if w.named {
		if labels, ok := bytes.CutPrefix(line, nameLabel); ok {
			name, others, _ := bytes.Cut(labels, []byte{'"'})
			out.Write(name)
			out.WriteByte('{')
			line = bytes.TrimLeft(others, ", ")
		}
		out.Write(line)
		return
	}
	if w.cast {
		var event []any
		if json.Unmarshal(line, &event) == nil && len(event) == 3 && event[1] == "o" {
			text, _ := event[2].(string)
			out.WriteString(text)
		}
		return
	}
	var object map[string]json.RawMessage
	var text string
	if json.Unmarshal(line, &object) != nil || json.Unmarshal(object[w.key], &text) != nil {
		out.Write(line)
		return
	}
	out.WriteString(text)
	if !w.ended && !strings.HasSuffix(text, "\n") {
		out.WriteByte('\n')
	}
}
