package micrograph

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
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
	// Numbers far from it keep their digits, and it is told as it is in the file.
	far := filepath.Join(t.TempDir(), "far.npy")
	values := []float64{0, 3e9 + 1, 0, 0, 3e9 + 2.5, 0, 3e9 + 4, 0}
	const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }\n"
	content := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0)
	content = append(content, header...)
	for _, value := range values {
		content = binary.LittleEndian.AppendUint64(content, math.Float64bits(value))
	}
	if err := os.WriteFile(far, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readPartial(far, PartialOptions{}); err == nil || !strings.Contains(err.Error(), "62 % of its pixels are 0: where") {
		t.Errorf("far: %v", err)
	}
	p, err = readPartial(far, PartialOptions{Unseen: &zero})
	if err != nil || !slices.Equal(p.Mask, []float32{0, 1, 0, 0, 1, 0, 1, 0}) || float64(p.Pixels[1])+p.Offset != values[1] || float64(p.Pixels[6])+p.Offset != values[6] {
		t.Errorf("far: %+v, %v", p, err)
	}
}
