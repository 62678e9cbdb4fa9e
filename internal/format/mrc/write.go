package mrc

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"alrc/internal/format/pixel"
)

// Write writes images, each [height,width], as a stack of sections of mode 2: float32, little endian. Rows are stored in the
// order that they have. A pixel size that is no length is left out. What it writes depends on the images alone.
func Write(w io.Writer, images [][]float32, height, width int, size pixel.Size) error {
	if len(images) == 0 || height < 1 || width < 1 {
		return errors.New("write MRC: there is no image")
	}
	var low, high, sum, squares, count float64
	low, high = math.Inf(1), math.Inf(-1)
	for i, pixels := range images {
		if len(pixels) != height*width {
			return fmt.Errorf("write MRC, section %d: %d values are no image of %dx%d pixels", i, len(pixels), width, height)
		}
		for _, pixel := range pixels {
			if v := float64(pixel); v-v == 0 {
				low, high, sum, squares, count = min(low, v), max(high, v), sum+v, squares+v*v, count+1
			}
		}
	}
	b := make([]byte, headerSize)
	le := binary.LittleEndian
	put := func(at int, values ...int) {
		for i, value := range values {
			le.PutUint32(b[at+4*i:], uint32(int32(value)))
		}
	}
	float := func(at int, values ...float64) {
		for i, value := range values {
			le.PutUint32(b[at+4*i:], math.Float32bits(float32(value)))
		}
	}
	put(atSize, width, height, len(images), 2)
	put(atSampling, width, height, len(images))
	if angstrom, ok := size.In("Å"); ok {
		float(atCell, angstrom.X*float64(width), angstrom.Y*float64(height), angstrom.X*float64(len(images)))
	}
	float(52, 90, 90, 90)
	put(atAxes, 1, 2, 3)
	// The density's statistics; a range that is upside down says that they are not known.
	if mean := sum / count; count > 0 {
		float(76, low, high, mean)
		float(216, math.Sqrt(max(0, squares/count-mean*mean)))
	} else {
		float(76, 0, -1, -2)
		float(216, -1)
	}
	put(108, 20141)
	copy(b[atMap:], "MAP ")
	b[atStamp], b[atStamp+1] = 0x44, 0x44
	out := bufio.NewWriter(w)
	out.Write(b)
	var value [4]byte
	for _, pixels := range images {
		for _, pixel := range pixels {
			le.PutUint32(value[:], math.Float32bits(pixel))
			out.Write(value[:])
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write MRC: %w", err)
	}
	return nil
}
