package random

import "math"

// Smooth is value noise, from -1 to 1: random values at whole numbers, and a smooth surface through them. Each key and octave has
// a surface of its own.
func Smooth(key uint64, x, y float64, octave uint64) float64 {
	cellX, cellY := math.Floor(x), math.Floor(y)
	x, y = Ease(x-cellX), Ease(y-cellY)
	corner := func(dx, dy float64) float64 {
		hash := Mix(key ^ Mix(uint64(int64(cellX+dx))<<33^uint64(int64(cellY+dy))<<1^octave))
		return float64(hash>>11)/(1<<52) - 1
	}
	top := corner(0, 0)
	top += float64(x * (corner(1, 0) - top))
	bottom := corner(0, 1)
	bottom += float64(x * (corner(1, 1) - bottom))
	return top + float64(y*(bottom-top))
}

// Ease rises from 0 at 0 to 1 at 1, and is level at both ends.
func Ease(x float64) float64 { return x * x * (3 - 2*x) }
