package fits

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// header is what a header says of its data.
type header struct {
	place     int64  // of its first byte in the file
	extension string // "" for the primary header, or the type of an extension
	bits      int64  // of a number, negative for floating-point numbers
	axes      []int64
	strings   map[string]string
	numbers   map[string]float64
	flags     map[string]bool
	text      strings.Builder // what it says beside that, a line each
}

// Sizes of a card, which is a line of a header, and of its keyword; and the most that is kept of a header's text and values.
const (
	card     = 80
	keyword  = 8
	mostText = 1 << 16
	mostKept = 1 << 12
	mostAxes = 999
)

// errNoHeader says that something else than a header lies where one should.
var errNoHeader = errors.New("it is no header: the file is damaged")

// readHeader reads the header at a place of a file of a size, and returns the place of its data.
func readHeader(r io.ReaderAt, size, at int64) (h *header, data int64, err error) {
	h = &header{place: at, strings: map[string]string{}, numbers: map[string]float64{}, flags: map[string]bool{}}
	cards := make([]byte, block)
	for first := true; ; first = false {
		if at+block > size {
			return nil, 0, h.wrap(errors.New("the file ends within its header: it is truncated or damaged"))
		}
		if _, err := r.ReadAt(cards, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		at += block
		for line := range block / card {
			text := string(cards[line*card:][:card])
			switch {
			case !first || line > 0:
			case h.place == 0 && !strings.HasPrefix(text, Magic), h.place > 0 && !strings.HasPrefix(text, "XTENSION="):
				return nil, 0, h.wrap(errNoHeader)
			}
			if strings.TrimRight(text, " ") == "END" {
				return h, at, h.interpret()
			}
			if err := h.take(text); err != nil {
				return nil, 0, h.wrap(err)
			}
		}
	}
}

// wrap says in which header something is wrong.
func (h *header) wrap(err error) error {
	if h.place == 0 {
		return err
	}
	return fmt.Errorf("the header at byte %d: %w", h.place, err)
}

// take takes a card.
func (h *header) take(text string) error {
	name := strings.TrimRight(text[:keyword], " ")
	if text[keyword:keyword+2] != "= " {
		h.note(text) // a comment
		return nil
	}
	if len(h.strings)+len(h.numbers)+len(h.flags) >= mostKept {
		return nil
	}
	value := strings.TrimSpace(text[keyword+2:])
	if strings.HasPrefix(value, "'") {
		h.strings[name] = quoted(value[1:])
		h.note(text)
		return nil
	}
	value, _, _ = strings.Cut(value, "/")
	switch value = strings.TrimSpace(value); value {
	case "T", "F":
		h.flags[name] = value == "T"
		return nil
	}
	number, err := strconv.ParseFloat(strings.NewReplacer("D", "E", "d", "e").Replace(value), 64)
	switch {
	case err == nil || errors.Is(err, strconv.ErrRange):
		h.numbers[name] = number
	case structural(name):
		return fmt.Errorf("%s is %q, which is no number: the file is damaged", name, value)
	}
	if !structural(name) {
		h.note(text)
	}
	return nil
}

// structural reports whether a keyword is one that the layout of the data follows from.
func structural(name string) bool {
	switch name {
	case "BITPIX", "PCOUNT", "GCOUNT", "BZERO", "BSCALE", "BLANK":
		return true
	}
	return strings.HasPrefix(name, "NAXIS")
}

// note keeps a card as text.
func (h *header) note(text string) {
	if text = strings.TrimRight(text, " \x00"); text != "" && h.text.Len()+len(text) < mostText {
		h.text.WriteString(text + "\n")
	}
}

// quoted returns a string up to its closing quote; two quotes stand for one. Spaces at its end do not count.
func quoted(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\'' {
			if i+1 == len(text) || text[i+1] != '\'' {
				break
			}
			i++
		}
		b.WriteByte(text[i])
	}
	return strings.TrimRight(b.String(), " ")
}

// interpret checks what the layout of the data follows from.
func (h *header) interpret() error {
	h.extension = h.strings["XTENSION"]
	h.bits = int64(h.number("BITPIX", 0))
	if types[h.bits] == 0 {
		return h.wrap(fmt.Errorf("BITPIX is %v, and numbers have 8, 16, 32, 64, -32 or -64 bits: the file is damaged", h.number("BITPIX", 0)))
	}
	axes, ok := h.numbers["NAXIS"]
	if !ok {
		return h.wrap(errors.New("NAXIS is missing: the file is damaged"))
	}
	if !(axes >= 0 && axes <= mostAxes) {
		return h.wrap(fmt.Errorf("NAXIS is %v, and arrays have 0 to %d axes: the file is damaged", axes, mostAxes))
	}
	for i := range int(axes) {
		name := "NAXIS" + strconv.Itoa(i+1)
		length, ok := h.numbers[name]
		if !ok {
			return h.wrap(fmt.Errorf("%s is missing: the file is damaged", name))
		}
		if !(length >= 0 && length < 1<<31) || length != math.Trunc(length) {
			return h.wrap(fmt.Errorf("%s is %v, and no length of an axis: the file is damaged", name, length))
		}
		h.axes = append(h.axes, int64(length))
	}
	return nil
}

// dataLength is the number of bytes of the data, without what they are padded with.
func (h *header) dataLength() (int64, error) {
	if len(h.axes) == 0 {
		return 0, nil
	}
	values := 1.0
	for i, length := range h.axes {
		if i == 0 && length == 0 && h.flag("GROUPS") {
			continue
		}
		values *= float64(length)
	}
	bytes := math.Abs(float64(h.bits)) / 8 * h.number("GCOUNT", 1) * (h.number("PCOUNT", 0) + values)
	if !(bytes >= 0 && bytes < 1<<50) {
		return 0, errors.New("its data have a length that no file has: the file is damaged")
	}
	return int64(bytes), nil
}

// number returns a number, or what stands for it if there is none.
func (h *header) number(name string, none float64) float64 {
	if number, ok := h.numbers[name]; ok {
		return number
	}
	return none
}

func (h *header) flag(name string) bool { return h.flags[name] }

// name is how to tell the header's data from those of others.
func (h *header) name() string {
	if name := h.strings["EXTNAME"]; name != "" {
		return name
	}
	return fmt.Sprintf("the data of the header at byte %d", h.place)
}
