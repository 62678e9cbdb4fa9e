package losslog

import (
	"fmt"
	"math"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/sequence"
)

// chooseLines takes the lines of the chosen series, where others hold its name too.
func (l *Log) chooseLines(v *look, chosen ranked) {
	var others []string
	for _, t := range v.series {
		switch label := v.labels[t.label]; {
		case t.field != chosen.field || t.label == chosen.tally.label:
		case l.options.Lines == "" && v.onlyAdds(chosen.tally, t, l.chosen.step):
			l.chosen.alsoLabels = append(l.chosen.alsoLabels, label)
		default:
			others = append(others, describeLines(label))
		}
	}
	l.chosen.label, l.chosen.labelled = chosen.label, true
	l.source.Lines = chosen.label
	if len(others) > 0 {
		l.note("%q stands on several kinds of lines; these are %s, and --lines WORD takes others: %s", chosen.name, describeLines(chosen.label), list(others))
	}
	if l.options.Step != "" {
		return
	}
	if l.chosen.always {
		l.chosen.beside = v.companion(chosen.tally, l.chosen.step)
	}
	if l.chosen.beside == "" {
		l.chosen.beside = v.withinEpochs(chosen.tally, l.chosen.step)
	}
}

// companion returns what counts beside the losses and their steps in most lines of a series, where lines without it only tell
// steps again: the figures of an epoch after those of its batches. It is empty where there is none.
func (s *survey) companion(t *tally, step string) string {
	counter, ok := s.byName[step]
	if !ok {
		return ""
	}
	own, n := make(map[int]int), 0
	s.own(t, func(values []sampledValue) {
		n++
		for field, f := range s.fields {
			if field != counter && f.counter <= lexicon.Batches && holds(values, field) {
				own[field]++
			}
		}
	})
	for field, f := range s.fields {
		if own[field]*100 >= n*85 && own[field] < n && s.tellsAgain(t, counter, field) {
			return f.name
		}
	}
	return ""
}

// tellsAgain says whether the records of a series that lack a companion only tell steps again that others tell.
func (s *survey) tellsAgain(t *tally, counter, companion int) bool {
	steps, again := make(map[float64]bool), true
	s.own(t, func(values []sampledValue) {
		if holds(values, companion) {
			steps[stepIn(values, counter)] = true
		}
	})
	s.own(t, func(values []sampledValue) {
		again = again && (holds(values, companion) || steps[stepIn(values, counter)])
	})
	return again
}

// stepIn returns the step of a record; -1 where it has none.
func stepIn(values []sampledValue, counter int) float64 {
	if v, ok := valueOf(values, counter); ok {
		return v.number
	}
	return -1
}

// onlyAdds says whether the lines of other are some of a series' own, which only add that something was saved, or, where the loss is of
// the training by its name, figures of a validation: they tell no steps again that lines before them tell, and the latter come where
// another of its own would.
func (s *survey) onlyAdds(t, other *tally, step string) bool {
	counter, ok := s.byName[step]
	own, others := s.labels[t.label], s.labels[other.label]
	saves := withoutSaving(own) == withoutSaving(others)
	named := s.fields[t.field].meaning.Role == lexicon.Training && (lexicon.LabelOf([]byte(own))^lexicon.LabelOf([]byte(others)))&lexicon.OfSummary == 0
	if !ok || !named && !saves {
		return false
	}
	var steps []float64
	s.own(t, func(values []sampledValue) { steps = append(steps, stepIn(values, counter)) })
	gap := usualGap(steps)
	added, again := 0, 0
	last, lastLabel := -1.0, -1
	for _, r := range s.records {
		values := s.values[r.begin:r.end]
		if r.label != t.label && r.label != other.label || !holds(values, t.field) {
			continue
		}
		at := stepIn(values, counter)
		adds := r.label == other.label
		added += flagOf(adds)
		again += flagOf(at < 0 && adds || at == last && r.label != lastLabel || !saves && adds && last >= 0 && at-last != gap)
		last, lastLabel = at, r.label
	}
	return added > 0 && again*10 <= added
}

// withoutSaving takes the words that say that something was saved out of a label.
func withoutSaving(label string) string {
	var rest []string
	for _, part := range strings.Fields(label) {
		if !lexicon.SaysSaved(part) {
			rest = append(rest, part)
		}
	}
	return strings.Join(rest, " ")
}

func describeLines(label string) string {
	if label == "" {
		return "those without a word such as train or valid"
	}
	return fmt.Sprintf("those with %q", label)
}

// toldTwice says whether the records of a series whose counter goes back are nearly all there before, with losses of several values.
func (s *survey) toldTwice(t *tally, name string) bool {
	step, ok := s.byName[name]
	if !ok {
		return false
	}
	var before sequence.Recent
	back, told, distinct := 0, 0, 0
	last := math.NaN()
	s.own(t, func(values []sampledValue) {
		loss, at := firstOf(values, t.field), firstOf(values, step)
		if before.GoesBack(at) {
			back++
			if before.Told(at, loss) {
				told++
				distinct += flagOf(loss != last)
				last = loss
				return
			}
		}
		before.Add(at, loss)
	})
	return distinct >= 3 && told*20 >= back*19
}

// withinEpochs returns what counts within epochs in the records of a series, where figures of whole epochs, by the same name, follow
// these and have only the epoch: "epoch 1 batch 50 loss 0.5", and then "epoch 1 loss 0.6". It is "" elsewhere. A record in which what counts
// the steps has gone on is none of a whole epoch.
func (s *survey) withinEpochs(t *tally, step string) string {
	for inner := range s.fields {
		if kind := s.fields[inner].counter; kind > lexicon.Batches {
			continue
		}
		if s.endsEpochs(t, inner, step) {
			return s.fields[inner].name
		}
	}
	return ""
}

// endsEpochs says whether each record of a series without an inner counter ends an epoch of records that have it.
func (s *survey) endsEpochs(t *tally, inner int, step string) bool {
	const fewest = 2
	counter, isCounted := s.byName[step]
	with, without, ends := 0, 0, true
	lastStep := math.Inf(1)
	lastEpoch, counted := 0.0, false // of the record before
	s.own(t, func(values []sampledValue) {
		epoch, there, has := 0.0, false, false
		for _, v := range values {
			has = has || v.field == inner
			if !there && s.fields[v.field].counter == lexicon.Epochs {
				epoch, there = v.number, true
			}
		}
		if has {
			with++
		} else {
			without++
			ends = ends && counted && epoch == lastEpoch && !(isCounted && firstOf(values, counter) > lastStep)
		}
		if isCounted {
			lastStep = firstOf(values, counter)
		}
		ends = ends && there
		lastEpoch, counted = epoch, has
	})
	return ends && without >= fewest && with >= without
}
