package place

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// idx is an IDX file of images, in which every pixel of image i is i.
func idx(count, height, width int) []byte {
	var content []byte
	for _, number := range []int{0x0803, count, height, width} {
		content = binary.BigEndian.AppendUint32(content, uint32(number))
	}
	for i := range count {
		content = append(content, bytes.Repeat([]byte{byte(i)}, height*width)...)
	}
	return content
}

func zipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func openMNIST(dir string, records int) (*Set, error) {
	_, set, err := new(Opener).Open(Data{Kind: "mnist", Dir: dir, RecordsPerFile: records})
	return set, err
}

// MNIST's files are found where people have them, packed or not, and are the same images there.
func TestMNIST(t *testing.T) {
	train, test := idx(5, 28, 28), idx(2, 28, 28)
	hashes := map[string]bool{}
	for _, files := range [][2]string{
		{"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"},
		{"MNIST/raw/train-images-idx3-ubyte.gz", "MNIST/raw/t10k-images-idx3-ubyte"},
		{"train-images.idx3-ubyte", "t10k-images.idx3-ubyte.gz"},
	} {
		dir := t.TempDir()
		for i, content := range [][]byte{train, test} {
			if strings.HasSuffix(files[i], ".gz") {
				content = zipped(content)
			}
			put(t, filepath.Join(dir, files[i]), content)
		}
		set, err := openMNIST(dir, 0)
		if err != nil {
			t.Errorf("%v: %v", files, err)
			continue
		}
		hashes[set.Hash] = true
		pixels := make([]float32, 28*28*3)
		if err := set.Train.Read(3, pixels); err != nil || set.Train.Len() != 5 || set.Test.Len() != 2 || !slices.Equal(pixels[:4], []float32{3, 3, 3, 3}) {
			t.Errorf("%v: %d and %d images, image 3 begins with %v (%v)", files, set.Train.Len(), set.Test.Len(), pixels[:4], err)
		}
		if id := set.Test.ID(1); id != "t10k-images:1" {
			t.Errorf("an image is called %q", id)
		}
		if some, err := openMNIST(dir, 2); err != nil || some.Train.Len() != 2 || some.Test.Len() != 2 || some.Hash == set.Hash {
			t.Errorf("two of each file: %+v, %v", some, err)
		}
	}
	if len(hashes) != 1 {
		t.Errorf("the same images have %d hashes", len(hashes))
	}
	if side := (Data{Kind: "mnist"}).Side(); side != 28 {
		t.Errorf("images are %d pixels high", side)
	}
	if err := (Data{Kind: "mnist", Size: 32}).Validate(); err == nil || !strings.Contains(err.Error(), "28 by 28") {
		t.Errorf("of another size: %v", err)
	}
}

func TestMNISTErrorsSayWhatIsWrong(t *testing.T) {
	good := idx(3, 28, 28)
	for want, content := range map[string][]byte{
		"images have 20x30 pixels":  idx(1, 30, 20),
		"begins with 0x801":         append([]byte{0, 0, 8, 1}, good[4:]...),
		"ends after 2 of 3 images":  good[:len(good)-1],
		"read its header":           good[:10],
		"says that it has 0 images": idx(0, 28, 28),
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "train-images-idx3-ubyte"), content)
		put(t, filepath.Join(dir, "t10k-images-idx3-ubyte"), good)
		if _, err := openMNIST(dir, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	t.Setenv("MNIST", "")
	for want, dir := range map[string]string{"there is no folder": "nowhere", "lacks train-images-idx3-ubyte": t.TempDir(), "$MNIST": ""} {
		if _, err := openMNIST(dir, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
