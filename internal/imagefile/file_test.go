package imagefile

import (
	"bytes"
	"testing"

	"alrc/internal/format/npy/npytest"
	"alrc/internal/format/tiff"
)

func FuzzFile(f *testing.F) {
	var array, page bytes.Buffer
	npytest.Write(&array, []int{2, 3, 4}, make([]float32, 24))
	tiff.Write(&page, []tiff.Image{{Width: 3, Height: 2, Channels: 1, Pixels: make([]float32, 6)}})
	f.Add(array.Bytes())
	f.Add(page.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := open(bytes.NewReader(content), int64(len(content)), "", "")
		if err != nil {
			return
		}
		for i := range min(m.Len(), 4) {
			if height, width, err := m.Size(i); err == nil && height*width > 1<<20 {
				continue // legal, and slow
			}
			if pixels, height, width, err := m.ReadGrey(i); err == nil && len(pixels) != height*width {
				t.Fatalf("%d pixels of %dx%d", len(pixels), width, height)
			}
		}
	})
}
