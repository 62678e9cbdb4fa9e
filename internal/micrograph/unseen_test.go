package micrograph

import (
	"slices"
	"strings"
	"testing"
)

// Files of whole numbers have no NaN for what was not seen, but a value.
func TestUnseenHasAValue(t *testing.T) {
	path := writeTIFF(t, 2, 4, []float32{0, 7, 0, 0, 9, 0, 200, 0})
	if _, err := readPartial(path, PartialOptions{}); err == nil || !strings.Contains(err.Error(), "62 % of its pixels are 0: where that is what was not seen, give --unseen 0") {
		t.Errorf("without it: %v", err)
	}
	zero, one := 0.0, 1.0
	p, err := readPartial(path, PartialOptions{Unseen: &zero})
	if err != nil || !slices.Equal(p.Mask, []float32{0, 1, 0, 0, 1, 0, 1, 0}) || p.Pixels[1] != 7 || p.Pixels[0] == p.Pixels[0] {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := readPartial(path, PartialOptions{Unseen: &one}); err == nil || !strings.Contains(err.Error(), "no pixel is 1") {
		t.Errorf("of a value that is not there: %v", err)
	}
	// An image of all brightnesses has no such value.
	if _, err := readPartial(writeTIFF(t, 3, 5, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}), PartialOptions{}); err == nil || strings.Contains(err.Error(), "--unseen") {
		t.Errorf("of a whole image: %v", err)
	}
}
