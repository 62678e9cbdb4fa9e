//go:build linux

package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func content(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

// otherFileSystem is a folder on another file system than the working directory.
func otherFileSystem(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "alrc-test-")
	if err != nil {
		t.Skipf("there is no other file system to try: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var here, there syscall.Stat_t
	if err := errors.Join(syscall.Stat(".", &here), syscall.Stat(dir, &there)); err != nil || here.Dev == there.Dev {
		t.Skipf("%s is on the same file system (%v)", dir, err)
	}
	return dir
}

// A bare name, a relative one and an absolute one are written beside their targets, wherever temporary files go.
func TestTemporaryFilesLieBesideTheirTargets(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", otherFileSystem(t))
	dir, _ := os.Getwd()
	if err := os.Mkdir("sub", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"bare", "./dot", "sub/below", "../" + filepath.Base(dir) + "/above", filepath.Join(dir, "absolute"), strings.Repeat("n", 250)} {
		var names []string
		err := Write(path, func(w io.Writer) error {
			entries, err := os.ReadDir(filepath.Dir(path))
			for _, entry := range entries {
				names = append(names, entry.Name())
			}
			return errors.Join(err, content(path)(w))
		})
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != path {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
		if !strings.Contains(strings.Join(names, "\n"), ".tmp") {
			t.Errorf("while %s is written, its folder holds %v", path, names)
		}
	}
}

func TestModesAreKept(t *testing.T) {
	t.Chdir(t.TempDir())
	defer syscall.Umask(syscall.Umask(0o027))
	check := func(path string, want fs.FileMode) {
		t.Helper()
		if err := Write(path, content("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v, not %v (%v)", path, info.Mode(), want, err)
		}
	}
	check("new", 0o640)
	for name, mode := range map[string]fs.FileMode{"private": 0o600, "shared": 0o666, "program": 0o755} {
		if err := errors.Join(os.WriteFile(name, []byte("old"), 0o600), os.Chmod(name, mode)); err != nil {
			t.Fatal(err)
		}
		check(name, mode)
	}
	if os.Getuid() != 0 { // who is root may write everywhere
		if err := os.WriteFile("guarded", []byte("old"), 0o444); err != nil {
			t.Fatal(err)
		}
		if err := Write("guarded", content("new")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a file that may not be written to: %v", err)
		}
	}
}

func TestLinksAreFollowed(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.Mkdir("there", 0o755), os.WriteFile("there/file", []byte("old"), 0o600), os.Symlink("there/file", "link"),
		os.Symlink("link", "chain"), os.Symlink("there/nothing", "dangling"), os.Symlink("loop", "loop")); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link": "there/file", "chain": "there/file", "dangling": "there/nothing"} {
		if err := Write(link, content(link)); err != nil {
			t.Errorf("%s: %v", link, err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more (%v)", link, err)
		}
		if got, err := os.ReadFile(target); err != nil || string(got) != link {
			t.Errorf("%s holds %q, %v", target, got, err)
		}
	}
	if err := Write("loop", content("")); err == nil {
		t.Error("a link to itself was written")
	}
}

func TestDevicesAndPipesAreWrittenTo(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := Write("/dev/null", content("text")); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Fatalf("/dev/null is %v, %v", info.Mode(), err)
	}
	if err := Write("/dev/full", content("text")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("of a device without room: %v", err)
	}
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		got, _ := os.ReadFile("pipe")
		read <- got
	}()
	if err := Write("pipe", content("through the pipe")); err != nil {
		t.Error(err)
	}
	if got := <-read; string(got) != "through the pipe" {
		t.Errorf("from the pipe came %q", got)
	}
	// As a shell passes >(command): an open descriptor.
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := Write("/dev/fd/"+itoa(writer.Fd()), content("by number")); err != nil {
		t.Error(err)
	}
	writer.Close()
	if got, _ := io.ReadAll(reader); string(got) != "by number" {
		t.Errorf("from the descriptor came %q", got)
	}
	// A descriptor of a file is appended to, since the process may write there too.
	file, err := os.Create("file")
	if err != nil {
		t.Fatal(err)
	}
	file.WriteString("before ")
	if err := Write("/dev/fd/"+itoa(file.Fd()), content("after")); err != nil {
		t.Error(err)
	}
	file.Close()
	if got, _ := os.ReadFile("file"); string(got) != "before after" {
		t.Errorf("the file holds %q", got)
	}
}

func itoa(n uintptr) string { return strconv.FormatUint(uint64(n), 10) }

func TestWhatFailsChangesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.WriteFile("file", []byte("old"), 0o600), os.Mkdir("folder", 0o755)); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no more")
	err := Write("file", func(w io.Writer) error {
		io.WriteString(w, strings.Repeat("x", 1<<20))
		return failed
	})
	if !errors.Is(err, failed) || !strings.HasPrefix(err.Error(), "write file: ") {
		t.Errorf("the error is %v", err)
	}
	if got, _ := os.ReadFile("file"); string(got) != "old" {
		t.Errorf("the file holds %q", got)
	}
	for path, want := range map[string]string{"folder": "is a directory", "nowhere/file": "no such file or directory"} {
		if err := Write(path, content("")); err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if entries, _ := os.ReadDir("."); len(entries) != 2 {
		t.Errorf("what is left over: %v", entries)
	}
}
