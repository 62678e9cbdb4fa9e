package hdf5

import (
	"bytes"
	"strings"

	"alrc/internal/format/pixel"
)

// attribute finds an attribute's type and its first value.
func (o *Object) attribute(name string) (t Type, value []byte, ok bool) {
	for _, m := range o.messages {
		if m.kind != ofAttribute || m.shared {
			continue
		}
		p := o.f.parser(m.body)
		version, flags := p.byte(), p.byte()
		nameSize, typeSize, spaceSize := p.short(), p.short(), p.short()
		if version == 3 {
			p.skip(1)
		}
		part := func(size int) []byte {
			b := p.bytes(size)
			if version == 1 && size%8 != 0 {
				p.skip(8 - size%8)
			}
			return b
		}
		is := string(bytes.TrimRight(part(nameSize), "\x00"))
		typeBody := part(typeSize)
		part(spaceSize)
		if p.err != nil || is != name {
			continue
		}
		typeBody, err := o.f.resolve(message{ofType, version > 1 && flags&1 != 0, typeBody})
		if err != nil {
			return t, nil, false
		}
		t, err := parseType(typeBody)
		if err != nil || len(p.b) < t.Size {
			return t, nil, false
		}
		return t, p.b[:t.Size], true
	}
	return t, nil, false
}

// Number is the first number of an attribute, and false if there is none.
func (o *Object) Number(name string) (float64, bool) {
	t, value, ok := o.attribute(name)
	if !ok || t.Number == pixel.Invalid {
		return 0, false
	}
	return t.Number.Value(value, t.Order), true
}

// Text is an attribute that is text, and "" if there is none.
func (o *Object) Text(name string) string {
	t, value, ok := o.attribute(name)
	if !ok || !t.text {
		return ""
	}
	return o.f.text(t, value)
}

// text is the text of a value.
func (f *File) text(t Type, value []byte) string {
	if t.variable {
		p := f.parser(value)
		length := p.long()
		collection, index := p.address(), p.long()
		if p.err != nil {
			return ""
		}
		value = f.globalHeap(collection, index)
		value = value[:min(length, int64(len(value)))]
	}
	text, _, _ := bytes.Cut(value, []byte{0})
	return strings.TrimRight(string(text), " ")
}

// globalHeap reads an object of a collection, and nothing if there is none.
func (f *File) globalHeap(collection, index int64) []byte {
	p, err := f.signed("GCOL", collection, int64(8+f.length))
	if err != nil {
		return nil
	}
	p.skip(4)
	b, err := f.block(collection, p.count())
	if err != nil {
		return nil
	}
	p = f.parser(b)
	p.skip(8 + f.length)
	for len(p.b) > 0 {
		is := int64(p.short())
		p.skip(6)
		size := p.count()
		if p.err != nil || is == 0 || size > int64(len(p.b)) {
			return nil
		}
		if object := p.bytes(int(size)); is == index {
			return object
		}
		p.skip(int(-size & 7))
	}
	return nil
}
