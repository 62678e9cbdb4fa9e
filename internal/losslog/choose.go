package losslog

import (
	"fmt"
	"path/filepath"
	"strings"

	"alrc/internal/runfolder"
)

// choiceOfRuns lists the runs of a folder.
func (l *Log) choiceOfRuns(runs []series) error {
	e := &ChoiceError{Reason: fmt.Sprintf("there are %d runs; give one of their folders, or a file", len(runs))}
	const most = 50
	for _, run := range runs[:min(len(runs), most)] {
		one := &Log{options: l.options, run: run}
		name := run.name
		if len(run.files) > 0 {
			name = strings.TrimSuffix(run.files[0].path, "/")
			if len(run.files) > 1 || run.name != "" && !strings.HasSuffix(name, run.name) {
				name = folderOf(run.files[0].path)
			}
		}
		s, _, step, _, _, err := one.look()
		if err != nil {
			continue
		}
		if f, _, _ := s.lossField(step); f != nil && l.options.Loss == "" {
			for _, c := range s.list(name, step) {
				if c.Loss == f.name {
					e.Candidates = append(e.Candidates, c)
				}
			}
			continue
		}
		for _, c := range s.list(name, step) {
			if l.options.Loss == "" || c.Loss == l.options.Loss {
				e.Candidates = append(e.Candidates, c)
			}
		}
	}
	return e
}

func folderOf(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		return path[:i]
	}
	return "."
}

// look surveys the beginning of a run and guesses its step field. whole says that it is all of the first file.
func (l *Log) look() (s *survey, first sniffed, step, training string, whole bool, err error) {
	f := l.run.files[0]
	sample, whole, err := f.sample()
	if err != nil {
		return nil, first, "", "", false, err
	}
	if first, err = sniff(sample, f.path, l.options.Format); err != nil {
		return nil, first, "", "", false, err
	}
	s = newSurvey("")
	l.visit(s, first, sample, whole)
	step = l.options.Step
	if step == "" && !first.events {
		step = s.stepField()
	}
	split, training, ok := s.splitField()
	if ok && len(l.options.Where) == 0 {
		s = newSurvey(split)
		l.visit(s, first, sample, whole)
	}
	return s, first, step, training, whole, nil
}

func (l *Log) visit(s *survey, kind sniffed, sample []byte, whole bool) {
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

// choose settles the format, the loss, the step and the conditions.
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
		l.pattern, err = newPattern(o.Pattern, o.Where)
		return err
	}
	s, first, step, training, whole, err := l.look()
	if err != nil {
		return err
	}
	l.source.Format, l.source.Run = first.format, l.run.name
	loss := o.Loss
	if loss == "" {
		f, why, named := s.lossField(step)
		if f == nil || !named && first.events && (!whole || len(l.run.files) > 1) {
			// The loss may begin after the sample: behind a graph or images, or in a later file.
			full, partial, err := l.surveyFully(s.split)
			if err != nil {
				return err
			}
			if f, why, _ = full.lossField(step); f == nil {
				return l.choices(full, partial, step, "")
			}
			s = full
		}
		loss = f.name
		likely, _ := s.candidates(step)
		var others []string
		for _, other := range likely {
			if other.name != loss {
				others = append(others, other.name)
			}
		}
		if dir := filepath.Dir(l.run.files[0].path); loss == runfolder.LossColumn && s.fields[runfolder.RawLossColumn] != nil && runfolder.HasMetrics(dir) {
			why = "which is what clipping sees"
			if settings, err := runfolder.ReadSettings(dir); err == nil && settings.Huber() {
				why += ": a " + runfolder.RawLossColumn + " of 50 or more is its square root there"
			}
			others = []string{runfolder.RawLossColumn}
		}
		if len(others) > 0 {
			l.source.Notes = append(l.source.Notes, fmt.Sprintf("the loss is %q, %s; %s picks another: %s", loss, why, l.lossFlag(), list(others)))
		}
	} else if !l.known(s, &loss, first) {
		var names []string
		likely, others := s.candidates(step)
		for _, f := range append(likely, others...) {
			names = append(names, f.name)
		}
		return fmt.Errorf("%s has no %s %q; it has %s", l.run.files[0].path, l.lossWord(), loss, list(names))
	}
	where := o.Where
	if s.split != "" && len(where) == 0 {
		if training == "" {
			full, partial, err := l.surveyFully(s.split)
			if err != nil {
				return err
			}
			return l.choices(full, partial, step, loss)
		}
		condition := Condition{Field: s.split, Value: training}
		condition.prepare()
		where = []Condition{condition}
		l.source.Where = []string{condition.String()}
		l.source.Notes = append(l.source.Notes, fmt.Sprintf("%s tells training from validation; these are the records with %s,"+
			" and --where '%s!=%s' takes the others", s.split, condition, s.split, training))
	}
	l.source.Loss, l.source.Step = loss, step
	l.chosen = selection{loss: loss, step: step, batch: o.Batch, where: where}
	l.chosen.emptyIsNonFinite = first.format == CSV && isOwnTable(first.table)
	return nil
}

// isOwnTable recognises the tables that 'alrc train' writes, in which an empty loss is one that is not finite.
func isOwnTable(table scanner) bool {
	c, ok := table.(*csvScanner)
	return ok && strings.HasPrefix(string(c.header), "step,loss,raw_loss,threshold,")
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

// known says whether a log has a field; of tables also by number and in any case.
func (l *Log) known(s *survey, loss *string, first sniffed) bool {
	if s.fields[*loss] != nil {
		return true
	}
	if c, ok := first.table.(*csvScanner); ok {
		if i, err := c.column(*loss); err == nil {
			*loss = c.names[i]
			return true
		}
		return false
	}
	// It may come later than the sample.
	partial := s.records > 0 && first.events
	return partial
}

// surveyFully surveys all of the log, or as much as surveyLimit; then partial is true.
func (l *Log) surveyFully(split string) (s *survey, partial bool, err error) {
	s = newSurvey(split)
	partial, err = surveyAll(l.run, s, l.options.Format)
	return s, partial, err
}

// choices lists what the log may be read for.
func (l *Log) choices(full *survey, partial bool, step, loss string) error {
	e := &ChoiceError{Partial: partial}
	finite := false
	for _, c := range full.list("", step) {
		if loss == "" || c.Loss == loss {
			e.Candidates = append(e.Candidates, c)
			finite = finite || c.Least <= c.Most
		}
	}
	if !finite {
		e.Candidates = nil
	}
	if len(e.Candidates) == 0 {
		return fmt.Errorf("%s holds no number that can be a loss", l.run.files[0].path)
	}
	e.Reason = fmt.Sprintf("several series in %s may be the loss; choose one", l.run.files[0].path)
	return e
}

// guesses offers keys that the log does hold.
func (l *Log) guesses() string {
	plainly := &Log{run: l.run}
	s, first, step, _, _, err := plainly.look()
	if err != nil {
		return ""
	}
	plainly.source.Format = first.format
	var names []string
	for _, c := range s.list("", step) {
		if quoted := plainly.lossFlag() + " '" + c.Loss + "'"; len(names) == 0 || names[len(names)-1] != quoted {
			names = append(names, quoted)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; it seems to hold " + list(names)
}
