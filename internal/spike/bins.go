package spike

// bins count the losses of a window by where they lie, in binCount steps of equal width about the median. From them
// follows a least value of the median absolute deviation that is nearly the deviation itself, without a search. They
// are made when a loss first needs them, and are kept from then on until the window's bound changes.
type bins struct {
	made            bool
	origin, perUnit float64
	counts          [binCount]uint8
	of              [256]uint8 // a ring by record
}

const (
	binCount = 64
	// binReach is how far beyond the median bins go, in the least deviations of the bound. What lies further out is in
	// the first bin or the last.
	binReach = 4
	// binSlack is more than the rounding of a place, in bins.
	binSlack = 1e-6
)

// place is where a loss lies, in bins from the first one's lower edge. It never falls as losses rise.
func (b *bins) place(x float64) float64 { return (x - b.origin) * b.perUnit }

func (b *bins) add(record int64, x float64) {
	i := 0
	if place := b.place(x); place >= binCount-1 {
		i = binCount - 1
	} else if place > 0 {
		i = int(place)
	}
	b.of[record&255] = uint8(i)
	b.counts[i]++
}

func (b *bins) remove(record int64) { b.counts[b.of[record&255]]-- }

// make lays out bins about the bound's medians, from to to, and takes the losses of the window.
func (b *bins) make(w *window) {
	margin := binReach * w.reach
	*b = bins{made: true, origin: w.from - margin, perUnit: binCount / (w.to - w.from + 2*margin)}
	for i := w.low; i < w.high; i++ {
		if x := w.loss[i&255]; x-x == 0 {
			b.add(i, x)
		}
	}
}

// ordinary says that a loss surely lies less than limit robust deviations above the median of the n losses in bins, or
// of all but the highest.
func (b *bins) ordinary(x, limit float64, n int) bool {
	var upTo [binCount]int
	sum := 0
	for i, count := range b.counts {
		sum += int(count)
		upTo[i] = sum
	}
	// The median is the mean of the losses of two successive ranks, or one of them.
	low := 0
	for upTo[low] <= n/2-1 {
		low++
	}
	high := low
	for upTo[high] <= n/2 {
		high++
	}
	if low == 0 || high == binCount-1 {
		return false
	}
	// A loss can only be so far above the lowest median if half of all lie within this reach of the median.
	reach := (b.place(x)-float64(low)+binSlack)/(limit*consistent) + binSlack
	first, last := float64(low)-reach, float64(high+1)+reach
	if !(reach >= 0 && first >= 1 && last < binCount-1) {
		return false
	}
	return upTo[int(last)]-upTo[int(first)-1] < (n-1)/2
}
