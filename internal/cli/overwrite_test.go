package cli

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// No command replaces what it reads, under whatever name, nor writes two things to one file.
func TestInputsAreNotReplaced(t *testing.T) {
	t.Chdir(t.TempDir())
	log := "step,loss\n" + strings.Repeat("1,2\n", 50)
	if err := errors.Join(writeMicrograph("a.png", 1, false), os.Mkdir("logs", 0o755), os.WriteFile("a.csv", []byte(log), 0o644),
		os.WriteFile("logs/b.csv", []byte(log), 0o644), os.Link("a.png", "link.tif")); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := run(strings.Fields("scan a.png --out s.tif")...); code != 0 {
		t.Fatal(stderr)
	}
	content := func() (all [][]byte) {
		for _, file := range []string{"a.png", "s.tif", "a.csv", "logs/b.csv"} {
			bytes, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, bytes)
		}
		return all
	}
	before := content()
	for _, arguments := range []string{
		"scan s.tif --out ./s.tif",
		"scan a.png --out a.tif", // its picture is a.png
		"scan a.png --out link.tif",
		"complete s.tif --out s.tif",
		"complete s.tif --out ../" + "DIR" + "/s.tif",
		"complete s.tif --uncertainty s.tif",
		"complete s.tif --out c.tif --uncertainty c.tif",
		"complete s.tif --out a.tif --truth a.png",
		"replay a.csv --csv a.csv",
		"replay a.csv --json r --csv r",
		"replay logs --csv logs/b.csv",
		"evaluate --images a.png --csv a.png",
	} {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		arguments = strings.ReplaceAll(arguments, "DIR", dir[strings.LastIndexByte(dir, os.PathSeparator)+1:])
		if _, stderr, code := run(strings.Fields(arguments)...); code != exitUsage || !strings.Contains(stderr, "name another file") {
			t.Errorf("alrc %s: exit code %d, %s", arguments, code, stderr)
		}
	}
	for i, now := range content() {
		if !bytes.Equal(now, before[i]) {
			t.Errorf("file %d has changed", i)
		}
	}
	// What is written anew may be replaced.
	for range 2 {
		for _, arguments := range []string{"scan a.png --out s.tif", "replay logs --html logs/page.html", "replay a.csv --csv rows.csv"} {
			if _, stderr, code := run(strings.Fields(arguments)...); code != 0 {
				t.Errorf("alrc %s: exit code %d, %s", arguments, code, stderr)
			}
		}
	}
}

// "-" is standard input and standard output: a scan is completed in a pipe.
func TestScansInPipes(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := writeMicrograph("a.png", 1, false); err != nil {
		t.Fatal(err)
	}
	scan := command(t, "scan", "a.png", "--out", "-", "--coverage", "0.2")
	partial, err := scan.Output()
	if err != nil {
		t.Fatal(err)
	}
	complete := command(t, "complete", "-", "--method", "linear", "--out", "-")
	complete.Stdin = bytes.NewReader(partial)
	piped, err := complete.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, arguments := range []string{"scan a.png --out s.tif --coverage 0.2", "complete s.tif --method linear --out c.tif"} {
		if _, stderr, code := run(strings.Fields(arguments)...); code != 0 {
			t.Fatal(stderr)
		}
	}
	if file, err := os.ReadFile("c.tif"); err != nil || !bytes.Equal(file, piped) {
		t.Errorf("through pipes %d bytes came, and %d are in the file: %v", len(piped), len(file), err)
	}
	if entries, _ := os.ReadDir("."); len(entries) != 5 {
		t.Errorf("there are other files: %v", entries)
	}
	if _, stderr, code := run("complete", "s.tif", "--out", "c.png"); code != exitUsage || !strings.Contains(stderr, ".tif or .mrc") {
		t.Errorf("a picture's name as a folder's: exit code %d, %s", code, stderr)
	}
	if _, stderr, code := run("complete", "nosuch"); code != exitUsage || !strings.Contains(stderr, "no such image") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
