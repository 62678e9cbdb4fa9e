// Package timestamp recognises the dates and times of logs.
package timestamp

import (
	"bytes"

	"alrc/internal/decimal"
)

// End returns the end of the time or date that begins with the digit at i, or 0: "12:30", "12:30:05,123", "2024-03-05",
// "2024-03-05T12:30:05Z", "05/03/2024".
func End(line []byte, i int) int {
	n := decimal.Digits(line, i)
	if n == 0 || n > 4 || i+n >= len(line) {
		return 0
	}
	j := i + n
	switch line[j] {
	case ':':
		if decimal.Digits(line, j+1) != 2 || n > 3 {
			return 0
		}
		j += 3
		if j < len(line) && line[j] == ':' && decimal.Digits(line, j+1) == 2 {
			j += 3
		}
		if j < len(line) && (line[j] == '.' || line[j] == ',') {
			j += fraction(line[j:])
		}
		return zone(line, j)
	case '-', '/':
		mark := line[j]
		second := decimal.Digits(line, j+1)
		if second == 0 || second > 2 {
			return 0
		}
		j += 1 + second
		if j >= len(line) || line[j] != mark {
			return 0
		}
		third := decimal.Digits(line, j+1)
		if third == 0 || third > 4 {
			return 0
		}
		j += 1 + third
		if j+1 < len(line) && (line[j] == 'T' || line[j] == '-' || line[j] == '_') && decimal.Digits(line, j+1) > 0 {
			if end := End(line, j+1); end > 0 {
				return end
			}
		}
		return zone(line, j)
	}
	return 0
}

// fraction returns the length of a fraction of a second: ".25", ",123". Behind a comma it has three digits or six, and no point follows:
// else the comma parts the fields of a table.
func fraction(text []byte) int {
	n := decimal.Digits(text, 1)
	if n == 0 || text[0] == ',' && (n != 3 && n != 6 || n+1 < len(text) && text[n+1] == '.') {
		return 0
	}
	return 1 + n
}

// DayAndTime returns the end of a month, a day and a time that begin a line, perhaps in brackets, as in "07/31 22:18:02"; else 0.
func DayAndTime(line []byte, i int) int {
	const date = len("07/31 ")
	if i > 1 || i == 1 && line[0] != '[' || len(line) < i+date || line[i+2] != '/' || line[i+5] != ' ' || decimal.Digits(line, i) != 2 || decimal.Digits(line, i+3) != 2 {
		return 0
	}
	end := End(line, i+date)
	if end == 0 || bytes.Count(line[i+date:end], []byte{':'}) < 2 {
		return 0
	}
	return end
}

// HalfOfDay passes over AM or PM behind a time that ends at i.
func HalfOfDay(line []byte, i int) int {
	j := i
	if j < len(line) && line[j] == ' ' {
		j++
	}
	if j+2 <= len(line) && (line[j]|0x20 == 'a' || line[j]|0x20 == 'p') && line[j+1]|0x20 == 'm' &&
		(j+2 == len(line) || !decimal.IsLetter(line[j+2]) && !decimal.IsDigit(line[j+2])) {
		return j + 2
	}
	return i
}

// zone passes over a time zone.
func zone(line []byte, j int) int {
	if j < len(line) && line[j] == 'Z' {
		return j + 1
	}
	if (j+5 <= len(line) || j+3 == len(line)) && (line[j] == '+' || line[j] == '-') && decimal.Digits(line, j+1) >= 2 {
		j += 1 + decimal.Digits(line, j+1)
		if j < len(line) && line[j] == ':' {
			j += 1 + decimal.Digits(line, j+1)
		}
	}
	return j
}
