package experiment

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"alrc/internal/nn"
)

// Optimizer is a rule that moves weights.
type Optimizer struct {
	// Kind is adam (with TensorFlow's placement of epsilon, as in the published experiments), adamw (PyTorch's) or sgd.
	Kind         string  `yaml:"kind"`
	LearningRate float64 `yaml:"learning-rate"`
	// Schedule is constant, cosine, quarters, or step:STEPS,FACTOR.
	Schedule    string  `yaml:"schedule"`
	Warmup      int64   `yaml:"warmup"`
	Momentum    float64 `yaml:"momentum"`
	Nesterov    bool    `yaml:"nesterov"`
	WeightDecay float64 `yaml:"weight-decay"`
}

// resolve returns the engine's form of the optimizer, for a run of so many steps.
func (o Optimizer) resolve(steps int64) (nn.Optimizer, error) {
	var errs []error
	fault := func(field, format string, arguments ...any) {
		errs = append(errs, fmt.Errorf("optimizer, "+field+": "+format, arguments...))
	}
	resolved := nn.Optimizer{LearningRate: o.LearningRate, Momentum: o.Momentum, Nesterov: o.Nesterov, WeightDecay: o.WeightDecay}
	switch o.Kind {
	case "adam", "adamw":
		if o.Kind == "adamw" {
			resolved.Kind = nn.AdamW
		}
		if o.Momentum != 0 || o.Nesterov {
			fault("momentum", "momentum and nesterov are sgd's; %s has moments of its own", o.Kind)
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
		fault("kind", "%q is unknown; there are adamw, adam and sgd", o.Kind)
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
	return nn.Schedule{}, fmt.Errorf("%q is unknown; there are constant, cosine, quarters and step:STEPS,FACTOR (which multiplies the"+
		" learning rate by FACTOR, above 0 and at most 1, every STEPS steps)", text)
}
