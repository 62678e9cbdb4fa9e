package kriging

// Tiles that images larger than largest on a side are estimated in. A tile of side pixels makes a transform of 640, a fast size.
const (
	largest = 768
	side    = 512
	overlap = 64
)

// span is a tile's rows or columns.
type span struct {
	from, length int
	// weights are its shares of what the tiles that overlap make of each place; they sum to 1.
	weights []float64
}

// spans are the tiles that cover a length: one for lengths up to the largest.
func spans(length int) []span {
	count, size := 1, length
	if length > largest {
		count, size = (length-overlap+side-overlap-1)/(side-overlap), side
	}
	list, sums := make([]span, count), make([]float64, length)
	for i := range list {
		s := span{from: i * (length - size) / max(1, count-1), length: size, weights: make([]float64, size)}
		for at := range s.weights {
			weight := 1.0
			if i > 0 {
				weight = min(weight, (float64(at)+0.5)/overlap)
			}
			if i < count-1 {
				weight = min(weight, (float64(size-at)-0.5)/overlap)
			}
			s.weights[at] = weight
			sums[s.from+at] += weight
		}
		list[i] = s
	}
	for _, s := range list {
		for at := range s.weights {
			s.weights[at] /= sums[s.from+at]
		}
	}
	return list
}

// cut takes a tile out of an image.
func cut(image []float32, width int, down, along span) []float32 {
	part := make([]float32, 0, down.length*along.length)
	for y := range down.length {
		part = append(part, image[(down.from+y)*width+along.from:][:along.length]...)
	}
	return part
}

// lay adds a tile to an estimate.
func (e *Estimate) lay(tile *Estimate, width int, down, along span) {
	for y, weightDown := range down.weights {
		at := (down.from+y)*width + along.from
		for x, weightAlong := range along.weights {
			weight := float32(weightDown * weightAlong)
			e.Mean[at+x] += weight * tile.Mean[y*along.length+x]
			e.Kept[at+x] += weight * tile.Kept[y*along.length+x]
			if e.Deviation != nil {
				e.Deviation[at+x] += weight * tile.Deviation[y*along.length+x]
			}
		}
	}
	if e.Tiles == 0 || !tile.Converged() && (e.Converged() || tile.Residual > e.Residual) || tile.Converged() == e.Converged() && tile.Iterations > e.Iterations {
		e.Convergence = tile.Convergence
	}
	e.Tiles++
}

// flat is the estimate of a tile of which nothing was seen.
func flat(mean, deviation float64, n int) *Estimate {
	e := newEstimate(n, true)
	for i := range e.Mean {
		e.Mean[i], e.Deviation[i] = float32(mean), float32(deviation)
	}
	return e
}

// moments are the mean and the variance of what was seen, of which there are so many pixels.
func moments(pixels, mask []float32) (mean, variance float64, count int) {
	var sum, squares float64
	for i, m := range mask {
		if m > 0 {
			sum += float64(pixels[i])
			count++
		}
	}
	if count == 0 {
		return 0, 0, 0
	}
	mean = sum / float64(count)
	for i, m := range mask {
		if d := float64(pixels[i]) - mean; m > 0 {
			squares += d * d
		}
	}
	return mean, squares / float64(count), count
}
