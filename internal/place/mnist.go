package place

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mnistSide is the height and width of MNIST's images, and of those that are published in its form.
const mnistSide = 28

var mnist = kind{
	name: "mnist", short: "mnist", content: Images, source: inFolder, side: mnistSide, files: "MNIST's IDX files", variable: "MNIST",
	missing: "data: mnist needs the folder of its files, train-images-idx3-ubyte and t10k-images-idx3-ubyte, as they are or with .gz: name it by" +
		" --data-dir (dir under data: in a specification) or $MNIST. Fashion-MNIST and KMNIST have the same form",
	open: func(d Data) (*Set, error) {
		dir, err := findMNIST(d.Dir)
		if err != nil {
			return nil, err
		}
		train, err := readMNIST(dir, "train", "training", d.RecordsPerFile)
		if err != nil {
			return nil, err
		}
		test, err := readMNIST(dir, "t10k", "test", d.RecordsPerFile)
		if err != nil {
			return nil, err
		}
		return newImages(train, test, nil, nil)
	},
}

// mnistFile returns the path of the images of a part, train or t10k, in a folder, or "". Some copies have a point in the place of a dash.
func mnistFile(dir, part string) string {
	for _, name := range []string{"-images-idx3-ubyte", "-images.idx3-ubyte"} {
		for _, ending := range []string{"", ".gz"} {
			path := filepath.Join(dir, part+name+ending)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}

// findMNIST returns the folder of both parts: the named one, or one in it where torchvision puts them.
func findMNIST(named string) (string, error) {
	if _, err := os.Stat(named); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("MNIST: there is no folder %s", named)
	}
	for _, dir := range []string{named, filepath.Join(named, "raw"), filepath.Join(named, "MNIST", "raw")} {
		if mnistFile(dir, "train") != "" && mnistFile(dir, "t10k") != "" {
			return dir, nil
		}
	}
	return "", fmt.Errorf("MNIST: %s lacks train-images-idx3-ubyte or t10k-images-idx3-ubyte, with or without .gz; give the folder that has both", named)
}

// mnistImages are images of one channel, one after the other, that are given as three equal channels.
type mnistImages struct {
	part, title string
	pixels      []byte
	hash        string
}

// readMNIST reads the images of a part, at most limit where that is not 0.
func readMNIST(dir, part, title string, limit int) (*mnistImages, error) {
	path := mnistFile(dir, part)
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("MNIST: %w", err)
	}
	defer file.Close()
	var r io.Reader = bufio.NewReader(file)
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			return nil, fmt.Errorf("MNIST: %s: %w", path, err)
		}
	}
	pixels, err := readIDX(r, limit)
	if err != nil {
		return nil, fmt.Errorf("MNIST: %s: %w", path, err)
	}
	sum := sha256.Sum256(pixels)
	return &mnistImages{part: part, title: title, pixels: pixels, hash: hex.EncodeToString(sum[:])}, nil
}

// readIDX reads an IDX file of three axes of bytes: four numbers of 32 bits, which are what it has and the lengths of the axes, and
// then the images, row by row (LeCun, Cortes and Burges, "The MNIST database of handwritten digits").
func readIDX(r io.Reader, limit int) ([]byte, error) {
	const bytesOfThreeAxes, most = 0x0803, 10_000_000
	var header struct{ Magic, Count, Height, Width uint32 }
	if err := binary.Read(r, binary.BigEndian, &header); err != nil {
		return nil, fmt.Errorf("read its header: %w", err)
	}
	switch {
	case header.Magic != bytesOfThreeAxes:
		return nil, fmt.Errorf("it begins with %#x, and an IDX file of images with %#x: it is another file, or damaged", header.Magic, bytesOfThreeAxes)
	case header.Height != mnistSide || header.Width != mnistSide:
		return nil, fmt.Errorf("its images have %dx%d pixels, and MNIST's %dx%d", header.Width, header.Height, mnistSide, mnistSide)
	case header.Count == 0 || header.Count > most:
		return nil, fmt.Errorf("it says that it has %d images, which is none or too many: the file is damaged", header.Count)
	}
	count := int64(header.Count)
	if limit > 0 {
		count = min(count, int64(limit))
	}
	// What is read grows with the file, whatever its header says.
	pixels, err := io.ReadAll(io.LimitReader(r, count*mnistSide*mnistSide))
	if err != nil {
		return nil, err
	}
	if have := int64(len(pixels)) / (mnistSide * mnistSide); have < count {
		return nil, fmt.Errorf("it ends after %d of %d images: the file is truncated; get it again", have, count)
	}
	return pixels, nil
}

func (m *mnistImages) Len() int                             { return len(m.pixels) / (mnistSide * mnistSide) }
func (m *mnistImages) Shape() (height, width, channels int) { return mnistSide, mnistSide, 3 }
func (m *mnistImages) ID(i int) string                      { return fmt.Sprintf("%s-images:%d", m.part, i) }
func (m *mnistImages) Name() string                         { return "MNIST, " + m.title + " images" }
func (m *mnistImages) Hash() string                         { return m.hash }

func (m *mnistImages) Read(i int, pixels []float32) error {
	const size = mnistSide * mnistSide
	if i < 0 || i >= m.Len() || len(pixels) != 3*size {
		return fmt.Errorf("image %d of %d into %d values: no such image, or not %d values", i, m.Len(), len(pixels), 3*size)
	}
	for p, value := range m.pixels[i*size:][:size] {
		level := float32(value)
		pixels[3*p], pixels[3*p+1], pixels[3*p+2] = level, level, level
	}
	return nil
}
