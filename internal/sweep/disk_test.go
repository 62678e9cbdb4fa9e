package sweep

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"alrc/internal/atomicfile"
	"alrc/internal/runfolder"
)

func TestFoldersOfOtherSweeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	f := openIn(t, dir, shortPlan(t))
	if _, err := Open(dir, planOf(t, tinyRun), ""); err == nil || !strings.Contains(err.Error(), "holds another sweep") {
		t.Errorf("the error is %v", err)
	}
	claimed, err := f.claim()
	if err != nil {
		t.Fatal(err)
	}
	defer claimed.Close()
	if _, err := f.Run(context.Background(), Options{}); runtime.GOOS != "windows" && (err == nil || !strings.Contains(err.Error(), "another process is running the sweep")) {
		t.Errorf("the error is %v", err)
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no sweep's folder") {
		t.Errorf("the error is %v", err)
	}
}

func TestArchivesStayInTheirFolder(t *testing.T) {
	archive := func(header tar.Header, content string) *bytes.Buffer {
		var b bytes.Buffer
		compressed := gzip.NewWriter(&b)
		w := tar.NewWriter(compressed)
		header.Size = int64(len(content))
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(content))
		w.Close()
		compressed.Close()
		return &b
	}
	for _, header := range []tar.Header{{Name: "../out"}, {Name: "/out"}, {Name: "a/../../out"}, {Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc"}} {
		content := "x"
		if header.Typeflag != 0 {
			content = ""
		}
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unpack(archive(header, content), dir); err == nil {
			t.Errorf("%q was unpacked", header.Name)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "out")); err == nil {
			t.Errorf("%q left its folder", header.Name)
		}
	}
	whole := archive(tar.Header{Name: "run.yaml"}, "steps: 3").Bytes()
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	for cut := range whole {
		if err := f.put(f.Plan.Runs[0], bytes.NewReader(whole[:cut])); err == nil {
			t.Fatalf("results cut to %d bytes were taken in", cut)
		}
	}
	if entries, err := os.ReadDir(f.path(runfolder.RunsFolder)); err != nil || len(entries) > 0 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}

// A full disk stops the worker, or the sweep, with its reason; what was done is there when there is room again.
func TestFullDisk(t *testing.T) {
	small := smallDisk(t)
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	server, q := testQueue(t, f)
	run := f.Plan.Runs[0]
	filler := filepath.Join(small, "filler")
	fill := func() { os.WriteFile(filler, make([]byte, 8<<20), 0o644) }
	fill()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := (&Worker{Name: "full", Folder: filepath.Join(small, ".")}).Work(ctx, server.Access.Connection())
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "make room") {
		t.Errorf("the worker's error is %v", err)
	}
	r, err := q.get(ctx, run.ID)
	if err != nil || len(r.Failures) > 0 || r.State != Waiting {
		t.Errorf("the run has paid for the worker's full disk: %+v, %v", r, err)
	}
	os.Remove(filler)
	work(t, server, q, &Worker{Name: "roomy", Folder: filepath.Join(small, "work")}, func(records map[string]record) bool { return records[run.ID].State == Done })

	// The sweep's own folder is full: the result stays on the server.
	os.MkdirAll(filepath.Join(small, "sweep", runfolder.RunsFolder), 0o755)
	full := &Folder{Dir: filepath.Join(small, "sweep"), Plan: f.Plan}
	fill()
	r, err = q.get(ctx, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := full.takeIn(ctx, q, run, r); err == nil || !atomicfile.IsFull(err) || !strings.Contains(err.Error(), "stay on the server") {
		t.Errorf("the sweep's error is %v", err)
	}
	if full.has(run) {
		t.Error("a part of the result was taken in")
	}
	os.Remove(filler)
	if err := full.takeIn(ctx, q, run, r); err != nil || !full.has(run) {
		t.Errorf("with room again: %v", err)
	}
}

// smallDisk is a file system of a few megabytes, where the system lets this user make one.
func smallDisk(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("making a small file system takes Linux and its administrator")
	}
	dir := t.TempDir()
	if text, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("cannot make a small file system: %v: %s", err, text)
	}
	t.Cleanup(func() {
		if text, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, text)
		}
	})
	return dir
}
