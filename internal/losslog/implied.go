package losslog

import (
	"math"
	"slices"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
)

// implied takes for losses what the numbers of records show to be one, though no name says so: a total of the numbers before or behind
// it, as in "box 0.1 obj 0.2 total 0.3" or "policy 0.1 mse 0.2 total 0.3", a number that its own mean follows, as in "12: 0.5, 0.6 avg", and one
// behind a step and its share, as in "500 5% 0.25".
func (s *survey) implied(all []ranked) {
	measures := 0 // the last one's field, counted from 1
	named := false
	for i := range all {
		switch m := all[i].meaning; {
		case m.Strength >= lexicon.Loss:
			named = true
		case m.Strength == lexicon.Measure:
			measures = max(measures, all[i].field+1)
		}
	}
	for i := range all {
		r := &all[i]
		switch {
		case r.meaning.Strength != lexicon.Unknown || r.count < 3:
		case named && !(lexicon.IsWhole(r.name) && s.isSum(r.tally)):
		case measures > r.field: // it is no part of this
		case measures > 0 && !lexicon.IsWhole(r.name):
		case lexicon.IsWhole(r.name) && (s.isSum(r.tally) || s.afterParts(all, r)), r.name == string(lexicon.Nameless) && (s.hasMeanBehind(r.tally) || s.has(string(lexicon.Shared)) && s.together(r.tally, string(lexicon.Shared))):
			r.meaning.Strength, r.meaning.Parts = lexicon.Loss, 0
		}
	}
}

// tellObjective makes losses of what an optimiser prints as the value of its function, where the norm of that function's gradient stands in
// the same records: "iter 3 f 0.5 |g| 0.1", "log prob", "||grad||".
func (s *survey) tellObjective() {
	names := make(map[int]bool) // of such values
	norm := false
	for i, f := range s.fields {
		if f.meaning.Strength >= lexicon.Measure {
			return
		}
		names[i] = lexicon.IsFunctionValue(f.name)
		norm = norm || lexicon.IsGradientNorm(f.name)
	}
	if !norm {
		return
	}
	for _, t := range s.series {
		if !names[t.field] {
			continue
		}
		beside := func(name string) bool { return lexicon.IsGradientNorm(name) && s.together(t, name) }
		if slices.ContainsFunc(s.fields, func(f *fieldSurvey) bool { return beside(f.name) }) {
			s.fields[t.field].meaning = lexicon.MeaningOf("loss")
		}
	}
}

// tellTotals makes a part of each loss that a total beside it, which is named so or as a mean, is the sum of with others: "loss 0.5 aux 0.1
// total_loss 0.6", "avg_loss 0.6 own_loss 0.5 aux_loss 0.1".
func (s *survey) tellTotals(all []ranked) {
	s.tellMeasures(all)
	s.tellLeads(all)
	for i := range all {
		total := &all[i]
		if total.meaning.Strength != lexicon.Loss {
			continue
		}
		before := lexicon.SaysWhole(total.name) && s.sums(total.tally, -1)
		if !before && !(total.meaning.Statistic == lexicon.Averaged && s.sums(total.tally, 1)) {
			continue
		}
		total.meaning.Parts = 0
		for j := range all {
			if r := &all[j]; j != i && r.meaning.Strength == lexicon.Loss && r.meaning.Parts == 0 && r.meaning.Role == total.meaning.Role && s.together(total.tally, r.name) && r.field < total.field == before {
				r.meaning.Parts++
			}
		}
	}
}

// tellLeads makes a part of each loss that words before it tell from others, where as many lines have one that is named as their total:
// "Style 2 loss: 0.1" above "Total loss: 0.6".
func (s *survey) tellLeads(all []ranked) {
	if s.by.By != console.ByLead {
		return
	}
	for i := range all {
		r := &all[i]
		if r.name == s.by.Loss && slices.ContainsFunc(all, func(other ranked) bool {
			return other.meaning.Strength == lexicon.Loss && other.meaning.Role == r.meaning.Role && lexicon.SaysWhole(other.name) && other.count*10 >= r.count*9
		}) {
			r.meaning.Parts++
		}
	}
}

// tellMeasures makes a part of a loss by one measure that stands beside a part by another, "dice loss 0.3 CE loss 0.2".
func (s *survey) tellMeasures(all []ranked) {
	for i := range all {
		r := &all[i]
		if r.meaning.Strength == lexicon.Loss && r.meaning.Measured && r.meaning.Parts == 0 && slices.ContainsFunc(all, func(other ranked) bool {
			return other.meaning.Strength == lexicon.Loss && other.meaning.Parts > 0 && other.meaning.Role == r.meaning.Role && other.label == r.label &&
				other.count == r.count && s.together(r.tally, other.name)
		}) {
			r.meaning.Parts++
		}
	}
}

// isSum says whether the numbers of a series are the sums of two or more beside them.
func (s *survey) isSum(t *tally) bool { return s.sums(t, -1) || s.sums(t, 1) }

// sums says whether the numbers of a series are the sums of two or more that stand right before them, where to is -1, or behind, where it is 1.
func (s *survey) sums(t *tally, to int) bool {
	n, sums := 0, 0
	s.own(t, func(values []sampledValue) {
		n++
		at := slices.IndexFunc(values, func(v sampledValue) bool { return v.field == t.field })
		sum, total := 0.0, values[at].number
		for parts, k := 1, at+to; k >= 0 && k < len(values); parts, k = parts+1, k+to {
			if sum += values[k].number; parts > 1 && math.Abs(sum-total) <= max(0.01*math.Abs(total), rounding(total, parts)) {
				sums++
				return
			}
		}
	})
	return sums*10 >= n*9
}

// rounding is by how much a total with few digits may differ from the sum of its parts: by half a unit of its last digit for each, but
// not by more than a tenth.
func rounding(total float64, parts int) float64 {
	const mostDigits = 6
	unit := 1.0
	for range mostDigits {
		if scaled := total / unit; math.Abs(scaled-math.Round(scaled)) < 1e-6 {
			break
		}
		unit /= 10
	}
	return min(unit*float64(parts+1)/2, 0.1*math.Abs(total))
}

// afterParts says whether several numbers that may be losses stand before a total in records that count steps.
func (s *survey) afterParts(all []ranked, total *ranked) bool {
	parts := 0
	for _, r := range all {
		if r.meaning.Strength >= lexicon.Unknown && r.meaning.Strength < lexicon.Loss && r.name != total.name && r.count >= total.count && s.together(total.tally, r.name) && s.byName[r.name] < total.field {
			parts++
		}
	}
	return parts > 1 && s.hasCounter(total.tally)
}

// hasMeanBehind says whether a number that has no name stands right before one that is called its mean, and follows it.
func (s *survey) hasMeanBehind(t *tally) bool {
	n, means := 0, 0
	s.own(t, func(values []sampledValue) {
		n++
		for i, v := range values[:len(values)-1] {
			if v.field == t.field {
				means += flagOf(lexicon.IsAverage(s.fields[values[i+1].field].name))
				return
			}
		}
	})
	return n > 0 && means*10 >= n*9
}
