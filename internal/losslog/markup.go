package losslog

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// isXML recognises an XML document whose elements are records of which a number is named as a loss:
// <epoch number="3" loss="0.5"/>, or <step><number>3</number><loss>0.5</loss></step>.
func isXML(head []byte) bool {
	const fewest = 3
	if text := plaintext.TrimStart(head); len(text) < 2 || text[0] != '<' || text[1] == '|' {
		return false
	}
	records, _ := io.ReadAll(newXMLReader(bytes.NewReader(head)))
	strength, n := clearestOf(&jsonScanner{lines: true}, records)
	return strength == lexicon.Loss && n >= fewest
}

// xmlReader turns the elements of an XML document into JSON lines: of each one that has fields, which are its attributes and those of its
// elements that hold nothing but text.
type xmlReader struct {
	decoder *xml.Decoder
	open    []xmlElement
	out     bytes.Buffer
}

// xmlElement is an element that is not ended yet.
type xmlElement struct {
	name   string
	fields []xmlField
	text   []byte
	inner  bool // other elements are in it
}

type xmlField struct{ name, value string }

func newXMLReader(r io.Reader) *xmlReader {
	d := xml.NewDecoder(r)
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return &xmlReader{decoder: d}
}

func (x *xmlReader) Read(p []byte) (int, error) {
	for x.out.Len() == 0 {
		token, err := x.decoder.Token()
		if err != nil {
			return 0, io.EOF // what is damaged may be cut; its beginning counts
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := xmlElement{name: t.Name.Local}
			for _, a := range t.Attr {
				e.add(a.Name.Local, a.Value)
			}
			if n := len(x.open); n > 0 {
				x.open[n-1].inner = true
			}
			x.open = append(x.open, e)
		case xml.CharData:
			if n := len(x.open); n > 0 && len(x.open[n-1].text)+len(t) < longestLine {
				x.open[n-1].text = append(x.open[n-1].text, t...)
			}
		case xml.EndElement:
			x.end()
		}
	}
	return x.out.Read(p)
}

// mostFieldsOfElement bounds the memory that an element takes.
const mostFieldsOfElement = 1000

// add adds a field. What only says that it counts has the name of the element that it counts.
func (e *xmlElement) add(name, value string) {
	switch name {
	case "number", "num", "no", "n", "index", "id":
		name = e.name
	}
	if len(e.fields) < mostFieldsOfElement {
		e.fields = append(e.fields, xmlField{name, value})
	}
}

// end ends the innermost element.
func (x *xmlReader) end() {
	n := len(x.open) - 1
	if n < 0 {
		return
	}
	e := x.open[n]
	x.open = x.open[:n]
	text := string(bytes.TrimSpace(e.text))
	if len(e.fields) == 0 {
		if n > 0 && !e.inner && text != "" {
			x.open[n-1].add(e.name, text)
		}
		return
	}
	if !e.inner && text != "" {
		e.add(e.name, text) // <loss step="3">0.5</loss>
	}
	x.out.WriteByte('{')
	for i, f := range e.fields {
		if i > 0 {
			x.out.WriteString(", ")
		}
		name, _ := json.Marshal(f.name)
		x.out.Write(append(name, ": "...))
		if _, ok := decimal.Whole([]byte(f.value)); ok && json.Valid([]byte(f.value)) {
			x.out.WriteString(f.value)
		} else {
			value, _ := json.Marshal(f.value)
			x.out.Write(value)
		}
	}
	x.out.WriteString("}\n")
}
