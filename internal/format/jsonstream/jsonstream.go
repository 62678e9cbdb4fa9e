// Package jsonstream reads JSON documents part by part, so that their size does not matter. It is for documents that are looked
// through, not checked: separators may be missing.
package jsonstream

import (
	"bufio"
	"errors"
	"io"
	"strconv"
)

// An Event is a part of a JSON document.
type Event uint8

const (
	Begin  Event = iota // an object or array
	End                 // its end
	Key                 // of an object's field
	String              // a value
	Other               // a number, true, false or null
)

// longestText bounds the memory of a text or number; the rest of a longer one is passed over.
const longestText = 1 << 20

// Stream reads a JSON document part by part.
type Stream struct {
	R     *bufio.Reader
	Stack []byte // of open brackets, '{' and '['
	Text  []byte // of the last part: a bracket, a key or a value, without quotes; valid until the next one
	key   bool   // a key of an object comes next
}

var errDamaged = errors.New("it is no JSON document, or a damaged one")

// ErrLong says that an object is longer than it may be.
var ErrLong = errors.New("an object is too long")

// Next returns the next part. Its error is io.EOF at the end of the data, wherever the document is then.
func (s *Stream) Next() (Event, error) {
	for {
		c, err := s.R.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n', ':':
		case ',':
			s.key = len(s.Stack) > 0 && s.Stack[len(s.Stack)-1] == '{'
		case '{', '[':
			if len(s.Stack) > 1000 {
				return 0, errDamaged
			}
			s.Stack = append(s.Stack, c)
			s.key = c == '{'
			s.Text = append(s.Text[:0], c)
			return Begin, nil
		case '}', ']':
			if len(s.Stack) == 0 {
				return 0, errDamaged
			}
			s.Stack = s.Stack[:len(s.Stack)-1]
			s.key = false
			s.Text = append(s.Text[:0], c)
			return End, nil
		case '"', '\'': // Python prints dictionaries with the latter
			if err := s.quoted(c); err != nil {
				return 0, err
			}
			if s.key {
				s.key = false
				return Key, nil
			}
			return String, nil
		default:
			s.Text = append(s.Text[:0], c)
			for {
				c, err := s.R.ReadByte()
				if errors.Is(err, io.EOF) {
					return Other, nil
				}
				if err != nil {
					return 0, err
				}
				if c == ',' || c == ']' || c == '}' || c <= ' ' {
					return Other, s.R.UnreadByte()
				}
				if len(s.Text) < longestText {
					s.Text = append(s.Text, c)
				}
			}
		}
	}
}

// quoted reads the rest of a text in quotes.
func (s *Stream) quoted(mark byte) error {
	s.Text = s.Text[:0]
	for {
		c, err := s.R.ReadByte()
		if err != nil {
			return err
		}
		switch c {
		case mark:
			return nil
		case '\\':
			if c, err = s.R.ReadByte(); err != nil {
				return err
			}
			switch c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'r':
				c = '\r'
			case 'b':
				c = '\b'
			case 'u':
				var digits [4]byte
				if _, err := io.ReadFull(s.R, digits[:]); err != nil {
					return err
				}
				code, err := strconv.ParseUint(string(digits[:]), 16, 16)
				if err != nil {
					return errDamaged
				}
				s.Text = append(s.Text, string(rune(code))...)
				continue
			}
		}
		if len(s.Text) < longestText {
			s.Text = append(s.Text, c)
		}
	}
}

// Rest returns the rest of the object or array that began last, as it stands there, but for line ends, which become spaces. Its error is
// [ErrLong] where that is longer than a limit.
func (s *Stream) Rest(limit int) ([]byte, error) {
	var rest []byte
	quoted := false
	for depth := 1; depth > 0; {
		c, err := s.R.ReadByte()
		if err != nil {
			return nil, err
		}
		if len(rest) > limit {
			return nil, ErrLong
		}
		switch {
		case quoted && c == '\\':
			rest = append(rest, c)
			if c, err = s.R.ReadByte(); err != nil {
				return nil, err
			}
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == '\n' || c == '\r':
			c = ' '
		}
		rest = append(rest, c)
	}
	s.Stack, s.key = s.Stack[:len(s.Stack)-1], false
	return rest, nil
}
