package losslog

import (
	"bytes"
	"errors"
	"io"
	"regexp"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
)

// look is what the beginning of a run tells.
type look struct {
	*survey
	kind  sniffed
	head  sample
	whole bool // the beginning is all of the run
	// extended says that the survey is of all of the run, and partial that it is not, or not of as much as that takes.
	extended, partial bool
	// training is what the field that splits records says of those of training; empty where that is not clear.
	training string
	// workers is how many tell the same steps, of which one is taken, unless apart, which is what takes one, says that they train models of
	// their own; 0 elsewhere.
	workers int
	apart   string
	keras   bool // bars are drawn by Keras
}

// look surveys the beginning of a run.
func (l *Log) look() (*look, error) {
	f := l.run.files[0]
	head, err := f.sample()
	if err != nil {
		return nil, err
	}
	kind, err := sniff(head.data, f.path, l.options.Format)
	if err != nil {
		return nil, err
	}
	v := &look{kind: kind, head: head, whole: head.whole && len(l.run.files) == 1}
	v.partial = !v.whole
	table, isTable := v.table()
	isText := kind.format == Text
	how := surveying{titled: titled(f.path, v.records()), bars: isTable && table.bars, text: isText || isTable && table.loose}
	if isText && dl4jLine.Match(v.records()) {
		how.score = dl4jScore
	}
	v.keras = isText && (bytes.Contains(v.records(), []byte("- ETA: ")) || kerasPace.Match(v.records()))
	v.survey = newSurvey(how)
	v.visit()
	if len(l.options.Where) == 0 {
		v.findSplit()
		v.findWorkers(l.options.Step)
	}
	v.findLabels(l.options)
	v.findTables()
	return v, nil
}

// table returns the scanner of a log that is a table.
func (v *look) table() (*csvScanner, bool) {
	table, ok := v.kind.table.(*csvScanner)
	return table, ok
}

// records returns the beginning from where records begin.
func (v *look) records() []byte { return v.head.data[v.kind.start:] }

// isLines says whether a log is of lines for people.
func (v *look) isLines() bool {
	_, ok := v.kind.table.(*textScanner)
	return ok
}

// visit surveys the beginning.
func (v *look) visit() {
	if v.kind.events {
		surveyEvents(bytes.NewReader(v.head.data), v.survey)
		return
	}
	data := v.records()
	if !v.head.whole {
		data = data[:v.kind.table.whole(data)]
	}
	v.kind.table.survey(data, v.survey)
}

// again surveys the beginning anew, in a way that what was found changes.
func (v *look) again(change func(how *surveying)) {
	how := v.surveying
	change(&how)
	v.survey = newSurvey(how)
	v.visit()
}

// findSplit finds the field that tells records of training from others.
func (v *look) findSplit() {
	if split, training, ok := v.splitField(); ok {
		v.training = training
		v.again(func(how *surveying) { how.split = split })
	}
}

// findWorkers finds workers that tell the same steps.
func (v *look) findWorkers(step string) {
	if v.kind.events {
		return
	}
	all := v.candidates(step)
	if len(all) == 0 || all[0].meaning.Strength == lexicon.Unknown {
		return
	}
	if only, n, ok := v.workersOf(all[0].tally); ok {
		v.workers = n
		if v.trainApart(all[0].tally, only.Field) {
			v.apart = only.String()
			return
		}
		v.again(func(how *surveying) { how.only = &only })
	}
}

// findLabels finds what tells lines of training from others.
func (v *look) findLabels(o Options) {
	if !v.isLines() || v.split != "" {
		return
	}
	if by := v.labelling(v.records(), o.Loss, o.Step); by.By != console.ByWords {
		v.again(func(how *surveying) { how.by = by })
	} else if all := v.candidates(o.Step); len(all) > 0 && o.Lines == "" {
		if found := modes(v.records(), all[0].name, all[0].label); found != nil {
			v.again(func(how *surveying) { how.modes = found })
		}
	}
}

// findTables finds lines that tell tables of training from those of validation.
func (v *look) findTables() {
	if table, ok := v.table(); ok && table.header != nil {
		if found := table.tableModes(v.head.data); found != nil {
			v.again(func(how *surveying) { how.modes = found })
		}
	}
}

// dl4jScore is what Deeplearning4j calls the loss, which other scores are not: "Score at iteration 100 is 0.5".
const dl4jScore = "Score"

var dl4jLine = regexp.MustCompile(dl4jScore + ` at (iteration|step|epoch) [0-9]+ is -?[0-9NI]`)

// kerasPace is how long a step takes, as Keras' bars tell it behind them: "45ms/step - ", "724us/sample - ".
var kerasPace = regexp.MustCompile(`[0-9][mu]?s/[a-z]+ - `)

const (
	// extendedLimit bounds how much of a log is read only to count what may be chosen from.
	extendedLimit = 256 << 20
	// laterLimit bounds how much of a log is read behind its beginning for what counts its steps.
	laterLimit = 8 << 20
)

// extend surveys all of the log, or as much as extendedLimit, unless that is done. It says whether it was not.
func (l *Log) extend(v *look) (more bool, err error) {
	if v.whole || v.extended {
		return false, nil
	}
	s := newSurvey(v.surveying)
	partial, err := l.surveyFiles(s, v.kind, 0, extendedLimit)
	if err != nil {
		return false, err
	}
	v.survey, v.extended, v.partial = s, true, partial
	return true, nil
}

// laterCounter finds what counts the steps of a series only behind the log's beginning, as where a training says its steps once it has
// warmed up. What is found, if anything, is not in all records.
func (l *Log) laterCounter(v *look, chosen ranked) counter {
	later := newSurvey(v.surveying)
	behind := v.kind.start + v.kind.table.whole(v.records())
	if _, err := l.surveyFiles(later, v.kind, behind, laterLimit); err == nil {
		for _, t := range later.series {
			if later.name(t) != chosen.name || later.labels[t.label] != chosen.label || t.count < 2 {
				continue
			}
			if c := later.counter(t); c.step != "" {
				c.always = false
				l.note("%s counts steps, but not from the log's beginning on: the losses before are numbered in order", c.step)
				return c
			}
		}
	}
	return v.counter(chosen.tally)
}

// surveyFiles surveys the files of the run, of which first is the kind of the first one, from a place in that on. It ends at a limit of
// bytes; then partial is true.
func (l *Log) surveyFiles(s *survey, first sniffed, from int, limit int64) (partial bool, err error) {
	for i, f := range l.run.files {
		kind := first
		if i > 0 {
			if kind, err = f.sniff(l.options.Format); err != nil {
				return false, err
			}
			from = 0
		}
		r, err := f.open()
		if err != nil {
			return false, err
		}
		start := int64(max(from, kind.start))
		limited := &io.LimitedReader{R: r, N: start + limit}
		if kind.events {
			surveyEvents(limited, s)
		} else {
			err = pieces(limited, start, kind.table, false, func(data []byte, _ int64) error {
				kind.table.survey(data, s)
				return nil
			})
		}
		limit = min(limit, limited.N)
		if err = errors.Join(ignoreCut(err), r.Close()); err != nil || limit <= 0 {
			return limit <= 0, err
		}
	}
	return false, nil
}
