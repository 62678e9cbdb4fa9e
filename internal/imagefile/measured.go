package imagefile

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strings"

	"alrc/internal/format/emd"
	"alrc/internal/format/pixel"
	"alrc/internal/format/ser"
	"alrc/internal/format/tiff"
)

// measuredFile reads the formats of microscopes: images of one channel, with the size of a pixel.
type measuredFile struct{ file *pixel.File }

// measured makes a decoder's opening of a format's.
func measured(open func(r io.ReaderAt, size int64) (*pixel.File, error)) func(io.ReaderAt, int64, string) (decoder, error) {
	return func(r io.ReaderAt, size int64, _ string) (decoder, error) {
		file, err := open(r, size)
		if err != nil {
			return nil, err
		}
		return measuredFile{file}, nil
	}
}

// openHDF5Array reads the array of a path in an HDF5 file, whatever wrote it.
func openHDF5Array(r io.ReaderAt, size int64, name string) (decoder, error) {
	file, err := emd.OpenArray(r, size, name)
	if err != nil {
		return nil, err
	}
	return measuredFile{file}, nil
}

func (f measuredFile) Len() int { return f.file.Len() }

func (f measuredFile) Left() []string { return f.file.Left }

func (f measuredFile) Size(i int) (height, width int, err error) {
	stack, _, err := f.file.Find(i)
	if err != nil {
		return 0, 0, err
	}
	return stack.Height, stack.Width, nil
}

func (f measuredFile) Read(i int) (*Image, error) {
	stack, in, err := f.file.Find(i)
	if err != nil {
		return nil, err
	}
	return readStack(stack, in)
}

func readStack(stack *pixel.Stack, i int) (*Image, error) {
	m := &Image{Height: stack.Height, Width: stack.Width, Channels: 1, Size: stack.Size, Type: stack.Type}
	var err error
	m.pixels, m.Offset, err = stack.Read(i)
	return m, err
}

func (f measuredFile) Metadata(i int) ([]tiff.Tag, error) {
	stack, _, err := f.file.Find(i)
	if err != nil {
		return nil, err
	}
	return tiff.Described(stack.Title, stack.Text), nil
}

// seriesNumber is what a SER file's name ends in, beside the EMI file's.
var seriesNumber = regexp.MustCompile(`(?i)(_[0-9]+)?\.ser$`)

// openSER reads a series, with the settings of the EMI file beside it, where there is one.
func openSER(r io.ReaderAt, size int64, path string) (decoder, error) {
	settings, err := readEMI(path)
	if err != nil {
		return nil, err
	}
	file, err := ser.Open(r, size, settings)
	if err != nil {
		return nil, err
	}
	return measuredFile{file}, nil
}

func readEMI(path string) (*ser.Settings, error) {
	end := seriesNumber.FindStringIndex(path)
	if end == nil {
		return nil, nil
	}
	for _, extension := range []string{".emi", ".EMI"} {
		name := path[:end[0]] + extension
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			return nil, errors.New("the EMI file beside it: " + withoutPath(err).Error())
		}
		defer file.Close()
		return ser.ReadSettings(file)
	}
	return nil, nil
}

// refusal says why a format that is known is not read, and what to do; "" of one that is not known.
func refusal(begin []byte, path string) string {
	const diffraction = "a diffraction pattern at each place of a scan, which is no image; save a virtual image of it (such as the" +
		" sum of a detector's pixels), as HyperSpy or pyxem do, as TIFF"
	for _, r := range []struct{ magic, why string }{
		{"IMGBLO", "it is a BLO file (NanoMegas): " + diffraction},
		{"JK\x00\x02", "it is an EMI file, which has settings but no images; give the SER files beside it, NAME_1.ser and so on"},
		{"ZISRAWFILE", "it is a CZI file (Zeiss), which is not read; save it as TIFF"},
		{"\xd0\xcf\x11\xe0", "it is an OLE file, such as OIB or Zeiss's ZVI, which is not read; save it as TIFF"},
		{"AAMVHFSS", "it is a BCF file (Bruker), which is not read; save its image as TIFF"},
		{"GIF8", "it is a GIF file, of at most 256 levels; save it as TIFF from what it was made of, or as PNG"},
		{"BM", "it is a BMP file; save it as PNG or TIFF"},
		{"MATLAB 5.0", "it is a MATLAB file; save the array with h5write or imwrite, or as .npy"},
		{"RIFF", "it is a RIFF file, such as WebP or AVI; save it as PNG or TIFF"},
	} {
		if strings.HasPrefix(string(begin), r.magic) {
			return r.why
		}
	}
	if strings.HasSuffix(strings.ToLower(path), ".tvips") || tvips(begin) {
		return "it is a TVIPS file: " + diffraction
	}
	return ""
}

// tvips reports whether a file begins as those of TVIPS's cameras: the size of the header, which is 256, and the version.
func tvips(begin []byte) bool {
	return len(begin) >= 256 && string(begin[:4]) == "\x00\x01\x00\x00" && (begin[4] == 1 || begin[4] == 2) && string(begin[5:8]) == "\x00\x00\x00" &&
		(begin[16] == 8 || begin[16] == 16 || begin[16] == 32) && begin[17] == 0
}
