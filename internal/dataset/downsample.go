package dataset

import "sync"

// Downsample makes the input of experiment 1 from its target: it resizes n images of src, [N,H,W,C], to half the height
// and width and back, bilinearly with aligned corners, into dst of the same shape. Odd sizes are halved rounding down.
// (Ede and Beanland 2020, experiment 1: 32x32 to 16x16 and back.)
func Downsample(dst, src []float32, n, h, w, c int) {
	d := downsamplers.Get().(*downsampler)
	d.plan(h, w, c)
	size := h * w * c
	for i := range n {
		d.resize(dst[i*size:(i+1)*size], src[i*size:(i+1)*size])
	}
	downsamplers.Put(d)
}

// downsamplers keeps tables and buffers from call to call, so that a step allocates nothing.
var downsamplers = sync.Pool{New: func() any { return new(downsampler) }}

type downsampler struct {
	h, w, c               int
	downRows, downColumns []tap // halving
	upRows, upColumns     []tap // and back
	low                   []float32
	row                   []float32
}

// tap says where a resized sample comes from: the sample at first, times 1 - weight, and the one after, times weight.
type tap struct {
	first, second int
	weight        float32
}

// taps resizes in samples to out, the first and the last staying where they are.
func taps(in, out int) []tap {
	list := make([]tap, out)
	for i := range list {
		// In integers, so that the weights are exact to a rounding.
		var first, rest int
		if out > 1 {
			first, rest = i*(in-1)/(out-1), i*(in-1)%(out-1)
			list[i].weight = float32(float64(rest) / float64(out-1))
		}
		list[i].first, list[i].second = first, min(first+1, in-1)
	}
	return list
}

func (d *downsampler) plan(h, w, c int) {
	if d.h == h && d.w == w && d.c == c {
		return
	}
	lowH, lowW := max(1, h/2), max(1, w/2)
	*d = downsampler{
		h: h, w: w, c: c,
		downRows: taps(h, lowH), downColumns: taps(w, lowW),
		upRows: taps(lowH, h), upColumns: taps(lowW, w),
		low: make([]float32, lowH*w*c),
		row: make([]float32, max(lowW, w)*c),
	}
	for _, columns := range [][]tap{d.downColumns, d.upColumns} {
		for i := range columns {
			columns[i].first *= c
			columns[i].second *= c
		}
	}
}

func (d *downsampler) resize(dst, src []float32) {
	stride := d.w * d.c
	half := d.row[:len(d.downColumns)*d.c]
	for y, t := range d.downRows {
		// The low image's rows are widened again at once; heights follow below.
		low := d.low[y*stride : (y+1)*stride]
		blend(low, src[t.first*stride:][:stride], src[t.second*stride:][:stride], t.weight)
		stretch(half, low, d.downColumns, d.c)
		stretch(low, half, d.upColumns, d.c)
	}
	for y, t := range d.upRows {
		blend(dst[y*stride:(y+1)*stride], d.low[t.first*stride:][:stride], d.low[t.second*stride:][:stride], t.weight)
	}
}

// blend mixes two rows.
func blend(dst, first, second []float32, weight float32) {
	first, second = first[:len(dst)], second[:len(dst)]
	for i := range dst {
		dst[i] = first[i] + float32(weight*(second[i]-first[i]))
	}
}

// stretch resizes a row of pixels.
func stretch(dst, src []float32, columns []tap, channels int) {
	at := 0
	for _, t := range columns {
		first, second := src[t.first:][:channels], src[t.second:][:channels]
		for c, value := range first {
			dst[at] = value + float32(t.weight*(second[c]-value))
			at++
		}
	}
}
