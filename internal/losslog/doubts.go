package losslog

import (
	"fmt"
	"slices"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/nolog"
)

// doubtful is a kind of reading that is often wrong: of some 1,300 logs that the program had never read, those of these kinds were
// read wrongly more often than rightly, and of the others one in thirteen.
type doubtful struct {
	name  string
	is    func(*evidence) bool
	since func(*evidence) string // why, and the flag that reads otherwise
	// asks says that hardly any was right, so that it is better to ask than to read on.
	asks bool
}

// doubtfuls are the kinds, the surest first. That nothing counts the losses is common in logs that are read rightly; with another
// sign of weakness beside it, it is not.
var doubtfuls = []doubtful{
	{name: "still", asks: true,
		is: func(e *evidence) bool { return e.still*2 > e.steps-1 && e.steps > 2 },
		since: func(e *evidence) string {
			return fmt.Sprintf("most losses are of the same %s as the one before, so that several runs or workers may tell them, or something else counts; "+
				"--where takes some of the records, --step-column names what counts", e.counterName())
		}},
	{name: "drawn again",
		is: func(e *evidence) bool { return e.drawnAgain },
		since: func(e *evidence) string {
			return "the number that counts the steps has no name, and stands still while losses come, so that a bar may be read that was drawn again; --step-column names what counts"
		}},
	{name: "uneven",
		is: func(e *evidence) bool {
			return e.unnamed && e.steps > 2 && (e.even*5 < (e.steps-1)*4 || e.beginsLate())
		},
		since: func(e *evidence) string {
			return fmt.Sprintf("the number that counts the steps, from %d to %d, has no name, and begins late or rises unevenly, so that it may be something else; "+
				"--step-column names what counts", e.begins, e.last)
		}},
	{name: "short",
		is: func(e *evidence) bool { return e.steps <= fewOfRun && e.log.read.Runs > 1 },
		since: func(e *evidence) string {
			return fmt.Sprintf("of the %d runs in the log the one that is read has hardly any records; --run N or --run all takes others", e.log.read.Runs)
		}},
	{name: "returns",
		is: func(e *evidence) bool {
			return e.returning > 0 && e.log.read.Superseded == 0 && (e.log.read.OtherRuns == 0 || e.uncounted)
		},
		since: func(e *evidence) string {
			return fmt.Sprintf("%s were there before, among others that were not, so that lines of something else may be read with the training's; "+
				"--lines WORD or --where takes some of them", plural(e.returning, "step"))
		}},
	{name: "results",
		is: func(e *evidence) bool { return e.uncounted && e.naming != "" },
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the records, and %q says of each what it is of, so that they may be results rather than the course of a training; "+
				"--where '%s=VALUE' takes some of them", e.naming, e.naming)
		}},
	{name: "validation",
		is: func(e *evidence) bool { return e.uncounted && e.ofValidation },
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the losses, and their name says that they are of a validation or test; %s names others", e.log.lossFlag())
		}},
	{name: "few",
		is: func(e *evidence) bool {
			return e.uncounted && e.steps <= fewUncounted && !e.inHistory && e.seems() != ""
		},
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the losses, of which there are few, and the file seems to be %s, so that they may be results; --step-column names what counts", e.seems())
		}},
	{name: "begins again",
		is: func(e *evidence) bool { return e.uncounted && e.comesBackOnce() },
		since: func(e *evidence) string {
			return "the loss is back at its beginning once, and nothing counts its steps, so that there may be two runs; --step-column names what counts"
		}},
	{name: "other lines",
		is: func(e *evidence) bool { return e.uncounted && e.otherLines },
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the losses, and lines of other kinds tell %q, too; --lines WORD takes those", e.log.source.Loss)
		}},
}

const (
	// fewUncounted is how many losses that nothing counts are few.
	fewUncounted = 12
	// fewOfRun is how many records of one of several runs are hardly any.
	fewOfRun = 2
	// firstLosses is how many losses are looked at to see whether a run begins again: a longer one goes its own way.
	firstLosses = 50
	// firstRecords is how many records are looked at for steps that come again.
	firstRecords = 3000
)

// evidence is what speaks against a reading: what the survey of the log's beginning tells, and what the reading tells.
type evidence struct {
	log          *Log
	uncounted    bool   // nothing that is named as a counter, or is one by its place, counts the losses
	ofValidation bool   // by the name of the loss
	inHistory    bool   // losses of validation stand beside those of training, as in the history of a run
	inTable      bool   // that is all of the file, in which nothing at all counts
	naming       string // the field that says of each record what it is of
	otherLines   bool   // of other kinds hold the loss, too
	drawnAgain   bool   // a bar, or a number that leads lines, stays as it is from one loss to the next
	returning    int    // steps that come again after others
	unnamed      bool   // what counts the steps is known by its place alone

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
	l.evidence.inHistory = v.besideValidation(chosen.tally)
	l.evidence.unnamed = kind == lexicon.Positions && c.step != string(lexicon.Bracketed) && !c.redrawn
	if (c.step == string(lexicon.OfTotal) || c.step == string(lexicon.Leading)) && !c.redrawn {
		l.evidence.drawnAgain = slices.ContainsFunc(v.behavioursOf(chosen.tally).fields, func(b *behaviour) bool { return b.name == c.step && b.same > 0 })
	}
	if c.step != "" && !c.carried {
		l.evidence.returning = v.returning(chosen.tally, c)
	}
}

// namingField returns the field whose texts say of most records what they are of, as the name of a model does; empty where there is none.
func (s *survey) namingField(t *tally) string {
	for _, f := range s.fields {
		if f.numbers == 0 && (f.manyTexts || len(f.texts) > 1) && f.count*10 >= t.count*8 && f.name != s.split && !isOfLogging(f.name) {
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

// seems is what else a file seems to be than a log, or empty.
func (e *evidence) seems() string {
	if e.inTable {
		return "a table without steps"
	}
	head, err := e.log.run.files[0].head()
	if found, ok := nolog.Of(head); ok && err == nil {
		return found.What
	}
	return ""
}

func (e *evidence) counterName() string {
	if lexicon.IsPosition(e.log.source.Step) {
		return "step"
	}
	return e.log.source.Step
}

// doubts says what there is to doubt in a reading. An error asks.
func (e *evidence) doubts() (doubts []string, err error) {
	for _, kind := range doubtfuls {
		if !kind.is(e) {
			continue
		}
		if kind.asks {
			return nil, fmt.Errorf("%s: %s", e.log.run.files[0].path, kind.since(e))
		}
		doubts = append(doubts, kind.since(e))
	}
	return doubts, nil
}

// isOfLogging says whether a field tells when or how something was logged, and not what it is of.
func isOfLogging(name string) bool {
	return slices.ContainsFunc(lexicon.Words(name), func(word string) bool {
		return lexicon.TimeWords[word] || word == "level" || word == "message" || word == "logger"
	})
}
