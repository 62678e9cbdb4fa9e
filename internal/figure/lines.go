package figure

// lines returns the connected parts of a series, thinned to what can be seen.
func (p *Plot) lines(x, y []float64, points int, step bool) [][][2]float64 {
	var parts [][][2]float64
	for begin := 0; begin < len(x); {
		if !p.visible(y[begin]) || !finite(x[begin]) {
			begin++
			continue
		}
		end := begin
		for end < len(x) && p.visible(y[end]) && finite(x[end]) {
			end++
		}
		shortX, shortY := downsample(x[begin:end], y[begin:end], max(8, points))
		part := make([][2]float64, 0, len(shortX))
		for i := range shortX {
			if step && i > 0 {
				part = append(part, [2]float64{shortX[i], shortY[i-1]})
			}
			part = append(part, [2]float64{shortX[i], shortY[i]})
		}
		if len(part) == 1 {
			part = append(part, part[0])
		}
		parts = append(parts, part)
		begin = end
	}
	return parts
}

// clip cuts a line at the top and bottom of an area, and drops what is left or right of it.
func clip(points [][2]float64, area rectangle) [][][2]float64 {
	var pieces [][][2]float64
	var piece [][2]float64
	flush := func() {
		if len(piece) > 1 {
			pieces = append(pieces, piece)
		}
		piece = nil
	}
	for i := 1; i < len(points); i++ {
		a, b, ok := clipSegment(points[i-1], points[i], area)
		if !ok {
			flush()
			continue
		}
		if len(piece) == 0 || piece[len(piece)-1] != a {
			flush()
			piece = append(piece, a)
		}
		piece = append(piece, b)
	}
	flush()
	return pieces
}

// clipSegment is Liang and Barsky's algorithm (1984).
func clipSegment(a, b [2]float64, area rectangle) (from, to [2]float64, ok bool) {
	low, high := 0., 1.
	dx, dy := b[0]-a[0], b[1]-a[1]
	for _, edge := range [4][2]float64{{-dx, a[0] - area.left}, {dx, area.right - a[0]}, {-dy, a[1] - area.bottom}, {dy, area.top - a[1]}} {
		direction, distance := edge[0], edge[1]+1e-6
		switch {
		case direction == 0 && distance < 0:
			return a, b, false
		case direction < 0:
			low = max(low, distance/direction)
		case direction > 0:
			high = min(high, distance/direction)
		}
	}
	if low > high {
		return a, b, false
	}
	from, to = a, b
	if low > 0 {
		from = [2]float64{a[0] + low*dx, a[1] + low*dy}
	}
	if high < 1 {
		to = [2]float64{a[0] + high*dx, a[1] + high*dy}
	}
	return from, to, true
}
