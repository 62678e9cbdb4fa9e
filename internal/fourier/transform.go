package fourier

import (
	"sync"
	"sync/atomic"
)

// Transform is the discrete Fourier transform of real images, [Height,Width], which stand in a corner of a larger rectangle of
// zeros, [rows,columns], so that what is at one border does not meet the opposite one. It belongs to one goroutine; results do
// not depend on the number of its threads.
type Transform struct {
	Height, Width int
	// Rows and Columns are the rectangle's size.
	Rows, Columns int

	threads      int
	down, across *batch
	half         Spectrum // transformed along columns alone
	rooms        [][3]planes
}

// Spectrum is half of the transform of an image: the other half is its conjugate. Values lie in blocks of 8 frequencies down the
// rows, and in a block by the frequency along them: [blocks, columns, 8]. Where there are fewer than 8 left they are 0.
type Spectrum struct{ Re, Im []float64 }

// New makes a transform of images of height x width pixels in a rectangle that has so many more rows and columns at least, with a
// number of threads.
func New(height, width, moreRows, moreColumns, threads int) *Transform {
	t := &Transform{Height: height, Width: width, threads: max(1, threads)}
	t.Rows, t.Columns = fastSize(height+moreRows), fastSize(width+moreColumns)
	t.down, t.across = newBatch(t.Rows), newBatch(t.Columns)
	t.half = t.NewSpectrum()
	n := lanes * max(t.Rows, t.Columns)
	for range t.threads {
		t.rooms = append(t.rooms, [3]planes{newPlanes(n), newPlanes(n), newPlanes(n)})
	}
	return t
}

// Whole is the transform of images that fill the rectangle. It shares t's room, so only one of the two may be in use at a time.
func (t *Transform) Whole() *Transform {
	whole := *t
	whole.Height, whole.Width = t.Rows, t.Columns
	return &whole
}

// Blocks is the number of a spectrum's blocks, and BlockSize how many values are in one.
func (t *Transform) Blocks() int    { return t.Rows/2/lanes + 1 }
func (t *Transform) BlockSize() int { return lanes * t.Columns }

// Len is how many values a spectrum has.
func (t *Transform) Len() int { return t.Blocks() * t.BlockSize() }

// NewSpectrum makes a spectrum of zeros.
func (t *Transform) NewSpectrum() Spectrum {
	p := newPlanes(t.Len())
	return Spectrum{p.re, p.im}
}

// Weight says how often the value at a place stands for one of the whole transform: twice where its conjugate is left out, and
// not at all beyond the end.
func (t *Transform) Weight(place int) float64 {
	switch k := place/t.BlockSize()*lanes + place%lanes; {
	case k > t.Rows/2:
		return 0
	case k == 0 || 2*k == t.Rows:
		return 1
	}
	return 2
}

// Frequency is what a place stands for, in turns a pixel down the rows and along them, from -1/2 to 1/2.
func (t *Transform) Frequency(place int) (down, along float64) {
	k, l := place/t.BlockSize()*lanes+place%lanes, place%t.BlockSize()/lanes
	if 2*l > t.Columns {
		l -= t.Columns
	}
	return float64(k) / float64(t.Rows), float64(l) / float64(t.Columns)
}

// Each calls f for the numbers below n, by several goroutines at a time.
func (t *Transform) Each(n int, f func(i int)) { t.each(n, func(_ *[3]planes, i int) { f(i) }) }

func (t *Transform) each(n int, f func(room *[3]planes, i int)) {
	if t.threads == 1 {
		for i := range n {
			f(&t.rooms[0], i)
		}
		return
	}
	var next atomic.Int64
	var working sync.WaitGroup
	for w := range t.threads {
		working.Add(1)
		go func() {
			defer working.Done()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(&t.rooms[w], i)
			}
		}()
	}
	working.Wait()
}

// Forward puts the transform of an image, [Height,Width], into dst.
func (t *Transform) Forward(dst Spectrum, image []float64) {
	t.each(t.columnBlocks(), func(room *[3]planes, i int) {
		t.gatherImage(room[0], image, lanes*i)
		t.down.forward(room[0], room[1], room[2], room[0])
		t.scatterHalf(room[1], lanes*i)
	})
	size := t.BlockSize()
	t.each(t.Blocks(), func(room *[3]planes, i int) {
		t.across.forward(t.half.block(i*size, size), dst.block(i*size, size), room[0], room[1])
	})
}

// Inverse puts the image of a spectrum, [Height,Width] of the rectangle, into image.
func (t *Transform) Inverse(image []float64, src Spectrum) {
	size := t.BlockSize()
	t.each(t.Blocks(), func(room *[3]planes, i int) {
		t.across.inverse(src.block(i*size, size), t.half.block(i*size, size), room[0], room[1])
	})
	t.each(t.columnBlocks(), func(room *[3]planes, i int) {
		t.gatherHalf(room[0], lanes*i)
		t.down.inverse(room[0], room[1], room[2], room[0])
		t.scatterImage(image, room[1], lanes*i)
	})
}

// Between transforms back, multiplies by weights, [Height,Width], and transforms again: F W F^-1. Before and after see and
// change what goes in and comes out, block by block; they may be called by several goroutines at a time. Before fills block i
// of what is transformed back; after gets block i of the result.
func (t *Transform) Between(weights []float64, before func(i int, in Spectrum), after func(i int, out Spectrum)) {
	size := t.BlockSize()
	t.each(t.Blocks(), func(room *[3]planes, i int) {
		in := planes{room[2].re[:size], room[2].im[:size]}
		before(i, Spectrum{in.re, in.im})
		t.across.inverse(in, t.half.block(i*size, size), room[0], room[1])
	})
	t.each(t.columnBlocks(), func(room *[3]planes, i int) {
		t.gatherHalf(room[0], lanes*i)
		t.down.inverse(room[0], room[1], room[2], room[0])
		t.weigh(room[1], weights, lanes*i)
		t.down.forward(room[1], room[0], room[2], room[1])
		t.scatterHalf(room[0], lanes*i)
	})
	t.each(t.Blocks(), func(room *[3]planes, i int) {
		out := planes{room[2].re[:size], room[2].im[:size]}
		t.across.forward(t.half.block(i*size, size), out, room[0], room[1])
		after(i, Spectrum{out.re, out.im})
	})
}

func (s Spectrum) block(from, size int) planes {
	return planes{s.Re[from : from+size], s.Im[from : from+size]}
}

// Columns are transformed two at a time: one of the left half of the rectangle as the real parts and one of the right half
// as the imaginary ones, lanes of each at a time.
func (t *Transform) columnBlocks() int { return (t.Columns/2 + lanes - 1) / lanes }

// spans are the columns of a block: how many there are of the image in the left half and in the right one.
func (t *Transform) spans(left int) (inLeft, inRight, right int) {
	n := min(lanes, t.Columns/2-left)
	right = left + t.Columns/2
	return max(0, min(n, t.Width-left)), max(0, min(n, t.Width-right)), right
}

func (t *Transform) gatherImage(p planes, image []float64, left int) {
	inLeft, inRight, right := t.spans(left)
	n := lanes * t.Rows
	clear(p.re[:n])
	clear(p.im[:n])
	for y := range t.Height {
		row := image[y*t.Width:][:t.Width]
		if inLeft > 0 {
			copy(p.re[lanes*y:][:lanes], row[left:left+inLeft])
		}
		if inRight > 0 {
			copy(p.im[lanes*y:][:lanes], row[right:right+inRight])
		}
	}
}

func (t *Transform) scatterImage(image []float64, p planes, left int) {
	inLeft, inRight, right := t.spans(left)
	scale := 1 / float64(t.Rows*t.Columns)
	for y := range t.Height {
		row := image[y*t.Width:][:t.Width]
		for i, value := range p.re[lanes*y:][:inLeft] {
			row[left+i] = value * scale
		}
		for i, value := range p.im[lanes*y:][:inRight] {
			row[right+i] = value * scale
		}
	}
}

// weigh multiplies columns by weights, and by the factor that makes inverse transforms inverse.
func (t *Transform) weigh(p planes, weights []float64, left int) {
	inLeft, inRight, right := t.spans(left)
	scale := 1 / float64(t.Rows*t.Columns)
	multiply := func(values, weights []float64) {
		for i, weight := range weights {
			values[i] *= scale * weight
		}
		clear(values[len(weights):])
	}
	for y := range t.Height {
		row := weights[y*t.Width:][:t.Width]
		re, im := p.re[lanes*y:][:lanes], p.im[lanes*y:][:lanes]
		if inLeft == lanes && inRight == lanes {
			a, b := row[left:][:lanes], row[right:][:lanes]
			for i := range lanes {
				re[i] *= scale * a[i]
				im[i] *= scale * b[i]
			}
			continue
		}
		multiply(re, row[min(left, t.Width):][:inLeft])
		multiply(im, row[min(right, t.Width):][:inRight])
	}
	n := lanes * t.Rows
	clear(p.re[lanes*t.Height : n])
	clear(p.im[lanes*t.Height : n])
}

// scatterHalf takes the transforms of two real columns apart: those of the left one are (Z(k) + Z*(-k))/2 and those of the right
// one (Z(k) - Z*(-k))/2i.
func (t *Transform) scatterHalf(p planes, left int) {
	n := min(lanes, t.Columns/2-left)
	right := left + t.Columns/2
	for k := 0; 2*k <= t.Rows; k++ {
		opposite := (t.Rows - k) % t.Rows
		zr, zi := p.re[lanes*k:][:lanes], p.im[lanes*k:][:lanes]
		cr, ci := p.re[lanes*opposite:][:lanes], p.im[lanes*opposite:][:lanes]
		block := k / lanes * t.BlockSize()
		atLeft, atRight := block+lanes*left+k%lanes, block+lanes*right+k%lanes
		for i := range n {
			t.half.Re[atLeft+lanes*i], t.half.Im[atLeft+lanes*i] = 0.5*(zr[i]+cr[i]), 0.5*(zi[i]-ci[i])
			t.half.Re[atRight+lanes*i], t.half.Im[atRight+lanes*i] = 0.5*(zi[i]+ci[i]), 0.5*(cr[i]-zr[i])
		}
	}
}

// gatherHalf is the inverse of scatterHalf.
func (t *Transform) gatherHalf(p planes, left int) {
	n := min(lanes, t.Columns/2-left)
	right := left + t.Columns/2
	for k := 0; 2*k <= t.Rows; k++ {
		opposite := (t.Rows - k) % t.Rows
		zr, zi := p.re[lanes*k:][:lanes], p.im[lanes*k:][:lanes]
		cr, ci := p.re[lanes*opposite:][:lanes], p.im[lanes*opposite:][:lanes]
		block := k / lanes * t.BlockSize()
		atLeft, atRight := block+lanes*left+k%lanes, block+lanes*right+k%lanes
		for i := range n {
			ar, ai := t.half.Re[atLeft+lanes*i], t.half.Im[atLeft+lanes*i]
			br, bi := t.half.Re[atRight+lanes*i], t.half.Im[atRight+lanes*i]
			cr[i], ci[i] = ar+bi, br-ai
			zr[i], zi[i] = ar-bi, ai+br
		}
	}
}
