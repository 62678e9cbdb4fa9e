package losslog

import (
	"fmt"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// chooseLines takes the lines of the chosen series, where others hold its name too.
func (l *Log) chooseLines(v *look, chosen ranked) {
	var others []string
	for _, t := range v.series {
		switch label := v.labels[t.label]; {
		case t.field != chosen.field || t.label == chosen.tally.label:
		case l.options.Lines == "" && v.onlySaves(chosen.tally, t, l.chosen.step):
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
		l.chosen.beside = v.withinEpochs(chosen.tally)
	}
}

// companion returns what counts beside the losses and their steps in most lines of a series, where lines without it only tell
// steps again: the figures of an epoch after those of its batches. It is empty where there is none.
func (s *survey) companion(t *tally, step string) string {
	counter, ok := s.byName[step]
	if !ok {
		return ""
	}
	own := make(map[int]int)
	n := 0
	each := func(do func(at float64, values []sampledValue)) {
		for _, r := range s.records {
			at, holds := -1.0, false
			values := s.values[r.begin:r.end]
			for _, v := range values {
				if v.field == counter && at < 0 {
					at = v.number
				}
				holds = holds || v.field == t.field
			}
			if holds && r.label == t.label {
				do(at, values)
			}
		}
	}
	has := func(values []sampledValue, field int) bool {
		for _, v := range values {
			if v.field == field {
				return true
			}
		}
		return false
	}
	each(func(_ float64, values []sampledValue) {
		n++
		for field := range s.fields {
			if field != counter && s.fields[field].counter <= lexicon.Batches && has(values, field) {
				own[field]++
			}
		}
	})
	for field := range s.fields {
		if own[field]*100 < n*85 || own[field] == n || n == 0 {
			continue
		}
		steps := make(map[float64]bool)
		each(func(at float64, values []sampledValue) {
			if has(values, field) {
				steps[at] = true
			}
		})
		again := true
		each(func(at float64, values []sampledValue) {
			again = again && (has(values, field) || steps[at])
		})
		if again {
			return s.fields[field].name
		}
	}
	return ""
}

// onlySaves says whether the lines of other are some of a series' own, which only add that something was saved: they tell no
// steps again that lines next to them tell.
func (s *survey) onlySaves(t, other *tally, step string) bool {
	counter, ok := s.byName[step]
	if !ok || withoutSaving(s.labels[t.label]) != withoutSaving(s.labels[other.label]) {
		return false
	}
	saved, again := 0, 0
	last, lastLabel := -1.0, -1
	for _, r := range s.records {
		if r.label != t.label && r.label != other.label {
			continue
		}
		at, holds := -1.0, false
		for _, v := range s.values[r.begin:r.end] {
			if v.field == counter && at < 0 {
				at = v.number
			}
			holds = holds || v.field == t.field
		}
		if !holds {
			continue
		}
		if r.label == other.label {
			saved++
		}
		if at < 0 && r.label == other.label || at == last && r.label != lastLabel {
			again++
		}
		last, lastLabel = at, r.label
	}
	return saved > 0 && again*10 <= saved
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
