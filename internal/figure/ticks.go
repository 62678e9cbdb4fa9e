package figure

import (
	"math"
	"strconv"
	"strings"

	"alrc/internal/words"
)

// tick is a place on an axis; one without a label is a minor one.
type tick struct {
	value float64
	label string
}

// axis maps values to [0, 1].
type axis struct {
	limits
	log   bool
	ticks []tick
}

// newAxis rounds limits outward where round asks for it and places about the given number of labelled ticks.
func newAxis(l limits, log, round bool, about int) axis {
	about = max(about, 2)
	if l.empty() || log && l.low <= 0 {
		l = limits{1, 10}
	}
	if log {
		return newLogAxis(l, about)
	}
	if l.low == l.high {
		margin := max(math.Abs(l.low)*0.1, 0.5)
		l = limits{l.low - margin, l.high + margin}
	}
	step := niceStep((l.high/float64(about) - l.low/float64(about)))
	a := axis{limits: l}
	if round {
		a.low, a.high = math.Floor(l.low/step)*step, math.Ceil(l.high/step)*step
	}
	first := math.Ceil(a.low/step - 1e-9)
	for k := 0.; k <= float64(4*about); k++ {
		value := (first + k) * step
		if value > a.high+1e-9*step {
			break
		}
		a.ticks = append(a.ticks, tick{value, formatTick(value, step)})
	}
	return a
}

func newLogAxis(l limits, about int) axis {
	low, high := math.Log10(l.low), math.Log10(l.high)
	margin := max(0.03*(high-low), 0.02)
	a := axis{limits: limits{math.Pow(10, low-margin), math.Pow(10, high+margin)}, log: true}
	first, last := math.Floor(low-margin), math.Ceil(high+margin)
	decades := high - low + 2*margin
	every := max(1, math.Ceil(decades/float64(about)))
	// With few decades in view, digits between them are labelled too.
	var labelled string
	switch {
	case decades < 1:
		labelled = "123456789"
	case decades < 2 || decades < 3 && about >= 6:
		labelled = "125"
	default:
		labelled = "1"
	}
	if decades < 0.35 {
		// Too narrow for digits of a decade: linear ticks at logarithmic places.
		for _, t := range newAxis(a.limits, false, false, about).ticks {
			if t.value >= a.low && t.value <= a.high {
				a.ticks = append(a.ticks, t)
			}
		}
		return a
	}
	if decades < 1 && about < 6 {
		labelled = "12357"
	}
	for decade := first; decade <= last; decade++ {
		for digit := 1; digit <= 9; digit++ {
			value := float64(digit) * math.Pow(10, decade)
			if value < a.low || value > a.high {
				continue
			}
			t := tick{value: value}
			if strings.Contains(labelled, strconv.Itoa(digit)) && math.Mod(decade, every) == 0 {
				t.label = formatLog(digit, int(decade))
			}
			if t.label != "" || every == 1 || digit == 1 {
				a.ticks = append(a.ticks, t)
			}
		}
	}
	return a
}

// place maps a value to [0, 1] within the axis; the caller cuts off what lies beyond.
func (a axis) place(value float64) float64 {
	if a.log {
		return (math.Log10(value) - math.Log10(a.low)) / (math.Log10(a.high) - math.Log10(a.low))
	}
	return (value/2 - a.low/2) / (a.high/2 - a.low/2)
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(step float64) float64 {
	if !(step > 0) || math.IsInf(step, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*power >= step*(1-1e-9) {
			return digit * power
		}
	}
	return 10 * power
}

// formatTick writes a multiple of step with the digits that step needs.
func formatTick(value, step float64) string {
	if magnitude := max(math.Abs(value), step); magnitude >= 1e7 || step < 1e-4 {
		if math.Abs(value) < step/2 {
			return "0"
		}
		text := strconv.FormatFloat(value, 'e', 2, 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		power, _ := strconv.Atoi(exponent)
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		if mantissa == "1" || mantissa == "-1" {
			return minus(strings.TrimSuffix(mantissa, "1")) + "10" + superscript(power)
		}
		return minus(mantissa) + "·10" + superscript(power)
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	text := strconv.FormatFloat(value, 'f', decimals, 64)
	if math.Abs(value) < step/2 {
		text = "0"
	}
	return minus(words.Thousands(text))
}

// formatLog writes digit·10^decade.
func formatLog(digit, decade int) string {
	if decade >= -3 && decade <= 4 {
		return words.Thousands(strconv.FormatFloat(float64(digit)*math.Pow10(decade), 'f', max(0, -decade), 64))
	}
	if digit == 1 {
		return "10" + superscript(decade)
	}
	return strconv.Itoa(digit) + "·10" + superscript(decade)
}

func superscript(value int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷",
		"8", "⁸", "9", "⁹").Replace(strconv.Itoa(value))
}

func minus(text string) string { return strings.Replace(text, "-", "−", 1) }
