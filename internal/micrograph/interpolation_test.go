package micrograph

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// surface samples a function where a mask is above 0; elsewhere pixels are what must not be used.
func surface(mask []float32, height, width int, f func(x, y float64) float64) (truth, scan []float32) {
	truth, scan = make([]float32, height*width), make([]float32, height*width)
	for i := range truth {
		truth[i] = float32(f(float64(i%width)/float64(width), float64(i/width)/float64(height)))
		scan[i] = float32(math.NaN())
		if mask[i] > 0 {
			scan[i] = truth[i]
		}
	}
	return truth, scan
}

func scanMask(t testing.TB, kind string, coverage float64, height, width int) []float32 {
	t.Helper()
	mask := make([]float32, height*width)
	if err := (Scan{Kind: kind, Coverage: coverage, Seed: 1}).Mask(0, height, width, mask); err != nil {
		t.Fatal(err)
	}
	return mask
}

// corners adds the corners of the image to a mask, so that no pixel lies outside.
func corners(mask []float32, height, width int) []float32 {
	mask[0], mask[width-1], mask[(height-1)*width], mask[height*width-1] = 1, 1, 1, 1
	return mask
}

func largestError(t *testing.T, got, want []float32) (largest float64) {
	t.Helper()
	for i := range want {
		e := math.Abs(float64(got[i] - want[i]))
		if !(e < math.Inf(1)) {
			t.Fatalf("pixel %d is %v", i, got[i])
		}
		largest = max(largest, e)
	}
	return largest
}

func TestBilinearKeepsPlanes(t *testing.T) {
	for _, kind := range []string{Spiral, Grid, Lines} {
		const height, width = 70, 90
		mask := corners(scanMask(t, kind, DefaultCoverage, height, width), height, width)
		truth, scan := surface(mask, height, width, func(x, y float64) float64 { return 0.3 + 0.5*x - 0.7*y })
		got, err := completeBilinear(scan, mask, height, width)
		if err != nil {
			t.Fatal(err)
		}
		if e := largestError(t, got, truth); e > 1e-6 {
			t.Errorf("%s: a plane comes out with an error of %v", kind, e)
		}
	}
}

func TestBiharmonicKeepsPlanesAndCurvedSurfaces(t *testing.T) {
	const height, width = 70, 90
	for _, kind := range []string{Spiral, Grid, Lines} {
		mask := scanMask(t, kind, 0.1, height, width)
		// A plane bends nowhere, so it is the answer up to the borders.
		truth, scan := surface(mask, height, width, func(x, y float64) float64 { return 0.3 + 0.5*x - 0.7*y })
		got, err := completeBiharmonic(scan, mask, height, width)
		if err != nil {
			t.Fatal(err)
		}
		if e := largestError(t, got, truth); e > 1e-4 {
			t.Errorf("%s: a plane comes out with an error of %v", kind, e)
		}
		// A polynomial of degree 3 obeys the equation, and does so away from the borders.
		truth, scan = surface(mask, height, width, func(x, y float64) float64 {
			return x*x - 0.8*y*y + 2*x*y + x*x*x - y*y*x
		})
		smooth, err := completeBiharmonic(scan, mask, height, width)
		if err != nil {
			t.Fatal(err)
		}
		flat, err := completeBilinear(scan, mask, height, width)
		if err != nil {
			t.Fatal(err)
		}
		inside := func(pixels []float32) (inner []float32) {
			for y := 20; y < height-20; y++ {
				inner = append(inner, pixels[y*width+20:][:width-40]...)
			}
			return inner
		}
		e, bilinear := largestError(t, inside(smooth), inside(truth)), largestError(t, inside(flat), inside(truth))
		if e > 1e-3 || e > bilinear/3 {
			t.Errorf("%s: a cubic comes out with an error of %v, and of %v by triangles", kind, e, bilinear)
		}
	}
}

// The solution has the least energy: whatever unknown pixel moves, energy rises.
func TestBiharmonicHasTheLeastEnergy(t *testing.T) {
	const height, width = 14, 17
	random := rand.New(rand.NewPCG(1, 2))
	mask, scan := make([]float32, height*width), make([]float32, height*width)
	for i := range mask {
		if scan[i] = random.Float32(); random.Float32() < 0.2 {
			mask[i] = 1
		}
	}
	got, err := completeBiharmonic(scan, mask, height, width)
	if err != nil {
		t.Fatal(err)
	}
	energy := func(u []float64) (sum float64) {
		at := func(y, x int) float64 { return u[y*width+x] }
		for y := range height {
			for x := range width {
				if x > 0 && x < width-1 {
					sum += math.Pow(at(y, x-1)-2*at(y, x)+at(y, x+1), 2)
				}
				if y > 0 && y < height-1 {
					sum += math.Pow(at(y-1, x)-2*at(y, x)+at(y+1, x), 2)
				}
				if x < width-1 && y < height-1 {
					sum += 2 * math.Pow(at(y, x)-at(y, x+1)-at(y+1, x)+at(y+1, x+1), 2)
				}
			}
		}
		return sum
	}
	u := make([]float64, len(got))
	for i, value := range got {
		u[i] = float64(value)
	}
	least := energy(u)
	for i := range u {
		if mask[i] > 0 {
			if got[i] != scan[i] {
				t.Fatalf("pixel %d was seen as %v and is %v", i, scan[i], got[i])
			}
			continue
		}
		for _, step := range []float64{-0.01, 0.01} {
			u[i] += step
			if e := energy(u); e < least {
				t.Errorf("pixel %d moved by %v lowers the energy from %v to %v", i, step, least, e)
			}
			u[i] -= step
		}
	}
}

func TestInterpolationOfOddScans(t *testing.T) {
	const height, width = 9, 12
	for name, seen := range map[string][]int{
		"one pixel": {40}, "two": {3, 77}, "a row": {24, 25, 26, 30, 35}, "a column": {5, 17, 53}, "a diagonal": {0, 13, 26, 39},
		"a triangle": {1, 50, 100},
	} {
		mask, scan := make([]float32, height*width), make([]float32, height*width)
		for i := range scan {
			scan[i] = float32(math.NaN())
		}
		for _, i := range seen {
			mask[i], scan[i] = 0.1, float32(i)
		}
		bilinear, err := completeBilinear(scan, mask, height, width)
		if err != nil {
			t.Fatal(err)
		}
		smooth, err := completeBiharmonic(scan, mask, height, width)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range seen {
			if bilinear[i] != float32(i) || smooth[i] != float32(i) {
				t.Errorf("%s: pixel %d is %v and %v", name, i, bilinear[i], smooth[i])
			}
		}
		if low, high := slices.Min(bilinear), slices.Max(bilinear); low < float32(seen[0]) || high > float32(seen[len(seen)-1]) {
			t.Errorf("%s: values from %v to %v", name, low, high)
		}
		largestError(t, smooth, smooth)
	}
	nothing := make([]float32, height*width)
	for _, complete := range []func([]float32, []float32, int, int) ([]float32, error){completeBilinear, completeBiharmonic} {
		if _, err := complete(nothing, nothing, height, width); err == nil || !strings.Contains(err.Error(), "nothing was seen") {
			t.Errorf("a mask of zeros: %v", err)
		}
		if _, err := complete([]float32{float32(math.NaN())}, []float32{1}, 1, 1); err == nil || !strings.Contains(err.Error(), "row 0, column 0") {
			t.Errorf("a pixel that is no number: %v", err)
		}
	}
}

func TestTriangulation(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		// Few rows and columns make many points that are in line or on a circle.
		side := 3 + random.IntN(8)
		var points []point
		for x := range side {
			for y := range side {
				if random.IntN(3) > 0 || round == 0 {
					points = append(points, point{int64(x), int64(y)})
				}
			}
		}
		if len(points) < 3 {
			continue
		}
		tri := triangulate(points)
		var area int64
		for e := 0; e < len(tri.corners); e += 3 {
			a, b, c := points[tri.corners[e]], points[tri.corners[e+1]], points[tri.corners[e+2]]
			area += turn(a, b, c)
			if turn(a, b, c) <= 0 {
				t.Fatalf("triangle %v %v %v does not turn left", a, b, c)
			}
			for _, d := range points {
				if inCircle(a, b, c, d) {
					t.Fatalf("the circle about %v %v %v has %v inside", a, b, c, d)
				}
			}
		}
		if want := hullArea(points); area != want {
			t.Fatalf("twice the triangles' area is %d, and that of the hull %d", area, want)
		}
	}
}

// hullArea is twice the area of the convex hull of sorted points, by Andrew's chains.
func hullArea(points []point) int64 {
	chain := func(points []point) (list []point) {
		for _, p := range points {
			for len(list) > 1 && turn(list[len(list)-2], list[len(list)-1], p) <= 0 {
				list = list[:len(list)-1]
			}
			list = append(list, p)
		}
		return list[:len(list)-1]
	}
	back := slices.Clone(points)
	slices.Reverse(back)
	hull := append(chain(points), chain(back)...)
	var area int64
	for i := 1; i+1 < len(hull); i++ {
		area += turn(hull[0], hull[i], hull[i+1])
	}
	return area
}

func TestNearestSeen(t *testing.T) {
	const height, width = 13, 19
	random := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		mask := make([]float32, height*width)
		for range 1 + random.IntN(6) {
			mask[random.IntN(len(mask))] = 1
		}
		distance := func(a, b int) int {
			dx, dy := a%width-b%width, a/width-b/width
			return dx*dx + dy*dy
		}
		for i, at := range nearestSeen(mask, height, width) {
			if mask[at] == 0 {
				t.Fatalf("pixel %d was not seen", at)
			}
			for other, seen := range mask {
				if seen > 0 && distance(i, other) < distance(i, int(at)) {
					t.Fatalf("pixel %d is nearer to %d than %d", other, i, at)
				}
			}
		}
	}
}

func BenchmarkInterpolation(b *testing.B) {
	const side = 512
	for _, kind := range []string{Spiral, Grid, Lines} {
		mask := scanMask(b, kind, DefaultCoverage, side, side)
		random := rand.New(rand.NewPCG(7, 8))
		pixels := make([]float32, side*side)
		for i := range pixels {
			pixels[i] = float32(math.Sin(float64(i%side)/20)*math.Cos(float64(i/side)/30)) + 0.2*random.Float32()
		}
		b.Run("bilinear/"+kind, func(b *testing.B) {
			for range b.N {
				if _, err := completeBilinear(pixels, mask, side, side); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("biharmonic/"+kind, func(b *testing.B) {
			for range b.N {
				if _, err := completeBiharmonic(pixels, mask, side, side); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
