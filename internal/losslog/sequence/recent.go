package sequence

// Recent holds the last records of a log, to know them again where they are told twice, as by two loggers of which one writes blocks.
type Recent struct {
	steps  [1024]float64
	losses [1024]float64
	count  int
	most   float64 // the highest step
}

// Told says whether a record, which is not of a higher step than all before, was there before.
func (l *Recent) Told(step, loss float64) bool {
	if l.count == 0 || step > l.most {
		return false
	}
	for i := range min(l.count, len(l.steps)) {
		if l.steps[i] == step && (l.losses[i] == loss || loss != loss && l.losses[i] != l.losses[i]) {
			return true
		}
	}
	return false
}

// Add adds a record.
func (l *Recent) Add(step, loss float64) {
	if l.count == 0 || step > l.most {
		l.most = step
	}
	i := l.count % len(l.steps)
	l.steps[i], l.losses[i] = step, loss
	l.count++
}

// GoesBack says whether a step is not above all before.
func (l *Recent) GoesBack(step float64) bool { return l.count > 0 && step <= l.most }
