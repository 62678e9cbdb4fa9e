package figure

import (
	"strings"
	"testing"
)

// Without colour, curves are told apart by their characters, in the plot and in the legend.
func TestCurvesWithoutColourDiffer(t *testing.T) {
	plot := Plot{Series: []Series{
		{Name: "no clipping", X: []float64{0, 1, 2}, Y: []float64{1, 1, 1}},
		{Name: "clipped", X: []float64{0, 1, 2}, Y: []float64{2, 2, 2}},
	}}
	var text strings.Builder
	if err := Terminal(&text, plot, 60, 12, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	if !strings.Contains(lines[0], "* no clipping") || !strings.Contains(lines[0], "o clipped") {
		t.Errorf("the legend is %q", lines[0])
	}
	body := strings.Join(lines[1:], "\n")
	if strings.Count(body, "*") < 20 || strings.Count(body, "o") < 20 || strings.ContainsAny(body, "⠒⠤⣀") {
		t.Errorf("the curves are not told apart:\n%s", body)
	}
}
