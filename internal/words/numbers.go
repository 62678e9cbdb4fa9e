// Package words writes numbers, words and tables for readers: one way for every command, page and file.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Unknown stands where there is no number.
const Unknown = "–"

// Count writes a whole number with commas between thousands: 12,345.
func Count[T ~int | ~int64](n T) string { return Thousands(strconv.FormatInt(int64(n), 10)) }

// Thousands puts commas into the whole part of a decimal number: "12345.6" becomes "12,345.6".
func Thousands(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, has := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		whole += "." + fraction
	}
	return sign + whole
}

// Number writes a number with about four digits: 1.178, 24,318, 7.8e-04.
func Number(value float64) string {
	switch magnitude := math.Abs(value); {
	case math.IsNaN(value):
		return Unknown
	case math.IsInf(value, 0):
		return "infinite"
	case magnitude >= 1e7 || magnitude < 1e-3 && magnitude > 0:
		return strconv.FormatFloat(value, 'e', 2, 64)
	case magnitude >= 999.95:
		return Thousands(strconv.FormatFloat(value, 'f', 0, 64))
	case magnitude >= 99.995:
		return strconv.FormatFloat(value, 'f', 1, 64)
	case magnitude >= 9.9995:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case magnitude < 0.1 && magnitude > 0:
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	return strconv.FormatFloat(value, 'f', 3, 64)
}

// Short writes a number in running text with so many significant digits, and no zeros at its end: 1.5, 24,318, 7.8e-04.
func Short(value float64, digits int) string {
	if magnitude := math.Abs(value); magnitude >= 999.5 && magnitude < 1e7 {
		return Thousands(strconv.FormatFloat(value, 'f', 0, 64))
	}
	return strconv.FormatFloat(value, 'g', digits, 64)
}

// Sigmas writes a number of standard deviations: 8.3, 57, 1,200.
func Sigmas(value float64) string {
	if value < 9.95 {
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return Short(math.Round(value), 3)
}

// Tenth writes a number, such as a mean count, with one decimal.
func Tenth(value float64) string {
	if math.IsNaN(value) {
		return Unknown
	}
	return Thousands(strconv.FormatFloat(value, 'f', 1, 64))
}

// Spread writes a mean and its standard deviation over n values with the digits that the deviation allows:
// 2.273 ± 0.014.
func Spread(mean, std float64, n int) string {
	if math.IsNaN(mean) || n < 2 || !(std > 0) {
		return Number(mean)
	}
	if std >= 1e6 || math.Abs(mean) >= 1e6 {
		return Number(mean) + " ± " + Number(std)
	}
	decimals := min(max(1-int(math.Floor(math.Log10(std))), 0), 8)
	// Two digits of the deviation, and never fewer than three of the mean.
	if mean != 0 {
		decimals = max(min(decimals, 6), min(max(2-int(math.Floor(math.Log10(math.Abs(mean)))), 0), 6))
	}
	return Thousands(strconv.FormatFloat(mean, 'f', decimals, 64)) + " ± " + Thousands(strconv.FormatFloat(std, 'f', decimals, 64))
}

// Percent writes a share with two digits that tell something: 12 %, 2.5 %, 0.31 %.
func Percent(share float64) string {
	p := 100 * share
	switch magnitude := math.Abs(p); {
	case math.IsNaN(p):
		return Unknown
	case p == 0:
		return "0 %"
	case magnitude >= 9.95:
		return Thousands(strconv.FormatFloat(p, 'f', 0, 64)) + " %"
	case magnitude >= 0.995:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	case magnitude >= 0.01:
		return strconv.FormatFloat(p, 'f', 2, 64) + " %"
	}
	return strconv.FormatFloat(p, 'g', 2, 64) + " %"
}

// Change writes a relative change with its sign: −26 %, +0.4 %; one that rounds to nothing has no sign.
func Change(change float64) string {
	size := math.Abs(change) * 100
	decimals := 0
	if size < 9.95 {
		decimals = 1
	}
	text := Thousands(strconv.FormatFloat(size, 'f', decimals, 64)) + " %"
	switch {
	case math.IsNaN(change):
		return Unknown
	case text == "0.0 %":
		return "0 %"
	case change < 0:
		return "−" + text
	}
	return "+" + text
}

// Seconds writes a time in seconds as a table has it: 4.2 s, 3 min 20 s, 2 h 5 min.
func Seconds(seconds float64) string {
	switch {
	case math.IsNaN(seconds):
		return Unknown
	case seconds < 59.95:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	case seconds < 3599.5:
		whole := int(math.Round(seconds))
		return fmt.Sprintf("%d min %d s", whole/60, whole%60)
	}
	minutes := int(math.Round(seconds / 60))
	return fmt.Sprintf("%s h %d min", Count(minutes/60), minutes%60)
}

// Clock writes a time as progress shows it: 45s, 3m20s, 2h05m.
func Clock(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
