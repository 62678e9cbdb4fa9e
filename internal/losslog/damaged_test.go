package losslog

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"alrc/internal/format/eventlog"
)

func TestMalformed(t *testing.T) {
	content := "step,loss\n1,0.5\n2,abc\n3\n4,0.25\nx,1\n"
	path := write(t, "log.csv", content)
	source, steps := pairs(t, Options{Inputs: []string{path}})
	if steps != "1:0.5 4:0.25" || source.Malformed != 3 || !strings.Contains(source.FirstMalformed, "log.csv, line 3:") {
		t.Errorf("%s; %d malformed, the first: %s", steps, source.Malformed, source.FirstMalformed)
	}
	err := readError(Options{Inputs: []string{path}, Strict: true})
	if err == nil || !strings.Contains(err.Error(), `log.csv, line 3: "2,abc" has "abc" for a loss`) {
		t.Errorf("strict: %v", err)
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
	source, steps := pairs(t, Options{Inputs: []string{write(t, "log.gz", string(whole))}})
	if count(steps) != 50_000 || len(source.Notes) != 0 {
		t.Errorf("gzip: %d rows, notes %q", count(steps), source.Notes)
	}
	source, steps = pairs(t, Options{Inputs: []string{write(t, "log.gz", string(whole[:len(whole)/2]))}})
	if count(steps) < 20_000 || count(steps) >= 50_000 || len(source.Notes) != 1 || !strings.Contains(source.Notes[0], "ends too early") {
		t.Errorf("half a gzip file: %d rows, notes %q", count(steps), source.Notes)
	}

	dir := t.TempDir()
	w, err := eventlog.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(100) {
		w.Scalars(i, eventlog.Scalar{Tag: "loss", Value: 1})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(onlyFile(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	source, steps = pairs(t, Options{Inputs: []string{write(t, "events.out.tfevents.1", string(content[:len(content)-5]))}})
	if count(steps) != 99 || len(source.Notes) != 1 || !strings.Contains(source.Notes[0], "ends within a record") {
		t.Errorf("a cut event file: %d rows, notes %q", count(steps), source.Notes)
	}
	source, steps = pairs(t, Options{Inputs: []string{write(t, "events.out.tfevents.1.gz", string(zipped(t, content)))}})
	if count(steps) != 100 {
		t.Errorf("a zipped event file: %d rows, notes %q", count(steps), source.Notes)
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
		losses += len(b.Losses)
		return nil
	})
	if err != nil || malformed == 0 || losses > 0 {
		t.Errorf("%d losses, %d malformed records, error %v", losses, malformed, err)
	}
}
