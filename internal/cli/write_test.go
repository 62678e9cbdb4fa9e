//go:build linux

package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// otherFileSystem returns a new folder on another file system than that of temporary files.
func otherFileSystem(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "alrc-test-")
	if err != nil {
		t.Skipf("there is no other file system to try: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var temporary, there syscall.Stat_t
	if err := errors.Join(syscall.Stat(t.TempDir(), &temporary), syscall.Stat(dir, &there)); err != nil || temporary.Dev == there.Dev {
		t.Skipf("%s is on the file system of temporary files (%v)", dir, err)
	}
	return dir
}

// A place that cannot be written is a failure, not wrong input, whichever command is to write there.
func TestAPlaceThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(writeMicrograph("a.png", 1, false), os.WriteFile("log.csv", []byte("step,loss\n1,3\n2,2\n3,1\n"), 0o644),
		os.WriteFile("grid.yaml", []byte("clip: none\nwidth: 0.05\nsteps: 5\ndata: {kind: procedural, size: 8}\ntest-images: 1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range []string{
		"train --clip none --steps 5 --width 0.05 --size 8 --test-images 1 --data procedural --out log.csv/run",
		"sweep run grid.yaml --jobs 1 --out log.csv/sweep",
		"scan a.png --out log.csv/scan.tif",
		"replay log.csv --json log.csv/r.json",
		"replay log.csv --csv log.csv/r.csv",
	} {
		if _, stderr, code := run(strings.Fields(arguments)...); code != exitFailure || !strings.Contains(stderr, "log.csv") {
			t.Errorf("alrc %s: exit code %d, %s", arguments, code, stderr)
		}
	}
	// A folder of something else is one that the user did not mean.
	if _, stderr, code := run("sweep", "run", "grid.yaml", "--out", "."); code != exitUsage {
		t.Errorf("a sweep in a folder of other files: exit code %d, %s", code, stderr)
	}
}

// Every command that writes files writes them where it is told, by whatever name, also where temporary files lie on another
// file system.
func TestEveryCommandWritesOnAnyFileSystem(t *testing.T) {
	dir, temporary := otherFileSystem(t), t.TempDir()
	t.Chdir(dir)
	if err := errors.Join(os.Mkdir("micrographs", 0o755), writeMicrograph("micrographs/a.png", 1, false), writeMicrograph("micrographs/b.png", 2, false),
		os.WriteFile("grid.yaml", []byte("clip: none\nwidth: 0.05\nsteps: 5\ndata: {kind: procedural, size: 8}\ntest-images: 1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	completer := "--width 0.02 --depth 0.1 --size 32 --data micrographs --test micrographs/b.png --steps 5 --test-images 1 --clip none"
	written := map[string]bool{}
	for _, test := range []struct{ command, files string }{
		{"train --clip none --steps 5 --width 0.05 --size 8 --test-images 1 --out .", "report.html none/result.json"},
		{"resume . --steps 7", "report.html none/checkpoint.safetensors"},
		{"report .", "report.html"},
		{"train micrographs " + completer + " --out stem", "stem/report.html"},
		{"scan micrographs/a.png", "a-scan.tif a-scan.png"},
		{"scan micrographs/a.png --out bare.tif", "bare.tif bare.png"},
		{"complete bilinear bare.tif", "bare-completed.tif bare-completed.png"},
		{"complete stem/none bare.tif --out one.tif", "one.tif one.png"},
		{"evaluate stem --crops 2 --csv crops.csv", "crops.csv"},
		{"replay none/metrics.csv --clip alrc:2 --csv rows.csv --json r.json --html r.html", "rows.csv r.json r.html"},
		{"sweep run grid.yaml --jobs 1", "sweeps/grid/report.html"},
		{"sweep run grid.yaml --jobs 1 --out mine", "mine/report.html mine/plan.json"},
	} {
		run := command(t, strings.Fields(test.command)...)
		run.Env = append(run.Env, "TMPDIR="+temporary, "CIFAR10=")
		if text, err := run.CombinedOutput(); err != nil {
			t.Errorf("alrc %s: %v\n%s", test.command, err, text)
			continue
		}
		for _, name := range strings.Fields(test.files) {
			if info, err := os.Stat(name); err != nil || info.Size() == 0 {
				t.Errorf("alrc %s did not write %s (%v)", test.command, name, err)
			}
		}
		written[strings.Fields(test.command)[0]] = true
	}
	// What writes nothing, or goes through what is walked here.
	for _, name := range strings.Fields("bench completion data help serve snippet version watch worker") {
		written[name] = true
	}
	for _, command := range newRootCommand(nil).Commands() {
		if !written[command.Name()] {
			t.Errorf("no file of 'alrc %s' is tried", command.Name())
		}
	}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".tmp") {
			t.Errorf("left over: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Devices and pipes are written to, and not replaced.
func TestOutputGoesToPipesAndDevices(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := writeMicrograph("a.png", 1, false); err != nil {
		t.Fatal(err)
	}
	losses := "step,loss\n" + strings.Repeat("1,2\n2,3\n3,2\n4,99\n", 30)
	if err := os.WriteFile("losses.csv", []byte(losses), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ command, want string }{
		{"replay losses.csv --clip alrc:2 --csv PIPE", "step,"},
		{"replay losses.csv --clip alrc:2 --json PIPE", "{"},
		{"replay losses.csv --clip alrc:2 --html PIPE", "<!doctype html>"},
		{"scan a.png --out PIPE", "II*\x00"},
	} {
		os.Remove("pipe")
		if err := syscall.Mkfifo("pipe", 0o600); err != nil {
			t.Fatal(err)
		}
		read := make(chan []byte, 1)
		go func() {
			content, _ := os.ReadFile("pipe")
			read <- content
		}()
		if text, err := command(t, strings.Fields(strings.ReplaceAll(test.command, "PIPE", "pipe"))...).CombinedOutput(); err != nil {
			t.Fatalf("alrc %s: %v\n%s", test.command, err, text)
		}
		if content := <-read; !bytes.HasPrefix(bytes.ToLower(content), []byte(strings.ToLower(test.want))) {
			t.Errorf("alrc %s: from the pipe came %.60q", test.command, content)
		}
		if text, err := command(t, strings.Fields(strings.ReplaceAll(test.command, "PIPE", "/dev/null"))...).CombinedOutput(); err != nil {
			t.Errorf("alrc %s to /dev/null: %v\n%s", test.command, err, text)
		}
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Errorf("/dev/null is %v", info.Mode())
	}
	if _, err := os.Stat("/dev/null.png"); err == nil {
		t.Error("a picture was written beside /dev/null")
	}
}

// A disk that fills up ends a run with what to do, and doing it ends the run.
func TestFullDiskSaysWhatToDo(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=250k"); err != nil {
		t.Skipf("a small file system cannot be made here (that takes root): %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, 0) })
	out := filepath.Join(disk, "run")
	train := command(t, append(strings.Fields("train --clip none --steps 1500 --out "+out), strings.Fields(tiny)...)...)
	text, err := train.CombinedOutput()
	if train.ProcessState.ExitCode() != exitFailure || !strings.Contains(string(text), "no space left on device") ||
		!strings.Contains(string(text), "go on with: alrc resume "+out) {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := syscall.Mount("none", disk, "tmpfs", syscall.MS_REMOUNT, "size=40m"); err != nil {
		t.Fatal(err)
	}
	if text, err := command(t, "resume", out).CombinedOutput(); err != nil || !strings.Contains(string(text), "1,500/1,500 steps") {
		t.Errorf("%v\n%s", err, text)
	}
}
