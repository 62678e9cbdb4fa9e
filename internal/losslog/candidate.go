package losslog

import (
	"fmt"

	"alrc/internal/losslog/lexicon"
)

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
