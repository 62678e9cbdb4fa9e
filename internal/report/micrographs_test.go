package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// Runs of the task micrographs have a second output, and errors beside those of linear interpolation.
func TestMicrographsReport(t *testing.T) {
	out := t.TempDir()
	for _, m := range []madeRun{{clip: "none", steps: 400, level: 1.2}, {clip: "alrc:3", steps: 400, level: 1.1, threshold: 3}} {
		writeRun(t, out, m)
		dir := filepath.Join(out, m.label())
		lines := strings.Split(strings.TrimSpace(read(t, filepath.Join(dir, "metrics.csv"))), "\n")
		lines[0] += ",half_loss,half_threshold,half_scale"
		for i := range lines[1:] {
			lines[i+1] += fmt.Sprintf(",%d,,1", 7+i)
		}
		write(t, filepath.Join(dir, "metrics.csv"), strings.Join(lines, "\n")+"\n")
		var result map[string]any
		if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "result.json"))), &result); err != nil {
			t.Fatal(err)
		}
		result["test_mse"] = map[string]any{"images": 2000, "mean": 0.0123, "std": 0.0456, "median": 0.0078}
		result["bilinear_mse"] = map[string]any{"images": 2000, "mean": 0.0321}
		content, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "result.json"), string(content))
	}
	c, err := Load(out)
	if err != nil {
		t.Fatal(err)
	}
	// A run has one name on the page, and the headline says when no network was needed.
	_, rows := c.table()
	if table := c.errorTables()[0]; table.Rows[0][0] != rows[0][0] || table.Rows[1][0] != rows[1][0] {
		t.Errorf("the same runs are %q and %q", rows, table.Rows)
	}
	const headline = "Linear interpolation, without any network, is nearer to the truth than every network here: its mean squared error on" +
		" held-out crops is 0.0"
	if first := c.Sentences()[0]; strings.HasPrefix(first, headline) {
		t.Errorf("of networks that are better it says %q", first)
	}
	for _, g := range c.Groups {
		g.Runs[0].result.BilinearMSE.Mean = 0.01
	}
	if first := c.Sentences()[0]; !strings.HasPrefix(first, headline) {
		t.Errorf("of networks that are worse it says %q", first)
	}
	for _, g := range c.Groups {
		g.Runs[0].result.BilinearMSE.Mean = 0.0321
	}
	// So it does of kriging, on the crops that kriging completed.
	for _, g := range c.Groups {
		g.Runs[0].result.KrigingMSE = &runfolder.Distribution{Images: 100, Mean: 0.011}
		g.Runs[0].result.FirstMSE = &runfolder.Distribution{Images: 100, Mean: 0.0111}
	}
	if first, want := c.Sentences()[0], "Kriging, without any network, is nearer to the truth than every network here: its mean squared error on"+
		" the first 100 held-out crops is 0.011, and that of the networks is 0.0111 without clipping and 0.0111 with ALRC, n = 3."; first != want {
		t.Errorf("of kriging that is better it says %q", first)
	}
	if tables := c.errorTables(); len(tables) != 2 || len(tables[1].Rows) != 3 || tables[1].Rows[2][0] != "kriging" || tables[1].Rows[2][2] != "0.011" {
		t.Errorf("the tables are %+v", tables)
	}
	if half := c.Groups[0].Runs[0].half; len(half) != 400 || half[0] != 7 || half[399] != 406 {
		t.Errorf("the losses of the second output are %.40v", half)
	}
	var page bytes.Buffer
	if err := c.page().Write(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"clipped by itself", "held-out crops", "2,000", "0.0123", "0.0456", "linear interpolation", "0.0321"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Sweeps of the task have a table of errors, beside linear interpolation, in columns of what was held out.
func TestMicrographsSweep(t *testing.T) {
	var rows []sweepRow
	for seed := range 4 {
		for k, heldOut := range []string{"truth-2.tif", "truth-1.tif"} {
			for _, clip := range []string{"alrc:3", "none"} {
				row := sweepRow{loss: "squared", clip: clip, batch: 1, seed: seed, mean: 9, heldOut: heldOut,
					test: 0.02 * float64(1+k) * (1 + 0.01*float64(seed)), interpolate: 0.0123 * float64(1+k)}
				if clip == "none" {
					row.test *= 1.5 + 0.01*float64(seed%2)
				}
				rows = append(rows, row)
			}
		}
	}
	dir := writeSweep(t, rows)
	s, err := LoadSweep(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := s.Table(&text, words.Layout{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"truth-1.tif            truth-2.tif\n", "no clipping               0.06110 ± 0.00091      0.03055 ± 0.00045\n",
		"ALRC, n = 3           > 0.04060 ± 0.00052 *  > 0.02030 ± 0.00026 *\n", "linear interpolation                 0.0246                 0.0123\n",
		"completions of 2,000 held-out crops"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	for name, wants := range map[string][]string{
		"test-error.csv": {"squared loss,truth-2.tif,linear interpolation,,,,0.0123,", "squared loss,truth-1.tif,none,4,4,0,0.061104,"},
		"test-error.tex": {`& \textbf{0.02030 $\pm$ 0.00026 *} \\`, `linear interpolation & 0.0246 & 0.0123 \\`},
		"report.md":      {`| **0.04060 ± 0.00052 \*** |`, "| linear interpolation | 0.0246 | 0.0123 |", "that of linear interpolation is 0.0123"},
		"report.html":    {"Errors on held-out crops", "0.04060 ± 0.00052 *", "linear interpolation"},
	} {
		content := read(t, filepath.Join(dir, name))
		for _, want := range wants {
			if !strings.Contains(content, want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
	}
	// What differs between runs is no setting that all share.
	if page := read(t, filepath.Join(dir, "report.html")); strings.Contains(page, "oftruth-") {
		t.Error("the hash of the first run's images stands for all")
	}
	if sentence := s.Sentences()[2]; sentence != "Squared loss, truth-1.tif: the test error is 0.06110 ± 0.00091 without clipping and 0.04060 ± 0.00052"+
		" with ALRC, n = 3 (−34 %, 95 % interval −34 % to −33 %, significant: p = 4.6e-07); that of linear interpolation is 0.0246, lower than both." {
		t.Errorf("it says %q", sentence)
	}
}

// Beside kriging a sweep says on which crops, and how many networks are nearer to the truth.
func TestMicrographsSweepBesideKriging(t *testing.T) {
	sweep := func(tests ...float64) *Sweep {
		var rows []sweepRow
		for seed := range 2 {
			for i, clip := range []string{"none", "alrc:3"} {
				rows = append(rows, sweepRow{loss: "squared", clip: clip, batch: 1, seed: seed, mean: 9, heldOut: "truth-1.tif",
					test: tests[i], interpolate: 0.03, kriged: 0.01})
			}
		}
		dir := writeSweep(t, rows)
		s, err := LoadSweep(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
		if table := read(t, filepath.Join(dir, "test-error.csv")); !strings.Contains(table, ",kriging,,,,0.01,") {
			t.Errorf("test-error.csv: no kriging in\n%s", table)
		}
		return s
	}
	for _, test := range []struct {
		s              *Sweep
		note, sentence string
	}{
		{sweep(0.02, 0.02), "kriging is of the first 100 crops alone, since it takes longer. No network is nearer to the truth than kriging on those crops.",
			"; that of kriging, on the first 100 held-out crops, is 0.01, lower than every network's there."},
		{sweep(0.02, 0.005), "Nearer to the truth than kriging on those crops: the networks of 2 of 4 runs.",
			"; that of kriging, on the first 100 held-out crops, is 0.01, higher than that of 2 of 4 networks there."},
	} {
		if note := test.s.explanation(testError); !strings.Contains(note, test.note) {
			t.Errorf("no %q in %q", test.note, note)
		}
		if text := strings.Join(test.s.Sentences(), "\n"); !strings.Contains(text, test.sentence) {
			t.Errorf("no %q in %q", test.sentence, text)
		}
	}
}

// Columns and rows say briefly which data runs are of.
func TestDataInWords(t *testing.T) {
	for _, test := range [][3]string{
		{"data.test", "truth-1.tif", "truth-1.tif"}, {"data.test", "0.2", "test 0.2"}, {"data.test", "by default", "test by default"},
		{"data.kind", "procedural-micrographs", "generated micrographs"}, {"data.dose", "10", "dose 10"},
	} {
		if got := settingText(test[0], test[1]); got != test[2] {
			t.Errorf("%s %s is %q, not %q", test[0], test[1], got, test[2])
		}
	}
	if got := words.Capital("truth-1.tif, squared loss"); got != "truth-1.tif, squared loss" {
		t.Errorf("a file is called %q", got)
	}
}
