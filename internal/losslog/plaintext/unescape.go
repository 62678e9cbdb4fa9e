package plaintext

import (
	"bufio"
	"bytes"
)

// controls are the control characters that lines of a log may hold, as services of system logs write them: '#' and three octal digits.
var controls = map[string]byte{"#010": '\b', "#011": '\t', "#012": '\n', "#015": '\r', "#033": 0x1b}

// isEscaped says whether text came through a service of system logs: there are tabs or colours by their codes, and no number is written
// so that is none of a control character.
func isEscaped(head []byte) bool {
	if !bytes.Contains(head, []byte("#011")) && !bytes.Contains(head, []byte("#033[")) {
		return false
	}
	for {
		at := bytes.Index(head, []byte("#0"))
		if at < 0 || len(head) < at+4 {
			return true
		}
		if controls[string(head[at:at+4])] == 0 {
			return false
		}
		head = head[at+4:]
	}
}

// unescaper puts control characters in the place of their codes.
type unescaper struct{ r *bufio.Reader }

func (u *unescaper) Read(p []byte) (n int, err error) {
	for n < len(p) {
		piece, err := u.r.Peek(min(max(u.r.Buffered(), 4), len(p)-n+3))
		if len(piece) == 0 {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		if c := controls[string(piece[:min(len(piece), 4)])]; c != 0 {
			p[n] = c
			n++
			u.r.Discard(4)
			continue
		}
		end := bytes.IndexByte(piece[1:], '#') + 1
		if end == 0 {
			end = len(piece)
		}
		used := copy(p[n:], piece[:end])
		n += used
		u.r.Discard(used)
	}
	return n, nil
}

// Unescape puts control characters in the place of their codes, where [Text.Escaped] says that a log has those.
func Unescape(line []byte) []byte {
	for code, c := range controls {
		line = bytes.ReplaceAll(line, []byte(code), []byte{c})
	}
	return line
}
