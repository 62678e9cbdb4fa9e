package replay

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"alrc/internal/spike"
	"alrc/internal/words"
)

// cure says why clipping is not enough for a run and what people do then; "" where clipping is for it.
func (r *Report) cure() string {
	found := r.analysis.found
	switch {
	case r.analysis.count == 0 && r.First > 10*r.pace.gap:
		return fmt.Sprintf("The log begins at %s %s, when no loss was finite any more: look at what was logged before, whether the loss rose first or"+
			" was well up to the end.", r.pace.counted(), words.Count(r.First))
	case r.analysis.count == 0:
		return "Look at the first batch: its inputs and labels, a logarithm or a division by 0 in the loss, numbers too large for half precision."
	case found.Condition == spike.Divergent && found.EndsNonFinite():
		return r.cureOfNaN()
	case found.Condition == spike.Divergent:
		return fmt.Sprintf("Clipping would not be enough: a clipped loss still points the same way, and a rise that persists is not made of single"+
			" bad batches. People go back to a checkpoint from before step %s and go on with a lower learning rate or a longer warm-up, a"+
			" limit on the norm of the gradient (1 is usual), or past the batches just before it.", words.Count(found.DivergedAt)) + r.mayRise() + r.normFirst()
	case found.Condition == spike.Stuck && found.Standstill.Loss == 0:
		return "Clipping is not for that: a loss of 0 has no gradient. Look for labels that are all masked, batches that are empty, or" +
			" something else that is logged in place of the loss."
	case found.Condition == spike.Stuck:
		return "Clipping is not for that: the weights no longer move. Look for units that are dead, a learning rate of 0, or a loss scale" +
			" that skips every step."
	case raised(r.Source.Loss) && (found.Condition == spike.Shifted || found.Condition == spike.Drifting):
		return fmt.Sprintf("By its name %s is something that training raises: a rise is what is wanted. Clipping limits what is too high, and is for losses;"+
			" choose one by --column, or log this with its sign changed.", r.Source.Loss)
	case found.Condition == spike.Shifted:
		return "Clipping is not for that: the running mean follows the loss to its new level. Look at what changed there: the data, the" +
			" learning rate, the loss itself." + r.mayRise()
	case found.Condition == spike.Drifting:
		return "Clipping is not for a slow rise, which is no outlier to a running mean. Look at the learning rate (lower it, or let it" +
			" decay), at weight decay, and at whether the data change on the way." + r.mayRise()
	}
	if c := r.anew(); c != nil {
		return fmt.Sprintf("Clipping is not for a loss that begins anew, as about step %s. Look whether another run begins there, whether the weights or the"+
			" optimizer were restored, and whether the data are others.", words.Count(c.Step))
	}
	if r.Scatter != nil && found.Spikes == 0 {
		return "Clipping is not for losses that scatter more and more, as where steps are too long for how sharply the loss is curved: a running" +
			" deviation grows with them. Look at the learning rate (lower it, or let it decay)."
	}
	if found.Spikes > 0 && found.Spikes == found.NonFinite {
		return "All spikes are losses that are not finite. Clipping gives these the weight 0, and others are as they were. Look for what makes them:" +
			" in half precision a loss scale that is still too large, else a logarithm or a division by 0." + r.normFirst()
	}
	if first := r.normFirst(); first != "" {
		return "Clipping losses alone comes late here." + first
	}
	return ""
}

// mayRise says where a rise may be as it should.
func (r *Report) mayRise() string {
	switch {
	case ofReturns(r.Source.Loss):
		return " The loss of a value function, though, rises with the returns that it predicts: look at these first."
	case r.Most < 0 && r.analysis.found.Condition != spike.Divergent:
		return " All these losses are below 0: if this is something that training raises, such as a log-likelihood, a rise is what is wanted."
	}
	return ""
}

// raised says that a series is named like something that training raises.
func raised(name string) bool {
	return named(name, "elbo", "likelihood", "loglik", "logprob", "objf", "objectivefunc", "reward", "return", "accuracy", "score", "lowerbound")
}

// ofReturns says that a loss is named like that of a value function.
func ofReturns(name string) bool {
	return named(name, "value", "critic", "vfloss", "vloss", "qloss", "qfloss", "tdloss", "tderror", "bellman")
}

// named says whether a name has one of some words, whatever separates its own.
func named(name string, words ...string) bool {
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) })
}

// cureOfNaN is for runs that end in losses that are not finite.
func (r *Report) cureOfNaN() string {
	found := r.analysis.found
	text := fmt.Sprintf("Clipping limits losses that are finite, and from step %s on there was none; weights that are not finite stay so.",
		words.Count(found.BadTailFrom))
	if before := r.risingBefore(found.BadTailFrom); before != nil {
		text += fmt.Sprintf(" The loss did rise before, from step %s on: clipping from the beginning may keep a run from getting there.", words.Count(before.Start))
	} else if d := found.Drift; d != nil && d.From < found.BadTailFrom {
		text += fmt.Sprintf(" The loss rose slowly before, from %s about step %s to %s: too slowly for a running mean, but a lower learning rate there"+
			" may keep a run from it.", words.Short(d.Lowest, 4), words.Count(d.From), words.Short(d.End, 4))
	} else {
		text += " No loss just before it stood out, so there was nothing that clipping could have limited."
	}
	return text + fmt.Sprintf(" People go back to a checkpoint from before step %s, and go on with a lower learning rate or a longer warm-up,"+
		" a limit on the norm of the gradient (1 is usual), or past the batches just before it; and they look for a logarithm or a"+
		" division by 0 in the loss, and in half precision at the loss scale, or take bfloat16.", words.Count(found.DivergedAt)) + r.normFirst()
}

// risingBefore is the episode with finite losses that a run was in, or had just left, at a step.
func (r *Report) risingBefore(step int64) *Episode {
	for _, e := range r.Episodes {
		near := step - spike.Delay/2*r.pace.gap
		if e.Start < step && (!e.Back || e.End >= near) && !math.IsInf(float64(e.PeakLoss), 1) {
			return e
		}
	}
	return nil
}

// normFirst tells that the norm of the gradient spikes before the loss, where it does as often as not.
func (r *Report) normFirst() string {
	g := r.GradientNorm
	if g == nil || g.Led == 0 || 2*g.Led < g.Episodes {
		return ""
	}
	text := fmt.Sprintf(" The norm of the gradient (%s) rose first, %s before the loss", g.Field, words.Counted(g.Lead, "step"))
	if g.Episodes > 1 {
		text += fmt.Sprintf(", in %d of %d episodes", g.Led, g.Episodes)
	}
	text += ": the step that does the harm is taken while the loss still looks ordinary. Limit the norm itself"
	if usual := float64(g.Usual); usual > 0 {
		text += fmt.Sprintf(", to little more than its usual %s", words.Short(usual, 4))
	}
	return text + ", or lower the learning rate; clipping of losses can stand beside it."
}
