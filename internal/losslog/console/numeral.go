package console

import (
	"bytes"
	"math"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/timestamp"
)

// numeral reads what begins with a digit, a sign or a point at i.
func numeral(line []byte, i, depth int) token {
	if end := timestamp.End(line, i); end > 0 {
		return token{kind: timeToken, begin: i, end: timestamp.HalfOfDay(line, end)}
	}
	if end := timestamp.DayAndTime(line, i); end > 0 {
		return token{kind: timeToken, begin: i, end: end}
	}
	begin := i
	value, n := decimal.Parse(line[i:])
	end := i + n
	if n == 0 {
		return token{kind: markToken, mark: line[i], begin: i, end: i + 1}
	}
	digits := i
	if line[i] == '-' || line[i] == '+' {
		digits++
	}
	whole := true
	for _, c := range line[digits:end] {
		whole = whole && classes[c]&digitClass != 0
	}
	if depth > 0 && hasSeparator(line[:digits]) {
		depth = 0 // "[step: 1,000, ...]" is no list
	}
	if parted, last := underscores(line, digits, end); whole && last > 0 {
		value, end = math.Copysign(parted, value), last
	} else if whole && end < len(line) && line[end] == ',' {
		value, end, whole = commas(line, digits, end, depth, value, line[begin] == '-')
	} else if parted, last := pointedThousands(line, digits, end); last > 0 {
		value, end = math.Copysign(parted, value), last
		whole = decimal.IsWhole(parted)
	}
	t := token{kind: numberToken, begin: begin, value: value, total: -1}
	if value, n := WithExponent(line, begin, end); n > 0 {
		t.value, t.end, t.unit = value, end+n, end+n
		return t
	}
	if end < len(line) && (beginsUnit(line[end:]) || line[end] == '%') {
		return t.withUnit(line, end)
	}
	t.unit = end
	t.end = end
	if !whole && (!decimal.IsWhole(value) || end == len(line) || line[end] != '/') {
		return t
	}
	// A part of a total, "10/600" or "10.0/600", or the end of a range.
	if whole && end+1 < len(line) && line[end] == '-' && classes[line[end+1]]&digitClass != 0 {
		if last, n := decimal.Parse(line[end+1:]); n > 0 {
			return token{kind: numberToken, begin: begin, value: last, total: -1}.withUnit(line, end+1+n)
		}
	}
	j := end
	for j < len(line) && line[j] == ' ' && j-end < 8 {
		j++
	}
	parted := j < len(line) && line[j] == '/'
	if !parted && j == end+1 && bytes.HasPrefix(line[j:], []byte("of ")) {
		parted = true // "10 of 600"
		j++
	}
	if parted {
		for j++; j < len(line) && line[j] == ' ' && j-end < 16; {
			j++
		}
		first := j
		for j < len(line) && (classes[line[j]]&digitClass != 0 || line[j] == ',' && j+1 < len(line) && classes[line[j+1]]&digitClass != 0) {
			j++
		}
		if j > first && (j == len(line) || line[j] != '/' && line[j] != '.' && classes[line[j]]&letterClass == 0) {
			text := line[first:j]
			if bytes.IndexByte(text, ',') >= 0 {
				text = bytes.ReplaceAll(text, []byte(","), nil)
			}
			total, _ := decimal.Parse(text)
			t.total, t.end, t.unit = total, j, j
		}
	}
	return t
}

// WithExponent returns the value of the number line[begin:end] with the exponent that follows it in a way of other languages than Go, and
// that exponent's length; 0 where none follows.
func WithExponent(line []byte, begin, end int) (value float64, n int) {
	if n = exponent(line[end:]); n > 0 {
		power := line[end : end+n]
		if at := bytes.IndexByte(power, '^'); at >= 0 {
			power = power[at+1:]
		}
		power = bytes.TrimLeft(power, "fdD")
		value, _ = decimal.Parse(append(append(bytes.Clone(line[begin:end]), 'e'), power...))
	}
	return value, n
}

// powerOfTen returns the length of a product sign and "10^"; 0 where there is none.
func powerOfTen(text []byte) int {
	for _, sign := range []string{"×", "·", "*", "x"} {
		if bytes.HasPrefix(text, []byte(sign)) && bytes.HasPrefix(text[len(sign):], []byte("10^")) {
			return len(sign) + len("10^")
		}
	}
	return 0
}

// exponent returns the length of an exponent in the ways of Julia, "f-5" of single precision, of Lisp and Fortran, "d-5" and "D+05", of
// Mathematica, "*^-5", and as people write it, "×10^-5".
func exponent(text []byte) int {
	i := 1
	switch {
	case len(text) < 2:
		return 0
	case text[0] == 'f', text[0] == 'd', text[0] == 'D':
	case text[0] == '*' && text[1] == '^':
		i++
	case powerOfTen(text) > 0:
		i = powerOfTen(text)
	default:
		return 0
	}
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		i++
	}
	n := decimal.Digits(text, i)
	if n == 0 || n > 3 || n > 2 && text[0] != 'D' || i+n < len(text) && isAlnum(text[i+n]) {
		return 0
	}
	return i + n
}

// endsAtName says whether what is written together with a number is the name of the next one.
func (t *token) endsAtName(line []byte) bool {
	unit := bytes.ToLower(line[t.unit:t.end])
	if len(unit) <= 2 || t.end >= len(line) || line[t.end] != ':' && line[t.end] != '=' || lexicon.TimeWords[string(unit)] {
		return false
	}
	return !lexicon.CountsLine(unit) || decimal.DigitAt(bytes.TrimLeft(line[t.end+1:], " "), 0) // and not "1epoch:train"
}

// hasSeparator says whether text ends with a colon or an equals sign, but for space.
func hasSeparator(text []byte) bool {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] != ' ' {
			return text[i] == ':' || text[i] == '='
		}
	}
	return false
}

// withUnit adds the unit at end, which may be none. A word that goes on with digits is no number: a hash, a size.
func (t token) withUnit(line []byte, end int) token {
	t.unit = end
	// "0th", "1st"
	if i := end + 2; i <= len(line) && (i == len(line) || !isAlnum(line[i])) {
		switch string(line[end:i]) {
		case "th", "st", "nd", "rd":
			t.unit, t.end = i, i
			return t
		}
	}
	// "step=10i": a whole number, as the line protocol of InfluxDB has it.
	if end < len(line) && line[end] == 'i' && (end+1 == len(line) || line[end+1] == ',' || line[end+1] == ' ') {
		t.unit, t.end = end+1, end+1
		return t
	}
	i := end
	for i < len(line) && (beginsUnit(line[i:]) || line[i] == '%' || line[i] == '/' && i+1 < len(line) && classes[line[i+1]]&letterClass != 0) {
		i++
	}
	t.end = i
	if total, last := partWithUnit(line, end, i); last > 0 && decimal.IsWhole(t.value) {
		t.total, t.end, t.unit = total, last, last
		return t
	}
	if i < len(line) && classes[line[i]]&digitClass != 0 && i > end && line[i-1] != '%' {
		return token{kind: wordToken, begin: t.begin, end: wordEnd(line, i)}
	}
	return t
}

// partWithUnit returns the total that follows a part whose unit is line[begin:end], with the same unit, and its end: the 800 of "13.0it/800it".
// The end is 0 where none follows.
func partWithUnit(line []byte, begin, end int) (total float64, last int) {
	unit := line[begin:end]
	if len(unit) < 2 || end+1 >= len(line) || line[end] != '/' {
		return 0, 0
	}
	total, n := decimal.Parse(line[end+1:])
	last = end + 1 + n
	if n == 0 || !(total > 0) {
		return 0, 0
	}
	factor := 1.0
	if last < len(line) && unit[0] != line[last] {
		switch line[last] {
		case 'k':
			factor, last = 1e3, last+1
		case 'M':
			factor, last = 1e6, last+1
		}
	}
	if !bytes.HasPrefix(line[last:], unit) {
		return 0, 0
	}
	if last += len(unit); last < len(line) && isAlnum(line[last]) {
		return 0, 0
	}
	return total * factor, last
}

// commas reads the rest of a number whose digits a comma follows: thousands, or a decimal comma.
func commas(line []byte, digits, end, depth int, value float64, negative bool) (float64, int, bool) {
	groups := end
	for end-digits <= 3 && groups+4 <= len(line) && line[groups] == ',' && decimal.Digits(line, groups+1) == 3 {
		groups += 4
	}
	sign := 1.0
	if negative {
		sign = -1
	}
	leadingZero := line[digits] == '0' && end-digits == 1
	fraction := groups == end+4 && depth == 0 && partsFractions(line)
	if groups > end && !leadingZero && !fraction && depth == 0 && (groups == len(line) || line[groups] != ',' || !decimal.DigitAt(line, groups+1)) {
		// Thousands, and what may follow a point.
		text := bytes.ReplaceAll(line[digits:groups], []byte(","), nil)
		whole := true
		if groups+1 < len(line) && line[groups] == '.' && decimal.DigitAt(line, groups+1) {
			last := groups + 1 + decimal.Digits(line, groups+1)
			text = append(text, line[groups:last]...)
			groups, whole = last, false
		}
		read, _ := decimal.Parse(text)
		return sign * read, groups, whole
	}
	n := decimal.Digits(line, end+1)
	last := end + 1 + n
	if n > 0 && depth == 0 && (n != 3 || leadingZero || fraction) && (last == len(line) || line[last] != ',' && line[last] != '.' && !isAlnum(line[last]) ||
		line[last] == ',' && (n > 3 || fraction || leadingZero && n > 1) && last+1 < len(line) && line[last+1] == ' ') {
		text := bytes.Replace(line[digits:last], []byte(","), []byte("."), 1)
		read, _ := decimal.Parse(text)
		return sign * read, last, false
	}
	return value, end, true
}

// underscores returns the value and the end of a number whose thousands underscores part, as in Go and Python: "12_500"; 0 where it is none.
func underscores(line []byte, digits, end int) (value float64, last int) {
	last = end
	for last+4 <= len(line) && line[last] == '_' && decimal.Digits(line, last+1) == 3 {
		last += 4
	}
	if last == end || end-digits > 3 || line[digits] == '0' || last < len(line) && isAlnum(line[last]) {
		return 0, 0
	}
	value, _ = decimal.Parse(bytes.ReplaceAll(line[digits:last], []byte{'_'}, nil))
	return value, last
}

// partsFractions says whether the commas between a line's digits part fractions, and not thousands: it has no points between digits, and a
// comma that parts no thousands, or a word for losses of a language that writes so, where points may part thousands and dates.
func partsFractions(line []byte) bool {
	commas, other, points, fractions := false, false, false, false
	for i := 1; i+1 < len(line); i++ {
		if !decimal.DigitAt(line, i-1) || !decimal.DigitAt(line, i+1) {
			continue
		}
		switch line[i] {
		case '.':
			points = true
			fractions = fractions || !pointsPart(line, i)
		case ',':
			commas = true
			other = other || decimal.Digits(line, i+1) != 3
		}
	}
	return commas && (!points && other || !fractions && lexicon.WritesCommas(line))
}

// pointsPart says whether the point at i parts thousands, "1.250", or days from months and years, "04.05.2031".
func pointsPart(line []byte, i int) bool {
	begin := i
	for begin > 0 && decimal.DigitAt(line, begin-1) {
		begin--
	}
	behind := decimal.Digits(line, i+1)
	if i-begin == 2 && (behind == 2 || behind == 4) {
		other := func(i int) bool { return i >= 0 && i < len(line) && line[i] == '.' }
		return behind == 2 && other(i+3) && decimal.DigitAt(line, i+4) || behind == 4 && other(begin-1)
	}
	return i-begin <= 3 && line[begin] != '0' && behind == 3
}

// pointedThousands returns the end of a number whose thousands points part, in a line where commas part fractions, and its value.
func pointedThousands(line []byte, digits, end int) (value float64, last int) {
	point := bytes.IndexByte(line[digits:end], '.')
	if point <= 0 || end-digits-point != 4 || !pointsPart(line, digits+point) || !partsFractions(line) {
		return 0, 0
	}
	for end+4 <= len(line) && line[end] == '.' && decimal.Digits(line, end+1) == 3 {
		end += 4
	}
	text := bytes.ReplaceAll(line[digits:end], []byte("."), nil)
	if n := decimal.Digits(line, end+1); end < len(line) && line[end] == ',' && n > 0 {
		text = append(append(text, '.'), line[end+1:end+1+n]...)
		end += 1 + n
	}
	value, _ = decimal.Parse(text)
	return value, end
}
