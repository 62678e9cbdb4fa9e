//go:build unix

package losslog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"alrc/internal/format/eventlog"
)

// perProcessor reports MB a second of processor time, beside the MB a second of a watch: other work on the machine
// disturbs it less. The function that it returns is called after the loop.
func perProcessor(b *testing.B, size int) func() {
	b.SetBytes(int64(size))
	spent := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	begin := spent()
	return func() { b.ReportMetric(float64(size)*float64(b.N)/1e6/(spent()-begin).Seconds(), "MB/cpu-s") }
}

// tableOf makes a log as 'alrc train' and most loggers write it: step, loss and three other columns.
func tableOf(rows int) []byte {
	random := rand.New(rand.NewPCG(7, 8))
	var b bytes.Buffer
	b.WriteString("step,loss,learning_rate,grad_norm,images_per_s\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%v,0.001,%.6f,%.2f\n", i+1, float32(1+random.ExpFloat64()), random.Float64(), 900+random.Float64())
	}
	return b.Bytes()
}

// BenchmarkTable is the reading of a table on one core, up to steps and losses.
func BenchmarkTable(b *testing.B) {
	digits := func(format string) []byte {
		random := rand.New(rand.NewPCG(7, 8))
		var content bytes.Buffer
		content.WriteString("step,loss\n")
		for i := range 200_000 {
			fmt.Fprintf(&content, "%d,"+format+"\n", i+1, 1+random.ExpFloat64())
		}
		return content.Bytes()
	}
	for _, test := range []struct {
		name    string
		content []byte
	}{{"FiveColumns", tableOf(200_000)}, {"SixDigits", digits("%.6f")}, {"AllDigits", digits("%v")}} {
		b.Run(test.name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			table, ok := sniffCSV(test.content[:1000])
			if !ok {
				b.Fatal("no table")
			}
			s, err := table.choose(selection{loss: "loss", counter: counter{step: "step"}})
			if err != nil {
				b.Fatal(err)
			}
			scan(b, test.content, s, 200_000)
		})
	}
}

// scan reads a log, with so many rows, over and over, and gives its speed by the processor's time.
func scan(b *testing.B, content []byte, s scanner, rows int) {
	defer perProcessor(b, len(content))()
	for b.Loop() {
		read := 0
		err := scanAll(bytes.NewReader(content), 0, s, false, func(b *block) error { read += len(b.Losses); return nil })
		if err != nil || read != rows {
			b.Fatal(read, err)
		}
	}
}

// BenchmarkText is the same for text whose records run together.
func BenchmarkText(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var content bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&content, "run-75, Iter: %d, MSE_in: 15.130768537521362, MSE: 15.13076519966126, Val: 0", i+1)
	}
	text, ok := sniffText(content.Bytes()[:10_000])
	if !ok {
		b.Fatal("no text")
	}
	where := []Condition{{Field: "Val", Value: "0"}}
	where[0].prepare()
	s, err := text.choose(selection{loss: "MSE", counter: counter{step: "Iter"}, where: where})
	if err != nil {
		b.Fatal(err)
	}
	scan(b, content.Bytes(), s, 50_000)
}

// BenchmarkLines is the same for lines made for people, whose words and numbers are told apart.
func BenchmarkLines(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var content bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&content, "2031-05-04 10:00:00,123 - INFO - [train] step %d/50000 | loss: 1.25123 | lr: 0.001 | grad norm: 0.512 | 204.9 ms\n", i+1)
	}
	s, err := new(textScanner).choose(selection{loss: "loss", counter: counter{step: "step"}, label: "train", labelled: true})
	if err != nil {
		b.Fatal(err)
	}
	scan(b, content.Bytes(), s, 50_000)
}

// BenchmarkQuotes is the same for a table whose fields are in quotes.
func BenchmarkQuotes(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var content bytes.Buffer
	content.WriteString("\"step\",\"loss\",\"lr\"\n")
	for i := range 50_000 {
		fmt.Fprintf(&content, "\"%d\",\"1.25123\",\"0.001\"\n", i+1)
	}
	table, ok := sniffCSV(content.Bytes()[:1000])
	if !ok {
		b.Fatal("no table")
	}
	s, err := table.choose(selection{loss: "loss", counter: counter{step: "step"}})
	if err != nil {
		b.Fatal(err)
	}
	scan(b, content.Bytes(), s, 50_000)
}

// BenchmarkJSONLines is the same for JSON lines.
func BenchmarkJSONLines(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var content bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&content, `{"step": %d, "train": {"loss": 1.25123, "accuracy": 0.5}, "time": 1234.5, "note": "text"}`+"\n", i+1)
	}
	s := &jsonScanner{lines: true, selection: selection{loss: "train.loss", counter: counter{step: "step"}}}
	scan(b, content.Bytes(), s, 50_000)
}

// BenchmarkEvents is the same for an event file.
func BenchmarkEvents(b *testing.B) {
	dir := b.TempDir()
	w, err := eventlog.Create(dir)
	if err != nil {
		b.Fatal(err)
	}
	for i := range int64(100_000) {
		w.Scalars(i, eventlog.Scalar{Tag: "loss", Value: 1 / float64(i+1)})
		w.Scalars(i, eventlog.Scalar{Tag: "learning_rate", Value: 1})
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	content, err := os.ReadFile(onlyFile(b, dir))
	if err != nil {
		b.Fatal(err)
	}
	var filled block
	defer perProcessor(b, len(content))()
	for b.Loop() {
		rows := 0
		err := readEvents(bytes.NewReader(content), "loss", eventRows, func() *block { filled.reset(); return &filled },
			func(b *block) error { rows += len(b.Losses); return nil })
		if err != nil || rows != 100_000 {
			b.Fatal(rows, err)
		}
	}
}
