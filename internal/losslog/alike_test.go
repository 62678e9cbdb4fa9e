package losslog

import (
	"alrc/internal/decimal"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// described is all that a scanner sees of a line's pairs.
func described(pairs []pair, label func(pairs []pair) []byte) string {
	text := ""
	for len(pairs) > 0 {
		n := oneRecord(pairs)
		for _, p := range pairs[:n] {
			text += fmt.Sprintf("%q %q %v %v %v; ", p.name, p.text, p.value, p.total, p.unit)
		}
		text += fmt.Sprintf("of %q\n", label(pairs[:n]))
		pairs = pairs[n:]
	}
	return text
}

// checkAlike reads a line by one that is kept, if it is like one, and anew.
func checkAlike(t *testing.T, r *lineReader, s *textScanner, line []byte) {
	t.Helper()
	got := described(r.pairsOf(line, s), func(pairs []pair) []byte { return s.labelOf(r, pairs) })
	anew := new(lineReader)
	want := described(anew.read(line), func(pairs []pair) []byte { return anew.labelBy(s.by, s.loss, pairs) })
	if got != want {
		t.Fatalf("%q is read as\n%sand not as\n%s", line, got, want)
	}
}

// otherDigits replaces some digits of a line.
func otherDigits(line []byte, r *rand.Rand) []byte {
	line = bytes.Clone(line)
	for i, c := range line {
		if decimal.IsDigit(c) && r.IntN(2) == 0 {
			line[i] = "0012345678999"[r.IntN(13)]
		}
	}
	return line
}

// TestLinesAlike reads the lines of all logs, and the same with other digits.
func TestLinesAlike(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(logsFolder, "*"))
	if err != nil || len(paths) < 50 {
		t.Fatal(len(paths), err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	looked, found := 0, 0
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range []labelling{byWords, byNames, byLead} {
			r, s := new(lineReader), &textScanner{selection: selection{loss: "loss", labelled: true, by: by}}
			n := 0
			lines(content, func(line []byte, _, _ int) {
				if n++; n > 30 || len(line) > 2*longestAlike {
					return
				}
				checkAlike(t, r, s, line)
				for range 3 {
					checkAlike(t, r, s, otherDigits(line, random))
				}
			})
			if r.alikes != nil {
				looked, found = looked+r.alikes.looked, found+r.alikes.found
			}
		}
	}
	if found*3 < looked {
		t.Errorf("only %d of %d lines were like another", found, looked)
	}
}

// FuzzAlike reads a line and others that differ in digits.
func FuzzAlike(f *testing.F) {
	for _, line := range []string{"Epoch: [0][ 10/739]\tLoss 7.6 (7.7)", "stage 0 = 0.5, stage 1 = 0.4 loss 2.0", "loss 100 0.5, 0,5 1,200 3-9 12%",
		"x0 1e5 x0 = 2", "2031-05-04 10:00:01.5 [3, 2] loss at step 8: 6.5e-01 1st \"1.5\" step 7 / 1,000 it", "train: s3=1 loss=nan 12s3 {'loss': '2.1'}"} {
		f.Add([]byte(line), uint64(1))
	}
	f.Fuzz(func(t *testing.T, line []byte, seed uint64) {
		r, s := new(lineReader), &textScanner{selection: selection{loss: "loss", labelled: true}}
		random := rand.New(rand.NewPCG(seed, 1))
		checkAlike(t, r, s, line)
		for range 10 {
			checkAlike(t, r, s, otherDigits(line, random))
		}
	})
}
