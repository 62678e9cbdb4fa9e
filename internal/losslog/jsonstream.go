package losslog

import (
	"bufio"
	"errors"
	"io"
	"strconv"
)

// jsonEvent is a part of a JSON document.
type jsonEvent uint8

const (
	jsonBegin  jsonEvent = iota // an object or array
	jsonEnd                     // its end
	jsonKey                     // of an object's field
	jsonString                  // a value
	jsonOther                   // a number, true, false or null
)

// longestJSONText bounds the memory of a text or number; the rest of a longer one is passed over.
const longestJSONText = 1 << 20

// jsonStream reads a JSON document part by part.
type jsonStream struct {
	r     *bufio.Reader
	stack []byte // of open brackets
	key   bool   // a key of an object comes next
	text  []byte // of a key or value
}

var errJSON = errors.New("it is no JSON document, or a damaged one")

// next returns the next part; its text is in s.text until the next call.
func (s *jsonStream) next() (jsonEvent, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n', ':':
		case ',':
			s.key = len(s.stack) > 0 && s.stack[len(s.stack)-1] == '{'
		case '{', '[':
			if len(s.stack) > 1000 {
				return 0, errJSON
			}
			s.stack = append(s.stack, c)
			s.key = c == '{'
			s.text = append(s.text[:0], c)
			return jsonBegin, nil
		case '}', ']':
			if len(s.stack) == 0 {
				return 0, errJSON
			}
			s.stack = s.stack[:len(s.stack)-1]
			s.key = false
			s.text = append(s.text[:0], c)
			return jsonEnd, nil
		case '"':
			if err := s.quoted(); err != nil {
				return 0, err
			}
			if s.key {
				s.key = false
				return jsonKey, nil
			}
			return jsonString, nil
		default:
			s.text = append(s.text[:0], c)
			for {
				c, err := s.r.ReadByte()
				if errors.Is(err, io.EOF) {
					return jsonOther, nil
				}
				if err != nil {
					return 0, err
				}
				if c == ',' || c == ']' || c == '}' || c <= ' ' {
					return jsonOther, s.r.UnreadByte()
				}
				if len(s.text) < longestJSONText {
					s.text = append(s.text, c)
				}
			}
		}
	}
}

// quoted reads the rest of a text in quotes.
func (s *jsonStream) quoted() error {
	s.text = s.text[:0]
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return err
		}
		switch c {
		case '"':
			return nil
		case '\\':
			if c, err = s.r.ReadByte(); err != nil {
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
				if _, err := io.ReadFull(s.r, digits[:]); err != nil {
					return err
				}
				code, err := strconv.ParseUint(string(digits[:]), 16, 16)
				if err != nil {
					return errJSON
				}
				s.text = append(s.text, string(rune(code))...)
				continue
			}
		}
		if len(s.text) < longestJSONText {
			s.text = append(s.text, c)
		}
	}
}
