package nn

import (
	"errors"
	"fmt"
	"math"
	"runtime"

	"alrc/internal/model"
	"alrc/internal/stabiliser"
	"alrc/internal/weights"
)

// Options say how an engine trains a network.
type Options struct {
	// Batch is the number of images of a step, Height and Width their size.
	Batch, Height, Width int
	// Threads is the most threads to compute with; 0 takes GOMAXPROCS. Results do not depend on it, and a network that is
	// too small for several gets one.
	Threads int
	// Kernels is the kernel set, portable, avx2, avx512 or neon; "" takes $ALRC_KERNELS or the best that the processor has.
	Kernels string
	// Direct computes every convolution directly, without Winograd's algorithm.
	Direct    bool
	Loss      Loss
	Optimizer Optimizer
	// Stabiliser acts on gradients and on steps, before the optimizer or in its place.
	Stabiliser stabiliser.Spec

	// manyThreads takes all threads for small networks too, so that tests of threads can be quick.
	manyThreads bool
}

// Resolve fills in defaults. It names the first option with which no engine could train the network, but for the kernel
// set.
func (o Options) Resolve(network model.Network) (Options, error) {
	var err error
	if o.Optimizer, err = o.Optimizer.withDefaults(); err != nil {
		return o, err
	}
	if err := o.Loss.validate(); err != nil {
		return o, err
	}
	if name := o.Stabiliser.Optimizer(); name != "" && !o.Optimizer.GivesWay() {
		return o, fmt.Errorf("nn: option Stabiliser: %s is an Adam of its own, with decoupled weight decay if any: the optimizer must be AdamW,"+
			" or Adam without weight decay", name)
	}
	if o.Batch < 1 {
		return o, fmt.Errorf("nn: option Batch is %d: it must be at least 1", o.Batch)
	}
	if o.Threads < 0 {
		return o, fmt.Errorf("nn: option Threads is %d: it must be at least 0", o.Threads)
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	_, err = network.Shapes(o.Height, o.Width)
	return o, err
}

// Loss is the loss of an image: Scale * mean(|target - output|^Power) over the image's values.
type Loss struct {
	// Power is at least 1.
	Power float64
	Scale float64
	// Huber, where above 0, replaces losses of Huber or more by their square root, as the published code does: the
	// gradient is then multiplied by 1 / (2 sqrt(loss)).
	Huber float64
}

func (l Loss) validate() error {
	switch {
	case !(l.Power >= 1) || math.IsInf(l.Power, 0):
		return fmt.Errorf("nn: option Loss.Power is %v: it must be a number of at least 1", l.Power)
	case !(l.Scale > 0) || math.IsInf(l.Scale, 0):
		return fmt.Errorf("nn: option Loss.Scale is %v: it must be a number above 0", l.Scale)
	case !(l.Huber >= 0):
		return fmt.Errorf("nn: option Loss.Huber is %v: it must be at least 0", l.Huber)
	}
	return nil
}

// OptimizerKind is a rule by which gradients move weights.
type OptimizerKind int

const (
	// Adam is that of Kingma and Ba (2015).
	Adam OptimizerKind = iota
	// SGD is gradient descent, with momentum where that is not 0.
	SGD
	// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch has it: before a step, weights are
	// multiplied by 1 - LearningRate * WeightDecay, and epsilon is added to the root of the corrected second moment.
	AdamW
)

// Optimizer is a rule and its settings.
type Optimizer struct {
	Kind         OptimizerKind
	LearningRate float64
	// Beta1, Beta2 and Epsilon are Adam's; 0 stands for 0.9, 0.999 and 1e-8.
	Beta1, Beta2, Epsilon float64
	// CorrectedEpsilon adds epsilon to the root of the bias-corrected second moment, as PyTorch does; without it,
	// epsilon is added to the root of the uncorrected one, as TensorFlow does ("epsilon hat" in Adam's paper).
	CorrectedEpsilon bool
	// Momentum is gradient descent's, at least 0 and below 1, and Nesterov its look-ahead form.
	Momentum float64
	Nesterov bool
	// WeightDecay times a weight is added to the weight's gradient (L2 regularisation), but for AdamW; biases are left alone.
	WeightDecay float64
	Schedule    Schedule
}

func (o Optimizer) withDefaults() (Optimizer, error) {
	if o.Beta1 == 0 {
		o.Beta1 = 0.9
	}
	if o.Beta2 == 0 {
		o.Beta2 = 0.999
	}
	if o.Epsilon == 0 {
		o.Epsilon = 1e-8
	}
	o.CorrectedEpsilon = o.CorrectedEpsilon || o.Kind == AdamW
	var errs []error
	within := func(name string, value, low, high float64) {
		if !(value >= low && value < high) {
			errs = append(errs, fmt.Errorf("nn: option Optimizer.%s is %v: it must be at least %v and below %v", name, value, low, high))
		}
	}
	if o.Kind < Adam || o.Kind > AdamW {
		errs = append(errs, fmt.Errorf("nn: option Optimizer.Kind is %d: it must be Adam, SGD or AdamW", o.Kind))
	}
	if !(o.LearningRate > 0) || math.IsInf(o.LearningRate, 0) {
		errs = append(errs, fmt.Errorf("nn: option Optimizer.LearningRate is %v: it must be a number above 0", o.LearningRate))
	}
	within("Beta1", o.Beta1, 0, 1)
	within("Beta2", o.Beta2, 0, 1)
	// A smaller epsilon would be 0 in single precision, and a weight without gradient 0 / 0.
	within("Epsilon", o.Epsilon, math.SmallestNonzeroFloat32, math.Inf(1))
	within("Momentum", o.Momentum, 0, 1)
	within("WeightDecay", o.WeightDecay, 0, math.Inf(1))
	if err := o.Schedule.validate(); err != nil {
		errs = append(errs, err)
	}
	return o, errors.Join(errs...)
}

// Moments names what the optimizer keeps of each weight.
func (o Optimizer) Moments() []string {
	if o.Kind == SGD {
		return weights.DescentMoments
	}
	return weights.AdamMoments
}

// GivesWay reports whether a stabiliser that is an optimizer of its own can take this one's place.
func (o Optimizer) GivesWay() bool { return o.Kind == AdamW || o.Kind == Adam && o.WeightDecay == 0 }

// Keep is the factor of decoupled weight decay at a learning rate, by which a step of AdamW begins: 1 for others.
func (o Optimizer) Keep(rate float64) float64 {
	if o.Kind != AdamW {
		return 1
	}
	return 1 - rate*o.WeightDecay
}

// Rate is the learning rate of the step after so many, without corrections of bias.
func (o Optimizer) Rate(done int64) float64 { return o.LearningRate * o.Schedule.At(done) }

// Rates are the learning rate of the step after so many, with its schedule and Adam's corrections of bias, and the factor
// of the root of Adam's second moment.
func (o Optimizer) Rates(done int64) (rate, rootScale float64) {
	return o.corrected(o.Rate(done), done)
}

// corrected is a learning rate with the corrections of bias of the step after so many.
func (o Optimizer) corrected(rate float64, done int64) (corrected, rootScale float64) {
	if o.Kind == SGD {
		return rate, 1
	}
	step := float64(done + 1)
	first, second := 1-math.Pow(o.Beta1, step), 1-math.Pow(o.Beta2, step)
	if o.CorrectedEpsilon {
		return rate / first, 1 / math.Sqrt(second)
	}
	return rate * math.Sqrt(second) / first, 1
}

// ScheduleKind is a course of the learning rate.
type ScheduleKind int

const (
	// Constant keeps the learning rate.
	Constant ScheduleKind = iota
	// StepDecay multiplies it by Factor every Every steps.
	StepDecay
	// Cosine lets it fall to 0 along half a cosine over Steps steps (Loshchilov and Hutter 2017).
	Cosine
	// Quarters is that of the authors' training scripts of experiment 3, over Steps steps: the learning rate for a quarter of them;
	// in the second quarter down in eight equal stairs, the first of which is the rate itself; then a third of the rate;
	// and in the last quarter down from that in eight stairs.
	Quarters
)

// Schedule is the course of the learning rate, as factors of the optimizer's.
type Schedule struct {
	Kind   ScheduleKind
	Every  int64
	Factor float64
	// Steps is the number of steps after which Cosine arrives at 0, and that Quarters divides.
	Steps int64
	// Warmup is the number of steps over which the factor rises from 0, in proportion to the step.
	Warmup int64
}

func (s Schedule) validate() error {
	switch {
	case s.Kind < Constant || s.Kind > Quarters:
		return fmt.Errorf("nn: option Schedule.Kind is %d: it must be Constant, StepDecay, Cosine or Quarters", s.Kind)
	case s.Kind == StepDecay && s.Every < 1:
		return fmt.Errorf("nn: option Schedule.Every is %d: it must be at least 1", s.Every)
	case s.Kind == StepDecay && !(s.Factor > 0 && s.Factor <= 1):
		return fmt.Errorf("nn: option Schedule.Factor is %v: it must be above 0 and at most 1", s.Factor)
	case (s.Kind == Cosine || s.Kind == Quarters) && s.Steps < 1:
		return fmt.Errorf("nn: option Schedule.Steps is %d: it must be at least 1", s.Steps)
	case s.Warmup < 0:
		return fmt.Errorf("nn: option Schedule.Warmup is %d: it must be at least 0", s.Warmup)
	}
	return nil
}

// At is the factor for the step after so many steps.
func (s Schedule) At(done int64) float64 {
	factor := 1.0
	switch s.Kind {
	case StepDecay:
		factor = math.Pow(s.Factor, float64(done/s.Every))
	case Cosine:
		factor = (1 + math.Cos(math.Pi*float64(min(done, s.Steps))/float64(s.Steps))) / 2
	case Quarters:
		factor = quarters(float64(done) / float64(s.Steps))
	}
	if done < s.Warmup {
		factor *= float64(done+1) / float64(s.Warmup)
	}
	return factor
}

// quarters is the factor of Quarters when a share of the steps is done.
func quarters(done float64) float64 {
	const stairs = 8
	down := func(since float64) float64 { return 1 - math.Floor(min(stairs*4*since, stairs-1))/stairs }
	switch {
	case done < 0.25:
		return 1
	case done < 0.5:
		return down(done - 0.25)
	case done < 0.75:
		return 1. / 3
	}
	return down(done-0.75) / 3
}
