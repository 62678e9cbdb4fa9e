package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

type tarEntry struct {
	name    string
	kind    byte
	content []byte
	link    string
}

func archiveOf(t *testing.T, entries []tarEntry) []byte {
	t.Helper()
	var buffer bytes.Buffer
	zipped := gzip.NewWriter(&buffer)
	writer := tar.NewWriter(zipped)
	for _, entry := range entries {
		if entry.kind == 0 {
			entry.kind = tar.TypeReg
		}
		header := &tar.Header{Name: entry.name, Typeflag: entry.kind, Size: int64(len(entry.content)), Mode: 0o644, Linkname: entry.link}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(entry.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// published is an archive as the published one, but for the number of records.
func published(t *testing.T) []byte {
	files := cifarFiles(2)
	entries := []tarEntry{{name: cifarFolder + "/", kind: tar.TypeDir}, {name: cifarFolder + "/readme.html", content: []byte("hello")}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entries = append(entries, tarEntry{name: cifarFolder + "/" + name, content: files[name]})
	}
	return archiveOf(t, entries)
}

func md5Of(content []byte) string {
	sum := md5.Sum(content)
	return hex.EncodeToString(sum[:])
}

// server serves content, breaking off each answer after so many bytes, and keeps the ranges it was asked for.
type server struct {
	*httptest.Server
	content  []byte
	etag     string
	breakOff int
	ranges   []string
}

func newServer(t *testing.T, content []byte) *server {
	s := &server{content: content, etag: `"one"`}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ranges = append(s.ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", s.etag)
		if s.breakOff > 0 {
			w = &breakingWriter{w, s.breakOff}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
	}))
	t.Cleanup(s.Close)
	return s
}

type breakingWriter struct {
	http.ResponseWriter
	left int
}

func (w *breakingWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		w.ResponseWriter.Write(p[:w.left])
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

func (s *server) download(t *testing.T, dir string) (done, total int64, err error) {
	t.Helper()
	d := download{dir: dir, url: s.URL, md5: md5Of(s.content), progress: func(d, t int64) { done, total = d, t }}
	err = d.run(context.Background())
	return done, total, err
}

func checkUnpacked(t *testing.T, dir string) {
	t.Helper()
	for name, want := range cifarFiles(2) {
		if got, err := os.ReadFile(filepath.Join(dir, cifarFolder, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not as it was packed (%v)", name, err)
		}
	}
	if _, _, err := OpenCIFAR10(dir, 0); err != nil {
		t.Error(err)
	}
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return list
}

func TestDownload(t *testing.T) {
	s := newServer(t, published(t))
	dir := filepath.Join(t.TempDir(), "new")
	done, total, err := s.download(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
	if size := int64(len(s.content)); done != size || total != size {
		t.Errorf("the last progress was %d of %d bytes; the archive has %d", done, total, size)
	}
	if list := names(t, dir); !slices.Equal(list, []string{cifarFolder}) {
		t.Errorf("besides the files there is %v", list)
	}
	if list := names(t, filepath.Join(dir, cifarFolder)); len(list) != 6 {
		t.Errorf("unpacked were %v", list)
	}
	// What is there is not asked for again.
	if _, _, err := s.download(t, dir); err != nil || len(s.ranges) != 1 {
		t.Errorf("%d requests, %v", len(s.ranges), err)
	}
}

func TestDownloadGoesOn(t *testing.T) {
	s := newServer(t, published(t))
	s.breakOff = len(s.content) * 2 / 5
	dir := t.TempDir()
	done, total, err := s.download(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
	if want := []string{"", fmt.Sprintf("bytes=%d-", s.breakOff), fmt.Sprintf("bytes=%d-", 2*s.breakOff)}; !slices.Equal(s.ranges, want) {
		t.Errorf("asked for were the ranges %q, not %q", s.ranges, want)
	}
	if size := int64(len(s.content)); done != size || total != size {
		t.Errorf("the last progress was %d of %d bytes; the archive has %d", done, total, size)
	}
}

// A download that was cancelled leaves its part, with which a later one goes on; where the file on the server has
// changed meanwhile, the later one begins again.
func TestDownloadGoesOnLater(t *testing.T) {
	for _, etag := range []string{`"one"`, `"two"`} {
		s := newServer(t, published(t))
		s.breakOff = len(s.content) / 2
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		d := download{dir: dir, url: s.URL, md5: md5Of(s.content), progress: func(done, total int64) {
			if done == int64(s.breakOff) {
				cancel()
			}
		}}
		if err := d.run(ctx); err == nil || !strings.Contains(err.Error(), "goes on where this one stopped") {
			t.Fatalf("the error is %v", err)
		}
		if _, _, err := OpenCIFAR10(dir, 0); err == nil {
			t.Error("half a download was opened")
		}
		s.breakOff = 0
		s.etag = etag
		if _, _, err := s.download(t, dir); err != nil {
			t.Fatal(err)
		}
		checkUnpacked(t, dir)
		if len(s.ranges) != 2 || s.ranges[1] == "" {
			t.Errorf("asked for were the ranges %q", s.ranges)
		}
	}
}

// A part that is complete but wrong is thrown away.
func TestDownloadAfterAWrongPart(t *testing.T) {
	s := newServer(t, published(t))
	dir := t.TempDir()
	writeFiles(t, dir, map[string][]byte{
		cifarArchive + ".part":         make([]byte, len(s.content)),
		cifarArchive + ".part.version": []byte(s.etag),
	})
	if _, _, err := s.download(t, dir); err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
}

func TestDownloadOfSomethingElse(t *testing.T) {
	s := newServer(t, published(t))
	dir := t.TempDir()
	d := download{dir: dir, url: s.URL, md5: strings.Repeat("0", 32), progress: func(done, total int64) {}}
	err := d.run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "MD5 "+md5Of(s.content)) || !strings.Contains(err.Error(), filepath.Join(dir, cifarArchive)) {
		t.Errorf("the error is %v", err)
	}
	if list := names(t, dir); len(list) != 0 {
		t.Errorf("%v is left", list)
	}
}

func TestDownloadOutOfReach(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, url := range []string{gone.URL, closed.URL} {
		dir := t.TempDir()
		err := DownloadCIFAR10(context.Background(), dir, url, nil)
		if err == nil || !strings.Contains(err.Error(), url) || !strings.Contains(err.Error(), "put the file at "+filepath.Join(dir, cifarArchive)) {
			t.Errorf("the error is %v", err)
		}
		if list := names(t, dir); len(list) != 0 {
			t.Errorf("of a download of nothing %v is left", list)
		}
	}
	huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000000000")
	}))
	defer huge.Close()
	if err := DownloadCIFAR10(context.Background(), t.TempDir(), huge.URL, nil); err == nil || !strings.Contains(err.Error(), "more than the archive can have") {
		t.Errorf("the error is %v", err)
	}
}

func TestArchivePutThereByHand(t *testing.T) {
	s := newServer(t, published(t))
	dir := t.TempDir()
	writeFiles(t, dir, map[string][]byte{cifarArchive: s.content})
	if _, _, err := s.download(t, dir); err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
	if len(s.ranges) != 0 || !slices.Contains(names(t, dir), cifarArchive) {
		t.Error("it was downloaded again, or was deleted")
	}

	dir = t.TempDir()
	writeFiles(t, dir, map[string][]byte{cifarArchive: s.content[:500]})
	if _, _, err := s.download(t, dir); err == nil || !strings.Contains(err.Error(), "incomplete") {
		t.Errorf("half of it: the error is %v", err)
	}
	if !slices.Contains(names(t, dir), cifarArchive) {
		t.Error("half of it was deleted")
	}
}

func TestHostileArchives(t *testing.T) {
	file := cifarFolder + "/data_batch_1.bin"
	record := make([]byte, cifarRecord)
	for name, content := range map[string][]byte{
		"path escapes": archiveOf(t, []tarEntry{
			{name: "../escaped", content: record}, {name: "/tmp/escaped", content: record},
			{name: cifarFolder + "/../../data_batch_1.bin", content: record},
			{name: cifarFolder + "/../data_batch_1.bin", content: record}}),
		"a link":        archiveOf(t, []tarEntry{{name: file, kind: tar.TypeSymlink, link: "/etc/passwd"}}),
		"a folder":      archiveOf(t, []tarEntry{{name: file, kind: tar.TypeDir}}),
		"an odd size":   archiveOf(t, []tarEntry{{name: file, content: record[1:]}}),
		"an empty file": archiveOf(t, []tarEntry{{name: file}}),
		"a bomb":        bombArchive(t),
		"truncated":     published(t)[:500],
		"no archive":    []byte("<html>not found</html>"),
		"nothing":       nil,
		"only one file": archiveOf(t, []tarEntry{{name: file, content: record}}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, content)
			root := t.TempDir()
			dir := filepath.Join(root, "data")
			if _, _, err := s.download(t, dir); err == nil {
				t.Error("it was taken")
			}
			if list := names(t, root); !slices.Equal(list, []string{"data"}) {
				t.Errorf("outside of its folder it left %v", list)
			}
			for _, left := range names(t, dir) {
				if left != cifarFolder {
					t.Errorf("it left %s", left)
				}
			}
			if _, _, err := OpenCIFAR10(dir, 0); err == nil {
				t.Error("what it left was opened")
			}
		})
	}
}

// bombArchive is small and unpacks to more than maxUnpackedBytes: within an entry that is skipped.
func bombArchive(t *testing.T) []byte {
	var buffer bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&buffer, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	writer := tar.NewWriter(zipped)
	if err := writer.WriteHeader(&tar.Header{Name: "zeros", Typeflag: tar.TypeReg, Size: maxUnpackedBytes + 1<<20, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range maxUnpackedBytes>>20 + 1 {
		if _, err := writer.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	writer.Close()
	zipped.Close()
	return buffer.Bytes()
}
