package micrograph

import "math"

// counted says whether an image that is mostly 0 has electrons that were counted, rather than being masked: its values are whole
// numbers of something, of which 1 is the most frequent, and those that are not 0 lie beside each other about as often as
// chance has it. What a scan sees lies along its path, and has the values of a micrograph.
func counted(pixels []float32, height, width int) bool {
	frequencies := map[float32]int{}
	for _, value := range pixels {
		if value < 0 {
			return false
		}
		if frequencies[value]++; len(frequencies) > maxCounts {
			return false
		}
	}
	delete(frequencies, 0)
	if len(frequencies) < 2 {
		return false // a mask
	}
	unit := float32(math.Inf(1))
	for value := range frequencies {
		unit = min(unit, value)
	}
	for value, frequency := range frequencies {
		if ratio := float64(value / unit); math.Abs(ratio-math.Round(ratio)) > 1e-3 || value != unit && frequency >= frequencies[unit] {
			return false
		}
	}
	for _, step := range [][2]int{{0, 1}, {1, 0}} {
		pairs, chance := beside(pixels, height, width, step[0], step[1])
		if pairs < chance/2 || pairs > 3*chance {
			return false
		}
	}
	return true
}

// maxCounts is more different values than a mostly empty image of counts has.
const maxCounts = 64

// beside counts the pairs of pixels above 0 of which one is a step from the other, and how many there were by chance: in each of
// 8x8 parts of the image as many as the share of such pixels there makes likely, since some parts are brighter than others.
func beside(pixels []float32, height, width, down, right int) (pairs, chance float64) {
	const across = 8
	var total, above [across * across]float64
	part := func(y, x int) int { return y*across/height*across + x*across/width }
	for y := range height {
		for x := range width {
			total[part(y, x)]++
			if pixels[y*width+x] > 0 {
				above[part(y, x)]++
			}
		}
	}
	for y := range height - down {
		for x := range width - right {
			p := part(y, x)
			share := above[p] / total[p]
			chance += share * share
			if pixels[y*width+x] > 0 && pixels[(y+down)*width+x+right] > 0 {
				pairs++
			}
		}
	}
	return pairs, chance
}
