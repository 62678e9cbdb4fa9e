package losslog

import (
	"math"
	"slices"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// mayBeLoss says whether the numbers of a series can be losses, the more strictly the less its name says. most is how many numbers the
// series with the most has.
func (s *survey) mayBeLoss(r ranked, most int) bool {
	finite := r.count - r.nonFinite
	still := s.text && r.least == r.most // lines say the same again and again
	switch {
	case r.meaning.Strength == lexicon.Excluded, r.unit*2 > r.count: // "0.0 ms loss" is a time
		return false
	case r.meaning.Strength == lexicon.Loss:
		return !s.areZeros(r) && !s.areLostGames(r) && !s.areSettings(r)
	case finite >= few && (r.areWhole() || r.least == r.most):
		return false
	case r.meaning.Strength == lexicon.Measure:
		return r.count > 1 && !still && (!r.meaning.Exponential && !(r.count < many && s.sumsUp()) || s.isOfTraining(r))
	case r.meaning.Strength == lexicon.RoleAlone:
		return r.count > 1 && r.whole < finite
	}
	return !(still && finite > 1) && s.mayBeUnnamed(r, most)
}

// few is how many numbers are too few to judge by how they go on.
const few = 5

// areWhole says whether all numbers are whole ones: they count, or are no losses for their name. Measures may be rounded: "12.0".
func (r ranked) areWhole() bool {
	finite := r.count - r.nonFinite
	return r.whole == finite && (r.grown*10 >= finite*9 || r.meaning.Strength != lexicon.Measure || r.pointed != finite)
}

// areZeros says whether what is named as a loss is a few zeros on lines, as settings are.
func (s *survey) areZeros(r ranked) bool {
	if !s.text || r.count >= few || r.nonFinite > 0 || r.least != 0 || r.most != 0 {
		return false
	}
	return (r.count == 1 || r.meaning.Role != lexicon.Training) && !s.hasCounter(r.tally)
}

// areLostGames says whether what is named as losses counts games that were lost.
func (s *survey) areLostGames(r ranked) bool { return r.whole == r.count && s.besideGames(r.tally) }

// areSettings says whether what is named as a loss is a few whole numbers on lines, and nothing counts beside them, though
// other numbers are there.
func (s *survey) areSettings(r ranked) bool {
	return s.text && r.whole == r.count && s.fields[r.field].fewWholes() && (r.count-r.nonFinite < few || s.counter(r.tally).step == "" && !s.isAlone(r.field))
}

// mayBeUnnamed says whether numbers can be losses whose name does not say so: they are no sizes, counts or settings, and no times.
func (s *survey) mayBeUnnamed(r ranked, most int) bool {
	const mostWords = 8
	f, finite := s.fields[r.field], r.count-r.nonFinite
	switch {
	case r.whole == r.count, r.meaning.Words > mostWords, f.counter <= lexicon.Batches && r.name != string(lexicon.Nameless):
		return false
	case s.text && (finite < 3 || r.whole == finite || finite > few && f.isSetting() || f.numbers*10 < most):
		return false
	}
	const firstTime = 1e8 // seconds since 1970, or milliseconds
	return r.least <= firstTime || r.grown*10 < finite*9 && r.least < r.most
}

// isOfTraining says whether a measure that is also of models that are done is one of a training: it says so, steps are counted
// beside it, or there are many, and they fall. Beside scores of what a model puts out it is of a model that is done, unless it
// says so or a learning rate stands there.
func (s *survey) isOfTraining(r ranked) bool {
	beside := func(is func(name string) bool) bool {
		return slices.ContainsFunc(s.fields, func(f *fieldSurvey) bool { return is(f.name) && s.together(r.tally, f.name) })
	}
	if r.meaning.Role == lexicon.Unsaid && beside(lexicon.IsOfOutput) && !beside(lexicon.IsLearningRate) {
		return false
	}
	return r.meaning.Role == lexicon.Training || s.hasCounter(r.tally) || s.counter(r.tally).step != "" || r.count >= many && s.endsLower(r.tally)
}

// sumsUp says whether lines tell several measures a few times each, as of a model that is done.
func (s *survey) sumsUp() bool {
	const fewest = 3
	measures := 0
	for _, f := range s.fields {
		measures += flagOf(f.meaning.Strength == lexicon.Measure && f.numbers > 1 && f.numbers < many)
	}
	return s.text && measures >= fewest
}

// fewWholes says whether a field's numbers are few different ones, all written as whole numbers.
func (f *fieldSurvey) fewWholes() bool {
	for text := range f.texts {
		if strings.Trim(text, "-0123456789[](), ") != "" {
			return false
		}
	}
	return !f.manyTexts && len(f.texts) > 0
}

// isSetting says whether a field's numbers are a few, again and again, as of a network's layers.
func (f *fieldSurvey) isSetting() bool { return !f.manyTexts && len(f.texts)*3 <= f.numbers }

// tellsApart says whether a field holds texts, of several kinds, as what says of each record what it is of.
func (f *fieldSurvey) tellsApart() bool { return f.numbers == 0 && (f.manyTexts || len(f.texts) > 1) }

// isAlone says whether a field is the only one with numbers.
func (s *survey) isAlone(field int) bool {
	return !slices.ContainsFunc(s.fields, func(f *fieldSurvey) bool { return f != s.fields[field] && f.numbers > 0 })
}

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
