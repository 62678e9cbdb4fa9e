package micrograph

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"alrc/internal/kriging"
	"alrc/internal/statistics"
)

// Trial is how near methods come to seen pixels that were held out.
type Trial struct {
	// Pixels is the number of those.
	Pixels int
	// Candidates are the methods, nearest first.
	Candidates []Candidate
}

// Candidate is a method on trial.
type Candidate struct {
	Method string
	// MSE is the mean squared error, in [-1, 1], blurred as the truth is for networks, so that noise counts for little.
	MSE float64
	// On trial a method may take less care than for the whole scan; careful is with as much, where that is more.
	trial, careful, whole Method
}

// deviationSamples is how many samples of a field its uncertainty is estimated from.
const deviationSamples = 10

// Best is the method without training that comes nearest to seen pixels that it is not shown: kriging, with a background smoothed
// over 16 or 32 pixels, or linear interpolation. Kriging alone says how far off it may be.
func Best(o MethodOptions) Method {
	return Method{Name: Auto, Complete: func(ctx context.Context, pixels, mask []float32, height, width int) (*Completion, error) {
		if err := checkScan(pixels, mask, height, width); err != nil {
			return nil, err
		}
		var candidates []Candidate
		for _, smoothing := range []float64{16, 32} {
			// One round of the three is enough to compare by.
			name, options := fmt.Sprintf("kriging, background over %.0f px", smoothing), kriging.Options{Smoothing: smoothing, Rounds: 1, Threads: o.Threads}
			trial := krigingMethod(name, options)
			options.Rounds = 0
			candidates = append(candidates, Candidate{Method: name, trial: trial, careful: krigingMethod(name, options),
				whole: withDeviation(name, options, o.Deviation)})
		}
		if !o.Deviation {
			candidates = append(candidates, Candidate{Method: linearWord, trial: Linear(), whole: Linear()})
		}
		trial, err := hold(ctx, candidates, pixels, mask, height, width)
		if err != nil {
			return nil, err
		}
		method := trial.Candidates[0].whole
		c, err := method.Complete(ctx, pixels, mask, height, width)
		if err != nil {
			return nil, err
		}
		c.Trial = trial
		return c, nil
	}}
}

// window is a part of an image that methods are tried on.
type window struct {
	pixels, kept, held []float32 // held is 1 where a seen pixel is held out, and kept the mask without those
	height, width      int
}

// Parts of images with more pixels than largestTrial are tried: four, of windowSide.
const (
	largestTrial = 1 << 20
	windowSide   = 512
)

// windows holds out discs of seen pixels, about a tenth of the area; they are as large as the gaps between the lines of a scan.
func windows(pixels, mask []float32, height, width int) (list []window, held int) {
	type corner struct{ top, left int }
	corners, h, w := []corner{{0, 0}}, height, width
	if height*width > largestTrial {
		h, w = min(height, windowSide), min(width, windowSide)
		corners = corners[:0]
		for _, at := range [][2]int{{1, 1}, {1, 3}, {3, 1}, {3, 3}} {
			corners = append(corners, corner{(height - h) * at[0] / 4, (width - w) * at[1] / 4})
		}
	}
	random := rand.New(rand.NewPCG(0, 0))
	for _, c := range corners {
		win := window{height: h, width: w, held: make([]float32, h*w)}
		for y := range h {
			win.pixels = append(win.pixels, pixels[(c.top+y)*width+c.left:][:w]...)
			win.kept = append(win.kept, mask[(c.top+y)*width+c.left:][:w]...)
		}
		coverage := statistics.Mean(win.kept)
		if coverage == 0 {
			continue
		}
		radius := min(max(3, 0.3/coverage), float64(min(h, w))/4)
		discs := max(1, int(math.Round(0.1*float64(h*w)/(math.Pi*radius*radius))))
		seen, count := slices.Clone(win.kept), 0
		for range discs {
			y, x := random.Float64()*float64(h), random.Float64()*float64(w)
			for v := max(0, int(y-radius)); v <= min(h-1, int(y+radius)); v++ {
				for u := max(0, int(x-radius)); u <= min(w-1, int(x+radius)); u++ {
					if at := v*w + u; (float64(v)-y)*(float64(v)-y)+(float64(u)-x)*(float64(u)-x) <= radius*radius && win.kept[at] > 0 {
						win.kept[at], win.held[at] = 0, 1
						count++
					}
				}
			}
		}
		if count == 0 || statistics.Mean(win.kept) == 0 {
			win.kept = seen // too little to hold anything out
			continue
		}
		held += count
		list = append(list, win)
	}
	return list, held
}

// closeCall is by how much the error of the method that takes less care on trial may be above another's and still be no reason
// against it.
const closeCall = 2

// hold tries methods on seen pixels that are held out, and orders them by how near they come. Where it is close between methods of
// which one took less care on its trial than it will, that one is tried again with all the care.
func hold(ctx context.Context, candidates []Candidate, pixels, mask []float32, height, width int) (*Trial, error) {
	list, held := windows(pixels, mask, height, width)
	trial := &Trial{Pixels: held, Candidates: candidates}
	for i := range candidates {
		if err := candidates[i].try(ctx, candidates[i].trial, list); err != nil {
			return nil, err
		}
	}
	byError := func(a, b Candidate) int { return cmp.Compare(a.MSE, b.MSE) }
	slices.SortStableFunc(candidates, byError)
	quick := slices.IndexFunc(candidates, func(c Candidate) bool { return c.careful.Complete != nil })
	full := slices.IndexFunc(candidates, func(c Candidate) bool { return c.careful.Complete == nil })
	if quick >= 0 && full >= 0 && candidates[quick].MSE < closeCall*candidates[full].MSE && candidates[full].MSE < closeCall*candidates[quick].MSE {
		if err := candidates[quick].try(ctx, candidates[quick].careful, list); err != nil {
			return nil, err
		}
		slices.SortStableFunc(candidates, byError)
	}
	return trial, nil
}

// try sets the error of a method on what is held out.
func (c *Candidate) try(ctx context.Context, method Method, list []window) error {
	var sum, count float64
	for _, win := range list {
		completed, err := method.Complete(ctx, win.pixels, win.kept, win.height, win.width)
		if err != nil {
			return err
		}
		errs, blurred, weights := make([]float32, len(win.held)), make([]float32, len(win.held)), make([]float32, len(win.held))
		for at, h := range win.held {
			if h > 0 {
				errs[at] = completed.Pixels[at] - win.pixels[at]
			}
		}
		blur(blurred, errs, win.height, win.width)
		blur(weights, win.held, win.height, win.width)
		for at, h := range win.held {
			if h > 0 {
				e := float64(blurred[at]) / float64(weights[at])
				sum += e * e
				count++
			}
		}
	}
	c.MSE = sum / max(count, 1)
	return nil
}

// calibrated makes a method's deviations larger or smaller by half of what it takes, as a ratio, for 90 % of seen pixels that are held
// out to lie within the 90 % interval of a normal distribution. A field that is no Gaussian one has errors of other sizes than
// those of the model; but held-out pixels are nearer to what was seen than many of the unseen ones, and in few discs.
func calibrated(m Method) Method {
	complete := m.Complete
	m.Complete = func(ctx context.Context, pixels, mask []float32, height, width int) (*Completion, error) {
		list, _ := windows(pixels, mask, height, width)
		var ratios []float64
		for _, win := range list {
			c, err := complete(ctx, win.pixels, win.kept, win.height, win.width)
			if err != nil {
				return nil, err
			}
			for at, h := range win.held {
				if h > 0 && c.Deviation[at] > 0 {
					ratios = append(ratios, math.Abs(float64(win.pixels[at]-c.Pixels[at]))/float64(c.Deviation[at]))
				}
			}
		}
		c, err := complete(ctx, pixels, mask, height, width)
		if err != nil || len(ratios) < fewestRatios {
			return c, err
		}
		slices.Sort(ratios)
		factor := float32(math.Sqrt(statistics.Percentile(ratios, 0.9) / normal90))
		for i := range c.Deviation {
			c.Deviation[i] *= factor
		}
		return c, nil
	}
	return m
}

// normal90 is how many standard deviations about its mean hold 90 % of a normal distribution. Fewer ratios than fewestRatios do not
// tell what 90 % are.
const (
	normal90     = 1.6449
	fewestRatios = 100
)
