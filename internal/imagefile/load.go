package imagefile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"alrc/internal/words"
)

// maxDecoders bounds the images that are decoded at a time. Those of more than largePixels are decoded one at a time.
const (
	maxDecoders = 8
	largePixels = 1 << 24
)

var decodingLarge sync.Mutex

// Hash is a SHA-256.
type Hash = [sha256.Size]byte

// Options say what a source of images makes of files.
type Options[K any] struct {
	// Side is the smallest height and width of images that can be used.
	Side int
	// Keep returns what to keep of a decoded image, or why it is not used. It is called by several goroutines at a time.
	Keep func(m *Image) (K, error)
	// Hash, where not nil, is called before Keep, and returns the hash by which an image's content is known. Otherwise that is
	// the hash of its file.
	Hash func(m *Image) Hash
}

// Page is an image of a file.
type Page[K any] struct {
	// Kept is what the source keeps of it.
	Kept K
	// Hash is of its content, or where [Options.Hash] is nil of its file's, in which it has a number, the Index.
	Hash  Hash
	Index int

	path    string
	several bool // there are other pages
	info    os.FileInfo
}

// ID is the file's path, with the number of the page of those that have several.
func (p *Page[K]) ID() string {
	if p.several {
		return fmt.Sprintf("%s:%d", p.path, p.Index)
	}
	return p.path
}

// Again decodes the image again, from a file that is as it was.
func (p *Page[K]) Again() (*Image, error) {
	f, err := Open(p.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if was, is := p.info, f.info; was.Size() != is.Size() || !was.ModTime().Equal(is.ModTime()) {
		return nil, fmt.Errorf("the file was changed (at %s) after it was opened: start anew", is.ModTime().Format(time.DateTime))
	}
	return readUpright(f, p.Index)
}

// readUpright decodes an image such that larger numbers are brighter, for which networks are trained.
func readUpright(f *File, i int) (*Image, error) {
	m, err := f.Read(i)
	if err == nil {
		m.Upright()
	}
	return m, err
}

// Collection is the images of a selection, in an order that follows from their content, wherever their files lie and whatever they
// are called.
type Collection[K any] struct {
	// Train and Test are the images of both sides. The pages of a file are on one side, those of formats apart that are stacks of
	// separate images, and so are images of the same content.
	Train, Test []*Page[K]
	// Single says that there is one file only, or copies of it, of which a fraction is to be held out. Its pages are in Train, and
	// Test is empty.
	Single bool
	// Fraction is that of the selection, 0 where it names what to hold out.
	Fraction float64
	// Skipped lists files and pages that are not used.
	Skipped []Skipped
}

// group is pages that stay together.
type group[K any] struct {
	path    string
	heldOut bool
	hash    Hash
	pages   []*Page[K]
}

// Load reads all files of a selection, several at a time. Those that cannot be used are listed, in a collection that is returned
// with an error too. That no image is left to train on or to test on is an error.
func Load[K any](s Selection, o Options[K]) (*Collection[K], error) {
	c := &Collection[K]{}
	held, err := parseHoldOut(s.HoldOut)
	if err != nil {
		return c, err
	}
	files, err := s.find(held)
	if err != nil {
		return c, err
	}
	c.Fraction = held.fraction
	groups, skipped := make([][]*group[K], len(files)), make([][]Skipped, len(files))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(maxDecoders, runtime.GOMAXPROCS(0), len(files)) {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				groups[i], skipped[i] = o.readFile(files[i])
			}
		}()
	}
	readers.Wait()
	c.Skipped = slices.Concat(skipped...)
	return c, c.divide(slices.Concat(groups...), held, o.Side)
}

func (o *Options[K]) readFile(file *found) (groups []*group[K], skipped []Skipped) {
	open, err := (*File)(nil), file.err
	if err == nil {
		open, err = Open(file.path)
	}
	if err != nil {
		return nil, []Skipped{{file.path, err}}
	}
	defer open.Close()
	var whole Hash
	if o.Hash == nil {
		if whole, err = open.hash(); err != nil {
			return nil, []Skipped{{file.path, err}}
		}
	}
	for i := range open.Len() {
		page := &Page[K]{Index: i, Hash: whole, path: file.path, several: open.Len() > 1, info: open.info}
		if err := o.readPage(open, page); err != nil {
			if !errors.Is(err, errReduced) {
				skipped = append(skipped, Skipped{page.ID(), err})
			}
			continue
		}
		if open.format.separate && o.Hash == nil {
			page.Hash = sha256.Sum256(fmt.Appendf(nil, "%x %d", whole, i))
		}
		if len(groups) == 0 || open.format.separate {
			groups = append(groups, &group[K]{path: page.ID(), heldOut: file.heldOut})
		}
		g := groups[len(groups)-1]
		g.pages = append(g.pages, page)
	}
	for _, g := range groups {
		if g.hash = g.pages[0].Hash; o.Hash != nil {
			digest := sha256.New()
			for _, page := range g.pages {
				digest.Write(page.Hash[:])
			}
			digest.Sum(g.hash[:0])
		}
	}
	return groups, skipped
}

// readPage decodes an image that is large enough, and keeps what there is to keep of it.
func (o *Options[K]) readPage(open *File, page *Page[K]) error {
	height, width, err := open.Size(page.Index)
	if err != nil {
		return err
	}
	if min(height, width) < o.Side {
		return fmt.Errorf("its %dx%d pixels are fewer than the %dx%d asked for, and enlarged images lack the detail to learn;"+
			" ask for a smaller size", width, height, o.Side, o.Side)
	}
	if height*width > largePixels {
		decodingLarge.Lock()
		defer decodingLarge.Unlock()
	}
	m, err := readUpright(open, page.Index)
	if err != nil {
		return err
	}
	if o.Hash != nil {
		page.Hash = o.Hash(m)
	}
	page.Kept, err = o.Keep(m)
	return err
}

// divide says on which side each group is.
func (c *Collection[K]) divide(groups []*group[K], held holdOut, side int) error {
	if len(groups) == 0 {
		return fmt.Errorf("none of the files can be used (%s); give %s images of at least %dx%d pixels", firstReasons(c.Skipped), Formats(),
			side, side)
	}
	slices.SortStableFunc(groups, func(a, b *group[K]) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	first, last := groups[0], groups[len(groups)-1]
	if held.path == "" && first.hash == last.hash {
		c.Single, c.Train = true, first.pages
		return nil
	}
	twins := map[Hash]*Page[K]{}
	for _, g := range groups {
		if held.path == "" {
			place := float64(binary.BigEndian.Uint64(g.hash[:])) / (1 << 64)
			g.heldOut = (place < held.fraction || g.hash == first.hash) && g.hash != last.hash
		}
		if g.heldOut {
			for _, page := range g.pages {
				twins[page.Hash] = page
			}
			c.Test = append(c.Test, g.pages...)
		}
	}
	for _, g := range groups {
		if g.heldOut {
			continue
		}
		for _, page := range g.pages {
			if twin, ok := twins[page.Hash]; ok {
				c.Skipped = append(c.Skipped, Skipped{page.ID(), fmt.Errorf("it is the same as %s, which is held out", twin.ID())})
				continue
			}
			c.Train = append(c.Train, page)
		}
	}
	switch {
	case len(c.Train) == 0:
		return errors.New("all images are held out, and none is left to train on: give other images to train on")
	case len(c.Test) == 0:
		return fmt.Errorf("none of the images to hold out, %s, can be used (%s)", held.path, firstReasons(c.Skipped))
	}
	return nil
}

// firstReasons tells a few of the files that are not used, and why.
func firstReasons(skipped []Skipped) string {
	return words.First(skipped, 3, "; ")
}

// Budget bounds the memory of the images that a source keeps.
type Budget struct {
	// Most is the largest number of bytes that are kept.
	Most int64
	kept atomic.Int64
}

// Take reports whether there is room for so many bytes, and takes it.
func (b *Budget) Take(bytes int64) bool {
	if b.kept.Add(bytes) > b.Most {
		b.kept.Add(-bytes)
		return false
	}
	return true
}
