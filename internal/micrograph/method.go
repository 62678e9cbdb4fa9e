package micrograph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"alrc/internal/kriging"
)

// Method completes partial scans.
type Method struct {
	Name string
	// Blurs says that it completes to the blurred micrograph, as networks are trained to.
	Blurs bool
	// Serial says that it must not be called by several goroutines at a time.
	Serial bool
	// scanned is how the crops were scanned that a network was trained on; nil where that is not known.
	scanned Scanned
	// Complete completes a partial scan, [height,width], of pixels in [-1, 1] and a mask. Only pixels whose mask is above 0 may
	// be used; there must be one, but for networks.
	Complete func(ctx context.Context, pixels, mask []float32, height, width int) (*Completion, error)
}

// Completion is a partial scan as a method completes it.
type Completion struct {
	// Pixels is the estimate everywhere, [height,width].
	Pixels []float32
	// Kept is how much of what was seen belongs into a pixel beside the estimate, from 0 to 1. Where it is nil, seen pixels are in
	// the estimate as they are, or it is a network's, which takes none.
	Kept []float32
	// Deviation is the standard deviation of what a longer look would have measured, where that was asked for.
	Deviation []float32
	// Method names what completed it, in a few words.
	Method string
	// Kriging says how the estimate was come by, where it is by kriging.
	Kriging *kriging.Estimate
	// Trial is how the method was chosen, where it was.
	Trial *Trial
}

// Words for the methods that need no training. linearWord is the name of linear interpolation in tables, too.
const (
	Auto           = "auto"
	KrigingWord    = "kriging"
	linearWord     = "bilinear"
	biharmonicWord = "biharmonic"
)

// MethodOptions configures the methods that need no training.
type MethodOptions struct {
	// Threads is the number of threads of methods that use several, on which results do not depend; 0 stands for the number of
	// processors.
	Threads int
	// Deviation asks for how far off the completion may be; kriging alone says so.
	Deviation bool
}

// Baselines are the methods that need no network.
func Baselines(threads int) []Method {
	return []Method{Linear(), biharmonic(), Kriging(MethodOptions{Threads: threads})}
}

// ParseMethod returns the method without training that a word stands for: auto, kriging, linear or bilinear, biharmonic.
func ParseMethod(word string, o MethodOptions) (Method, error) {
	switch word {
	case Auto:
		return Best(o), nil
	case KrigingWord:
		return Kriging(o), nil
	case linearWord, "linear":
		return Linear(), nil
	case biharmonicWord:
		return biharmonic(), nil
	}
	return Method{}, fmt.Errorf("a method %q: there are %s", word, strings.Join(MethodWords(), ", "))
}

// MethodWords are those that [ParseMethod] takes.
func MethodWords() []string { return []string{Auto, KrigingWord, "linear", linearWord, biharmonicWord} }

// IsMethod says whether [ParseMethod] takes a word.
func IsMethod(word string) bool { return slices.Contains(MethodWords(), word) }

// Linear is linear interpolation, as [completeBilinear] has it.
func Linear() Method { return interpolation(linearWord, completeBilinear) }

// biharmonic is the smoothest surface, as [completeBiharmonic] has it. Through noise it reaches beyond [-1, 1], where no micrograph is; it is
// cut off there.
func biharmonic() Method {
	return interpolation(biharmonicWord, func(pixels, mask []float32, height, width int) ([]float32, error) {
		out, err := completeBiharmonic(pixels, mask, height, width)
		for i, value := range out {
			out[i] = max(-1, min(value, 1))
		}
		return out, err
	})
}

func interpolation(name string, complete func(pixels, mask []float32, height, width int) ([]float32, error)) Method {
	return Method{Name: name, Complete: func(ctx context.Context, pixels, mask []float32, height, width int) (*Completion, error) {
		out, err := complete(pixels, mask, height, width)
		if err != nil {
			return nil, err
		}
		return &Completion{Pixels: out, Method: name}, ctx.Err()
	}}
}

// Kriging is package kriging's.
func Kriging(o MethodOptions) Method {
	return withDeviation(KrigingWord, kriging.Options{Threads: o.Threads}, o.Deviation)
}

// withDeviation is kriging that says how far off it may be, where that is asked for.
func withDeviation(name string, o kriging.Options, deviation bool) Method {
	if !deviation {
		return krigingMethod(name, o)
	}
	o.Samples = deviationSamples
	return calibrated(krigingMethod(name, o))
}

func krigingMethod(name string, o kriging.Options) Method {
	return Method{Name: KrigingWord, Complete: func(ctx context.Context, pixels, mask []float32, height, width int) (*Completion, error) {
		if err := checkScan(pixels, mask, height, width); err != nil {
			return nil, err
		}
		e, err := kriging.Complete(ctx, pixels, mask, height, width, o)
		if err != nil {
			return nil, err
		}
		return &Completion{Pixels: e.Mean, Kept: e.Kept, Deviation: e.Deviation, Method: name, Kriging: e}, nil
	}}
}

// keep puts what was seen into a completion: as much of it as Kept says, and all where that is nil.
func (c *Completion) keep(pixels, mask []float32) {
	for i, m := range mask {
		switch {
		case !(m > 0):
		case c.Kept == nil || c.Kept[i] == 1:
			c.Pixels[i] = pixels[i]
		default:
			c.Pixels[i] += c.Kept[i] * (pixels[i] - c.Pixels[i])
		}
		if m > 0 && c.Deviation != nil {
			c.Deviation[i] *= 1 - c.kept(i)
		}
	}
}

func (c *Completion) kept(i int) float32 {
	if c.Kept == nil {
		return 1
	}
	return c.Kept[i]
}
