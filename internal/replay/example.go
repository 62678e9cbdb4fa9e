package replay

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"alrc/internal/figure"
	"alrc/internal/losslog"
)

// exampleLines shows an example in lines of at most so many columns: each of the log's with, below it, marks where the
// loss and the step begin.
func exampleLines(e losslog.Example, width int, ascii bool) (lines []string) {
	for _, line := range e {
		text, below, column := "", "", 0
		var full []string
		for _, piece := range excerptOf(line, width, ascii) {
			if piece.Label != "" {
				mark, at := "^ "+piece.Label, column
				if at+len(mark) > width {
					mark, at = piece.Label+" ^", column-len(mark)+1
				}
				if below != "" && at <= len(below) {
					full, below = append(full, below), ""
				}
				below += strings.Repeat(" ", at-len(below)) + mark
			}
			text += piece.Text
			column += runewidth.StringWidth(piece.Text)
		}
		lines = append(append(append(lines, text), full...), below)
	}
	return lines
}

// examplePieces is an example for a page, which breaks lines itself: they are whole, but for those that are very long.
func examplePieces(e losslog.Example) (pieces []figure.Piece) {
	const longest = 400
	for i, line := range e {
		if i > 0 {
			pieces = append(pieces, figure.Piece{Text: "\n"})
		}
		pieces = append(pieces, excerptOf(line, longest, false)...)
	}
	return pieces
}

// excerptOf leaves out of a line what is farthest from its loss and its step, so that it fits. These have labels.
func excerptOf(line losslog.ExampleLine, width int, ascii bool) []figure.Piece {
	columns := func(pieces []figure.Piece) (n int) {
		for _, piece := range pieces {
			n += runewidth.StringWidth(piece.Text)
		}
		return n
	}
	whole := cutAround(line, len(line.Text), ascii)
	if columns(whole) <= width {
		return whole
	}
	const nearest = 8
	fits := cutAround(line, nearest, ascii)
	for around := nearest + 1; ; around++ {
		longer := cutAround(line, around, ascii)
		if columns(longer) > width {
			return fits
		}
		fits = longer
	}
}

// cutAround leaves so many bytes before and behind the loss and the step of a line.
func cutAround(line losslog.ExampleLine, around int, ascii bool) (pieces []figure.Piece) {
	ellipsis := "…"
	if ascii {
		ellipsis = "..."
	}
	type place struct {
		at    [2]int
		label string
	}
	places := slices.DeleteFunc([]place{{line.Step, "step"}, {line.Loss, "loss"}}, func(p place) bool { return p.at[1] == 0 })
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.at[0], b.at[0]) })
	written := 0
	// plain adds what stands before a number, or behind the last one: its beginning belongs to the number before, its end to the next.
	plain := func(end int, isFirst, isLast bool) {
		text := line.Text[written:end]
		head, tail := around, around
		if isFirst {
			head = 0
		}
		if isLast {
			tail = 0
		}
		if len(text) > head+tail+len(ellipsis) {
			text = printable(whole(text[:head]), ascii) + ellipsis + printable(whole(text[len(text)-tail:]), ascii)
		} else {
			text = printable(text, ascii)
		}
		pieces = append(pieces, figure.Piece{Text: text})
	}
	for i, p := range places {
		plain(p.at[0], i == 0, false)
		pieces = append(pieces, figure.Piece{Text: line.Text[p.at[0]:p.at[1]], Label: p.label})
		written = p.at[1]
	}
	plain(len(line.Text), len(places) == 0, true)
	return pieces
}

// whole leaves out the parts of characters at the ends of a text that was cut.
func whole(text string) string { return strings.ToValidUTF8(text, "") }

// printable has a space or a question mark in the place of what does not show.
func printable(text string, ascii bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case ascii && r >= utf8.RuneSelf, !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, text)
}
