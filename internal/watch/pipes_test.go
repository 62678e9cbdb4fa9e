package watch

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// launch starts this program as one of another kind, and ends before it.
func launch(kind string) {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "ALRC_TEST_PROGRAM="+kind)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
}

// leave writes now and then, or nothing for long.
func leave(kind string) {
	if kind == "left silent" {
		time.Sleep(20 * time.Second)
		return
	}
	for i := range 20 {
		time.Sleep(50 * time.Millisecond)
		fmt.Println("step", i, "loss", 2)
	}
}

// A launcher may end before what it launched: that is read to its end, and what holds the outputs open and is silent is not
// waited for.
func TestWhatAProgramLeavesBehind(t *testing.T) {
	for kind, want := range map[string]int{"launches left lively": 20, "launches left silent": 0} {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), "ALRC_TEST_PROGRAM="+kind)
		var stdout, stderr bytes.Buffer
		p, err := connect(cmd, &stdout, &stderr)
		if err != nil {
			t.Fatal(err)
		}
		p.silent, p.lively = 300*time.Millisecond, 10*time.Second
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p.copy()
		begun := time.Now()
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		if err := p.wait(); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(stdout.String(), "loss"); lines != want {
			t.Errorf("%s: %d lines of %d", kind, lines, want)
		}
		if time.Since(begun) > 15*time.Second {
			t.Errorf("%s: it was waited for", kind)
		}
	}
}
