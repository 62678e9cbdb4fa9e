package losslog

import (
	"fmt"
	"strings"
)

// withLines returns the series whose lines have a label with a word in it.
func withLines(all []ranked, word string) (some []ranked) {
	for _, r := range all {
		if strings.Contains(" "+strings.ToLower(r.label)+" ", " "+strings.ToLower(word)+" ") {
			some = append(some, r)
		}
	}
	return some
}

// namedLoss finds the series that a flag names; of its lines, those of training.
func (l *Log) namedLoss(s *survey, first sniffed) (ranked, *survey, error) {
	name := l.options.Loss
	if !l.known(s, &name, first) {
		if !l.whole {
			full, _, err := l.surveyFully(first, s.split)
			if err != nil {
				return ranked{}, nil, err
			}
			s = full
		}
		if !l.known(s, &name, first) {
			return ranked{}, nil, fmt.Errorf("%s has no %s %q; it has %s", l.run.files[0].path, l.lossWord(), name, list(s.numbers(l.options.Step)))
		}
	}
	best := ranked{name: name}
	for i, t := range s.series {
		if s.name(t) != name {
			continue
		}
		r := ranked{tally: t, name: name, label: s.labels[t.label], meaning: s.fields[t.field].meaning, order: i}
		r.judgeLabel(s.split)
		r.counted = s.hasCounter(t)
		if l.options.Lines != "" && len(withLines([]ranked{r}, l.options.Lines)) == 0 {
			continue
		}
		if best.tally == nil || r.before(best) {
			best = r
		}
	}
	if same := s.alike(best); len(same) > 1 && l.options.Lines == "" {
		return ranked{}, nil, l.question(s, same, !l.whole, "")
	}
	if best.tally == nil && l.options.Lines != "" && l.byLine {
		return ranked{}, nil, fmt.Errorf("%s has no line with both %q and the word %q of --lines", l.run.files[0].path, name, l.options.Lines)
	}
	return best, s, nil
}

// numbers lists the names of a log's numbers, likely losses first.
func (s *survey) numbers(step string) (names []string) {
	seen := map[string]bool{step: true}
	add := func(name string) {
		if !seen[name] {
			names = append(names, name)
		}
		seen[name] = true
	}
	for _, r := range s.candidates(step) {
		add(r.name)
	}
	for _, t := range s.series {
		add(s.name(t))
	}
	return names
}

// known says whether a log has a field; in any case of letters, and of tables also by number.
func (l *Log) known(s *survey, name *string, first sniffed) bool {
	if s.has(*name) {
		return true
	}
	if c, ok := first.table.(*csvScanner); ok {
		if i, err := c.column(*name); err == nil {
			*name = c.names[i]
			return true
		}
	}
	for _, f := range s.fields {
		if strings.EqualFold(f.name, *name) {
			*name = f.name
			return true
		}
	}
	return false
}

// checkStep makes sure that the log has what a flag says counts its steps.
func (l *Log) checkStep(s **survey, first sniffed) error {
	for _, flag := range []struct {
		name *string
		flag string
	}{{&l.options.Step, "--step-column"}, {&l.options.Batch, "--batch-column"}} {
		if *flag.name == "" || !first.events && l.known(*s, flag.name, first) {
			continue
		}
		if first.events {
			return fmt.Errorf("%s %s: %s is an event file, which counts steps by itself", flag.flag, *flag.name, l.run.files[0].path)
		}
		if !l.whole {
			full, _, err := l.surveyFully(first, (*s).split)
			if err != nil {
				return err
			}
			if l.known(full, flag.name, first) {
				*s = full
				continue
			}
		}
		return fmt.Errorf("%s %s: %s has no such %s; it has %s", flag.flag, *flag.name, l.run.files[0].path, l.lossWord(), list((*s).numbers("")))
	}
	return nil
}

func (l *Log) lossFlag() string { return "--" + l.lossWord() }

// lossWord is what a format calls the place of a loss.
func (l *Log) lossWord() string {
	switch l.source.Format {
	case Events:
		return "tag"
	case JSON, JSONLines:
		return "field"
	}
	return "column"
}
