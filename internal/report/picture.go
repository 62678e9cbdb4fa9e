package report

import (
	"bytes"
	"image"
	"image/jpeg"
	_ "image/png"

	"golang.org/x/image/draw"

	"alrc/internal/figure"
)

// Pictures of a page are bounded: how many bytes the held-out images have together, and those that were clipped hardest, and
// how large a picture beside a mark is.
const (
	sampleBytes    = 130_000
	worstBytes     = 90_000
	clippedPicture = 96
)

// shrink makes a picture at most so many pixels wide and high. A small one stays as it is.
func shrink(picture figure.Image, side int) figure.Image {
	decoded, _, err := image.Decode(bytes.NewReader(picture.Content))
	if err != nil {
		return picture
	}
	width, height := decoded.Bounds().Dx(), decoded.Bounds().Dy()
	if width <= side && height <= side {
		return picture
	}
	if width > height {
		width, height = side, max(1, height*side/width)
	} else {
		width, height = max(1, width*side/height), side
	}
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(small, small.Bounds(), decoded, decoded.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	// Writing to memory has no error.
	if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 85}); err == nil && b.Len() < len(picture.Content) {
		picture.Content = b.Bytes()
	}
	return picture
}

// bound makes pictures smaller, all alike, until together they are within bytes. Where even small ones are too many, rows
// of so many columns are left out at the end; the first stays.
func bound(pictures []figure.Image, columns, bytes int) []figure.Image {
	total := func() (sum int) {
		for _, picture := range pictures {
			sum += len(picture.Content)
		}
		return sum * 4 / 3 // as base64
	}
	for _, side := range []int{384, 256, 192, 128, 96} {
		if total() <= bytes {
			return pictures
		}
		smaller := make([]figure.Image, len(pictures))
		for i, picture := range pictures {
			smaller[i] = shrink(picture, side)
		}
		pictures = smaller
	}
	for len(pictures) > columns && total() > bytes {
		pictures = pictures[:len(pictures)-columns]
	}
	return pictures
}
