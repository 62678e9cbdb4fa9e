package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"alrc/internal/cli"
)

// alrc runs the command on the pure-Go backend and returns what it wrote.
func alrc(t *testing.T, wantCode int, arguments ...string) string {
	t.Helper()
	t.Setenv("GOMLX_BACKEND", "go")
	var output bytes.Buffer
	if code := cli.Main(arguments, &output, &output, gomlx); code != wantCode {
		t.Fatalf("alrc %s: exit code %d, want %d:\n%s", strings.Join(arguments, " "), code, wantCode, &output)
	}
	return output.String()
}

func train(t *testing.T, engine, out, steps string, more ...string) string {
	t.Helper()
	return alrc(t, 0, append([]string{"train", "--engine", engine, "--out", out, "--steps", steps, "--clip", "alrc:1", "--moments", "40,2500",
		"--width", "0.0625", "--size", "8", "--batch-size", "2", "--test-images", "3", "--last", "4"}, more...)...)
}

// metrics are the numbers of a run's steps without those that tell of time.
func metrics(t *testing.T, out string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(out, "alrc-1", "metrics.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range rows[0] {
		if name == "images_per_s" {
			for _, row := range rows {
				row[i] = ""
			}
		}
	}
	return rows
}

// A run through GoMLX that was stopped goes on as if it had not been.
func TestTrainsAndResumes(t *testing.T) {
	whole, stopped := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
	train(t, "gomlx", whole, "8", "--evaluate-every", "4")
	train(t, "gomlx", stopped, "4", "--evaluate-every", "4", "--threads", "1")
	alrc(t, 0, "resume", stopped, "--steps", "8")
	want := metrics(t, whole)
	if got := metrics(t, stopped); len(got) != 9 || !reflect.DeepEqual(got, want) {
		t.Errorf("the resumed run's steps are\n%v\nand the unbroken one's\n%v", got, want)
	}
	text, err := os.ReadFile(filepath.Join(whole, "alrc-1", "run.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "kernels: gomlx-go") {
		t.Errorf("run.yaml does not say that the run's arithmetic is gomlx-go:\n%s", text)
	}
}

func TestRefusesTheCPUEnginesChoices(t *testing.T) {
	for _, flag := range []string{"--kernels=avx2", "--direct"} {
		output := alrc(t, 2, "train", "--engine", "gomlx", flag, "--out", filepath.Join(t.TempDir(), "out"), "--size", "8")
		if !strings.Contains(output, "alrc: gomlx: ") {
			t.Errorf("%s: %s", flag, output)
		}
	}
}
