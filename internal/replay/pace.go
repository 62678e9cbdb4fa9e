package replay

import (
	"errors"
	"fmt"
	"math"

	"alrc/internal/losslog"
	"alrc/internal/statistics"
	"alrc/internal/words"
)

const (
	// usualDecay is the published decay of the running moments, and fastDecay the one for a run of fewer steps than
	// shortRun, in which a mean over 1,000 steps would not keep up.
	usualDecay, fastDecay = 0.999, 0.99
	shortRun              = 3000
	// leastDecay is the smallest decay by record: moments over fewer than ten records tell nothing.
	leastDecay = 0.9
)

// pace is how a log goes through the steps of its run, and the decay of the moments that follows.
type pace struct {
	gap                 int64   // steps from one record to the next
	length              int64   // steps of the run up to the log's last; 0: more than shortRun
	decay               float64 // by step: what to train with
	perRecord           float64 // by record: what is replayed
	given, decayLimited bool
	// epochs says that steps are epochs: how many updates each has is not known.
	epochs bool
}

// paceOf reads as much of a log as it takes to tell its pace. given is the decay that the user asks for, or 0.
func paceOf(log *losslog.Log, given float64) (pace, error) {
	enough := errors.New("enough")
	var first, last, steps int64
	var gaps []int64
	chunk := new(losslog.Chunk)
	next := func() *losslog.Chunk { chunk.Reset(); return chunk }
	_, err := log.Read(next, func(c *losslog.Chunk) error {
		for i := range c.Len() {
			step := c.Step(i)
			if steps++; steps == 1 {
				first = step
			} else if step > last {
				gaps = append(gaps, step-last)
			}
			last = step
			if steps > shortRun {
				return enough
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return pace{}, err
	}
	p := pace{gap: 1, decay: usualDecay, given: given != 0, epochs: log.CountsEpochs()}
	if len(gaps) > 0 {
		p.gap = statistics.Median(gaps)
	}
	// A run whose first record is not of step 0 counts from 1, or logs at the end of each gap.
	length := max(steps, last)
	if steps > 0 && first <= 0 {
		length = max(steps, last-first+p.gap)
	}
	if err == nil && length < shortRun && !p.epochs {
		p.length, p.decay = length, fastDecay
	}
	if p.given {
		p.decay = given
	}
	if p.perRecord = math.Pow(p.decay, float64(p.gap)); p.epochs && !p.given {
		p.perRecord = leastDecay
	}
	if least := min(leastDecay, p.decay); p.perRecord < least {
		p.perRecord, p.decayLimited = least, true
	}
	return p, nil
}

// published is the decay to train with where a log says too little to choose one.
func (p pace) published() float64 {
	if p.given {
		return p.decay
	}
	return usualDecay
}

// unit is what the log counts.
func (p pace) unit() string {
	if p.epochs {
		return "epoch"
	}
	if p.gap >= 2 {
		return "record"
	}
	return "step"
}

// counted is what the log's steps are.
func (p pace) counted() string {
	if p.epochs {
		return "epoch"
	}
	return "step"
}

// note says what a log that leaves out steps cannot show; "" for one that has them all. judged says that the log is long enough for the
// decay to matter.
func (p pace) note(judged bool) string {
	switch {
	case p.epochs:
		return fmt.Sprintf("the log has one record an epoch: a spike of single steps hardly shows in a mean over all of them, and not at all in a loss of"+
			" the last, so that a log of steps tells more; what was replayed is a decay of %.3g an epoch", p.perRecord)
	case p.gap < 2:
		return ""
	}
	text := fmt.Sprintf("the log has one record every %s: losses between them are not seen, or only in a mean, so that spikes may be missed or"+
		" look weaker than they were", words.Counted(p.gap, "step"))
	if !judged {
		return text
	}
	text += fmt.Sprintf("; the decay of %v by step is %.3g by record", p.decay, p.perRecord)
	if p.decayLimited {
		text += ", and not less, since moments over fewer than ten records tell nothing"
	}
	return text
}
