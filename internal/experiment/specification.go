// Package experiment is what a training run is: its specification, its loop, its folder, and how it goes on after
// it was stopped.
//
// A run lives in a folder. [Create] begins it with a run.yaml, which is its [Specification]; [Train] works on it until
// it is done, from the beginning or from its checkpoint, and leaves a [Result] there.
package experiment

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/clipping"
	"alrc/internal/micrograph"
	"alrc/internal/place"
	"alrc/internal/runfolder"
	"alrc/internal/stabiliser"
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
	Clip    string  `yaml:"clip"`
	Decay   float64 `yaml:"decay"`
	Moments string  `yaml:"moments"`
	Rule    string  `yaml:"rule"`
	// Stabilise is the stabiliser beside the clipping, in the text form of package stabiliser; "" stands for none.
	Stabilise string `yaml:"stabilise,omitempty"`
	Seed      uint64 `yaml:"seed"`
	BatchSize int    `yaml:"batch-size"`
	Steps     int64  `yaml:"steps"`
	// Width multiplies the channels of the published network.
	Width float64 `yaml:"width"`
	// Depth multiplies the residual blocks of the network that completes micrographs.
	Depth float64 `yaml:"depth,omitempty"`
	// Network is the variant of the network that completes micrographs, of Networks; "" stands for PlainNetwork.
	Network string `yaml:"network,omitempty"`
	// Input is what that network is given, of Inputs; "" stands for ScanInput.
	Input     string    `yaml:"input,omitempty"`
	Optimizer Optimizer `yaml:"optimizer"`
	// EvaluateEvery is the number of steps between evaluations on held-out images; 0 evaluates at the end only.
	EvaluateEvery int64 `yaml:"evaluate-every"`
	// Gradients is the number of steps between measurements of how gradients are distributed; 0 measures none.
	Gradients int64 `yaml:"gradients,omitempty"`
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

// Data names what a run learns from.
type Data = place.Data

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
		s.Data = Data{Kind: "procedural-micrographs", Size: place.DefaultCrop, Mask: micrograph.Spiral, Coverage: micrograph.DefaultRange}
		s.Loss, s.Huber = "squared", false
		s.Width, s.Depth, s.Steps = 0.125, 0.5, 4000
		s.Optimizer.LearningRate = 0.001
		s.TestImages = 300
	}
	return s
}

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

// Settle writes the clipping and the stabiliser with their defaults filled in, so that specifications of the same run are the
// same.
func (s *Specification) Settle() error {
	clip, err := s.Clipping()
	if err != nil {
		return err
	}
	stabilise, err := stabiliser.Parse(s.Stabilise)
	if err != nil {
		return err
	}
	s.Clip, s.Stabilise = clip.String(), stabilise.String()
	if stabilise.Empty() {
		s.Stabilise = "" // as specifications of older programs have it
	}
	return nil
}

// Label is the clipping and the stabiliser as a folder's name, without what is none of the two where one is.
func (s Specification) Label() string {
	clip, _ := clipping.Parse(s.Clip)
	stabilise, _ := stabiliser.Parse(s.Stabilise)
	switch {
	case stabilise.Empty():
		return clip.Label()
	case clip.Kind == "none":
		return stabilise.Label()
	}
	return clip.Label() + "+" + stabilise.Label()
}

// Bounds that no experiment comes near. They keep a slip of the keyboard from filling the memory.
const (
	maxBatch       = 1 << 16
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
	keep(s.Data.Validate())
	content, known := learnsFrom[s.Task]
	switch {
	case !known:
		fault("task: %q is unknown; there are supersample and micrographs", s.Task)
	case s.Data.Content() != content && s.Data.Content() != "":
		fault("data: task %s learns from %s, not from %s", s.Task, content.Kinds(), s.Data.Kind)
	case s.Task == Micrographs && !(s.Depth > 0 && s.Depth <= 8):
		fault("depth: %v is not above 0 and at most 8", s.Depth)
	case s.Task == Supersample && s.Depth != 0:
		fault("depth: it is of the task micrographs alone")
	case s.Task == Supersample && s.Network != "":
		fault("network: it is of the task micrographs alone")
	case s.Task == Supersample && s.Input != "":
		fault("input: it is of the task micrographs alone")
	case s.Task == Micrographs && s.Input != "" && !slices.Contains(Inputs, s.Input):
		fault("input: %q is unknown; there are %s", s.Input, strings.Join(Inputs, " and "))
	case s.Task == Micrographs && s.Network != "" && !slices.Contains(Networks, s.Network):
		fault("network: %q is unknown; there are %s", s.Network, strings.Join(Networks, " and "))
	case s.Task == Micrographs && s.Network == PublishedNetwork && s.Data.Side() < 64:
		fault("size: the published network is calibrated on crops of at least 64 pixels, not of %d", s.Data.Side())
	}
	_, err := s.Loss.Power()
	keep(err)
	_, err = s.Clipping()
	keep(err)
	side := int64(s.Data.Side())
	if s.BatchSize < 1 || s.BatchSize > maxBatch {
		fault("batch-size: %d is not within 1 to %d", s.BatchSize, maxBatch)
	} else if side <= place.Largest && int64(s.BatchSize)*side*side > maxBatchPixels {
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
	notNegative("gradients", s.Gradients)
	notNegative("test-images", int64(s.TestImages))
	notNegative("last", s.Last)
	optimizer, err := s.Optimizer.resolve(max(s.Steps, 1))
	keep(err)
	stabilise, err := stabiliser.Parse(s.Stabilise)
	keep(err)
	if name := stabilise.Optimizer(); name != "" && !optimizer.GivesWay() {
		fault("stabilise: %s is an Adam of its own: the optimizer must be adam without weight decay, or adamw", name)
	}
	return errors.Join(errs...)
}
