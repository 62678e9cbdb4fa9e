package figure

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"

	ximage "golang.org/x/image/draw"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// ImageGrid is images in rows under captions of their columns, such as input, output and target.
type ImageGrid struct {
	Columns []string
	// Rows are of as many images as there are columns; nil leaves a place empty.
	Rows [][]image.Image
	// Size is the width and height in pixels at which every image is shown; 0 stands for 256. Pixels are enlarged as
	// squares, so that single ones can be seen.
	Size int
}

// WritePNG draws the grid.
func (g ImageGrid) WritePNG(w io.Writer) error {
	size := g.Size
	if size == 0 {
		size = 256
	}
	if len(g.Columns) == 0 || len(g.Rows) == 0 {
		return errors.New("a grid of images without rows or columns")
	}
	for i, row := range g.Rows {
		if len(row) != len(g.Columns) {
			return fmt.Errorf("row %d of the grid has %d images for %d columns", i, len(row), len(g.Columns))
		}
	}
	const space, head = 12, 2 * lineHeight * pixelsPerPoint
	width := len(g.Columns)*(size+space) + space
	height := head + len(g.Rows)*(size+space)
	if err := checkSize(width, height); err != nil {
		return fmt.Errorf("a grid of %d by %d images of %d pixels: %w", len(g.Columns), len(g.Rows), size, err)
	}
	loaded, err := loadFonts()
	if err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(width)/pixelsPerPoint, vg.Length(height)/pixelsPerPoint),
		vgimg.UseDPI(72*pixelsPerPoint))
	c := &painter{Canvas: canvas, fonts: loaded}
	for k, name := range g.Columns {
		left := float64(space+k*(size+space)) / pixelsPerPoint
		c.text(loaded.regular, textSize, ink, left, float64(height)/pixelsPerPoint-lineHeight*1.4, name, 0)
	}
	picture := canvas.Image()
	for i, row := range g.Rows {
		for k, img := range row {
			if img == nil || img.Bounds().Empty() {
				continue
			}
			corner := image.Pt(space+k*(size+space), head+i*(size+space))
			// The shape is kept: the longer side fills the place.
			shape := img.Bounds().Size()
			longest := max(shape.X, shape.Y)
			place := image.Rectangle{corner, corner.Add(image.Pt(max(1, size*shape.X/longest), max(1, size*shape.Y/longest)))}
			ximage.NearestNeighbor.Scale(picture, place, img, img.Bounds(), draw.Src, nil)
		}
	}
	return png.Encode(w, picture)
}
