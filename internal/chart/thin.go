package chart

import "math"

// Series is a run's losses step by step, to be made a line of.
type Series struct {
	// Step has the steps, in order, and Loss, Threshold and Hours a value for each; Threshold and Hours may be nil. What is
	// not known is NaN.
	Step, Loss, Threshold, Hours []float64
	// Records and Highest, where they are there, say that the losses are means of so many steps up to Step, and the highest of
	// those. Bins then have no lowest loss.
	Records, Highest []float64
	// Single are the steps around which every step is kept.
	Single []int64
}

// Around is how many steps before and after a peak are kept one by one.
const Around = 50

// Thin puts the losses into about so many bins, of which the lowest, the highest and the mean are kept, and none around the
// single steps.
func (s *Series) Thin(bins int) Line {
	n := len(s.Step)
	whole := make([]bool, n) // steps that are kept one by one
	at := 0
	for _, step := range s.Single {
		for at < n && s.Step[at] < float64(step-Around) {
			at++
		}
		for ; at < n && s.Step[at] <= float64(step+Around); at++ {
			whole[at] = true
		}
	}
	size := max(1, (n+bins-1)/max(bins, 1))
	var l Line
	var mean, low, high, threshold, hours []float64
	for first := 0; first < n; {
		end := first + 1
		// Bins begin at the multiples of their size, and where single steps end.
		for !whole[first] && end < n && !whole[end] && end%size != 0 {
			end++
		}
		b, step, records := sum(s.Loss[first:end]), s.Step[first], end-first
		if s.Records != nil {
			step, records = step-s.Records[first]+1, int(sum(s.Records[first:end]).mean*float64(end-first)+0.5)
			b.high = sum(s.Highest[first:end]).high
		}
		mean = append(mean, b.mean)
		if records > 1 {
			low, high = append(low, b.low), append(high, b.high)
		}
		if s.Threshold != nil {
			threshold = append(threshold, sum(s.Threshold[first:end]).mean)
		}
		if s.Hours != nil {
			hours = append(hours, s.Hours[end-1])
		}
		l.Steps = append(l.Steps, [2]int64{int64(step), int64(records)})
		first = end
	}
	l.Mean = *NewColumn(mean)
	if high != nil {
		l.High = NewColumn(high)
	}
	if low != nil && s.Records == nil {
		l.Low = NewColumn(low)
	}
	if anyFinite(threshold) {
		l.Threshold = NewColumn(threshold)
	}
	if anyFinite(hours) {
		l.Time = NewColumn(hours)
	}
	l.Stretch()
	return l
}

// Stretch writes Steps that are even as Stretches, where that is shorter.
func (l *Line) Stretch() {
	var stretches [][4]int64
	for _, bin := range l.Steps {
		step, records := bin[0], bin[1]
		if k := len(stretches) - 1; k >= 0 && stretches[k][3] == records {
			last := &stretches[k]
			if last[2] == 1 {
				last[1] = step - last[0]
			}
			if last[0]+last[1]*last[2] == step {
				last[2]++
				continue
			}
		}
		stretches = append(stretches, [4]int64{step, records, 1, records})
	}
	if 2*len(stretches) < len(l.Steps) || len(stretches) < 4 {
		l.Stretches, l.Steps = stretches, nil
	}
}

type bin struct{ low, high, mean float64 }

// sum is of the finite values; NaN where there are none.
func sum(values []float64) bin {
	b := bin{math.NaN(), math.NaN(), 0}
	count := 0.
	for _, value := range values {
		if value-value != 0 {
			continue
		}
		if count++; count == 1 {
			b.low, b.high = value, value
		}
		b.low, b.high = min(b.low, value), max(b.high, value)
		b.mean += (value - b.mean) / count
	}
	if count == 0 {
		b.mean = math.NaN()
	}
	return b
}

func anyFinite(values []float64) bool {
	for _, value := range values {
		if value-value == 0 {
			return true
		}
	}
	return false
}
