package ser

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"strings"
)

// Settings are those of the microscope that an EMI file has.
type Settings struct {
	// Mode is the microscope's, such as "TEM uP SA Zoom Diffraction"; "" where it is not said.
	Mode string
	// Lines are the settings as text: label, value, unit.
	Lines []string
}

// maxEMI bounds the part of an EMI file that is searched: it may hold pixels, too.
const maxEMI = 64 << 20

// ReadSettings reads an EMI file, which is binary but for its settings: XML, one document for each detector. Those of the
// first are taken. A file without settings has none, which is no error.
func ReadSettings(r io.Reader) (*Settings, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxEMI))
	if err != nil {
		return nil, err
	}
	begin := bytes.Index(data, []byte("<ObjectInfo>"))
	if begin < 0 {
		return &Settings{}, nil
	}
	data = data[begin:]
	if end := bytes.Index(data, []byte("</ObjectInfo>")); end >= 0 {
		data = data[:end+len("</ObjectInfo>")]
	}
	var info struct {
		Data []struct {
			Label, Value, Unit string
		} `xml:"ExperimentalDescription>Root>Data"`
	}
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.Strict = false
	// What was read before an error is as good as it is without one.
	_ = decoder.Decode(&info)
	s := &Settings{}
	for _, d := range info.Data {
		label, value := strings.TrimSpace(d.Label), strings.TrimSpace(d.Value)
		if label == "" || value == "" {
			continue
		}
		if label == "Mode" {
			s.Mode = value
		}
		s.Lines = append(s.Lines, strings.TrimSpace(label+": "+value+" "+strings.TrimSpace(d.Unit)))
	}
	return s, nil
}

func (s *Settings) text() string {
	if s == nil {
		return ""
	}
	return strings.Join(s.Lines, "\n")
}

// unit is that of an image's steps. Diffraction has 1/m, where a step is millions, and images have metres, where it is
// millionths; so the step itself tells even without an EMI file. In the modes of a scan the projector is in diffraction,
// but the image is one of places.
func (s *Settings) unit(step float64) string {
	step = math.Abs(step)
	switch diffraction := s != nil && strings.HasSuffix(s.Mode, "Diffraction") && !strings.HasPrefix(s.Mode, "STEM"); {
	case diffraction || step > 1e3:
		return "1/m"
	case step < 1e-3:
		return "m"
	}
	return "" // a step of 1, of what nobody calibrated
}
