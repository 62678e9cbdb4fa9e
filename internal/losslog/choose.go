package losslog

import (
	"fmt"
	"path/filepath"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/runfolder"
)

// choose settles the format, the loss, the steps and the conditions.
func (l *Log) choose() error {
	o := l.options
	for _, f := range l.run.files {
		l.source.Files = append(l.source.Files, f.path)
	}
	for i := range o.Where {
		o.Where[i].prepare()
		l.source.Where = append(l.source.Where, o.Where[i].String())
	}
	if o.Pattern != "" {
		var err error
		l.source.Format, l.source.Loss = Pattern, o.Pattern
		if o.Step != "" || o.Batch != "" {
			return fmt.Errorf("with --pattern, groups such as (?P<step>[0-9]+) and (?P<batch>[0-9]+) name what --step-column and --batch-column do")
		}
		l.pattern, err = newPattern(o.Pattern, o.Where)
		return err
	}
	s, first, err := l.look()
	if err != nil {
		return err
	}
	l.source.Format, l.source.Run = first.format, l.run.name
	_, l.byLine = first.table.(*textScanner)
	if err := l.checkStep(&s, first); err != nil {
		return err
	}
	chosen, s, err := l.chooseLoss(s, first)
	if err != nil {
		return err
	}
	l.chosen = selection{loss: chosen.name, batch: o.Batch, where: o.Where, by: s.by.By}
	l.source.Loss = chosen.name
	if s.split != "" && len(o.Where) == 0 {
		if err := l.chooseSplit(s, chosen); err != nil {
			return err
		}
	}
	if l.chosen.modes = l.modes; l.modes != nil {
		l.note("lines of their own say which losses are of a validation: these are left out")
	}
	if l.preface != nil && l.preface.Doubled {
		l.note("each line stands there twice, as two loggers write it: it is read once")
	}
	if l.worker != nil {
		l.chosen.where = append(l.chosen.where, *l.worker)
		l.source.Where = append(l.source.Where, l.worker.String())
		if l.workers > 0 {
			l.note("%d workers tell the losses of each step: these are the records with %s, and --where takes those of another", l.workers, l.worker)
		} else {
			l.note("these are the records with %s, and --where takes those of a validation", l.worker)
		}
	}
	table, isTable := first.table.(*csvScanner)
	l.bars = isTable && table.bars
	l.chooseSteps(s, first, chosen)
	if (s.split == "" || len(o.Where) > 0) && l.byLine && chosen.tally != nil {
		l.chooseLines(s, chosen)
		if o.Step == "" && l.chosen.always {
			l.chosen.beside = s.companion(chosen.tally, l.chosen.step)
		}
		if o.Step == "" && l.chosen.beside == "" {
			l.chosen.beside = s.withinEpochs(chosen.tally)
		}
	}
	if text, ok := first.table.(*textScanner); ok {
		if chosen, err := text.choose(l.chosen); err == nil {
			l.chosen.openings = openingsOf(l.head, chosen.(*textScanner).pattern)
		}
	}
	l.head = nil
	if isTable && table.gaps {
		l.note("where %q is a list of parts, the loss is their sum", l.source.Loss)
	}
	l.chosen.emptyIsNonFinite = first.format == CSV && isOwnTable(first.table)
	return nil
}

// chooseLoss settles the series of losses. The survey that it returns is the one that has it.
func (l *Log) chooseLoss(s *survey, first sniffed) (ranked, *survey, error) {
	if l.options.Loss != "" {
		return l.namedLoss(s, first)
	}
	all := s.candidates(l.options.Step)
	if l.options.Lines != "" {
		all = withLines(all, l.options.Lines)
	}
	d, ok := s.decide(all)
	if !ok && !l.whole || ok && !d.named && first.events && !l.whole {
		// The loss may begin after the sample: behind a graph or images, in a later file.
		full, partial, err := l.surveyFully(first, s.split)
		if err != nil {
			return ranked{}, nil, err
		}
		s, all = full, full.candidates(l.options.Step)
		if d, ok = s.decide(all); !ok {
			return ranked{}, nil, l.unsure(s, first, all, partial)
		}
	}
	if !ok {
		return ranked{}, nil, l.unsure(s, first, all, false)
	}
	if err := l.otherThanLog(s, first, d.ranked, true); err != nil {
		return ranked{}, nil, err
	}
	l.tellChoice(s, d, all)
	return *d.ranked, s, nil
}

// tellChoice notes why a loss was chosen, and what else there is.
func (l *Log) tellChoice(s *survey, d decision, all []ranked) {
	var others []string
	seen := map[string]bool{d.name: true}
	for _, r := range all {
		if !seen[r.name] && r.meaning.Strength > lexicon.Unknown {
			others = append(others, r.name)
		}
		seen[r.name] = true
	}
	why := d.why
	if dir := filepath.Dir(l.run.files[0].path); d.name == runfolder.LossColumn && s.has(runfolder.RawLossColumn) && runfolder.HasMetrics(dir) {
		why = "which is what clipping sees"
		if settings, err := runfolder.ReadSettings(dir); err == nil && settings.Huber() {
			why += ": a " + runfolder.RawLossColumn + " of 50 or more is its square root there"
		}
		others = []string{runfolder.RawLossColumn}
	}
	switch {
	case len(others) > 0:
		l.note("the loss is %q, %s; %s picks another: %s", d.name, why, l.lossFlag(), list(others))
	case !d.named || d.meaning.Role == lexicon.Validation || d.meaning.Strength < lexicon.Loss:
		l.note("the loss is %q, %s", d.name, why)
	}
	if d.meaning.Statistic == lexicon.Averaged || d.summary {
		l.note("%q holds means, by its name: spikes look weaker in them than they were", d.name)
	}
}

func (l *Log) note(format string, arguments ...any) {
	l.source.Notes = append(l.source.Notes, fmt.Sprintf(format, arguments...))
}

// chooseSplit takes the records of training, by the field that tells them from others.
func (l *Log) chooseSplit(s *survey, chosen ranked) error {
	if l.training == "" {
		all := s.candidates(l.options.Step)
		if len(all) == 0 {
			return l.nothing(l.source)
		}
		return l.question(s, all, !l.whole, chosen.name)
	}
	condition := Condition{Field: s.split, Value: l.training}
	condition.prepare()
	l.chosen.where = []Condition{condition}
	l.source.Where = []string{condition.String()}
	if namers[plain(s.split)] {
		l.note("%s names the numbers; these are the records with %s, and --where '%s=NAME' takes others", s.split, condition, s.split)
		return nil
	}
	l.note("%s tells training from validation; these are the records with %s, and --where '%s!=%s' takes the others", s.split, condition,
		s.split, l.training)
	return nil
}

// chooseSteps settles what counts the steps.
func (l *Log) chooseSteps(s *survey, first sniffed, chosen ranked) {
	if chosen.tally == nil || l.source.Format == Events {
		l.chosen.step, l.source.Step = l.options.Step, l.options.Step
		return
	}
	c := s.counter(chosen.tally)
	if l.kerasBars && l.options.Step == "" {
		if epoch := s.epochOfBars(chosen.tally); epoch != "" {
			c = counter{name: epoch, carried: true, full: string(lexicon.OfTotal)}
		}
	}
	if c.name == "" && l.options.Step == "" && l.options.Batch == "" && !l.whole && l.source.Format != CSV {
		c = l.laterCounter(s, first, chosen)
	}
	if l.options.Step != "" {
		c.name, c.always = l.options.Step, false
		c.carried = l.source.Format == Text && !s.together(chosen.tally, l.options.Step)
	}
	l.chosen.step, l.chosen.carried, l.chosen.always = c.name, c.carried, c.always && (l.source.Format == Text || l.source.Format.isJSON())
	l.chosen.epoch, l.chosen.epochAhead = c.epoch, c.epochAhead
	if l.byLine && c.total > 0 && l.options.Step == "" {
		l.chosen.total = c.total
		l.note("lines whose %s is of another total than %g, as those of a validation, are left out", c.name, c.total)
	}
	l.source.Step = c.name
	l.redrawn, l.lastOfStep = c.redrawn, c.full != "" || l.bars && c.name != ""
	l.chosen.full = c.full
	l.toldTwice = c.name != "" && !c.carried && !c.redrawn && c.full == "" && l.options.Batch == "" && s.toldTwice(chosen.tally, c.name)
	if l.kerasBars && c.name == string(lexicon.OfTotal) {
		l.note("a bar of Keras shows the mean of the epoch so far: a spike raises what follows it, too, and looks weaker than it was")
	}
	if c.name == "" && l.options.Batch == "" {
		l.note("the log counts no steps beside its losses: they are numbered in order")
	}
}

// together says whether a field stands in records of a series.
func (s *survey) together(t *tally, name string) bool {
	step := s.byName[name]
	for _, r := range s.records {
		if r.label != t.label {
			continue
		}
		var loss, counter bool
		for _, v := range s.values[r.begin:r.end] {
			loss = loss || v.field == t.field
			counter = counter || v.field == step
		}
		if loss && counter {
			return true
		}
	}
	return false
}

// isOwnTable recognises the tables that 'alrc train' writes, in which an empty loss is one that is not finite.
func isOwnTable(table scanner) bool {
	c, ok := table.(*csvScanner)
	return ok && len(c.header) > 0 && strings.HasPrefix(string(c.header[0]), "step,loss,raw_loss,threshold,")
}
