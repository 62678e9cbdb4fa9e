package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// A test's scripts run this test's own program as the command.
func init() {
	if os.Getenv(natsVariable) != "" {
		serveNATS(os.Args[1:])
		return
	}
	if os.Getenv("ALRC_TEST_COMMAND") != "" {
		os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr))
	}
}

func TestReplayScripts(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: scripts(t, "testdata/replay*.txtar"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("ALRC_TEST_COMMAND", "1")
			env.Setenv("ALRC", program)
			return nil
		},
	})
}

func scripts(t *testing.T, pattern string) []string {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts at %s: %v", pattern, err)
	}
	return files
}
