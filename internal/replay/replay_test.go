package replay

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alrc"
	"alrc/internal/clipping"
	"alrc/internal/format/eventlog"
	"alrc/internal/losslog"
)

// rowsOf replays a file and returns the rows that --csv writes.
func rowsOf(t testing.TB, o Options) (*Report, [][]string) {
	t.Helper()
	var rows bytes.Buffer
	o.Rows = func(write func(io.Writer) error) error {
		rows.Reset()
		return write(&rows)
	}
	if o.Clips == nil {
		o.Clips = []clipping.Spec{{Kind: "alrc", N: 3}}
	}
	report, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&rows).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return report, records[1:]
}

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// spiky returns losses with spikes and some that are not finite.
func spiky(n int) []float64 {
	random := rand.New(rand.NewPCG(3, 4))
	losses := make([]float64, n)
	for i := range losses {
		losses[i] = math.Exp(0.3*random.NormFloat64()) * (1 + 3*math.Exp(-float64(i)/500))
		switch random.IntN(200) {
		case 0:
			losses[i] *= 50
		case 1:
			losses[i] = math.NaN()
		case 2:
			losses[i] = math.Inf(1)
		}
	}
	return losses
}

func format(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

// Whatever the format, and however many processors read it, the numbers are the library's on the same losses.
func TestNumbersAreTheLibrarys(t *testing.T) {
	losses := spiky(30_000) // several pieces of a file
	var table, lines, text, bare strings.Builder
	table.WriteString("step,loss,other\n")
	for i, loss := range losses {
		fmt.Fprintf(&table, "%d,%s,%d\n", i+1, format(loss), i)
		fmt.Fprintf(&lines, "{\"step\": %d, \"x\": {\"loss\": %s}}\n", i+1, strings.Replace(format(loss), "+Inf", "Infinity", 1))
		fmt.Fprintf(&text, "step %d: loss %s, time 3ms; ", i+1, format(loss))
		fmt.Fprintf(&bare, "%s\n", format(loss))
	}
	dir := t.TempDir()
	events, err := eventlog.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	single := make([]float64, len(losses))
	for i, loss := range losses {
		events.Scalars(int64(i+1), eventlog.Scalar{Tag: "lr", Value: 1})
		events.Scalars(int64(i+1), eventlog.Scalar{Tag: "loss", Value: loss})
		single[i] = float64(float32(loss))
	}
	if err := events.Close(); err != nil {
		t.Fatal(err)
	}
	specs := []clipping.Spec{{Kind: "alrc", N: 2}, {Kind: "alrc", N: 3, Moments: alrc.Published()}, {Kind: "two-sided", NDown: 3, NUp: 3},
		{Kind: "constant", Threshold: 4}}
	for _, log := range []struct {
		name, path string
		losses     []float64
	}{
		{"csv", write(t, "log.csv", table.String()), losses},
		{"json", write(t, "log.jsonl", lines.String()), losses},
		{"text", write(t, "log.txt", text.String()), losses},
		{"bare", write(t, "log", bare.String()), losses},
		{"events", dir, single},
	} {
		for i, spec := range specs {
			if i > 0 && log.name != "csv" {
				break // the format has no say in it
			}
			report, rows := rowsOf(t, Options{Log: losslog.Options{Inputs: []string{log.path}}, Clips: []clipping.Spec{spec}})
			clipper, err := spec.New()
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != len(losses) {
				t.Fatalf("%s: %d rows", log.name, len(rows))
			}
			scale, removed, strongest := []float64{0}, 0.0, 1.0
			for i, loss := range log.losses {
				limits := clipper.Limits()
				clipper.Step([]float64{loss}, scale)
				if scale[0] < 1 {
					removed += 1 - scale[0]
				}
				if loss-loss == 0 {
					strongest = min(strongest, scale[0])
				}
				want := []string{strconv.Itoa(i + 1), finiteText(loss), finiteText(limits.Upper), finiteText(scale[0])}
				if !slices.Equal(want, rows[i]) { // cmp is slow
					t.Fatalf("%s, %s, step %d: %s", log.name, spec, i+1, cmp.Diff(want, rows[i]))
				}
			}
			state, got := clipper.State(), report.Clips[0]
			if got.Clipped != state.Clipped || got.Raised != state.Raised || got.NonFinite != state.NonFinite ||
				float64(got.Strongest) != strongest || float64(got.Removed) != removed/float64(len(losses)) {
				t.Errorf("%s, %s: %+v; the library's state is %+v", log.name, spec, got, state)
			}
			if report.Steps != int64(len(losses)) || report.NonFinite != state.NonFinite {
				t.Errorf("%s, %s: %d steps, %d not finite", log.name, spec, report.Steps, report.NonFinite)
			}
		}
	}
}

func finiteText(value float64) string {
	if value-value != 0 {
		return ""
	}
	return format(value)
}

// Batches go through the library as such.
func TestBatches(t *testing.T) {
	losses := spiky(6400)
	var table strings.Builder
	table.WriteString("step,loss\n")
	for i, loss := range losses {
		fmt.Fprintf(&table, "%d,%s\n", i/64, format(loss))
	}
	report, _ := rowsOf(t, Options{Log: losslog.Options{Inputs: []string{write(t, "log", table.String())}, Batch: "step"}})
	clipper, err := alrc.New(alrc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	scales := make([]float64, 64)
	for i := 0; i < len(losses); i += 64 {
		clipper.Step(losses[i:i+64], scales)
	}
	if state := clipper.State(); report.Clips[0].Clipped != state.Clipped || report.Steps != 100 || report.Losses != 6400 {
		t.Errorf("%+v of %d steps; the library's state is %+v", report.Clips[0], report.Steps, state)
	}
}

const realLog = "../../testdata/partial-STEM/log.txt"

func TestRealLog(t *testing.T) {
	_, err := Run(Options{Log: losslog.Options{Inputs: []string{realLog}}})
	var choice *losslog.ChoiceError
	if !errors.As(err, &choice) {
		t.Fatalf("the log has several losses, and the error is %v", err)
	}
	counts := make(map[string]int)
	for _, c := range choice.Candidates {
		counts[c.Loss+" "+c.Where] = c.Count
	}
	want := map[string]int{"MSE_in Val=0": 490, "MSE_in Val=1": 10, "MSE Val=0": 490, "MSE Val=1": 10,
		"Wass G Val=0": 490, "Wass G Val=1": 10, "Wass D Val=0": 490, "Wass D Val=1": 10}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	report, _ := rowsOf(t, Options{Log: losslog.Options{Inputs: []string{realLog}, Loss: "MSE"}})
	if report.Steps != 490 || report.Source.Records != 500 || report.Source.LeftOut != 10 {
		t.Errorf("%d steps of %d records, %d left out", report.Steps, report.Source.Records, report.Source.LeftOut)
	}
	if report.Clips[0].Clipped != 0 || report.Spikes != 0 || report.Condition != "calm" {
		t.Errorf("%d clipped at n = 3, %d spikes, %s: nothing in this log stands out", report.Clips[0].Clipped, report.Spikes, report.Condition)
	}
	if report.Most < 15.8 || report.Most > 15.9 {
		t.Errorf("the largest loss is %v", report.Most)
	}
}

// noisy replays losses that f makes of noise of standard deviation 0.1 about 1.
func noisy(t *testing.T, n int, f func(i int, loss float64) float64) *Report {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	var log strings.Builder
	log.WriteString("step,loss\n")
	for i := range n {
		fmt.Fprintf(&log, "%d,%s\n", i+1, format(f(i+1, 1+0.1*random.NormFloat64())))
	}
	report, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "log", log.String())}}})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestVerdicts(t *testing.T) {
	calm := noisy(t, 5000, func(i int, loss float64) float64 { return loss })
	if calm.Condition != "calm" || calm.EpisodeCount != 0 {
		t.Errorf("noise: %s: %s", calm.Condition, calm.Verdict)
	}
	falling := noisy(t, 5000, func(i int, loss float64) float64 { return loss + 5*math.Exp(-float64(i)/300) })
	if falling.Condition != "calm" {
		t.Errorf("a falling loss: %s: %s", falling.Condition, falling.Verdict)
	}
	spikes := noisy(t, 13555, func(i int, loss float64) float64 {
		if since := i - 3120; since >= 0 && since < 300 {
			loss += 4 * (1 - float64(since)/260)
		}
		if i == 9000 {
			return 2.5
		}
		return max(loss, 0.5)
	})
	if spikes.Condition != "spikes" || spikes.EpisodeCount != 2 {
		t.Fatalf("spikes: %s: %s", spikes.Condition, spikes.Verdict)
	}
	first := spikes.Episodes[0]
	if first.Start != 3120 || first.Peak > 3140 || first.Recovery < 200 || first.Recovery > 300 || !first.Back {
		t.Errorf("the first episode is %+v", *first)
	}
	// The area of a triangle, 4 high and 260 long.
	if area := float64(first.Area); area < 480 || area > 560 {
		t.Errorf("the area of the first episode is %v", area)
	}
	if second := spikes.Episodes[1]; second.Start != 9000 || second.Recovery != 1 || second.Sigmas < 10 {
		t.Errorf("the second episode is %+v", *second)
	}
	for _, part := range []string{"of 13,555 steps", "spiked; the worst, step 3,1", "standard deviations above the losses around it; after it the loss needed"} {
		if !strings.Contains(spikes.Verdict, part) {
			t.Errorf("the verdict lacks %q: %s", part, spikes.Verdict)
		}
	}
	drift := noisy(t, 20000, func(i int, loss float64) float64 { return loss + max(0, float64(i-5000))/10000 })
	if drift.Condition != "drift" || drift.Spikes != 0 {
		t.Errorf("drift: %s: %s", drift.Condition, drift.Verdict)
	}
	shift := noisy(t, 20000, func(i int, loss float64) float64 {
		if i > 5000 {
			loss += 2
		}
		return loss
	})
	if shift.Condition != "shift" {
		t.Errorf("shift: %s: %s", shift.Condition, shift.Verdict)
	}
	diverged := noisy(t, 3000, func(i int, loss float64) float64 {
		if i > 2900 {
			loss *= math.Exp(float64(i-2900) / 10)
		}
		return loss
	})
	if diverged.Condition != "diverged" {
		t.Errorf("divergence: %s: %s", diverged.Condition, diverged.Verdict)
	}
	nan := noisy(t, 3000, func(i int, loss float64) float64 {
		if i > 2900 {
			return math.NaN()
		}
		return loss
	})
	if nan.Condition != "diverged" || !strings.Contains(nan.Verdict, "from step 2,901 to the end, 100 steps") {
		t.Errorf("NaN: %s: %s", nan.Condition, nan.Verdict)
	}
	never := noisy(t, 100, func(i int, loss float64) float64 { return math.NaN() })
	if never.Condition != "diverged" || !strings.HasPrefix(never.Verdict, "None of 100 steps has a finite loss") ||
		!strings.Contains(never.Recommendation.Reason, "nothing to clip") {
		t.Errorf("NaN from the beginning: %s: %s %s", never.Condition, never.Verdict, never.Recommendation.Reason)
	}
	if shortLog := noisy(t, 10, func(i int, loss float64) float64 { return loss }); shortLog.Condition != "short" {
		t.Errorf("ten steps: %s: %s", shortLog.Condition, shortLog.Verdict)
	}
	for _, report := range []*Report{calm, spikes, drift, diverged, nan} {
		if err := report.HTML(io.Discard); err != nil {
			t.Error(err)
		}
		if err := report.Print(io.Discard, Appearance{Columns: 80, Plot: true, Hint: true}); err != nil {
			t.Error(err)
		}
		var out bytes.Buffer
		if err := report.JSON(&out); err != nil || !json.Valid(out.Bytes()) {
			t.Errorf("JSON: %v", err)
		}
	}
}

// A loss that is back at the next record came back at once, however many steps lie between records.
func TestSparseLog(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var log strings.Builder
	log.WriteString("step,train_loss_step\n")
	for i := range 300 {
		loss := 1 + 0.1*random.NormFloat64()
		switch i {
		case 150:
			loss = 5
		case 200:
			loss = math.NaN()
		}
		fmt.Fprintf(&log, "%d,%v\n", 50*i, loss)
	}
	report, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "metrics.csv", log.String())}}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(report.Verdict, "step 7,500, was") || !strings.Contains(report.Verdict, "back at the next record, 50 steps later") {
		t.Errorf("the verdict is %q", report.Verdict)
	}
	if rec := report.Recommendation; rec.N != 3 || rec.Decay != 0.999 {
		t.Errorf("n = %v, decay %v are recommended, for spikes that lasted one record of a run of 15,000 steps", rec.N, rec.Decay)
	}
	if notes := strings.Join(report.Source.Notes, "\n"); !strings.Contains(notes, "one record every 50 steps") {
		t.Errorf("notes: %s", notes)
	}
	if rows := report.episodeRows(5); len(rows) != 2 || rows[1][2] != "not finite" {
		t.Errorf("episodes: %v", rows)
	}
}
