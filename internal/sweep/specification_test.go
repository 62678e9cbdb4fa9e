package sweep

import (
	"slices"
	"strings"
	"testing"

	"alrc/internal/experiment"
)

func expand(t *testing.T, text string) *Plan {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func labels(p *Plan) (list []string) {
	for _, run := range p.Runs {
		list = append(list, run.Label)
	}
	slices.Sort(list)
	return list
}

func TestListsMultiply(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"lists":   {"clip: none\nloss: [squared, quartic]\nbatch-size: [1, 4]", []string{"loss=quartic,batch-size=1", "loss=quartic,batch-size=4", "loss=squared,batch-size=1", "loss=squared,batch-size=4"}},
		"repeats": {"clip: none\nrepeats: 3\nseed: 5", []string{"seed=5", "seed=6", "seed=7"}},
		"maps change together": {"clip: none\noptimizer: [{kind: adam, learning-rate: 0.1}, {kind: sgd, learning-rate: 0.2}]",
			[]string{"kind=adam,learning-rate=0.1", "kind=sgd,learning-rate=0.2"}},
		"exclude": {"clip: none\nloss: [squared, quartic]\nbatch-size: [1, 4, 16]\nexclude:\n- {loss: squared, batch-size: [4, 16]}\n- batch-size: 16",
			[]string{"loss=quartic,batch-size=1", "loss=quartic,batch-size=4", "loss=squared,batch-size=1"}},
		"include takes the lists that it does not name": {"loss: [squared, quartic]\nclip: none\ninclude:\n- clip: [alrc:2, 'alrc:3']\n- {loss: quartic, clip: none}",
			[]string{"loss=quartic,clip=alrc-2", "loss=quartic,clip=alrc-3", "loss=quartic,clip=none", "loss=squared,clip=alrc-2", "loss=squared,clip=alrc-3", "loss=squared,clip=none"}},
		"workloads": {"clip: none\nsteps: 5\nseed: 3\nworkloads:\n  a: {loss: squared, steps: 9}\n  b: {loss: quartic, batch-size: [1, 2]}",
			[]string{"a,batch-size=1", "b,batch-size=1", "b,batch-size=2"}},
		"include goes over every workload": {"clip: none\nworkloads: {a: {loss: squared}, b: {loss: quartic}}\ninclude: [{clip: alrc}]",
			[]string{"a,clip=alrc-3", "a,clip=none", "b,clip=alrc-3", "b,clip=none"}},
		"include for some workloads": {"clip: none\nworkloads: {a: {loss: squared}, b: {loss: quartic}}\ninclude: [{workloads: [b], clip: alrc}]",
			[]string{"a,clip=none", "b,clip=alrc-3", "b,clip=none"}},
		"nested":                    {"clip: none\noptimizer: {learning-rate: [0.1, 0.2]}", []string{"learning-rate=0.1", "learning-rate=0.2"}},
		"no list":                   {"steps: 7\nclip: none", []string{"run"}},
		"without and with clipping": {"steps: 7", []string{"clip=alrc-2", "clip=none"}},
		"stabilisers": {"clip: [none, alrc]\nstabilise: [none, norm, 'zclip:2,inf+skip']", []string{"clip=alrc-3,stabilise=none", "clip=alrc-3,stabilise=norm-1",
			"clip=alrc-3,stabilise=zclip-2-inf+skip-6", "clip=none,stabilise=none", "clip=none,stabilise=norm-1", "clip=none,stabilise=zclip-2-inf+skip-6"}},
		"a stabiliser written twice is one": {"clip: none\nstabilise: [norm, 'norm:1', 'norm:1.0']", []string{"run"}},
		"the same written twice is one run": {"clip: [alrc, 'alrc:3', 'alrc:3.0']", []string{"run"}},
	} {
		if got := labels(expand(t, test.text)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// Data that change as a whole are named by what was written, and not by the hash of their content too.
func TestHeldOutImagesAreAnAxis(t *testing.T) {
	s, err := Parse([]byte("task: micrographs\nclip: none\ndata: [{kind: micrographs, test: truth-1.tif, size: 64}, {kind: micrographs, test: truth-2.tif, size: 64}]"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(func(s *experiment.Specification) error {
		s.Data.Hash = "of " + s.Data.Test
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := labels(plan); !slices.Equal(got, []string{"test=truth-1.tif", "test=truth-2.tif"}) || !slices.Equal(plan.Varying, []string{"data.test"}) {
		t.Errorf("the runs are %q, and %q varies", got, plan.Varying)
	}
}

func TestRunsOfOneSeedComeFirst(t *testing.T) {
	plan := expand(t, "clip: none\nbatch-size: [1, 4]\nrepeats: 2")
	var order []string
	for _, run := range plan.Runs {
		order = append(order, run.Label)
	}
	want := []string{"seed=0,batch-size=4", "seed=0,batch-size=1", "seed=1,batch-size=4", "seed=1,batch-size=1"}
	if !slices.Equal(order, want) {
		t.Errorf("the order is %q, not %q", order, want)
	}
}

func TestSet(t *testing.T) {
	s, err := Parse([]byte("title: A {loss} loss at {optimizer.learning-rate}, {steps} steps\nclip: none\nloss: [squared, quartic]\nsteps: 10\noptimizer: [{kind: adam, learning-rate: 0.1}, {kind: sgd, learning-rate: 0.2}]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range [][2]string{{"loss", "quartic"}, {"steps", "[20, 3000]"}, {"optimizer.learning-rate", "0.5"}, {"repeats", "2"}} {
		if err := s.Set(setting[0], setting[1]); err != nil {
			t.Fatal(err)
		}
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Title != "A quartic loss at 0.5, 20 and 3,000 steps" {
		t.Errorf("the title is %q", plan.Title)
	}
	if len(plan.Runs) != 8 {
		t.Fatalf("%d runs: %q", len(plan.Runs), labels(plan))
	}
	for _, run := range plan.Runs {
		if r := run.Specification; r.Loss != "quartic" || r.Optimizer.LearningRate != 0.5 || r.Steps != 20 && r.Steps != 3000 {
			t.Errorf("%s: %+v", run.Label, r)
		}
	}
}

// What is set from outside goes over workloads, which go over the sweep's own settings.
func TestSetOverWorkloads(t *testing.T) {
	s, err := Parse([]byte("clip: none\nsteps: 10\nwidth: 0.5\nworkloads: {a: {steps: 20}, b: {loss: squared}, c: {width: 0.25}}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set("width", "0.125"); err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string]int64{"a": 20, "b": 10, "c": 10}
	for _, run := range plan.Runs {
		if r := run.Specification; r.Width != 0.125 || r.Steps != steps[run.Workload] {
			t.Errorf("%s: width %v, %d steps", run.Workload, r.Width, r.Steps)
		}
	}
	if len(plan.Runs) != 3 || len(plan.Varying) != 0 {
		t.Errorf("%q; %q varies", labels(plan), plan.Varying)
	}
}

func TestWrongSpecificationsSayWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "no specification of a sweep",
		"- 1":                          "no specification of a sweep",
		"speed: 3":                     "speed",
		"repeat: 3":                    `there is no setting "repeat"; did you mean repeats?`,
		"steps: [3, many]":             `steps: "many" is not a whole number`,
		"stabilise: [norm, nrom]":      `stabiliser "nrom" is unknown`,
		"title: \"{stepps}\"":          "title: {stepps} is no setting",
		"loss: [squared, cubic]":       `loss "cubic"`,
		"loss: []":                     "loss: the list is empty",
		"workloads: [1]":               "workloads: give settings by name",
		"workloads: {a/b: {steps: 3}}": `"a/b" is no name`,
		"workloads: {a: {steps: 3}, b: {steps: [3, 4]}}":                  "a and b have a run in common",
		"workloads: {a: {steps: 3}}\ninclude: [{workloads: c, steps: 4}]": "no workload of the name c",
		"workloads: {a: {stepps: 3}}":                                     "stepps",
		"repeats: 0":                                                      "repeats: 0",
		"repeats: many":                                                   "repeats: many",
		"exclude: 3":                                                      "exclude: give a list",
		"exclude: [3]":                                                    "exclude: 3 is no settings",
		"batch-size: 1\nexclude: [{batch-size: 2}]":                       "exclude: no combination has batch-size: 2",
		"batch-size: 1\nexclude: [{batch-size: 1}]":                       "nothing is left to run",
		"data: {kind: cifar10, dir: /there}":                              "by kind and not by place",
		"data: [{kind: images, paths: [there]}]":                          "by kind and not by place",
		"batch-size: [1, 2.5]":                                            "batch-size",
		"seed: [" + strings.Repeat("1,", 999) + "1]\nsteps: [" + strings.Repeat("1,", 999) + "1]": "more than 100000",
	} {
		s, err := Parse([]byte(text))
		if err == nil {
			_, err = s.Expand(func(s *experiment.Specification) error {
				if s.Data.Kind == "cifar10" {
					return nil
				}
				return s.Validate()
			})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: the error is %v, without %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Ready() {
		content, err := Load(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Add("exclude: [{a: [{b: c}]}]\na: [{b: c}, 1]\ninclude: [{a.b: [2]}]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse([]byte(text))
		if err != nil {
			return
		}
		plan, err := s.Expand(nil)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for i, run := range plan.Runs {
			if seen[run.Label] || seen[run.ID] {
				t.Fatalf("%s, %s is there twice", run.Label, run.ID)
			}
			seen[run.Label], seen[run.ID] = true, true
			if i%(1+len(plan.Runs)/20) != 0 {
				continue // some of a large sweep tell as much as all
			}
			entry, err := run.encode()
			if err != nil {
				t.Fatal(err)
			}
			again, err := decode(entry)
			if err != nil {
				t.Fatalf("a run does not come back from the queue: %v", err)
			}
			if again.ID != run.ID {
				t.Fatalf("%s is %s when it comes back", run.ID, again.ID)
			}
		}
	})
}

func TestReadySweepsAreThePublishedExperiments(t *testing.T) {
	counts := map[string]int{"table1": 320, "learning-rates": 80}
	for _, name := range Ready() {
		content, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		plan := expand(t, string(content))
		if want, ok := counts[name]; ok && len(plan.Runs) != want {
			t.Errorf("%s has %d runs, not %d", name, len(plan.Runs), want)
		}
		for _, run := range plan.Runs {
			s := run.Specification
			s.Data.Dir = "somewhere"
			if err := s.Validate(); err != nil {
				t.Errorf("%s, %s: %v", name, run.Label, err)
			}
		}
	}
}

// A run without a stabiliser is the run that it was before there were any.
func TestNoStabiliserIsTheSameRun(t *testing.T) {
	plain, none := expand(t, "clip: none"), expand(t, "clip: none\nstabilise: none")
	if plain.Runs[0].ID != none.Runs[0].ID {
		t.Errorf("the run %s is %s with stabilise: none", plain.Runs[0].ID, none.Runs[0].ID)
	}
}
