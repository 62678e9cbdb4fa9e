package losslog

import "io"

// laterLimit bounds how much of a log is read behind its beginning for what counts its steps.
const laterLimit = 8 << 20

// laterCounter finds what counts the steps of a series only behind the log's beginning, as where a training says its steps once it has
// warmed up. What is found, if anything, is not in all records.
func (l *Log) laterCounter(s *survey, first sniffed, chosen ranked) counter {
	later := l.newSurvey(first, s.split)
	if err := l.surveyLater(later, first); err == nil {
		for _, t := range later.series {
			if later.name(t) != chosen.name || later.labels[t.label] != chosen.label || t.count < 2 {
				continue
			}
			if c := later.counter(t); c.name != "" {
				c.always = false
				l.note("%s counts steps, but not from the log's beginning on: the losses before are numbered in order", c.name)
				return c
			}
		}
	}
	return s.counter(chosen.tally)
}

// surveyLater surveys what is behind a log's beginning.
func (l *Log) surveyLater(s *survey, first sniffed) error {
	left := int64(laterLimit)
	for i, f := range l.run.files {
		kind, start := first, int64(0)
		if i == 0 {
			start = int64(first.start + first.table.whole(l.head[first.start:]))
		} else {
			var err error
			if kind, err = f.sniff(l.options.Format); err != nil || kind.events {
				return err
			}
			start = int64(kind.start)
		}
		r, err := f.open()
		if err != nil {
			return err
		}
		limited := &io.LimitedReader{R: r, N: start + left}
		err = pieces(limited, start, kind.table, false, func(data []byte, _ int64) error {
			left -= int64(len(data))
			kind.table.survey(data, s)
			return nil
		})
		r.Close()
		if err = ignoreCut(err); err != nil || left <= 0 {
			return err
		}
	}
	return nil
}
