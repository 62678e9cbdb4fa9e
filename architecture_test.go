package alrc_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const architecturePage = "docs/architecture.md"

// room is a row of the page's table: the packages of a room, as the go command's patterns, and what they may import. An
// import is named by its path, or by its end or beginning: tiff, format/tiff and format all allow alrc/internal/format/tiff.
type room struct {
	patterns, imports []string
	row               string
}

// readRooms reads the page's table.
func readRooms(t *testing.T) (rooms []room) {
	content, err := os.ReadFile(architecturePage)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(content), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`") {
			continue
		}
		r := room{row: line}
		for i, part := range strings.Split(cells[1], "`") {
			if i%2 == 1 && (part == "." || strings.Contains(part, "/")) {
				r.patterns = append(r.patterns, strings.TrimSuffix(part, "/"))
			}
		}
		for _, name := range strings.Split(strings.ReplaceAll(cells[3], "`", ""), ",") {
			if name = strings.TrimSpace(name); name != "" && name != "the standard library alone" && name != "GoMLX" {
				r.imports = append(r.imports, name)
			}
		}
		rooms = append(rooms, r)
	}
	return rooms
}

// has says whether a package, by its folder, is in the room.
func (r room) has(dir string) bool {
	return slices.ContainsFunc(r.patterns, func(pattern string) bool {
		above, all := strings.CutSuffix(pattern, "/...")
		return dir == above || all && strings.HasPrefix(dir, above+"/")
	})
}

// names says whether a name in the table is one of a package, by its folder.
func names(name, dir string) bool {
	if name == "everything below" {
		return true
	}
	if dir == "." {
		return name == "alrc"
	}
	dir = strings.TrimPrefix(dir, "internal/")
	name = strings.TrimPrefix(name, "internal/")
	return dir == name || strings.HasSuffix(dir, "/"+name) || strings.HasPrefix(dir, name+"/")
}

// packageImports lists the folders with packages of this repository, whatever the system they are for, and the folders of
// the packages of this repository that they import.
func packageImports(t *testing.T) map[string][]string {
	imports := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "testdata" || len(name) > 1 && name[0] == '.'):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		dir := path.Dir(filepath.ToSlash(file))
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		imports[dir] = append(imports[dir], []string{}...)
		for _, imported := range parsed.Imports {
			full, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				return err
			}
			if full == "alrc" {
				imports[dir] = append(imports[dir], ".")
			} else if within, ok := strings.CutPrefix(full, "alrc/"); ok {
				imports[dir] = append(imports[dir], within)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}

// describe writes the row with what the packages of the room import.
func (r room) describe(all map[string][]string) string {
	var list []string
	for dir, imported := range all {
		for _, other := range imported {
			if r.has(dir) && !r.has(other) {
				list = append(list, shortName(other))
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	cells := strings.Split(r.row, "|")
	for _, words := range []string{"everything below", "the standard library alone"} {
		if strings.Contains(cells[3], words) {
			list = []string{words}
		}
	}
	if strings.Contains(cells[3], "GoMLX") {
		list = append(list, "GoMLX")
	}
	cells[3] = " " + strings.Join(list, ", ") + " "
	if len(list) == 0 {
		cells[3] = " "
	}
	return strings.Join(cells, "|")
}

// shortName is how the table calls a package, by its folder.
func shortName(dir string) string {
	if dir == "." {
		return "`alrc`"
	}
	return path.Base(dir)
}

// The architecture page lists every room, with what it imports of the others, and no more. For rooms that it has,
// "go test -run Architecture -update ." writes what they import.
func TestArchitecture(t *testing.T) {
	rooms, all := readRooms(t), packageImports(t)
	if len(rooms) < 10 || len(all) < 10 {
		t.Fatalf("%d rooms on the page and %d packages: the table cannot be read", len(rooms), len(all))
	}
	if *update {
		content, err := os.ReadFile(architecturePage)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		for _, r := range rooms {
			text = strings.Replace(text, r.row, r.describe(all), 1)
		}
		if err := os.WriteFile(architecturePage, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		rooms = readRooms(t)
	}
	used := map[string]bool{} // row and name
	filled := map[string]bool{}
	for dir, imported := range all {
		at := slices.IndexFunc(rooms, func(r room) bool { return r.has(dir) })
		if at < 0 {
			t.Errorf("%s lists no room for %s/: add a row to its table", architecturePage, dir)
			continue
		}
		r := rooms[at]
		filled[r.row] = true
		slices.Sort(imported)
		for _, other := range slices.Compact(imported) {
			if r.has(other) {
				continue
			}
			listed := false
			for _, name := range r.imports {
				if names(name, other) {
					listed, used[r.row+name] = true, true
				}
			}
			if !listed {
				t.Errorf("%s/ imports %s/, and %s does not list that in the row\n%s", dir, other, architecturePage, r.row)
			}
		}
	}
	for _, r := range rooms {
		if !filled[r.row] {
			t.Errorf("%s has a row for which there is no package:\n%s", architecturePage, r.row)
			continue
		}
		for _, name := range r.imports {
			if !used[r.row+name] {
				t.Errorf("%s lists %s, which nothing there imports, in the row\n%s", architecturePage, name, r.row)
			}
		}
	}
}
