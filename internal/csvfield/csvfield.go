// Package csvfield writes the fields of CSV tables that are read line by line.
package csvfield

import "bytes"

// Append appends a field to a row, in quotes where it needs them (RFC 4180). Line ends in it become spaces, so that a row stays a line.
func Append[Text ~string | ~[]byte](line []byte, field Text) []byte {
	begin := len(line)
	line = append(line, field...)
	if !bytes.ContainsAny(line[begin:], ",\"\r\n") {
		return line
	}
	text := string(line[begin:])
	line = append(line[:begin], '"')
	for i := range len(text) {
		switch c := text[i]; c {
		case '"':
			line = append(line, '"', '"')
		case '\r', '\n':
			line = append(line, ' ')
		default:
			line = append(line, c)
		}
	}
	return append(line, '"')
}
