package experiment

import (
	"crypto/sha256"
	"encoding/hex"

	"alrc/internal/dataset"
)

// proceduralSeed is that of generated images: runs whose seeds differ learn from the same images, as they do from
// files.
const proceduralSeed = 0

// DataSet is what a run learns from and what it is tested on.
type DataSet struct {
	Train, Test dataset.Images
	// Hash is of the content of both.
	Hash string
	// Skipped lists files that were named, or lay in a folder that was, and cannot be used.
	Skipped []dataset.Skipped
}

// OpenData opens the images that a specification names.
func OpenData(d Data) (*DataSet, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	var data DataSet
	var err error
	switch d.Kind {
	case "procedural":
		data.Train, data.Test = dataset.NewProcedural(proceduralSeed, d.side(), d.side())
	case "cifar10":
		data.Train, data.Test, err = dataset.OpenCIFAR10(d.Dir, d.RecordsPerFile)
	default:
		data.Train, data.Test, data.Skipped, err = dataset.OpenFolder(d.Paths, d.Test, d.side())
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(data.Train.Hash() + data.Test.Hash()))
	data.Hash = hex.EncodeToString(sum[:])
	return &data, nil
}
