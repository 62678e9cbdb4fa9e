package hdf5

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Link is an object by its name in a group.
type Link struct {
	Name    string
	address int64
}

// Links are the objects of a group, in the order of their names. Links to elsewhere are left out.
func (o *Object) Links() ([]Link, error) {
	var links []Link
	if body, ok, err := o.find(ofSymbols); err != nil {
		return nil, err
	} else if ok {
		p := o.f.parser(body)
		tree, heap := p.address(), p.address()
		if p.err != nil {
			return nil, p.err
		}
		names, err := o.f.localHeap(heap)
		if err != nil {
			return nil, err
		}
		err = o.f.walk(tree, 0, 0, map[int64]bool{}, func(_ *parser, child int64) error {
			return o.f.symbols(child, names, &links)
		})
		return links, err
	}
	if body, ok, err := o.find(ofLinkInfo); err != nil {
		return nil, err
	} else if ok {
		p := o.f.parser(body)
		p.skip(1)
		if p.byte()&1 != 0 {
			p.skip(8)
		}
		if heap := p.address(); heap != undefined {
			return nil, errors.New(`a group has its links in a fractal heap, which is not read; repack the file, as by "h5repack --low=0 --high=0"`)
		}
	}
	for _, m := range o.messages {
		if m.kind != ofLink {
			continue
		}
		p := o.f.parser(m.body)
		p.skip(1)
		flags, kind := p.byte(), 0
		if flags&8 != 0 {
			kind = p.byte()
		}
		if flags&4 != 0 {
			p.skip(8)
		}
		if flags&0x10 != 0 {
			p.skip(1)
		}
		length := p.sized(1 << (flags & 3))
		if length > maxBlock {
			return nil, errEnds
		}
		name := string(p.bytes(int(length)))
		if kind == 0 {
			links = append(links, Link{name, p.address()})
		}
		if p.err != nil {
			return nil, p.err
		}
	}
	slices.SortStableFunc(links, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	return links, nil
}

// Open opens the object of a link.
func (o *Object) Open(link Link) (*Object, error) {
	child, err := o.f.object(link.address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", link.Name, err)
	}
	return child, nil
}

// Child is the object of a name in a group, and nil if there is none.
func (o *Object) Child(name string) (*Object, error) {
	links, err := o.Links()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(links, func(l Link) bool { return l.Name == name })
	if i < 0 {
		return nil, nil
	}
	return o.Open(links[i])
}

// localHeap reads the names of a group.
func (f *File) localHeap(address int64) ([]byte, error) {
	p, err := f.signed("HEAP", address, int64(8+2*f.length+f.offsets))
	if err != nil {
		return nil, err
	}
	p.skip(4)
	size := p.count()
	p.count()
	at := p.address()
	if p.err != nil {
		return nil, p.err
	}
	return f.block(at, size)
}

// symbols reads a node of links.
func (f *File) symbols(address int64, names []byte, links *[]Link) error {
	p, err := f.signed("SNOD", address, 8)
	if err != nil {
		return err
	}
	p.skip(2)
	count := p.short()
	b, err := f.block(address+8, int64(count)*int64(2*f.offsets+24))
	if err != nil {
		return err
	}
	p = f.parser(b)
	for range count {
		name, at := p.address(), p.address()
		kind := p.long()
		p.skip(20)
		if p.err != nil || name < 0 || name >= int64(len(names)) {
			return errEnds
		}
		text, _, ok := bytes.Cut(names[name:], []byte{0})
		if !ok || len(*links) == maxLinks {
			return errEnds
		}
		if kind != 2 { // a soft link
			*links = append(*links, Link{string(text), at})
		}
	}
	return nil
}

// walk visits the leaves of a B-tree of version 1: of groups (kind 0) or of chunks (kind 1), whose keys have one number for each
// of so many dimensions. visit gets the key before each child of a leaf.
func (f *File) walk(address int64, kind, dimensions int, seen map[int64]bool, visit func(key *parser, child int64) error) error {
	if seen[address] || len(seen) > maxLinks {
		return errors.New("a B-tree has a node twice, or too many: the file is damaged")
	}
	seen[address] = true
	p, err := f.signed("TREE", address, int64(8+2*f.offsets))
	if err != nil {
		return err
	}
	is, level, count := p.byte(), p.byte(), p.short()
	if is != kind {
		return fmt.Errorf("a B-tree is of kind %d, not %d: the file is damaged", is, kind)
	}
	keySize := f.length
	if kind == 1 {
		keySize = 8 + 8*dimensions
	}
	b, err := f.block(address+int64(8+2*f.offsets), int64(count)*int64(keySize+f.offsets))
	if err != nil {
		return err
	}
	p = f.parser(b)
	for range count {
		key := f.parser(p.bytes(keySize))
		child := p.address()
		if p.err != nil {
			return p.err
		}
		if level > 0 {
			// Levels go down one at a time, so that a tree cannot be deeper than it says.
			err = f.walk(child, kind, dimensions, seen, visit)
		} else {
			err = visit(key, child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
