package cli

import (
	"fmt"
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

// tell writes a message for people, whose lines are broken at spaces where w is a terminal.
func tell(w io.Writer, format string, arguments ...any) {
	text := fmt.Sprintf(format, arguments...)
	if columns, ok := isTerminal(w); ok {
		text = words.Layout{Width: columns}.Message(text)
	}
	fmt.Fprintln(w, text)
}

// paragraph breaks a text that help has to be put together of, as the rest of help is.
func paragraph(text string) string { return words.Layout{Width: 80}.Wrap(text, "") }
