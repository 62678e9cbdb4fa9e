package tiff

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"alrc/internal/format/pixel"
)

// A description, tag 270, is free text, or what a program says of the whole file in its own notation: the number and the order of
// its images, and the size of a pixel. Those of ImageJ, OME and tifffile are understood.

const (
	tagDescription    = 270
	tagXResolution    = 282
	tagYResolution    = 283
	tagResolutionUnit = 296
)

// textOf is a tag's text, and "" where it is not there.
func textOf(tags []Tag, id uint16) string {
	for _, tag := range tags {
		if tag.ID == id && tag.Kind == 2 {
			return strings.TrimRight(string(tag.Data), "\x00")
		}
	}
	return ""
}

func isImageJ(description string) bool { return strings.HasPrefix(description, "ImageJ=") }

func isOME(description string) bool {
	return strings.HasPrefix(description, "<") && strings.HasSuffix(strings.TrimSpace(description), "OME>")
}

func isShaped(description string) bool { return strings.HasPrefix(description, `{"shape":`) }

// imageJ is the value of a key in ImageJ's description, and "" if there is none.
func imageJ(description, key string) string {
	for _, line := range strings.Split(description, "\n") {
		if is, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && is == key {
			return value
		}
	}
	return ""
}

// imageJCount is the number of images that ImageJ's description says, and 0 if it is not one.
func imageJCount(description string) int {
	if !isImageJ(description) {
		return 0
	}
	count, _ := strconv.Atoi(imageJ(description, "images"))
	return count
}

// describe makes a description for a file of so many images of one shape, 0 where their shapes differ, with pixels of a size:
// what an old one says of other images is left out, and what it says beside that stays.
func describe(old string, count int, size pixel.Size) string {
	version, rest := "1.54f", old
	switch {
	case isImageJ(old):
		version = imageJ(old, "ImageJ")
		var lines []string
		for _, line := range strings.Split(old, "\n") {
			switch key, _, _ := strings.Cut(strings.TrimSpace(line), "="); key {
			case "", "ImageJ", "images", "channels", "slices", "frames", "hyperstack", "mode", "loop", "fps", "finterval", "spacing", "unit", "yunit", "zunit":
			default:
				lines = append(lines, line)
			}
		}
		rest = strings.Join(lines, "\n")
	case isOME(old):
		rest = ""
	case isShaped(old):
		rest = withoutShape(old)
	}
	if !size.Known() && !isImageJ(old) {
		return rest
	}
	text := "ImageJ=" + version + "\n"
	if count > 1 {
		text += fmt.Sprintf("images=%d\nslices=%d\n", count, count)
	}
	if unit := imageJUnit(size.Unit); size.Known() {
		text += "unit=" + unit + "\n"
	}
	if rest = strings.TrimSpace(rest); rest != "" {
		text += rest + "\n"
	}
	return text
}

// withoutShape is tifffile's description without what it says of the arrays, and "" where that is all.
func withoutShape(description string) string {
	var entries map[string]json.RawMessage
	if json.Unmarshal([]byte(description), &entries) != nil {
		return ""
	}
	for _, key := range []string{"shape", "axes", "truncated"} {
		delete(entries, key)
	}
	if len(entries) == 0 {
		return ""
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return ""
	}
	return string(text)
}

// imageJUnit writes a unit as ImageJ does, in ASCII.
func imageJUnit(unit string) string {
	unit = strings.ReplaceAll(strings.ReplaceAll(unit, "µm", "micron"), "Å", "angstrom")
	var out strings.Builder
	for _, r := range unit {
		if r < 0x80 && r != '\n' {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, "\\u%04x", r)
		}
	}
	return out.String()
}

// fraction is the fraction of 32-bit numbers that is nearest to a positive number, by its continued fraction; false where
// it is too large or too small for one.
func fraction(x float64) (numerator, denominator uint32, ok bool) {
	const most = 1<<32 - 1
	if !(x >= 1.0/most && x <= most) {
		return 0, 0, false
	}
	p, q, p1, q1 := 1.0, 0.0, 0.0, 1.0 // the last two convergents
	for rest := x; ; {
		whole := float64(uint64(rest))
		p2, q2 := whole*p+p1, whole*q+q1
		if p2 > most || q2 > most {
			break
		}
		p, q, p1, q1 = p2, q2, p, q
		if rest -= whole; rest < 1e-12 || p/q == x {
			break
		}
		if rest = 1 / rest; rest > most {
			break
		}
	}
	if p == 0 || q == 0 {
		return 0, 0, false
	}
	return uint32(p), uint32(q), true
}
