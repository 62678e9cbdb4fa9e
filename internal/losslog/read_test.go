package losslog

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// read returns what was read of a log, and calls do with its steps.
func read(o Options, do func(step int64, losses []float64)) (Source, error) {
	log, err := Open(o)
	if err != nil {
		return Source{}, err
	}
	defer log.Close()
	var chunks []*Chunk
	for again := true; again; {
		chunks = nil
		next := func() *Chunk { return new(Chunk) }
		if again, err = log.Read(next, func(c *Chunk) error { chunks = append(chunks, c); return nil }); err != nil {
			return Source{}, err
		}
	}
	for _, c := range chunks {
		for i := range c.Len() {
			do(c.Step(i), c.Losses(i))
		}
	}
	log.Example() // which must not fail, whatever was read
	return log.Source(), nil
}

// pairs returns what was read of a log, and its steps with the means of their losses, as in "1:0.5 2:0.25"; a loss
// that is not finite is left empty.
func pairs(t testing.TB, o Options) (Source, string) {
	t.Helper()
	var all []string
	source, err := read(o, func(step int64, losses []float64) {
		var sum float64
		for _, loss := range losses {
			sum += loss
		}
		all = append(all, fmt.Sprintf("%d:%s", step, finiteText(sum/float64(len(losses)))))
	})
	if err != nil {
		t.Fatal(err)
	}
	return source, strings.Join(all, " ")
}

// count is the number of steps of pairs.
func count(pairs string) int { return len(strings.Fields(pairs)) }

// readError returns the error that reading a log gives.
func readError(o Options) error {
	_, err := read(o, func(int64, []float64) {})
	return err
}

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func finiteText(value float64) string {
	if value-value != 0 {
		return ""
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

// onlyFile is the path of the one file in a folder.
func onlyFile(tb testing.TB, dir string) string {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		tb.Fatalf("%s holds %d files, want 1 (%v)", dir, len(entries), err)
	}
	return dir + "/" + entries[0].Name()
}
