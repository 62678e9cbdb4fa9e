package losslog

import (
	"fmt"
	"slices"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// withLines returns the series whose lines have a label with a word in it, if there is one.
func withLines(all []ranked, word string) []ranked {
	return slices.DeleteFunc(all, func(r ranked) bool {
		return word != "" && !strings.Contains(" "+strings.ToLower(r.label)+" ", " "+strings.ToLower(word)+" ")
	})
}

// namedLoss finds the series that a flag names; of its lines, those of training.
func (l *Log) namedLoss(v *look) (ranked, error) {
	name := l.options.Loss
	known, err := l.findName(v, &name)
	if err != nil {
		return ranked{}, err
	}
	if !known {
		return ranked{}, fmt.Errorf("%s has no %s %q; it has %s", l.run.files[0].path, l.lossWord(), name, list(v.numbers(l.options.Step)))
	}
	best := ranked{name: name}
	for i, t := range v.series {
		if v.name(t) != name {
			continue
		}
		r := ranked{tally: t, name: name, label: v.labels[t.label], meaning: v.fields[t.field].meaning, order: i}
		r.judgeLabel(v.split)
		r.counted = v.hasCounter(t)
		if len(withLines([]ranked{r}, l.options.Lines)) > 0 && (best.tally == nil || r.before(best)) {
			best = r
		}
	}
	if same := v.alike(best); len(same) > 1 && l.options.Lines == "" {
		return ranked{}, l.question(v, same, "")
	}
	if best.tally == nil && l.options.Lines != "" && v.isLines() {
		return ranked{}, fmt.Errorf("%s has no line with both %q and the word %q of --lines", l.run.files[0].path, name, l.options.Lines)
	}
	return best, nil
}

// noSuchLines is the error for a word of --lines that no line with a loss has.
func (l *Log) noSuchLines(v *look) error {
	word, path := l.options.Lines, l.run.files[0].path
	var named, kinds []string
	for _, r := range v.candidates(l.options.Step) {
		if slices.Contains(lexicon.Words(r.name), strings.ToLower(word)) && !slices.Contains(named, r.name) {
			named = append(named, r.name)
		}
		if kind := fmt.Sprintf("%q", r.label); r.label != "" && r.meaning.Strength > lexicon.Unknown && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	switch {
	case len(named) > 0:
		return fmt.Errorf("--lines %s: the word is in the name of the numbers of %s, not in the words before them; --column %q reads them", word, path, named[0])
	case len(kinds) > 0:
		return fmt.Errorf("--lines %s: no line of %s with a loss has that word; they have %s", word, path, list(kinds))
	}
	return fmt.Errorf("--lines %s: the lines of %s with a loss have no words that tell them apart", word, path)
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
func (v *look) known(name *string) bool {
	if v.has(*name) {
		return true
	}
	if c, ok := v.table(); ok {
		if i, err := c.column(*name); err == nil {
			*name = c.names[i]
			return true
		}
	}
	for _, f := range v.fields {
		if strings.EqualFold(f.name, *name) {
			*name = f.name
			return true
		}
	}
	return false
}

// findName is known of all of the log.
func (l *Log) findName(v *look, name *string) (bool, error) {
	if v.known(name) {
		return true, nil
	}
	if more, err := l.extend(v); !more {
		return false, err
	}
	return v.known(name), nil
}

// checkStep makes sure that the log has what a flag says counts its steps.
func (l *Log) checkStep(v *look) error {
	for _, flag := range []struct {
		name *string
		flag string
	}{{&l.options.Step, "--step-column"}, {&l.options.Batch, "--batch-column"}} {
		if *flag.name == "" {
			continue
		}
		if v.kind.events {
			return fmt.Errorf("%s %s: %s is an event file, which counts steps by itself", flag.flag, *flag.name, l.run.files[0].path)
		}
		known, err := l.findName(v, flag.name)
		if err != nil {
			return err
		}
		if !known {
			return fmt.Errorf("%s %s: %s has no such %s; it has %s", flag.flag, *flag.name, l.run.files[0].path, l.lossWord(), list(v.numbers("")))
		}
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

// Fields returns the names of the fields that hold numbers, in the order in which the log's beginning has them.
func (l *Log) Fields() []string {
	v, err := l.look()
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range v.fields {
		if f.numbers > 0 {
			names = append(names, f.name)
		}
	}
	return names
}

// Series opens another series of the same log: the field by that name instead of the loss. The first log must stay open
// for as long.
func (l *Log) Series(field string) (*Log, error) {
	o := l.options
	o.Loss, o.Batch, o.Pattern = field, "", ""
	other := &Log{options: o, run: l.run, remove: func() {}}
	if _, err := other.choose(); err != nil {
		return nil, err
	}
	return other, nil
}
