package preface

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestFind(t *testing.T) {
	for _, test := range []struct{ name, in, out string }{
		{"logging", "2024-03-05 12:00:00,033 INFO step 1 loss 2.5\n2024-03-05 12:00:01,033 WARNING slow\n", "step 1 loss 2.5\nslow\n"},
		{"names of loggers", "2024-03-05 12:00:00,033 - engine - INFO - step 1\n2024-03-05 12:00:00,034 - hooks - INFO - saved\n", "step 1\nsaved\n"},
		{"sources", "I0305 12:00:00.1 12 a.cc:40] step 1\nW0305 12:00:00.2 12 b.cc:7] step 2\n", "step 1\nstep 2\n"},
		{"boxes", "[0] | step | 5 |\n[0] | loss | 2 |\n", "[0] | step | 5 |\n[0] | loss | 2 |\n"},
		{"boxes of a worker", "job-1  | | step | 5 |\njob-1  | | loss | 2 |\n", "| step | 5 |\n| loss | 2 |\n"},
		{"boxes behind levels", "INFO | step | 5 |\nINFO | loss | 2 |\n", "| step | 5 |\n| loss | 2 |\n"},
		{"rows keep their places", "12:00:00 INFO   step  loss\n12:00:01 INFO      1   2.5\n", "step  loss\n   1   2.5\n"},
		{"two loggers", "INFO: step 1\nINFO: step 1\nINFO: step 2\nINFO: step 2\n", "step 1\nstep 2\n"},
		{"equal losses", "0.5\n0.5\n0.5\n0.25\n", "0.5\n0.5\n0.5\n0.25\n"},
		{"quotations", "> step loss\n> 1 2.5\n", "step loss\n1 2.5\n"},
		{"epochs that begin lines", "1: loss 2 acc 3\n2: loss 1 acc 4\n", "1: loss 2 acc 3\n2: loss 1 acc 4\n"},
		{"indented blocks", "    step loss\n       1  2.5\n", "step loss\n   1  2.5\n"},
		{"workers are told apart", "12:00:00 [Rank 0] INFO loss 2\n12:00:00 [Rank 1] INFO loss 3\n", "[Rank 0] INFO loss 2\n[Rank 1] INFO loss 3\n"},
		{"training and validation", "INFO train: loss 2\nINFO val: loss 3\n", "train: loss 2\nval: loss 3\n"},
		{"a name of numbers", "loss: 2.5\nloss: 2.25\n", "loss: 2.5\nloss: 2.25\n"},
		{"any name of numbers", "quux: 2.5\nquux: 2.25 at step 3\n", "quux: 2.5\nquux: 2.25 at step 3\n"},
		{"counters", "Epoch: 1 loss 2\nEpoch: 2 loss 3\n", "Epoch: 1 loss 2\nEpoch: 2 loss 3\n"},
		{"epochs in brackets", "[1] loss 2\n[1] loss 3\n", "[1] loss 2\n[1] loss 3\n"},
		{"cells", "| 2024-03-05 | 12:00:00 | 2.5 |\n| 2024-03-05 | 12:00:01 | 2 |\n", "| 2024-03-05 | 12:00:00 | 2.5 |\n| 2024-03-05 | 12:00:01 | 2 |\n"},
		{"bare numbers", "12:00:00 2.5\n12:00:01 2.25\n", "2.5\n2.25\n"},
		{"fields", "2024-03-05 12:00:00,x,2.5\n2024-03-05 12:00:01,y,2.25\n", "2024-03-05 12:00:00,x,2.5\n2024-03-05 12:00:01,y,2.25\n"},
		{"numbers of epochs", "7: begin\n8: loss 2\n", "7: begin\n8: loss 2\n"},
	} {
		in, out := strings.Repeat(test.in, 5), strings.Repeat(test.out, 5)
		got := []byte(in)
		if p := Find(got); p != nil {
			got, _ = (&Filter{Preface: p}).Append(nil, []byte(in), true)
		}
		if string(got) != out {
			t.Errorf("%s: got\n%swant\n%s", test.name, got, out)
		}
	}
}

// Numbers of lines are taken away with what other lines hold between the numbers of a training.
func TestLineNumbers(t *testing.T) {
	const text = "loading\nepoch 1\nloss 2\nsaved\nepoch 2\nloss 1\n"
	for _, form := range []string{"%6d\t%s\n", "%d:%s\n"} {
		in := ""
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			in += fmt.Sprintf(form, i+1, line)
		}
		p := Find([]byte(in))
		if p == nil {
			t.Fatalf("%q: nothing found", form)
		}
		if got, _ := (&Filter{Preface: p}).Append(nil, []byte(in), true); string(got) != text {
			t.Errorf("%q: got\n%s", form, got)
		}
	}
}

// The heading of a column of times is that of a table.
func TestTable(t *testing.T) {
	if p := Find([]byte("time phase loss\n" + strings.Repeat("12:00:00 train 2.5\n", 9))); p != nil {
		t.Errorf("found %+v", p)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(strings.Repeat("12:00:00 INFO step 1\n", 6), "12:00:01 INFO more\nTraceback\n")
	f.Add(strings.Repeat("job-1 | loss 2.5\n", 6), "job-1 | loss 2")
	f.Add(strings.Repeat("loss 2.5\nloss 2.5\nloss 2\nloss 2\n", 6), "loss 3\n")
	f.Fuzz(func(t *testing.T, head, more string) {
		p := Find([]byte(head))
		if p == nil {
			return
		}
		want, _ := (&Filter{Preface: p}).Append(nil, []byte(head+more), true)
		read, err := io.ReadAll(p.NewReader(bufio.NewReaderSize(iotest.HalfReader(strings.NewReader(head+more)), 1<<16)))
		if err != nil || string(read) != string(want) {
			t.Errorf("read %q, want %q (%v)", read, want, err)
		}
	})
}

func BenchmarkStrip(b *testing.B) {
	line := []byte("2024-03-05 12:00:00,033 INFO trainer: step 100/1500000 loss 2.5 lr 1e-4 gnorm 0.533 tokens/s 12345\n")
	p := Find(bytes.Repeat(line, 9))
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if len(p.Strip(line)) == len(line) {
			b.Fatal("there is no preface")
		}
	}
}
