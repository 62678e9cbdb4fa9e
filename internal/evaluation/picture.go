package evaluation

import (
	"image"
	"image/color"

	"alrc/internal/figure"
	"alrc/internal/micrograph"
)

// pictureSide is the largest height and width of what is shown of an image: its middle.
const pictureSide = 192

// Picture shows the middle of each image: the first scan of it, what each method made of that, and the truth.
func (e *Whole) Picture() (figure.ImageGrid, error) {
	grid := figure.ImageGrid{Columns: []string{"scan"}, Size: pictureSide}
	for _, m := range e.methods {
		grid.Columns = append(grid.Columns, m.name)
	}
	grid.Columns = append(grid.Columns, "truth")
	for i, whole := range e.trials.Images {
		scan := make([]float32, len(whole.Pixels))
		if err := e.trials.Scans[0].Mask(0, whole.Height, whole.Width, scan); err != nil {
			return grid, err
		}
		for at, seen := range scan {
			if scan[at] = -1; seen > 0 {
				scan[at] = whole.Pixels[at]
			}
		}
		row := []image.Image{middle(scan, whole)}
		for _, m := range e.methods {
			row = append(row, m.shown[i])
		}
		grid.Rows = append(grid.Rows, append(row, middle(whole.Pixels, whole)))
	}
	return grid, nil
}

// middle draws the middle of pixels of a whole image's size, from -1 to 1.
func middle(pixels []float32, of *micrograph.Whole) image.Image {
	height, width := min(of.Height, pictureSide), min(of.Width, pictureSide)
	picture := image.NewGray(image.Rect(0, 0, width, height))
	top, left := (of.Height-height)/2, (of.Width-width)/2
	for y := range height {
		for x := range width {
			level := (pixels[(top+y)*of.Width+left+x] + 1) * 127.5
			if level > 0 { // which NaN is not
				picture.SetGray(x, y, color.Gray{Y: uint8(min(level, 255) + 0.5)})
			}
		}
	}
	return picture
}
