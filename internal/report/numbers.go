package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"alrc/internal/figure"
)

// spread writes a mean and its standard deviation with the digits that the deviation allows.
func spread(mean, std float64, n int) string {
	if math.IsNaN(mean) {
		return "–"
	}
	if n < 2 || !(std > 0) {
		return short(mean)
	}
	decimals := min(max(1-int(math.Floor(math.Log10(std))), 0), 8)
	// Two digits of the deviation, and never fewer than three of the mean.
	if mean != 0 {
		decimals = max(min(decimals, 6), min(max(2-int(math.Floor(math.Log10(math.Abs(mean)))), 0), 6))
	}
	if std >= 1e6 || math.Abs(mean) >= 1e6 {
		return short(mean) + " ± " + short(std)
	}
	return figure.Thousands(strconv.FormatFloat(mean, 'f', decimals, 64)) + " ± " +
		figure.Thousands(strconv.FormatFloat(std, 'f', decimals, 64))
}

// short writes a number with about four digits.
func short(value float64) string {
	switch magnitude := math.Abs(value); {
	case math.IsNaN(value):
		return "–"
	case math.IsInf(value, 0):
		return "infinite"
	case magnitude >= 1e7 || magnitude < 1e-3 && magnitude > 0:
		return strconv.FormatFloat(value, 'e', 2, 64)
	case magnitude >= 1000:
		return figure.Thousands(strconv.FormatFloat(value, 'f', 0, 64))
	case magnitude >= 100:
		return strconv.FormatFloat(value, 'f', 1, 64)
	case magnitude >= 10:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case magnitude < 0.1 && magnitude > 0:
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	return strconv.FormatFloat(value, 'f', 3, 64)
}

func percent(share float64) string {
	switch {
	case math.IsNaN(share):
		return "–"
	case share == 0:
		return "0 %"
	case share < 0.0001:
		return "under 0.01 %"
	case share < 0.1:
		return strconv.FormatFloat(100*share, 'g', 2, 64) + " %"
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + " %"
}

// signedPercent writes a relative change.
func signedPercent(change float64) string {
	sign := "+"
	if change < 0 {
		sign = "−"
	}
	size := math.Abs(change) * 100
	decimals := 0
	if size < 10 {
		decimals = 1
	}
	return sign + figure.Thousands(strconv.FormatFloat(size, 'f', decimals, 64)) + " %"
}

func thousands(value int64) string { return figure.Thousands(strconv.FormatInt(value, 10)) }

func duration(seconds float64) string {
	switch {
	case math.IsNaN(seconds):
		return "–"
	case seconds < 60:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	case seconds < 3600:
		return fmt.Sprintf("%d min %d s", int(seconds)/60, int(seconds)%60)
	}
	return fmt.Sprintf("%d h %d min", int(seconds)/3600, int(seconds)/60%60)
}

// capital begins a text with a capital letter, unless it begins with a file's name.
func capital(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if text == "" || text[0] < 'a' || text[0] > 'z' || strings.Contains(strings.TrimRight(first, ".,:"), ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
