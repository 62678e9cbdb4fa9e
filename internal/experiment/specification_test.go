package experiment

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"alrc/internal/micrograph"
	"alrc/internal/place"
)

func TestSpecificationSurvivesItsFile(t *testing.T) {
	full := fakeSpecification("two-sided:2.5,inf", 12345)
	full.Data = Data{Kind: "images", Paths: []string{"a b/*.png", "#x: y", "ü"}, Test: "0.1", Size: 48}
	full.Loss, full.Huber = "2.5", false
	full.Decay, full.Moments, full.Rule = 0.9990000000000001, "25,900", "distance"
	full.Seed, full.Width, full.Last = math.MaxUint64, 0.1+0.2, 77
	full.Optimizer = Optimizer{Kind: "sgd", LearningRate: 1e-7 / 3, Schedule: "step:100,0.5", Warmup: 9, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-300}
	full.Kernels, full.Direct = "portable", true
	partial := DefaultOf(Micrographs)
	partial.Engine, partial.Clip, partial.Depth = "fake", "alrc", 0.3
	partial.Data = Data{Kind: "micrographs", Paths: []string{"a"}, Exclude: []string{"b", "c: d"}, Size: 96, Mask: "my mask.tif", Coverage: micrograph.Covering(0.1), SameMask: true, Dose: 7}
	for _, s := range []Specification{full, partial, fakeSpecification("alrc:2", 1)} {
		dir := filepath.Join(t.TempDir(), "run")
		if err := Create(dir, s, Here("v0", 0, "alrc train --clip 'x: y'")); err != nil {
			t.Fatal(err)
		}
		read, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if difference := cmp.Diff(s, read); difference != "" {
			t.Errorf("run.yaml does not give back what was written:\n%s", difference)
		}
	}
}

func TestSpecificationTakesDefaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte("# mine\nclip: alrc:2\noptimizer:\n  learning-rate: 0.01\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSpecification(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Clip, want.Optimizer.LearningRate = "alrc:2", 0.01
	if difference := cmp.Diff(want, s); difference != "" {
		t.Error(difference)
	}
	// They are those of the task.
	s, err = ParseSpecification([]byte("clip: alrc\ntask: micrographs\ndata: {size: 96}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want = DefaultOf(Micrographs)
	want.Clip, want.Data.Size = "alrc", 96
	if difference := cmp.Diff(want, s); difference != "" {
		t.Error(difference)
	}
}

// What was written by hand is told in the words of the file, with the setting that was meant.
func TestWrongSettings(t *testing.T) {
	for text, want := range map[string]string{
		"clip: none\nstepz: 3":                        `line 2: there is no setting "stepz"; did you mean steps?`,
		"learning-rate: 0.1":                          `line 1: there is no setting "learning-rate"; did you mean optimizer.learning-rate?`,
		"optimizer:\n  kind: sgd\n  learning_rate: 1": `line 3: there is no setting "learning_rate"; did you mean optimizer.learning-rate?`,
		"qqqqqq: 1":                                   `line 1: there is no setting "qqqqqq"`,
		"steps: many":                                 `line 1: steps: "many" is not a whole number`,
		"optimizer: {momentum: x}":                    `line 1: momentum: "x" is not a number`,
		"optimizer: {momentum: [1]}":                  `line 1: momentum: a list is not a number`,
		"huber: maybe":                                `line 1: huber: "maybe" is not true or false`,
		"\n\nseed: -1":                                `line 3: seed: "-1" is not a whole number of at least 0`,
		"steps: " + strings.Repeat("9", 30):           `line 1: steps: "` + strings.Repeat("9", 30) + `" is not within the range of whole numbers`,
	} {
		if _, err := ParseSpecification([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, and not %s", text, err, want)
		}
	}
}

// Editors and shells of Windows write byte order marks and UTF-16.
func TestSpecificationsOfWindows(t *testing.T) {
	for name, text := range map[string]string{"UTF-8": "\ufeffsteps: 7\r\nclip: none\r\n",
		"UTF-16LE": "\xff\xfes\x00t\x00e\x00p\x00s\x00:\x00 \x007\x00\n\x00", "UTF-16BE": "\xfe\xff\x00s\x00t\x00e\x00p\x00s\x00:\x00 \x007\x00\n"} {
		if s, err := ParseSpecification([]byte(text)); err != nil || s.Steps != 7 {
			t.Errorf("%s: %d steps, %v", name, s.Steps, err)
		}
	}
}

func TestSpecificationErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"steps: many", "steps"},
		{"speed: 3", "speed"},
		{"steps: [1, 2", "[1:8]"},
		{"- a\n- b", "no specification"},
		{"   \n", "empty"},
		{strings.Repeat("#", 2<<20), "at most"},
		{"task: sort", "supersample"},
		{"data: {kind: photos}", "procedural, cifar10, mnist and images"},
		{"data: {kind: cifar10}", "alrc data cifar10"},
		{"data: {kind: cifar10, dir: x, size: 64}", "32 by 32"},
		{"data: {kind: images}", "no image files"},
		{"data: {kind: procedural, size: 1}", "2 to 4096"},
		{"data: {kind: cifar10, dir: x, records-per-file: -1}", "negative"},
		{"loss: cubic", "squared, quartic, or a power"},
		{"loss: .nan", "squared, quartic, or a power"},
		{"clip: clap", "none, alrc[:N]"},
		{"decay: 1", "below 1"},
		{"moments: high", "auto, or two numbers"},
		{"moments: 25,25", "Mu2"},
		{"rule: golden", "auto, ratio or distance"},
		{"seed: -1", "seed"},
		{"batch-size: 0", "batch-size: 0"},
		{"batch-size: 60000", "pixels"},
		{"steps: 0", "at least 1"},
		{"width: .inf", "width"},
		{"evaluate-every: -2", "evaluate-every: -2 is negative"},
		{"test-images: -2", "test-images"},
		{"last: -2", "last"},
		{"optimizer: {kind: lion}", "adam and sgd"},
		{"optimizer: {learning-rate: 0}", "above 0"},
		{"optimizer: {momentum: 0.9}", "sgd's"},
		{"optimizer: {kind: sgd, momentum: 1}", "below 1"},
		{"optimizer: {kind: sgd, nesterov: true}", "momentum above 0"},
		{"optimizer: {weight-decay: -1}", "weight-decay"},
		{"optimizer:\n  schedule: step:0,1", "step:STEPS,FACTOR"},
		{"optimizer: {schedule: step:9,0.5}", "in quotes"},
		{"steps: 7.5", "steps: 7.5 cannot be taken as it stands"},
		{"steps: 5\n---\nsteps: 6", "more than one document"},
		{"data: {kind: images, paths: {a: b}}", "paths"},
		{"optimizer: {warmup: -1}", "warmup"},
		{"depth: 1", "micrographs alone"},
		{"data: {kind: procedural-micrographs}", "not from procedural-micrographs"},
		{"data: {mask: spiral}", "of micrographs alone"},
		{"task: micrographs\ndata: {kind: cifar10, dir: x}", "of micrographs alone"},
		{"task: micrographs\ndata: {kind: micrographs}", "no image files"},
		{"task: micrographs\ndata: {size: 80}", "80 is not divisible by 32"},
		{"task: micrographs\ndata: {coverage: 1.5}", "1.5"},
		{"task: micrographs\ndata: {dose: -1}", "dose"},
		{"task: micrographs\ndepth: 9", "at most 8"},
	} {
		file, err := parseRunFile([]byte(test.text))
		if err == nil {
			if file.Clip == "" {
				file.Clip = "none"
			}
			err = file.Validate()
		}
		if err == nil { // what data a run is of may be told without where they lie
			_, _, err = new(place.Opener).Open(file.Data)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.60q: the error does not say %q: %v", test.text, test.want, err)
		}
	}
}

func TestUnknownEngine(t *testing.T) {
	s := fakeSpecification("none", 5)
	s.Engine = "steam"
	if err := Resolve(&s, testData(), withFake); err == nil || !strings.Contains(err.Error(), `"steam" is unknown; there are cpu, fake`) {
		t.Errorf("got %v", err)
	}
}

// Whatever a file holds: an error, or a specification that a run folder keeps.
func FuzzSpecification(f *testing.F) {
	f.Add("clip: alrc:2\nengine: fake\n")
	f.Add("data: {kind: images, paths: [a, b]}\nclip: none\nengine: fake\nseed: 18446744073709551615")
	f.Add("optimizer:\n  kind: sgd\n  schedule: step:100,0.5\nclip: two-sided:inf,2\nengine: fake")
	f.Add("task: micrographs\ndata: {kind: micrographs, paths: [a], mask: x.tif}\nclip: alrc\nengine: fake")
	f.Add("a: &a [*a]\n")
	f.Add("\"\\x\": !!binary x")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parseRunFile([]byte(text))
		if err != nil || file.Validate() != nil {
			return
		}
		if _, err := file.Clipping(); err != nil {
			t.Fatalf("a valid specification has no clipping: %v", err)
		}
		content, err := yaml.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseRunFile(content)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, content)
		}
		if difference := cmp.Diff(file.Specification, again.Specification); difference != "" {
			t.Errorf("%s\n%s", difference, content)
		}
	})
}
