package losslog

import (
	"bytes"

	"alrc/internal/losslog/plaintext"
)

// splitFields splits a line; quoted fields may hold the delimiter.
func splitFields(line []byte, delimiter byte) [][]byte { return appendFields(nil, line, delimiter) }

// withoutBrackets takes off the brackets around a row that was printed as a tuple or a list: "(10, 0.5)".
func withoutBrackets(line []byte) []byte {
	text := bytes.TrimSuffix(plaintext.Trim(line), []byte(","))
	if n := len(text); n > 2 && (text[0] == '(' && text[n-1] == ')' || text[0] == '[' && text[n-1] == ']') && !bytes.ContainsAny(text[1:n-1], "()[]{}") {
		return text[1 : n-1]
	}
	return line
}

// appendFields adds the fields of a line to others.
func appendFields(fields [][]byte, line []byte, delimiter byte) [][]byte {
	if delimiter == ' ' {
		for i := 0; i < len(line); {
			for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
				i++
			}
			begin := i
			for i < len(line) && line[i] != ' ' && line[i] != '\t' && line[i] != '\r' {
				i++
			}
			if i > begin {
				fields = append(fields, line[begin:i])
			}
		}
		return fields
	}
	if delimiter == ',' {
		line = withoutBrackets(line)
	}
	for {
		end := fieldEnd(line, 0, delimiter)
		fields = append(fields, line[:end])
		if end >= len(line) {
			return fields
		}
		line = line[end+1:]
	}
}

// splitEdges splits a row between bars.
func splitEdges(line []byte) [][]byte {
	line = plaintext.Trim(line)
	if len(line) == 0 || line[0] != '|' {
		return nil
	}
	line = line[1:]
	if line = plaintext.Trim(line); len(line) > 0 && line[len(line)-1] == '|' {
		line = line[:len(line)-1]
	}
	cells := bytes.Split(line, []byte("|"))
	for i := range cells {
		cells[i] = plaintext.Trim(bytes.Trim(plaintext.Trim(cells[i]), "*`")) // bold, or code, in Markdown
	}
	return cells
}

// splitGaps splits a line where several spaces, or a tab, are.
func splitGaps(line []byte) (cells [][]byte) {
	begin := -1
	for i := 0; i <= len(line); i++ {
		gap := i == len(line) || line[i] == '\t' || line[i] == ' ' && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t')
		if gap && begin >= 0 {
			cells = append(cells, plaintext.Trim(line[begin:i]))
			begin = -1
		} else if !gap && begin < 0 && line[i] != ' ' {
			begin = i
		}
	}
	return cells
}

// fieldEnd returns where the field at i ends: at a delimiter, or at the end of the line.
func fieldEnd(line []byte, i int, delimiter byte) int {
	if i < len(line) && line[i] == '"' {
		for i++; i < len(line); i++ {
			if line[i] != '"' {
				continue
			}
			if i+1 < len(line) && line[i+1] == '"' {
				i++
				continue
			}
			break
		}
	}
	if i >= len(line) {
		return len(line)
	}
	if end := bytes.IndexByte(line[i:], delimiter); end >= 0 {
		return i + end
	}
	return len(line)
}
