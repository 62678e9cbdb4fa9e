package replay

import (
	"fmt"
	"math"
	"strconv"

	"alrc/internal/words"
)

func grouped(n int64) string { return words.Count(n) }

func counted(n int64, noun string) string { return words.Counted(n, noun) }

func verb(n int64, one, many string) string { return words.Agreeing(n, one, many) }

func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func times(n int) string { return words.Times(n) }

func capital(text string) string { return words.Capital(text) }

func percent(share float64) string { return words.Percent(share) }

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
