package losslog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkPieces scans data whole, and again in the pieces that a reader with a small buffer would make: both must find
// the same, or a log's numbers would depend on where its pieces end.
func checkPieces(t *testing.T, s scanner, data []byte, size int) {
	var whole, parts block
	s.scan(data, &whole)
	rest := data
	for begin, end := 0, 0; begin < len(rest); {
		end = min(end+1+size, len(rest))
		n := s.whole(rest[begin:end])
		if n < 0 || n > end-begin {
			t.Fatalf("%d of %d bytes are whole", n, end-begin)
		}
		if end == len(rest) {
			n = end - begin
		}
		if n == 0 {
			continue
		}
		parts.offset = int64(begin)
		s.scan(rest[begin:begin+n], &parts)
		begin += n
		end = max(end, begin)
	}
	if len(whole.Steps) != len(whole.Losses) || len(whole.Groups) != 0 && len(whole.Groups) != len(whole.Losses) {
		t.Fatalf("%d steps, %d losses, %d groups", len(whole.Steps), len(whole.Losses), len(whole.Groups))
	}
	text := func(values []float64) (all []string) {
		for _, value := range values {
			all = append(all, finiteText(value))
		}
		return all
	}
	if diff := cmp.Diff(whole.Steps, parts.Steps); diff != "" {
		t.Errorf("steps differ by pieces: %s", diff)
	}
	if diff := cmp.Diff(text(whole.Losses), text(parts.Losses)); diff != "" {
		t.Errorf("losses differ by pieces: %s", diff)
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("step,loss\n1,0.5\n2,\"0.25\"\n\n3,nan\n"), 7)
	f.Add([]byte("1\t2\n3\t4"), 1)
	f.Add([]byte("a;b;\"c;d\"\n1;2;3\nx;;\n"), 3)
	f.Add([]byte("1 2  3\n4 5 6\n"), 2)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		table, ok := sniffCSV(data)
		if !ok {
			return
		}
		table.survey(data, newSurvey(surveying{}))
		last := table.names[len(table.names)-1]
		chosen := selection{loss: last, counter: counter{step: table.names[0]}}
		if size%2 == 0 {
			chosen.where = []Condition{{Field: table.names[0], Value: "1", Not: true}}
		}
		s, err := table.choose(chosen)
		if err != nil {
			return
		}
		checkPieces(t, s, data, size&0xff)
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"step":1,"loss":0.5}`+"\n"+`{"step":2,"loss":[1,2,null]}`), true, 5)
	f.Add([]byte(`{"a":{"loss":1,"b":"\"}"},"step":"3"},{"loss":NaN}],"x":{}`), false, 9)
	f.Fuzz(func(t *testing.T, data []byte, lines bool, size int) {
		first := &jsonScanner{lines: lines}
		first.survey(data, newSurvey(surveying{}))
		for _, chosen := range []selection{{loss: "loss", counter: counter{step: "step"}}, {loss: "a.loss", where: []Condition{{Field: "a.b", Value: "1"}}}} {
			s, err := first.choose(chosen)
			if err != nil {
				t.Fatal(err)
			}
			if lines {
				checkPieces(t, s, data, size&0xff)
			} else {
				var b block
				s.scan(data, &b)
				if n := s.whole(data); n < 0 || n > len(data) {
					t.Fatal(n)
				}
			}
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("step 1: loss 0.5\nstep 2: loss nan\r\n"), "loss", "", 3)
	f.Add([]byte("x, Iter: 1, MSE: 0.5, Val: 0x, Iter: 2, MSE: 1e-3, Val: 1"), "MSE", "Iter", 11)
	f.Fuzz(func(t *testing.T, data []byte, loss, boundary string, size int) {
		if loss == "" {
			return
		}
		if found, ok := sniffText(data); ok {
			found.survey(data, newSurvey(surveying{}))
		}
		chosen := selection{loss: loss, counter: counter{step: "step"}, where: []Condition{{Field: "Val", Value: "1", Not: true}}}
		if boundary == "" {
			for _, carried := range []bool{false, true} {
				chosen.carried = carried
				s, err := new(textScanner).choose(chosen)
				if err != nil {
					t.Fatal(err)
				}
				checkPieces(t, s, data, size&0xff)
			}
			return
		}
		s := &runTogether{boundary: boundary, selection: chosen}
		var b block
		s.scan(data, &b)
		if n := s.whole(data); n < 0 || n > len(data) {
			t.Fatal(n)
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add([]byte("MSE: 0.5MSE: nan"), "MSE: ([-+0-9.eE]+|nan|inf)")
	f.Add([]byte("abc"), "(x*)")
	f.Fuzz(func(t *testing.T, data []byte, expression string) {
		p, err := newPattern(expression, nil)
		if err != nil {
			return
		}
		var b block
		if used := p.scan(data, true, &b); used < 0 || used > len(data)+1 {
			t.Fatal(used)
		}
	})
}

// FuzzDecode reads any file, whatever it claims to be: a notebook, columns of JSON, UTF-16, terminal output.
func FuzzDecode(f *testing.F) {
	for _, content := range []string{
		`{"cells":[{"cell_type":"code","outputs":[{"text":["step 1 loss 2\n"],"data":{"text/html":"<table><tr><td>1</td></tr></table>"}}]}]}`,
		`{"log":"loss 1\n"}` + "\n" + `{"log":"loss 2\n"}` + "\n" + `{"log":"loss 3"}` + "\n", `{"steps":[1,2,3],"a":{"loss":[0.5,null,2]}}`, "[[1.5,2,3.5],[2.5,3,4.5]]", "\xff\xfel\x00o\x00s\x00s\x00 \x001\x00\n\x00",
		"s\x00t\x00e\x00p\x00 \x001\x00\n\x00", "\x1b[31mstep 1\x1b[0m \xe2\x94\x82 loss 2\r\b\b\bstep 2 loss 3\n", "\x1b]0;title\x07loss 1\n",
		":W&B\xe1\xbe\x00\x00\x00\x00\x00\x02\x00\x01\x12\x00", "\x28\xb5\x2f\xfd", "BZh91AY", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := file{path: path, real: path}.open()
		if err != nil {
			return
		}
		defer r.Close()
		const most = 64 << 20 // what little data may be unpacked to here
		if _, err := io.CopyN(io.Discard, r, most); err != nil && !errors.Is(err, io.EOF) {
			return
		}
	})
}
