package replay

import (
	"fmt"
	"slices"

	"alrc/internal/stabiliser"
	"alrc/internal/statistics"
	"alrc/internal/words"
)

// note says what a user has to know of how a method did; "" is nothing.
func (t *trial) note(e *entrant) string {
	const nearlyAll = 0.9
	waits := int64(0)
	if m, ok := e.method.(interface{ Waits() int }); ok {
		waits = int64(m.Waits())
	}
	switch {
	case waits >= t.records:
		return fmt.Sprintf("it decides nothing before it knows %s, more than the log has", words.Counted(waits+1, "record"))
	case e.Missed > 0 && t.records < 4*waits:
		return fmt.Sprintf("it decides nothing before record %s", words.Count(waits+1))
	case e.isLost:
		return fmt.Sprintf("its factor is not a number from step %s on, and the weights are lost", words.Count(e.lost))
	case float64(e.Stopped) >= nearlyAll*float64(t.records):
		return fmt.Sprintf("it would have stopped nearly every step, %s of %s: the network would hardly have learnt",
			words.Count(e.Stopped), words.Count(t.records))
	case e.isSpoilt && spoils(e.method) && e.last > e.spoilt && e.Sees == "norm":
		return fmt.Sprintf("what it sees is not finite at step %s, and from there on its fixed maximum alone acts", words.Count(e.spoilt))
	case e.isSpoilt && spoils(e.method) && e.last <= e.spoilt:
		return fmt.Sprintf("what it sees is not finite at step %s, and from there on it never acts again", words.Count(e.spoilt))
	case e.isSpoilt && e.LongestStopFrom >= e.spoilt && e.LongestStop > 1:
		return fmt.Sprintf("what it sees is not finite at step %s, and it stops %s for that", words.Count(e.spoilt),
			words.Counted(e.LongestStop, "step"))
	case float64(e.Acted) >= nearlyAll*float64(t.records):
		text := "it acts on nearly every step, so that it lowers the learning rate rather than catching outliers"
		if _, ok := e.method.(*stabiliser.Norm); ok {
			if limit := t.hundredth(); limit > 0 {
				text += fmt.Sprintf("; norm:%s would have acted on one in a hundred", words.Short(limit, 2))
			}
		}
		return text
	case 2*e.Stopped >= t.records:
		return fmt.Sprintf("it would have stopped %s of the steps", words.Percent(float64(e.Stopped)/float64(t.records)))
	}
	return ""
}

// spoils says whether a method's state holds what is not finite at the end.
func spoils(m stabiliser.Method) bool {
	return slices.ContainsFunc(m.State(), func(x float64) bool { return x-x != 0 })
}

// hundredth is the norm that one in a hundred of the log's exceeds.
func (t *trial) hundredth() float64 {
	finite := statistics.Finite(t.norms)
	if len(finite) == 0 {
		return 0
	}
	slices.Sort(finite)
	return statistics.Percentile(finite, 0.99)
}

var stabiliserHeader = []string{"method", "sees", "acted on", "false alarms", "spikes missed", "longest stop"}

// stabiliserRows are those of the table of methods.
func (s *Stabilisers) rows() (rows [][]string) {
	for _, m := range s.Methods {
		row := []string{m.Method, m.Sees, fmt.Sprintf("%s (%s)", words.Count(m.Acted), words.Percent(float64(m.ActedShare))), words.Count(m.FalseAlarms),
			fmt.Sprintf("%s of %s", words.Count(m.Missed), words.Count(s.Episodes)), "-"}
		if m.LongestStop > 0 {
			row[5] = words.Counted(m.LongestStop, "step")
		}
		rows = append(rows, row)
	}
	return rows
}

// notes are those of the methods, and of the table.
func (s *Stabilisers) notes() (notes []string) {
	for _, m := range s.Methods {
		if m.Note != "" {
			notes = append(notes, m.Method+": "+m.Note)
		}
	}
	if s.GradientNorm == "" {
		notes = append(notes, "the log has no norm of the gradient, which the other methods need")
	}
	return append(notes, s.Notes...)
}

const (
	stabilisersTitle       = "What other methods would have done"
	stabilisersExplanation = "At their defaults, on the same log. A false alarm is a step acted on that is in no spike episode; a spike is missed if" +
		" none of its episode's steps was acted on; a stop is steps in a row that would have moved the weights by less than a hundredth."
)
