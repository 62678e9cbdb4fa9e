package losslog

import (
	"math"

	"alrc/internal/decimal"
)

// wholeNumber reads a field that is a number and nothing else, but for space around it.
func wholeNumber(field []byte) (float64, bool) {
	return decimal.Whole(trim(field))
}

// trim takes spaces, tabs and carriage returns off both ends.
func trim(field []byte) []byte {
	for len(field) > 0 && (field[0] == ' ' || field[0] == '\t' || field[0] == '\r') {
		field = field[1:]
	}
	for len(field) > 0 {
		if last := field[len(field)-1]; last != ' ' && last != '\t' && last != '\r' {
			break
		}
		field = field[:len(field)-1]
	}
	return field
}

// stepOf turns a number into a step; false where it is none.
func stepOf(value float64) (int64, bool) {
	if !(math.Abs(value) < 1<<62) {
		return 0, false
	}
	return int64(value), true
}

func isWhole(value float64) bool { return value == float64(int64(value)) }
