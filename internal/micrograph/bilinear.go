package micrograph

import (
	"errors"
	"fmt"
)

// maxScanSide keeps the geometry of interpolation exact.
const maxScanSide = 1 << 14

// completeBilinear completes a partial scan, [height,width], by linear interpolation within the triangles of the Delaunay
// triangulation of the pixels that were seen, those whose mask is above 0, which keep their values. Outside of all
// triangles a pixel has the value of the nearest one that was seen.
func completeBilinear(pixels, mask []float32, height, width int) ([]float32, error) {
	if err := checkScan(pixels, mask, height, width); err != nil {
		return nil, err
	}
	out := make([]float32, len(pixels))
	filled := make([]bool, len(pixels))
	if len(pixels) <= largestWhole || !interpolateTiles(out, filled, pixels, mask, height, width) {
		interpolateWhole(out, filled, pixels, mask, height, width)
	}
	var nearest []int32
	for i := range out {
		switch {
		case mask[i] > 0:
			out[i] = pixels[i]
		case !filled[i]:
			if nearest == nil {
				nearest = nearestSeen(mask, height, width)
			}
			out[i] = pixels[nearest[i]]
		}
	}
	return out, nil
}

// interpolateWhole fills the pixels between those that were seen by the triangles of all of them, and says which it filled.
func interpolateWhole(out []float32, filled []bool, pixels, mask []float32, height, width int) {
	var points []point
	for x := range width {
		for y := range height {
			if mask[y*width+x] > 0 {
				points = append(points, point{int64(x), int64(y)})
			}
		}
	}
	t, all := triangulate(points), rectangle{0, 0, height, width}
	for e := 0; e < len(t.corners); e += 3 {
		fillTriangle(out, filled, pixels, width, [3]point{points[t.corners[e]], points[t.corners[e+1]], points[t.corners[e+2]]}, all)
	}
}

var errNothingSeen = errors.New("the mask is 0 everywhere: nothing was seen")

func checkScan(pixels, mask []float32, height, width int) error {
	if height < 1 || width < 1 || len(pixels) != height*width || len(mask) != len(pixels) {
		return fmt.Errorf("an image of %d values and a mask of %d, for %dx%d pixels", len(pixels), len(mask), width, height)
	}
	if max(height, width) > maxScanSide {
		return fmt.Errorf("an image of %dx%d pixels; interpolation takes up to %d on a side: cut it into parts", width, height, maxScanSide)
	}
	seen := false
	for i, value := range mask {
		if value > 0 {
			seen = true
			if pixels[i]-pixels[i] != 0 {
				return fmt.Errorf("the pixel at row %d, column %d was seen, by the mask, and is %v", i/width, i%width, pixels[i])
			}
		}
	}
	if !seen {
		return errNothingSeen
	}
	return nil
}

// fillTriangle fills the pixels of a part of the image that are inside a triangle, and on its sides, by the plane through its
// corners.
func fillTriangle(out []float32, filled []bool, pixels []float32, width int, corners [3]point, part rectangle) {
	value := func(p point) float64 { return float64(pixels[int(p.y)*width+int(p.x)]) }
	va, vb, vc := value(corners[0]), value(corners[1]), value(corners[2])
	area := float64(turn(corners[0], corners[1], corners[2]))
	eachPixel(corners, part, func(y, x int, wa, wb, wc int64) {
		out[y*width+x] = float32((float64(wa)*va + float64(wb)*vb + float64(wc)*vc) / area)
		filled[y*width+x] = true
	})
}

// eachPixel calls f for the pixels of a part of the image that are inside a triangle, and on its sides, with the weights of its
// corners there, which come to its area, twice.
func eachPixel(corners [3]point, part rectangle, f func(y, x int, wa, wb, wc int64)) {
	a, b, c := corners[0], corners[1], corners[2]
	left, right := max(min(a.x, b.x, c.x), int64(part.left)), min(max(a.x, b.x, c.x), int64(part.right-1))
	top, bottom := max(min(a.y, b.y, c.y), int64(part.top)), min(max(a.y, b.y, c.y), int64(part.bottom-1))
	for y := top; y <= bottom; y++ {
		p := point{left, y}
		wa, wb, wc := turn(b, c, p), turn(c, a, p), turn(a, b, p)
		for x := left; x <= right; x++ {
			if wa >= 0 && wb >= 0 && wc >= 0 {
				f(int(y), int(x), wa, wb, wc)
			}
			// A step along the row adds the same to each weight.
			wa, wb, wc = wa+b.y-c.y, wb+c.y-a.y, wc+a.y-b.y
		}
	}
}
