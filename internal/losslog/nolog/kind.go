// Package nolog tells what a file is that is no log of a training, by its first bytes, by the structure of a JSON document, or by
// the shapes of a text's lines.
package nolog

import (
	"fmt"

	"alrc/internal/losslog/plaintext"
)

// Kind is what a file is that is no log.
type Kind struct {
	What    string // "an image"
	Instead string // what to do, or to give instead
	// Beside says that console output may hold such lines, too: a few losses among them are losses all the same.
	Beside bool
}

const (
	GiveLog     = "give the log of the training: its console output, or a table, JSON lines or event files that it wrote"
	giveNumbers = "give the numbers that were drawn, as a table or as console output"
	saveAsCSV   = "save it as CSV, and give that"
	unpack      = "unpack it, and give the log in it"
	runIt       = "run it, and give what it prints"
)

// Err is the error for such a file.
func (k Kind) Err() error {
	return fmt.Errorf("it seems to be %s, and holds no losses of a training; %s", k.What, k.Instead)
}

// ErrOf is the error for such a file at a path.
func (k Kind) ErrOf(path string) error { return fmt.Errorf("%s: %w", path, k.Err()) }

// Of tells what a text is that is no log, as far as its structure says; ok is false where nothing speaks against a log.
func Of(text []byte) (k Kind, ok bool) {
	if k, ok := documentKind(text); ok || isDocument(plaintext.TrimStart(text)) {
		return k, ok
	}
	return structureOf(text)
}
