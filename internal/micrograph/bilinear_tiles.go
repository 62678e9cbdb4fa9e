package micrograph

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"alrc/internal/statistics"
)

// Images with more pixels than largestWhole are interpolated in tiles, each by the triangles of what was seen in it and up to a margin
// on each side. Margins that turn out to be too small are doubled, each on its own: near the border of a scan, triangles can be long
// and narrow. Where so many points would be needed that tiles are no help, the image is interpolated as a whole.
const (
	largestWhole = 1 << 20
	largestTile  = 1 << 21 // pixels, with the margins
)

// tileSize suits a scan whose lines lie about 1/coverage apart: the fewer points there are to a tile, the fewer are in each other's
// way, and circles seldom reach further than from line to line.
func tileSize(mask []float32) (side, margin int) {
	pitch := 1 / statistics.Mean(mask)
	return int(max(48, min(6*pitch, 128))), int(max(4, min(pitch, 64))) + 3
}

// interpolateTiles fills the pixels between those that were seen, and says which it filled. It is not ok where tiles are no help.
//
// A triangle is one of Delaunay's of the whole scan if no point lies in its circle. So one of a tile counts where its circle holds
// nothing of the image but what is in the tile and its margin.
func interpolateTiles(out []float32, filled []bool, pixels, mask []float32, height, width int) (ok bool) {
	hull := hullOf(mask, height, width)
	if hull == nil {
		return false
	}
	type place struct{ top, left int }
	tileSide, margin := tileSize(mask)
	var places []place
	for top := 0; top < height; top += tileSide {
		for left := 0; left < width; left += tileSide {
			places = append(places, place{top, left})
		}
	}
	var next atomic.Int64
	var failed atomic.Bool
	var working sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		working.Add(1)
		go func() {
			defer working.Done()
			for i := int(next.Add(1)) - 1; i < len(places) && !failed.Load(); i = int(next.Add(1)) - 1 {
				core := rectangle{places[i].top, places[i].left, min(places[i].top+tileSide, height), min(places[i].left+tileSide, width)}
				margins := margins{margin, margin, margin, margin}
				for !interpolateTile(out, filled, pixels, mask, height, width, core, &margins, hull) {
					if wide := core.widened(margins, height, width); (wide.bottom-wide.top)*(wide.right-wide.left) > largestTile {
						failed.Store(true)
						break
					}
				}
			}
		}()
	}
	working.Wait()
	return !failed.Load()
}

// rectangle is a part of an image: rows from top to before bottom, columns from left to before right.
type rectangle struct{ top, left, bottom, right int }

// margins are those above, to the left, below and to the right.
type margins [4]int

func (r rectangle) widened(m margins, height, width int) rectangle {
	return rectangle{max(0, r.top-m[0]), max(0, r.left-m[1]), min(r.bottom+m[2], height), min(r.right+m[3], width)}
}

// interpolateTile fills the pixels of a tile. Where some are left that it cannot be sure of, it widens the margins.
func interpolateTile(out []float32, filled []bool, pixels, mask []float32, height, width int, core rectangle, m *margins, hull *hull) (complete bool) {
	wide := core.widened(*m, height, width)
	seen := func(y, x int) bool { return y >= 0 && y < height && x >= 0 && x < width && mask[y*width+x] > 0 }
	var points []point
	for x := wide.left; x < wide.right; x++ {
		for y := wide.top; y < wide.bottom; y++ {
			// A pixel whose four neighbours were seen is in triangles of half a pixel only.
			if mask[y*width+x] > 0 && !(seen(y-1, x) && seen(y+1, x) && seen(y, x-1) && seen(y, x+1)) {
				points = append(points, point{int64(x), int64(y)})
			}
		}
	}
	t := triangulate(points)
	var unsure [][3]point
	for e := 0; e < len(t.corners); e += 3 {
		corners := [3]point{points[t.corners[e]], points[t.corners[e+1]], points[t.corners[e+2]]}
		if !touches(corners, core) {
			continue
		}
		if circleWithin(corners, wide, height, width) == (margins{}) {
			fillTriangle(out, filled, pixels, width, corners, core)
		} else {
			unsure = append(unsure, corners)
		}
	}
	open := func(y, x int) bool { return !filled[y*width+x] && !(mask[y*width+x] > 0) && hull.has(y, x) }
	short := margins{}
	for _, corners := range unsure {
		covers := false
		eachPixel(corners, core, func(y, x int, _, _, _ int64) { covers = covers || open(y, x) })
		if covers {
			for i, beyond := range circleWithin(corners, wide, height, width) {
				short[i] = max(short[i], beyond)
			}
		}
	}
	complete = true
	for y := core.top; y < core.bottom && complete; y++ {
		for x := core.left; x < core.right && complete; x++ {
			complete = !open(y, x)
		}
	}
	if !complete && short == (margins{}) { // no triangles at all
		short = margins{1, 1, 1, 1}
	}
	for i := range m {
		if short[i] > 0 {
			m[i] *= 2
		}
	}
	return complete
}

// touches says whether a triangle may cover a pixel of a part of the image beside its corners.
func touches(corners [3]point, r rectangle) bool {
	a, b, c := corners[0], corners[1], corners[2]
	left, right, top, bottom := min(a.x, b.x, c.x), max(a.x, b.x, c.x), min(a.y, b.y, c.y), max(a.y, b.y, c.y)
	return right-left+bottom-top > 2 && left < int64(r.right) && right >= int64(r.left) && top < int64(r.bottom) && bottom >= int64(r.top)
}

// circleWithin says on which sides of a rectangle the part of a triangle's circle that lies in the image goes beyond it.
func circleWithin(corners [3]point, r rectangle, height, width int) (beyond margins) {
	// Relative to the first corner, so that numbers stay small.
	a, b, c := corners[0], corners[1], corners[2]
	bx, by, cx, cy := float64(b.x-a.x), float64(b.y-a.y), float64(c.x-a.x), float64(c.y-a.y)
	twice := 2 * (bx*cy - by*cx)
	bb, cc := bx*bx+by*by, cx*cx+cy*cy
	x, y := (cy*bb-by*cc)/twice, (bx*cc-cx*bb)/twice
	square := (x*x + y*y) * (1 + 1e-9)
	x, y = x+float64(a.x), y+float64(a.y)
	// reach is how far the circle goes from its centre along one axis, within the image's span of the other.
	reach := func(centre float64, last int) float64 {
		off := max(0, -centre, centre-float64(last))
		return math.Sqrt(max(0, square-off*off))
	}
	across, down := reach(y, height-1), reach(x, width-1)
	for i, is := range [4]bool{
		r.top > 0 && y-down < float64(r.top), r.left > 0 && x-across < float64(r.left),
		r.bottom < height && y+down > float64(r.bottom-1), r.right < width && x+across > float64(r.right-1),
	} {
		if is {
			beyond[i] = 1
		}
	}
	return beyond
}

// hull is the convex hull of what was seen: of each column, the first and the last row that are in it.
type hull struct{ first, last []int32 }

func (h *hull) has(y, x int) bool { return int32(y) >= h.first[x] && int32(y) <= h.last[x] }

// hullOf returns nil where all that was seen is in line.
func hullOf(mask []float32, height, width int) *hull {
	var upper, lower []point // the chains of least and of greatest rows
	extend := func(chain []point, p point, sign int64) []point {
		for len(chain) > 1 && sign*turn(chain[len(chain)-2], chain[len(chain)-1], p) <= 0 {
			chain = chain[:len(chain)-1]
		}
		return append(chain, p)
	}
	for x := range width {
		top, bottom := 0, height-1
		for top < height && !(mask[top*width+x] > 0) {
			top++
		}
		if top == height {
			continue
		}
		for !(mask[bottom*width+x] > 0) {
			bottom--
		}
		upper = extend(upper, point{int64(x), int64(top)}, 1)
		lower = extend(lower, point{int64(x), int64(bottom)}, -1)
	}
	if len(upper) < 2 || len(upper) == 2 && len(lower) == 2 && slices.Equal(upper, lower) {
		return nil
	}
	h := &hull{make([]int32, width), make([]int32, width)}
	for x := range width {
		h.first[x], h.last[x] = int32(height), -1
	}
	walk := func(chain []point, put func(x int64, y float64)) {
		for i := 1; i < len(chain); i++ {
			a, b := chain[i-1], chain[i]
			for x := a.x; x <= b.x; x++ {
				put(x, float64(a.y)+float64((b.y-a.y)*(x-a.x))/float64(b.x-a.x))
			}
		}
	}
	walk(upper, func(x int64, y float64) { h.first[x] = int32(math.Ceil(y - 1e-9)) })
	walk(lower, func(x int64, y float64) { h.last[x] = int32(math.Floor(y + 1e-9)) })
	return h
}
