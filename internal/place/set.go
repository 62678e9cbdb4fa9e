package place

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"alrc/internal/dataset"
	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
)

// Set is opened data, to learn from and to test on: images, or micrographs.
type Set struct {
	Train, Test dataset.Images
	Micrographs *MicrographSet
	// Hash is of the content of both.
	Hash string
	// Skipped lists files that were named, or lay in a folder that was, and cannot be used.
	Skipped []imagefile.Skipped
}

// MicrographSet is micrographs, and how they are scanned.
type MicrographSet struct {
	Train, Test micrograph.Images
	Scan        micrograph.Scan
	// Baselines is how near the test images' held-out crops are completed without a network.
	Baselines micrograph.BaselineErrors
}

// Name says in a few words what the data are.
func (s *Set) Name() string {
	if s.Micrographs != nil {
		return s.Micrographs.Train.Name()
	}
	return s.Train.Name()
}

// corrupted is the set with a corruption of the images that are trained on. Those held out are as they were.
func (s *Set) corrupted(c dataset.Corruption) *Set {
	bad := *s
	bad.Train = dataset.Corrupt(s.Train, c)
	bad.Hash = hash(bad.Train.Hash(), bad.Test.Hash())
	return &bad
}

// Check is an error where the data are not those that have a hash; "" is that of any.
func (s *Set) Check(hash string) error {
	if hash == "" || hash == s.Hash {
		return nil
	}
	return fmt.Errorf("it was begun or trained on other images than these: the images here have the hash %.12s…, and it asks for those of"+
		" %.12s…; name them by --data-dir", s.Hash, hash)
}

func hash(parts ...string) string {
	digest := sha256.New()
	for _, part := range parts {
		digest.Write([]byte(part))
	}
	return hex.EncodeToString(digest.Sum(nil))
}
