package replay

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alrc/internal/losslog"
)

// lineWith makes an example of a line in which <> stand around the step and [] around the loss.
func lineWith(text string) losslog.ExampleLine {
	var line losslog.ExampleLine
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '<':
			line.Step[0] = b.Len()
		case '>':
			line.Step[1] = b.Len()
		case '[':
			line.Loss[0] = b.Len()
		case ']':
			line.Loss[1] = b.Len()
		default:
			b.WriteRune(r)
		}
	}
	line.Text = b.String()
	return line
}

func TestExampleShowsWhereNumbersStand(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		width int
		ascii bool
		want  []string
	}{
		"both fit": {[]string{"step <100> lr 0.1 loss [2.5] ok"}, 78, false, []string{
			"step 100 lr 0.1 loss 2.5 ok",
			"     ^ step          ^ loss"}},
		"close together": {[]string{"<1>,[0.5]"}, 78, false, []string{
			"1,0.5",
			"^ step",
			"  ^ loss"}},
		"the loss first": {[]string{"[0.5] at step <10>"}, 78, false, []string{
			"0.5 at step 10",
			"^ loss      ^ step"}},
		"two lines": {[]string{"Epoch <3>", "\tloss: [0.5]"}, 78, false, []string{
			"Epoch 3",
			"      ^ step",
			" loss: 0.5",
			"       ^ loss"}},
		"far apart": {[]string{"step <100> " + strings.Repeat("x=1 ", 40) + "loss [2.5] " + strings.Repeat("y=1 ", 40)}, 60, false, []string{
			"step 100 x=1 x=1 x=1 x=…1 x=1 x=1 loss 2.5 y=1 y=1 y=1 y=…",
			"     ^ step                            ^ loss"}},
		"far apart in ASCII": {[]string{"step <100> " + strings.Repeat("x=1 ", 40) + "loss [2.5]"}, 40, true, []string{
			"step 100 x=1 x=1 x=1 ...x=1 x=1 loss 2.5",
			"     ^ step                     loss ^"}},
		"wide characters": {[]string{"第<3>轮，损失：[0.5]"}, 78, false, []string{
			"第3轮，损失：0.5",
			"  ^ step     ^ loss"}},
		"at the end": {[]string{strings.Repeat("x=1 ", 8) + "loss [2.5]"}, 40, false, []string{
			"x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 loss 2.5",
			"                                loss ^"}},
		"no control characters": {[]string{"a\x1b[1mb\aloss [0.5]"}, 78, false, nil},
	} {
		var e losslog.Example
		for _, line := range c.lines {
			e = append(e, lineWith(line))
		}
		got := exampleLines(e, c.width, c.ascii)
		if c.want != nil {
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		for _, line := range got {
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
				t.Errorf("%s: a control character in %q", name, line)
			}
		}
	}
}
