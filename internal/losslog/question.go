package losslog

import (
	"fmt"
	"slices"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/nolog"
)

// unsure asks which series is meant, unless the file is no log.
func (l *Log) unsure(v *look, all []ranked) error {
	var best *ranked
	if len(all) > 0 {
		best = &all[0]
	}
	if err := l.otherThanLog(v, best, false); err != nil {
		return err
	}
	return l.question(v, all, "")
}

// question asks which series is meant; loss, where it is not empty, is known. Figures are of the whole log, as far as that can
// be had.
func (l *Log) question(v *look, all []ranked, loss string) error {
	path := l.run.files[0].path
	if loss != "" {
		var some []ranked
		for _, r := range all {
			if r.name == loss {
				some = append(some, r)
			}
		}
		all = some
	}
	// Nobody asks which of the numbers that never change is the loss.
	changing := slices.ContainsFunc(all, func(r ranked) bool { return r.least < r.most || r.count < few && r.least == r.most || r.nonFinite > 0 })
	finite := slices.ContainsFunc(all, func(r ranked) bool { return r.least <= r.most })
	if !changing || !finite || all[0].meaning.Strength == lexicon.Unknown && (v.ofPlayers() || v.text && !(v.titled && all[0].name == string(lexicon.Nameless)) && !v.anyFalls(all)) {
		return l.nothingNamed(v.survey)
	}
	if !slices.ContainsFunc(all, func(r ranked) bool { return r.count > 1 }) && len(all) > 1 {
		return fmt.Errorf("%s holds one record of what may be a loss (%s), and holds no course of a training; %s", path, list(names(all)), nolog.GiveLog)
	}
	e := &ChoiceError{Partial: v.partial}
	e.Candidates, e.Left = v.list("", all)
	e.Reason = fmt.Sprintf("several series in %s may be the loss; choose one", path)
	switch best := all[0]; {
	case best.meaning.Strength == lexicon.Unknown:
		e.Reason = fmt.Sprintf("no series in %s is named like a loss; choose one, if it is among them", path)
	case len(e.Candidates) == 1:
		e.Reason = fmt.Sprintf("no series in %s is clearly the loss; choose this, if it is", path)
	}
	return e
}

func names(all []ranked) (names []string) {
	for _, r := range all {
		names = append(names, r.name)
	}
	return names
}

// nothingNamed is the error for a log with numbers, none of which is a loss.
func (l *Log) nothingNamed(s *survey) error {
	for _, f := range s.fields {
		if f.meaning.Strength >= lexicon.Measure && f.numbers > 0 {
			return fmt.Errorf("%s holds no clear loss: %q is named like one, but its numbers do not look like losses of a training; %s '%s' reads them all the same",
				l.run.files[0].path, f.name, l.lossFlag(), f.name)
		}
	}
	return fmt.Errorf("%s holds no loss: none of its numbers is named like one%s", l.run.files[0].path, l.named(s))
}

// named lists some of the names of numbers, for messages.
func (l *Log) named(s *survey) string {
	var names []string
	for _, name := range s.numbers("") {
		if len(names) < mostCandidates && !lexicon.IsPosition(name) && name != string(lexicon.Nameless) && !strings.ContainsAny(name, "/\\") {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" (they are %s); %s NAME reads one of them all the same", list(names), l.lossFlag())
}

// guesses offers keys that the log does hold.
func (l *Log) guesses() string {
	plainly := &Log{run: l.run}
	v, err := plainly.look()
	if err != nil {
		return ""
	}
	plainly.source.Format = v.kind.format
	var names []string
	candidates, _ := v.list("", v.candidates(""))
	for _, c := range candidates {
		if quoted := plainly.lossFlag() + " '" + c.Loss + "'"; len(names) == 0 || names[len(names)-1] != quoted {
			names = append(names, quoted)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; it seems to hold " + list(names)
}

// list joins names for a message.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// mostCandidates is how many series a question lists.
const mostCandidates = 12

// list returns what the log may be read for, best first.
func (s *survey) list(run string, all []ranked) (list []Candidate, left int) {
	if len(all) == 0 {
		return nil, 0
	}
	best := all[0]
	for _, r := range all {
		// Where names say what losses are, others are none; nor are the extremes of what is listed.
		if r.meaning.Strength == lexicon.Unknown && best.meaning.Strength == lexicon.Loss || r.meaning.Statistic == lexicon.Extreme && best.meaning.Statistic != lexicon.Extreme {
			continue
		}
		// What never changes is no loss that a person asks about, where others are.
		if r.count > 1 && r.nonFinite == 0 && r.least == r.most && best.least < best.most {
			continue
		}
		if len(list) == mostCandidates {
			left++
			continue
		}
		c := Candidate{Run: run, Loss: r.name, Count: r.count, Least: r.least, Most: r.most, NaN: r.nonFinite}
		switch {
		case r.label == "":
		case s.split != "":
			c.Where = fmt.Sprintf("%s=%s", s.split, r.label)
		default:
			c.Lines = r.label
		}
		list = append(list, c)
	}
	return list, left
}

// Candidate is a series of losses that a log may be read for.
type Candidate struct {
	Run   string  `json:"run,omitempty"`   // the folder, where there are several
	Loss  string  `json:"loss"`            // column, field, tag or key
	Where string  `json:"where,omitempty"` // the condition that tells its records from others
	Lines string  `json:"lines,omitempty"` // the words that tell its lines from others
	Count int     `json:"count"`
	Least float64 `json:"-"`
	Most  float64 `json:"-"`
	NaN   int     `json:"not_finite,omitempty"`
}

// ChoiceError says that a log holds several series and none was chosen.
type ChoiceError struct {
	Reason     string
	Candidates []Candidate
	// Left is the number of candidates that are not listed.
	Left int
	// Partial says that counts and ranges are of the log's beginning.
	Partial bool
}

func (e *ChoiceError) Error() string { return e.Reason }
