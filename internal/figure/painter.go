package figure

import (
	"image/color"
	"math"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// painter draws on a canvas whose origin is at the bottom left.
type painter struct {
	vg.Canvas
	fonts fonts
	// points is the most points that a line may have.
	points int
}

// newPainter begins on an empty sheet.
func newPainter(canvas vg.CanvasSizer) (*painter, error) {
	loaded, err := loadFonts()
	if err != nil {
		return nil, err
	}
	c := &painter{Canvas: canvas, fonts: loaded, points: math.MaxInt}
	width, height := canvas.Size()
	c.fill(paper, [][2]float64{{0, 0}, {width.Points(), 0}, {width.Points(), height.Points()}, {0, height.Points()}})
	return c, nil
}

// rectangle is an area of the canvas, in points.
type rectangle struct{ left, bottom, right, top float64 }

// faint is a colour for raw data behind its smoothed line, and shade one for areas.
func faint(c color.Color) color.Color { return translucent(c, 0x59) }
func shade(c color.Color) color.Color { return translucent(c, 0x2E) }

func translucent(c color.Color, alpha uint8) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = alpha
	return n
}

func (c *painter) stroke(clr color.Color, width float64, pattern []vg.Length, points [][2]float64) {
	// The rasterizer's time grows with the square of the number of points that share a row of pixels, so long lines
	// are drawn a piece at a time. Dashes would begin anew with each piece.
	const piece = 64
	if _, raster := c.Canvas.(*vgimg.Canvas); raster && len(pattern) == 0 && len(points) > piece {
		for ; len(points) > piece; points = points[piece-1:] {
			c.stroke(clr, width, nil, points[:piece])
		}
	}
	var path vg.Path
	for i, point := range points {
		at := vg.Point{X: vg.Length(point[0]), Y: vg.Length(point[1])}
		if i == 0 {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	c.SetColor(clr)
	c.SetLineWidth(vg.Length(width))
	c.SetLineDash(pattern, 0)
	c.Stroke(path)
}

func (c *painter) fill(clr color.Color, points [][2]float64) {
	if len(points) < 3 {
		return
	}
	var path vg.Path
	for i, point := range points {
		at := vg.Point{X: vg.Length(point[0]), Y: vg.Length(point[1])}
		if i == 0 {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	path.Close()
	c.SetColor(clr)
	c.Fill(path)
}

const markRadius = 2.6

func (c *painter) circle(clr color.Color, x, y float64) {
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(x + markRadius), Y: vg.Length(y)})
	path.Arc(vg.Point{X: vg.Length(x), Y: vg.Length(y)}, markRadius, 0, 2*math.Pi)
	path.Close()
	c.SetColor(clr)
	c.SetLineWidth(1.3)
	c.SetLineDash(nil, 0)
	c.Stroke(path)
}

func (c *painter) cross(clr color.Color, x, y float64) {
	const r = markRadius + 1
	c.stroke(clr, 1.6, nil, [][2]float64{{x - r, y - r}, {x + r, y + r}})
	c.stroke(clr, 1.6, nil, [][2]float64{{x - r, y + r}, {x + r, y - r}})
}

// text writes a line of text whose baseline begins at x, ends there (align 1) or is centred on it (align 0.5). Superscripts are
// smaller digits above the line, since the font lacks some of them.
func (c *painter) text(face font.Face, size float64, clr color.Color, x, y float64, text string, align float64) {
	if text == "" {
		return
	}
	c.SetColor(clr)
	x -= align * c.width(face, size, text)
	for _, piece := range pieces(text) {
		pieceSize, pieceY := size, y
		if piece.raised {
			pieceSize, pieceY = raisedSize*size, y+raisedBy*size
		}
		face.Font.Size = vg.Length(pieceSize)
		c.FillString(face, vg.Point{X: vg.Length(x), Y: vg.Length(pieceY)}, piece.text)
		x += face.Width(piece.text).Points()
	}
}

// Superscripts, as shares of the size of the text.
const (
	raisedSize = 0.72
	raisedBy   = 0.36
)

// textPiece is a part of a text that is all on the line, or all above it.
type textPiece struct {
	text   string
	raised bool
}

// pieces divides a text at its superscripts, which become plain digits.
func pieces(text string) []textPiece {
	var list []textPiece
	for _, r := range text {
		plain := r
		if i := strings.IndexRune(superscripts, r); i >= 0 {
			plain = []rune(plainDigits)[utf8.RuneCountInString(superscripts[:i])]
		}
		if raised := plain != r; len(list) == 0 || list[len(list)-1].raised != raised {
			list = append(list, textPiece{raised: raised})
		}
		list[len(list)-1].text += string(plain)
	}
	return list
}

const (
	superscripts = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
	plainDigits  = "−0123456789"
)

func (c *painter) width(face font.Face, size float64, text string) float64 {
	width := 0.
	for _, piece := range pieces(text) {
		face.Font.Size = vg.Length(size)
		if piece.raised {
			face.Font.Size *= raisedSize
		}
		width += face.Width(piece.text).Points()
	}
	return width
}

// room is the width to leave for a text. A reader of SVG may lack the font, and see one as wide as DejaVu Sans instead.
func (c *painter) room(face font.Face, size float64, text string) float64 {
	width := c.width(face, size, text)
	if _, raster := c.Canvas.(*vgimg.Canvas); !raster {
		width *= 1.15
	}
	return width
}
