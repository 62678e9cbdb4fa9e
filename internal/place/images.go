package place

import (
	"alrc/internal/dataset"
	"alrc/internal/imagefile"
)

var procedural = kind{name: "procedural", short: "procedural", content: Images, open: func(d Data) (*Set, error) {
	train, test := dataset.NewProcedural(proceduralSeed, d.Side(), d.Side())
	return newImages(train, test, nil, nil)
}}

var cifar10 = kind{
	name: "cifar10", short: "cifar10", content: Images, source: inFolder, side: 32, files: "CIFAR-10's binary files", variable: "CIFAR10",
	missing: "data: cifar10 needs the folder of its files: name it by --data-dir (dir under data: in a specification) or $CIFAR10;" +
		" 'alrc data cifar10' downloads them",
	open: func(d Data) (*Set, error) {
		train, test, err := dataset.OpenCIFAR10(d.Dir, d.RecordsPerFile)
		return newImages(train, test, nil, err)
	},
}

var images = kind{
	name: "images", content: Images, source: inFiles, missing: noFiles,
	open: func(d Data) (*Set, error) {
		return newImages(dataset.OpenFiles(imagefile.Selection{Paths: d.Paths, HoldOut: d.Test}, d.Side()))
	},
}

// noFiles says what to do where nothing says where image files are.
const noFiles = "data: no image files, globs or folders are named; where they are elsewhere now, name their folder by --data-dir"

func newImages(train, test dataset.Images, skipped []imagefile.Skipped, err error) (*Set, error) {
	if err != nil {
		return nil, err
	}
	return &Set{Train: train, Test: test, Skipped: skipped, Hash: hash(train.Hash(), test.Hash())}, nil
}
