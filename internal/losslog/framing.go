package losslog

import (
	"bytes"

	"alrc/internal/losslog/plaintext"
)

// framing is how a log's lines are kept within others: with control characters by their codes, each in an object or a row, and above the
// bars that they are of.
type framing struct {
	escaped  bool
	wrapping *wrapping
	redrawn  bool
}

// unframer takes lines that come piece by piece out of their framing.
type unframer struct {
	framing
	part  []byte // of a line, of which the rest is not there yet
	out   bytes.Buffer
	clean plaintext.Cleaner // what lines held may be made for terminals, too
	bars  plaintext.Redrawn
}

// take returns what the lines that are whole by now held. It is valid until the next call. last says that nothing follows.
func (u *unframer) take(text []byte, last bool) []byte {
	u.out.Reset()
	u.part = append(u.part, text...)
	begin, open := 0, false // within quotes
	for end := begin; end < len(u.part); {
		n := bytes.IndexByte(u.part[end:], '\n') + 1
		if n == 0 {
			break
		}
		open = open != isOpen(u.part[end:end+n])
		if end += n; u.wrapping == nil || u.wrapping.column == 0 || !open {
			u.line(u.part[begin:end])
			begin, open = end, false
		}
	}
	if last {
		u.line(u.part[begin:])
		begin = len(u.part)
	}
	u.part = u.part[:copy(u.part, u.part[begin:])]
	lines := u.clean.Clean(u.out.Bytes(), last)
	if u.redrawn {
		return u.bars.Add(lines, last)
	}
	return lines
}

func (u *unframer) line(line []byte) {
	if u.escaped {
		line = plaintext.Unescape(line)
	}
	if u.wrapping == nil {
		u.out.Write(line)
		return
	}
	u.wrapping.unwrap(&u.out, line)
}
