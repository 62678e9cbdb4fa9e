package plaintext

import (
	"bytes"
	"html"
	"io"
	"slices"
	"strings"
)

// IsHTML says whether text is a page of HTML, or a table of one, in a division or with its style.
func IsHTML(head []byte) bool {
	start := bytes.ToLower(TrimStart(head[:min(len(head), 256)]))
	if bytes.HasPrefix(start, []byte("<div")) {
		start = TrimStart(start[tagEnd(start):])
	}
	return slices.ContainsFunc([]string{"<!doctype html", "<html", "<table", "<style"}, func(tag string) bool { return bytes.HasPrefix(start, []byte(tag)) })
}

// markup takes the tags out of a page of HTML that comes piece by piece: its lines are those that a browser shows, and tabs part the
// cells of its tables.
type markup struct {
	pending // the beginning of a tag or of an entity
	// hidden is the element whose text is not shown, such as a script; "" elsewhere. pre counts elements that keep line ends.
	hidden string
	pre    int
	cells  int // of the row at hand
}

// Of HTML's elements: those that begin a line, and those whose text is not shown.
var (
	blockElements  = map[string]bool{"br": true, "p": true, "div": true, "tr": true, "li": true, "pre": true, "table": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true}
	hiddenElements = map[string]bool{"script": true, "style": true, "head": true, "svg": true}
)

// strip returns what the next piece adds; last says that none follows. The result is valid until the next call.
func (m *markup) strip(piece []byte, last bool) []byte { return m.add(piece, last, m.take) }

// take adds what data shows to the output and returns how much of it was used.
func (m *markup) take(data []byte, last bool) int {
	const longest = 1 << 14 // of a tag
	for i := 0; i < len(data); {
		c := data[i]
		switch {
		case c == '<':
			end := tagEnd(data[i:])
			if end == 0 {
				if !last && len(data)-i < longest {
					return i
				}
				i++
				continue
			}
			m.tag(data[i : i+end])
			i += end
		case m.hidden != "":
			n := bytes.IndexByte(data[i:], '<')
			if n < 0 {
				return len(data)
			}
			i += n
		case c == '&':
			n := bytes.IndexByte(data[i:min(len(data), i+12)], ';')
			if n < 0 {
				if !last && len(data)-i < 12 {
					return i
				}
				m.out = append(m.out, c)
				i++
				continue
			}
			m.out = append(m.out, html.UnescapeString(string(data[i:i+n+1]))...)
			i += n + 1
		case (c == '\n' || c == '\r') && m.pre == 0:
			m.space()
			i++
		case c == ' ' && m.pre == 0:
			m.space()
			i++
		default:
			m.out = append(m.out, c)
			i++
		}
	}
	return len(data)
}

// space adds a space where none ends the output.
func (m *markup) space() {
	if n := len(m.out); n > 0 && m.out[n-1] != ' ' && m.out[n-1] != '\n' && m.out[n-1] != '\t' {
		m.out = append(m.out, ' ')
	}
}

// tagEnd returns the length of the tag or comment at the beginning of data; 0 where its end is not there.
func tagEnd(data []byte) int {
	if bytes.HasPrefix(data, []byte("<!--")) {
		if n := bytes.Index(data, []byte("-->")); n >= 0 {
			return n + 3
		}
		return 0
	}
	return bytes.IndexByte(data, '>') + 1
}

// tag takes a tag.
func (m *markup) tag(tag []byte) {
	name := strings.ToLower(string(tag[1:]))
	closes := strings.HasPrefix(name, "/")
	name = strings.TrimPrefix(name, "/")
	if end := strings.IndexFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }); end >= 0 {
		name = name[:end]
	}
	switch {
	case m.hidden != "":
		if closes && name == m.hidden {
			m.hidden = ""
		}
		return
	case hiddenElements[name] && !closes && !bytes.HasSuffix(tag, []byte("/>")):
		m.hidden = name
		return
	case name == "pre" && closes:
		m.pre = max(m.pre-1, 0)
	case name == "pre":
		m.pre++
	}
	switch {
	case blockElements[name]:
		if m.cells = 0; len(m.out) == 0 || m.out[len(m.out)-1] != '\n' {
			m.out = append(m.out, '\n')
		}
	case (name == "td" || name == "th") && !closes:
		if m.cells++; m.cells > 1 {
			m.out = append(m.out, '\t')
		}
	}
}

// NewMarkupReader returns a reader of the text that a page of HTML shows.
func NewMarkupReader(r io.Reader) io.Reader { return &pieceReader{r: r, next: new(markup).strip} }

// Shown returns the text that the beginning of a page of HTML shows.
func Shown(head []byte) []byte {
	var m markup
	return m.strip(head, true)
}
