// Package page is the page that a server of runs shows: its files, plain HTML, JavaScript and CSS, beside the drawing code
// of package chart.
package page

import (
	"embed"

	"alrc/internal/chart"
)

//go:embed *.html *.js *.css *.svg
var files embed.FS

// File returns a file of the page by its name, such as index.html.
func File(name string) (content []byte, ok bool) {
	switch name {
	case "chart.js":
		return []byte(chart.Library()), true
	case "chart.css":
		return []byte(chart.Style()), true
	}
	content, err := files.ReadFile(name)
	return content, err == nil
}
