// Package notebook reads what the cells of Jupyter notebooks printed.
package notebook

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"alrc/internal/format/jsonstream"
)

// Is recognises a Jupyter notebook by its beginning, which may end before the cells do: much may stand above them, such as the state of
// widgets.
func Is(head []byte) bool {
	const space = " \t\r\n\xef\xbb\xbf"
	has := func(key string) bool { return bytes.Contains(head, []byte(`"`+key+`"`)) }
	text, ok := bytes.CutPrefix(bytes.TrimLeft(head, space), []byte("{"))
	text = bytes.TrimLeft(text, space)
	return ok && (has("cells") && has("cell_type") || bytes.HasPrefix(text, []byte(`"nbformat`)) ||
		bytes.HasPrefix(text, []byte(`"metadata"`)) && has("kernelspec") && has("language_info"))
}

var errNoOutput = errors.New("it is a notebook whose cells have printed nothing, and holds no losses of a training; run its cells, or give the log that they wrote")

// Reader reads what the cells of a notebook printed, as plain text: tables of HTML have bars between their cells.
type Reader struct {
	stream jsonstream.Stream
	keys   []string // of the objects and arrays that are open; arrays have that of their field
	key    string
	out    bytes.Buffer
	html   htmlText
	wrote  bool // since the last output began
	// name is that of the stream at hand, as "stdout"; cut is that of an output which ended within a line, and which one of the same stream
	// may go on with.
	name, cut string
	any       bool // output was written
}

// NewReader returns a reader of the notebook in r.
func NewReader(r *bufio.Reader) *Reader {
	return &Reader{stream: jsonstream.Stream{R: r}}
}

func (n *Reader) Read(p []byte) (int, error) {
	for n.out.Len() == 0 {
		event, err := n.stream.Next()
		if err != nil {
			if errors.Is(err, io.EOF) && len(n.stream.Stack) > 0 {
				return 0, io.ErrUnexpectedEOF
			}
			if errors.Is(err, io.EOF) && !n.any {
				return 0, errNoOutput
			}
			return 0, err
		}
		switch event {
		case jsonstream.Begin:
			n.keys = append(n.keys, n.key)
		case jsonstream.End:
			if len(n.keys) > 0 {
				n.key = n.keys[len(n.keys)-1]
				n.keys = n.keys[:len(n.keys)-1]
			}
			switch {
			case n.wrote && n.stream.Text[0] == '}':
				if n.wrote = false; n.cut == "" {
					n.out.WriteByte('\n') // the end of an output
				}
			case n.cut != "" && n.key == "outputs":
				n.endLine()
			}
		case jsonstream.Key:
			n.key = string(n.stream.Text)
		case jsonstream.String:
			n.text()
		}
	}
	return n.out.Read(p)
}

// text takes a text, if it is of an output.
func (n *Reader) text() {
	output := false
	for _, key := range n.keys {
		output = output || key == "outputs"
	}
	if !output {
		return
	}
	switch n.key {
	case "name":
		n.name = string(n.stream.Text)
	case "text":
		if n.cut != n.name {
			n.endLine()
		}
		n.out.Write(n.stream.Text)
		n.wrote, n.any, n.cut = true, true, ""
		if !bytes.HasSuffix(n.stream.Text, []byte("\n")) {
			n.cut = n.name
		}
	case "text/plain":
		n.endLine()
		n.out.Write(n.stream.Text)
		n.wrote, n.any = true, true
	case "text/html":
		n.endLine()
		n.html.write(&n.out, n.stream.Text)
		n.wrote, n.any = true, true
	}
}

// endLine ends the line of an output that was cut.
func (n *Reader) endLine() {
	if n.cut != "" {
		n.out.WriteByte('\n')
		n.cut = ""
	}
}

// htmlText turns HTML into lines: rows of tables have bars between their cells.
type htmlText struct {
	tag   []byte
	inTag bool
}

func (h *htmlText) write(out *bytes.Buffer, text []byte) {
	for _, c := range text {
		switch {
		case h.inTag && c == '>':
			h.inTag = false
			name := bytes.ToLower(h.tag)
			if end := bytes.IndexAny(name, " \t\n"); end >= 0 {
				name = name[:end]
			}
			switch string(name) {
			case "tr":
				out.WriteString("\n| ")
			case "/td", "/th":
				out.WriteString(" | ")
			case "/tr", "br", "p", "/p", "div", "/div", "table", "/table":
				out.WriteByte('\n')
			}
		case h.inTag:
			if len(h.tag) < 64 {
				h.tag = append(h.tag, c)
			}
		case c == '<':
			h.inTag, h.tag = true, h.tag[:0]
		case c == '\n' || c == '\r':
			out.WriteByte(' ') // lines of the source are none of the page
		default:
			out.WriteByte(c)
		}
	}
}
