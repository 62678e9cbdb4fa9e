package hdf5

import (
	"errors"
	"fmt"
)

// The kinds of messages in an object's header that are read.
const (
	ofDataspace    = 0x01
	ofLinkInfo     = 0x02
	ofType         = 0x03
	ofOldFill      = 0x04
	ofFill         = 0x05
	ofLink         = 0x06
	ofLayout       = 0x08
	ofFilters      = 0x0b
	ofAttribute    = 0x0c
	ofContinuation = 0x10
	ofSymbols      = 0x11
)

// message is a part of an object's header.
type message struct {
	kind   int
	shared bool
	body   []byte
}

// Object is a group or a dataset.
type Object struct {
	f        *File
	messages []message
}

// Root is the group that has all others.
func (f *File) Root() (*Object, error) { return f.object(f.root) }

func (f *File) object(address int64) (*Object, error) {
	o := &Object{f: f}
	head, err := f.block(address, 16)
	if err != nil {
		return nil, fmt.Errorf("object header: %w", err)
	}
	if string(head[:4]) == "OHDR" {
		return o, o.readNew(address)
	}
	if head[0] != 1 {
		return nil, fmt.Errorf("an object header of version %d; 1 and 2 are read, or the file is damaged", head[0])
	}
	return o, o.readOld(address+16, int64(le.Uint32(head[8:])), 0)
}

var errMessages = errors.New("an object's header has no end: the file is damaged")

// readOld reads a block of messages of version 1, and those that it goes on in.
func (o *Object) readOld(address, size int64, depth int) error {
	b, err := o.f.block(address, size)
	if err != nil {
		return fmt.Errorf("object header: %w", err)
	}
	if depth > 64 {
		return errMessages
	}
	for p := o.f.parser(b); len(p.b) >= 8; {
		kind, length, flags := p.short(), p.short(), p.byte()
		p.skip(3)
		if err := o.add(message{kind, flags&2 != 0, p.bytes(length)}, depth, o.readOld); err != nil || p.err != nil {
			return errors.Join(err, p.err)
		}
	}
	return nil
}

// add keeps a message, or reads the block that it says the header goes on in.
func (o *Object) add(m message, depth int, more func(address, size int64, depth int) error) error {
	if m.kind == ofContinuation {
		p := o.f.parser(m.body)
		address, size := p.address(), p.count()
		if p.err != nil {
			return p.err
		}
		return more(address, size, depth+1)
	}
	if len(o.messages) == maxMessages {
		return errMessages
	}
	if m.kind != 0 {
		o.messages = append(o.messages, m)
	}
	return nil
}

// readNew reads a header of version 2.
func (o *Object) readNew(address int64) error {
	p, err := o.f.signed("OHDR", address, min(48, o.f.size-o.f.base-address))
	if err != nil {
		return err
	}
	version, flags := p.byte(), p.byte()
	if version != 2 {
		return fmt.Errorf("an object header of version %d; 1 and 2 are read", version)
	}
	begin := int64(6)
	if flags&0x20 != 0 {
		p.skip(16)
		begin += 16
	}
	if flags&0x10 != 0 {
		p.skip(4)
		begin += 4
	}
	width := 1 << (flags & 3)
	size := p.sized(width)
	if p.err != nil {
		return p.err
	}
	ordered := flags&4 != 0
	var more func(address, size int64, depth int) error
	messages := func(b []byte, depth int) error {
		p := o.f.parser(b)
		head := 4
		if ordered {
			head = 6
		}
		for len(p.b) >= head {
			kind, length, flags := p.byte(), p.short(), p.byte()
			if ordered {
				p.skip(2)
			}
			if err := o.add(message{kind, flags&2 != 0, p.bytes(length)}, depth, more); err != nil || p.err != nil {
				return errors.Join(err, p.err)
			}
		}
		return nil
	}
	more = func(address, size int64, depth int) error {
		p, err := o.f.signed("OCHK", address, size)
		if err != nil {
			return err
		}
		if depth > 64 || len(p.b) < 4 {
			return errMessages
		}
		return messages(p.b[:len(p.b)-4], depth)
	}
	b, err := o.f.block(address+begin+int64(width), size)
	if err != nil {
		return fmt.Errorf("object header: %w", err)
	}
	return messages(b, 0)
}

// find is the first message of a kind, and false if there is none. A shared one is looked up in the object that has it.
func (o *Object) find(kind int) (body []byte, ok bool, err error) {
	for _, m := range o.messages {
		if m.kind == kind {
			body, err := o.f.resolve(m)
			return body, err == nil, err
		}
	}
	return nil, false, nil
}

func (f *File) resolve(m message) ([]byte, error) {
	if !m.shared {
		return m.body, nil
	}
	p := f.parser(m.body)
	version, where := p.byte(), p.byte()
	if version == 1 {
		p.skip(6)
	} else if version > 3 || version == 3 && where == 1 {
		return nil, errors.New("a message is shared in a heap, which is not read")
	}
	address := p.address()
	if p.err != nil {
		return nil, p.err
	}
	other, err := f.object(address)
	if err != nil {
		return nil, err
	}
	for _, o := range other.messages {
		if o.kind == m.kind && !o.shared {
			return o.body, nil
		}
	}
	return nil, errors.New("a shared message is not there: the file is damaged")
}

// IsDataset reports whether the object has data, rather than being a group.
func (o *Object) IsDataset() bool {
	_, ok, _ := o.find(ofLayout)
	return ok
}
