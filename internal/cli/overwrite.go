package cli

import (
	"os"
	"path/filepath"
	"strings"

	"alrc/internal/atomicfile"
)

// wouldOverwrite returns a usage error where one of the files to be written is one that is read, or is there in a folder that
// is read, or is written twice: a measurement is not to be lost by a slip. Names that are "" are of nothing.
func wouldOverwrite(written, read []string) error {
	for i, file := range written {
		if file == "" || atomicfile.IsStream(file) {
			continue
		}
		for _, other := range written[:i] {
			if other != "" && isSame(file, other) {
				return usageError("%s would be written twice: name another file", file)
			}
		}
		for _, other := range read {
			if other != "" && (isSame(file, other) || isIn(file, other)) {
				return usageError("%s is read, and would be replaced by what is written: name another file", file)
			}
		}
	}
	return nil
}

// foldersThere returns a usage error where a file is to be written to a folder that is not there: it would be a pity to find out
// after minutes of work. Names that are "" are of nothing.
func foldersThere(files ...string) error {
	for _, file := range files {
		if folder := filepath.Dir(file); file != "" && !isThere(folder) {
			return usageError("%s: there is no folder %s", file, folder)
		}
	}
	return nil
}

// isSame reports whether two paths are of one file, which need not be there.
func isSame(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// isIn reports whether a file is there, in a folder or below it. Pages are never read, and may be written again.
func isIn(file, folder string) bool {
	inside, err := filepath.Rel(folder, file)
	return err == nil && filepath.Ext(file) != ".html" && filepath.IsLocal(inside) && isThere(file) && isFolder(folder)
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// pictureBeside is the name of the picture beside an image file that is written.
func pictureBeside(file string) string {
	if atomicfile.IsStream(file) { // which has no folder for a picture
		return ""
	}
	return strings.TrimSuffix(file, filepath.Ext(file)) + ".png"
}
