package pixel

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Stack is images of one shape and type.
type Stack struct {
	// Title is what the file calls them, "" where it has no name for them.
	Title                string
	Count, Height, Width int
	Type                 Type
	Order                binary.ByteOrder
	// Size is that of a pixel.
	Size Size
	// Text says what else the file knows about them, a line each; mostly "".
	Text string
	// Bytes reads image i, the top row first, [Height,Width] numbers of Type and Order.
	Bytes func(i int) ([]byte, error)
}

// File is what a file of measured images holds.
type File struct {
	Stacks []Stack
	// Left says what else there is that is no image to be read, and why.
	Left []string
}

// Find is the stack that has image i of the file, and which of the stack's it is.
func (f *File) Find(i int) (stack *Stack, in int, err error) {
	if i >= 0 {
		in = i
		for s := range f.Stacks {
			if stack = &f.Stacks[s]; in < stack.Count {
				return stack, in, nil
			}
			in -= stack.Count
		}
	}
	return nil, 0, fmt.Errorf("image %d: the file has the images 0 to %d", i, f.Len()-1)
}

// Len is the number of images.
func (f *File) Len() int {
	count := 0
	for _, stack := range f.Stacks {
		count += stack.Count
	}
	return count
}

// ImageBytes is the length of an image in the file.
func (s *Stack) ImageBytes() int64 { return int64(s.Height) * int64(s.Width) * int64(s.Type.Size()) }

// Contiguous makes a stack whose images lie in a file of a size, the first at one place and each of the others a step after the
// one before it. Where the file ends too early, or there are no pixels, that is an error.
func (s Stack) Contiguous(r io.ReaderAt, size, at, step int64) (Stack, error) {
	const most = 1 << 40
	if s.Count < 1 || s.Height < 1 || s.Width < 1 || s.Height > math.MaxInt32 || s.Width > math.MaxInt32 ||
		int64(s.Width) > most/int64(s.Height) || s.ImageBytes() > most/int64(s.Count) || step > most/int64(s.Count) {
		return s, fmt.Errorf("its %d images of %dx%d pixels are none, or too many: the file is damaged", s.Count, s.Width, s.Height)
	}
	end := at + int64(s.Count-1)*step + s.ImageBytes()
	if at < 0 || step < 0 || end > size {
		return s, fmt.Errorf("its %d images of %dx%d pixels of type %v would end at byte %d of a file of %d: the file is truncated or damaged",
			s.Count, s.Width, s.Height, s.Type, end, size)
	}
	length := s.ImageBytes()
	s.Bytes = func(i int) ([]byte, error) {
		data := make([]byte, length)
		if _, err := io.ReadFull(io.NewSectionReader(r, at+int64(i)*step, length), data); err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		return data, nil
	}
	return s, nil
}

// Upwards is a stack whose images are stored with the bottom row first.
func (s Stack) Upwards() Stack {
	bytes, row := s.Bytes, s.Width*s.Type.Size()
	s.Bytes = func(i int) ([]byte, error) {
		data, err := bytes(i)
		if err != nil {
			return nil, err
		}
		other := make([]byte, row)
		for top, bottom := 0, len(data)-row; top < bottom; top, bottom = top+row, bottom-row {
			copy(other, data[top:top+row])
			copy(data[top:top+row], data[bottom:])
			copy(data[bottom:], other)
		}
		return data, nil
	}
	return s
}

// Read returns image i, [Height,Width]; with the offset added to them, pixels are in the units of the file. [Narrow] says when
// there is an offset.
func (s *Stack) Read(i int) (pixels []float32, offset float64, err error) {
	data, err := s.Bytes(i)
	if err != nil {
		return nil, 0, err
	}
	size := s.Type.Size()
	pixels, offset = Narrow(s.Height*s.Width, func(i int) float64 { return s.Type.Value(data[i*size:], s.Order) })
	return pixels, offset, nil
}
