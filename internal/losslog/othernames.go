package losslog

import (
	"slices"

	"alrc/internal/losslog/lexicon"
)

// ofLastTraining returns the loss of a training that a log for people tells below all of r, under another name and with steps that begin
// anew, as the cells of a notebook do that train one model after another; r where there is none. As of several runs, the last one counts.
func (s *survey) ofLastTraining(all []ranked, r *ranked) *ranked {
	const fewest = 5
	if !s.text || r.meaning.Strength != lexicon.Loss {
		return r
	}
	last := r
	var first, until float64
	_, end := s.placeOf(r.tally)
	for i := range all {
		c := &all[i]
		m := c.meaning
		if c.name == r.name || c.count < fewest || m.Strength != lexicon.Loss || m.Role == lexicon.Validation || m.Parts > 0 || m.Statistic == lexicon.Extreme {
			continue
		}
		begin, _ := s.placeOf(c.tally)
		if lastBegin, _ := s.placeOf(last.tally); begin <= end || begin <= lastBegin {
			continue
		}
		if until == 0 {
			if first, until = s.stepsOf(r.tally); until <= first {
				return r
			}
		}
		if from, to := s.stepsOf(c.tally); to > from && from <= first+(until-first)/10 {
			last = c
		}
	}
	return last
}

// placeOf returns the first and the last record of a series.
func (s *survey) placeOf(t *tally) (first, last int) {
	first = -1
	for i, r := range s.records {
		if s.isOwn(t, r) {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	return first, last
}

// stepsOf returns the first and the last of what counts the steps of a series; 0 where nothing does.
func (s *survey) stepsOf(t *tally) (first, last float64) {
	step := s.counter(t).step
	fields := s.behavioursOf(t).fields
	i := slices.IndexFunc(fields, func(b *behaviour) bool { return b.name == step })
	if step == "" || i < 0 {
		return 0, 0
	}
	return fields[i].first, fields[i].last
}
