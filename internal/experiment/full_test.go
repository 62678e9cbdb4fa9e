//go:build linux

package experiment

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"alrc/internal/atomicfile"
	"alrc/internal/runfolder"
)

// smallDisk mounts a file system of a size, where the test may.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small file system cannot be made here (that takes root): %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	return dir
}

// A full disk is noticed while the run is going on, the last checkpoint stays, and the run goes on from there to the end that it
// would have had.
func TestFullDisk(t *testing.T) {
	const steps = 20000
	disk := smallDisk(t, "8m")
	s, data := fakeSpecification("alrc:2", steps), testData()
	unbroken := begin(t, s, data)
	train(t, unbroken, data)

	if err := Resolve(&s, data, withFake); err != nil {
		t.Fatal(err)
	}
	dir, filler := filepath.Join(disk, "run"), filepath.Join(disk, "filler")
	if err := Create(dir, s, Here("test", 0, "")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filler, make([]byte, 7<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Train(context.Background(), dir, data, Options{Engines: withFake, CheckpointEvery: time.Millisecond})
	if !atomicfile.IsFull(err) || !strings.Contains(err.Error(), "after step") {
		t.Fatalf("of a full disk: %v", err)
	}
	kept, err := CheckpointStep(dir)
	if err != nil || kept == 0 || kept == steps {
		t.Fatalf("the checkpoint kept is of step %d, %v", kept, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	train(t, dir, data)
	if contents(t, dir, runfolder.CheckpointFile) != contents(t, unbroken, runfolder.CheckpointFile) {
		t.Error("after a full disk the run has another end")
	}
}

// A disk that has no room for a checkpoint is noticed before the first step, and the run can be begun later.
func TestFullDiskFromTheStart(t *testing.T) {
	disk := smallDisk(t, "1m")
	s, data := fakeSpecification("alrc:2", 50), testData()
	if err := Resolve(&s, data, withFake); err != nil {
		t.Fatal(err)
	}
	dir, filler := filepath.Join(disk, "run"), filepath.Join(disk, "filler")
	if err := Create(dir, s, Here("test", 0, "")); err != nil {
		t.Fatal(err)
	}
	if file, err := os.Create(filler); err != nil {
		t.Fatal(err)
	} else {
		for err == nil { // to the last byte
			_, err = file.Write(make([]byte, 512))
		}
		file.Close()
	}
	observed := 0
	_, err := Train(context.Background(), dir, data, Options{Engines: withFake, Observe: func(Progress) { observed++ }})
	if !atomicfile.IsFull(err) || observed > 0 {
		t.Fatalf("of a full disk, after %d steps: %v", observed, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	train(t, dir, data)
}
