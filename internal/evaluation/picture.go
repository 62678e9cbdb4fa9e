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
			if scan[at] = -1e9; seen > 0 { // black
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

// middle draws the middle of pixels of a whole image's size, as bright as what is there in the image.
func middle(pixels []float32, of *micrograph.Whole) image.Image {
	height, width := min(of.Height, pictureSide), min(of.Width, pictureSide)
	top, left := (of.Height-height)/2, (of.Width-width)/2
	var there []float32
	for y := range height {
		there = append(there, of.Pixels[(top+y)*of.Width+left:][:width]...)
	}
	low, high := micrograph.IntensityRange(there)
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			level := 255 * (float64(pixels[(top+y)*of.Width+left+x]) - low) / max(high-low, 1e-9)
			if level > 0 { // which NaN is not
				picture.SetGray(x, y, color.Gray{Y: uint8(min(level, 255) + 0.5)})
			}
		}
	}
	return picture
}
