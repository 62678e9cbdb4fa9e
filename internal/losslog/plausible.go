package losslog

import (
	"math"
	"slices"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// mayBeLoss says whether the numbers of a series can be losses, the more strictly the less its name says.
func (s *survey) mayBeLoss(r ranked, most int) bool {
	const few = 5
	finite := r.count - r.nonFinite
	growing := finite >= few && r.whole == finite && r.grown*10 >= finite*9
	switch r.meaning.Strength {
	case lexicon.Excluded:
		return false
	case lexicon.Loss:
		// "0.0 ms loss" is a time, and a few zeros are settings; games are lost by the number.
		return r.unit*2 <= r.count && !(s.text && finite < few && finite == r.count && r.least == 0 && r.most == 0 && !(finite > 1 && r.meaning.Role == lexicon.Training) && !s.hasCounter(r.tally)) &&
			!(r.whole == r.count && s.besideGames(r.tally)) &&
			!(s.text && r.whole == r.count && s.fields[r.field].fewWholes() && (finite < few || s.counter(r.tally).step == ""))
	}
	switch {
	case r.unit*2 > r.count, growing:
		return false
	case finite >= few && r.whole == finite && !(r.meaning.Strength == lexicon.Measure && r.pointed == finite), finite >= few && r.least == r.most:
		return false
	case s.text && r.meaning.Strength == lexicon.Unknown && (finite < 3 || r.whole == finite):
		return false
	case r.meaning.Strength == lexicon.Unknown && (r.whole == r.count || s.text && finite > few && s.fields[r.field].isSetting()):
		return false // sizes, counts and settings
	case r.meaning.Strength == lexicon.RoleAlone:
		return r.count > 1 && r.whole < finite
	case r.meaning.Exponential && !s.isOfTraining(r):
		return false // of models that are compared
	case r.meaning.Strength > lexicon.Unknown:
		return r.count > 1 && !(s.text && r.least == r.most)
	case s.text && finite > 1 && r.least == r.most, r.meaning.Words > mostNameWords:
		return false
	case s.fields[r.field].counter <= lexicon.Batches && r.name != string(lexicon.Nameless):
		return false
	case s.text && (s.fields[r.field].numbers < 2 || s.fields[r.field].numbers*10 < most):
		return false
	}
	// Seconds since 1970, or milliseconds.
	return !(r.least > 1e8 && (r.grown*10 >= finite*9 || r.least == r.most))
}

// isOfTraining says whether a measure that is also of models that are done is one of a training: it says so, steps are counted
// beside it, a learning rate stands there, or there are many, and they fall.
func (s *survey) isOfTraining(r ranked) bool {
	return r.meaning.Role == lexicon.Training || s.hasCounter(r.tally) || s.counter(r.tally).step != "" || r.count >= many && s.endsLower(r.tally)
}

// mostNameWords is how many words a name of a loss has at most that does not say so.
const mostNameWords = 8

// fewWholes says whether a field's numbers are few different ones, all written as whole numbers.
func (f *fieldSurvey) fewWholes() bool {
	for text := range f.texts {
		if strings.Trim(text, "0123456789") != "" {
			return false
		}
	}
	return !f.manyTexts && len(f.texts) > 0
}

// isSetting says whether a field's numbers are a few, again and again, as of a network's layers.
func (f *fieldSurvey) isSetting() bool { return !f.manyTexts && len(f.texts)*3 <= f.numbers }

// besideGames says whether games that were won or drawn stand beside a series' numbers: "wins 20 losses 5 draws 3".
func (s *survey) besideGames(t *tally) bool {
	return slices.ContainsFunc(s.fields, func(f *fieldSurvey) bool { return lexicon.SaysGames(f.name) && s.together(t, f.name) })
}

// hasCounter says whether most records of a series hold what counts steps.
func (s *survey) hasCounter(t *tally) bool {
	has, _ := s.counterWithin(t)
	return has
}

// counterWithin says whether most records of a series hold what counts steps, and whether that goes on to rise.
func (s *survey) counterWithin(t *tally) (has, rises bool) {
	own := 0
	type counted struct {
		n, ups int
		first  float64
		last   float64
		moved  bool
	}
	counters := make(map[int]*counted)
	s.own(t, func(values []sampledValue) {
		own++
		for _, v := range values {
			if s.fields[v.field].counter > lexicon.Batches || v.number != math.Trunc(v.number) {
				continue
			}
			c := counters[v.field]
			if c == nil {
				c = &counted{first: v.number, last: v.number}
				counters[v.field] = c
			}
			c.n++
			c.ups += flagOf(v.number > c.last)
			c.last = v.number
			c.moved = c.moved || v.number != c.first
		}
	})
	for _, c := range counters {
		if c.n*10 >= own*8 && (c.moved || own < 3) {
			has, rises = true, rises || c.n > fewestSteps && c.ups*10 >= (c.n-1)*9
		}
	}
	return has, rises
}

// fewestSteps is how many records a series has more than, of which a counter says what step they are of.
const fewestSteps = 9

// endsRun says whether the records of a series tell how long all of a run took, as the last one of Hugging Face's Trainer does.
func (s *survey) endsRun(t *tally) bool {
	tells := make([]bool, len(s.fields))
	any := false
	for i, f := range s.fields {
		tells[i] = lexicon.IsRuntime(f.name)
		any = any || tells[i]
	}
	if !any {
		return false
	}
	n, ends := 0, 0
	s.own(t, func(values []sampledValue) {
		n++
		ends += flagOf(slices.ContainsFunc(values, func(v sampledValue) bool { return tells[v.field] }))
	})
	return n > 0 && ends == n
}
