package losslog

import (
	"fmt"
	"path/filepath"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/sequence"
	"alrc/internal/runfolder"
)

// choose settles the format, the loss, the steps and the conditions.
func (l *Log) choose() (*look, error) {
	o := l.options
	for _, f := range l.run.files {
		l.source.Files = append(l.source.Files, f.path)
	}
	for i := range o.Where {
		o.Where[i].prepare()
		l.source.Where = append(l.source.Where, o.Where[i].String())
	}
	if o.Pattern != "" {
		return nil, l.choosePattern()
	}
	v, err := l.look()
	if err != nil {
		return nil, err
	}
	l.source.Format, l.source.Run = v.kind.format, l.run.name
	if err := l.checkStep(v); err != nil {
		return nil, err
	}
	chosen, err := l.chooseLoss(v)
	if err != nil {
		return nil, err
	}
	l.chosen = selection{loss: chosen.name, batch: o.Batch, where: o.Where, by: v.by.By, modes: v.modes}
	l.source.Loss = chosen.name
	if v.split != "" && len(o.Where) == 0 {
		if err := l.chooseSplit(v, chosen); err != nil {
			return nil, err
		}
	}
	l.chooseRecords(v)
	l.chooseSteps(v, chosen)
	if (v.split == "" || len(o.Where) > 0) && v.isLines() && chosen.tally != nil {
		l.chooseLines(v, chosen)
	}
	if text, ok := v.kind.table.(*textScanner); ok {
		if chosen, err := text.choose(l.chosen); err == nil {
			l.chosen.openings = openingsOf(v.records(), chosen.(*textScanner).pattern)
		}
	}
	if table, ok := v.table(); ok && table.gaps {
		l.note("where %q is a list of parts, the loss is their sum", l.source.Loss)
	}
	if err := l.checkWoven(v, chosen); err != nil {
		return nil, err
	}
	l.chosen.emptyIsNonFinite = v.kind.format == CSV && isOwnTable(v.kind.table)
	l.chooseOrder(v, chosen)
	l.weigh(v, chosen)
	return v, nil
}

// choosePattern settles what a regular expression finds.
func (l *Log) choosePattern() (err error) {
	o := l.options
	l.source.Format, l.source.Loss = Pattern, o.Pattern
	if o.Step != "" || o.Batch != "" {
		return fmt.Errorf("with --pattern, groups such as (?P<step>[0-9]+) and (?P<batch>[0-9]+) name what --step-column and --batch-column do")
	}
	l.order.Kind = lexicon.CounterOf("")
	l.pattern, err = newPattern(o.Pattern, o.Where)
	return err
}

// chooseOrder settles how losses become steps.
func (l *Log) chooseOrder(v *look, chosen ranked) {
	table, isTable := v.table()
	c, batch := l.chosen.counter, l.options.Batch
	l.order = sequence.Options{
		Kind:         lexicon.CounterOf(c.step),
		Before:       c.before,
		Openings:     l.chosen.openings != nil,
		Uncounted:    c.step == "" && l.source.Format != Events,
		Redrawn:      c.redrawn,
		CountsLosses: c.countsLosses,
		EqualLosses:  c.equalLosses,
		Twice:        v.isLines() && c.step != "" && batch == "",
		EndsAgain:    v.isLines(),
		Carried:      v.isLines() && c.carried && batch == "",
		ToldTwice:    chosen.tally != nil && c.step != "" && !c.carried && !c.redrawn && c.full == "" && batch == "" && v.toldTwice(chosen.tally, c.step),
		LastOfStep:   c.full != "" || isTable && table.bars && c.step != "" || c.step == string(lexicon.OfTotal) && !c.redrawn && (v.keras || v.drawsBars(chosen.name)),
	}
}

// chooseLoss settles the series of losses.
func (l *Log) chooseLoss(v *look) (ranked, error) {
	if l.options.Loss != "" {
		return l.namedLoss(v)
	}
	all := withLines(v.candidates(l.options.Step), l.options.Lines)
	d, ok := v.decide(all)
	if !ok || !d.named && v.kind.events {
		// The loss may begin after the sample: behind a graph or images, in a later file.
		more, err := l.extend(v)
		if err != nil {
			return ranked{}, err
		}
		if more {
			all = withLines(v.candidates(l.options.Step), l.options.Lines)
			d, ok = v.decide(all)
		}
	}
	if len(all) == 0 && l.options.Lines != "" {
		return ranked{}, l.noSuchLines(v)
	}
	if !ok {
		return ranked{}, l.unsure(v, all)
	}
	if err := l.otherThanLog(v, d.ranked, true); err != nil {
		return ranked{}, err
	}
	l.tellChoice(v, d, all)
	return *d.ranked, nil
}

// tellChoice notes why a loss was chosen, and what else there is.
func (l *Log) tellChoice(v *look, d decision, all []ranked) {
	var others []string
	seen := map[string]bool{d.name: true}
	for _, r := range all {
		if !seen[r.name] && r.meaning.Strength > lexicon.Unknown {
			others = append(others, r.name)
		}
		seen[r.name] = true
	}
	why := d.why
	if dir := filepath.Dir(l.run.files[0].path); d.name == runfolder.LossColumn && v.has(runfolder.RawLossColumn) && runfolder.HasMetrics(dir) {
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
	if d.meaning.Exponential {
		l.note("%q is the exponential of a loss, by its name: spikes look larger in it than they were", d.name)
	}
	if d.meaning.Statistic == lexicon.Averaged || d.summary {
		l.note("%q holds means, by its name: spikes look weaker in them than they were", d.name)
	}
}

func (l *Log) note(format string, arguments ...any) {
	l.source.Notes = append(l.source.Notes, fmt.Sprintf(format, arguments...))
}

// chooseSplit takes the records of training, by the field that tells them from others.
func (l *Log) chooseSplit(v *look, chosen ranked) error {
	if v.training == "" {
		all := v.candidates(l.options.Step)
		if len(all) == 0 {
			return l.nothing(l.source)
		}
		return l.question(v, all, chosen.name)
	}
	condition := Condition{Field: v.split, Value: v.training}
	condition.prepare()
	l.chosen.where = []Condition{condition}
	l.source.Where = []string{condition.String()}
	if lexicon.FieldOf(v.split) == lexicon.Namer {
		l.note("%s names the numbers; these are the records with %s, and --where '%s=NAME' takes others", v.split, condition, v.split)
		return nil
	}
	l.note("%s tells training from validation; these are the records with %s, and --where '%s!=%s' takes the others", v.split, condition,
		v.split, v.training)
	return nil
}

// chooseRecords notes which records are read of those that hold the loss.
func (l *Log) chooseRecords(v *look) {
	if v.modes != nil {
		l.note("lines of their own say which losses are of a validation: these are left out")
	}
	if p := v.head.preface; p != nil && p.Doubled {
		l.note("each line stands there twice, as two loggers write it: it is read once")
	}
	if v.only == nil {
		return
	}
	l.chosen.where = append(l.chosen.where, *v.only)
	l.source.Where = append(l.source.Where, v.only.String())
	l.note("%d workers tell the losses of each step: these are the records with %s, and --where takes those of another", v.workers, v.only)
}

// chooseSteps settles what counts the steps.
func (l *Log) chooseSteps(v *look, chosen ranked) {
	o := l.options
	if chosen.tally == nil || v.kind.events {
		l.chosen.step, l.source.Step = o.Step, o.Step
		return
	}
	c := v.counter(chosen.tally)
	if v.keras && o.Step == "" {
		if ofBars, ok := v.epochOfBars(chosen.tally); ok {
			c = ofBars
		}
	}
	if c.step == "" && o.Step == "" && o.Batch == "" && !v.whole && v.kind.format != CSV {
		c = l.laterCounter(v, chosen)
	}
	if o.Step != "" {
		c.countsLosses = c.countsLosses && c.step == o.Step
		c.step, c.always, c.total = o.Step, false, 0
		c.carried = v.kind.format == Text && !v.together(chosen.tally, o.Step)
	}
	c.always = c.always && (v.kind.format == Text || v.kind.format.isJSON())
	if c.ofLast {
		l.note("these are the losses of the last of several trainings, whose steps %s counts", c.step)
	}
	if c.total > 0 && v.isLines() {
		l.note("lines whose %s is of another total than %g, as those of a validation, are left out", c.step, c.total)
	}
	l.chosen.counter, l.source.Step = c, c.step
	if v.keras && c.step == string(lexicon.OfTotal) {
		l.note("a bar of Keras shows the mean of the epoch so far: a spike raises what follows it, too, and looks weaker than it was")
	}
	if c.step == "" && o.Batch == "" {
		l.note("the log counts no steps beside its losses: they are numbered in order")
	}
}

// together says whether a field stands in records of a series.
func (s *survey) together(t *tally, name string) (together bool) {
	field := s.byName[name]
	s.own(t, func(values []sampledValue) { together = together || holds(values, field) })
	return together
}

// isOwnTable recognises the tables that 'alrc train' writes, in which an empty loss is one that is not finite.
func isOwnTable(table scanner) bool {
	c, ok := table.(*csvScanner)
	return ok && len(c.header) > 0 && strings.HasPrefix(string(c.header[0]), "step,loss,raw_loss,threshold,")
}
