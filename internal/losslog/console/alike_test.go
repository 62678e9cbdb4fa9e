package console

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// described is all that a scanner sees of a line's pairs.
func described(pairs []Pair, label func(pairs []Pair) []byte) string {
	text := ""
	for len(pairs) > 0 {
		n := oneRecord(pairs)
		for _, p := range pairs[:n] {
			text += fmt.Sprintf("%q %q %v %v %v; ", p.Name, p.Text, p.Value, p.Total, p.Unit)
		}
		text += fmt.Sprintf("of %q\n", label(pairs[:n]))
		pairs = pairs[n:]
	}
	return text
}

// checkAlike reads a line by one that is kept, if it is like one, and anew.
func checkAlike(t *testing.T, r *Reader, labels *Labels, line []byte) {
	t.Helper()
	got := described(r.readAlike(line, labels), func(pairs []Pair) []byte { return r.Label(pairs, labels) })
	anew := new(Reader)
	want := described(anew.Read(line), func(pairs []Pair) []byte { return anew.Label(pairs, labels) })
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
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "logs", "*"))
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
		for _, by := range []Labelling{ByWords, ByNames, ByLead} {
			r, labels := new(Reader), &Labels{By: by, Loss: "loss"}
			n := 0
			plaintext.Lines(content, func(line []byte) {
				if n++; n > 30 || len(line) > 2*longestAlike {
					return
				}
				checkAlike(t, r, labels, line)
				for range 3 {
					checkAlike(t, r, labels, otherDigits(line, random))
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
		r, labels := new(Reader), &Labels{Loss: "loss"}
		random := rand.New(rand.NewPCG(seed, 1))
		checkAlike(t, r, labels, line)
		for range 10 {
			checkAlike(t, r, labels, otherDigits(line, random))
		}
	})
}

// FuzzLine reads any line: no name may lie outside it, and each number is the one that its text says.
func FuzzLine(f *testing.F) {
	for _, line := range []string{"Epoch: [0][ 10/739]\tLoss 7.6 (7.7)", "loss at step 8: 6.5", "{'loss': '1.5', \"x\": 2}", " 1: 905.88, 905.81 avg loss, 0.001 rate",
		"lr=[1e-3, 2e-3] 12%|██ | 70/600 [00:01<00:02, 3.1it/s, loss=nan]", "step 1,200 | loss 38,403.2 | 0,5 | 10:00:01.5 2031-05-04T10:00", "损失：0.5，第 3 轮"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r := new(Reader)
		for _, p := range r.Read(line) {
			if len(p.Name) == 0 {
				t.Fatalf("a number without any name in %q", line)
			}
			if p.at < 0 || p.at >= len(r.tokens) || r.tokens[p.at].kind != numberToken {
				t.Fatalf("%q is no number of %q", p.Text, line)
			}
			lexicon.MeaningOf(string(p.Name))
			lexicon.CounterOf(string(p.Name))
		}
		r.words()
		last := 0
		for _, token := range r.tokens {
			if token.end < token.begin || token.end > len(line) || token.begin < last {
				t.Fatalf("token %+v after %d in %q", token, last, line)
			}
			last = token.end
		}
	})
}
