package micrograph

import "slices"

// point is a pixel's place: x is its column, y its row. Coordinates are below 2^14, so that the tests below are exact.
type point struct{ x, y int64 }

// turn is positive where a, b and c turn left (x to the right, y upwards), and 0 where they are in line.
func turn(a, b, c point) int64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// inCircle says whether d lies inside the circle through a, b and c, which turn left.
func inCircle(a, b, c, d point) bool {
	ax, ay, bx, by, cx, cy := a.x-d.x, a.y-d.y, b.x-d.x, b.y-d.y, c.x-d.x, c.y-d.y
	return (ax*ax+ay*ay)*(bx*cy-by*cx)-(bx*bx+by*by)*(ax*cy-ay*cx)+(cx*cx+cy*cy)*(ax*by-ay*bx) > 0
}

// triangulation is one of Delaunay's. Triangle t has the corners corners[3t], corners[3t+1] and corners[3t+2], which turn left.
// Half-edge e leads from corner e to the next of its triangle; twins[e] is the half-edge of the neighbour, or -1 at the
// border.
type triangulation struct {
	points         []point
	corners, twins []int32
	// The border goes around to the left: from a point to the next, along a half-edge.
	next, previous, border []int32
	stack                  []int32
}

// triangulate triangulates different points sorted by x, then y. It has no triangle where all points are in line.
//
// Points are added in order, so that each lies outside what there is and is joined to the part of the border that it sees;
// edges are then flipped until no circle about a triangle has a point inside (Lawson 1977).
func triangulate(points []point) *triangulation {
	n := len(points)
	t := &triangulation{points: points, next: make([]int32, n), previous: make([]int32, n), border: make([]int32, n)}
	first := 2
	for first < n && turn(points[0], points[1], points[first]) == 0 {
		first++
	}
	if first >= n {
		return t
	}
	t.corners, t.twins = make([]int32, 0, 6*n), make([]int32, 0, 6*n)
	t.begin(int32(first))
	for p := int32(first) + 1; p < int32(n); p++ {
		t.add(p)
	}
	return t
}

// begin joins the first points, which are in line, to the first that is not.
func (t *triangulation) begin(apex int32) {
	left := turn(t.points[0], t.points[1], t.points[apex]) > 0
	chain := make([]int32, apex)
	for i := range chain {
		chain[i] = int32(i)
	}
	if !left {
		slices.Reverse(chain)
	}
	for i := 1; i < len(chain); i++ {
		e := t.triangle(chain[i-1], chain[i], apex)
		t.follow(chain[i-1], chain[i], e)
		if i > 1 {
			t.link(e-2, e+2) // the edge before leads from this one's first corner to the apex
		}
	}
	last := int32(len(t.corners))
	t.follow(chain[len(chain)-1], apex, last-2)
	t.follow(apex, chain[0], 2)
}

// triangle adds one and returns its first half-edge.
func (t *triangulation) triangle(a, b, c int32) int32 {
	e := int32(len(t.corners))
	t.corners = append(t.corners, a, b, c)
	t.twins = append(t.twins, -1, -1, -1)
	return e
}

func (t *triangulation) link(e, f int32) {
	t.twins[e] = f
	if f >= 0 {
		t.twins[f] = e
	}
}

// follow makes the border lead from a to b along a half-edge.
func (t *triangulation) follow(a, b, e int32) { t.next[a], t.previous[b], t.border[a] = b, a, e }

// add adds a point that is beyond all others in the order, the last of which is on the border.
func (t *triangulation) add(p int32) {
	sees := func(a, b int32) bool { return turn(t.points[a], t.points[b], t.points[p]) < 0 }
	start := p - 1
	for sees(t.previous[start], start) {
		start = t.previous[start]
	}
	end := start
	before := int32(-1)
	var first, last int32
	for sees(end, t.next[end]) {
		a, b := end, t.next[end]
		e := t.triangle(b, a, p) // half-edges b to a, a to p and p to b
		t.link(e, t.border[a])
		if before < 0 {
			first = e
		} else {
			t.link(e+1, before+2)
		}
		before, last, end = e, e, b
	}
	t.follow(start, p, first+1)
	t.follow(p, end, last+2)
	for e := first; e <= last; e += 3 {
		t.legalize(e)
	}
}

// legalize flips a half-edge opposite a new point where the circle about its triangle has the neighbour's corner inside, and
// then those that come to be opposite.
func (t *triangulation) legalize(e int32) {
	t.stack = append(t.stack[:0], e)
	for len(t.stack) > 0 {
		a := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		b := t.twins[a]
		if b < 0 {
			continue
		}
		a0, b0 := a-a%3, b-b%3
		al, ar := a0+(a+1)%3, a0+(a+2)%3
		br, bl := b0+(b+1)%3, b0+(b+2)%3
		apex, opposite := t.corners[ar], t.corners[bl]
		if !inCircle(t.points[apex], t.points[t.corners[a]], t.points[t.corners[al]], t.points[opposite]) {
			continue
		}
		t.corners[a], t.corners[b] = opposite, apex
		outerA, outerB := t.twins[bl], t.twins[ar]
		t.link(a, outerA)
		t.link(b, outerB)
		t.link(ar, bl)
		if outerA < 0 {
			t.border[opposite] = a
		}
		if outerB < 0 {
			t.border[apex] = b
		}
		t.stack = append(t.stack, a, br)
	}
}
