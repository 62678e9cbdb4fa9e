package tiff

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"alrc/internal/format/pixel"
)

// The tags in which microscopes say how large a pixel is.
const (
	tagSIS    = 33560 // Olympus Soft Imaging Solutions
	tagZeiss  = 34118
	tagFEI    = 34680
	tagHelios = 34682
	tagUnitX  = 65003 // DigitalMicrograph
	tagUnitY  = 65004
	tagScaleX = 65009
	tagScaleY = 65010
)

// Size is that of a pixel of page i, where ImageJ, OME, FEI, Zeiss, Olympus SIS or DigitalMicrograph wrote it into the file, and
// otherwise not known: resolutions per inch or centimetre are mostly those of a print.
func (f *File) Size(i int) (pixel.Size, error) {
	p, err := f.Page(i)
	if err != nil {
		return pixel.Size{}, err
	}
	tags, err := f.Metadata(i)
	if err != nil {
		return pixel.Size{}, err
	}
	size := sizeOf(tags)
	if description := textOf(tags, tagDescription); i > 0 && !size.Known() && description == "" {
		// Later pages have nothing to say where the first one says it for all.
		if first, err := f.Metadata(0); err == nil && (isOME(textOf(first, tagDescription)) || isImageJ(textOf(first, tagDescription))) {
			size = sizeOf(first)
		}
	}
	if !size.Known() {
		size = f.sis(i)
	}
	return size.Compact(p.Width), nil
}

var (
	feiWidth  = regexp.MustCompile(`(?m)^PixelWidth=([-+.\deE]+)\s*$`)
	feiHeight = regexp.MustCompile(`(?m)^PixelHeight=([-+.\deE]+)\s*$`)
	zeiss     = regexp.MustCompile(`(?m)^(?:Image )?Pixel Size = ([-+.\deE]+) ([^\s]+)\s*$`)
)

// sizeOf is what tags say.
func sizeOf(tags []Tag) pixel.Size {
	switch description := textOf(tags, tagDescription); {
	case isImageJ(description):
		unit := imageJ(description, "unit")
		yUnit := imageJ(description, "yunit")
		if yUnit == "" {
			yUnit = unit
		}
		x, y := resolution(tags, tagXResolution), resolution(tags, tagYResolution)
		if x > 0 && y > 0 {
			return pixel.NewSize(1/x, unescape(unit), 1/y, unescape(yUnit))
		}
	case isOME(description):
		return omeSize(description)
	}
	for _, id := range []uint16{tagHelios, tagFEI} {
		text := textOf(tags, id)
		x, y := feiWidth.FindStringSubmatch(text), feiHeight.FindStringSubmatch(text)
		if x != nil && y != nil {
			return pixel.NewSize(parse(x[1]), "m", parse(y[1]), "m")
		}
	}
	if text := anyText(tags, tagZeiss); text != "" {
		// The image's own size, where it is there beside that of the scan.
		found := zeiss.FindAllStringSubmatch(text, -1)
		for _, m := range found {
			if strings.HasPrefix(m[0], "Image") || len(found) == 1 {
				return pixel.NewSize(parse(m[1]), m[2], parse(m[1]), m[2])
			}
		}
		if len(found) > 0 {
			return pixel.NewSize(parse(found[0][1]), found[0][2], parse(found[0][1]), found[0][2])
		}
	}
	if x, y := real(tags, tagScaleX), real(tags, tagScaleY); x != 0 && y != 0 {
		return pixel.NewSize(x, anyText(tags, tagUnitX), y, anyText(tags, tagUnitY))
	}
	return pixel.Size{}
}

// parse is a number, and NaN where text is none.
func parse(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

// resolution is a fraction, and 0 if there is none.
func resolution(tags []Tag, id uint16) float64 {
	for _, tag := range tags {
		if tag.ID == id && tag.Kind == 5 && len(tag.Data) >= 8 {
			if denominator := binary.LittleEndian.Uint32(tag.Data[4:]); denominator > 0 {
				return float64(binary.LittleEndian.Uint32(tag.Data)) / float64(denominator)
			}
		}
	}
	return 0
}

// real is the number of a tag of floating-point numbers, and 0 if there is none.
func real(tags []Tag, id uint16) float64 {
	for _, tag := range tags {
		if tag.ID != id {
			continue
		}
		switch {
		case tag.Kind == 11 && len(tag.Data) >= 4:
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(tag.Data)))
		case tag.Kind == 12 && len(tag.Data) >= 8:
			return math.Float64frombits(binary.LittleEndian.Uint64(tag.Data))
		}
	}
	return 0
}

// anyText is a tag's text in Latin-1, or UTF-16 where it has 16-bit numbers.
func anyText(tags []Tag, id uint16) string {
	for _, tag := range tags {
		if tag.ID != id {
			continue
		}
		var out []rune
		if tag.Kind == 3 {
			var units []uint16
			for b := tag.Data; len(b) >= 2; b = b[2:] {
				units = append(units, binary.LittleEndian.Uint16(b))
			}
			out = utf16.Decode(units)
		} else {
			for _, b := range tag.Data {
				out = append(out, rune(b))
			}
		}
		return strings.TrimRight(string(out), "\x00")
	}
	return ""
}

// unescape undoes ImageJ's \u00B5.
func unescape(text string) string {
	if unquoted, err := strconv.Unquote(`"` + text + `"`); err == nil {
		return unquoted
	}
	return text
}

// omeSize is the pixel size of OME's XML, in µm where it does not say its unit.
func omeSize(text string) pixel.Size {
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			return pixel.Size{}
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "Pixels" {
			continue
		}
		values := map[string]string{"PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
		for _, attribute := range element.Attr {
			values[attribute.Name.Local] = attribute.Value
		}
		// Some say one side only, of pixels that are squares.
		for _, pair := range [][2]string{{"X", "Y"}, {"Y", "X"}} {
			if values["PhysicalSize"+pair[0]] == "" {
				values["PhysicalSize"+pair[0]], values["PhysicalSize"+pair[0]+"Unit"] = values["PhysicalSize"+pair[1]], values["PhysicalSize"+pair[1]+"Unit"]
			}
		}
		return pixel.NewSize(parse(values["PhysicalSizeX"]), values["PhysicalSizeXUnit"], parse(values["PhysicalSizeY"]), values["PhysicalSizeYUnit"])
	}
}

// sis reads the pixel size that Olympus SIS wrote. Its tag has a table of places in the file, of which one is of calibration:
// an exponent of ten, and two numbers of metres.
func (f *File) sis(page int) pixel.Size {
	list, err := f.entries(page)
	if err != nil {
		return pixel.Size{}
	}
	le := binary.LittleEndian
	for i := range list {
		if list[i].tag != tagSIS {
			continue
		}
		// Some writers count one value of a table that is longer.
		head, err := f.bytes(f.offset(list[i].value), 60)
		if err != nil || !bytes.HasPrefix(head, []byte("SIS0")) {
			return pixel.Size{}
		}
		table, err := f.bytes(f.offset(list[i].value)+60, 8*int64(le.Uint16(head[58:])))
		if err != nil {
			return pixel.Size{}
		}
		for ; len(table) > 0; table = table[8:] {
			if le.Uint16(table) != 1 {
				continue
			}
			if b, err := f.bytes(int64(le.Uint32(table[4:])), 28); err == nil {
				unit := math.Pow(10, float64(int16(le.Uint16(b[10:]))))
				x, y := math.Float64frombits(le.Uint64(b[12:])), math.Float64frombits(le.Uint64(b[20:]))
				return pixel.NewSize(x*unit, "m", y*unit, "m")
			}
		}
	}
	return pixel.Size{}
}

// withSize replaces the tags that say how large a pixel is, where that is known, and the description by one of so many images.
func withSize(tags []Tag, count int, first bool, size pixel.Size) []Tag {
	var kept []Tag
	old := textOf(tags, tagDescription)
	x, x1, okX := fraction(1 / size.X)
	y, y1, okY := fraction(1 / size.Y)
	known := size.Known() && okX && okY
	if !known {
		size = pixel.Size{}
	}
	odd := false // a description that is no text
	for _, tag := range tags {
		switch tag.ID {
		case tagDescription:
			if tag.Kind != 2 {
				kept, odd = append(kept, tag), true
			}
		case tagXResolution, tagYResolution, tagResolutionUnit:
			if !known {
				kept = append(kept, tag)
			}
		default:
			kept = append(kept, tag)
		}
	}
	text := ""
	if first {
		text = describe(old, count, size)
	} else if !isImageJ(old) && !isOME(old) && !isShaped(old) {
		text = old
	}
	if text != "" && !odd {
		kept = append(kept, Tag{ID: tagDescription, Kind: 2, Data: append([]byte(text), 0)})
	}
	if known {
		le := binary.LittleEndian
		kept = append(kept, Tag{ID: tagXResolution, Kind: 5, Data: le.AppendUint32(le.AppendUint32(nil, x), x1)},
			Tag{ID: tagYResolution, Kind: 5, Data: le.AppendUint32(le.AppendUint32(nil, y), y1)},
			Tag{ID: tagResolutionUnit, Kind: 3, Data: le.AppendUint16(nil, 1)})
	}
	return kept
}

// Described returns the tags of an image from another format: its title and what else is known of it, as free text.
func Described(title, text string) []Tag {
	all := strings.TrimSpace(fmt.Sprintf("%s\n%s", title, text))
	if all == "" {
		return nil
	}
	return []Tag{{ID: tagDescription, Kind: 2, Data: append([]byte(all), 0)}}
}
