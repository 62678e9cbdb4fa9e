package gomlx

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"alrc/internal/snippet"
)

// The module that 'alrc snippet gomlx' prints compiles.
func TestSnippet(t *testing.T) {
	dir := t.TempDir()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	// It is put into this module without touching it.
	pasted, overlay := filepath.Join(dir, "clip.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "pasted", "clip.go"): pasted}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{pasted: []byte(snippet.Text("gomlx", 2, 0.99)), overlay: replace} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "./pasted").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
