//go:build unix

package live

import (
	"path/filepath"
	"syscall"
	"testing"
)

// pipes puts pipes in place of some of a run's files, at which a reader would wait for ever.
func pipes(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"result.json", "clips.csv", "curve.csv"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
