// Package dm reads the images of Gatan DigitalMicrograph's files, DM3 and DM4. The format is not published by its maker; it is
// described in B. Schaffer's and C. Boothroyd's notes on DM3 and in the sources of those who read it.
package dm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/format/pixel"
)

// Is reports whether a file that begins so is one of DigitalMicrograph's.
func Is(begin []byte) bool {
	if len(begin) < 24 || binary.BigEndian.Uint32(begin)-3 > 1 {
		return false
	}
	// The flag that says how values are stored is 0 or 1, at its place of the version.
	flag := begin[8:12]
	if begin[3] == 4 {
		flag = begin[12:16]
	}
	return binary.BigEndian.Uint32(flag) <= 1
}

// What a picture's DataType says: numbers, or why they are not read.
var dataTypes = map[int]pixel.Type{
	1: pixel.Int16, 2: pixel.Float32, 6: pixel.Uint8, 7: pixel.Int32, 9: pixel.Int8, 10: pixel.Uint16, 11: pixel.Uint32, 12: pixel.Float64, 14: pixel.Bool,
	39: pixel.Int64, 40: pixel.Uint64,
}

const modulus = "has complex numbers; save its modulus, or its real part, as an image of its own"
const colours = "has colours (RGB); save one channel, or its luminance, as an image of its own"

var refused = map[int]string{3: modulus, 5: modulus, 13: modulus, 27: modulus, 28: modulus, 8: colours, 23: colours}

// Open reads which images a file of a size has. Thumbnails are left out.
func Open(r io.ReaderAt, size int64) (*pixel.File, error) {
	t := &tags{r: r, size: size, values: map[string]value{}}
	head, err := t.take(24)
	if err != nil {
		return nil, err
	}
	if !Is(head) {
		return nil, errors.New("it is no DM3 or DM4 file")
	}
	t.long, t.at = head[3] == 4, 12
	flag := head[11]
	if t.long {
		flag, t.at = head[15], 16
	}
	t.order = binary.BigEndian
	if flag == 1 {
		t.order = binary.LittleEndian
	}
	if err := t.group("", 0); err != nil {
		return nil, err
	}
	return t.images()
}

// images makes stacks of the tags.
func (t *tags) images() (*pixel.File, error) {
	thumbnails, found := map[int]bool{}, map[int]bool{}
	for path := range maps.Keys(t.values) {
		parts := strings.SplitN(path, "/", 3)
		if len(parts) < 3 {
			continue
		}
		if parts[0] == "Thumbnails" && parts[2] == "ImageIndex" {
			thumbnails[t.whole(path)] = true
		}
		if i, err := strconv.Atoi(parts[1]); err == nil && parts[0] == "ImageList" && strings.HasPrefix(parts[2], "ImageData/Data") {
			found[i] = true
		}
	}
	file := &pixel.File{}
	for _, i := range slices.Sorted(maps.Keys(found)) {
		// Files without a list of thumbnails have one all the same, of colours and before the image.
		if thumbnails[i] || i == 0 && len(thumbnails) == 0 && len(found) > 1 && t.whole("ImageList/0/ImageData/DataType") == 23 {
			continue
		}
		stack, err := t.image(fmt.Sprintf("ImageList/%d/", i))
		if err != nil {
			name := stack.Title
			if name == "" {
				name = fmt.Sprintf("image %d", i)
			}
			file.Left = append(file.Left, fmt.Sprintf("%s %v", name, err))
			continue
		}
		file.Stacks = append(file.Stacks, stack)
	}
	if len(file.Stacks) > 0 {
		return file, nil
	}
	if len(file.Left) == 0 {
		return nil, errors.New("this DigitalMicrograph file has no image")
	}
	return nil, fmt.Errorf("this DigitalMicrograph file has no image that is read: %s", strings.Join(file.Left, "; "))
}

// image makes a stack of the tags of an image.
func (t *tags) image(path string) (pixel.Stack, error) {
	stack := pixel.Stack{Title: t.text(path + "Name"), Count: 1, Order: t.order}
	path += "ImageData/"
	number := t.whole(path + "DataType")
	stack.Type = dataTypes[number]
	data := t.values[path+"Data"]
	var sizes []int
	var units []string
	for i := range 8 {
		dimension := strconv.Itoa(i)
		size := t.whole(path + "Dimensions/" + dimension)
		if size < 0 {
			break
		}
		sizes = append(sizes, size)
		units = append(units, strings.TrimSpace(t.text(path+"Calibrations/Dimension/"+dimension+"/Units")))
	}
	// A last dimension of 1 says nothing.
	for len(sizes) > 2 && sizes[len(sizes)-1] == 1 {
		sizes, units = sizes[:len(sizes)-1], units[:len(sizes)-1]
	}
	energy := slices.ContainsFunc(units, func(unit string) bool { return strings.HasSuffix(unit, "eV") })
	switch {
	case refused[number] != "":
		return stack, errors.New(refused[number])
	case stack.Type == pixel.Invalid:
		return stack, fmt.Errorf("is of DigitalMicrograph's data type %d, which is not read; convert it to 4-byte real numbers there", number)
	case energy:
		return stack, errors.New("has spectra; save a map of an energy range (a slice, or the sum of some) as an image of its own")
	case len(sizes) < 2:
		return stack, errors.New("is a line profile")
	case len(sizes) > 3:
		return stack, fmt.Errorf("is data of %d dimensions, such as a diffraction pattern at each place; save a virtual image of it as an image of its own", len(sizes))
	case len(sizes) == 3:
		stack.Count = sizes[2]
	}
	stack.Width, stack.Height = sizes[0], sizes[1]
	dimension := path + "Calibrations/Dimension/"
	x, _ := t.first(dimension + "0/Scale")
	y, _ := t.first(dimension + "1/Scale")
	stack.Size = pixel.NewSize(x, units[0], y, units[1])
	if data.count*int64(data.kind.Size()) < stack.ImageBytes()*int64(stack.Count) {
		return stack, fmt.Errorf("has %d bytes of pixels and not those of %d images of %dx%d: the file is damaged",
			data.count*int64(data.kind.Size()), stack.Count, stack.Width, stack.Height)
	}
	return stack.Contiguous(t.r, t.size, data.at, stack.ImageBytes())
}
