package report

import (
	"fmt"
	"math"
	"strings"

	"alrc/internal/words"
)

// Sentences say in plain words what clipping did, the most important first.
func (c *Comparison) Sentences() []string {
	var sentences []string
	base := c.baseline()
	for _, g := range c.Groups {
		if g == base {
			continue
		}
		if base == nil {
			sentences = append(sentences, g.alone())
		} else {
			sentences = append(sentences, compare(base, g))
		}
	}
	if base != nil && len(c.Groups) == 1 {
		sentences = append(sentences, base.alone()+" There is no run with "+string(c.wording)+" to compare it with.")
	}
	var headlines []string
	for _, u := range allUntrained {
		if text, best := c.beside(u); best {
			headlines = append([]string{text}, headlines...)
		} else if text != "" {
			sentences = append(sentences, text)
		}
	}
	sentences = append(headlines, sentences...)
	for _, g := range c.Groups {
		for _, text := range []string{g.divergence(), g.death(), g.loss()} {
			if text != "" {
				sentences = append(sentences, text)
			}
		}
	}
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if run.result == nil {
				sentences = append(sentences, fmt.Sprintf("%s is not done: %s of %s steps.",
					run.Label, words.Count(run.done()), words.Count(run.Steps)))
			}
		}
	}
	return sentences
}

// alone says what a group without another to compare it with came to.
func (g *Group) alone() string {
	s := g.summary()
	if math.IsNaN(s.mean) {
		return fmt.Sprintf("%s, there are no final losses yet.", words.Capital(g.with()))
	}
	return fmt.Sprintf("%s, %s is %s%s%s.", words.Capital(g.with()), lastLosses(s.last),
		words.Spread(s.mean, s.std, s.seeds-s.diverged), overSeeds(s.seeds-s.diverged), g.clippedShare(s))
}

// with is the group as the beginning of a sentence: "without clipping", "with ALRC, n = 2".
func (g *Group) with() string {
	if g.Clip == "none" {
		return g.wording.without()
	}
	return "with " + g.Name
}

// subject is the clipping as one that does something: "ALRC at n = 2".
func (g *Group) subject() string { return strings.Replace(g.Name, ", n = ", " at n = ", 1) }

// clippedShare ends a sentence with what the group's method did.
func (g *Group) clippedShare(s summary) string {
	clip, stabilise := parts(g.Clip)
	var did []string
	switch {
	case clip == "none" || math.IsNaN(s.clipped):
	case s.clipped == 0:
		did = append(did, "clipped no loss")
	default:
		did = append(did, "clipped "+words.Percent(s.clipped)+" of the losses")
	}
	if stabilise != "" && !math.IsNaN(s.acted) {
		text := "acted in " + words.Percent(s.acted) + " of the steps"
		if s.acted == 0 {
			text = "acted in no step"
		}
		if s.skipped > 0 {
			text += ", skipping " + words.Percent(s.skipped)
		}
		did = append(did, text)
	}
	if len(did) == 0 {
		return ""
	}
	return "; it " + strings.Join(did, " and ")
}

// compare says what g's clipping did to the final losses.
func compare(base, g *Group) string {
	before, after := base.summary(), g.summary()
	switch {
	case before.diverged == before.seeds && after.diverged == after.seeds:
		return fmt.Sprintf("Every run diverged, %s and with %s.", base.with(), g.Name)
	case before.diverged > 0 && after.diverged+after.running == 0 && !math.IsNaN(after.mean):
		which := "the run diverged"
		if before.seeds > 1 {
			which = fmt.Sprintf("%d of %d runs diverged", before.diverged, before.seeds)
		}
		rest := "no run did"
		if after.seeds == 1 {
			rest = "it did not"
		}
		if before.diverged < before.seeds {
			return fmt.Sprintf("%s %s; with %s %s, and %s is %s (without: %s,"+
				" of the runs that did not diverge)%s.", words.Capital(base.with()), which, g.Name, rest, lastLosses(after.last),
				words.Spread(after.mean, after.std, after.seeds), words.Spread(before.mean, before.std, before.seeds-before.diverged), g.clippedShare(after))
		}
		return fmt.Sprintf("%s %s; with %s %s, and %s is %s%s%s.", words.Capital(base.with()), which, g.Name,
			rest, lastLosses(after.last), words.Spread(after.mean, after.std, after.seeds), overSeeds(after.seeds), g.clippedShare(after))
	case after.diverged == after.seeds:
		if before.diverged == 0 {
			return fmt.Sprintf("%s made it worse: %s diverged, and %s none did.", words.Capital(g.subject()), all(after.seeds), base.with())
		}
		return fmt.Sprintf("%s did not help: %s diverged.", words.Capital(g.subject()), all(after.seeds))
	}
	e := g.effectOn(base)
	n := len(e.pairs)
	if n == 0 {
		return fmt.Sprintf("%s cannot be compared yet: no seed has final losses both without and with it.", words.Capital(g.subject()))
	}
	from, to := e.texts()
	numbers := fmt.Sprintf("from %s to %s", from, to)
	last := lastLosses(after.last)
	share := g.clippedShare(after)
	if after.diverged > before.diverged {
		share += fmt.Sprintf("; but %d of %d runs with it diverged, and %d without", after.diverged, after.seeds, before.diverged)
	}
	if missing := before.running + after.running; missing > 0 {
		return fmt.Sprintf("So far, with %s missing: over %s, %s goes %s with %s%s.", words.Counted(missing, "run"),
			words.Counted(n, "seed"), last, numbers, g.Name, share)
	}
	switch {
	case !e.agree():
		return fmt.Sprintf("%s made no clear difference: %s went %s%s, but down for %d of the seeds and up for %d%s.",
			words.Capital(g.subject()), last, numbers, overSeeds(n), e.lower, n-e.lower, share)
	case math.Abs(e.change) < smallest || e.tie() || math.IsNaN(e.change):
		return fmt.Sprintf("%s made no clear difference: %s went %s%s%s.", words.Capital(g.subject()), last, numbers,
			overSeeds(n), share)
	}
	if !e.clear() {
		return fmt.Sprintf("%s made no significant difference: %s went %s%s (p = %.2g)%s.",
			words.Capital(g.subject()), last, numbers, overSeeds(n), e.p, share)
	}
	verb := "lowered"
	if e.change > 0 {
		verb = "raised"
	}
	if n == 1 {
		share += "; with one seed this may be chance"
	}
	return fmt.Sprintf("%s %s %s %s (%s)%s%s.", words.Capital(g.subject()), verb, last, numbers, e.text(), overSeeds(n), share)
}

// lastLosses is what is compared of so many final losses.
func lastLosses(count int64) string {
	if count == 1 {
		return "the last loss"
	}
	return "the mean of the last " + words.Count(count) + " losses"
}

// smoothedOver says over how many steps a curve is smoothed.
func smoothedOver(steps int) string { return ", smoothed over " + words.Counted(steps, "step") }

func all(n int) string {
	if n == 1 {
		return "its run"
	}
	return fmt.Sprintf("all its %d runs", n)
}

func overSeeds(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" over %d seeds", n)
}
