package tail

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, path, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	long := string(bytes.Repeat([]byte("a line\n"), 100))
	write(t, path, long)
	atEnd := func() Mark {
		m, err := AtEnd(path)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := atEnd()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Place() != int64(len(long)) || !m.Unchanged(info) || !m.Continued(path) {
		t.Error("a file is not as it was")
	}
	appendTo(t, path, "more\n")
	if info, err = os.Stat(path); err != nil || m.Unchanged(info) || !m.Continued(path) {
		t.Error("a file that grew is not told from others")
	}
	write(t, path, long[:10])
	if m.Continued(path) {
		t.Error("a file that was cut continues")
	}
	write(t, path, string(bytes.Repeat([]byte("another\n"), 200)))
	if m.Continued(path) {
		t.Error("a file that was written anew continues")
	}
	m = atEnd()
	write(t, path+"2", string(bytes.Repeat([]byte("another\n"), 200)))
	if err := os.Rename(path+"2", path); err != nil {
		t.Fatal(err)
	}
	if m.Continued(path) {
		t.Error("another file continues it")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if m.Continued(path) || new(Mark).Continued(path) {
		t.Error("a file that is not there continues")
	}
}

// A mark that is moved along a file tells what was read of it, whatever the pieces.
func TestAdvance(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	content := bytes.Repeat([]byte("0123456789"), 100)
	write(t, path, string(content))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 7, compared, 300, len(content)} {
		var m Mark
		m.See(info)
		for begin := 0; begin < len(content); begin += size {
			m.Advance(content[begin:min(begin+size, len(content))])
			if !m.Continued(path) {
				t.Fatalf("after %d bytes in pieces of %d the file is another", m.Place(), size)
			}
		}
		if m.Place() != int64(len(content)) {
			t.Errorf("pieces of %d: at %d of %d", size, m.Place(), len(content))
		}
		m.Advance([]byte("x"))
		if m.Continued(path) {
			t.Error("what was never there was read")
		}
	}
}
