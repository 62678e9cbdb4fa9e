package losslog

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/runfolder"
)

// look surveys the beginning of a run.
func (l *Log) look() (s *survey, first sniffed, err error) {
	f := l.run.files[0]
	sample, whole, err := f.sample()
	if err != nil {
		return nil, first, err
	}
	if first, err = sniff(sample, f.path, l.options.Format); err != nil {
		return nil, first, err
	}
	l.whole = whole && len(l.run.files) == 1
	l.head = sample
	l.kerasBars = first.format == Text && (bytes.Contains(sample, []byte("- ETA: ")) || bytes.Contains(sample, []byte("/step - ")))
	l.scores = first.format == Text && dl4jLine.Match(sample)
	l.by, l.labelled, l.worker, l.modes = byWords, "", nil, nil
	s = l.newSurvey(first, "")
	visit(s, first, sample, whole)
	if len(l.options.Where) == 0 {
		if split, training, ok := s.splitField(); ok {
			l.training = training
			s = l.newSurvey(first, split)
			visit(s, first, sample, whole)
		}
	}
	if len(l.options.Where) == 0 && !first.events {
		if all := s.candidates(l.options.Step); len(all) > 0 && all[0].meaning.Strength > lexicon.Unknown {
			if only, n, ok := s.workers(all[0].tally); ok {
				l.worker, l.workers = &only, n
				s = l.newSurvey(first, s.split)
				visit(s, first, sample, whole)
			}
		}
	}
	if _, ok := first.table.(*textScanner); ok && s.split == "" {
		if l.by, l.labelled = s.labelling(sample, l.options.Loss, l.options.Step); l.by != byWords {
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
	return s, first, nil
}

// dl4jScore is what Deeplearning4j calls the loss, which other scores are not: "Score at iteration 100 is 0.5".
const dl4jScore = "Score"

var dl4jLine = regexp.MustCompile(dl4jScore + ` at (iteration|step|epoch) [0-9]+ is -?[0-9NI]`)

func (l *Log) newSurvey(kind sniffed, split string) *survey {
	s := newSurvey(split)
	s.titled = titled(l.run.files[0].path, l.head)
	s.by, s.loss, s.only, s.modes = l.by, l.labelled, l.worker, l.modes
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
	l.chosen = selection{loss: chosen.name, batch: o.Batch, where: o.Where, by: s.by}
	l.source.Loss = chosen.name
	if s.split != "" && len(o.Where) == 0 {
		if err := l.chooseSplit(s, chosen); err != nil {
			return err
		}
	}
	if l.chosen.modes = l.modes; l.modes != nil {
		l.note("lines of their own say which losses are of a validation: these are left out")
	}
	if l.worker != nil {
		l.chosen.where = append(l.chosen.where, *l.worker)
		l.source.Where = append(l.source.Where, l.worker.String())
		l.note("%d workers tell the losses of each step: these are the records with %s, and --where takes those of another", l.workers, l.worker)
	}
	table, isTable := first.table.(*csvScanner)
	l.bars = isTable && table.bars
	l.chooseSteps(s, first, chosen)
	if (s.split == "" || len(o.Where) > 0) && l.byLine && chosen.tally != nil {
		l.chooseLines(s, chosen)
		if o.Step == "" && l.chosen.always {
			l.chosen.beside = s.companion(chosen.tally, l.chosen.step)
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

// surveyFully surveys all of the log, or as much as surveyLimit; then partial is true.
func (l *Log) surveyFully(first sniffed, split string) (s *survey, partial bool, err error) {
	s = l.newSurvey(first, split)
	partial, err = surveyAll(l.run, s, l.options.Format)
	return s, partial, err
}
