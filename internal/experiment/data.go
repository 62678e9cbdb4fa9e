package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"alrc/internal/dataset"
	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
)

// proceduralSeed is that of generated images: runs whose seeds differ learn from the same images, as they do from
// files.
const proceduralSeed = 0

// DataSet is what a run learns from and what it is tested on: images, or micrographs.
type DataSet struct {
	Train, Test dataset.Images
	Micrographs *MicrographData
	// Hash is of the content of both.
	Hash string
	// Skipped lists files that were named, or lay in a folder that was, and cannot be used.
	Skipped []imagefile.Skipped
}

// MicrographData is micrographs, and how they are scanned.
type MicrographData struct {
	Train, Test micrograph.Images
	Scan        micrograph.Scan
}

// OpenData opens the images that a specification names.
func OpenData(d Data) (*DataSet, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	if d.ofMicrographs() {
		return openMicrographs(d)
	}
	var data DataSet
	var err error
	switch d.Kind {
	case "procedural":
		data.Train, data.Test = dataset.NewProcedural(proceduralSeed, d.side(), d.side())
	case "cifar10":
		data.Train, data.Test, err = dataset.OpenCIFAR10(d.Dir, d.RecordsPerFile)
	default:
		data.Train, data.Test, data.Skipped, err = dataset.OpenFiles(imagefile.Selection{Paths: d.Paths, HoldOut: d.Test}, d.side())
	}
	if err != nil {
		return nil, err
	}
	data.Hash = hash(data.Train.Hash(), data.Test.Hash())
	return &data, nil
}

func openMicrographs(d Data) (*DataSet, error) {
	data := &DataSet{Micrographs: &MicrographData{}}
	m := data.Micrographs
	var err error
	if m.Scan, err = micrograph.ParseScan(d.mask(), d.coverage()); err != nil {
		return nil, err
	}
	m.Scan.Varied = !d.SameMask
	if d.Kind == "procedural-micrographs" {
		m.Train, m.Test, err = micrograph.NewProcedural(proceduralSeed, d.side(), d.Dose)
	} else {
		m.Train, m.Test, data.Skipped, err = micrograph.OpenFiles(imagefile.Selection{Paths: d.Paths, Exclude: d.Exclude, HoldOut: d.Test}, d.side())
	}
	if err != nil {
		const most = 5
		for _, file := range data.Skipped[:min(len(data.Skipped), most)] {
			err = fmt.Errorf("%w\n  %s", err, file)
		}
		return nil, err
	}
	hashes := []string{m.Train.Hash(), m.Test.Hash()}
	if !d.drawnMask() {
		content, err := os.ReadFile(d.Mask)
		if err != nil {
			return nil, fmt.Errorf("mask: %w", err)
		}
		hashes = append(hashes, hash(string(content)))
	}
	data.Hash = hash(hashes...)
	return data, nil
}

func hash(parts ...string) string {
	digest := sha256.New()
	for _, part := range parts {
		digest.Write([]byte(part))
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// name says in a few words what the images are.
func (d *DataSet) name() string {
	if d.Micrographs != nil {
		return d.Micrographs.Train.Name()
	}
	return d.Train.Name()
}
