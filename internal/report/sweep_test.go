package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// sweepRow is a run of a test's sweep.
type sweepRow struct {
	loss, clip string
	batch      int
	seed       int
	mean       float64 // NaN: diverged
	missing    bool
	spikes     int

	heldOut           string
	test, interpolate float64 // 0: it has no such errors
	kriged            float64 // of 100 crops, on which the network's error is the same as on all
}

// writeSweep makes a sweep's folder.
func writeSweep(t *testing.T, rows []sweepRow) string {
	t.Helper()
	dir := t.TempDir()
	varying := []string{"loss", "clip", "seed", "batch-size"}
	var runs []map[string]string
	for i, r := range rows {
		label := fmt.Sprintf("run-%d", i)
		specification := fmt.Sprintf("loss: %s\nclip: %s\nbatch-size: %d\nseed: %d\nsteps: 4000\nwidth: 0.5\n", r.loss, r.clip, r.batch, r.seed)
		if r.heldOut != "" {
			varying = []string{"data.test", "loss", "clip", "seed"}
			specification = "data:\n  test: " + r.heldOut + "\n  hash: of" + r.heldOut + "\n" + specification
		}
		runs = append(runs, map[string]string{"label": label, "specification": specification})
		if r.missing {
			continue
		}
		folder := filepath.Join(dir, runfolder.RunsFolder, label)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		result := map[string]any{"clip": r.clip, "seed": r.seed, "steps": 4000, "last": 1000, "losses": 4000, "clipped": 40}
		if math.IsNaN(r.mean) {
			result["diverged"], result["diverged_step"], result["mean"] = true, 2000, nil
		} else {
			result["mean"] = r.mean
		}
		if r.test > 0 {
			result["test_mse"] = map[string]any{"images": 2000, "mean": r.test, "std": 1}
			result["bilinear_mse"] = map[string]any{"images": 2000, "mean": r.interpolate, "std": 1}
		}
		if r.kriged > 0 {
			result["kriging_mse"] = map[string]any{"images": 100, "mean": r.kriged}
			result["test_mse_first"] = map[string]any{"images": 100, "mean": r.test}
		}
		content, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		var curve strings.Builder
		curve.WriteString("step,steps,raw_loss,max_raw_loss,threshold,clipped\n")
		for step := 2; step <= 4000; step += 2 {
			loss := r.mean * (1 + 20*math.Exp(-float64(step)/300))
			if at := step % 1000; r.spikes > 0 && step/1000 > 0 && step/1000 <= r.spikes && at < 120 {
				loss *= 10
			}
			fmt.Fprintf(&curve, "%d,2,%g,%g,,0\n", step, loss, loss)
		}
		for name, content := range map[string]string{"result.json": string(content), runfolder.CurveFile: strings.ReplaceAll(curve.String(), "NaN", "")} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	content, err := json.Marshal(map[string]any{"title": "A test's table", "command": "alrc sweep run x.yaml",
		"varying": varying, "runs": runs})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, runfolder.PlanFile), content, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tableRows is a sweep in which clipping helps quartic losses at batch size 1 and does nothing else.
func tableRows() (rows []sweepRow) {
	noise := []float64{1, 1.1, 0.95, 1.02}
	for seed, factor := range noise {
		for _, loss := range []string{"quartic", "squared"} {
			for _, batch := range []int{16, 1, 4} {
				for k, clip := range []string{"alrc:2", "none", "alrc:3"} {
					mean := 20 * factor / float64(batch)
					if loss == "quartic" && batch == 1 && clip == "alrc:2" {
						mean *= 0.6 + 0.01*float64(seed)
					} else {
						mean *= 1 + 0.01*float64((seed+k)%3-1)
					}
					rows = append(rows, sweepRow{loss: loss, clip: clip, batch: batch, seed: seed, mean: mean})
				}
			}
		}
	}
	return rows
}

func TestSweepTableIsThePublishedLayout(t *testing.T) {
	s, err := LoadSweep(writeSweep(t, tableRows()))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Clips, []string{"none", "alrc:2", "alrc:3"}) {
		t.Errorf("the rows are %q", s.Clips)
	}
	var names []string
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			names = append(names, block.Name+", "+column.Name)
		}
	}
	want := []string{"squared loss, batch size 1", "squared loss, batch size 4", "squared loss, batch size 16",
		"quartic loss, batch size 1", "quartic loss, batch size 4", "quartic loss, batch size 16"}
	if !slices.Equal(names, want) {
		t.Errorf("the blocks and columns are %q", names)
	}
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				helped := block.Name == "quartic loss" && column.Name == "batch size 1" && cell.Clip == "alrc:2"
				if cell.Estimates[trainingLoss].significant() != helped {
					t.Errorf("%s, %s, %s: p = %v", block.Name, column.Name, cell.Clip, cell.Estimates[trainingLoss].P)
				}
				if helped && !cell.Estimates[trainingLoss].Best {
					t.Error("the lowest mean is not the best")
				}
			}
		}
	}
	if s.Comparisons[trainingLoss] != 12 {
		t.Errorf("%d comparisons", s.Comparisons[trainingLoss])
	}
	if first := s.Sentences()[3]; !strings.HasPrefix(first, "Quartic loss, batch size 1: the loss is 20.4 ± 1.4 without clipping and 12.51 ± 0.76 with ALRC, n = 2 (−39 %, 95 % interval −41 % to −36 %, significant: p = ") {
		t.Errorf("it says %q", first)
	}
}

// A clipping that one block alone has is a row of that block alone, and the best of a column is marked in the right row.
func TestRowsAreThoseOfTheBlock(t *testing.T) {
	s, err := LoadSweep(writeSweep(t, []sweepRow{
		{loss: "squared", clip: "none", batch: 1, mean: 3}, {loss: "squared", clip: "constant:10", batch: 1, mean: 2},
		{loss: "quartic", clip: "none", batch: 1, mean: 3}, {loss: "quartic", clip: "constant:30", batch: 1, mean: 2},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"constant threshold 10", "constant threshold 30"} {
		_, rows := s.measureTable(s.Blocks[i], trainingLoss)
		best := s.best(s.Blocks[i], trainingLoss)
		if len(rows) != 2 || rows[0][0] != "no clipping" || rows[1][0] != want || !slices.Equal(best, [][2]int{{1, 1}}) {
			t.Errorf("block %d has the rows %q, best %v", i, rows, best)
		}
	}
}

// For three pairs t is mean/(s/sqrt(3)), and with its two degrees of freedom p is 1 - |t|/sqrt(t^2+2).
func TestPairedTestAndHolm(t *testing.T) {
	cell := func(means ...float64) *Cell {
		c := &Cell{}
		for seed, mean := range means {
			c.Runs = append(c.Runs, &sweepRun{seed: uint64(seed), result: &runfolder.Result{Mean: runfolder.Number(mean)}})
		}
		return c
	}
	differences := []float64{-0.3, -0.2, -0.25}
	base := cell(10, 20, 15)
	other := cell(10*math.Exp(differences[0]), 20*math.Exp(differences[1]), 15*math.Exp(differences[2]))
	value := -0.25 / (0.05 / math.Sqrt(3))
	want := 1 - math.Abs(value)/math.Sqrt(value*value+2)
	if got := other.effectOn(base, trainingLoss).p; math.Abs(got-want) > 1e-9 {
		t.Errorf("p = %v, want %v", got, want)
	}
	if got := base.effectOn(base, trainingLoss).p; got != 1 {
		t.Errorf("runs that are the same differ with p = %v", got)
	}
	other.Runs[2].result.Diverged = true
	if got := other.effectOn(base, trainingLoss).p; math.IsNaN(got) {
		t.Error("two pairs are enough for a test")
	}
	other.Runs[1].result.Diverged = true
	if got := other.effectOn(base, trainingLoss).p; !math.IsNaN(got) {
		t.Errorf("one pair gives p = %v", got)
	}
	// The interval holds the mean change, -0.25 in logarithms, and is as wide as t at two degrees of freedom says.
	other = cell(10*math.Exp(differences[0]), 20*math.Exp(differences[1]), 15*math.Exp(differences[2]))
	e := other.effectOn(base, trainingLoss)
	reach := 4.302652729749464 * 0.05 / math.Sqrt(3)
	if math.Abs(e.change-math.Expm1(-0.25)) > 1e-9 || math.Abs(e.low-math.Expm1(-0.25-reach)) > 1e-9 || math.Abs(e.high-math.Expm1(-0.25+reach)) > 1e-9 {
		t.Errorf("the effect is %v, from %v to %v", e.change, e.low, e.high)
	}
	cells := []*Estimate{{P: 0.04}, {P: 0.01}, {P: 0.03}, {P: 0.9}}
	holm(cells)
	for i, want := range []float64{0.09, 0.04, 0.09, 0.9} {
		if math.Abs(cells[i].P-want) > 1e-12 {
			t.Errorf("p-value %d is corrected to %v, not %v", i, cells[i].P, want)
		}
	}
}

func TestDivergedRunsComeLast(t *testing.T) {
	nan := math.NaN()
	dir := writeSweep(t, []sweepRow{
		{loss: "squared", clip: "none", batch: 1, seed: 0, mean: 3}, {loss: "squared", clip: "none", batch: 1, seed: 1, mean: nan},
		{loss: "squared", clip: "alrc:2", batch: 1, seed: 0, mean: 4}, {loss: "squared", clip: "alrc:2", batch: 1, seed: 1, mean: 5},
		{loss: "squared", clip: "none", batch: 4, seed: 0, mean: nan}, {loss: "squared", clip: "none", batch: 4, seed: 1, mean: nan},
		{loss: "squared", clip: "alrc:2", batch: 4, seed: 0, mean: 4}, {loss: "squared", clip: "alrc:2", batch: 4, seed: 1, missing: true},
	})
	s, err := LoadSweep(dir)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := s.Table(&text, words.Layout{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3.000, 1 of 2 diverged", "> 4.50 ± 0.71", "2 of 2 diverged", "  4.000, 1 missing"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	sentences := strings.Join(s.Sentences(), "\n")
	if !strings.Contains(sentences, "Squared loss, batch size 4: without clipping 2 of 2 runs diverged; with ALRC, n = 2 the loss is 4.000") ||
		!strings.Contains(sentences, "1 run is not done yet") {
		t.Errorf("it says\n%s", sentences)
	}
}

func TestNoneIsBestWhereAllAreTheSame(t *testing.T) {
	s, err := LoadSweep(writeSweep(t, []sweepRow{{loss: "squared", clip: "none", batch: 1, mean: 3}, {loss: "squared", clip: "alrc:2", batch: 1, mean: 3}}))
	if err != nil {
		t.Fatal(err)
	}
	if places := s.best(s.Blocks[0], trainingLoss); len(places) > 0 {
		t.Errorf("the best are %v", places)
	}
}

// Runs that are missing, ties and what may be chance have neither a percentage nor bold type.
func TestOnlyLikeIsComparedWithLike(t *testing.T) {
	run := func(clip string, seed int, mean float64) sweepRow {
		return sweepRow{loss: "squared", clip: clip, batch: 1, seed: seed, mean: mean}
	}
	missing := run("alrc:2", 1, 0)
	missing.missing = true
	for _, test := range []struct {
		name string
		rows []sweepRow
		want string
		best bool
	}{
		{"half done", []sweepRow{run("none", 0, 5), run("none", 1, 4.8), run("alrc:2", 0, 5), missing},
			"so far, over 1 seed, the loss is 5.000 without clipping and 5.000 with ALRC, n = 2; 1 run is missing.", false},
		{"half done, and lower", []sweepRow{run("none", 0, 5), run("none", 1, 9), run("alrc:2", 0, 4), missing},
			"so far, over 1 seed, the loss is 5.000 without clipping and 4.000 with ALRC, n = 2; 1 run is missing.", false},
		{"tie", []sweepRow{run("none", 0, 3), run("alrc:2", 0, 3)}, "the loss is 3.000 without clipping and 3.000 with ALRC, n = 2.", false},
		{"chance", []sweepRow{run("none", 0, 3), run("none", 1, 4), run("alrc:2", 0, 2.9), run("alrc:2", 1, 4.05)},
			"with ALRC, n = 2, no significant difference: p = ", false},
		{"not tested", []sweepRow{run("none", 0, 4), run("alrc:2", 0, 3)}, "3.000 with ALRC, n = 2 (−25 %).", true},
		{"tested", []sweepRow{run("none", 0, 4), run("none", 1, 5), run("alrc:2", 0, 2), run("alrc:2", 1, 2.5001)},
			"with ALRC, n = 2 (−50 %, 95 % interval −50 % to −50 %, significant: p = ", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := LoadSweep(writeSweep(t, test.rows))
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Sentences()[0]; !strings.Contains(got, test.want) || !test.best && strings.ContainsAny(strings.TrimPrefix(got, "95 %"), "%") {
				t.Errorf("it says %q, and not %q", got, test.want)
			}
			if best := s.best(s.Blocks[0], trainingLoss); len(best) > 0 != test.best {
				t.Errorf("the best are %v", best)
			}
		})
	}
}

// Runs without clipping do not depend on its decay, so that they are what every decay is compared with.
func TestRunsWithoutClippingStandInEveryColumnOfClipping(t *testing.T) {
	dir := t.TempDir()
	var runs []map[string]string
	for i, r := range []struct {
		clip, decay string
		mean        float64
	}{{"none", "0.999", 4}, {"alrc:2", "0.999", 3}, {"alrc:2", "0.9", 2}} {
		label := fmt.Sprintf("run-%d", i)
		runs = append(runs, map[string]string{"label": label, "specification": fmt.Sprintf("clip: %s\ndecay: %s\nseed: 0\nsteps: 40\n", r.clip, r.decay)})
		folder := filepath.Join(dir, runfolder.RunsFolder, label)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "result.json"), fmt.Sprintf(`{"clip":%q,"steps":40,"last":10,"mean":%v}`, r.clip, r.mean))
	}
	plan, err := json.Marshal(map[string]any{"title": "t", "varying": []string{"clip", "decay"}, "runs": runs})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, runfolder.PlanFile), string(plan))
	s, err := LoadSweep(dir)
	if err != nil {
		t.Fatal(err)
	}
	sentences := strings.Join(s.Sentences(), "\n")
	for _, want := range []string{"Decay 0.9: the loss is 4.000 without clipping and 2.000 with ALRC, n = 2 (−50 %).", "Decay 0.999: the loss is 4.000"} {
		if !strings.Contains(sentences, want) {
			t.Errorf("no %q in\n%s", want, sentences)
		}
	}
	if !strings.HasPrefix(s.origin(), "3 of 3 runs done") {
		t.Errorf("it says %q", s.origin())
	}
}

func TestSpikesAreCounted(t *testing.T) {
	for _, spikes := range []int{0, 1, 3} {
		s, err := LoadSweep(writeSweep(t, []sweepRow{{loss: "squared", clip: "none", batch: 1, mean: 5, spikes: spikes}}))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Blocks[0].Columns[0].Cells[0].Spikes; got != float64(spikes) {
			t.Errorf("%v episodes of %d", got, spikes)
		}
	}
}

func TestSweepFiles(t *testing.T) {
	dir := writeSweep(t, tableRows())
	if err := os.WriteFile(filepath.Join(dir, runfolder.FailuresFile), []byte(`[{"label":"run-9","failures":[{"error":"first"},{"error":"disk & fire"}]}]`), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := LoadSweep(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	rows, err := csv.NewReader(strings.NewReader(file("table.csv"))).ReadAll()
	if err != nil || len(rows) != 1+18 {
		t.Fatalf("table.csv has %d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		mean, err := strconv.ParseFloat(row[6], 64)
		if err != nil || !(mean > 0) || row[3] != "4" {
			t.Errorf("table.csv: %q", row)
		}
	}
	for name, wants := range map[string][]string{
		"report.html": {"run-9: disk &amp; fire", "class=\" best\"", "paired t-test", "Holm", "<svg", "alrc sweep run x.yaml"},
		"report.md":   {"# A test's table", "## Squared loss", "![Learning curves](curves-quartic-loss.png)", `**12.51 ± 0.76 \***`, "## Spike episodes"},
		"table.tex":   {`\begin{tabular}{lrrr}`, `\multicolumn{4}{l}{\textit{Quartic loss}}`, `\textbf{12.51 $\pm$ 0.76 *}`, `\end{tabular}`},
	} {
		for _, want := range wants {
			if !strings.Contains(file(name), want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
	}
	for _, name := range []string{"curves-squared-loss.png", "curves-quartic-loss.svg"} {
		if len(file(name)) < 1000 {
			t.Errorf("%s has %d bytes", name, len(file(name)))
		}
	}
	if latex, err := exec.LookPath("pdflatex"); err == nil {
		document := "\\documentclass{article}\\begin{document}" + file("table.tex") + "\\end{document}"
		command := exec.Command(latex, "-interaction=nonstopmode", "-halt-on-error")
		command.Stdin, command.Dir = strings.NewReader(document), dir
		if text, err := command.CombinedOutput(); err != nil {
			t.Errorf("LaTeX does not take the table: %v\n%s", err, text)
		}
	}
}

func TestSweepsThatCannotBeRead(t *testing.T) {
	if _, err := LoadSweep(t.TempDir()); err == nil {
		t.Error("an empty folder was taken for a sweep's")
	}
	_, err := LoadSweep(writeSweep(t, []sweepRow{{loss: "squared", clip: "none", batch: 1, missing: true}}))
	if err == nil || !strings.Contains(err.Error(), "none of the sweep's 1 runs is done yet") {
		t.Errorf("the error is %v", err)
	}
	dir := writeSweep(t, tableRows())
	if err := os.WriteFile(filepath.Join(dir, runfolder.RunsFolder, "run-3", runfolder.ResultFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSweep(dir); err == nil || !strings.Contains(err.Error(), "run-3") {
		t.Errorf("the error is %v", err)
	}
}
