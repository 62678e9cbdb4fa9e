package losslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/nolog"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/preface"
)

// Format is how a log is written.
type Format string

// The formats that are read.
const (
	CSV       Format = "csv"    // tables: comma, tab, semicolon or space between fields
	JSONLines Format = "jsonl"  // a JSON object a line
	JSON      Format = "json"   // a JSON document with an array of objects
	Events    Format = "events" // TensorBoard event files
	Text      Format = "text"   // keys, each before its number
	Pattern   Format = "pattern"
)

func (f Format) isJSON() bool { return f == JSON || f == JSONLines }

// Formats are the names that --format takes.
var Formats = []Format{CSV, JSONLines, JSON, Events, Text}

// sampleSize is how much of a file is looked at to tell its format and its fields.
const sampleSize = 1 << 20

// sniffed is what the beginning of a file tells.
type sniffed struct {
	format Format
	start  int // where records begin
	table  chooser
	events bool
}

// chooser is a scanner that can be told what to scan for.
type chooser interface {
	scanner
	choose(selection) (scanner, error)
}

// sample is a file's beginning, as it is read.
type sample struct {
	data    []byte
	whole   bool // it is all of the file
	framing framing
	preface *preface.Preface // what was taken away from each line, if anything
}

func (f file) sample() (sample, error) {
	r, err := f.open()
	if err != nil {
		return sample{}, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, sampleSize))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return sample{data, true, r.framing, r.preface}, nil
	case err != nil && len(data) == 0:
		return sample{}, fmt.Errorf("%s: %w", f.path, err)
	}
	return sample{data, err == nil && len(data) < sampleSize, r.framing, r.preface}, nil
}

// sniff tells the format of a file.
func (f file) sniff(format Format) (sniffed, error) {
	sample, err := f.sample()
	if err != nil {
		return sniffed{}, err
	}
	return sniff(sample.data, f.path, format)
}

// sniff tells a file's format by its content, or takes the one that is given.
func sniff(data []byte, path string, format Format) (sniffed, error) {
	start := 0
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		start = 3 // a byte order mark
	}
	text := data[start:]
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	if len(trimmed) == 0 {
		return sniffed{}, fmt.Errorf("%s is empty: give the log of a training once it holds losses", path)
	}
	is := func(f Format) bool { return format == "" || format == f }
	if is(Events) && isEvents(data) {
		return sniffed{format: Events, events: true}, nil
	}
	if format == Events {
		return sniffed{}, fmt.Errorf("%s is no TensorBoard event file", path)
	}
	if plaintext.IsBinary(text) || bytes.HasPrefix(text, []byte("%PDF-")) {
		return sniffed{}, nolog.Binary(data).ErrOf(path)
	}
	if found, ok := sniffJSON(text, trimmed, format); ok {
		found.start += start
		return found, nil
	}
	if format == JSON {
		return sniffed{}, fmt.Errorf("%s holds no JSON array of objects", path)
	}
	if is(CSV) {
		if table, ok := sniffCSV(text); ok && (format == CSV || table.namesLoss() || tellsMore(table, text)) {
			return sniffed{format: CSV, start: start, table: table}, nil
		}
		if table, ok := sniffTable(text); ok && (format == CSV || tellsMore(table, text)) {
			return sniffed{format: CSV, start: start, table: table}, nil
		}
		if format == CSV {
			return sniffed{}, fmt.Errorf("%s is no table: its first lines do not have the same fields", path)
		}
	}
	code := nolog.Preamble(text)
	if table, ok := sniffText(text[code:]); ok {
		return sniffed{format: Text, start: start + code, table: table}, nil
	}
	if found, ok := nolog.Of(text); ok && format == "" {
		return sniffed{}, found.ErrOf(path)
	}
	return sniffed{}, fmt.Errorf("%s: no loss is found in it: it is no table, JSON or event file, and no number follows a name as"+
		" in 'loss: 0.5'; say where losses are by --pattern, as in --pattern 'error ([-+0-9.eE]+|nan|inf)'", path)
}

// sniffJSON recognises JSON: an object a line, objects over several lines, or a document with an array of objects.
func sniffJSON(text, trimmed []byte, format Format) (sniffed, bool) {
	is := func(f Format) bool { return format == "" || format == f }
	inner := bytes.TrimLeft(trimmed[1:], " \t\r\n")
	if trimmed[0] == '{' && (len(inner) == 0 || inner[0] == '"' || inner[0] == '}') || trimmed[0] == '[' && len(inner) > 0 && inner[0] == '{' {
		first, _, _ := bytes.Cut(trimmed, newline)
		end := jsonstream.ObjectEnd(first, 0)
		if is(JSONLines) && trimmed[0] == '{' && end > 0 && len(plaintext.Trim(first[end:])) == 0 &&
			(format == JSONLines || !holdsRecords(trimmed, first)) {
			return sniffed{format: JSONLines, table: &jsonScanner{lines: true}}, true
		}
		if is(JSON) && objectsFollow(trimmed) {
			return sniffed{format: JSON, start: len(text) - len(trimmed), table: &jsonScanner{}}, true
		}
		if is(JSON) {
			if begin, ok := recordsOf(text); ok {
				return sniffed{format: JSON, start: begin, table: &jsonScanner{}}, true
			}
		}
	}
	return sniffed{format: JSONLines, table: &jsonScanner{lines: true}}, format == JSONLines
}

// objectsFollow says whether objects follow one another with nothing between, each over several lines.
func objectsFollow(text []byte) bool {
	end := jsonstream.ObjectEnd(text, 0)
	return text[0] == '{' && end > 0 && bytes.HasPrefix(bytes.TrimLeft(text[end:], " \t\r\n"), []byte("{"))
}

// namesLoss says whether a table has a column that is named as a loss.
func (s *csvScanner) namesLoss() bool {
	return s.header != nil && slices.ContainsFunc(s.names, func(name string) bool { return lexicon.MeaningOf(name).Strength >= lexicon.Measure })
}

// tellsMore says whether a table's names tell of losses at least as clearly as the names of numbers in other lines do.
func tellsMore(table *csvScanner, text []byte) bool {
	return clearest(table, text) >= clearest(&textScanner{}, text)
}

// clearest is how clearly the clearest of the names that a scanner finds before several numbers says that it is a loss.
func clearest(s scanner, text []byte) lexicon.Strength {
	best, _ := clearestOf(s, text)
	return best
}

// clearestOf also returns how many numbers it stands before.
func clearestOf(s scanner, text []byte) (best lexicon.Strength, n int) {
	survey := newSurvey(surveying{text: true})
	s.survey(text[:s.whole(text)], survey)
	for _, f := range survey.fields {
		if f.numbers > 1 && f.meaning.Strength > best {
			best, n = f.meaning.Strength, 0
		}
		if f.meaning.Strength == best {
			n = max(n, f.numbers)
		}
	}
	return best, n
}

// holdsRecords says that a document on one line holds its records in an array, and is no record itself.
func holdsRecords(text, first []byte) bool {
	rest := bytes.TrimLeft(text[len(first):], " \t\r\n")
	if len(rest) > 0 {
		return false
	}
	_, ok := jsonstream.ArrayOfObjects(first)
	return ok
}
