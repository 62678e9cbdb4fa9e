package micrograph

import "fmt"

// tile applies a function of square crops to an image of any size: input is [height,width,channels], and the result is
// [height,width]. Crops, of side pixels, lie at even distances so that neighbours overlap by at least overlap pixels, and
// across an overlap one fades into the other, so there are no seams. An image smaller than a crop is continued by its
// reflection. A function that returns a channel of its crop as it is returns that channel of the image, exactly.
//
// Apply reads crop, [side,side,channels], and fills out, [side,side].
func tile(input []float32, height, width, channels, side, overlap int, apply func(crop, out []float32) error) ([]float32, error) {
	if height < 1 || width < 1 || channels < 1 || len(input) != height*width*channels {
		return nil, fmt.Errorf("%d values are no image of %dx%d pixels of %d channels", len(input), width, height, channels)
	}
	if side < 1 || overlap < 0 || overlap >= side {
		return nil, fmt.Errorf("crops of %d pixels that overlap by %d", side, overlap)
	}
	tops, lefts := starts(height, side, overlap), starts(width, side, overlap)
	crop, out := make([]float32, side*side*channels), make([]float32, side*side)
	result, strip := make([]float32, height*width), make([]float32, side*width)
	for i, top := range tops {
		for j, left := range lefts {
			for y := range side {
				row := input[reflect(top+y, height)*width*channels:][:width*channels]
				for x := range side {
					copy(crop[(y*side+x)*channels:][:channels], row[reflect(left+x, width)*channels:])
				}
			}
			if err := apply(crop, out); err != nil {
				return nil, err
			}
			shared := 0
			if j > 0 {
				shared = lefts[j-1] + side - left
			}
			for y := range side {
				fade(strip[y*width:][:width], out[y*side:][:side], left, shared)
			}
		}
		shared := 0
		if i > 0 {
			shared = tops[i-1] + side - top
		}
		for y := range min(side, height-top) {
			row := result[(top+y)*width:][:width]
			weight := float32(1)
			if y < shared {
				weight = rise(y, shared)
			}
			for x, value := range strip[y*width:][:width] {
				row[x] = mix(row[x], value, weight)
			}
		}
	}
	return result, nil
}

// starts are the first places of crops that cover a length.
func starts(length, side, overlap int) []int {
	if length <= side {
		return []int{0}
	}
	step := side - overlap
	count := (length - overlap + step - 1) / step
	list := make([]int, count)
	for i := range list {
		list[i] = i * (length - side) / (count - 1)
	}
	return list
}

// rise is the weight of the later of two crops at a place in what they share, between 0 and 1.
func rise(place, shared int) float32 { return (float32(place) + 0.5) / float32(shared) }

// mix is exactly the value where both are the same.
func mix(old, value, weight float32) float32 {
	if weight == 1 {
		return value
	}
	return old + float32(weight*(value-old))
}

// fade lays a crop's row over a strip's, of which the first shared pixels are there already.
func fade(strip, row []float32, left, shared int) {
	for x, value := range row[:min(len(row), len(strip)-left)] {
		weight := float32(1)
		if x < shared {
			weight = rise(x, shared)
		}
		strip[left+x] = mix(strip[left+x], value, weight)
	}
}
