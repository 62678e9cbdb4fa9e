package evaluation

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"alrc/internal/micrograph"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

func TestShortNames(t *testing.T) {
	for _, test := range []struct{ paths, want []string }{
		{[]string{"/a/none", "/a/alrc-3"}, []string{"none", "alrc-3"}},
		{[]string{"/a/x/none", "/a/y/none"}, []string{"x/none", "y/none"}},
		{[]string{"/a/x/runs/none", "/a/y/runs/none", "/none"}, []string{"x/runs/none", "y/runs/none", "/none"}},
		{[]string{"/a/bilinear"}, []string{"a/bilinear"}},
	} {
		if got := shortNames(test.paths); !slices.Equal(got, test.want) {
			t.Errorf("%v become %v, not %v", test.paths, got, test.want)
		}
	}
}

// The table fits a terminal of 80 columns, and is whole on one of 40, also where nothing but ASCII can be shown.
func TestTableFitsTheTerminal(t *testing.T) {
	numbers := func(value float64) *runfolder.Distribution { return runfolder.Distribute([]float64{value, 3 * value}) }
	nearer := 0.75
	e := &Evaluation{Crops: 12345, Size: 64, ImageCount: 200, Mask: "spiral", Coverage: micrograph.Coverage{Least: 0.05, Most: 0.05}}
	for _, name := range []string{"bilinear", "biharmonic", "runs/first/alrc-3", "diverged"} {
		m := &Method{Name: name, Step: 5, Steps: 20, Nearer: &nearer, BlurredMSE: numbers(0.0123), BlurredPSNR: numbers(31.4), BlurredSSIM: numbers(0.4),
			MSE: numbers(0.1)}
		if name == "diverged" {
			m.BlurredMSE = nil
		}
		e.Methods = append(e.Methods, m)
	}
	for _, l := range []words.Layout{{Width: 80}, {Width: 40}, {Width: 40, ASCII: true}} {
		var text strings.Builder
		if err := e.Write(&text, l); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(text.String(), "\n") {
			if utf8.RuneCountInString(line) > l.Width {
				t.Errorf("at %d columns a line has %d: %q", l.Width, utf8.RuneCountInString(line), line)
			}
			if l.ASCII && strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }) {
				t.Errorf("%q is not ASCII", line)
			}
		}
		for _, want := range []string{"12,345", "0.0246", "runs/first/alrc-3", "75.0", "it diverged", "step 5 of 20"} {
			if !strings.Contains(strings.ReplaceAll(text.String(), "\n", " "), want) {
				t.Errorf("at %d columns %q is missing:\n%s", l.Width, want, text.String())
			}
		}
	}
}
