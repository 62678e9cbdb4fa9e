package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alrc"
	"alrc/internal/clipping"
	"alrc/internal/format/eventlog"
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

// short form of steps and losses: "1:0.5 2:0.25".
func pairs(rows [][]string) string {
	var all []string
	for _, row := range rows {
		all = append(all, row[0]+":"+row[1])
	}
	return strings.Join(all, " ")
}

// The loss of a step without number is NaN, which rows leave empty.
func TestFormats(t *testing.T) {
	for _, test := range []struct {
		name, content string
		options       Options
		want          string
	}{
		{"comma", "step,loss,lr\n1,0.5,3\n2,0.25,3\n3,nan,3\n", Options{}, "1:0.5 2:0.25 3:"},
		{"tab", "iteration\ttrain loss\n10\t0.5\n20\t1e-3\n", Options{}, "10:0.5 20:0.001"},
		{"semicolon, quoted", "\"step\";\"a;b\";\"loss\"\n1;\"x;y\";\"0.5\"\n2;z;0.25\n", Options{}, "1:0.5 2:0.25"},
		{"space", "1 0.5\n2  0.25\n3 0.75\n", Options{}, "1:0.5 2:0.25 3:0.75"},
		{"one column", "0.5\n0.25\n", Options{}, "1:0.5 2:0.25"},
		{"no header", "1,0.5\n2,0.25\n3,0.5\n", Options{}, "1:0.5 2:0.25 3:0.5"},
		{"column by number", "a,b,c\n1,0.5,7\n2,0.25,8\n", Options{Loss: "2", Step: "a"}, "1:0.5 2:0.25"},
		{"byte order mark, CRLF, comment", "\xef\xbb\xbf# log\r\nstep,loss\r\n1,0.5\r\n2,0.25\r\n", Options{}, "1:0.5 2:0.25"},
		{"no last line end", "step,loss\n1,0.5\n2,0.25", Options{}, "1:0.5 2:0.25"},
		{"Lightning", "epoch,step,train_loss_epoch,train_loss_step,val_loss\n0,0,,0.5,\n0,0,,,0.7\n0,1,,0.25,\n0,1,0.4,,\n", Options{}, "0:0.5 1:0.25"},
		{"steps missing", "step,loss\n1,0.5\n,0.25\n7,0.125\n", Options{Step: "step"}, "1:0.5 2:0.25 7:0.125"},
		{"batches", "step,example,loss\n1,0,0.5\n1,1,1.5\n2,0,0.25\n2,1,0.75\n", Options{Batch: "step"}, "1:1 2:0.5"},
		{"header again", "step,loss\n1,0.5\nstep,loss\n2,0.25\n", Options{}, "1:0.5 2:0.25"},
		{"training rows", "step,split,loss\n1,train,0.5\n1,val,0.75\n2,train,0.25\n", Options{}, "1:0.5 2:0.25"},
		{"other rows", "step,split,loss\n1,train,0.5\n1,val,0.75\n2,train,0.25\n",
			Options{Where: []Condition{{Field: "split", Value: "train", Not: true}}}, "1:0.75"},
		{"own table", "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n1,0.5,1,,,,,1,0,9,\n2,,,,,,,1,0,9,\n",
			Options{}, "1:0.5 2:"},
		{"JSON lines", `{"step": 1, "train": {"loss": 0.5, "accuracy": 1}, "note": "a \"b\" }"}` + "\n" + `{"step": 2, "train": {"loss": NaN}}` + "\n",
			Options{}, "1:0.5 2:"},
		{"JSON field", `{"it": 1, "a": {"x": 0.5}, "b": 1}` + "\n" + `{"it": 2, "a": {"x": 0.25}, "b": 1}` + "\n", Options{Loss: "a.x"}, "1:0.5 2:0.25"},
		{"JSON lists", `{"step": 1, "loss": [0.5, 1.5]}` + "\n" + `{"step": 2, "loss": [0.25, null]}` + "\n" + `{"step": 3, "loss": 4}` + "\n",
			Options{}, "1:1 2: 3:4"},
		{"trainer state", "{\n \"best_metric\": null,\n \"log_history\": [\n {\n\"loss\": 0.5,\n\"step\": 10\n},\n{\"eval_loss\": 1, \"step\": 10},\n" +
			"{\"loss\": 0.25, \"step\": 20}\n],\n \"max_steps\": 20,\n \"stateful_callbacks\": {\"a\": {\"args\": {}}}\n}\n", Options{}, "10:0.5 20:0.25"},
		{"trainer state on one line", `{"best":null,"log_history":[{"loss":0.5,"step":10},{"loss":0.25,"step":20}],"x":{"loss":"none"}}`, Options{}, "10:0.5 20:0.25"},
		{"text lines", "start of training\nEpoch 1/3 step 1: loss 0.5, time 3ms\nsaved\nEpoch 1/3 step 2: loss 0.25, time 3ms\n", Options{}, "1:0.5 2:0.25"},
		{"key=value", "INFO step=1 loss=0.5 lr=0.1\nINFO step=2 loss=nan lr=0.1\n", Options{}, "1:0.5 2:"},
		{"progress bar", "\rstep: 1, loss: 0.5\rstep: 2, loss: 0.25\r\n", Options{}, "1:0.5 2:0.25"},
		{"tensors", "step: 1, loss: tensor(0.5, device='cuda:0')\nstep: 2, loss: tensor(0.25)\n", Options{}, "1:0.5 2:0.25"},
		{"similar keys", "it: 1, MSE_in: 9, MSE: 0.5, val MSE: 7\nit: 2, MSE_in: 9, MSE: 0.25, val MSE: 7\n", Options{Loss: "MSE"}, "1:0.5 2:0.25"},
		{"run together", strings.Repeat("run-7, Iter: 1, in: 9, MSE: 0.5, Val: 0run-7, Iter: 1, in: 9, MSE: 0.75, Val: 1", 2), Options{Loss: "MSE"},
			"1:0.5 1:0.5"},
		{"pattern", "x MSE: 0.5y MSE: 0.25z MSE: infMSE: 1", Options{Pattern: "MSE: ([-+0-9.eE]+|nan|inf)"}, "1:0.5 2:0.25 3: 4:1"},
		{"pattern with step", "at 5 error 0.5; at 6 error 0.25", Options{Pattern: `at (?P<step>\d+) error (?P<loss>[0-9.]+)`}, "5:0.5 6:0.25"},
		{"pattern of lines", "loss 1 loss 2\nx\nloss 3\n", Options{Pattern: `^loss ([0-9.]+)$`}, "1:3"},
		{"out of order", "step,loss\n1,1\n2,2\n4,4\n3,3\n5,5\n6,6\n", Options{}, "1:1 2:2 4:4 3:3 5:5 6:6"},
		{"repeated", "step,loss\n1,1\n2,2\n2,2.5\n3,3\n2,9\n4,4\n5,5\n", Options{}, "1:1 2:2 2:2.5 3:3 2:9 4:4 5:5"},
		{"resumed", "step,loss\n1,1\n2,2\n3,3\n4,4\n2,20\n3,30\n4,40\n5,50\n", Options{}, "1:1 2:20 3:30 4:40 5:50"},
		{"resumed twice", "step,loss\n1,1\n2,2\n3,3\n4,4\n3,30\n4,40\n5,50\n2,200\n3,300\n4,400\n5,500\n6,600\n", Options{}, "1:1 2:200 3:300 4:400 5:500 6:600"},
		{"counter of batches", "batch_num,loss\n1,1\n2,2\n3,3\n1,4\n2,5\n3,6\n1,7\n2,8\n3,9\n", Options{}, "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Inputs = []string{write(t, "log", test.content)}
			_, rows := rowsOf(t, test.options)
			if got := pairs(rows); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
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
		events.Scalar("lr", int64(i+1), 1)
		events.Scalar("loss", int64(i+1), loss)
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
		for _, spec := range specs {
			report, rows := rowsOf(t, Options{Inputs: []string{log.path}, Clips: []clipping.Spec{spec}})
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
				if diff := cmp.Diff(want, rows[i]); diff != "" {
					t.Fatalf("%s, %s, step %d: %s", log.name, spec, i+1, diff)
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
	report, _ := rowsOf(t, Options{Inputs: []string{write(t, "log", table.String())}, Batch: "step"})
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

const realLog = "../../../shared/data/stem/training-log-1-36-coverage.txt"

func TestRealLog(t *testing.T) {
	if _, err := os.Stat(realLog); err != nil {
		t.Skip("the real training log is not there")
	}
	_, err := Run(Options{Inputs: []string{realLog}})
	var choice *ChoiceError
	if !errors.As(err, &choice) {
		t.Fatalf("the log has several losses, and the error is %v", err)
	}
	counts := make(map[string]int)
	for _, c := range choice.Candidates {
		counts[c.Loss+" "+c.Where] = c.Count
	}
	want := map[string]int{"MSE_in Val=0": 13284, "MSE_in Val=1": 271, "MSE Val=0": 13284, "MSE Val=1": 271,
		"Wass G Val=0": 13284, "Wass G Val=1": 271, "Wass D Val=0": 13284, "Wass D Val=1": 271}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	report, _ := rowsOf(t, Options{Inputs: []string{realLog}, Loss: "MSE"})
	if report.Steps != 13284 || report.Source.Records != 13555 || report.Source.LeftOut != 271 {
		t.Errorf("%d steps of %d records, %d left out", report.Steps, report.Source.Records, report.Source.LeftOut)
	}
	if report.Clips[0].Clipped != 0 || report.Spikes != 0 || report.Condition != "calm" {
		t.Errorf("%d clipped at n = 3, %d spikes, %s: nothing in this log stands out", report.Clips[0].Clipped, report.Spikes, report.Condition)
	}
	if report.Most < 16 || report.Most > 17 {
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
	report, err := Run(Options{Inputs: []string{write(t, "log", log.String())}})
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
	for _, part := range []string{"of 13,555 steps", "spiked; the worst, step 3,1", "standard deviations above the mean; after it the loss needed"} {
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
		if err := report.Print(io.Discard, Appearance{Columns: 80, Plot: true, Snippet: "all"}); err != nil {
			t.Error(err)
		}
		var out bytes.Buffer
		if err := report.JSON(&out); err != nil || !json.Valid(out.Bytes()) {
			t.Errorf("JSON: %v", err)
		}
	}
}

// The scalars of an event file may begin behind a large graph, or in a later file.
func TestLossBehindTheSample(t *testing.T) {
	dir := t.TempDir()
	for i, tags := range [][]string{{"lr"}, {"loss", "accuracy", "extra"}} {
		w, err := eventlog.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		for step := range int64(50_000) {
			for _, tag := range tags {
				w.Scalar(tag, step, float64(step+1))
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(w.Name(), filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "events.out.tfevents.0")); err != nil || info.Size() < sampleSize {
		t.Fatalf("the first file is no longer than the sample: %v", err)
	}
	report, err := Run(Options{Inputs: []string{dir}})
	if err != nil || report.Source.Loss != "loss" || report.Steps != 50_000 {
		t.Errorf("%v: %+v", err, report)
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
	report, err := Run(Options{Inputs: []string{write(t, "metrics.csv", log.String())}})
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

func TestMalformed(t *testing.T) {
	content := "step,loss\n1,0.5\n2,abc\n3\n4,0.25\nx,1\n"
	path := write(t, "log.csv", content)
	report, rows := rowsOf(t, Options{Inputs: []string{path}})
	if pairs(rows) != "1:0.5 4:0.25" || report.Source.Malformed != 3 || !strings.Contains(report.malformed, "log.csv, line 3:") {
		t.Errorf("%s; %d malformed, the first: %s", pairs(rows), report.Source.Malformed, report.malformed)
	}
	_, err := Run(Options{Inputs: []string{path}, Strict: true})
	if err == nil || !strings.Contains(err.Error(), `log.csv, line 3: "2,abc" has "abc" for a loss`) {
		t.Errorf("strict: %v", err)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name, content string
		options       Options
		want          string
	}{
		{"empty", "", Options{}, "is empty"},
		{"binary", "\x00\x01\x02", Options{}, "binary file"},
		{"prose", "nothing to see here\nnor here\n", Options{}, "--pattern"},
		{"no such column", "step,loss\n1,2\n", Options{Loss: "lost"}, `has no column "lost"; it has loss`},
		{"no match", "error 5\nerror 6\n", Options{Pattern: "mistake ([0-9])"}, "--column 'error'"},
		{"no group", "error 5\n", Options{Pattern: "error"}, "no group"},
		{"bad pattern", "error 5\n", Options{Pattern: "("}, "the pattern"},
		{"condition", "step,loss\n1,2\n", Options{Where: []Condition{{Field: "step", Value: "7"}}}, "none of 1 records"},
		{"zstd", "\x28\xb5\x2f\xfd....", Options{}, "zstd -dc"},
	} {
		test.options.Inputs = []string{write(t, "log", test.content)}
		if _, err := Run(test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v does not say %q", test.name, err, test.want)
		}
	}
	var choice *ChoiceError
	path := write(t, "log", "step,a,b\n1,0.5,3\n2,0.25,nan\n")
	if _, err := Run(Options{Inputs: []string{path}}); !errors.As(err, &choice) {
		t.Fatalf("two columns that may be losses: %v", err)
	}
	want := []Candidate{{Loss: "a", Count: 2, Least: 0.25, Most: 0.5}, {Loss: "b", Count: 2, Least: 3, Most: 3, NaN: 1}}
	if diff := cmp.Diff(want, choice.Candidates); diff != "" {
		t.Error(diff)
	}
}

func TestFolders(t *testing.T) {
	events := func(dir string, first int64, values ...float64) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		w, err := eventlog.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, value := range values {
			w.Scalar("loss", first+int64(i), value)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	resumed := t.TempDir()
	events(resumed, 1, 1, 2, 3, 4)
	events(resumed, 3, 30, 40, 50)
	report, rows := rowsOf(t, Options{Inputs: []string{resumed}})
	if got := pairs(rows); got != "1:1 2:2 3:30 4:40 5:50" || report.Source.Superseded != 2 || report.Source.Resumes != 1 {
		t.Errorf("a resumed run: %s, %d superseded", got, report.Source.Superseded)
	}

	// Of two runs of this program the one without clipping is read.
	own := t.TempDir()
	for _, run := range []struct{ label, clip, loss string }{{"alrc-2-seed0", "alrc:2", "2"}, {"none-seed0", "none", "1"}, {"none-seed1", "none", "3"}} {
		dir := filepath.Join(own, run.label)
		events(dir, 1, 9)
		if err := os.WriteFile(filepath.Join(dir, "run.yaml"), []byte("task: supersample\nclip: "+run.clip+"\nhuber: true\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		header := "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n"
		if err := os.WriteFile(filepath.Join(dir, "metrics.csv"), []byte(header+"1,"+run.loss+",3,,,,,1,0,9,\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	report, rows = rowsOf(t, Options{Inputs: []string{own}})
	if notes := strings.Join(report.Source.Notes, "\n"); pairs(rows) != "1:1" || !strings.Contains(notes, "read from none-seed0") ||
		!strings.Contains(notes, "--column picks another: raw_loss") {
		t.Errorf("a folder of runs: %s; notes: %s", pairs(rows), notes)
	}
	if _, rows := rowsOf(t, Options{Inputs: []string{filepath.Join(own, "alrc-2-seed0")}}); pairs(rows) != "1:2" {
		t.Errorf("a run: %s", pairs(rows))
	}

	// Runs without clipping that differ in more than their seeds are asked about.
	if err := os.Rename(filepath.Join(own, "none-seed1"), filepath.Join(own, "sgd-none-seed1")); err != nil {
		t.Fatal(err)
	}
	var choice *ChoiceError
	if _, err := Run(Options{Inputs: []string{own}}); !errors.As(err, &choice) || len(choice.Candidates) != 3 {
		t.Errorf("runs of several kinds: %v, %+v", err, choice)
	}

	several := t.TempDir()
	events(filepath.Join(several, "a"), 1, 1, 2)
	events(filepath.Join(several, "b"), 1, 1, 2)
	if _, err := Run(Options{Inputs: []string{several}}); !errors.As(err, &choice) || len(choice.Candidates) != 2 ||
		choice.Candidates[1].Run != filepath.Join(several, "b") {
		t.Errorf("two runs: %v, %+v", err, choice)
	}
}

func zipped(t testing.TB, content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTruncated(t *testing.T) {
	var table bytes.Buffer
	table.WriteString("step,loss\n")
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 50_000 {
		fmt.Fprintf(&table, "%d,%v\n", i+1, random.Float64())
	}
	whole := zipped(t, table.Bytes())
	report, rows := rowsOf(t, Options{Inputs: []string{write(t, "log.gz", string(whole))}})
	if len(rows) != 50_000 || len(report.Source.Notes) != 0 {
		t.Errorf("gzip: %d rows, notes %q", len(rows), report.Source.Notes)
	}
	report, rows = rowsOf(t, Options{Inputs: []string{write(t, "log.gz", string(whole[:len(whole)/2]))}})
	if len(rows) < 20_000 || len(rows) >= 50_000 || len(report.Source.Notes) != 1 || !strings.Contains(report.Source.Notes[0], "ends too early") {
		t.Errorf("half a gzip file: %d rows, notes %q", len(rows), report.Source.Notes)
	}

	dir := t.TempDir()
	w, err := eventlog.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(100) {
		w.Scalar("loss", i, 1)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(w.Name())
	if err != nil {
		t.Fatal(err)
	}
	report, rows = rowsOf(t, Options{Inputs: []string{write(t, "events.out.tfevents.1", string(content[:len(content)-5]))}})
	if len(rows) != 99 || len(report.Source.Notes) != 1 || !strings.Contains(report.Source.Notes[0], "ends within a record") {
		t.Errorf("a cut event file: %d rows, notes %q", len(rows), report.Source.Notes)
	}
	report, rows = rowsOf(t, Options{Inputs: []string{write(t, "events.out.tfevents.1.gz", string(zipped(t, content)))}})
	if len(rows) != 100 {
		t.Errorf("a zipped event file: %d rows, notes %q", len(rows), report.Source.Notes)
	}
}

// zeros is a file without any line end.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(len(p), z.left)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range p[:n] {
		p[i] = '0'
	}
	z.left -= n
	return n, nil
}

// A bomb: little data that unpacks to a line of any length takes no more memory than the longest record may.
func TestEndlessLine(t *testing.T) {
	table, ok := sniffCSV([]byte("1\n2\n"))
	if !ok {
		t.Fatal("no table")
	}
	chosen, err := table.choose(selection{loss: "1"})
	if err != nil {
		t.Fatal(err)
	}
	malformed, losses := 0, 0
	err = scanAll(&zeros{left: 3 * longestRecord}, 0, chosen, false, func(b *block) error {
		malformed += b.malformed
		losses += len(b.losses)
		return nil
	})
	if err != nil || malformed == 0 || losses > 0 {
		t.Errorf("%d losses, %d malformed records, error %v", losses, malformed, err)
	}
}
