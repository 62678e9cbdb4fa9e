package nolog

import (
	"bufio"
	"bytes"

	"alrc/internal/decimal"
	"alrc/internal/format/jsonstream"
	"alrc/internal/format/notebook"
	"alrc/internal/losslog/plaintext"
)

// OneRecord is what a document is called that is an object of numbers and texts alone.
const OneRecord = "one record (settings, or the results of a run)"

// Notebook is what notebooks are called that hold no losses.
const Notebook = "a notebook whose cells have printed no losses"

// documentKind tells what a JSON document is by its structure; ok is false for one that may hold the records of a log.
func documentKind(head []byte) (k Kind, ok bool) {
	text := plaintext.TrimStart(head)
	if !isDocument(text) {
		return k, false
	}
	d := readDocument(text)
	is := func(what, instead string) (Kind, bool) {
		return Kind{what, instead, false}, true
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if !d.keys[name] {
				return false
			}
		}
		return true
	}
	switch {
	case notebook.Is(head):
		return is(Notebook, "run its cells, or give the log that they wrote")
	case has("merges") || has("added_tokens") || has("vocab"):
		return is("a tokenizer", GiveLog)
	case d.entries >= 20 && d.whole*10 >= d.entries*9 && text[0] == '{':
		return is("a vocabulary (JSON)", GiveLog)
	case has("annotations", "images") || has("features", "geometry"):
		return is("the annotations of a data set", GiveLog)
	case d.texts >= 10 && d.long*3 >= d.texts:
		return is("a data set of texts", GiveLog)
	case text[0] == '{' && d.roots == 1 && !d.objects && !d.columns:
		return is(OneRecord, "give the log of the run: "+GiveLog[len("give the log of the training: "):])
	}
	return k, false
}

// isDocument says whether text begins as JSON does that is no line of numbers in brackets.
func isDocument(text []byte) bool {
	if len(text) < 2 || text[0] != '{' && text[0] != '[' {
		return false
	}
	inner := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(inner) > 0 && (inner[0] == '"' || text[0] == '[' && (inner[0] == '{' || inner[0] == '['))
}

// document is what the beginning of a JSON document holds.
type document struct {
	keys           map[string]bool // of the first two levels
	roots          int             // documents that follow one another
	entries, whole int             // values of the first object itself, and those of them that are whole numbers
	texts, long    int             // texts, and those of more than a few words
	objects        bool            // there are arrays of objects
	columns        bool            // there are arrays of several numbers
}

func readDocument(text []byte) document {
	d := document{keys: make(map[string]bool)}
	s := jsonstream.Stream{R: bufio.NewReader(bytes.NewReader(text))}
	row := 0 // numbers that follow one another in an array
	for {
		event, err := s.Next()
		if err != nil {
			return d
		}
		depth := len(s.Stack)
		inArray := depth > 0 && s.Stack[depth-1] == '['
		if event != jsonstream.Other {
			row = 0
		}
		switch event {
		case jsonstream.Begin:
			if depth == 1 {
				d.roots++
			}
			d.objects = d.objects || s.Text[0] == '{' && depth > 1 && s.Stack[depth-2] == '['
		case jsonstream.Key:
			if depth <= 3 && len(s.Text) < 40 {
				d.keys[string(s.Text)] = true
			}
		case jsonstream.String:
			d.texts++
			if bytes.Count(s.Text, []byte{' '}) > 6 {
				d.long++
			}
		}
		if depth == 1 && d.roots == 1 && (event == jsonstream.String || event == jsonstream.Other) {
			d.entries++
		}
		if event == jsonstream.Other {
			value, ok := decimal.Whole(s.Text)
			if ok && depth == 1 && d.roots == 1 && decimal.IsWhole(value) {
				d.whole++
			}
			if row++; inArray && ok && row > 2 {
				d.columns = true
			}
		}
	}
}
