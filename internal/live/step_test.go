package live

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"alrc/internal/experiment"
	"alrc/internal/place"
)

// trained trains a tiny run.
func trained(t *testing.T, dir, clip string, batch int) {
	t.Helper()
	s := experiment.Default()
	s.Data = place.Data{Kind: "procedural", Size: 8}
	s.Width, s.Steps, s.Clip, s.BatchSize, s.TestImages, s.Decay = 0.05, 120, clip, batch, 2, 0.9
	set := must[*place.Set](t)(openData(s.Data))
	if err := experiment.Resolve(&s, set, nil); err != nil {
		t.Fatal(err)
	}
	if err := experiment.Create(dir, s, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := experiment.Train(context.Background(), dir, set, experiment.Options{Threads: 1}); err != nil {
		t.Fatal(err)
	}
}

func openData(d place.Data) (*place.Set, error) {
	_, set, err := new(place.Opener).Open(d)
	return set, err
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Whoever clicks a mark sees the step, its neighbours, and the pictures of the examples that made it.
func TestAStepShowsItsExamples(t *testing.T) {
	above := t.TempDir()
	trained(t, filepath.Join(above, "none"), "none", 1)
	trained(t, filepath.Join(above, "alrc-1"), "alrc:1", 4)
	s := serve(t, Options{Places: []string{above}})
	for name, examples := range map[string]int{"none": 1, "alrc-1": 4} {
		r := s.awaitRun(name, "its end", func(r Run) bool { return r.State == Done && r.Step == 120 })
		var found, clipped bool
		for step := int64(1); step <= 120; step++ {
			var a Steps
			s.json("/api/step?around=3&run="+r.ID+"&step="+strconv.FormatInt(step, 10), &a)
			if len(a.Rows) < 4 || int64(a.Rows[len(a.Rows)-1][0]) < step || a.Columns[0] != "step" {
				t.Fatalf("%s, step %d: rows %v", name, step, a.Rows)
			}
			if len(a.Examples) == 0 || len(a.Examples) > examples || a.Examples[0].Picture == "" || a.Examples[0].ID == "" {
				t.Fatalf("%s, step %d: %+v", name, step, a)
			}
			for i := 1; i < len(a.Examples); i++ {
				if a.Examples[i].Loss > a.Examples[i-1].Loss {
					t.Errorf("%s, step %d: the larger loss comes later: %+v", name, step, a.Examples)
				}
			}
			clipped = clipped || a.Examples[0].Scale < 1
			if name == "none" && !(a.Examples[0].Loss > 0) {
				t.Errorf("the single example of step %d has the loss %v", step, a.Examples[0].Loss)
			}
			if found {
				continue
			}
			found = true
			status, body := s.get(a.Examples[0].Picture)
			picture, err := png.Decode(bytes.NewReader([]byte(body)))
			if status != http.StatusOK || err != nil || picture.Bounds().Dx() != 8 {
				t.Errorf("%s gives %d, %v", a.Examples[0].Picture, status, err)
			}
			other := strings.Replace(a.Examples[0].Picture, "image=", "image=99", 1)
			if status, _ := s.get(other); status != http.StatusBadRequest {
				t.Errorf("an image that is not one of the step's gives %d", status)
			}
		}
		if clipped != (name == "alrc-1") {
			t.Errorf("%s: losses were clipped: %v", name, clipped)
		}
		if status, body := s.get("/api/step?run=" + r.ID + "&step=5000"); status != 200 || !strings.Contains(body, "no step 5000") {
			t.Errorf("a step beyond the end: %d %s", status, body)
		}
	}
	// Data other than those of the run are not shown.
	path := filepath.Join(above, "none", "run.yaml")
	text := must[[]byte](t)(os.ReadFile(path))
	write(t, path, strings.Replace(string(text), "size: 8", "size: 16", 1))
	var a Steps
	o := s.overview()
	id := o.run("none").ID
	s.json("/api/step?run="+id+"&step=5", &a)
	if len(a.Rows) == 0 || !strings.Contains(a.Note, "no pictures") || len(a.Examples) > 0 && a.Examples[0].Picture != "" {
		t.Errorf("with other data: %+v", a)
	}
	if status, _ := s.get("/api/picture?run=" + id + "&step=5&image=1"); status == http.StatusOK {
		t.Error("a picture of other data is shown")
	}
}
