package place

import (
	"fmt"
	"strings"
)

// Content is what data are, whatever their kind: a task learns from one.
type Content string

// The kinds of content.
const (
	Images      Content = "images"
	Micrographs Content = "micrographs"
)

// Kinds names the kinds of data that are of a content, for messages: "procedural, cifar10 and images".
func (c Content) Kinds() string { return names(c) }

// Words are those by which users name data of a content that are no files: "procedural" and "cifar10".
func (c Content) Words() []string {
	var words []string
	for _, k := range kinds {
		if k.content == c && k.short != "" {
			words = append(words, k.short)
		}
	}
	return words
}

// Folders says for a flag's help which folders data of a content may need: "CIFAR-10's binary files (default $CIFAR10)".
func (c Content) Folders() string {
	var list []string
	for _, k := range kinds {
		if k.content == c && k.source == inFolder {
			list = append(list, fmt.Sprintf("%s (default $%s)", k.files, k.variable))
		}
	}
	return strings.Join(list, ", or of ")
}

// source is where data of a kind come from.
type source int

const (
	generated source = iota
	inFolder         // one that [Data.Dir] names
	inFiles          // that [Data.Paths] names
)

// kind is a kind of data.
type kind struct {
	// name is what specifications call the kind, and short what users call it; files have no short name.
	name, short string
	content     Content
	source      source
	// side, where not 0, is the height and width that all images of the kind have.
	side int
	// files says what is in the folder of data that lie in one.
	files string
	// variable, where not "", is the environment variable that names the folder where nothing else does.
	variable string
	// missing says what to do where the data's place is not known.
	missing string
	// open opens data whose place is known.
	open func(Data) (*Set, error)
}

// kinds lists all kinds of data. Files come last within a content, since they match any name.
var kinds []kind

func init() { kinds = []kind{procedural, cifar10, mnist, images, proceduralMicrographs, micrographs} }

// proceduralSeed is that of generated images: runs whose seeds differ learn from the same images, as they do from files.
const proceduralSeed = 0
