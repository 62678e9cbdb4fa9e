package losslog

import (
	"bytes"
	"errors"
	"io"

	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/preface"
	"alrc/internal/losslog/sequence"
)

// Stream reads a log that comes piece by piece, as a running program writes it, and hands on its steps as soon as their
// lines are whole. Which number is the loss is decided by the first lines that tell.
type Stream struct {
	options Options
	do      func(*Chunk) error

	clean   plaintext.Cleaner
	frame   *unframer       // of the log's lines, where they are kept within others, once the loss is chosen
	preface *preface.Filter // what stands before each line, once the loss is chosen
	part    []byte          // of a line, of which the rest is not there yet
	data    []byte          // not read yet
	lines   int             // in data, before the loss is chosen
	looked  int             // lines at which the loss was last looked for
	missing error           // why it is not chosen yet

	log      *Log
	table    scanner
	sequence *sequence.Sequencer
	block    block
	chunk    Chunk
}

// longestHeading bounds what is kept before a loss is found, which may come ever so late.
const longestHeading = 1 << 18

// A loss is looked for in so many lines at least, and is chosen for good once they name it several times, or are many.
const fewestLines, fewestLosses, manyLines = 5, 8, 40

// NewStream returns a stream that calls do with the log's steps as they come. A chunk is valid only during the call. The
// inputs of the options do not count.
func NewStream(o Options, do func(*Chunk) error) *Stream {
	return &Stream{options: o, do: do, missing: errors.New("nothing was written yet")}
}

// take adds a piece to the data, without what terminals make of text and without the preface of lines. What may go on in the next
// piece waits for it, unless this is the last.
func (s *Stream) take(p []byte, last bool) {
	text := s.clean.Clean(p, last)
	if s.frame != nil {
		text = s.frame.take(text, last)
	}
	if s.preface == nil {
		s.data = append(s.data, text...)
		return
	}
	s.part = append(s.part, text...)
	s.data, s.part = s.preface.Append(s.data, s.part, last)
}

// Missing says why no loss is chosen yet; nil once one is.
func (s *Stream) Missing() error { return s.missing }

// Lines is the number of lines that were looked at for a loss.
func (s *Stream) Lines() int { return s.looked }

// Write takes the next piece. Its error is that of do.
func (s *Stream) Write(p []byte) (int, error) {
	before := len(s.data)
	s.take(p, false)
	if s.log == nil {
		s.lines += bytes.Count(s.data[before:], newline) + bytes.Count(s.data[before:], []byte{'\r'})
		// A few lines are often a heading alone. Looking takes a while, so that it must not be done for each of many.
		if s.lines < fewestLines || s.lines-s.looked < max(1, s.looked/4) {
			return len(p), nil
		}
		if s.choose(false); s.log == nil {
			return len(p), nil
		}
	}
	return len(p), s.scan(false)
}

// Close reads what is left, as the end. Its error is that of do, or says that no loss was found.
func (s *Stream) Close() error {
	s.take(nil, true)
	if s.log == nil {
		if s.choose(true); s.log == nil {
			return s.missing
		}
	}
	if err := s.scan(true); err != nil {
		return err
	}
	s.chunk.Reset()
	s.sequence.Flush(&s.chunk)
	return s.hand()
}

// choose settles the format and the loss, by what there is so far.
func (s *Stream) choose(last bool) {
	s.looked = s.lines
	head := s.data
	if !last {
		head = head[:bytes.LastIndexAny(head, "\r\n")+1]
	}
	if len(head) == 0 {
		return
	}
	path, remove, err := spool(bytes.NewReader(head))
	if err != nil {
		s.missing = err
		return
	}
	defer remove()
	input := file{path: "the output so far", real: path, verbatim: s.options.verbatim()}
	l := &Log{options: s.options, run: series{files: []file{input}}, remove: func() {}}
	seen, err := l.choose()
	if err != nil {
		s.missing = err
		if len(s.data) > longestHeading {
			s.data = s.data[:copy(s.data, s.data[len(s.data)-longestHeading/4:])]
		}
		return
	}
	if seen != nil {
		if s.table, err = s.tableOf(seen, l.chosen, head, last); err != nil {
			s.missing = err
			return
		}
		if f := seen.head.framing; f != (framing{}) {
			s.frame = &unframer{framing: f}
			s.data = bytes.Clone(s.frame.take(s.data, last))
		}
		if p := seen.head.preface; p != nil {
			s.preface = &preface.Filter{Preface: p}
			s.data, s.part = s.preface.Append(nil, s.data, last)
		}
		s.data = s.data[seen.kind.start:]
	}
	s.log, s.missing = l, nil
	l.tellChosen()
	s.sequence = sequence.New(l.order)
}

// tableOf returns the scanner of what was chosen, unless what comes next may tell more.
func (s *Stream) tableOf(seen *look, chosen selection, head []byte, last bool) (scanner, error) {
	if seen.kind.events {
		return nil, errors.New("event files cannot be read as they are written to a pipe")
	}
	if !last && !s.settled(bytes.Count(head, []byte(chosen.loss)), chosen.step != "") {
		return nil, errors.New("the first lines do not tell all yet")
	}
	return seen.kind.table.choose(chosen)
}

// settled says whether lines that name the loss so often, and count its steps or not, tell enough: those that follow may be of another
// kind, such as training behind a validation, and the row of a box that counts may be its last.
func (s *Stream) settled(losses int, counted bool) bool {
	if !counted && losses*2 < s.looked {
		return s.looked >= manyLines
	}
	return losses >= fewestLosses || s.looked >= manyLines
}

// Source says what is read, once a loss is chosen.
func (s *Stream) Source() Source {
	if s.log == nil {
		return Source{}
	}
	return s.log.source
}

// scan reads the records that are whole; last says that the last one is, too.
func (s *Stream) scan(last bool) error {
	s.block.reset()
	whole := len(s.data)
	if s.log.pattern != nil {
		whole = s.log.pattern.scan(s.data, last, &s.block)
	} else {
		if !last {
			whole = s.table.whole(s.data)
		}
		if whole > 0 {
			s.table.scan(s.data[:whole], &s.block)
		}
	}
	if len(s.data)-whole > longestRecord {
		whole = len(s.data) // no record is so long
	}
	s.data = s.data[:copy(s.data, s.data[whole:])]
	s.chunk.Reset()
	s.sequence.Push(&s.block.Rows, &s.chunk)
	return s.hand()
}

func (s *Stream) hand() error {
	if s.chunk.Len() == 0 {
		return nil
	}
	return s.do(&s.chunk)
}

var _ io.WriteCloser = (*Stream)(nil)
