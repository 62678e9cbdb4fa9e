package live

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/runfolder"
)

const result = `{"clip":"none","seed":1,"steps":1000,"diverged":false,"last":250,"mean":1,"losses":1000,"test_loss":2}`

func TestAPageSeesARunGrowToItsEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "none")
	makeRun(t, dir, "none", 100)
	lock, err := runfolder.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	s := serve(t, Options{Places: []string{filepath.Dir(dir)}, Title: "these"})
	r := s.awaitRun("none", "training", func(r Run) bool { return r.State == Training && r.Step == 100 })
	if r.Steps != 1000 || r.Clip != "none" || r.Clipping != "no clipping" || r.Color != 1 || *r.Seed != 1 || !(r.Loss > 1) || r.Reading.Bytes != r.Reading.Of {
		t.Errorf("%+v", r)
	}
	time.Sleep(5 * pollEvery) // what was read first is told by now
	o := s.overview()
	if small := o.Small[r.ID]; o.Title != "these" || len(small.Step) == 0 || small.Step[len(small.Step)-1] != 100 {
		t.Errorf("the small curve is %+v", small)
	}
	events := s.events(o.Event)
	extend(t, filepath.Join(dir, "metrics.csv"), rows(101, 150)+"151,1,") // a row that is being written
	var told int64
	next(t, events, "its new steps", func(u Update) bool {
		for _, p := range u.Points {
			if p.Run != r.ID || p.Again {
				t.Errorf("told of %+v", p)
			}
			for i, n := range p.Curves[0].Steps {
				if told += n; p.Curves[0].Step[i] < 101 {
					t.Errorf("step %d was known", p.Curves[0].Step[i])
				}
			}
		}
		return told == 50
	})
	if c := s.curve(r.ID, ""); !c.Exact || c.Last != 150 || len(c.Step) != 150 || c.Threshold[0] != 2.5 || math.Abs(c.Seconds[149]-1.5) > 1e-9 {
		t.Errorf("the curve is %+v", c)
	}
	extend(t, filepath.Join(dir, "metrics.csv"), "1,2.5,,1,1,1,0,100,\n"+rows(152, 1000))
	write(t, filepath.Join(dir, "result.json"), result)
	next(t, events, "its end", func(u Update) bool {
		return len(u.Runs) > 0 && u.Runs[0].State == Done && u.Runs[0].Words == "done" && u.Runs[0].Step == 1000
	})
	// A page of a finished run is told nothing more.
	time.Sleep(3 * settledEvery)
	for len(events) > 0 {
		<-events
	}
	select {
	case e := <-events:
		t.Errorf("told of a finished run: %+v", e.update)
	case <-time.After(5 * settledEvery):
	}
}

func TestStatesAreToldInWords(t *testing.T) {
	above := t.TempDir()
	old := time.Now().Add(-10 * time.Minute)
	for name, steps := range map[string]int{"waiting": 0, "stopped": 50, "silent": 50, "diverged": 50, "left": 50, "dead": 50, "done": 50, "damaged": 50, "begins": 0} {
		dir := filepath.Join(above, name)
		makeRun(t, dir, "alrc:2", steps)
		if name == "silent" || name == "begins" {
			lock, err := runfolder.Lock(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer lock.Close()
		}
		if steps > 0 {
			if err := os.Chtimes(filepath.Join(dir, "metrics.csv"), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(t, filepath.Join(above, "diverged", "result.json"), `{"steps":1000,"diverged":true,"diverged_step":1234,"diverged_reason":"x"}`)
	write(t, filepath.Join(above, "left", "result.json"), `{"steps":1000,"stability":{"left_step":70}}`)
	write(t, filepath.Join(above, "dead", "result.json"), `{"steps":1000,"dead":{"layer":"conv3","step":40}}`)
	write(t, filepath.Join(above, "done", "result.json"), result)
	write(t, filepath.Join(above, "damaged", "result.json"), `{"steps":`)
	s := serve(t, Options{Places: []string{above}})
	for name, want := range map[string]struct {
		state State
		words string
	}{
		"waiting": {Waiting, "not begun"}, "stopped": {Stopped, "stopped"}, "silent": {Silent, "silent for 10 min"}, "begins": {Training, "begins"},
		"diverged": {Diverged, "diverged at step 1,234 (x)"}, "left": {Diverged, "left its level at step 70 and did not come back"}, "dead": {Dead, "dead since step 40 (layer conv3)"}, "done": {Done, "done"},
		"damaged": {Stopped, "stopped"},
	} {
		r := s.awaitRun(name, want.words, func(r Run) bool { return r.State == want.state && r.Words == want.words })
		if (r.Problem != "") != (name == "damaged") {
			t.Errorf("%s: a problem: %q", name, r.Problem)
		}
	}
	if text := silence(42 * time.Second); text != "silent for 40 s" {
		t.Errorf("after 42 s: %s", text)
	}
}

// A run that is resumed goes back to its checkpoint, and its curve with it.
func TestAResumedRunIsReadAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "alrc-2")
	makeRun(t, dir, "alrc:2", 100)
	s := serve(t, Options{Places: []string{dir}})
	r := s.awaitRun("alrc-2", "100 steps", func(r Run) bool { return r.Step == 100 })
	events := s.events(s.overview().Event)
	write(t, filepath.Join(dir, "metrics.csv"), header+rows(1, 60))
	next(t, events, "that the curve is another", func(u Update) bool { return len(u.Points) > 0 && u.Points[0].Again })
	s.awaitRun("alrc-2", "60 steps", func(r Run) bool { return r.Step == 60 })
	if c := s.curve(r.ID, "&from=50"); c.Last != 60 || len(c.Step) != 11 {
		t.Errorf("%d points from step 50 to %d", len(c.Step), c.Last)
	}
}

// Without an argument, the newest of runs/ and sweeps/ is shown, and what comes there later.
func TestNewRunsAppearByThemselves(t *testing.T) {
	t.Chdir(t.TempDir())
	s := serve(t, Options{})
	if o := s.overview(); len(o.Runs) != 0 {
		t.Errorf("there are %d runs of none", len(o.Runs))
	}
	makeRun(t, filepath.Join("runs", "first", "none"), "none", 10)
	s.awaitRun("none", "the first", func(r Run) bool { return r.Step == 10 && r.Folder == "runs/first" })

	makeRun(t, filepath.Join("runs", "old", "none"), "none", 10)
	makeRun(t, filepath.Join("runs", "new", "none"), "none", 20)
	makeRun(t, filepath.Join("runs", "new", "alrc-2"), "alrc:2", 20)
	past := time.Now().Add(-time.Hour)
	for _, folder := range []string{"first", "old"} {
		for _, path := range []string{"", "none", "none/metrics.csv"} {
			if err := os.Chtimes(filepath.Join("runs", folder, path), past, past); err != nil {
				t.Fatal(err)
			}
		}
	}
	later := serve(t, Options{})
	o := later.await("the newest", func(o Overview) bool { return len(o.Runs) == 2 && o.Runs[0].Step == 20 })
	// Runs without clipping come first, as in reports.
	if o.Runs[0].Folder != "runs/new" || o.Runs[0].Name != "none" || o.Runs[1].Color == o.Runs[0].Color || o.Runs[0].Group == o.Runs[1].Group {
		t.Errorf("%+v", o.Runs)
	}
	events := later.events(o.Event)
	makeRun(t, filepath.Join("runs", "third", "none"), "none", 5)
	next(t, events, "a new run in the order", func(u Update) bool { return len(u.Order) == 3 })
	again := serve(t, Options{Places: []string{"runs/new"}})
	if r := again.awaitRun("none", "its steps", func(r Run) bool { return r.Step == 20 }); r.ID != o.Runs[0].ID || r.Color != o.Runs[0].Color {
		t.Errorf("a server that is started anew knows it as %s, not %s", r.ID, o.Runs[0].ID)
	}
	if err := os.RemoveAll("runs/new/none"); err != nil {
		t.Fatal(err)
	}
	again.await("that a run is gone", func(o Overview) bool { return len(o.Runs) == 1 })
}

func TestWrongPlacesAreRefused(t *testing.T) {
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Places: []string{filepath.Join(t.TempDir(), "nowhere")}}, "there is no file or folder"},
		{Options{Places: []string{os.DevNull}}, "neither a file nor a folder"},
		{Options{Address: "8080"}, "is not HOST:PORT"},
		{Options{Address: "192.0.2.1:80"}, "listen at 192.0.2.1:80"},
	} {
		if _, err := Listen(test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v gives %v", test.o, err)
		}
	}
}

// Curves that are not looked at are given up where there are many, and are there again when they are asked for.
func TestMemoryOfManyRunsIsBounded(t *testing.T) {
	memory, used := mostMemory, usedFor
	t.Cleanup(func() { mostMemory, usedFor = memory, used }) // after the server has ended
	mostMemory, usedFor = 1<<20, 0
	above := t.TempDir()
	const runs = 30
	for i := range runs {
		dir := filepath.Join(above, string(rune('a'+i)))
		makeRun(t, dir, "none", 2000)
		write(t, filepath.Join(dir, "result.json"), result)
	}
	s := serve(t, Options{Places: []string{above}})
	o := s.await("all runs", func(o Overview) bool {
		read := 0
		for _, r := range o.Runs {
			if r.State == Done && r.Step == 2000 {
				read++
			}
		}
		return read == runs
	})
	size := func() (size, kept int) {
		for _, e := range s.Server.catalog.list() {
			e.mutex.Lock()
			if n := e.size(); n > 0 {
				size, kept = size+n, kept+1
			}
			e.mutex.Unlock()
		}
		return size, kept
	}
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if n, kept := size(); n <= mostMemory && kept > 0 {
			break
		} else if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d curves take %d bytes", kept, n)
		}
	}
	o = s.overview()
	for _, r := range o.Runs {
		if small := o.Small[r.ID]; len(small.Step) == 0 || small.Step[len(small.Step)-1] != 2000 {
			t.Errorf("%s has a small curve of %v", r.Name, small.Step)
		}
		if c := s.curve(r.ID, "&points=100"); c.Last != 2000 || len(c.Step) != 100 {
			t.Errorf("%s has %d points to step %d", r.Name, len(c.Step), c.Last)
		}
	}
}
