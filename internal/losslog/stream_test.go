package losslog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// What a stream hands on does not depend on how its text is cut into pieces, and comes as soon as its line is whole.
func TestStream(t *testing.T) {
	for name, format := range map[string]string{
		"text":     "epoch 1 step %d loss %v lr 0.1\n",
		"bar":      "training: step=%d, loss=%v\r",
		"json":     "{\"step\": %d, \"loss\": %v}\n",
		"csv":      "%d,%v\n",
		"boxes":    "--------------\n| loss | %[2]v |\n| lr   | 0.1   |\n| step | %[1]d |\n--------------\n",
		"logger":   "2024-03-05 12:00:00,123 INFO step %d loss %v\n",
		"worker":   "job-1  | --------------\njob-1  | | loss | %[2]v |\njob-1  | | step | %[1]d |\njob-1  | --------------\n",
		"escaped":  "Mar  5 12:00:00 host fit[8]: step#011%d#011loss#011%v\n",
		"wrapped":  `{"log":"step %d: loss %v\n","stream":"stderr","time":"2024-03-05T12:00:00Z"}` + "\n",
		"inside":   `{"MESSAGE":"step %d \u001b[1mloss\u001b[0m %v","PRIORITY":"6"}` + "\n",
		"bars":     `{"log":"\rstep %d loss %v"}` + "\n",
		"coloured": "\x1b[32mstep %d\x1b[0m loss \x1b[1m%v\x1b[0m\n",
	} {
		var text strings.Builder
		if name == "csv" {
			text.WriteString("step,loss\n")
		}
		for i := range 200 {
			fmt.Fprintf(&text, format, i, 0.5+float64(i%7))
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range 5 {
			var steps []int64
			var losses []float64
			s := NewStream(Options{}, func(c *Chunk) error {
				for i := range c.Len() {
					steps, losses = append(steps, c.Step(i)), append(losses, c.Losses(i)...)
				}
				return nil
			})
			for rest := text.String(); rest != ""; {
				n := min(len(rest), 1+random.IntN(60))
				if _, err := s.Write([]byte(rest[:n])); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if len(steps) < 198 {
				t.Errorf("%s: %d steps before the end", name, len(steps))
			}
			if err := s.Close(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(steps) != 200 || steps[199] != 199 || losses[6] != 6.5 {
				t.Fatalf("%s: %d steps, the last %d; %+v", name, len(steps), steps[len(steps)-1], s.Source())
			}
		}
	}
}

// A heading, however long, does not keep a stream from finding the loss behind it, nor grows its memory.
func TestStreamWaits(t *testing.T) {
	found := 0
	s := NewStream(Options{}, func(c *Chunk) error { found += c.Len(); return nil })
	for range longestHeading / 60 {
		fmt.Fprintln(s, strings.Repeat("loading the data takes its time ", 2))
	}
	if s.Missing() == nil || len(s.data) > 2*longestHeading {
		t.Errorf("missing: %v; %d bytes are kept", s.Missing(), len(s.data))
	}
	for i := range 5000 {
		fmt.Fprintf(s, "step %d loss 0.5\n", i)
	}
	if err := s.Close(); err != nil || s.Missing() != nil || found != 5000 {
		t.Errorf("%d losses: %v", found, err)
	}
	if empty := NewStream(Options{}, nil); empty.Close() == nil {
		t.Error("nothing at all holds a loss")
	}
}
