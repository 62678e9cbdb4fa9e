package losslog

import (
	"fmt"
	"math"
	"slices"
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
	counted bool // what counts steps stands in its records
	growing bool // its numbers count, as far as can be seen
	order   int
}

// candidates returns the series that may be the loss, best first.
func (s *survey) candidates(step string) []ranked {
	var all []ranked
	most := 0
	for _, t := range s.series {
		if m := s.fields[t.field].meaning; m.Strength > lexicon.Excluded {
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
		full := s.by == byBars && strings.HasSuffix(r.label, string(barLabel)) && s.onlyFull(t)
		r.summary = r.summary || full
		finite := t.count - t.nonFinite
		r.growing = finite > 2 && t.whole == finite && t.grown == finite
		if s.mayBeLoss(r, most) {
			r.counted = !full && s.hasCounter(t)
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
			if t.meaning.Strength != lexicon.Loss || v.meaning.Strength != lexicon.Loss || t.meaning.Role != lexicon.Unsaid || v.meaning.Role != lexicon.Unsaid {
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
	if split != "" {
		name := plain(split)
		yes := r.label == "1" || r.label == "true" || r.label == "True"
		switch {
		case validationFlags[name]:
			r.meaning.Role = lexicon.Training
			if yes {
				r.meaning.Role = lexicon.Validation
			}
		case trainingFlags[name]:
			r.meaning.Role = lexicon.Validation
			if yes {
				r.meaning.Role = lexicon.Training
			}
		}
		if validationFlags[name] || trainingFlags[name] {
			return
		}
	}
	if namers[plain(split)] {
		if isValue(r.name) {
			r.meaning = lexicon.MeaningOf(r.label)
		} else {
			r.meaning.Strength = lexicon.Excluded
		}
		return
	}
	if isValue(r.name) {
		// The label names the number: "key": "train_loss", "value": 0.5.
		if m := lexicon.MeaningOf(strings.ReplaceAll(r.label, " ", "_")); m.Strength >= lexicon.Loss {
			r.meaning = m
			return
		}
	}
	kinds := wordsLabel(r.label)
	if r.meaning.Role == lexicon.Unsaid {
		switch {
		case kinds&validationLabel != 0:
			r.meaning.Role = lexicon.Validation
		case kinds&trainingLabel != 0:
			r.meaning.Role = lexicon.Training
		}
	}
	r.summary = kinds&summaryLabel != 0
}

// isValue says whether a name is one for whatever number there is.
func isValue(name string) bool {
	switch plain(name) {
	case "value", "val", "metric_value":
		return true
	}
	return false
}

// wordsLabel returns what the words of a label tell.
func wordsLabel(label string) (kinds int) {
	begin := 0
	for i := 0; i <= len(label); i++ {
		if i == len(label) || label[i] == ' ' {
			kinds |= wordLabel([]byte(label[begin:i]))
			begin = i + 1
		}
	}
	return kinds
}

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
		return r.unit*2 <= r.count && !(s.text && finite < few && finite == r.count && r.least == 0 && r.most == 0) &&
			!(s.text && r.whole == r.count && s.fields[r.field].fewWholes() && (finite < few || s.ofGames() || s.counter(r.tally).name == ""))
	}
	switch {
	case r.unit*2 > r.count, growing:
		return false
	case finite >= few && r.whole == finite && !(r.meaning.Strength == lexicon.Measure && r.pointed == finite), finite >= few && r.least == r.most:
		return false
	case s.text && r.meaning.Strength == lexicon.Unknown && (finite < 3 || r.whole == finite):
		return false
	case r.meaning.Strength == lexicon.Unknown && r.whole == r.count:
		return false // sizes and counts
	case r.meaning.Strength == lexicon.RoleAlone:
		return r.count > 1 && r.whole < finite
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
	return !(r.least > 1e8 && r.grown*10 >= finite*9)
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

// ofGames says whether a log tells of games, which are won or lost.
func (s *survey) ofGames() bool {
	for _, f := range s.fields {
		for _, word := range lexicon.Words(f.name) {
			if lexicon.GameWords[word] {
				return true
			}
		}
	}
	return false
}

// hasCounter says whether most records of a series hold what counts steps.
func (s *survey) hasCounter(t *tally) bool {
	own := 0
	type counted struct {
		n     int
		first float64
		moved bool
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
				c = &counted{first: v.number}
				counters[v.field] = c
			}
			c.n++
			c.moved = c.moved || v.number != c.first
		}
	})
	for _, c := range counters {
		if c.n*10 >= own*8 && (c.moved || own < 3) {
			return true
		}
	}
	return false
}

// endsRun says whether the records of a series tell how long all of a run took, as the last one of Hugging Face's Trainer does.
func (s *survey) endsRun(t *tally) bool {
	n, ends := 0, 0
	s.own(t, func(values []sampledValue) {
		n++
		for _, v := range values {
			if slices.Contains(lexicon.Words(s.fields[v.field].name), "runtime") {
				ends++
				return
			}
		}
	})
	return n > 0 && ends == n
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
	if m := r.meaning; (m.Strength == lexicon.Measure || r.count == other.count && r.label == other.label && m.Words == other.meaning.Words+flagOf(m.Role == lexicon.Training)-flagOf(other.meaning.Role == lexicon.Training)) && m.Role != other.meaning.Role && (m.Role == lexicon.Training || other.meaning.Role == lexicon.Training) {
		return m.Role == lexicon.Training
	}
	if a, b := lexicon.Commonness(r.name), lexicon.Commonness(other.name); a != b {
		return a < b
	}
	if r.count != other.count && r.count*20 < other.count*19 != (other.count*20 < r.count*19) {
		return r.count > other.count
	}
	return r.order < other.order
}

// compare is negative if r is clearly rather the loss than other, positive the other way round, and 0 if neither is so.
func (r ranked) compare(other ranked) int {
	flag := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	keys := func(r, other ranked) []int {
		rare := r.count == 1 && other.count > 2 || r.count*50 < other.count
		still := r.whole > 1 && r.whole == r.count-r.nonFinite && r.least == r.most && other.least < other.most
		return []int{flag(r.growing || still), flag(rare && other.meaning.Strength > lexicon.Unknown), flag(r.meaning.Statistic == lexicon.Extreme), r.class(), -int(r.meaning.Strength),
			flag(!r.counted && other.counted && other.count*20 >= r.count),
			flag(r.meaning.Parts > 0), flag(r.meaning.Statistic == lexicon.Averaged || r.summary)}
	}
	a, b := keys(r, other), keys(other, r)
	for i := range a {
		if a[i] != b[i] {
			return a[i] - b[i]
		}
	}
	return 0
}

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

// fewestOfPath is how many numbers there must be by a path such as optimizer.betas, which does not say that they are losses, to
// take them for these. Settings are fewer.
const fewestOfPath = 5

// decide chooses the loss, if the names leave no doubt.
func (s *survey) decide(all []ranked) (d decision, ok bool) {
	if len(all) == 0 {
		return d, false
	}
	best := all[0].instead(all)
	fields := make(map[string]bool) // as likely as the best one
	places := 0                     // of losses by the same name in other parts of what was logged
	unnamed := 0
	for _, r := range all {
		if r.compare(*best) == 0 {
			if !fields[r.name] && r.name != best.name && lexicon.Leaf(r.name) == lexicon.Leaf(best.name) {
				places++
			}
			fields[r.name] = true
		}
		if r.meaning.Strength == lexicon.Unknown && (best.meaning.Strength == lexicon.Unknown || s.together(best.tally, r.name)) {
			unnamed++ // it may be a loss as well
		}
	}
	if len(s.alikeOf(all, *best)) > 1 {
		return d, false
	}
	d = decision{ranked: best, named: best.meaning.Strength > lexicon.Unknown}
	switch {
	case best.meaning.Statistic == lexicon.Extreme, !d.named && best.count < 2, !d.named && lexicon.Leaf(best.name) != best.name && best.count < fewestOfPath:
		return d, false
	case places > 0 && lexicon.Leaf(best.name) != best.name:
		return d, false
	case s.score != "" && best.name == s.score:
		d.named, d.why = false, "as Deeplearning4j calls it"
	case best.meaning.Strength == lexicon.Loss && best.meaning.Parts == 0:
		d.why = "as its name says"
	case best.meaning.Strength == lexicon.Loss && best.meaning.Role == lexicon.Unsaid && s.hasTrainingMeasure(all, best):
		return d, false
	case best.meaning.Strength == lexicon.Loss && len(fields) == 1:
		d.why = "the only loss of training by its name"
	case d.named && best.meaning.Strength < lexicon.Loss && len(fields) == 1 && (unnamed == 0 || best.counted && lexicon.IsObjective(best.name)):
		d.why = "what the training goes by, of the names there are"
	case !d.named && len(fields) == 1 && (!s.text || s.titled && best.name == string(lexicon.Nameless)):
		d.why = "the only number that may be one, though its name does not say so"
	default:
		return d, false
	}
	if best.meaning.Role == lexicon.Validation {
		d.why = "of validation, since no loss of training is there"
	}
	return d, !s.hasUnnamedTraining(all, best)
}

// hasUnnamedTraining says whether only losses of validation are named, and a number that is not stands beside the learning rate again and again.
func (s *survey) hasUnnamedTraining(all []ranked, best *ranked) bool {
	if best.meaning.Role != lexicon.Validation {
		return false
	}
	return slices.ContainsFunc(all, func(r ranked) bool { return s.isUnnamedTraining(r, best) })
}

func (s *survey) isUnnamedTraining(r ranked, best *ranked) bool {
	return r.meaning.Strength == lexicon.Unknown && r.count > 2*best.count && r.distinct > 2 && s.besideRate(r.tally)
}

// besideRate says whether a learning rate stands in the records of a series.
func (s *survey) besideRate(t *tally) bool {
	n, rates := 0, 0
	s.own(t, func(values []sampledValue) {
		n++
		rates += flagOf(slices.ContainsFunc(values, func(v sampledValue) bool {
			name := strings.ToLower(s.fields[v.field].name)
			return name == "lr" || name == "learning_rate" || name == "learning rate"
		}))
	})
	return n > 0 && rates == n
}

// hasTrainingMeasure says whether a measure that is named as the training's stands beside what is only a part of a loss: "Train MSE" and
// "gate loss".
func (s *survey) hasTrainingMeasure(all []ranked, best *ranked) bool {
	for _, r := range all {
		if r.meaning.Strength == lexicon.Measure && r.meaning.Role == lexicon.Training && r.meaning.Parts == 0 && s.together(best.tally, r.name) {
			return true
		}
	}
	return false
}

// mostCandidates is how many series a question lists.
const mostCandidates = 12

// list returns what the log may be read for, best first.
func (s *survey) list(run string, all []ranked) (list []Candidate, left int) {
	if len(all) == 0 {
		return nil, 0
	}
	best := all[0]
	if s.hasUnnamedTraining(all, &best) {
		all = slices.Clone(all)
		sort.SliceStable(all, func(i, j int) bool { return s.isUnnamedTraining(all[i], &best) && !s.isUnnamedTraining(all[j], &best) })
	}
	for _, r := range all {
		// Where names say what losses are, others are none; nor are the extremes of what is listed.
		if r.meaning.Strength == lexicon.Unknown && best.meaning.Strength == lexicon.Loss && !s.isUnnamedTraining(r, &best) || r.meaning.Statistic == lexicon.Extreme && best.meaning.Statistic != lexicon.Extreme {
			continue
		}
		// What never changes is no loss that a person asks about, where others are.
		if r.count > 1 && r.nonFinite == 0 && r.least == r.most && best.least < best.most {
			continue
		}
		if len(list) == mostCandidates {
			left++
			continue
		}
		c := Candidate{Run: run, Loss: r.name, Count: r.count, Least: r.least, Most: r.most, NaN: r.nonFinite}
		switch {
		case r.label == "":
		case s.split != "":
			c.Where = fmt.Sprintf("%s=%s", s.split, r.label)
		default:
			c.Lines = r.label
		}
		list = append(list, c)
	}
	return list, left
}

// Candidate is a series of losses that a log may be read for.
type Candidate struct {
	Run   string  `json:"run,omitempty"`   // the folder, where there are several
	Loss  string  `json:"loss"`            // column, field, tag or key
	Where string  `json:"where,omitempty"` // the condition that tells its records from others
	Lines string  `json:"lines,omitempty"` // the words that tell its lines from others
	Count int     `json:"count"`
	Least float64 `json:"-"`
	Most  float64 `json:"-"`
	NaN   int     `json:"not_finite,omitempty"`
}

// ChoiceError says that a log holds several series and none was chosen.
type ChoiceError struct {
	Reason     string
	Candidates []Candidate
	// Left is the number of candidates that are not listed.
	Left int
	// Partial says that counts and ranges are of the log's beginning.
	Partial bool
}

func (e *ChoiceError) Error() string { return e.Reason }
