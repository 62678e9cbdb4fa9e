package losslog

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
)

// labelling is what tells lines with the same loss apart, besides words such as "train".
type labelling uint8

const (
	byWords labelling = iota
	// byNames: lines of training hold "train acc", and those of a test "test acc".
	byNames
	// byTotals: full bars of training and of a test take turns, which only their totals tell apart: "391/391" and "79/79".
	byTotals
	// byBars: some lines end a progress bar, and others tell the same again.
	byBars
	// byLead: words before the loss say whose it is, as in "Baseline - loss 0.5".
	byLead
)

// labelBy returns the label of a record of the line at hand.
func (r *lineReader) labelBy(by labelling, loss string, pairs []pair) []byte {
	label := r.labelOf()
	var more []byte
	switch by {
	case byNames:
		more = rolesOf(pairs, loss).label()
	case byTotals:
		more = totalOf(pairs)
	case byBars:
		if r.hasBar() {
			more = barLabel
		}
	case byLead:
		more = r.lead(pairs, loss)
	}
	if len(more) > 0 && !bytes.Contains(label, more) {
		if len(label) > 0 {
			label = append(label, ' ')
		}
		label = append(label, more...)
		r.label = label
	}
	return label
}

// totalOf returns the number of a record's first full bar.
func totalOf(pairs []pair) []byte {
	for i := range pairs {
		if p := &pairs[i]; string(p.name) == string(lexicon.OfTotal) {
			if p.value != p.total {
				return nil
			}
			return p.text
		}
	}
	return nil
}

// barLabel is the label of lines with a progress bar.
var barLabel = []byte("bar")

// hasBar says whether the line has a bar behind a share: "100%|####", or the count of one that is past its total: "15it [04:02".
func (r *lineReader) hasBar() bool {
	if i := bytes.Index(r.line, []byte("it [")); i > 0 && decimal.IsDigit(r.line[i-1]) {
		return true
	}
	for i := 1; i < len(r.tokens); i++ {
		if r.isBar(i - 1) {
			return true
		}
	}
	return false
}

// isBar says whether number i is the share that a bar shows, and not one before a bar between fields: "done: 40%|lr: 0.1".
func (r *lineReader) isBar(i int) bool {
	if i+1 >= len(r.tokens) || r.tokens[i].kind != numberToken {
		return false
	}
	t := &r.tokens[i+1]
	letter := t.end < len(r.line) && r.line[t.end]|0x20 >= 'a' && r.line[t.end]|0x20 <= 'z'
	return t.kind == markToken && t.mark == '|' && r.line[t.begin-1] == '%' && !letter
}

// onlyFull says whether all bars of a series are full, so that each is of an epoch, and not of a step.
func (s *survey) onlyFull(t *tally) bool {
	full := true
	s.own(t, func(values []sampledValue) {
		for _, v := range values {
			full = full && (v.total < 0 || v.number == v.total || s.fields[v.field].counter == lexicon.Epochs)
		}
	})
	return full
}

// roles are those that the names of a record say.
type roles struct{ training, validation bool }

// rolesOf returns the roles that the names beside a loss say.
func rolesOf(pairs []pair, loss string) (all roles) {
	for i := range pairs {
		if p := &pairs[i]; p.first >= 0 && string(p.name) != loss {
			switch lexicon.MeaningOf(string(p.name)).Role {
			case lexicon.Training:
				all.training = true
			case lexicon.Validation:
				all.validation = true
			}
		}
	}
	return all
}

func (r roles) label() []byte {
	switch {
	case r.training && !r.validation:
		return []byte("train")
	case r.validation && !r.training:
		return []byte("test")
	}
	return nil
}

// lead returns the last words before a loss that belong to no number and to no prefix of a logger.
func (r *lineReader) lead(pairs []pair, loss string) []byte {
	at := -1
	for i := range pairs {
		if string(pairs[i].name) == loss {
			at = pairs[i].first
			break
		}
	}
	const most = 2
	var words [most][]byte
	n := 0
	for i := at - 1; i >= 0 && n < most; i-- {
		if t := &r.tokens[i]; t.used || t.kind != wordToken {
			continue
		}
		word := r.word(i)
		if counterOfLine(word) || prefixWord(word) {
			continue
		}
		n++
		words[most-n] = word
	}
	return bytes.Join(words[most-n:], []byte{' '})
}

var (
	// loggerWords stand in the prefixes of loggers: levels, and parts of dates.
	loggerWords = lexicon.Set("info debug warning warn error critical notice trace log logger root main am pm utc gmt mon tue wed thu fri sat sun jan feb mar" +
		" apr may jun jul aug sep oct nov dec")
	// workerWords begin the names of one of several that train one model.
	workerWords = []string{"rank", "worker", "gpu", "node", "host", "proc", "cuda", "device", "task", "pid", "thread", "shard", "replica", "stage"}
)

// prefixWord says whether a word before a loss tells when, where or by whom it was written, but not of what it is.
func prefixWord(word []byte) bool {
	if len(word) > 24 || bytes.ContainsAny(word, "./\\:") {
		return true
	}
	lower := strings.ToLower(string(word))
	// A date, as in I0401, or a number of a process.
	if len(strings.TrimRight(lower, "0123456789"))+3 <= len(lower) {
		return true
	}
	// So does the name of a time: "eta: 1 day, 6:34:13".
	return loggerWords[lower] || lexicon.TimeWords[lower] && !lexicon.EmptyWords[lower] || timeUnits[lower] || lower == "day" || lower == "days" || slices.ContainsFunc(workerWords, func(w string) bool { return strings.HasPrefix(lower, w) })
}

// labelling says what tells the lines of a survey's likely loss apart, from a sample of the log; loss is what a flag names.
func (s *survey) labelling(sample []byte, loss, step string) (labelling, string) {
	label := ""
	if loss == "" {
		all := s.candidates(step)
		if len(all) == 0 || all[0].meaning.Strength == lexicon.Unknown {
			return byWords, ""
		}
		loss, label = all[0].name, all[0].label
	} else if !s.has(loss) {
		return byWords, ""
	}
	if lexicon.MeaningOf(loss).Role != lexicon.Unsaid {
		return byWords, ""
	}
	var told []roles
	var leads, totals []string
	var losses []float64
	barred := 0
	r := readers.Get().(*lineReader)
	defer readers.Put(r)
	lines(sample, func(line []byte, _, _ int) {
		if len(leads) == mostRecords || !bytes.Contains(line, []byte(loss)) {
			return
		}
		for pairs := r.read(line); len(pairs) > 0; {
			n := oneRecord(pairs)
			for _, p := range pairs[:n] {
				if string(p.name) == loss && string(r.labelOf()) == label {
					told = append(told, rolesOf(pairs[:n], loss))
					totals = append(totals, string(totalOf(pairs[:n])))
					leads = append(leads, string(r.lead(pairs[:n], loss)))
					losses = append(losses, p.value)
					barred += flagOf(r.hasBar())
					break
				}
			}
			pairs = pairs[n:]
		}
	})
	switch {
	case tellApart(told):
		return byNames, loss
	case inTurns(totals, losses):
		return byTotals, loss
	case inTurns(leads, losses) || inParts(leads):
		return byLead, loss
	case min(barred, len(told)-barred) > 2:
		return byBars, loss
	}
	return byWords, ""
}

// tellApart says whether nearly all records have names of either training or validation.
func tellApart(told []roles) bool {
	count := make(map[string]int)
	for _, r := range told {
		count[string(r.label())]++
	}
	return count["train"] > 1 && count["test"] > 1 && count[""]*50 <= len(told)
}

// mostLeads is how many series words before a loss may tell apart.
const mostLeads = 6

// inTurns says whether several words take turns, with losses of their own.
func inTurns(leads []string, losses []float64) bool {
	period := len(distinct(leads))
	if period < 2 || len(leads) < 4*period {
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
	if s.by != byLead || one.name != s.loss {
		return nil
	}
	for _, r := range all {
		if r.name == one.name && r.compare(one) == 0 {
			alike = append(alike, r)
		}
	}
	return alike
}
