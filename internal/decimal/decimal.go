// Package decimal reads decimal numbers out of text, as strconv.ParseFloat does to the bit, and several times faster. The method
// is Eisel and Lemire's: the digits as a whole number, times 128 bits of the power of ten, settle the rounding nearly always.
package decimal

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// powerOfTen is 10^q as (high*2^64 + low) * 2^exponent, rounded down, with the top bit of high set.
type powerOfTen struct {
	high, low uint64
	exponent  int
}

const (
	smallestPower = -64
	largestPower  = 64
)

// powers are those that logs hold; numbers beyond are left to strconv.
var powers = makePowers()

func makePowers() (table [largestPower - smallestPower + 1]powerOfTen) {
	mask := new(big.Int).SetUint64(math.MaxUint64)
	for i := range table {
		q := int64(i + smallestPower)
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(max(q, -q)), nil)
		exponent := 0
		if q < 0 {
			// 2^512 / 10^-q keeps far more than 128 bits.
			power.Div(new(big.Int).Lsh(big.NewInt(1), 512), power)
			exponent = -512
		}
		if surplus := power.BitLen() - 128; surplus > 0 {
			power.Rsh(power, uint(surplus))
			exponent += surplus
		} else {
			power.Lsh(power, uint(-surplus))
			exponent += surplus
		}
		low := new(big.Int).And(power, mask)
		table[i] = powerOfTen{new(big.Int).Rsh(power, 64).Uint64(), low.Uint64(), exponent}
	}
	return table
}

var exactPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// longestNumber is beyond what any program writes for a float64, whose exact decimals are 1,077 characters at most.
const longestNumber = 4096

// Parse reads the decimal number that text begins with, to the nearest float64 as strconv.ParseFloat does, and
// returns the number of its bytes, 0 where text begins with none. "nan" and "inf" in any case are numbers, and so
// are "1.#QNAN" and "nanxxx".
func Parse(text []byte) (value float64, n int) {
	i := 0
	negative := false
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		negative = text[i] == '-'
		i++
	}
	first := i
	var mantissa uint64
	if i < len(text) && text[i]-'0' <= 9 {
		mantissa = uint64(text[i] - '0')
		if i++; i < len(text) && text[i]-'0' <= 9 {
			mantissa, i = digitsAt(text, i, mantissa)
		}
	}
	digits := i - first
	power := 0
	if i < len(text) && text[i] == '.' {
		i++
		point := i
		mantissa, i = digitsAt(text, i, mantissa)
		if i == point && i < len(text) && text[i] == '#' && mantissa == 1 && digits == 1 {
			return indefinite(text, i+1, negative)
		}
		power = point - i
		digits -= power
	}
	if digits == 0 {
		return word(text, first, negative)
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		if e, end := exponent(text, i+1); end > 0 {
			power += e
			i = end
		}
	}
	// Leading zeros count as digits here, which only sends some numbers the long way.
	if digits > 19 {
		if i > longestNumber {
			return 0, 0
		}
		return long(text[:i]), i
	}
	switch {
	case mantissa < 1<<53 && power >= -22 && power <= 22:
		// Both are exact, so that one rounding is left.
		value = float64(mantissa)
		if power < 0 {
			value /= exactPowers[-power]
		} else {
			value *= exactPowers[power]
		}
	case power >= smallestPower && power <= largestPower && mantissa != 0:
		var sure bool
		if value, sure = scaled(mantissa, power); !sure {
			return long(text[:i]), i
		}
	default:
		return long(text[:i]), i
	}
	if negative {
		value = -value
	}
	return value, i
}

// indefinite reads what older C libraries of Windows write for numbers that are not finite, whose letters begin at i: "1.#INF", "-1.#IND",
// "1.#QNAN0".
func indefinite(text []byte, i int, negative bool) (value float64, n int) {
	end := i
	for end < len(text) && text[end] >= 'A' && text[end] <= 'Z' {
		end++
	}
	switch string(text[i:end]) {
	case "INF":
		value = math.Inf(1)
		if negative {
			value = math.Inf(-1)
		}
	case "IND", "QNAN", "SNAN":
		value = math.NaN()
	default:
		return 0, 0
	}
	for end < len(text) && text[end] == '0' {
		end++
	}
	return value, end
}

// Whole reads text that is a decimal number and nothing else.
func Whole(text []byte) (value float64, ok bool) {
	value, n := Parse(text)
	return value, n > 0 && n == len(text)
}

const everyByte = 0x0101010101010101

// NonDigits returns the top bit of each byte of eight that is no digit.
func NonDigits(word uint64) uint64 {
	word ^= '0' * everyByte
	return (word&(0x7f*everyByte) + 0x76*everyByte | word) & (0x80 * everyByte)
}

// digitsAt adds the digits at i to a mantissa, up to eight at once, and returns where they end.
func digitsAt(text []byte, i int, mantissa uint64) (uint64, int) {
	for i+8 <= len(text) {
		word := binary.LittleEndian.Uint64(text[i:])
		others := NonDigits(word)
		word ^= '0' * everyByte
		if others == 0 {
			mantissa = mantissa*100_000_000 + eightDigits(word)
			i += 8
			continue
		}
		if n := bits.TrailingZeros64(others) / 8; n > 0 {
			return mantissa*tens[n] + eightDigits(word<<(64-8*n)), i + n
		}
		return mantissa, i
	}
	for i < len(text) && text[i]-'0' <= 9 {
		mantissa = mantissa*10 + uint64(text[i]-'0')
		i++
	}
	return mantissa, i
}

var tens = [8]uint64{1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000}

// eightDigits is the number of which the digits are the bytes of a word, the first one lowest: pairs are put together, and pairs
// of these.
func eightDigits(word uint64) uint64 {
	word = word*10 + word>>8
	const pairs = 0x000000ff000000ff
	return (word&pairs*(100+1_000_000<<32) + word>>16&pairs*(1+10_000<<32)) >> 32
}

// scaled returns mantissa * 10^power rounded to nearest, from the top 128 bits of the power; sure is false where
// these do not decide the rounding.
func scaled(mantissa uint64, power int) (value float64, sure bool) {
	shift := bits.LeadingZeros64(mantissa)
	mantissa <<= shift
	p := &powers[power-smallestPower]
	// The product is top:middle:rest, and the part of the power that was cut off adds less than 2^64 to rest, which
	// is less than 1 to middle.
	top, middle := bits.Mul64(mantissa, p.high)
	carry, _ := bits.Mul64(mantissa, p.low)
	middle, over := bits.Add64(middle, carry, 0)
	top += over
	exponent := p.exponent - shift + 128
	if top>>63 == 0 {
		top = top<<1 | middle>>63
		middle <<= 1
		exponent--
	}
	// Of top's 64 bits 53 stay; the 11 others and middle decide.
	const half = 1 << 10
	tail := top & (1<<11 - 1)
	if tail == half && middle <= 1 || tail == half-1 && middle >= math.MaxUint64-3 {
		return 0, false
	}
	top >>= 11
	if tail >= half {
		top++
	}
	// All powers of the table keep the result far from subnormal and infinite numbers.
	return math.Ldexp(float64(top), exponent+11), true
}

// exponent reads the digits behind an e; end is 0 where there are none.
func exponent(text []byte, i int) (e, end int) {
	negative := false
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		negative = text[i] == '-'
		i++
	}
	first := i
	for i < len(text) && text[i]-'0' <= 9 {
		if e < 100_000 {
			e = e*10 + int(text[i]-'0')
		}
		i++
	}
	if i == first {
		return 0, 0
	}
	if negative {
		e = -e
	}
	return e, i
}

// long reads a number of digits by the standard library.
func long(text []byte) float64 {
	// The error of a number out of range comes with the infinity or zero that is nearest.
	value, _ := strconv.ParseFloat(string(text), 64)
	return value
}

// word reads nan, inf or infinity.
func word(text []byte, first int, negative bool) (value float64, n int) {
	for _, known := range []struct {
		name  string
		value float64
	}{{"nan", math.NaN()}, {"infinity", math.Inf(1)}, {"inf", math.Inf(1)}} {
		end := first + len(known.name)
		if end > len(text) || !equalFold(text[first:end], known.name) {
			continue
		}
		if end = kindOfNaN(text, padded(text, end)); end == len(text) || !IsLetter(text[end]) {
			if negative {
				return -known.value, end
			}
			return known.value, end
		}
	}
	return 0, 0
}

// kindOfNaN passes over what C libraries of Windows write behind a nan that ends at i: "-nan(ind)", "nan(snan)".
func kindOfNaN(text []byte, i int) int {
	for _, kind := range []string{"(ind)", "(snan)"} {
		if end := i + len(kind); end <= len(text) && string(text[i:end]) == kind {
			return end
		}
	}
	return i
}

// padded returns where the x's end with which a word that ends at i was filled up to paddedWidth: "nanxxx" and "-infxx" are what
// Python's format {:x<6f} makes of these, and of them alone.
func padded(text []byte, i int) int {
	const paddedWidth = 6
	end := i
	for end < len(text) && end < paddedWidth && text[end] == 'x' {
		end++
	}
	if end < paddedWidth {
		return i
	}
	return end
}

func equalFold(text []byte, lower string) bool {
	for i := range text {
		if text[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// IsLetter says whether a byte is of a word: a letter, an underscore, or part of a character beyond ASCII.
func IsLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 || c == '_' }

// IsDigit says whether a byte is one of 0 to 9.
func IsDigit(c byte) bool { return c-'0' < 10 }

// DigitAt says whether a digit stands at i.
func DigitAt(text []byte, i int) bool { return i < len(text) && IsDigit(text[i]) }

// IsWhole says whether a value is a whole number.
func IsWhole(value float64) bool { return value == float64(int64(value)) }

// Digits counts the digits at i.
func Digits(text []byte, i int) (n int) {
	for i+n < len(text) && IsDigit(text[i+n]) {
		n++
	}
	return n
}
