package plaintext

import "bytes"

// NextLine returns the end of the line at the beginning of text, without its end, and the beginning of the next.
// Progress bars end lines with a carriage return.
func NextLine(text []byte) (end, next int) {
	// Carriage returns are looked for in so much at a time, since a file may have no other line ends.
	const most = 256
	for begin := 0; begin < len(text); begin += most {
		part := text[begin:min(begin+most, len(text))]
		n := bytes.IndexByte(part, '\n')
		if n < 0 {
			n = len(part)
		}
		if i := bytes.IndexByte(part[:n], '\r'); i >= 0 {
			n = i
		}
		if n < len(part) {
			return begin + n, begin + n + 1
		}
	}
	return len(text), len(text)
}

// Lines calls do with each line of text that is not empty.
func Lines(text []byte, do func(line []byte)) {
	for len(text) > 0 {
		end, next := NextLine(text)
		if end > 0 {
			do(text[:end])
		}
		text = text[next:]
	}
}

// Trim takes spaces, tabs and carriage returns off both ends.
func Trim(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\r') {
		text = text[1:]
	}
	for len(text) > 0 {
		if last := text[len(text)-1]; last != ' ' && last != '\t' && last != '\r' {
			break
		}
		text = text[:len(text)-1]
	}
	return text
}

// IsRule says whether a line is drawn, as between the header of a table and its rows.
func IsRule(line []byte) bool {
	if len(line) < 2 {
		return false
	}
	for _, c := range line {
		if c != '-' && c != '=' && c != '+' && c != '|' && c != ':' && c != ' ' && c != '~' && c != '_' && c != '\t' && c != '*' {
			return false
		}
	}
	return true
}

// IsNothing says whether a field of a table or a word stands for none.
func IsNothing(text []byte) bool {
	switch string(text) {
	case "", "-", "--", "–", "—", "null", "None", "none", "NULL", "NA", "<NA>", "N/A", "n/a", "missing", "No log":
		return true
	}
	return false
}

// IsBinary says whether a file is no text, by a zero byte in its first ones.
func IsBinary(head []byte) bool { return bytes.IndexByte(head[:min(len(head), 4096)], 0) >= 0 }

// TrimStart takes white space, and a byte order mark, off the beginning of a text.
func TrimStart(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n\xef\xbb\xbf") }
