package pixel

import (
	"math"
	"strings"
)

// Size is how large a pixel is: the distance of its neighbours along a row and along a column.
type Size struct {
	// X and Y are above 0, or both 0 where the file does not say.
	X, Y float64
	// Unit is "nm", "µm", "Å", "1/nm" and the like.
	Unit string
}

// Known says that there is a size, with a unit.
func (s Size) Known() bool { return s.X > 0 && s.Y > 0 && s.Unit != "" }

// metres is how long units of length are.
var metres = map[string]float64{
	"fm": 1e-15, "pm": 1e-12, "Å": 1e-10, "nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "inch": 0.0254, "m": 1, "km": 1e3,
}

// aliases are what writers call them.
var aliases = map[string]string{
	"a": "Å", "å": "Å", "angstrom": "Å", "angstroms": "Å", "ang": "Å", "\u212b": "Å",
	"um": "µm", "\u03bcm": "µm", "µ": "µm", "micron": "µm", "microns": "µm", "micrometer": "µm", "micrometre": "µm", "\\u00b5m": "µm",
	"nanometer": "nm", "nanometre": "nm", "nanometers": "nm", "picometer": "pm", "picometre": "pm", "millimeter": "mm", "millimetre": "mm",
	"centimeter": "cm", "centimetre": "cm", "meter": "m", "metre": "m", "meters": "m", "metres": "m", "in": "inch", "inches": "inch",
	"n_m": "nm", "p_m": "pm", "u_m": "µm",
}

// Unit returns the one way in which this program writes a unit: "um", "micron" and "[u_m]" are "µm", and "nm^-1" and "1 / nm" are
// "1/nm". An unknown unit stays as it is, and words that stand for no unit, such as "pixel", are "".
func Unit(text string) string {
	text = strings.TrimSpace(strings.Trim(strings.TrimSpace(text), "[]\x00"))
	compact := strings.ReplaceAll(text, " ", "")
	if inner, ok := strings.CutPrefix(compact, "1/"); ok {
		return "1/" + length(strings.Trim(inner, "()"))
	}
	for _, suffix := range []string{"^-1", "^(-1)", "**-1", "⁻¹", "-1", "^{-1}"} {
		if inner, ok := strings.CutSuffix(compact, suffix); ok && metres[length(inner)] > 0 {
			return "1/" + length(inner)
		}
	}
	switch strings.ToLower(compact) {
	case "pixel", "pixels", "px", "<undefined>", "none", "unknown", "a.u.", "unitless":
		return ""
	}
	return length(text)
}

func length(text string) string {
	if metres[text] > 0 {
		return text
	}
	if unit, ok := aliases[strings.ToLower(text)]; ok {
		return unit
	}
	return text
}

// factor is how many metres, or 1/m, a unit is; kind tells the two apart.
func factor(unit string) (factor float64, kind int) {
	if inner, ok := strings.CutPrefix(unit, "1/"); ok && metres[inner] > 0 {
		return 1 / metres[inner], -1
	}
	if metres[unit] > 0 {
		return metres[unit], 1
	}
	return 0, 0
}

// NewSize is the size of pixels along a row and along a column, each in a unit of its own, however that is written. Where they
// cannot be told in one unit, or one is not a positive number, the size is not known. Scales may be negative, as those of
// axes that run the other way.
func NewSize(x float64, xUnit string, y float64, yUnit string) Size {
	x, y, xUnit, yUnit = math.Abs(x), math.Abs(y), Unit(xUnit), Unit(yUnit)
	if xUnit != yUnit {
		fromX, kindX := factor(xUnit)
		fromY, kindY := factor(yUnit)
		if kindX != kindY || kindX == 0 {
			return Size{}
		}
		y = round(y * fromY / fromX)
	}
	if s := (Size{x, y, xUnit}); s.Known() && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return s
	}
	return Size{}
}

// In is the size in another unit of the same kind, and false where there is no such.
func (s Size) In(unit string) (Size, bool) {
	from, kind := factor(s.Unit)
	to, other := factor(unit)
	if kind == 0 || kind != other {
		return Size{}, false
	}
	return Size{s.X * from / to, s.Y * from / to, unit}, true
}

// Compact is the size in the unit that suits an image of so many pixels across, where it is one of metres, or 1/m: such that
// a quarter of the image is 1 or more of it. Sizes in other units stay.
func (s Size) Compact(width int) Size {
	units := []string{"m", "mm", "µm", "nm", "pm"}
	if s.Unit == "1/m" {
		units = []string{"1/pm", "1/nm", "1/µm", "1/mm", "1/m"}
	} else if s.Unit != "m" {
		return s
	}
	for _, unit := range units {
		if in, _ := s.In(unit); in.X*float64(width)/4 >= 1 || unit == units[len(units)-1] {
			// As a decimal number, sizes are rounded: 2.5e-10 m is 0.25 nm.
			in.X, in.Y = round(in.X), round(in.Y)
			return in
		}
	}
	return s
}

// round drops what the change of units added in the last digit, where x is that near to a number of 14 digits.
func round(x float64) float64 {
	scale := math.Pow(10, 14-math.Ceil(math.Log10(x)))
	if rounded := math.Round(x*scale) / scale; math.Abs(rounded-x) <= 5e-16*x {
		return rounded
	}
	return x
}
