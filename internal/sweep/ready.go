package sweep

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"alrc/internal/experiment"
)

//go:embed ready/*.yaml
var readyFiles embed.FS

// Ready lists the sweeps that are part of the program, by name.
func Ready() []string {
	files, err := fs.Glob(readyFiles, "ready/*.yaml")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(path.Base(file), ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Load reads a sweep's specification: a ready one by its name, or a file.
func Load(name string) ([]byte, error) {
	if content, err := readyFiles.ReadFile("ready/" + name + ".yaml"); err == nil {
		return content, nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w; give a file, a folder that 'alrc sweep run' made, or one of the sweeps that come with the program: %s", err, strings.Join(Ready(), ", "))
	}
	return experiment.Text(content), nil
}
