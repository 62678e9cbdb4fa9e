package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// What cannot be compared, or was changed by hand, is told before anything is trained or removed.
func TestResumeChecksFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, stderr, code := run(append(strings.Fields("train --clip none --clip alrc --steps 20 --out r"), strings.Fields(tiny)...)...); code != 0 {
		t.Fatal(stderr)
	}
	result, err := os.ReadFile("r/none/result.json")
	if err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile("r/none/run.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ from, to, arguments, want string }{
		{"learning-rate: 0.003", "learning-rate: 0.5", "resume r --steps 900", "differ in optimizer.learning-rate"},
		{"steps: 20", "steps: 70", "resume r", "r/none/run.yaml has 70 steps, and the run is done after 20: to go on, give --steps 70"},
	} {
		changed := strings.Replace(string(original), test.from, test.to, 1)
		if changed == string(original) {
			t.Fatalf("run.yaml has no %s:\n%s", test.from, original)
		}
		if err := os.WriteFile("r/none/run.yaml", []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		_, stderr, code := run(strings.Fields(test.arguments)...)
		if now, err := os.ReadFile("r/none/result.json"); code != exitUsage || !strings.Contains(stderr, test.want) || err != nil || !bytes.Equal(now, result) {
			t.Errorf("alrc %s: exit code %d, %s (%v)", test.arguments, code, stderr, err)
		}
	}
	// Told to go on, it does, and with the number in the file.
	if _, stderr, code := run("resume", "r", "--steps", "70"); code != 0 || !strings.Contains(stderr, "none: 70/70 steps") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
