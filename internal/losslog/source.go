package losslog

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// series is the files of one run, in order, all of one format.
type series struct {
	name  string // of the run, where a folder holds several
	files []file
}

// file is one file of a series. Standard input is a temporary file by now.
type file struct {
	path     string // for messages
	real     string // to open
	verbatim bool   // its lines are taken as they are, with what loggers write before them
	isColumn bool   // one of the series side by side of a document is read, and no table made of these
}

// spool copies standard input to a temporary file, since a log may have to be read twice. The caller calls remove.
func spool(r io.Reader) (path string, remove func(), err error) {
	temporary, err := os.CreateTemp("", "alrc-replay-*")
	if err != nil {
		return "", nil, fmt.Errorf("keep standard input: %w", err)
	}
	remove = func() { os.Remove(temporary.Name()) }
	_, err = io.Copy(temporary, r)
	if err = errors.Join(err, temporary.Close()); err != nil {
		remove()
		return "", nil, fmt.Errorf("keep standard input: %w", err)
	}
	return temporary.Name(), remove, nil
}

// expand finds the runs that inputs hold. Plain files together are one run, in the order given; a folder holds one
// run or several.
func expand(inputs []string, stdin io.Reader) (runs []series, note string, remove func(), err error) {
	remove = func() {}
	var together series
	for _, input := range inputs {
		if input == "-" {
			path, removeSpooled, err := spool(stdin)
			if err != nil {
				return nil, "", remove, err
			}
			before := remove
			remove = func() { before(); removeSpooled() }
			together.files = append(together.files, file{path: "standard input", real: path})
			continue
		}
		info, err := os.Stat(input)
		if err != nil {
			return nil, "", remove, err
		}
		if !info.IsDir() {
			together.files = append(together.files, file{path: input, real: input})
			continue
		}
		found, why, err := folder(input)
		if err != nil {
			return nil, "", remove, err
		}
		if len(inputs) > 1 && len(found) == 1 {
			together.files = append(together.files, found[0].files...)
		} else {
			runs = append(runs, found...)
		}
		note = why
	}
	if len(together.files) > 0 {
		runs = append(runs, together)
	}
	return runs, note, remove, nil
}
