package losslog

import (
	"fmt"
	"math"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// mostRuns is how many of a folder's runs are looked at.
const mostRuns = 200

// chooseRunOf takes the one run of a folder that holds losses, or asks which is meant. Files beside it that hold none, such as
// settings, are no runs.
func (l *Log) chooseRunOf(runs []series) error {
	var found []viable
	var others []string
	var refused error
	for _, run := range runs[:min(len(runs), mostRuns)] {
		v := viable{run: run, log: &Log{options: l.options, run: run}}
		if err := v.look(); err != nil {
			if refused == nil {
				refused = err
			}
			others = append(others, l.nameOf(run))
			continue
		}
		found = append(found, v)
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("none of %d files holds losses of a training; the first: %w", len(runs), refused)
	case 1:
		l.run = found[0].run
		if len(others) > 0 {
			l.note("read from %s, which alone holds losses; beside it: %s", l.nameOf(l.run), list(others))
		}
		_, err := l.choose()
		return err
	}
	if best, ok := sameLosses(found); ok {
		l.run = best.run
		l.note("read from %s; others of the %d files tell the same losses", l.nameOf(l.run), len(found))
		_, err := l.choose()
		return err
	}
	e := &ChoiceError{Reason: fmt.Sprintf("there are %d runs; give one of their folders, or a file", len(found)+max(0, len(runs)-mostRuns))}
	for _, v := range found {
		name := v.run.files[0].path
		if len(v.run.files) > 1 || v.run.name != "" && !strings.HasSuffix(name, v.run.name) {
			name = folderOf(name)
		}
		candidates, left := v.seen.list(name, v.all)
		for _, c := range candidates {
			switch {
			case v.loss != "" && c.Loss != v.loss:
			case len(e.Candidates) == mostCandidates:
				e.Left++
			default:
				e.Candidates = append(e.Candidates, c)
			}
		}
		if v.loss == "" {
			e.Left += left
		}
		e.Partial = e.Partial || v.seen.partial
	}
	return e
}

// viable is a run that holds losses.
type viable struct {
	run  series
	log  *Log
	seen *look
	all  []ranked
	loss string // that is chosen, where one is
}

// losses returns the first finite losses of the series that is chosen.
func (v *viable) losses() (losses []float64) {
	const most = 50
	for _, r := range v.all {
		if r.name != v.loss || v.loss == "" {
			continue
		}
		v.seen.own(r.tally, func(values []sampledValue) {
			if loss := firstOf(values, r.tally.field); loss-loss == 0 && len(losses) < most {
				losses = append(losses, loss)
			}
		})
		return losses
	}
	return nil
}

// sameLosses says whether runs are one that several files tell, as a console and a table do, and returns the one that tells it best: one
// of numbers alone rather than one for people, and one with more losses.
func sameLosses(all []viable) (best *viable, ok bool) {
	const fewest, tolerance = 5, 1e-3
	first, most := all[0].losses(), 0
	for i := range all {
		v := &all[i]
		losses := v.losses()
		n := min(len(losses), len(first))
		if n < fewest || n*10 < max(len(losses), len(first))*9 {
			return nil, false
		}
		for j := range n {
			if math.Abs(losses[j]-first[j]) > tolerance*math.Abs(first[j])+1e-4 {
				return nil, false
			}
		}
		better := best != nil && best.log.source.Format == Text && v.log.source.Format != Text
		if best == nil || better || len(losses) > most {
			best, most = v, len(losses)
		}
	}
	return best, true
}

// nameOf is what tells a run from others of its folder.
func (l *Log) nameOf(run series) string {
	if run.name != "" {
		return run.name
	}
	return run.files[0].path
}

// look finds what the run may be read for: its series, and the one that would be chosen, if that is clear. Its error says why it holds
// no losses.
func (v *viable) look() (err error) {
	l := v.log
	if v.seen, err = l.look(); err != nil {
		return err
	}
	l.source.Format = v.seen.kind.format
	v.all = v.seen.candidates(l.options.Step)
	if v.loss = l.options.Loss; v.loss != "" {
		if !v.seen.known(&v.loss) {
			return fmt.Errorf("%s has no %s %q", l.run.files[0].path, l.lossWord(), v.loss)
		}
		return nil
	}
	d, ok := v.seen.decide(v.all)
	if !ok && v.seen.kind.events { // the loss may begin behind a graph or images
		more, err := l.extend(v.seen)
		if err != nil {
			return err
		}
		if more {
			v.all = v.seen.candidates(l.options.Step)
			d, ok = v.seen.decide(v.all)
		}
	}
	switch {
	case l.options.Pattern != "":
		return nil
	case ok:
		v.loss = d.name
		return l.otherThanLog(v.seen, d.ranked, true)
	case len(v.all) == 0 || v.all[0].meaning.Strength == lexicon.Unknown:
		return fmt.Errorf("no series in %s is named like a loss", l.run.files[0].path)
	}
	return l.otherThanLog(v.seen, &v.all[0], false)
}

func folderOf(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		return path[:i]
	}
	return "."
}
