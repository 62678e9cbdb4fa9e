package lexicon

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

// CounterOf says what a name counts.
func CounterOf(name string) CounterKind {
	if IsPosition(name) {
		return Positions
	}
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
			if word == "per" || word == "micro" || word == "skipped" || word == "nan" {
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
