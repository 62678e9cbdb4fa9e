package losslog

import (
	"bytes"
	"regexp"
	"strings"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
)

// look surveys the beginning of a run.
func (l *Log) look() (s *survey, first sniffed, err error) {
	f := l.run.files[0]
	beginning, err := f.sample()
	if err != nil {
		return nil, first, err
	}
	sample, whole := beginning.data, beginning.whole
	if first, err = sniff(sample, f.path, l.options.Format); err != nil {
		return nil, first, err
	}
	l.whole = whole && len(l.run.files) == 1
	l.head, l.preface = sample, beginning.preface
	l.kerasBars = first.format == Text && (bytes.Contains(sample, []byte("- ETA: ")) || bytes.Contains(sample, []byte("/step - ")))
	l.scores = first.format == Text && dl4jLine.Match(sample)
	l.by, l.worker, l.modes = console.Labels{}, nil, nil
	s = l.newSurvey(first, "")
	visit(s, first, sample, whole)
	if len(l.options.Where) == 0 {
		if split, training, ok := s.splitField(); ok {
			l.training = training
			s = l.newSurvey(first, split)
			visit(s, first, sample, whole)
		}
		table, isTable := first.table.(*csvScanner)
		if only, ok := s.trainingRun(); ok && (namers[plain(s.split)] || isTable && table.long >= 0) {
			l.worker, l.workers = &only, 0
			s = l.newSurvey(first, s.split)
			visit(s, first, sample, whole)
		}
	}
	if len(l.options.Where) == 0 && !first.events && l.worker == nil {
		if all := s.candidates(l.options.Step); len(all) > 0 && all[0].meaning.Strength > lexicon.Unknown {
			if only, n, ok := s.workers(all[0].tally); ok {
				l.worker, l.workers = &only, n
				s = l.newSurvey(first, s.split)
				visit(s, first, sample, whole)
			}
		}
	}
	if _, ok := first.table.(*textScanner); ok && s.split == "" {
		if l.by = s.labelling(sample, l.options.Loss, l.options.Step); l.by.By != console.ByWords {
			s = l.newSurvey(first, "")
			visit(s, first, sample, whole)
		} else if all := s.candidates(l.options.Step); len(all) > 0 && l.options.Lines == "" {
			if l.modes = modes(sample, all[0].name, all[0].label); l.modes == nil {
				return s, first, nil
			}
			s = l.newSurvey(first, "")
			visit(s, first, sample, whole)
		}
	}
	if table, ok := first.table.(*csvScanner); ok && table.header != nil {
		if l.modes = table.tableModes(sample); l.modes != nil {
			s = l.newSurvey(first, s.split)
			visit(s, first, sample, whole)
		}
	}
	return s, first, nil
}

// dl4jScore is what Deeplearning4j calls the loss, which other scores are not: "Score at iteration 100 is 0.5".
const dl4jScore = "Score"

var dl4jLine = regexp.MustCompile(dl4jScore + ` at (iteration|step|epoch) [0-9]+ is -?[0-9NI]`)

func (l *Log) newSurvey(kind sniffed, split string) *survey {
	s := newSurvey(split)
	s.titled = titled(l.run.files[0].path, l.head)
	s.by, s.only, s.modes = l.by, l.worker, l.modes
	if l.scores {
		s.score = dl4jScore
	}
	table, isTable := kind.table.(*csvScanner)
	s.bars = isTable && table.bars
	s.text = kind.format == Text || isTable && table.loose
	return s
}

func visit(s *survey, kind sniffed, sample []byte, whole bool) {
	if kind.events {
		surveyEvents(strings.NewReader(string(sample)), s)
		return
	}
	data := sample[kind.start:]
	if !whole {
		data = data[:kind.table.whole(data)]
	}
	kind.table.survey(data, s)
}

// surveyFully surveys all of the log, or as much as surveyLimit; then partial is true.
func (l *Log) surveyFully(first sniffed, split string) (s *survey, partial bool, err error) {
	s = l.newSurvey(first, split)
	partial, err = surveyAll(l.run, s, l.options.Format)
	return s, partial, err
}
