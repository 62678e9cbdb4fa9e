package experiment

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/runfolder"
)

func TestOneProcessARun(t *testing.T) {
	data := testData()
	dir := begin(t, fakeSpecification("none", 100), data)
	var inner error
	if _, err := Train(context.Background(), dir, data, Options{Engines: withFake, Observe: func(p Progress) {
		if p.Step == 50 {
			_, trainErr := Train(context.Background(), dir, data, Options{Engines: withFake})
			inner = errors.Join(trainErr, runfolder.Remove(dir), Extend([]string{dir}, 200))
		}
	}}); err != nil {
		t.Fatal(err)
	}
	if inner == nil || strings.Count(inner.Error(), "another process is training this run") != 3 {
		t.Errorf("training, removing and extending a run in progress: %v", inner)
	}
	if err := Create(dir, fakeSpecification("none", 100), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second run in the same folder: %v", err)
	}
	other := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := runfolder.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 || entries[0].Name() != "notes.txt" {
		t.Errorf("after its removal the run's folder has %v, %v; only the user's file is to stay", entries, err)
	}
}

func TestDamagedFolders(t *testing.T) {
	s := fakeSpecification("alrc:2", 60)
	data := testData()
	stop := func(t *testing.T, s Specification) string {
		dir := begin(t, s, data)
		ctx, cancel := context.WithCancel(context.Background())
		Train(ctx, dir, data, Options{Engines: withFake, Observe: func(p Progress) {
			if p.Step == 40 {
				cancel()
			}
		}})
		return dir
	}
	replace := func(name string, change func(string) string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(change(contents(t, dir, name))), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	fromOther := func(change func(*Specification)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			other := s
			change(&other)
			checkpoint := contents(t, stop(t, other), runfolder.CheckpointFile)
			replace(runfolder.CheckpointFile, func(string) string { return checkpoint })(t, dir)
		}
	}
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   []string
	}{
		{"truncated checkpoint", replace(runfolder.CheckpointFile, func(c string) string { return c[:len(c)/2] }), []string{runfolder.CheckpointFile, "delete it to begin the run again"}},
		{"empty checkpoint", replace(runfolder.CheckpointFile, func(string) string { return "" }), []string{runfolder.CheckpointFile, "delete it"}},
		{"garbage checkpoint", replace(runfolder.CheckpointFile, func(c string) string { return strings.Repeat("\xff", len(c)) }), []string{runfolder.CheckpointFile, "delete it"}},
		{"oversized checkpoint", replace(runfolder.CheckpointFile, func(c string) string { return c + "more" }), []string{runfolder.CheckpointFile, "delete it"}},
		{"checkpoint of another seed", fromOther(func(s *Specification) { s.Seed = 5 }), []string{`its seed is "5"`, "another run"}},
		{"checkpoint of another clipping", fromOther(func(s *Specification) { s.Clip = "none" }), []string{"another clipping"}},
		{"checkpoint of a variant", fromOther(func(s *Specification) { s.Clip = "two-sided" }), []string{"two-sided"}},
		{"checkpoint of an earlier arithmetic", func(t *testing.T, dir string) {
			file, err := os.Open(filepath.Join(dir, runfolder.CheckpointFile))
			if err != nil {
				t.Fatal(err)
			}
			tensors, metadata, err := safetensors.Read(file)
			file.Close()
			if err != nil || metadata[arithmeticKey] != "7" {
				t.Fatal(metadata, err)
			}
			delete(metadata, arithmeticKey) // the first had none
			var old bytes.Buffer
			if err := safetensors.Write(&old, tensors, metadata); err != nil {
				t.Fatal(err)
			}
			replace(runfolder.CheckpointFile, func(string) string { return old.String() })(t, dir)
		}, []string{"version 1 of the engine's arithmetic", "version 7", "finish the run with alrc of commit"}},
		{"metrics lost", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, runfolder.MetricsFile)) }, []string{"ends at step 0", "put back"}},
		{"metrics of something else", replace(runfolder.MetricsFile, func(string) string { return "date,price\n1,2\n" }), []string{runfolder.MetricsFile, "not a table of a run"}},
		{"garbage among metrics", replace(runfolder.MetricsFile, func(c string) string { return strings.Replace(c, "\n20,", "\n?!,", 1) }), []string{"after step 19", "damaged"}},
		{"garbage among clips", replace(runfolder.ClipsFile, func(c string) string { return c + "x,y\n" }), []string{runfolder.ClipsFile, "damaged"}},
		{"empty specification", replace(runfolder.SpecificationFile, func(string) string { return "" }), []string{runfolder.SpecificationFile, "empty"}},
		{"unknown setting", replace(runfolder.SpecificationFile, func(c string) string { return c + "speed: 3\n" }), []string{runfolder.SpecificationFile, "speed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := stop(t, s)
			test.damage(t, dir)
			_, err := Train(context.Background(), dir, data, Options{Engines: withFake})
			if err == nil {
				t.Fatal("the run went on")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
	// What a kill or an unfinished copy can leave is no damage.
	for name, harm := range map[string]func(t *testing.T, dir string){
		"a row cut short":          replace(runfolder.MetricsFile, func(c string) string { return c + "41,0.5,0" }),
		"rows after the last save": replace(runfolder.ClipsFile, func(c string) string { return c + "52,1,picture:1,9,1,0.5\n" }),
	} {
		t.Run(name, func(t *testing.T) {
			unbroken := begin(t, s, data)
			train(t, unbroken, data)
			dir := stop(t, s)
			harm(t, dir)
			train(t, dir, data)
			checkSame(t, unbroken, dir)
		})
	}
	other := testData()
	other.Hash = "other"
	if _, err := Train(context.Background(), stop(t, s), other, Options{Engines: withFake}); err == nil || !strings.Contains(err.Error(), "other images") {
		t.Errorf("going on with other images: %v", err)
	}
}

// Whatever a checkpoint holds: an error, or a run that can go on.
func FuzzCheckpoint(f *testing.F) {
	r := opened(f, fakeSpecification("two-sided", 1000), testData())
	for range 25 {
		if _, err := r.take(context.Background(), r.weigh); err != nil {
			f.Fatal(err)
		}
	}
	if err := r.save(); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(contents(f, r.dir, runfolder.CheckpointFile)))
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := r.restore(bytes.NewReader(content)); err != nil {
			return
		}
		if r.step < 0 || r.step > r.Steps {
			t.Fatalf("restored to step %d of %d", r.step, r.Steps)
		}
		if _, err := r.take(context.Background(), r.weigh); err != nil {
			t.Fatal(err)
		}
	})
}
