package dataset

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// cifarFiles makes six files of count records, of which no two are alike.
func cifarFiles(count int) map[string][]byte {
	files := map[string][]byte{}
	for f, name := range append(cifarTestFiles[:1:1], cifarTrainFiles...) {
		content := make([]byte, count*cifarRecord)
		for i := range count {
			record := content[i*cifarRecord:][:cifarRecord]
			record[0] = byte((i + f) % cifarClasses)
			for p := range 3 * cifarPlane {
				record[1+p] = byte(p>>10*50 + p%50 + 7*i + f)
			}
		}
		files[name] = content
	}
	return files
}

func TestCIFAR10(t *testing.T) {
	dir := t.TempDir()
	files := cifarFiles(3)
	writeFiles(t, dir, files)
	train, test, err := OpenCIFAR10(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 15 || test.Len() != 3 {
		t.Fatalf("%d training and %d test images, not 15 and 3", train.Len(), test.Len())
	}
	if h, w, c := train.Shape(); h != 32 || w != 32 || c != 3 {
		t.Errorf("the shape is %dx%dx%d", h, w, c)
	}
	if id := train.ID(4); id != "data_batch_2:1" {
		t.Errorf("image 4 is %s, not data_batch_2:1", id)
	}
	if id := test.ID(2); id != "test_batch:2" {
		t.Errorf("test image 2 is %s", id)
	}
	pixels := make([]float32, 32*32*3)
	if err := train.Read(4, pixels); err != nil {
		t.Fatal(err)
	}
	record := files["data_batch_2.bin"][cifarRecord:][1:cifarRecord]
	for y := range 32 {
		for x := range 32 {
			for c := range 3 {
				if got, want := pixels[(y*32+x)*3+c], float32(record[c*1024+y*32+x]); got != want {
					t.Fatalf("row %d, column %d, channel %d is %v, not %v", y, x, c, got, want)
				}
			}
		}
	}
	if train.Read(15, pixels) == nil || train.Read(0, pixels[1:]) == nil {
		t.Error("an image that is not there, or does not fit, was read")
	}
	short, _, err := OpenCIFAR10(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	if short.Len() != 10 || short.ID(2) != "data_batch_2:0" {
		t.Errorf("two records of each file make %d images, the third being %s", short.Len(), short.ID(2))
	}
	if short.Hash() == train.Hash() || train.Hash() == test.Hash() {
		t.Error("other images have the same hash")
	}
	if _, _, err := OpenCIFAR10(dir, -1); err == nil {
		t.Error("-1 records per file were accepted")
	}
}

func TestCIFAR10InTheFolderAbove(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{}
	for name, content := range cifarFiles(1) {
		files[cifarFolder+"/"+name] = content
	}
	writeFiles(t, dir, files)
	if _, _, err := OpenCIFAR10(dir, 0); err != nil {
		t.Error(err)
	}
}

func TestCIFAR10SaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		change func(files map[string][]byte)
		want   string
	}{
		"missing":      {func(f map[string][]byte) { delete(f, "data_batch_3.bin") }, "lacks data_batch_3.bin; 'alrc data cifar10"},
		"renamed":      {func(f map[string][]byte) { f["Batch1.bin"] = nil; delete(f, "data_batch_1.bin") }, "has Batch1.bin; give files their published names"},
		"truncated":    {func(f map[string][]byte) { f["test_batch.bin"] = f["test_batch.bin"][:5000] }, "test_batch.bin: its 5000 bytes are not a whole number of 3073-byte records (1, and 1927 bytes over)"},
		"oversized":    {func(f map[string][]byte) { f["test_batch.bin"] = append(f["test_batch.bin"], 1) }, "1 bytes over"},
		"empty":        {func(f map[string][]byte) { f["data_batch_5.bin"] = nil }, "data_batch_5.bin: the file is empty"},
		"garbage":      {func(f map[string][]byte) { f["data_batch_2.bin"][cifarRecord] = 10 }, "data_batch_2.bin: record 1 has the label 10"},
		"python":       {func(f map[string][]byte) { clear(f); f["data_batch_1"] = nil }, "Python version"},
		"cifar100":     {func(f map[string][]byte) { clear(f); f["train.bin"] = nil }, "CIFAR-100"},
		"not unpacked": {func(f map[string][]byte) { clear(f); f[cifarArchive] = nil }, "unpacks the archive"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := cifarFiles(2)
			test.change(files)
			writeFiles(t, dir, files)
			_, _, err := OpenCIFAR10(dir, 0)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v; it should say %q", err, test.want)
			}
		})
	}
	if _, _, err := OpenCIFAR10(t.TempDir()+"/nowhere", 0); err == nil || !strings.Contains(err.Error(), "alrc data cifar10") {
		t.Errorf("for a folder that is not there the error is %v", err)
	}
}

// The hash is of the images, wherever they lie.
func TestCIFAR10Hash(t *testing.T) {
	hash := func(files map[string][]byte) string {
		dir := t.TempDir()
		writeFiles(t, dir, files)
		train, _, err := OpenCIFAR10(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		return train.Hash()
	}
	files := cifarFiles(1)
	changed := maps.Clone(files)
	changed["data_batch_4.bin"] = bytes.Clone(files["data_batch_4.bin"])
	changed["data_batch_4.bin"][100]++
	first, again := hash(files), hash(files)
	if first != again || first == hash(changed) {
		t.Error("the hash does not follow the content")
	}
}

func TestRealCIFAR10(t *testing.T) {
	train, test := realCIFAR10(t)
	if train.Len() != 5*test.Len() {
		t.Errorf("%d training and %d test images", train.Len(), test.Len())
	}
	// CIFAR-10's published channel means are 125.3, 123.0 and 113.9; a part of it is near.
	var sums [3]float64
	pixels := make([]float32, 32*32*3)
	for i := range train.Len() {
		if err := train.Read(i, pixels); err != nil {
			t.Fatal(err)
		}
		for p, value := range pixels {
			sums[p%3] += float64(value)
		}
	}
	for c, published := range []float64{125.3, 123.0, 113.9} {
		if mean := sums[c] / float64(1024*train.Len()); mean < published-3 || mean > published+3 {
			t.Errorf("channel %d has the mean %.1f, and all of CIFAR-10 has %.1f", c, mean, published)
		}
	}
}

func FuzzCIFAR10(f *testing.F) {
	record := make([]byte, cifarRecord)
	f.Add(record, 0)
	f.Add(append(record, record...), 1)
	f.Add(record[:100], 0)
	f.Add([]byte{}, 5)
	f.Fuzz(func(t *testing.T, content []byte, limit int) {
		records, err := appendCIFAR10(nil, bytes.NewReader(content), int64(len(content)), limit)
		if err != nil {
			return
		}
		images := cifar10{name: "fuzzed", records: records, files: []cifarFile{{"fuzzed", 0}}}
		pixels := make([]float32, 32*32*3)
		for i := range images.Len() {
			if err := images.Read(i, pixels); err != nil || images.ID(i) != fmt.Sprintf("fuzzed:%d", i) {
				t.Fatal(i, err)
			}
		}
		if limit > 0 && images.Len() > limit || images.Len() == 0 || !bytes.HasPrefix(content, records) {
			t.Fatalf("%d records of %d bytes with the limit %d", images.Len(), len(content), limit)
		}
	})
}
