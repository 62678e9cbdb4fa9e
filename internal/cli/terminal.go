package cli

import (
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"alrc/internal/words"
)

// isTerminal reports whether w is a terminal, and its width in columns, which is 80 if there is none to know.
func isTerminal(w io.Writer) (columns int, ok bool) {
	file, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return 80, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns < 20 {
		return 80, true
	}
	return columns, true
}

// showsUnicode reports whether the user's locale is one of UTF-8.
func showsUnicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(os.Getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return runtime.GOOS == "windows" || runtime.GOOS == "darwin"
}

// layout is how text is laid out for w: within a terminal's width, and within 80 columns elsewhere.
func layout(w io.Writer) words.Layout {
	columns, _ := isTerminal(w)
	return words.Layout{Width: min(columns, 120), ASCII: !showsUnicode()}
}
