package micrograph

import (
	"fmt"
	"math"
	"strconv"
)

// unsee takes pixels of a value for unseen, in the units of the file: files of whole numbers have no NaN to say so.
func (p *Partial) unsee(name string, value float64) error {
	found := false
	for i, pixel := range p.Pixels {
		if float64(pixel)+p.Offset == value || pixel == float32(value-p.Offset) {
			p.Pixels[i] = float32(math.NaN())
			found = true
		}
	}
	if !found {
		return fmt.Errorf("%s: no pixel is %v", name, value)
	}
	return nil
}

// unseenHint says which value what was not seen may have: the lowest or the highest, where a tenth of the pixels or more have it.
func (p *Partial) unseenHint() string {
	lowest, highest := p.Pixels[0], p.Pixels[0]
	for _, pixel := range p.Pixels {
		lowest, highest = min(lowest, pixel), max(highest, pixel)
	}
	for _, value := range []float32{lowest, highest} {
		count := 0
		for _, pixel := range p.Pixels {
			if pixel == value {
				count++
			}
		}
		if share := float64(count) / float64(len(p.Pixels)); share >= 0.1 && lowest < highest {
			inFile := float64(value) + p.Offset
			if p.Offset != 0 { // the pixel has been rounded, and the number in the file is likely a round one
				step := math.Pow10(int(math.Ceil(math.Log10(math.Abs(float64(value)) / (1 << 23)))))
				inFile = math.Round(inFile/step)*step + 0
			}
			text := strconv.FormatFloat(inFile, 'g', -1, 32)
			return fmt.Sprintf("; %.2g %% of its pixels are %s: where that is what was not seen, give --unseen %s", 100*share, text, text)
		}
	}
	return ""
}
