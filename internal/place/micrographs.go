package place

import (
	"cmp"
	"fmt"
	"math"
	"os"

	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
)

// DefaultCrop is the height and width of crops of micrographs where nothing else is asked for.
const DefaultCrop = 64

var proceduralMicrographs = kind{
	name: "procedural-micrographs", short: "procedural", content: Micrographs,
	open: func(d Data) (*Set, error) {
		return openMicrographs(d, func() (train, test micrograph.Images, skipped []imagefile.Skipped, err error) {
			train, test, err = micrograph.NewProcedural(proceduralSeed, d.Side(), d.Dose)
			return train, test, nil, err
		})
	},
}

var micrographs = kind{
	name: "micrographs", content: Micrographs, source: inFiles, missing: noFiles,
	open: func(d Data) (*Set, error) {
		return openMicrographs(d, func() (train, test micrograph.Images, skipped []imagefile.Skipped, err error) {
			return micrograph.OpenFiles(imagefile.Selection{Paths: d.Paths, Exclude: d.Exclude, HoldOut: d.Test}, d.Side())
		})
	},
}

func openMicrographs(d Data, open func() (train, test micrograph.Images, skipped []imagefile.Skipped, err error)) (*Set, error) {
	scan, err := micrograph.ParseScan(d.mask(), d.coverage().Least)
	if err != nil {
		return nil, err
	}
	if scan.Varied = !d.SameMask; d.drawnMask() {
		scan.MostCoverage = d.coverage().Most
	}
	train, test, skipped, err := open()
	if err != nil {
		const most = 5
		for _, file := range skipped[:min(len(skipped), most)] {
			err = fmt.Errorf("%w\n  %s", err, file)
		}
		return nil, err
	}
	hashes := []string{train.Hash(), test.Hash()}
	if !d.drawnMask() {
		content, err := os.ReadFile(d.Mask)
		if err != nil {
			return nil, fmt.Errorf("mask: %w", err)
		}
		hashes = append(hashes, hash(string(content)))
	}
	return &Set{Micrographs: &MicrographSet{Train: train, Test: test, Scan: scan}, Skipped: skipped, Hash: hash(hashes...)}, nil
}

func (d Data) mask() string { return cmp.Or(d.Mask, micrograph.Spiral) }

func (d Data) coverage() micrograph.Coverage {
	return cmp.Or(d.Coverage, micrograph.Covering(micrograph.DefaultCoverage))
}

// Scanned says how micrographs were scanned: the kind, and where it is no mask image's, the coverage.
func (d Data) Scanned() (mask string, coverage micrograph.Coverage) {
	if d.drawnMask() {
		return d.mask(), d.coverage()
	}
	return d.mask(), micrograph.Coverage{}
}

// drawnMask says that the mask is not that of an image.
func (d Data) drawnMask() bool { return micrograph.IsDrawn(d.mask()) }

// validateScan says what is wrong with how micrographs are scanned and made.
func (d Data) validateScan() error {
	if d.Side()%32 != 0 {
		return fmt.Errorf("size: %d is not divisible by 32, as the network for micrographs needs it", d.Size)
	}
	if d.drawnMask() {
		if _, err := micrograph.ParseCoverage(d.coverage().String()); err != nil {
			return err
		}
		if d.SameMask && d.coverage().IsRange() {
			return fmt.Errorf("coverage: %v is a range, and with same-mask all scans are alike: give one fraction", d.coverage())
		}
	}
	if d.Dose != 0 && !(d.Dose > 0 && !math.IsInf(d.Dose, 0)) {
		return fmt.Errorf("dose: %v is no number of electrons", d.Dose)
	}
	return nil
}
