package losslog

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
)

// labelling says what tells the lines of a survey's likely loss apart, from a sample of the log; loss is what a flag names.
func (s *survey) labelling(sample []byte, loss, step string) console.Labels {
	label := ""
	if loss == "" {
		all := s.candidates(step)
		if len(all) == 0 || all[0].meaning.Strength == lexicon.Unknown {
			return console.Labels{}
		}
		loss, label = all[0].name, all[0].label
	} else if !s.has(loss) {
		return console.Labels{}
	}
	if lexicon.MeaningOf(loss).Role != lexicon.Unsaid {
		return console.Labels{}
	}
	var roles, totals, leads []string
	var losses []float64
	var bars barring
	r := readers.Get().(*console.Reader)
	defer readers.Put(r)
	told := func(pairs []console.Pair, by console.Labelling) string {
		return string(r.Told(pairs, &console.Labels{By: by, Loss: loss}))
	}
	skip := func(line []byte) bool { return len(leads) >= mostRecords || !bytes.Contains(line, []byte(loss)) }
	console.Layout{}.Records(sample, r, nil, skip, func(_, _ int, pairs []console.Pair) {
		for _, p := range pairs {
			if string(p.Name) == loss && string(r.Label(pairs, &console.Labels{})) == label {
				roles = append(roles, told(pairs, console.ByNames))
				totals = append(totals, told(pairs, console.ByTotals))
				leads = append(leads, told(pairs, console.ByLead))
				losses = append(losses, p.Value)
				bars.see(told(pairs, console.ByBars) != "", p.Value, pairs)
				break
			}
		}
	})
	switch {
	case tellApart(roles):
		return console.Labels{By: console.ByNames, Loss: loss}
	case inTurns(totals, losses):
		return console.Labels{By: console.ByTotals, Loss: loss}
	case inTurns(leads, losses) || inParts(leads):
		return console.Labels{By: console.ByLead, Loss: loss}
	case bars.tellApart():
		return console.Labels{By: console.ByBars, Loss: loss}
	}
	return console.Labels{}
}

// barring watches which lines of a loss end a progress bar.
type barring struct {
	barred, bare int
	again        int    // bare lines with the loss of the line before
	names        string // those of the last line, but for what the bar tells
	alike        int    // lines with the names of the line before, of which one ends a bar and one does not
	changes      int    // such pairs
	last         float64
	wasBarred    bool
}

func (b *barring) see(barred bool, loss float64, pairs []console.Pair) {
	var names strings.Builder
	for i := range pairs {
		if p := &pairs[i]; !p.Unit && !lexicon.IsPosition(string(p.Name)) {
			names.Write(p.Name)
			names.WriteByte('\n')
		}
	}
	if b.barred+b.bare > 0 && barred != b.wasBarred {
		b.changes++
		b.alike += flagOf(names.String() == b.names)
	}
	b.again += flagOf(!barred && loss == b.last)
	b.barred += flagOf(barred)
	b.bare += flagOf(!barred)
	b.names, b.last, b.wasBarred = names.String(), loss, barred
}

// tellApart says whether lines without a bar are others than those with one. They are not where they hold the same names and other losses: what
// a program writes while a bar is drawn stands behind the bar, or on a line of its own.
func (b *barring) tellApart() bool {
	const few = 2
	return min(b.barred, b.bare) > few && !(b.alike*10 >= b.changes*9 && b.again*10 <= b.bare)
}

// tellApart says whether nearly all records have names of either training or validation.
func tellApart(roles []string) bool {
	count := make(map[string]int)
	for _, role := range roles {
		count[role]++
	}
	return count["train"] > 1 && count["test"] > 1 && count[""]*50 <= len(roles)
}

// mostLeads is how many series words before a loss may tell apart.
const mostLeads = 6

// inTurns says whether several words take turns, with losses of their own.
func inTurns(leads []string, losses []float64) bool {
	period := len(distinct(leads))
	if period < 2 || len(leads) < max(2*period, 8) {
		return false
	}
	turns, twice := 0, 0
	for i := period; i < len(leads); i++ {
		if leads[i] == leads[i-period] && leads[i] != leads[i-1] {
			turns++
		}
		if losses[i] == losses[i-1] || math.IsNaN(losses[i]) {
			twice++
		}
	}
	n := len(leads) - period
	return turns*10 >= n*9 && twice*10 < n*4
}

// inParts says whether the log has one part after the other by words before the loss.
func inParts(leads []string) bool {
	different := distinct(leads)
	if len(different) < 2 {
		return false
	}
	parts, length := 1, 1
	for i := 1; i < len(leads); i++ {
		if leads[i] == leads[i-1] {
			length++
			continue
		}
		if length < 5 {
			return false
		}
		parts, length = parts+1, 1
	}
	return parts == len(different) && length >= 5
}

// distinct returns the words before losses, in order; none where some losses have none, or where there are too many.
func distinct(leads []string) (different []string) {
	for _, lead := range leads {
		if lead == "" {
			return nil
		}
		if !slices.Contains(different, lead) {
			if different = append(different, lead); len(different) > mostLeads {
				return nil
			}
		}
	}
	return different
}

// alike returns the series that only words before their losses tell from one.
func (s *survey) alike(one ranked) []ranked { return s.alikeOf(s.candidates(""), one) }

func (s *survey) alikeOf(all []ranked, one ranked) (alike []ranked) {
	if s.by.By != console.ByLead || one.name != s.by.Loss {
		return nil
	}
	for _, r := range all {
		if r.name == one.name && r.compare(one) == 0 {
			alike = append(alike, r)
		}
	}
	return alike
}
