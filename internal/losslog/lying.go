package losslog

import (
	"bytes"
	"io"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// A table may lie on its side: a row holds the name of a series and then all of its numbers, as spreadsheets do when they are turned. It is
// stood up before it is read, if it is not too large.

// mostLying is how large such a table is at most.
const mostLying = 16 << 20

// isLying recognises a table that lies on its side, and tells what parts its fields.
func isLying(head []byte) (delimiter byte, ok bool) {
	for _, delimiter := range []byte(",;\t") {
		if rows := lyingRows(head, delimiter); rows != nil {
			return delimiter, true
		}
	}
	return 0, false
}

// lyingRows returns the rows of a table that lies on its side; nil where there is none. Its last line may be cut.
func lyingRows(text []byte, delimiter byte) (rows [][][]byte) {
	const fewestNumbers, mostRows = 8, 64
	named := false
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, newline)
		if text = rest; len(plaintext.Trim(line)) == 0 {
			continue
		}
		if len(rows) == mostRows || bytes.IndexByte(line, delimiter) < 0 {
			return nil
		}
		cells := splitFields(bytes.TrimRight(line, "\r"), delimiter)
		if !whole && len(rows) > 0 && len(cells) < len(rows[0]) {
			break
		}
		if len(cells) <= fewestNumbers || len(rows) > 0 && len(cells) != len(rows[0]) {
			return nil
		}
		name := fieldText(cells[0])
		if _, isNumber := wholeNumber(cells[0]); isNumber || len(name) == 0 {
			return nil
		}
		for _, cell := range cells[1:] {
			if text := unquote(cell); !isCellNumber(text) && !plaintext.IsNothing(text) {
				return nil
			}
		}
		named = named || lexicon.MeaningOf(name).Strength >= lexicon.Measure
		rows = append(rows, cells)
	}
	if !named {
		return nil
	}
	return rows
}

// standUp returns a reader of a table that lies on its side as one whose rows are its columns.
func standUp(r io.Reader, delimiter byte) (io.Reader, error) {
	return remade(r, mostLying, func(data []byte) []byte {
		rows := lyingRows(data, delimiter)
		if rows == nil {
			return nil
		}
		turned := make([]byte, 0, len(data)+1)
		for column := range rows[0] {
			for i, row := range rows {
				if i > 0 {
					turned = append(turned, delimiter)
				}
				turned = append(turned, row[column]...)
			}
			turned = append(turned, '\n')
		}
		return turned
	})
}
