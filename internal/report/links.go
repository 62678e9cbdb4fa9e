package report

import (
	"net/url"
	"path/filepath"
)

// link is the address of a file or a folder for a page in the folder dir, empty where there is none.
func link(dir, path string) string {
	relative, err := filepath.Rel(dir, path)
	if err != nil {
		return ""
	}
	return (&url.URL{Path: filepath.ToSlash(relative)}).String()
}
