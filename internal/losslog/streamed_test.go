package losslog

import (
	"bytes"
	"io"
	"math"
	"testing"

	"alrc/internal/losslog/plaintext"
)

func streamedOutcome(t *testing.T, content []byte, piece int) (o outcome) {
	s := NewStream(Options{}, func(c *Chunk) error {
		for i := range c.Len() {
			o.add(c.Step(i), c.Losses(i))
		}
		return nil
	})
	for rest := content; len(rest) > 0; {
		n := min(len(rest), piece)
		if _, err := s.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := s.Close(); err != nil {
		o.refused = err.Error()
	}
	o.end(s.Source().Loss)
	return o
}

// What a program writes to a pipe is read as its log would be, but for what only a second reading tells: that an earlier run stands
// before, or that a counter begins anew in each epoch. Parts that numbers tell apart are known after two rounds of them.
func TestStreamedLogs(t *testing.T) {
	n := 0
	for _, log := range knownLogs(t, ".log", ".jsonl", ".csv", ".tsv", ".out") { // documents come as a whole
		if bytes.IndexByte(log.content, 0) >= 0 || log.name == "numbered-parts.log" {
			continue
		}
		source, err := read(Options{Inputs: []string{log.path}}, func(int64, []float64) {})
		if err != nil || source.LeftOut+source.Superseded+source.OtherRuns+source.Repeated > 0 {
			continue
		}
		if r, err := (file{real: log.path, verbatim: true}).open(); err != nil {
			t.Fatal(err)
		} else if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, log.content) && !plaintext.NeedsCleaning(log.content) {
			continue // lines within others: no program writes these to a pipe
		}
		n++
		want, got := outcomeOf(log.path), streamedOutcome(t, log.content, 61)
		if got.losses != want.losses || math.Abs(got.mean-want.mean) > 1e-9 {
			t.Errorf("%s: read as %+v, not %+v", log.name, got, want)
		}
	}
	if n < 100 {
		t.Errorf("only %d logs were read", n)
	}
}
