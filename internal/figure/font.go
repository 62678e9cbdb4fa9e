package figure

import (
	"fmt"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
)

// fonts are the faces of all figures.
type fonts struct{ regular, bold font.Face }

// loadFonts parses the two faces at the first figure. Figures are laid out here, on plot's canvases, and not by
// package plot itself, whose legend lies over the data and whose axes cannot be shared; so its twelve fonts are not
// needed either.
var loadFonts = sync.OnceValues(func() (fonts, error) {
	var f fonts
	for _, face := range []struct {
		to      *font.Face
		content []byte
		weight  xfont.Weight
	}{
		{&f.regular, liberationsansregular.TTF, xfont.WeightNormal},
		{&f.bold, liberationsansbold.TTF, xfont.WeightBold},
	} {
		parsed, err := opentype.Parse(face.content)
		if err != nil {
			return f, fmt.Errorf("the embedded font: %w", err)
		}
		*face.to = font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: face.weight}, Face: parsed}
	}
	return f, nil
})
