package losslog

import (
	"bytes"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/sequence"
)

// block is what a scanner finds in a piece of a file.
type block struct {
	sequence.Rows

	records   int // records with a loss, also those that conditions leave out
	leftOut   int // records that conditions leave out
	malformed int
	bad       string // the first malformed record's content, shortened
	badReason string
	badOffset int // its place in the piece
	badLine   int // lines before it in the piece
	lines     int // lines in the piece
	offset    int64
	note      string // what ended a file early

	cells [][]byte // of the line at hand, for use again
}

func (b *block) reset() {
	b.Rows.Reset()
	*b = block{Rows: b.Rows, cells: b.cells[:0]}
}

// malform counts a malformed record.
func (b *block) malform(data []byte, begin, end int, reason string) {
	if b.malformed == 0 {
		b.bad = shorten(data[begin:end])
		b.badReason = reason
		b.badOffset = begin
		b.badLine = bytes.Count(data[:begin], newline)
	}
	b.malformed++
}

var newline = []byte{'\n'}

// shorten makes text fit for a message.
func shorten(text []byte) string {
	const most = 80
	text = plaintext.Trim(bytes.TrimRight(text, "\r\n"))
	if len(text) > most {
		return string(bytes.ToValidUTF8(text[:most], []byte("?"))) + "..."
	}
	return string(bytes.ToValidUTF8(text, []byte("?")))
}

// scanner parses one format. It has no state: several goroutines scan pieces of one file at once.
type scanner interface {
	// whole returns the length of the part of data that ends with a whole record; 0 where no record ends in it.
	whole(data []byte) int
	// scan adds the records of data, all whole, to a block. offset is the place of data in the file.
	scan(data []byte, b *block)
	// survey visits every field of every record of data, which need not be fast.
	survey(data []byte, s *survey)
}

// wholeLines is the length of data up to its last line end.
func wholeLines(data []byte) int { return bytes.LastIndexByte(data, '\n') + 1 }

// Condition chooses the records whose field has a value: "Val=0". Not makes it those whose field has another.
type Condition struct {
	Field, Value string
	Not          bool
	number       float64
	isNumber     bool
}

func (c *Condition) prepare() {
	c.number, c.isNumber = wholeNumber([]byte(c.Value))
}

// holds says whether a field's text meets the condition.
func (c *Condition) holds(text []byte) bool {
	equal := string(text) == c.Value
	if !equal && c.isNumber {
		value, ok := wholeNumber(text)
		equal = ok && value == c.number
	}
	return equal != c.Not
}

func (c Condition) String() string {
	if c.Not {
		return c.Field + "!=" + c.Value
	}
	return c.Field + "=" + c.Value
}

// selection says which fields of a record are wanted.
type selection struct {
	loss, batch string
	counter
	where []Condition
	// label is that of the records that are wanted, where labelled is true.
	label    string
	labelled bool
	by       console.Labelling
	// beside is what stands beside the loss in lines that are wanted.
	beside string
	// alsoLabels are of lines that are wanted, too.
	alsoLabels []string
	// emptyIsNonFinite says that an empty loss stands for one that is not finite, as in this program's tables.
	emptyIsNonFinite bool
	openings         *openings
	// modes are lines of their own that tell training from validation.
	modes modeLines
}

// hash tells texts apart (FNV-1a).
func hash(text []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range text {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
