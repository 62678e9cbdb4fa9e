package lexicon

import (
	"strings"
	"unicode/utf8"
)

// CounterKind orders what may count steps: the lower, the better. Beyond amounts there is no counter.
type CounterKind uint8

const (
	Counts    CounterKind = iota // steps, iterations, updates
	Positions                    // a number by its place in the line alone
	Batches                      // of an epoch, most often
	Strangers                    // names that say nothing
	Epochs                       // of many steps
	Amounts                      // of samples or tokens
	NotACounter
)

// IsNamed says whether it is told by a name that says it, or a place.
func (k CounterKind) IsNamed() bool { return k <= Epochs && k != Strangers }

// counted returns what the name of a number such as "10/600" says of the 10: of "step/max_steps" it is "step".
func counted(name string) string {
	before, total, ok := strings.Cut(name, "/")
	if ok && (strings.HasPrefix(total, "max") || strings.HasPrefix(total, "total")) {
		if CounterOf(before).IsNamed() {
			return before
		}
	}
	return name
}

// CounterOf says what a name counts.
func CounterOf(name string) CounterKind {
	if IsPosition(name) {
		return Positions
	}
	if strings.TrimSpace(name) == "#" {
		return Counts
	}
	name = counted(name)
	kind := Strangers
	all := Words(name)
	for _, word := range all {
		switch {
		case TimeWords[word] && !((word == "total" || word == "id") && len(all) > 1):
			return NotACounter
		case countWords[word]:
			kind = min(kind, Counts)
		case batchWords[word]:
			kind = min(kind, Batches)
		}
	}
	if kind != Strangers {
		for _, word := range all {
			if word == "per" || word == "micro" || word == "skipped" || word == "nan" || word == "warmup" || word == "final" {
				return NotACounter
			}
		}
		return kind
	}
	for _, word := range all {
		switch {
		case EpochWords[word]:
			return Epochs
		case amountWords[word]:
			kind = Amounts
		}
	}
	if kind == Amounts {
		return kind
	}
	if m := MeaningOf(name); m.Strength > RoleAlone || m.Strength == Excluded {
		return NotACounter
	}
	return Strangers
}

// CountsDown says whether a name is of what is left to the end.
func CountsDown(name string) bool { return hasWord(name, countdownWords) }

// lineCounters count where they stand before a number in a line; what they are written together with is none of a counter's words.
var lineCounters = func() map[string]bool {
	all := Set("step steps global_step iteration iterations iter iters it update updates up round tick batch batches minibatch minibatches" +
		" mini-batch rank minibatch_idx batch_idx s n i")
	for _, list := range []map[string]bool{countWords, EpochWords} {
		for word := range list {
			if word[0] >= utf8.RuneSelf || list["epoch"] && word != "pass" {
				all[word] = true
			}
		}
	}
	return all
}()

// CountsLine says whether a word is of what counts in a line.
func CountsLine(word []byte) bool {
	const longest = 32
	if len(word) > longest {
		return false
	}
	var lower [longest]byte
	for i, c := range word {
		switch {
		case c >= utf8.RuneSelf:
			return lineCounters[strings.ToLower(string(word))]
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	return lineCounters[string(lower[:len(word)])]
}
