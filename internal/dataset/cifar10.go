package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// CIFAR-10's binary layout: a record is a label byte and then the red, the green and the blue plane of a 32x32 image.
const (
	cifarSide    = 32
	cifarPlane   = cifarSide * cifarSide
	cifarRecord  = 1 + 3*cifarPlane
	cifarClasses = 10
	// maxCIFARRecords is far beyond the 10,000 records of a published file, and keeps a file that is something
	// else from filling the memory.
	maxCIFARRecords = 1_000_000
	// cifarFolder is the folder that the published archive unpacks to.
	cifarFolder = "cifar-10-batches-bin"
)

var (
	cifarTrainFiles = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}
	cifarTestFiles  = []string{"test_batch.bin"}
)

// OpenCIFAR10 reads CIFAR-10's binary files, data_batch_1.bin to data_batch_5.bin and test_batch.bin, from a folder or from
// the folder cifar-10-batches-bin in it. A file may have any whole number of records; where recordsPerFile is not 0,
// the first recordsPerFile of each are taken. (Krizhevsky, "Learning multiple layers of features from tiny images", 2009.)
func OpenCIFAR10(dir string, recordsPerFile int) (train, test Images, err error) {
	if recordsPerFile < 0 {
		return nil, nil, fmt.Errorf("records per file %d: give a number of images, or 0 for all", recordsPerFile)
	}
	dir, err = findCIFAR10(dir)
	if err != nil {
		return nil, nil, err
	}
	trainImages, err := readCIFAR10(dir, "CIFAR-10, training images", cifarTrainFiles, recordsPerFile)
	if err != nil {
		return nil, nil, err
	}
	testImages, err := readCIFAR10(dir, "CIFAR-10, test images", cifarTestFiles, recordsPerFile)
	if err != nil {
		return nil, nil, err
	}
	return trainImages, testImages, nil
}

// findCIFAR10 returns the folder that has all six files, dir or the archive's folder in it, or says what is missing.
func findCIFAR10(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("CIFAR-10: %w; 'alrc data cifar10 --dir %s' downloads it", err, dir)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("CIFAR-10: %s is a file; give the folder that has data_batch_1.bin", dir)
	}
	missing := missingCIFAR10(dir)
	if len(missing) == 0 {
		return dir, nil
	}
	inner := filepath.Join(dir, cifarFolder)
	if len(missingCIFAR10(inner)) == 0 {
		return inner, nil
	}
	hint := fmt.Sprintf("'alrc data cifar10 --dir %s' downloads them", dir)
	if exists(filepath.Join(dir, "data_batch_1")) {
		hint = "the folder has CIFAR-10's Python version, and the binary version is needed: " + hint
	} else if exists(filepath.Join(dir, "train.bin")) {
		hint = "the folder seems to have CIFAR-100: " + hint
	} else if exists(filepath.Join(dir, cifarArchive)) {
		hint = fmt.Sprintf("'alrc data cifar10 --dir %s' unpacks the archive that is there", dir)
	} else if others := binFiles(dir); len(others) > 0 {
		hint = "the folder has " + strings.Join(others, ", ") + "; give files their published names, or " + hint
	}
	return "", fmt.Errorf("CIFAR-10: %s lacks %s; %s", dir, strings.Join(missing, ", "), hint)
}

func missingCIFAR10(dir string) (missing []string) {
	for _, names := range [][]string{cifarTrainFiles, cifarTestFiles} {
		for _, name := range names {
			if !exists(filepath.Join(dir, name)) {
				missing = append(missing, name)
			}
		}
	}
	return missing
}

// binFiles lists a few files that may be CIFAR-10's by another name.
func binFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		known := false
		for _, expected := range append(cifarTestFiles[:1:1], cifarTrainFiles...) {
			known = known || name == expected
		}
		if !known && strings.Contains(strings.ToLower(name), "batch") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names[:min(len(names), 6)]
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// cifar10 is the records of one or more files, as they lie in them.
type cifar10 struct {
	name    string
	records []byte
	files   []cifarFile
	hash    string
}

// cifarFile says where a file's records begin among all.
type cifarFile struct {
	name  string // without its ending
	first int
}

func readCIFAR10(dir, name string, fileNames []string, limit int) (*cifar10, error) {
	images := &cifar10{name: name}
	for _, fileName := range fileNames {
		images.files = append(images.files, cifarFile{strings.TrimSuffix(fileName, ".bin"), images.Len()})
		path := filepath.Join(dir, fileName)
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("CIFAR-10: %w", err)
		}
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("it is no regular file")
		}
		if err == nil {
			images.records, err = appendCIFAR10(images.records, file, info.Size(), limit)
		}
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("CIFAR-10: %s: %w", path, err)
		}
	}
	sum := sha256.Sum256(images.records)
	images.hash = hex.EncodeToString(sum[:])
	return images, nil
}

// appendCIFAR10 appends the records of a file of a known size, at most limit where that is not 0.
func appendCIFAR10(records []byte, r io.Reader, size int64, limit int) ([]byte, error) {
	count, rest := size/cifarRecord, size%cifarRecord
	switch {
	case rest != 0:
		return nil, fmt.Errorf("its %d bytes are not a whole number of %d-byte records (%d, and %d bytes over): the file is"+
			" truncated, or is not CIFAR-10's binary version; delete it and download it again", size, cifarRecord, count, rest)
	case count == 0:
		return nil, errors.New("the file is empty; delete it and download it again")
	case count > maxCIFARRecords:
		return nil, fmt.Errorf("it has %d records, more than the %d that are taken to be CIFAR-10", count, maxCIFARRecords)
	}
	if limit > 0 {
		count = min(count, int64(limit))
	}
	start := len(records)
	grown := make([]byte, start+int(count)*cifarRecord)
	copy(grown, records)
	if _, err := io.ReadFull(r, grown[start:]); err != nil {
		return nil, fmt.Errorf("read %d records: %w", count, err)
	}
	for at := start; at < len(grown); at += cifarRecord {
		if label := grown[at]; label >= cifarClasses {
			return nil, fmt.Errorf("record %d has the label %d, and CIFAR-10's are 0 to %d: the file is damaged, or is not"+
				" CIFAR-10's binary version; delete it and download it again", (at-start)/cifarRecord, label, cifarClasses-1)
		}
	}
	return grown, nil
}

func (c *cifar10) Len() int                             { return len(c.records) / cifarRecord }
func (c *cifar10) Shape() (height, width, channels int) { return cifarSide, cifarSide, 3 }
func (c *cifar10) Name() string                         { return c.name }
func (c *cifar10) Hash() string                         { return c.hash }

func (c *cifar10) ID(i int) string {
	file := sort.Search(len(c.files), func(f int) bool { return c.files[f].first > i }) - 1
	return fmt.Sprintf("%s:%d", c.files[file].name, i-c.files[file].first)
}

func (c *cifar10) Read(i int, pixels []float32) error {
	if i < 0 || i >= c.Len() || len(pixels) != 3*cifarPlane {
		return fmt.Errorf("image %d of %d into %d values: no such image, or not %d values", i, c.Len(), len(pixels), 3*cifarPlane)
	}
	record := c.records[i*cifarRecord+1 : (i+1)*cifarRecord]
	red, green, blue := record[:cifarPlane], record[cifarPlane:][:cifarPlane], record[2*cifarPlane:][:cifarPlane]
	for p := range cifarPlane {
		pixel := pixels[3*p:][:3]
		pixel[0], pixel[1], pixel[2] = float32(red[p]), float32(green[p]), float32(blue[p])
	}
	return nil
}
