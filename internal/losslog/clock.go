package losslog

import "bytes"

// clock returns the end of the time or date at i, or 0.
func clock(line []byte, i int) int {
	n := digitsAt(line, i)
	if n == 0 || n > 4 || i+n >= len(line) {
		return 0
	}
	j := i + n
	switch line[j] {
	case ':':
		if digitsAt(line, j+1) != 2 || n > 3 {
			return 0
		}
		j += 3
		if j < len(line) && line[j] == ':' && digitsAt(line, j+1) == 2 {
			j += 3
		}
		if j+1 < len(line) && (line[j] == '.' || line[j] == ',') {
			j += 1 + digitsAt(line, j+1)
		}
		return zone(line, j)
	case '-', '/':
		mark := line[j]
		second := digitsAt(line, j+1)
		if second == 0 || second > 2 {
			return 0
		}
		j += 1 + second
		if j >= len(line) || line[j] != mark {
			return 0
		}
		third := digitsAt(line, j+1)
		if third == 0 || third > 4 {
			return 0
		}
		j += 1 + third
		if j+1 < len(line) && (line[j] == 'T' || line[j] == '-' || line[j] == '_') && digitAt(line, j+1) {
			if end := clock(line, j+1); end > 0 {
				return end
			}
		}
		return zone(line, j)
	}
	return 0
}

// dayAndTime returns the end of a month, a day and a time that begin a line, as in "07/31 22:18:02", or 0.
func dayAndTime(line []byte, i int) int {
	const date = len("07/31 ")
	if i > 1 || i == 1 && line[0] != '[' || len(line) < i+date || line[i+2] != '/' || line[i+5] != ' ' || digitsAt(line, i) != 2 || digitsAt(line, i+3) != 2 {
		return 0
	}
	end := clock(line, i+date)
	if end == 0 || bytes.Count(line[i+date:end], []byte{':'}) < 2 {
		return 0
	}
	return end
}

// halfOfDay passes over AM or PM behind a time.
func halfOfDay(line []byte, i int) int {
	j := i
	if j < len(line) && line[j] == ' ' {
		j++
	}
	if j+2 <= len(line) && (line[j]|0x20 == 'a' || line[j]|0x20 == 'p') && line[j+1]|0x20 == 'm' && (j+2 == len(line) || !isAlnum(line[j+2])) {
		return j + 2
	}
	return i
}

// zone passes over a time zone.
func zone(line []byte, j int) int {
	if j < len(line) && line[j] == 'Z' {
		return j + 1
	}
	if j+5 <= len(line) && (line[j] == '+' || line[j] == '-') && digitsAt(line, j+1) >= 2 {
		j += 1 + digitsAt(line, j+1)
		if j < len(line) && line[j] == ':' {
			j += 1 + digitsAt(line, j+1)
		}
	}
	return j
}
