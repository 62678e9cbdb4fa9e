package losslog

import (
	"sort"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// ranked is a series that may be the loss, with all that its rank depends on.
type ranked struct {
	*tally
	name    string
	label   string
	meaning lexicon.Meaning
	summary bool // its lines sum up others
	full    bool // its bars are drawn when full alone
	counted bool // what counts steps stands in its records
	stepped bool // it rises all the while
	growing bool // its numbers count, as far as can be seen
	order   int
}

// candidates returns the series that may be the loss, best first.
func (s *survey) candidates(step string) []ranked {
	var all []ranked
	most := 0
	s.tellObjective()
	for _, t := range s.series {
		if f := s.fields[t.field]; f.meaning.Strength > lexicon.Excluded && f.counter > lexicon.Batches && !lexicon.IsPosition(f.name) {
			most = max(most, t.count)
		}
	}
	for i, t := range s.series {
		f := s.fields[t.field]
		if f.name == step || f.name == s.split || lexicon.IsPosition(f.name) || f.numbers*2 < f.count && f.meaning.Strength < lexicon.Loss {
			continue
		}
		r := ranked{tally: t, name: f.name, label: s.labels[t.label], meaning: f.meaning, order: i}
		r.judgeLabel(s.split)
		r.full = s.by.OfBar(r.label) && s.onlyFull(t)
		finite := t.count - t.nonFinite
		r.growing = finite > 2 && t.whole == finite && t.grown == finite
		if s.mayBeLoss(r, most) {
			if !r.full {
				r.counted, r.stepped = s.counterWithin(t)
			}
			r.summary = r.summary || s.endsRun(t)
			all = append(all, r)
		}
	}
	tellTwins(all)
	s.implied(all)
	s.tellTotals(all)
	sort.SliceStable(all, func(i, j int) bool { return all[i].before(all[j]) })
	return all
}

// tellTwins takes "t loss" and "v loss", or "loss t" and "loss v", for the losses of training and validation, where both are there.
func tellTwins(all []ranked) {
	for i := range all {
		for j := range all {
			t, v := &all[i], &all[j]
			if t.meaning.Strength < lexicon.Measure || v.meaning.Strength != t.meaning.Strength || t.meaning.Role != lexicon.Unsaid || v.meaning.Role != lexicon.Unsaid {
				continue
			}
			a, b := lexicon.Words(t.name), lexicon.Words(v.name)
			if len(a) == 2 && len(b) == 2 && (a[0] == "t" && b[0] == "v" && a[1] == b[1] || a[1] == "t" && b[1] == "v" && a[0] == b[0]) {
				t.meaning.Role, v.meaning.Role = lexicon.Training, lexicon.Validation
				t.meaning.Parts--
				v.meaning.Parts--
			}
		}
	}
}

// judgeLabel takes what the label of a series says into its meaning.
func (r *ranked) judgeLabel(split string) {
	yes := r.label == "1" || r.label == "true" || r.label == "True"
	switch kind := lexicon.FieldOf(split); kind {
	case lexicon.ValidationFlag, lexicon.TrainingFlag:
		r.meaning.Role = lexicon.Training
		if yes == (kind == lexicon.ValidationFlag) {
			r.meaning.Role = lexicon.Validation
		}
		return
	case lexicon.Namer:
		if lexicon.IsValue(r.name) {
			r.meaning = lexicon.MeaningOf(r.label)
		} else {
			r.meaning.Strength = lexicon.Excluded
		}
		return
	}
	if lexicon.IsValue(r.name) {
		// The label names the number: "key": "train_loss", "value": 0.5.
		if m := lexicon.MeaningOf(strings.ReplaceAll(r.label, " ", "_")); m.Strength >= lexicon.Loss {
			r.meaning = m
			return
		}
	}
	kinds := lexicon.LabelOf([]byte(r.label))
	if r.meaning.Role == lexicon.Unsaid {
		switch {
		case kinds&lexicon.OfValidation != 0:
			r.meaning.Role = lexicon.Validation
		case kinds&lexicon.OfTraining != 0:
			r.meaning.Role = lexicon.Training
		}
	}
	r.summary = kinds&lexicon.OfSummary != 0
}

// class orders names by whether they say that they are losses of training.
func (r ranked) class() int {
	switch {
	case r.meaning.Strength == lexicon.Unknown:
		return 2
	case r.meaning.Role == lexicon.Validation:
		return 1
	}
	return 0
}

// ofWhole says whether a name's place is of a whole, as that of "combined.loss" beside "answer.loss".
func ofWhole(name string) bool {
	place := name[:len(name)-len(lexicon.Leaf(name))]
	return lexicon.SaysWhole(place)
}

// before says whether series r is rather the loss than other, by what was before them in this order: names that say that
// they are losses, and of training; what counts steps beside them; totals before parts; losses before their means; and
// how many there are.
func (r ranked) before(other ranked) bool {
	if c := r.compare(other); c != 0 {
		return c < 0
	}
	if r.count*2 > other.count*3 || other.count*2 > r.count*3 {
		return r.count > other.count
	}
	if r.isTraining() != other.isTraining() && (r.meaning.Strength == lexicon.Measure || r.isTwin(other)) {
		return r.isTraining()
	}
	if a, b := ofWhole(r.name), ofWhole(other.name); a != b && lexicon.Leaf(r.name) == lexicon.Leaf(other.name) {
		return a
	}
	if a, b := lexicon.Commonness(r.name), lexicon.Commonness(other.name); a != b {
		return a < b
	}
	if r.count != other.count && r.count*20 < other.count*19 != (other.count*20 < r.count*19) {
		return r.count > other.count
	}
	return r.order < other.order
}

// weakness orders names by how clearly they say that they are losses, the clearest first. What is an exponential of one comes after "train".
func (r ranked) weakness() int {
	if r.meaning.Exponential && r.meaning.Strength == lexicon.Measure {
		return 1 - 2*int(lexicon.RoleAlone)
	}
	return -2 * int(r.meaning.Strength)
}

// isTraining says whether a name says that its data are the training's.
func (r *ranked) isTraining() bool { return r.meaning.Role == lexicon.Training }

// isTwin says whether two series stand in the same records, and their names have as many words but for one that says "training".
func (r *ranked) isTwin(other ranked) bool {
	return r.count == other.count && r.label == other.label && r.meaning.Words-flagOf(r.isTraining()) == other.meaning.Words-flagOf(other.isTraining())
}

// preferences are what tells that a series is rather the loss than another, for which they are greater; the first that differ decide.
var preferences = []func(r, other *ranked) int{
	func(r, other *ranked) int { return flagOf(r.growing || r.isStill(other)) }, // what counts, or never changes, is none
	func(r, other *ranked) int { return flagOf(r.isRare(other)) },
	func(r, _ *ranked) int { return flagOf(r.meaning.Statistic == lexicon.Extreme) },
	func(r, _ *ranked) int { return r.class() },
	func(r, _ *ranked) int { return r.weakness() },
	func(r, other *ranked) int { return flagOf(r.isUncounted(other)) },
	func(r, _ *ranked) int {
		return flagOf(r.meaning.Strength == lexicon.Measure && !lexicon.IsObjective(r.name))
	},
	func(r, _ *ranked) int { return flagOf(r.meaning.Parts > 0) }, // totals come before parts
	func(r, other *ranked) int {
		return flagOf(r.isMean(other) || r.summary && r.count <= other.count || r.full && r.count <= 10*other.count)
	},
}

// compare is negative if r is clearly rather the loss than other, positive the other way round, and 0 if neither is so.
func (r ranked) compare(other ranked) int {
	for _, of := range preferences {
		if difference := of(&r, &other) - of(&other, &r); difference != 0 {
			return difference
		}
	}
	return 0
}

// isStill says whether a series never changes, and another one does. Losses of reinforcement learning may all be 0.0, as they are rounded, and
// rewards beside them not.
func (r *ranked) isStill(other *ranked) bool {
	if r.whole <= 1 || r.whole < r.count-r.nonFinite || r.least != r.most || other.least >= other.most {
		return false
	}
	rounded := r.isTraining() && other.class() > r.class() || r.pointed == r.count && other.meaning.Strength < r.meaning.Strength
	return r.most != 0 || !rounded
}

// isRare says whether a series has far fewer records than another one that may be the loss. Parts of a step may each be told many times, and
// none of these lines say which step it is.
func (r *ranked) isRare(other *ranked) bool {
	return other.meaning.Strength > lexicon.Unknown && (r.count == 1 && other.count > 2 || r.count*50 < other.count && (!r.stepped || other.counted))
}

// isUncounted says whether nothing counts the steps of a series, and something does those of another one.
func (r *ranked) isUncounted(other *ranked) bool {
	return !r.counted && other.counted && (other.count*20 >= r.count || other.stepped)
}

// isMean says whether a series is named as means where other may be what they are of. Of two parts, as of a generator's and a
// discriminator's losses, neither is of the other, unless their names say so.
func (r *ranked) isMean(other *ranked) bool {
	return r.meaning.Statistic == lexicon.Averaged && (r.meaning.Parts == 0 || other.meaning.Parts == 0 || lexicon.SameButMean(r.name, other.name))
}
