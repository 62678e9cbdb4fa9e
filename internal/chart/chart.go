// Package chart is losses drawn in a browser, to be zoomed and asked: the scripts and the style of pages that are served
// and of reports that hold all they show, and the form in which a report holds its lines.
//
// The axes and the cursor are those of uPlot, in the folder uplot with its licence; the scripts in the folder script are
// this project's own, plain JavaScript that nothing has to build.
package chart

import (
	"embed"
	"strings"
	"sync"
)

//go:embed uplot/uPlot.iife.min.js uplot/uPlot.min.css uplot/LICENSE script/*.js chart.css
var files embed.FS

// scripts are the parts of the library, each using those before it.
var scripts = []string{"line", "words", "pen", "plot", "save", "mark", "chart", "keys"}

// Library returns the scripts that a page of its own kind builds on: uPlot, with its licence, and the object alrc.
var Library = sync.OnceValue(func() string {
	var b strings.Builder
	b.WriteString("/* uPlot, pinned and unchanged.\n" + read("uplot/LICENSE") + "\n*/\n")
	b.WriteString(read("uplot/uPlot.iife.min.js"))
	b.WriteString("\n'use strict';\n")
	for _, name := range scripts {
		b.WriteString(read("script/" + name + ".js"))
	}
	return b.String()
})

// Report returns the script of a report: the library, and what makes charts of the lines that the page holds.
var Report = sync.OnceValue(func() string { return Library() + read("script/report.js") })

// Style returns the style of charts. It takes the colours of the page: --ink, --soft, --frame, --grid, --paper, --panel.
var Style = sync.OnceValue(func() string { return read("uplot/uPlot.min.css") + "\n" + read("chart.css") })

func read(name string) string {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // embedded
	}
	return string(content)
}
