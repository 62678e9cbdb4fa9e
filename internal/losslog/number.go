package losslog

import (
	"math"

	"alrc/internal/decimal"
	"alrc/internal/losslog/plaintext"
)

// wholeNumber reads a field that is a number and nothing else, but for space around it.
func wholeNumber(field []byte) (float64, bool) {
	return decimal.Whole(plaintext.Trim(field))
}

// stepOf turns a number into a step; false where it is none.
func stepOf(value float64) (int64, bool) {
	if !(math.Abs(value) < 1<<62) {
		return 0, false
	}
	return int64(value), true
}
