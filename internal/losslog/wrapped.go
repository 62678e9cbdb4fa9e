package losslog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
)

// wrapping is how lines of a log are kept in JSON objects, one each, as containers and services of logs keep them.
type wrapping struct {
	key   string // of the field that holds a line
	ended bool   // lines have their own ends, and may go on in the next object
}

// wrappingOf recognises objects in lines that hold a log's lines in one of their fields: there a loss is named, and in
// the objects' own numbers none is.
func wrappingOf(head []byte) (found wrapping, ok bool) {
	const fewest, most = 3, 200
	if !bytes.HasPrefix(head, []byte("{\"")) && !bytes.HasPrefix(head, []byte("{ \"")) {
		return found, false
	}
	texts, ends, objects := make(map[string]*bytes.Buffer), make(map[string]int), 0
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
		if s := clearest(&textScanner{}, text.Bytes()); s >= measure && (s > best || s == best && key < found.key && ok) {
			best, found, ok = s, wrapping{key, 2*ends[key] > objects}, true
		}
	}
	return found, ok
}

// wrappedReader reads the lines of a log out of their objects. What is no such object is passed on as it is.
type wrappedReader struct {
	wrapping
	r    *bufio.Reader
	out  bytes.Buffer
	line []byte
}

func (w *wrappedReader) Read(p []byte) (int, error) {
	for w.out.Len() == 0 {
		piece, err := w.r.ReadSlice('\n')
		w.line = append(w.line, piece...)
		if err == bufio.ErrBufferFull && len(w.line) < sampleSize {
			continue
		}
		w.unwrap()
		w.line = w.line[:0]
		if err != nil && err != bufio.ErrBufferFull && w.out.Len() == 0 {
			return 0, err
		}
	}
	return w.out.Read(p)
}

// unwrap adds what the line at hand holds to the output.
func (w *wrappedReader) unwrap() {
	var object map[string]json.RawMessage
	var text string
	if json.Unmarshal(w.line, &object) != nil || json.Unmarshal(object[w.key], &text) != nil {
		w.out.Write(w.line)
		return
	}
	w.out.WriteString(text)
	if !w.ended && !strings.HasSuffix(text, "\n") {
		w.out.WriteByte('\n')
	}
}
