package losslog

import (
	"slices"

	"alrc/internal/losslog/lexicon"
)

// decision is the loss that was chosen, or why none was.
type decision struct {
	*ranked
	why string
	// named says that the name tells that it is a loss.
	named bool
}

// instead returns the loss whose mean r is, where there is just one that r can be the mean of; else r.
func (r *ranked) instead(all []ranked) *ranked {
	if r.meaning.Statistic != lexicon.Averaged || r.meaning.Strength != lexicon.Loss || r.meaning.Parts > 0 {
		return r
	}
	plain := r
	for i := range all {
		other := &all[i]
		if other.meaning.Strength != lexicon.Loss || other.meaning.Statistic != lexicon.Plainly || other.class() > 0 || other.label != r.label || other.count != r.count {
			continue
		}
		if plain != r {
			return r
		}
		plain = other
	}
	return plain
}

// rivals are what else may be meant than the likeliest loss.
type rivals struct {
	fields   int // as likely as it, with itself
	places   int // of losses by its name in other parts of what was logged
	unnamed  int // numbers beside it that may be a loss as well, though their names do not say so
	measures int // those beside it that are named as what a training may go by
}

// rivalsOf counts the rivals of the likeliest of all.
func (s *survey) rivalsOf(all []ranked, best *ranked) (n rivals) {
	likely := make(map[string]bool)
	for _, r := range all {
		if r.compare(*best) == 0 {
			if !likely[r.name] && r.name != best.name && lexicon.Leaf(r.name) == lexicon.Leaf(best.name) && ofWhole(r.name) == ofWhole(best.name) {
				n.places++
			}
			if best.meaning.Strength != lexicon.Measure || !lexicon.SameBut(best.name, r.name) {
				likely[r.name] = true
			}
		}
		if r.meaning.Strength == lexicon.Unknown && (best.meaning.Strength == lexicon.Unknown || len(r.name) > 1 && s.together(best.tally, r.name)) {
			n.unnamed++
		}
		n.measures += flagOf(r.meaning.Strength == lexicon.Measure && s.together(best.tally, r.name))
	}
	n.fields = len(likely)
	return n
}

// decide chooses the loss, if the names leave no doubt.
func (s *survey) decide(all []ranked) (d decision, ok bool) {
	if len(all) == 0 {
		return d, false
	}
	best := all[0].instead(all)
	if len(s.alikeOf(all, *best)) > 1 {
		return d, false
	}
	if later := s.ofLastTraining(all, best); later != best {
		return decision{ranked: later, named: true, why: "of the last of several trainings"}, true
	}
	n := s.rivalsOf(all, best)
	d = decision{ranked: best, named: best.meaning.Strength > lexicon.Unknown}
	switch {
	case best.meaning.Statistic == lexicon.Extreme, n.places > 0 && lexicon.Leaf(best.name) != best.name:
		return d, false
	case !d.named && s.hasTooFew(best):
		return d, false
	case s.score != "" && best.name == s.score:
		d.named, d.why = false, "as Deeplearning4j calls it"
	case best.meaning.Strength == lexicon.Loss && best.meaning.Parts == 0:
		d.why = "as its name says"
	case best.meaning.Strength == lexicon.Loss && n.unnamed+n.measures > 0 && lexicon.IsAuxiliary(best.name):
		return d, false
	case best.meaning.Strength == lexicon.Loss && n.fields == 1:
		d.why = "the only loss of training by its name"
	case best.meaning.Strength == lexicon.Loss:
		return d, false
	case d.named && n.fields == 1 && (n.unnamed == 0 || (best.counted || best.isTraining()) && lexicon.IsObjective(best.name)):
		d.why = "what the training goes by, of the names there are"
	case d.named || s.ofPlayers():
		return d, false
	case n.fields == 1 && (!s.text || s.titled && best.name == string(lexicon.Nameless)):
		d.why = "the only number that may be one, though its name does not say so"
	case len(all) == 1 && !lexicon.IsWhole(best.name) && s.falls(best):
		d.why = "the only number that may be one, and falling, though its name does not say so"
	default:
		return d, false
	}
	if best.meaning.Role == lexicon.Validation {
		d.why = "of validation, since no loss of training is there"
	}
	return d, true
}

// hasTooFew says whether a series whose name does not say that it is a loss has too few numbers to be taken for one. Settings have a
// few by a path such as optimizer.betas.
func (s *survey) hasTooFew(r *ranked) bool {
	return r.count < 2 || lexicon.Leaf(r.name) != r.name && r.count < few
}

// ofPlayers says whether a log tells of games: a number that is not named may be what players get, or hope for.
func (s *survey) ofPlayers() bool {
	return slices.ContainsFunc(s.fields, func(f *fieldSurvey) bool { return f.numbers > 1 && lexicon.SaysPlay(f.name) })
}

// falls says whether a series falls from its first quarter to its last, and stands in most records, which count steps or epochs.
func (s *survey) falls(r *ranked) bool {
	const fewest = 8
	counter := s.counter(r.tally)
	return r.count >= fewest && r.count*2 >= s.counted && lexicon.CounterOf(counter.step).IsNamed() && s.endsLower(r.tally)
}

// endsLower says whether a series falls from its first quarter to its last.
func (s *survey) endsLower(t *tally) bool {
	var numbers []float64
	s.own(t, func(values []sampledValue) { numbers = append(numbers, firstOf(values, t.field)) })
	first, last, quarter := 0.0, 0.0, len(numbers)/4
	for i := range quarter {
		first += numbers[i]
		last += numbers[len(numbers)-1-i]
	}
	return last < first
}

// anyFalls says whether one of several series falls, or is below 0 all the while, as logarithms are that training raises.
func (s *survey) anyFalls(all []ranked) bool {
	return slices.ContainsFunc(all, func(r ranked) bool { return r.most < 0 || s.endsLower(r.tally) })
}

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
