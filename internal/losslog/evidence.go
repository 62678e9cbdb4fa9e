package losslog

import (
	"math"
	"slices"
	"sync"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/nolog"
)

const (
	// firstLosses is how many losses are looked at to see whether a run begins again: a longer one goes its own way.
	firstLosses = 50
	// firstRecords is how many records are looked at for steps that come again.
	firstRecords = 3000
)

// evidence is what speaks against a reading: what the survey of the log's beginning tells, and what the reading tells.
type evidence struct {
	log          *Log
	uncounted    bool          // nothing that is named as a counter, or is one by its place, counts the losses
	ofValidation bool          // by the name of the loss
	inHistory    bool          // losses of validation stand beside those of training, as in the history of a run
	inTable      bool          // that is all of the file, in which nothing at all counts
	naming       string        // the field that says of each record what it is of
	otherLines   bool          // of other kinds hold the loss, too
	drawnAgain   bool          // a bar, or a number that leads lines, stays as it is from one loss to the next
	returning    int           // steps that come again after others
	leading      bool          // what counts the steps has no name, and begins the lines
	seems        func() string // what else the file seems to be than a log, or empty; the file is read for it, once

	steps, still int64 // those read, and of these the ones that are of the same step as the one before
	gap, even    int64 // the first distance between steps that comes again, and how often it comes
	begins, last int64
	losses       []float64 // the first ones
}

// weigh collects what the survey says against a reading. What flags say is no guess, and not doubted.
func (l *Log) weigh(v *look, chosen ranked) {
	o := l.options
	if chosen.tally == nil || o.Loss != "" || o.Step != "" || o.Batch != "" || o.Lines != "" || o.Run != "" || len(o.Where) > 0 {
		return
	}
	c := l.chosen.counter
	kind := lexicon.CounterOf(c.step)
	table, isTable := v.table()
	l.evidence = &evidence{
		log:          l,
		uncounted:    kind == lexicon.Strangers,
		ofValidation: chosen.meaning.Role == lexicon.Validation,
		inTable:      isTable && !table.loose && c.step == "",
		naming:       v.namingField(chosen.tally),
		otherLines:   v.isLines() && slices.ContainsFunc(v.series, func(t *tally) bool { return t.field == chosen.field && t != chosen.tally }),
	}
	l.evidence.seems = sync.OnceValue(l.evidence.otherKind)
	l.evidence.inHistory = l.evidence.uncounted && v.besideValidation(chosen.tally)
	l.evidence.leading = c.step == string(lexicon.Leading) && !c.redrawn
	if (c.step == string(lexicon.OfTotal) || c.step == string(lexicon.Leading)) && !c.redrawn {
		l.evidence.drawnAgain = v.standsStill(chosen.tally, v.byName[c.step])
	}
	if c.step != "" && !c.carried {
		l.evidence.returning = v.returning(chosen.tally, c)
	}
}

// namingField returns the field whose texts say of most records what they are of, as the name of a model does; empty where there is none.
func (s *survey) namingField(t *tally) string {
	for _, f := range s.fields {
		if f.tellsApart() && f.count*10 >= t.count*8 && f.name != s.split && !isOfLogging(f.name) {
			return f.name
		}
	}
	return ""
}

// besideValidation says whether losses of validation stand beside most of a series.
func (s *survey) besideValidation(t *tally) bool {
	return slices.ContainsFunc(s.series, func(other *tally) bool {
		m := s.fields[other.field].meaning
		return m.Role == lexicon.Validation && m.Strength >= lexicon.Measure && other.count*10 >= t.count*8 && s.together(t, s.name(other))
	})
}

// returning counts the steps of a series that come again after others, where these are few: at most one record in ten.
func (s *survey) returning(t *tally, c counter) int {
	type step struct{ epoch, at float64 }
	counts, epochs := s.byName[c.step], -1
	if i, ok := s.byName[c.epoch]; ok {
		epochs = i
	}
	seen := make(map[step]bool)
	var last step
	n, again := 0, 0
	s.own(t, func(values []sampledValue) {
		if n == firstRecords {
			return
		}
		now := step{epoch: stepIn(values, epochs), at: stepIn(values, counts)}
		again += flagOf(seen[now] && now != last)
		seen[now] = true
		last = now
		n++
	})
	if again*10 > n {
		return 0
	}
	return again
}

// see takes steps that were read.
func (e *evidence) see(c *Chunk) {
	for _, step := range c.Steps() {
		switch gap := step - e.last; {
		case e.steps == 0:
			e.begins = step
		case gap == 0:
			e.still++
		case e.even < 2 && gap != e.gap: // the distance behind the first step may be another
			e.gap, e.even = gap, 1
		case gap == e.gap:
			e.even++
		}
		e.steps++
		e.last = step
	}
	for i := 0; i < c.Len() && len(e.losses) <= firstLosses; i++ {
		e.losses = append(e.losses, c.Losses(i)...)
	}
}

// begin forgets what an earlier reading told.
func (e *evidence) begin() {
	e.steps, e.still, e.gap, e.even, e.losses = 0, 0, 0, 0, e.losses[:0]
}

// beginsLate says whether the first step is far from where counters begin.
func (e *evidence) beginsLate() bool { return e.begins > max(1, 3*e.gap) }

// comesBackOnce says whether a short run's loss, once it has fallen by much, is back at its beginning, and later not again.
func (e *evidence) comesBackOnce() bool {
	if len(e.losses) < 3 || len(e.losses) > firstLosses {
		return false
	}
	begin, least, times := e.losses[0], e.losses[0], 0
	for _, loss := range e.losses[1:] {
		if fall := begin - least; fall > 0.3*max(begin, -begin) && loss >= begin-0.2*fall {
			times++
			begin, least = loss, loss
		}
		least = min(least, loss)
	}
	return times == 1
}

// otherKind is what else the file seems to be than a log, or empty.
func (e *evidence) otherKind() string {
	if e.inTable {
		return "a table without steps"
	}
	head, err := e.log.run.files[0].head()
	found, ok := nolog.Of(head)
	switch {
	case !ok || err != nil:
		return ""
	case found.What == nolog.Notebook:
		return "a notebook"
	}
	return found.What
}

func (e *evidence) counterName() string {
	if lexicon.IsPosition(e.log.source.Step) {
		return "step"
	}
	return e.log.source.Step
}

// isOfLogging says whether a field tells when or how something was logged, and not what it is of.
func isOfLogging(name string) bool {
	return slices.ContainsFunc(lexicon.Words(name), func(word string) bool {
		return lexicon.TimeWords[word] || word == "level" || word == "message" || word == "logger"
	})
}

// standsStill says whether what counts the steps of a series is the same for two losses that follow one another and are not.
func (s *survey) standsStill(t *tally, step int) (still bool) {
	loss, at := math.NaN(), math.NaN()
	s.own(t, func(values []sampledValue) {
		nextLoss, next := firstOf(values, t.field), firstOf(values, step)
		still = still || next == at && nextLoss != loss
		loss, at = nextLoss, next
	})
	return still
}
