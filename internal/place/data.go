// Package place is the one way from the data that a specification names, and the folders of this machine, to opened data.
//
// A specification says what data it is of, and may say where they lay when it was written ([Data]). An [Opener] finds them on this
// machine, opens each once, and checks that they are the data that were meant. A kind of data is one file here and one
// line of the table in kind.go.
package place

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"alrc/internal/dataset"
	"alrc/internal/micrograph"
)

// Data names a source of images.
type Data struct {
	// Kind is a name in the table of kinds: procedural, cifar10 or images, and for micrographs procedural-micrographs or micrographs.
	Kind string `yaml:"kind"`
	// Dir is the folder of data that have one, such as CIFAR-10's files, and RecordsPerFile takes the first records of each file; 0
	// takes all.
	Dir            string `yaml:"dir,omitempty"`
	RecordsPerFile int    `yaml:"records-per-file,omitempty"`
	// Paths are the files, globs or folders of images, and Test those held out, or a fraction of them.
	Paths []string `yaml:"paths,omitempty"`
	Test  string   `yaml:"test,omitempty"`
	// Exclude are files, globs or folders that are not to be used, of micrographs.
	Exclude []string `yaml:"exclude,omitempty"`
	// Size is the height and width of procedural images, those that images of files are cropped and resized to, and those
	// of crops of micrographs.
	Size int `yaml:"size,omitempty"`
	// Mask is how micrographs are scanned: spiral, grid, lines, or the path of a mask image; Coverage is the fraction of the
	// pixels that is seen, or a range of fractions, which a mask image has of its own. Each crop is a part of another scan, but for SameMask.
	Mask     string              `yaml:"mask,omitempty"`
	Coverage micrograph.Coverage `yaml:"coverage,omitempty"`
	SameMask bool                `yaml:"same-mask,omitempty"`
	// Dose is the number of electrons in a pixel of procedural micrographs; 0 stands for one of each image's own.
	Dose float64 `yaml:"dose,omitempty"`
	// Corrupt is what is wrong with a share of the images that are trained on: shuffled, saturated, nan or heavy-tailed, with the
	// share, as in shuffled:0.01; "" is nothing.
	Corrupt string `yaml:"corrupt,omitempty"`
	// Hash is of the images' content: a run that is resumed on other images is refused.
	Hash string `yaml:"hash,omitempty"`
}

// Largest is the largest height and width of images, in pixels.
const Largest = 1 << 12

// Side is the height and width of the images.
func (d Data) Side() int {
	k, err := d.kind()
	switch {
	case d.Size != 0:
		return d.Size
	case err == nil && k.side != 0:
		return k.side
	case err == nil && k.content == Micrographs:
		return DefaultCrop
	}
	return 32
}

// Content says what the data are; it is "" where the kind is unknown.
func (d Data) Content() Content {
	k, err := d.kind()
	if err != nil {
		return ""
	}
	return k.content
}

// Validate says what is wrong with the data, wherever they lie.
func (d Data) Validate() error {
	if d.Size != 0 && (d.Size < 2 || d.Size > Largest) {
		return fmt.Errorf("size: %d is not within 2 to %d pixels", d.Size, Largest)
	}
	if d.RecordsPerFile < 0 {
		return fmt.Errorf("records-per-file: %d is negative; 0 takes all", d.RecordsPerFile)
	}
	k, err := d.kind()
	if err != nil {
		return err
	}
	if _, err = dataset.ParseCorruption(d.Corrupt); err != nil {
		return err
	}
	if k.content == Micrographs {
		if err = d.validateScan(); err == nil && d.Corrupt != "" {
			err = errors.New("data: corrupt is of images alone, not of micrographs")
		}
	} else if d.Mask != "" || !d.Coverage.IsZero() || d.SameMask || d.Dose != 0 || len(d.Exclude) > 0 {
		err = errors.New("data: mask, coverage, same-mask, dose and exclude are of micrographs alone")
	}
	if err == nil && k.side != 0 && d.Size != 0 && d.Size != k.side {
		err = fmt.Errorf("size: the images of %s are %d by %d, not %d", k.name, k.side, k.side, d.Size)
	}
	return err
}

// Idle names the settings, as flags and specifications name them, that data of this kind make no use of.
func (d Data) Idle() []string {
	var idle []string
	k, err := d.kind()
	if err != nil {
		return nil
	}
	if k.source != inFolder {
		idle = append(idle, "records-per-file")
	}
	if k.source != inFiles {
		idle = append(idle, "test", "exclude")
	}
	if k.source != generated {
		idle = append(idle, "dose")
	} else if k.content != Micrographs || d.drawnMask() {
		idle = append(idle, "data-dir")
	}
	if !d.drawnMask() {
		idle = append(idle, "coverage")
	}
	return idle
}

// WithoutPlace is the data without where they lie.
func (d Data) WithoutPlace() Data {
	d.Dir, d.Paths = "", nil
	return d
}

// Name makes the data those that a user names in a few words, of a content: a kind by its short name, or files, globs and folders.
func (d *Data) Name(content Content, names []string) {
	d.Paths = nil
	for _, k := range kinds {
		if k.content == content && (k.source == inFiles || len(names) == 1 && names[0] == k.short) {
			if d.Kind = k.name; k.source == inFiles {
				d.Paths = names
			}
			return
		}
	}
}

// Differences names what is not the same in the held-out crops of two runs on micrographs: the images, the crops' size, and how
// they are scanned.
func (d Data) Differences(other Data) []string {
	var found []string
	note := func(name string, a, b any) {
		if a != b {
			found = append(found, fmt.Sprintf("%s: %v and %v", name, a, b))
		}
	}
	note("size", d.Side(), other.Side())
	// What is in a mask image is part of the images' hash.
	mask := func(d Data) string {
		if d.drawnMask() {
			return d.mask()
		}
		return "an image"
	}
	note("mask", mask(d), mask(other))
	if d.drawnMask() && other.drawnMask() {
		note("coverage", d.coverage(), other.coverage())
	}
	note("same-mask", d.SameMask, other.SameMask)
	if d.Hash != other.Hash {
		found = append(found, fmt.Sprintf("hash of the images: %.12s… and %.12s…", d.Hash, other.Hash))
	}
	return found
}

// kind is the data's kind.
func (d Data) kind() (*kind, error) {
	if i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == d.Kind }); i >= 0 {
		return &kinds[i], nil
	}
	return nil, fmt.Errorf("data: kind %q is unknown; there are %s, and %s", d.Kind, names(Images), names(Micrographs))
}

// names lists the kinds of a content: "procedural, cifar10 and images".
func names(content Content) string {
	var list []string
	for _, k := range kinds {
		if k.content == content {
			list = append(list, k.name)
		}
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}
