package jsonstream

import "bytes"

// What follows looks through JSON that lies in memory, of which it takes no account but of brackets and quotes.

// ObjectEnd returns the end of the object or array at i, or -1 where data ends before.
func ObjectEnd(data []byte, i int) int {
	depth := 0
	for ; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		case '"':
			if i = StringEnd(data, i); i < 0 {
				return -1
			}
			i--
		}
	}
	return -1
}

// StringEnd returns the end of the quoted string at i, or -1.
func StringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// ValueEnd returns the end of the value at i, or -1.
func ValueEnd(data []byte, i int) int {
	switch data[i] {
	case '"':
		return StringEnd(data, i)
	case '{', '[':
		return ObjectEnd(data, i)
	}
	end := i
	for end < len(data) && data[end] != ',' && data[end] != '}' && data[end] != ']' && data[end] > ' ' {
		end++
	}
	if end == i {
		return -1
	}
	return end
}

// PassSpace returns where the white space at i ends.
func PassSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}

// ArrayOfObjects returns what stands behind the bracket of the first array of objects.
func ArrayOfObjects(data []byte) (int, bool) {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			if i = StringEnd(data, i); i < 0 {
				return 0, false
			}
			i--
		case '[':
			if rest := bytes.TrimLeft(data[i+1:], " \t\r\n"); len(rest) > 0 && rest[0] == '{' {
				return i + 1, true
			}
		}
	}
	return 0, false
}
