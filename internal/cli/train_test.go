package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// tiny is a network and images small enough for tests.
const tiny = "--width=0.05 --size=8 --test-images=20"

// A test's own program, asked so, is one that does not stop when it is told to.
func init() {
	if os.Getenv("ALRC_TEST_STUBBORN") != "" {
		ctx, cancel := withSignals(context.Background())
		defer cancel()
		fmt.Fprintln(os.Stderr, "ready")
		<-ctx.Done()
		fmt.Fprintln(os.Stderr, "told")
		select {}
	}
}

func TestTrainScripts(t *testing.T) { runScripts(t, "testdata/train*.txtar") }

// runScripts runs scripts in folders with pictures and CIFAR-10 files.
func runScripts(t *testing.T, pattern string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: scripts(t, pattern),
		Setup: func(env *testscript.Env) error {
			env.Setenv("ALRC_TEST_COMMAND", "1")
			env.Setenv("ALRC", program)
			env.Setenv("CIFAR10", "")
			env.Setenv("LANG", "C.UTF-8")
			folder, cifar := filepath.Join(env.WorkDir, "pictures"), filepath.Join(env.WorkDir, "cifar")
			if err := errors.Join(os.MkdirAll(folder, 0o755), os.MkdirAll(cifar, 0o755), writeCIFAR10(cifar)); err != nil {
				return err
			}
			micrographs := filepath.Join(env.WorkDir, "micrographs")
			if err := os.MkdirAll(micrographs, 0o755); err != nil {
				return err
			}
			for i, name := range []string{"a.png", "b.png", "held.png", "bad.png", "mask.png"} {
				if err := writeMicrograph(filepath.Join(micrographs, name), i, name == "mask.png"); err != nil {
					return err
				}
			}
			for i := range 6 {
				name := fmt.Sprintf("%d.png", i)
				if i > 3 {
					name = fmt.Sprintf("held-%d.png", i)
				}
				if err := writePicture(filepath.Join(folder, name), i); err != nil {
					return err
				}
			}
			return nil
		},
		// exits CODE ARGUMENTS...: runs the command, which is to end so.
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": func(ts *testscript.TestScript, _ bool, arguments []string) {
			err := ts.Exec(program, arguments[1:]...)
			code := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			} else {
				ts.Check(err)
			}
			if strconv.Itoa(code) != arguments[0] {
				ts.Fatalf("exit code %d, not %s", code, arguments[0])
			}
		}},
	})
}

func writePicture(path string, number int) error {
	picture := image.NewNRGBA(image.Rect(0, 0, 20, 16))
	for i := range 20 * 16 {
		picture.SetNRGBA(i%20, i/20, color.NRGBA{uint8(i * number), uint8(i * i), uint8(i%20*12 + number), 255})
	}
	var content bytes.Buffer
	if err := png.Encode(&content, picture); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o644)
}

// writeMicrograph writes a grey picture of 64x64 pixels, or a mask of every fourth one.
func writeMicrograph(path string, number int, mask bool) error {
	picture := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range picture.Pix {
		if picture.Pix[i] = byte(i*i/(number+3) + i/64*number); mask {
			picture.Pix[i] = []byte{255, 0, 0, 0}[i%4]
		}
	}
	var content bytes.Buffer
	if err := png.Encode(&content, picture); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o644)
}

// writeCIFAR10 writes files of three records.
func writeCIFAR10(dir string) error {
	for i, name := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"} {
		records := make([]byte, 3*3073)
		for at := range records {
			if at%3073 > 0 {
				records[at] = byte(at * at / (7 + i))
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name+".bin"), records, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// command is this test's own program as the command.
func command(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, arguments...)
	c.Env = append(os.Environ(), "ALRC_TEST_COMMAND=1")
	return c
}

func TestSignalsSaveTheWork(t *testing.T) {
	dir := t.TempDir()
	train := func(out string) *exec.Cmd {
		arguments := append(strings.Fields("train --clip none --clip alrc:2 --threads 2 --steps 2000 "+tiny), "--out", filepath.Join(dir, out))
		return command(t, arguments...)
	}
	if text, err := train("unbroken").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	stopped := train("stopped")
	for _, test := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}} {
		text, code := signalled(t, stopped, "alrc-2: ", test.signal)
		if code != test.code || !strings.Contains(text, "Go on with: alrc resume "+filepath.Join(dir, "stopped")) {
			t.Fatalf("%v: exit code %d, not %d\n%s", test.signal, code, test.code, text)
		}
		stopped = command(t, "resume", filepath.Join(dir, "stopped"))
	}
	if text, err := stopped.CombinedOutput(); err != nil || !strings.Contains(string(text), "alrc-2: going on after step ") {
		t.Fatalf("%v\n%s", err, text)
	}
	// Both runs went on at the same time, and both were saved.
	for _, run := range []string{"none", "alrc-2"} {
		a, errA := os.ReadFile(filepath.Join(dir, "unbroken", run, "checkpoint.safetensors"))
		b, errB := os.ReadFile(filepath.Join(dir, "stopped", run, "checkpoint.safetensors"))
		if err := errors.Join(errA, errB); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("the checkpoint of %s, which was stopped, differs from the unbroken one's", run)
		}
	}
}

// signalled starts a command, sends it a signal once it writes a line that begins so, and returns what it wrote and
// its exit code.
func signalled(t *testing.T, c *exec.Cmd, line string, signal os.Signal, more ...string) (text string, code int) {
	t.Helper()
	pipe, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	wanted := append([]string{line}, more...)
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		text += lines.Text() + "\n"
		if len(wanted) > 0 && strings.HasPrefix(lines.Text(), wanted[0]) {
			wanted = wanted[1:]
			if err := c.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.Wait()
	return text, c.ProcessState.ExitCode()
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	c := command(t)
	c.Env = append(os.Environ(), "ALRC_TEST_STUBBORN=1")
	if text, code := signalled(t, c, "ready", os.Interrupt, "told"); code != 130 {
		t.Errorf("exit code %d\n%s", code, text)
	}
}

// Results are shown, and the error is told, where a report cannot be written.
func TestReportThatCannotBeWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	train := append(strings.Fields("train --clip none --steps 3 --out runs"), strings.Fields(tiny)...)
	sweep := "clip: none\nwidth: 0.05\nsteps: 3\ndata: {kind: procedural, size: 8}\ntest-images: 1\n"
	if err := os.WriteFile("grid.yaml", []byte(sweep), 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, arguments := range map[string][]string{"runs": train, "sweeps/grid": {"sweep", "run", "grid.yaml"}} {
		if _, stderr, code := run(arguments...); code != 0 {
			t.Fatalf("%v: %s", arguments, stderr)
		}
		page := filepath.Join(dir, "report.html")
		if err := errors.Join(os.Remove(page), os.Mkdir(page, 0o755)); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, code := run("report", dir)
		if code != exitFailure || !strings.Contains(stdout, "no clipping") || !strings.Contains(stderr, "report.html") {
			t.Errorf("%s: exit code %d, %s%s", dir, code, stdout, stderr)
		}
	}
}
