package emd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"alrc/internal/format/hdf5"
	"alrc/internal/format/pixel"
)

// velox reads what Velox saves: /Data/Image/ID/Data, [height,width,frames], and beside it Metadata, JSON of each frame in a
// column of bytes.
func (f *reader) velox(root *hdf5.Object) error {
	images, err := child(root, "Data", "Image")
	if images == nil || err != nil {
		return err
	}
	links, err := images.Links()
	if err != nil {
		return err
	}
	for _, link := range links {
		group, err := images.Open(link)
		if err != nil {
			return err
		}
		data, err := child(group, "Data")
		if err != nil {
			return err
		}
		if data == nil {
			continue
		}
		m, err := veloxMetadata(group)
		if err != nil {
			return err
		}
		title := m.detector()
		if title == "" {
			title = link.Name
		}
		d, err := data.Dataset()
		if err != nil {
			f.file.Left = append(f.file.Left, fmt.Sprintf("%s: %v", title, err))
			continue
		}
		f.add(title, d, []axis{m.axis("height", m.BinaryResult.PixelUnitY), m.axis("width", m.BinaryResult.PixelUnitX)}, true)
	}
	if streams, err := child(root, "Data", "SpectrumStream"); err == nil && streams != nil && len(f.file.Stacks) > 0 {
		f.file.Left = append(f.file.Left, "X-ray spectra (SpectrumStream) are not read; save elemental maps as images of their own")
	}
	return nil
}

// metadata is what is used of a frame's.
type metadata struct {
	BinaryResult struct {
		PixelSize               map[string]any
		PixelUnitX, PixelUnitY  string
		Detector, DetectorIndex any
	}
	Detectors map[string]struct{ DetectorName string }
}

// maxMetadata bounds the bytes of a frame's metadata.
const maxMetadata = 1 << 20

// veloxMetadata reads the metadata of an image's first frame. An image without has none.
func veloxMetadata(group *hdf5.Object) (m metadata, err error) {
	object, err := child(group, "Metadata")
	if object == nil || err != nil {
		return m, err
	}
	d, err := object.Dataset()
	if err != nil || len(d.Shape) != 2 || d.Type.Number != pixel.Uint8 || d.Shape[0] < 1 || d.Shape[0] > maxMetadata {
		return m, err
	}
	text, err := d.Read([]int64{0, 0}, []int64{d.Shape[0], 1})
	if err != nil {
		return m, fmt.Errorf("metadata: %w", err)
	}
	text, _, _ = bytes.Cut(text, []byte{0})
	// An image can do without its metadata.
	_ = json.Unmarshal(text, &m)
	return m, nil
}

// detector is the name of what took the image.
func (m *metadata) detector() string {
	name, _ := m.BinaryResult.Detector.(string)
	if d, ok := m.Detectors["Detector-"+name]; ok && d.DetectorName != "" {
		return d.DetectorName
	}
	return name
}

func (m *metadata) axis(name, unit string) axis {
	var scale float64
	switch value := m.BinaryResult.PixelSize[name].(type) {
	case string:
		scale, _ = strconv.ParseFloat(value, 64)
	case float64:
		scale = value
	}
	return axis{scale: scale, unit: pixel.Unit(unit)}
}
