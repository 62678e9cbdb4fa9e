package document

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"alrc/internal/csvfield"
	"alrc/internal/decimal"
	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/plaintext"
)

// namedRows says whether text, behind the bracket of an array, begins with an array of names and one that has a number in it:
// [["step", "loss"], [0, 2.5], ...].
func namedRows(text []byte) bool {
	row, rest, closed := bytes.Cut(text, []byte("]"))
	rest = bytes.TrimLeft(rest, ", \t\r\n")
	if !closed || !bytes.HasPrefix(rest, []byte("[")) || bytes.ContainsAny(row, "[{") {
		return false
	}
	for _, name := range bytes.Split(row, []byte(",")) {
		if name = bytes.TrimSpace(name); len(name) < 2 || name[0] != '"' || name[len(name)-1] != '"' {
			return false
		}
	}
	_, n := decimal.Parse(bytes.TrimLeft(rest[1:], " \t\r\n"))
	return n > 0
}

// frame is a JSON document that holds the names of columns and the rows below them in two arrays, as Pandas writes tables: {"columns":
// ["step", "loss"], "data": [[0, 2.5], ...]}.
type frame struct {
	header string // as a line of a table
	rows   int    // where the array of rows begins in the document
}

// frameOf recognises such a document by its beginning.
func frameOf(head []byte) (f frame, ok bool) {
	if !bytes.HasPrefix(plaintext.TrimStart(head), []byte("{")) || !bytes.Contains(head, []byte(`"columns"`)) {
		return f, false
	}
	at := bytes.Index(head, []byte(`"data"`))
	if at < 0 {
		return f, false
	}
	rest := bytes.TrimLeft(head[at+len(`"data"`):], " \t\r\n:")
	inner := bytes.TrimLeft(bytes.TrimPrefix(rest, []byte("[")), " \t\r\n")
	if len(inner) == len(rest) || !bytes.HasPrefix(inner, []byte("[")) {
		return f, false
	}
	f.rows = len(head) - len(rest)
	var header []byte
	names := 0
	s := jsonstream.Stream{R: bufio.NewReader(bytes.NewReader(head))}
	for key := ""; ; {
		event, err := s.Next()
		if err != nil {
			break
		}
		switch event {
		case jsonstream.Key:
			key = string(s.Text)
		case jsonstream.String:
			if key == "columns" {
				if names++; names > 1 {
					header = append(header, ',')
				}
				header = csvfield.Append(header, s.Text)
			}
		}
	}
	f.header = string(header) + "\n"
	return f, names > 1
}

// table returns a reader of the document in r as a table.
func (f frame) table(r *bufio.Reader) (io.Reader, error) {
	if _, err := r.Discard(f.rows); err != nil {
		return nil, err
	}
	return io.MultiReader(strings.NewReader(f.header), &arraysReader{r: r, rows: 2}), nil
}
