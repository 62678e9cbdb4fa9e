package alrc_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program of the README's section about the library, and the commands below it, work as they stand, without a network.
func TestReadmeProgram(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(after, begin string) string {
		t.Helper()
		_, rest, _ := strings.Cut(string(text), after)
		_, rest, found := strings.Cut(rest, begin)
		content, _, ended := strings.Cut(rest, "```\n")
		if !found || !ended {
			t.Fatalf("the README has no block %q after %q", begin, after)
		}
		return content
	}
	const section = "## In your training loop"
	program, commands := block(section, "```go\n"), block(section, "```sh\n")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-e", "-c", commands)
	shell.Dir, shell.Env = dir, append(os.Environ(), "ALRC="+here, "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := shell.CombinedOutput()
	line := strings.TrimSpace(string(out[strings.LastIndexByte(strings.TrimSpace(string(out)), '\n')+1:]))
	if err != nil || !strings.HasPrefix(line, "y = ") || !strings.Contains(string(text), line) {
		t.Errorf("%v: %s", err, out)
	}
}
