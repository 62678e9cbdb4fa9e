// Package experiment is what a training run is: its specification, its loop, its folder, and how it goes on after
// it was stopped.
//
// A run lives in a folder. [Create] begins it with a run.yaml, which is its [Specification]; [Train] works on it until
// it is done, from the beginning or from its checkpoint, and leaves a [Result] there.
package experiment

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"alrc/internal/clipping"
	"alrc/internal/micrograph"
	"alrc/internal/nn"
	"alrc/internal/runfolder"
)

// Specification says everything that a run's result depends on, and nothing else: two runs of one specification
// give the same result, bit for bit. Its YAML form is run.yaml.
type Specification struct {
	// Task is what the network learns: Supersample or Micrographs, experiments 1 and 3 of Ede and Beanland 2020.
	Task string `yaml:"task"`
	Data Data   `yaml:"data"`
	Loss Loss   `yaml:"loss"`
	// Huber replaces losses of 50 or more (micrographs: of 1 or more) by their square root before they are clipped.
	Huber bool `yaml:"huber"`
	// Clip, Decay, Moments and Rule are the clipping, in the text forms of package clipping.
	Clip      string  `yaml:"clip"`
	Decay     float64 `yaml:"decay"`
	Moments   string  `yaml:"moments"`
	Rule      string  `yaml:"rule"`
	Seed      uint64  `yaml:"seed"`
	BatchSize int     `yaml:"batch-size"`
	Steps     int64   `yaml:"steps"`
	// Width multiplies the channels of the published network.
	Width float64 `yaml:"width"`
	// Depth multiplies the residual blocks of the network that completes micrographs.
	Depth float64 `yaml:"depth,omitempty"`
	// Network is the variant of the network that completes micrographs, of Networks; "" stands for PlainNetwork.
	Network   string    `yaml:"network,omitempty"`
	Optimizer Optimizer `yaml:"optimizer"`
	// EvaluateEvery is the number of steps between evaluations on held-out images; 0 evaluates at the end only.
	EvaluateEvery int64 `yaml:"evaluate-every"`
	// TestImages is the largest number of held-out images in an evaluation.
	TestImages int `yaml:"test-images"`
	// Last is the number of final steps whose raw losses make the reported mean; 0 stands for the smaller of
	// 5,000 and a quarter of the steps.
	Last   int64  `yaml:"last"`
	Engine string `yaml:"engine"`
	// Kernels is the engine's kernel set; "" takes the best there is, and [Resolve] writes down which that was.
	Kernels string `yaml:"kernels"`
	// Direct computes every convolution directly, without Winograd's algorithm.
	Direct bool `yaml:"direct"`
}

// Data names a source of images.
type Data struct {
	// Kind is procedural, cifar10 or images, and for micrographs procedural-micrographs or micrographs.
	Kind string `yaml:"kind"`
	// Dir is the folder of CIFAR-10's files, and RecordsPerFile takes the first records of each; 0 takes all.
	Dir            string `yaml:"dir,omitempty"`
	RecordsPerFile int    `yaml:"records-per-file,omitempty"`
	// Paths are the files, globs or folders of images, and Test those held out, or a fraction of them.
	Paths []string `yaml:"paths,omitempty"`
	Test  string   `yaml:"test,omitempty"`
	// Exclude are files, globs or folders that are not to be used, of micrographs.
	Exclude []string `yaml:"exclude,omitempty"`
	// Size is the height and width of procedural images, those that images of files are cropped and resized to, and those
	// of crops of micrographs.
	Size int `yaml:"size,omitempty"`
	// Mask is how micrographs are scanned: spiral, grid, lines, or the path of a mask image; Coverage is the fraction of the
	// pixels that is seen, which a mask image has of its own. Each crop is a part of another scan, but for SameMask.
	Mask     string  `yaml:"mask,omitempty"`
	Coverage float64 `yaml:"coverage,omitempty"`
	SameMask bool    `yaml:"same-mask,omitempty"`
	// Dose is the number of electrons in a pixel of procedural micrographs; 0 stands for one of each image's own.
	Dose float64 `yaml:"dose,omitempty"`
	// Hash is of the images' content: a run that is resumed on other images is refused.
	Hash string `yaml:"hash,omitempty"`
}

// Optimizer is a rule that moves weights.
type Optimizer struct {
	// Kind is adam (with TensorFlow's placement of epsilon, as in the published experiments) or sgd.
	Kind         string  `yaml:"kind"`
	LearningRate float64 `yaml:"learning-rate"`
	// Schedule is constant, cosine, quarters, or step:STEPS,FACTOR.
	Schedule    string  `yaml:"schedule"`
	Warmup      int64   `yaml:"warmup"`
	Momentum    float64 `yaml:"momentum"`
	Nesterov    bool    `yaml:"nesterov"`
	WeightDecay float64 `yaml:"weight-decay"`
}

// Loss is the power p of the loss 25 * mean(|target - output|^p), of micrographs 200 * that: "squared", "quartic" or a
// number.
type Loss string

// Power returns p.
func (l Loss) Power() (float64, error) {
	switch l {
	case "squared":
		return 2, nil
	case "quartic":
		return 4, nil
	}
	p, err := strconv.ParseFloat(string(l), 64)
	if err != nil || !(p >= 1 && p <= 16) {
		return 0, fmt.Errorf("loss %q: give squared, quartic, or a power from 1 to 16", string(l))
	}
	return p, nil
}

// Default is the run that the command does when it is told nothing: it takes a minute on two cores, needs no
// download, and its learning rate is one at which clipping makes a visible difference.
func Default() Specification {
	return Specification{
		Task:       Supersample,
		Data:       Data{Kind: "procedural"},
		Loss:       "quartic",
		Huber:      true,
		Decay:      0.999,
		Moments:    "auto",
		Rule:       "auto",
		BatchSize:  1,
		Steps:      10_000,
		Width:      0.25,
		Optimizer:  Optimizer{Kind: "adam", LearningRate: 0.003, Schedule: "constant"},
		TestImages: 1000,
		Engine:     "cpu",
	}
}

// DefaultOf is Default for a task.
func DefaultOf(task string) Specification {
	s := Default()
	if task == Micrographs {
		s.Task = Micrographs
		s.Data = Data{Kind: "procedural-micrographs", Size: defaultCrop, Mask: micrograph.Spiral, Coverage: micrograph.DefaultCoverage}
		s.Loss, s.Huber = "squared", false
		s.Width, s.Depth, s.Steps = 0.125, 0.5, 4000
		s.Optimizer.LearningRate = 0.001
		s.TestImages = 300
	}
	return s
}

// defaultCrop is the height and width of crops of micrographs.
const defaultCrop = 64

// LastSteps is the number of final steps over which losses are averaged.
func (s Specification) LastSteps() int64 {
	return runfolder.LastSteps(s.Steps, s.Last)
}

// Clipping is the run's clipping with its options.
func (s Specification) Clipping() (clipping.Spec, error) {
	c, err := clipping.Parse(s.Clip)
	if err != nil {
		return c, err
	}
	if !(s.Decay > 0 && s.Decay < 1) {
		return c, fmt.Errorf("decay: %v is not above 0 and below 1", s.Decay)
	}
	c.Decay = s.Decay
	if c.Moments, err = clipping.ParseMoments(s.Moments); err != nil {
		return c, err
	}
	c.Rule, err = clipping.ParseRule(s.Rule)
	return c, err
}

// Bounds that no experiment comes near. They keep a slip of the keyboard from filling the memory.
const (
	maxBatch       = 1 << 16
	maxSize        = 1 << 12
	maxBatchPixels = 1 << 24
)

// Validate names the fields that no run can have, each with what it may be. Whether there is such an engine, [Resolve] says.
func (s Specification) Validate() error {
	var errs []error
	fault := func(format string, arguments ...any) { errs = append(errs, fmt.Errorf(format, arguments...)) }
	keep := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	notNegative := func(name string, value int64) {
		if value < 0 {
			fault("%s: %d is negative", name, value)
		}
	}
	keep(s.Data.validate())
	switch ofMicrographs := s.Data.ofMicrographs(); {
	case s.Task != Supersample && s.Task != Micrographs:
		fault("task: %q is unknown; there are supersample and micrographs", s.Task)
	case s.Task == Micrographs && !ofMicrographs:
		fault("data: task micrographs learns from procedural-micrographs or micrographs, not from %s", s.Data.Kind)
	case s.Task == Supersample && ofMicrographs:
		fault("data: task supersample learns from procedural, cifar10 or images, not from %s", s.Data.Kind)
	case s.Task == Micrographs && !(s.Depth > 0 && s.Depth <= 8):
		fault("depth: %v is not above 0 and at most 8", s.Depth)
	case s.Task == Supersample && s.Depth != 0:
		fault("depth: it is of the task micrographs alone")
	case s.Task == Supersample && s.Network != "":
		fault("network: it is of the task micrographs alone")
	case s.Task == Micrographs && s.Network != "" && !slices.Contains(Networks, s.Network):
		fault("network: %q is unknown; there are %s", s.Network, strings.Join(Networks, " and "))
	case s.Task == Micrographs && s.Network == PublishedNetwork && s.Data.side() < 64:
		fault("size: the published network is calibrated on crops of at least 64 pixels, not of %d", s.Data.side())
	}
	_, err := s.Loss.Power()
	keep(err)
	_, err = s.Clipping()
	keep(err)
	side := int64(s.Data.side())
	if s.BatchSize < 1 || s.BatchSize > maxBatch {
		fault("batch-size: %d is not within 1 to %d", s.BatchSize, maxBatch)
	} else if side <= maxSize && int64(s.BatchSize)*side*side > maxBatchPixels {
		fault("batch-size: %d images of %d by %d are more than the %d pixels that a batch can have",
			s.BatchSize, side, side, maxBatchPixels)
	}
	if s.Steps < 1 || s.Steps > math.MaxInt64/2 {
		fault("steps: %d is not a number of steps; give at least 1", s.Steps)
	}
	if !(s.Width > 0 && s.Width <= 8) {
		fault("width: %v is not above 0 and at most 8", s.Width)
	}
	notNegative("evaluate-every", s.EvaluateEvery)
	notNegative("test-images", int64(s.TestImages))
	notNegative("last", s.Last)
	_, err = s.Optimizer.resolve(max(s.Steps, 1))
	keep(err)
	return errors.Join(errs...)
}

// side is the height and width of the images.
func (d Data) side() int {
	switch {
	case d.Size != 0:
		return d.Size
	case d.ofMicrographs():
		return defaultCrop
	}
	return 32
}

func (d Data) ofMicrographs() bool {
	return d.Kind == "procedural-micrographs" || d.Kind == "micrographs"
}

func (d Data) mask() string { return cmp.Or(d.Mask, micrograph.Spiral) }

func (d Data) coverage() float64 { return cmp.Or(d.Coverage, micrograph.DefaultCoverage) }

// drawnMask says that the mask is not that of an image.
func (d Data) drawnMask() bool {
	return slices.Contains([]string{micrograph.Spiral, micrograph.Grid, micrograph.Lines}, d.mask())
}

func (d Data) validate() error {
	if d.Size != 0 && (d.Size < 2 || d.Size > maxSize) {
		return fmt.Errorf("size: %d is not within 2 to %d pixels", d.Size, maxSize)
	}
	if d.RecordsPerFile < 0 {
		return fmt.Errorf("records-per-file: %d is negative; 0 takes all", d.RecordsPerFile)
	}
	if d.ofMicrographs() {
		if d.side()%32 != 0 {
			return fmt.Errorf("size: %d is not divisible by 32, as the network for micrographs needs it", d.Size)
		}
		if d.drawnMask() {
			if _, err := micrograph.ParseScan(d.mask(), d.coverage()); err != nil {
				return err
			}
		}
		if d.Dose != 0 && !(d.Dose > 0 && !math.IsInf(d.Dose, 0)) {
			return fmt.Errorf("dose: %v is no number of electrons", d.Dose)
		}
	} else if d.Mask != "" || d.Coverage != 0 || d.SameMask || d.Dose != 0 || len(d.Exclude) > 0 {
		return errors.New("data: mask, coverage, same-mask, dose and exclude are of micrographs alone")
	}
	switch d.Kind {
	case "procedural", "procedural-micrographs":
	case "cifar10":
		if d.Dir == "" {
			return errors.New("data: cifar10 needs the folder of its files: name it by --data-dir (dir under data: in a" +
				" specification) or $CIFAR10; 'alrc data cifar10' downloads them")
		}
		if d.Size != 0 && d.Size != 32 {
			return fmt.Errorf("size: CIFAR-10's images are 32 by 32, not %d", d.Size)
		}
	case "images", "micrographs":
		if len(d.Paths) == 0 {
			return errors.New("data: no image files, globs or folders are named")
		}
	default:
		return fmt.Errorf("data: kind %q is unknown; there are procedural, cifar10 and images, and"+
			" procedural-micrographs and micrographs", d.Kind)
	}
	return nil
}

// resolve returns the engine's form of the optimizer, for a run of so many steps.
func (o Optimizer) resolve(steps int64) (nn.Optimizer, error) {
	var errs []error
	fault := func(field, format string, arguments ...any) {
		errs = append(errs, fmt.Errorf("optimizer, "+field+": "+format, arguments...))
	}
	resolved := nn.Optimizer{LearningRate: o.LearningRate, Momentum: o.Momentum, Nesterov: o.Nesterov, WeightDecay: o.WeightDecay}
	switch o.Kind {
	case "adam":
		resolved.Kind = nn.Adam
		if o.Momentum != 0 || o.Nesterov {
			fault("momentum", "momentum and nesterov are sgd's; adam has moments of its own")
		}
	case "sgd":
		resolved.Kind = nn.SGD
		if !(o.Momentum >= 0 && o.Momentum < 1) {
			fault("momentum", "%v is not at least 0 and below 1", o.Momentum)
		}
		if o.Nesterov && o.Momentum == 0 {
			fault("nesterov", "it needs a momentum above 0")
		}
	default:
		fault("kind", "%q is unknown; there are adam and sgd", o.Kind)
	}
	if !(o.LearningRate > 0) || math.IsInf(o.LearningRate, 0) {
		fault("learning-rate", "%v is not a number above 0", o.LearningRate)
	}
	if !(o.WeightDecay >= 0) || math.IsInf(o.WeightDecay, 0) {
		fault("weight-decay", "%v is not a number of at least 0", o.WeightDecay)
	}
	schedule, err := parseSchedule(o.Schedule, steps)
	if err != nil {
		fault("schedule", "%w", err)
	}
	if schedule.Warmup = o.Warmup; o.Warmup < 0 {
		fault("warmup", "%d is negative", o.Warmup)
	}
	resolved.Schedule = schedule
	return resolved, errors.Join(errs...)
}

// parseSchedule reads a course of the learning rate over so many steps.
func parseSchedule(text string, steps int64) (nn.Schedule, error) {
	kind, rest, numbers := strings.Cut(text, ":")
	switch {
	case kind == "constant" && !numbers:
		return nn.Schedule{Kind: nn.Constant}, nil
	case kind == "cosine" && !numbers:
		return nn.Schedule{Kind: nn.Cosine, Steps: steps}, nil
	case kind == "quarters" && !numbers:
		return nn.Schedule{Kind: nn.Quarters, Steps: steps}, nil
	case kind == "step" && numbers:
		everyText, factorText, _ := strings.Cut(rest, ",")
		every, everyErr := strconv.ParseInt(strings.TrimSpace(everyText), 10, 64)
		factor, factorErr := strconv.ParseFloat(strings.TrimSpace(factorText), 64)
		if everyErr == nil && factorErr == nil && every > 0 && factor > 0 && factor <= 1 {
			return nn.Schedule{Kind: nn.StepDecay, Every: every, Factor: factor}, nil
		}
	}
	return nn.Schedule{}, fmt.Errorf("%q is none of constant, cosine, quarters, and step:STEPS,FACTOR (which multiplies the"+
		" learning rate by FACTOR, above 0 and at most 1, every STEPS steps)", text)
}

// ReadSpecification reads a run's specification from a YAML file, with the defaults for what it does not say.
func ReadSpecification(path string) (Specification, error) {
	file, err := readRunFile(path)
	return file.Specification, err
}

// ParseSpecification reads a run's specification from YAML, with the defaults for what it does not say.
func ParseSpecification(content []byte) (Specification, error) {
	file, err := parseRunFile(content)
	return file.Specification, err
}

// runFile is run.yaml: a specification, and on what it ran, which is for readers alone.
type runFile struct {
	Version       int `yaml:"folder-version,omitempty"` // which package runfolder checks
	Specification `yaml:",inline"`
	Environment   *Environment `yaml:"environment,omitempty"`
}

func readRunFile(path string) (runFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return runFile{}, fmt.Errorf("read the specification: %w", err)
	}
	file, err := parseRunFile(content)
	if err != nil {
		return runFile{}, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func parseRunFile(content []byte) (runFile, error) {
	const largest = 1 << 16
	if len(content) > largest {
		return runFile{}, fmt.Errorf("it has %d bytes, and a specification has at most %d: give a run.yaml", len(content), largest)
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return runFile{}, errors.New("it is empty; the run.yaml in any run's folder is an example of a specification")
	}
	if err := runfolder.CheckVersion(content); err != nil {
		return runFile{}, err
	}
	// The task decides the defaults. What is wrong with the content shows below.
	var named struct{ Task string }
	_ = yaml.Unmarshal(content, &named)
	file := runFile{Specification: DefaultOf(named.Task)}
	decoder := yaml.NewDecoder(bytes.NewReader(content), yaml.DisallowUnknownField())
	err := decoder.Decode(&file)
	if err == nil && !errors.Is(decoder.Decode(new(any)), io.EOF) {
		err = errors.New("it has more than one document")
	}
	if err == nil {
		err = file.checkTaken(content)
	}
	if err != nil {
		return runFile{}, fmt.Errorf("it is no specification of a run (the run.yaml in any run's folder is one): %w", err)
	}
	return file, nil
}

// checkTaken is an error where a setting was not taken as it stands in the file: the parser cuts 7.5 to a whole
// number, and passes over what it cannot place in some lists and maps on one line.
func (f runFile) checkTaken(content []byte) error {
	written, err := yaml.Marshal(f.Specification)
	if err != nil {
		return err
	}
	var given, taken map[string]any
	if err := errors.Join(yaml.Unmarshal(content, &given), yaml.Unmarshal(written, &taken)); err != nil {
		return err
	}
	delete(given, "environment")
	delete(given, "folder-version")
	return checkSetting("", given, taken)
}

func checkSetting(name string, given, taken any) error {
	switch g := given.(type) {
	case nil:
		return nil
	case map[string]any:
		t, _ := taken.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(g)) {
			value := g[key]
			full := strings.TrimPrefix(name+"."+key, ".")
			other, ok := t[key]
			// What is empty may be left out when it is written.
			if zero := value != nil && reflect.ValueOf(value).IsZero(); !ok && !zero {
				return fmt.Errorf("%s: %v has no place here; if it belongs to the setting before it, put that in quotes", full, value)
			}
			if ok {
				if err := checkSetting(full, value, other); err != nil {
					return err
				}
			}
		}
		return nil
	case []any:
		t, ok := taken.([]any)
		if !ok || len(t) != len(g) {
			return fmt.Errorf("%s: a list does not belong here", name)
		}
		for i := range g {
			if err := checkSetting(name, g[i], t[i]); err != nil {
				return err
			}
		}
		return nil
	}
	a, b := fmt.Sprint(given), fmt.Sprint(taken)
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if a == b || errX == nil && errY == nil && x == y {
		return nil
	}
	return fmt.Errorf("%s: %s cannot be taken as it stands, it would become %s", name, a, b)
}
