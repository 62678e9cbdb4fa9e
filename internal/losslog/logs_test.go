package losslog

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alrc/internal/decimal"
)

const logsFolder = "testdata/logs"

// outcome is what a log is read as.
type outcome struct {
	losses, nonFinite, steps int
	mean, largest            float64 // of the finite losses
	first, last              int64   // steps
	loss                     string
	asked                    []string // the series that were asked about, best first
	refused                  string   // why nothing was read
	doubted                  bool
}

// add counts a step. The mean is a sum until all are counted.
func (o *outcome) add(step int64, losses []float64) {
	if o.steps == 0 {
		o.first, o.largest = step, math.Inf(-1)
	}
	o.last = step
	o.steps++
	for _, loss := range losses {
		o.losses++
		if loss-loss != 0 {
			o.nonFinite++
			continue
		}
		o.mean += loss
		o.largest = max(o.largest, loss)
	}
}

// end ends the counting of the losses with a name.
func (o *outcome) end(loss string) {
	o.mean, o.loss = o.mean/float64(o.losses-o.nonFinite), loss
}

// knownLog is a log of testdata that holds losses.
type knownLog struct {
	name, path string
	content    []byte
}

// knownLogs returns those with one of some extensions.
func knownLogs(t *testing.T, extensions ...string) (logs []knownLog) {
	t.Helper()
	for _, truth := range truths {
		if truth.none || !slices.Contains(extensions, filepath.Ext(truth.name)) {
			continue
		}
		path := filepath.Join(logsFolder, truth.name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, knownLog{truth.name, path, content})
	}
	return logs
}

// checkWritten checks that a log is read the same when it is written in another way, to a file of some name.
func checkWritten(t *testing.T, path, name, way, content string) {
	t.Helper()
	written := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(written, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	want, got := outcomeOf(path), outcomeOf(written)
	want.refused, got.refused = "", ""
	want.doubted, got.doubted = false, false
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s, %s: read as %+v, not %+v", filepath.Base(path), way, got, want)
	}
}

func outcomeOf(path string) outcome {
	var o outcome
	source, err := read(Options{Inputs: []string{path}}, o.add)
	var choice *ChoiceError
	switch {
	case errors.As(err, &choice):
		for _, c := range choice.Candidates {
			o.asked = append(o.asked, c.Loss)
		}
	case err != nil:
		o.refused = err.Error()
	}
	o.end(source.Loss)
	o.doubted = len(source.Doubts) > 0
	return o
}

// The logs are of many programs, and the outcomes are known from how the logs were made.
func TestLogs(t *testing.T) {
	for _, truth := range truths {
		t.Run(truth.name, func(t *testing.T) {
			got := outcomeOf(filepath.Join(logsFolder, truth.name))
			switch {
			case truth.none:
				if got.refused == "" {
					t.Fatalf("read as %+v, though it holds no loss", got)
				}
			case truth.ask != nil:
				checkAsked(t, got, truth.ask)
			default:
				close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(b)+1e-12 }
				if got.losses != truth.losses || got.nonFinite != truth.nonFinite || got.steps != truth.steps || got.first != truth.first ||
					got.last != truth.last || !close(got.mean, truth.mean) || !close(got.largest, truth.largest) {
					t.Errorf("read as %+v, not %+v", got, truth)
				}
				if got.doubted != slices.Contains(doubtedLogs, truth.name) {
					t.Errorf("in doubt: %v", got.doubted)
				}
			}
		})
	}
}

// checkAsked checks that the likely losses are asked about first.
func checkAsked(t *testing.T, got outcome, likely []string) {
	t.Helper()
	if len(got.asked) == 0 || len(got.asked) > mostCandidates {
		t.Fatalf("asked about %q: %s", got.asked, got.refused)
	}
	first := got.asked[:min(len(got.asked), max(2, min(4, len(likely)+1)))]
	found := 0
	for _, name := range likely {
		if slices.Contains(first, name) {
			found++
		}
	}
	if len(likely) > 0 && found < min(len(likely), 1) {
		t.Errorf("asked about %q, of which %q are likely", got.asked, likely)
	}
}

// synonyms are names of the same kind. Each is put in the place of the other.
var synonyms = [][2]string{{"step", "iteration"}, {"Step", "Iteration"}, {"iter", "update"}, {"accuracy", "precision"}, {"acc", "recall"},
	{"lr", "learning_rate"}, {"grad_norm", "gnorm"}, {"time", "elapsed"}, {"valid", "validation"}, {"Validation", "Eval"}, {"val_loss", "test_loss"},
	{"eval_loss", "dev_loss"}, {"train_loss", "training_loss"}, {"loss_cls", "loss_seg"}, {"tps", "wps"}, {"memory", "max_mem"}}

// renamed exchanges names for others of their kind.
func renamed(text string) string {
	other := make(map[string]string)
	for _, pair := range synonyms {
		other[pair[0]], other[pair[1]] = pair[1], pair[0]
	}
	var b strings.Builder
	begin := -1
	flush := func(end int) {
		if begin >= 0 {
			word := text[begin:end]
			if name, ok := other[word]; ok {
				word = name
			}
			b.WriteString(word)
			begin = -1
		}
	}
	for i := 0; i < len(text); i++ {
		if decimal.IsLetter(text[i]) || decimal.IsDigit(text[i]) {
			if begin < 0 {
				begin = i
			}
			continue
		}
		flush(i)
		b.WriteByte(text[i])
	}
	flush(len(text))
	return b.String()
}

// No log is known by its particular names: with others of their kind the outcome is the same.
func TestRenamedLogs(t *testing.T) {
	for _, truth := range truths {
		content, err := os.ReadFile(filepath.Join(logsFolder, truth.name))
		if err != nil {
			t.Fatal(err)
		}
		if changed := renamed(string(content)); changed != string(content) && readable(content) && hasNoNames(changed) {
			t.Run(truth.name, func(t *testing.T) {
				sameOutcome(t, outcomeOf(filepath.Join(logsFolder, truth.name)), outcomeOf(write(t, "log", changed)))
			})
		}
	}
}

// readable says whether a file is text, and neither compressed nor events.
func readable(content []byte) bool {
	return len(content) > 4 && !slices.Contains(content[:4], 0) && content[0] != 0x28 && content[0] != 0xff
}

// hasNoNames says whether a text is none whose structure has names of its own.
func hasNoNames(text string) bool { return !strings.Contains(text, "nbformat") }

func sameOutcome(t *testing.T, want, got outcome) {
	t.Helper()
	if (want.refused == "") != (got.refused == "") || len(want.asked) != len(got.asked) {
		t.Fatalf("read as %+v, and before as %+v", got, want)
	}
	if want.refused != "" || want.asked != nil {
		return
	}
	want.loss, got.loss = "", ""
	if want.losses != got.losses || want.steps != got.steps || want.first != got.first || want.last != got.last ||
		math.Abs(want.mean-got.mean) > 1e-9*math.Abs(want.mean) || want.largest != got.largest {
		t.Errorf("read as %+v, and before as %+v", got, want)
	}
}

// shuffled reverses the order of columns, or of fields of records; ok is false where there is no such order.
func shuffled(path, text string) (changed string, ok bool) {
	kind, err := sniff([]byte(text), path, "")
	if err != nil {
		return "", false
	}
	lines := strings.SplitAfter(text, "\n")
	table, isTable := kind.table.(*csvScanner)
	for i, line := range lines {
		line := strings.TrimSuffix(line, "\n")
		switch {
		case isTable && !table.loose && table.delimiter != ' ' && !table.edges && table.header != nil && table.long < 0 &&
			len(splitFields(table.header[0], table.delimiter)) == len(table.names):
			cells := splitFields([]byte(line), table.delimiter)
			slices.Reverse(cells)
			var texts []string
			for _, cell := range cells {
				texts = append(texts, string(cell))
			}
			line = strings.Join(texts, string(table.delimiter))
		case kind.format == JSONLines && strings.HasPrefix(line, "{") || kind.format == Text && strings.HasPrefix(line, "{'") && strings.HasSuffix(line, "}"):
			if strings.ContainsAny(line[min(1, len(line)):], "{[") || len(line) < 2 {
				continue
			}
			fields := strings.Split(line[1:len(line)-1], ", ")
			slices.Reverse(fields)
			line = line[:1] + strings.Join(fields, ", ") + line[len(line)-1:]
		default:
			continue
		}
		ok = true
		if strings.HasSuffix(lines[i], "\n") {
			line += "\n"
		}
		lines[i] = line
	}
	return strings.Join(lines, ""), ok
}

// No log is known by the order of its columns.
func TestShuffledLogs(t *testing.T) {
	count := 0
	for _, truth := range truths {
		path := filepath.Join(logsFolder, truth.name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed, ok := shuffled(path, string(content))
		if !ok || !readable(content) {
			continue
		}
		count++
		t.Run(truth.name, func(t *testing.T) { sameOutcome(t, outcomeOf(path), outcomeOf(write(t, "log", changed))) })
	}
	if count < 20 {
		t.Errorf("only %d logs have columns", count)
	}
}
