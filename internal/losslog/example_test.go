package losslog

import (
	"path/filepath"
	"strings"
	"testing"

	"alrc/internal/decimal"
)

// The number that an example shows as the loss is the first one that was read, and the step its step.
func TestExamplesShowWhatWasRead(t *testing.T) {
	for _, truth := range truths {
		if truth.none || truth.ask != nil {
			continue
		}
		l, err := Open(Options{Inputs: []string{filepath.Join(logsFolder, truth.name)}})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for again := true; again; {
			if again, err = l.Read(func() *Chunk { return new(Chunk) }, func(*Chunk) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if l.source.Format == Events {
			continue
		}
		loss, step := "", ""
		e := l.Example()
		for _, line := range e {
			loss += line.Text[line.Loss[0]:line.Loss[1]]
			step += line.Text[line.Step[0]:line.Step[1]]
		}
		is := func(text string, value float64) bool {
			for _, plain := range []string{text, strings.ReplaceAll(text, ",", ""), strings.Replace(strings.ReplaceAll(text, ".", ""), ",", ".", 1), strings.Replace(text, "D", "e", 1), strings.Replace(text, "×10^", "e", 1)} {
				if number, ok := decimal.Whole([]byte(plain)); ok && number == value {
					return true
				}
			}
			return false
		}
		// A loss that is a sum is shown by one of its parts.
		if !is(loss, l.first.loss) && truth.name != "lists-in-cells.log" {
			t.Errorf("%s: the loss is %v, and what is shown %q in %q", truth.name, l.first.loss, loss, e)
		}
		if step != "" && !is(step, float64(l.first.step)) {
			t.Errorf("%s: the step is %d, and what is shown %q in %q", truth.name, l.first.step, step, e)
		}
		if step == "" && l.source.Step != "" && !l.order.Plan.Ordinal && l.first.step != l.chosen.before {
			t.Errorf("%s: the step is %d, and none is shown in %q", truth.name, l.first.step, e)
		}
	}
}
