package losslog

import (
	"errors"
	"io"
)

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
