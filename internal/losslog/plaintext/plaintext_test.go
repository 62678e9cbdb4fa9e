package plaintext

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

const sample = "step 1,\tloss 0.5 #1\nstep 2, loss 0.25, Übung 𝄞\n"

func inUTF16(mark string, put func(b []byte, v uint16) []byte) string {
	b := []byte(mark)
	for _, unit := range utf16.Encode([]rune(sample)) {
		b = put(b, unit)
	}
	return string(b)
}

func compressed(w io.WriteCloser, b *bytes.Buffer) string {
	io.WriteString(w, sample)
	w.Close()
	return b.String()
}

func TestOpen(t *testing.T) {
	little := func(b []byte, v uint16) []byte { return append(b, byte(v), byte(v>>8)) }
	big := func(b []byte, v uint16) []byte { return append(b, byte(v>>8), byte(v)) }
	var zipped, packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"as it is": sample, "UTF-16": inUTF16("\xff\xfe", little), "UTF-16, big end first": inUTF16("\xfe\xff", big),
		"UTF-16 without a mark": inUTF16("", little), "codes of control characters": strings.ReplaceAll(sample, "\t", "#011"), "behind zeros": strings.Repeat("\x00", 100_000) + sample, "before zeros": sample + strings.Repeat("\x00", 700),
		"around zeros": sample[:9] + strings.Repeat("\x00", 512) + sample[9:],
		"gzip":         compressed(gzip.NewWriter(&zipped), &zipped), "zstd": compressed(z, &packed)} {
		text, err := Open(strings.NewReader(content), name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := io.ReadAll(text); err != nil || string(got) != sample {
			t.Errorf("%s: read %q: %v", name, got, err)
		}
		text.Close()
	}
	if _, err := Open(strings.NewReader("\xfd7zXZ\x00..."), "a.log.xz"); err == nil || !strings.Contains(err.Error(), "xz -dc a.log.xz | alrc replay -") {
		t.Errorf("xz: %v", err)
	}
}

// checkPieces checks what is made of a text, in whatever pieces it comes.
func checkPieces(t *testing.T, drawn, want string, with func() func(piece []byte, last bool) []byte) {
	t.Helper()
	for size := 1; size <= len(drawn); size++ {
		next := with()
		var got []byte
		for i := 0; i < len(drawn); i += size {
			end := min(i+size, len(drawn))
			got = append(got, next([]byte(drawn[i:end]), end == len(drawn))...)
		}
		if string(got) != want {
			t.Errorf("in pieces of %d: %q, not %q", size, got, want)
		}
	}
}

func cleaner() func([]byte, bool) []byte { return new(Cleaner).Clean }

// Text that comes in pieces is cleaned as that which comes at once.
func TestCleaner(t *testing.T) {
	const drawn = "\x1b[31mstep 1\x1b[0m loss 2\rstep 2 loss 3\r\n\x1b]0;title\x07│ 1 │ 0.5 │\n└───┘\u00a0a\b\bb – €\r"
	const want = "step 1 loss 2\nstep 2 loss 3\n| 1 | 0.5 |\n+---+ a\nb – €\n"
	if !NeedsCleaning([]byte(drawn)) || NeedsCleaning([]byte(sample)) {
		t.Error("not recognised")
	}
	checkPieces(t, drawn, want, cleaner)
	got, err := io.ReadAll(NewCleanReader(strings.NewReader(drawn)))
	if err != nil || string(got) != want {
		t.Errorf("read %q: %v", got, err)
	}
}

// Text that strokes back write into a line stays in it, in whatever pieces it comes; a line that they draw anew is another.
func TestStrokesBack(t *testing.T) {
	const drawn = "go\n[>....] loss 2.5\b\b\b\b\b\b\b\b\b\b\b\b\b\b1/2\r[==>..] loss 1.5\b\b\b\b\b\b\b\b\b\b\b\b\b\b2/2\n1: loss 3\b\b\b\b\b\b\b\b\b2: loss 4\n"
	const want = "go\n[>1/2.] loss 2.5\n[=2/2.] loss 1.5\n1: loss 3\n2: loss 4\n"
	checkPieces(t, drawn, want, cleaner)
}

// A bar that has come further where it is drawn again stands above the text that it was wiped out for; one that has not, and one of
// another total, stay below.
func TestRedrawn(t *testing.T) {
	const wiped = "                    \n"
	const drawn = "a 0%|   | 0/9 [00:00<?, ?it/s]\n" + wiped + "loss 3\nb\n\n 22%|#  | 2/9 [00:01<00:03, 2it/s]\n" + wiped + "loss 2\n" +
		" 22%|#  | 2/9 [00:01<00:03, 2it/s]\nloss 9\n 33%|## | 3/9 [00:01<00:03, 2it/s]\n" + wiped + "loss 1\n 50%|#  | 4/8 [00:01<00:03, 2it/s]\n" +
		wiped + "c\n 60%|#  | 5/8 [00:01<00:03, 2it/s, loss=2]\n"
	const want = "a 0%|   | 0/9 [00:00<?, ?it/s]\n" + wiped + " 22%|#  | 2/9 [00:01<00:03, 2it/s]\nloss 3\nb\n\n" + wiped + "loss 2\n" +
		" 22%|#  | 2/9 [00:01<00:03, 2it/s]\nloss 9\n 33%|## | 3/9 [00:01<00:03, 2it/s]\n" + wiped + "loss 1\n 50%|#  | 4/8 [00:01<00:03, 2it/s]\n" +
		wiped + "c\n 60%|#  | 5/8 [00:01<00:03, 2it/s, loss=2]\n"
	checkPieces(t, drawn, want, func() func([]byte, bool) []byte { return new(Redrawn).Add })
	if !LagsBehind([]byte(drawn)) || LagsBehind([]byte(strings.ReplaceAll(drawn, " 0/9", " 2/9"))) || LagsBehind([]byte(sample)) {
		t.Error("not recognised")
	}
}
