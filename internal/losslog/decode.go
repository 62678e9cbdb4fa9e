package losslog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"alrc/internal/format/jsonstream"
	"alrc/internal/format/notebook"
	"alrc/internal/format/wandb"
	"alrc/internal/losslog/document"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/nolog"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/preface"
)

// decoded is an open file.
type decoded struct {
	io.Reader
	closers []func() error
	framing framing          // what lines are taken out of
	preface *preface.Preface // what is taken away from each line, if anything
}

func (d *decoded) Close() (err error) {
	for i := len(d.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, d.closers[i]())
	}
	return err
}

// open opens a file as text, JSON or events: decompressed, in UTF-8, and with containers taken apart.
func (f file) open() (*decoded, error) {
	opened, err := os.Open(f.real)
	if err != nil {
		return nil, err
	}
	d := &decoded{closers: []func() error{opened.Close}}
	if d.Reader, err = f.decode(opened, d); err != nil {
		d.Close()
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return d, nil
}

// head returns the beginning of a file as text, which may be that of a container such as a notebook.
func (f file) head() ([]byte, error) {
	opened, err := os.Open(f.real)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	text, err := plaintext.Open(opened, f.path)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	head, err := plaintext.Head(text.Reader)
	if err == nil && plaintext.IsHTML(head) {
		page := bufio.NewReaderSize(text.Reader, sampleSize)
		if shown, ok := shownOf(page); ok {
			return shown, nil
		}
		head, err = plaintext.Head(page)
	}
	if err == nil && isXML(head) {
		return io.ReadAll(newXMLReader(bytes.NewReader(head)))
	}
	return slices.Clone(head), err
}

// shownOf returns what the beginning of a page of HTML shows, and whether that names losses. Styles and scripts may come before it, so
// that r has to hold much.
func shownOf(r *bufio.Reader) (shown []byte, ok bool) {
	head, _ := r.Peek(sampleSize)
	shown = plaintext.Shown(head)
	const fewest = 3
	found := newSurvey(surveying{})
	(&textScanner{}).survey(shown, found)
	table, isTable := sniffTable(shown)
	return shown, isTable && table.namesLoss() ||
		slices.ContainsFunc(found.fields, func(f *fieldSurvey) bool { return f.meaning.Strength == lexicon.Loss && f.numbers >= fewest })
}

// layer is what was made of a file so far: each thing that the beginning of its text shows is taken apart, and the next one looked for in
// what is left.
type layer struct {
	*bufio.Reader
	head []byte
}

// put puts a reader of what is left in the place of the reader before.
func (l *layer) put(r io.Reader, size int) (err error) {
	l.Reader = bufio.NewReaderSize(r, size)
	l.head, err = plaintext.Head(l.Reader)
	return err
}

func (f file) decode(r io.Reader, d *decoded) (io.Reader, error) {
	archive := bufio.NewReaderSize(r, plaintext.HeadSize)
	head, err := plaintext.Head(archive)
	if err != nil {
		return nil, err
	}
	if found, ok := nolog.Archive(head); ok {
		return nil, found.Err()
	}
	text, err := plaintext.Open(archive, f.path)
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, text.Close)
	d.framing.escaped = text.Escaped
	l := &layer{Reader: text.Reader}
	if l.head, err = plaintext.Head(text.Reader); err != nil {
		return nil, err
	}
	if isPointer(l.head) {
		return nil, nolog.Kind{What: "a Git LFS pointer, not the file that it stands for", Instead: "get that by 'git lfs pull'"}.Err()
	}
	if err := l.showPage(); err != nil {
		return nil, err
	}
	if isXML(l.head) {
		return newXMLReader(l.Reader), nil
	}
	if listsPython(l.head) {
		if err := l.put(plaintext.NewReplacer(l.Reader, '\'', '"'), plaintext.HeadSize); err != nil {
			return nil, err
		}
	}
	if err := l.unwrap(d); err != nil {
		return nil, err
	}
	if holdsYAMLLists(l.head) {
		return tableOfYAMLLists(l.Reader)
	}
	if holdsLaTeXTables(l.head) {
		tables, err := tablesOfLaTeX(l.Reader)
		if err == nil {
			err = l.put(tables, plaintext.HeadSize)
		}
		if err != nil {
			return nil, err
		}
	}
	if holdsPipeTables(l.head) {
		return tableOfPipes(l.Reader)
	}
	if err := l.turn(); err != nil {
		return nil, err
	}
	switch {
	case wandb.Is(l.head):
		return wandb.NewReader(l.Reader), nil
	case notebook.Is(l.head):
		return f.lines(plaintext.NewCleanReader(notebook.NewReader(l.Reader)), d)
	}
	if !f.isColumn {
		if series, err := document.NewReader(l.head, l.Reader, func() (*bufio.Reader, error) { return f.openColumn(d) }); series != nil || err != nil {
			return series, err
		}
	}
	if holdsBareLists(l.head) {
		return tableOfBareLists(l.Reader)
	}
	var lines io.Reader = l.Reader
	if plaintext.NeedsCleaning(l.head) {
		lines, l.head = plaintext.NewCleanReader(l.Reader), new(plaintext.Cleaner).Clean(l.head, true)
	}
	if !f.verbatim && plaintext.LagsBehind(l.head) {
		d.framing.redrawn = true
		lines = plaintext.NewRedrawnReader(lines)
	}
	return f.lines(lines, d)
}

// showPage takes what a page of HTML shows, if that names losses.
func (l *layer) showPage() error {
	if !plaintext.IsHTML(l.head) {
		return nil
	}
	if err := l.put(l.Reader, sampleSize); err != nil {
		return err
	}
	if _, ok := shownOf(l.Reader); !ok {
		return nil
	}
	return l.put(plaintext.NewMarkupReader(l.Reader), plaintext.HeadSize)
}

// unwrap takes lines out of what they are kept in: objects, rows, or a document.
func (l *layer) unwrap(d *decoded) error {
	inner, ok := wrappingOf(l.head)
	if !ok {
		inner, ok = wrappingTable(l.head)
	}
	var lines io.Reader
	newest := false
	switch {
	case ok:
		d.framing.wrapping = &inner
		lines, newest = &wrappedReader{wrapping: inner, r: l.Reader}, inner.newestFirst(l.head)
	case notebook.Is(l.head) || wandb.Is(l.head):
		return nil
	default:
		field, ok := messagesIn(l.head)
		if !ok {
			return nil
		}
		lines, newest = &messagesReader{messages: messages{Stream: jsonstream.Stream{R: l.Reader}}, messageField: field}, field.newestFirst
	}
	if newest {
		var err error
		if lines, err = reversed(bufio.NewReader(lines), 0); err != nil {
			return err
		}
	}
	return l.put(lines, plaintext.HeadSize)
}

// turn turns a text round whose newest line, or record, stands first.
func (l *layer) turn() error {
	if notebook.Is(l.head) || wandb.Is(l.head) {
		return nil
	}
	found, ok := recordsNewestFirst(l.head)
	if ok && found.format == JSON {
		records, err := remade(l.Reader, func(text []byte) []byte { return turnedRecords(text, found.start) })
		if err != nil {
			return err
		}
		return l.put(records, plaintext.HeadSize)
	}
	from := 0
	if !ok {
		from, ok = newestFirst(l.head)
	}
	if !ok {
		return nil
	}
	lines, err := reversed(l.Reader, from)
	if err != nil {
		return err
	}
	return l.put(lines, plaintext.HeadSize)
}

// openColumn opens a document anew, as it is; d closes it.
func (f file) openColumn(d *decoded) (*bufio.Reader, error) {
	f.isColumn = true
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, r.Close)
	return bufio.NewReaderSize(r, plaintext.HeadSize), nil
}

// lines returns a text without what loggers add to each line of it, or the lists in it as a table, and data frames in one part.
func (f file) lines(r io.Reader, d *decoded) (io.Reader, error) {
	l := new(layer)
	if err := l.put(r, plaintext.HeadSize); err != nil {
		return nil, err
	}
	if !f.verbatim {
		if d.preface = preface.Find(l.head); d.preface != nil {
			if err := l.put(d.preface.NewReader(l.Reader), plaintext.HeadSize); err != nil {
				return nil, err
			}
		}
	}
	if holdsNamedLists(l.head) {
		d.preface = nil
		return tableOfLists(l.Reader)
	}
	if holdsWideFrames(l.head) {
		d.preface = nil
		return joinedFrames(l.Reader)
	}
	return l.Reader, nil
}

// listsPython recognises a list of dictionaries as Python prints it, which is JSON but for its quotes.
func listsPython(head []byte) bool {
	return bytes.HasPrefix(plaintext.TrimStart(head), []byte("[{'")) && bytes.IndexByte(head, '"') < 0
}

// isPointer recognises what Git LFS leaves in the place of a large file.
func isPointer(head []byte) bool {
	return bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/")) && bytes.Contains(head, []byte("\noid sha256:"))
}

// mostRemade is how large a text is at most that is read as a whole.
const mostRemade = 64 << 20

// remade returns a reader of what remake makes of all that r holds, and of that as it is where it is too large or remake returns nil.
func remade(r io.Reader, remake func(text []byte) []byte) (io.Reader, error) {
	text, err := io.ReadAll(io.LimitReader(r, mostRemade+1))
	if err != nil {
		return nil, err
	}
	if len(text) <= mostRemade {
		if made := remake(text); made != nil {
			return bytes.NewReader(made), nil
		}
	}
	return io.MultiReader(bytes.NewReader(text), r), nil
}
