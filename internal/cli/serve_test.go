package cli

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestServeEndsWhenItIsTold(t *testing.T) {
	for _, test := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}} {
		text, code := signalled(t, command(t, "serve", "--address", "127.0.0.1:0", t.TempDir()), "Ctrl-C ends it", test.signal)
		if code != test.code {
			t.Errorf("%v: exit code %d\n%s", test.signal, code, text)
		}
	}
}

func TestServeSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"nowhere"}, "there is no file or folder nowhere"},
		{[]string{"--address", "8080"}, "HOST:PORT"},
		{[]string{"--address", "127.0.0.1:99999"}, "99999"},
	} {
		c := command(t, append([]string{"serve"}, test.arguments...)...)
		c.Dir = t.TempDir()
		text, _ := c.CombinedOutput()
		if code := c.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(text), test.want) {
			t.Errorf("%q: exit code %d\n%s", test.arguments, code, text)
		}
	}
}

// A run that serves itself is seen while it trains, ends by itself, and has the result of one that does not.
func TestTrainServesItself(t *testing.T) {
	dir := t.TempDir()
	train := func(out, steps string, more ...string) []string {
		return append(append(strings.Fields("train --clip none --threads 1 "+tiny), "--steps", steps, "--out", filepath.Join(dir, out)), more...)
	}
	for out, more := range map[string][]string{"alone": nil, "served": {"--serve=127.0.0.1:0"}} {
		if text, err := command(t, train(out, "50", more...)...).CombinedOutput(); err != nil || strings.Contains(string(text), "See it live: http://127.0.0.1:") != (more != nil) {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	a, errA := os.ReadFile(filepath.Join(dir, "alone", "none", "checkpoint.safetensors"))
	b, errB := os.ReadFile(filepath.Join(dir, "served", "none", "checkpoint.safetensors"))
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("the checkpoints differ, %v, %v", errA, errB)
	}
	c := command(t, train("long", "100000000", "--serve=127.0.0.1:0")...)
	pipe, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Process.Kill()
	url := ""
	for lines := bufio.NewScanner(pipe); url == "" && lines.Scan(); {
		url, _ = strings.CutPrefix(regexp.MustCompile(`^See it live: .*`).FindString(lines.Text()), "See it live: ")
	}
	go io.Copy(io.Discard, pipe)
	response, err := http.Get(url + "api/overview")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 || !strings.Contains(string(body), `"title":"long"`) {
		t.Errorf("%d %s, %v", response.StatusCode, body, err)
	}
}
