package replay

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return grouped(int64(n)) + " times"
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// percent writes a share with two digits that tell something.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0:
		return "0 %"
	case p >= 10:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 1:
		return fmt.Sprintf("%.1f %%", p)
	case p >= 0.01:
		return fmt.Sprintf("%.2f %%", p)
	default:
		return strconv.FormatFloat(p, 'g', 2, 64) + " %"
	}
}

// rounded writes a number of standard deviations.
func rounded(value float64) string {
	switch {
	case value < 10:
		return fmt.Sprintf("%.1f", value)
	case value < 1e15:
		return grouped(int64(math.Round(value)))
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}

// short writes a loss with four digits.
func short(value float64) string { return strconv.FormatFloat(value, 'g', 4, 64) }
