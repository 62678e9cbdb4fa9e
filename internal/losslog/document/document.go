// Package document reads JSON documents that hold series in other ways than as an array of records: arrays of numbers, alone or in fields
// of their own, rows below the names of their columns, and records under keys that count them. It makes tables and JSON lines of them.
package document

import (
	"bufio"
	"io"

	"alrc/internal/format/jsonstream"
)

// NewReader returns a reader of what a document, which r reads and which begins with head, is as lines; nil where it is none of those
// above. open opens the document anew: series that stand one behind the other are read side by side.
func NewReader(head []byte, r *bufio.Reader, open func() (*bufio.Reader, error)) (io.Reader, error) {
	if depth := arraysIn(head); depth > 0 {
		return &arraysReader{r: r, rows: depth}, nil
	}
	if frame, ok := frameOf(head); ok {
		return frame.table(r)
	}
	if prefix, ok := keysOfRecords(head); ok {
		return inOrder(&keyedReader{stream: jsonstream.Stream{R: r}, prefix: prefix})
	}
	if isColumns(head) {
		columns, err := newColumnsReader(open)
		if err != nil {
			return nil, err
		}
		return inOrder(columns)
	}
	return nil, nil
}
