package alrc

import (
	"fmt"
	"math"
)

// thresholds are what a step needs to know of the clipper.
type thresholds struct {
	lower, upper float64
	mean         float64
	// spread is the distance of the upper threshold from the mean, kept apart because the difference of the two may
	// round to 0.
	spread   float64
	rule     Rule
	maxRaise float64
	// sides asks for the distances of losses above and below the mean.
	sides bool
}

// clip fills scales and sums up the losses in s, which is empty. Most steps have no loss beyond a threshold; one-sided
// and constant clipping take a quick path for them.
func clip[F float32 | float64](t *thresholds, losses, scales []F, s *Statistics) {
	if len(scales) != len(losses) {
		panic(fmt.Sprintf("alrc: there is room for %d scales, and there are %d losses", len(scales), len(losses)))
	}
	s.Limits = Limits{Lower: t.lower, Upper: t.upper}
	switch {
	case t.sides:
		clipSides(t, losses, scales, s)
	case !quick(t.upper, losses, s):
		clipAbove(t, losses, scales, s)
	default:
		for i := range scales {
			scales[i] = 1
		}
	}
}

// clipAbove clips losses of which some may be beyond the upper threshold.
func clipAbove[F float32 | float64](t *thresholds, losses, scales []F, s *Statistics) {
	low, high := -LargestLoss, min(t.upper, LargestLoss)
	var sum, squares float64
	for i, single := range losses {
		loss := float64(single)
		if loss >= low && loss <= high {
			scales[i] = 1
		} else if loss = clipOne(t, loss, &scales[i], s); !finite(loss) {
			continue
		}
		sum += loss
		squares += float64(loss * loss)
	}
	s.Count, s.Sum, s.SumSquares = len(losses)-s.NonFinite, sum, squares
}

// clipSides clips losses on either side of their mean.
func clipSides[F float32 | float64](t *thresholds, losses, scales []F, s *Statistics) {
	low, high, mean := max(t.lower, -LargestLoss), min(t.upper, LargestLoss), t.mean
	var sum, squares, above, below float64
	var countBelow, countAway uint64
	for i, single := range losses {
		loss := float64(single)
		if loss >= low && loss <= high {
			scales[i] = 1
		} else if loss = clipOne(t, loss, &scales[i], s); !finite(loss) {
			continue
		}
		sum += loss
		squares += float64(loss * loss)
		// Losses fall on either side at random, which makes a branch dear: the sign bit picks the sum that the distance is
		// added to, and the other gets 0. (That 0 is added here turns -0 into 0.)
		distance := math.Float64bits(loss - mean + 0)
		negative := uint64(int64(distance) >> 63)
		above += math.Float64frombits(distance &^ negative)
		below += math.Float64frombits(distance & negative &^ (1 << 63))
		countBelow += negative & 1
		if distance != 0 {
			countAway++
		}
	}
	s.Count, s.Sum, s.SumSquares = len(losses)-s.NonFinite, sum, squares
	s.Above, s.CountAbove = above, int(countAway-countBelow)
	s.Below, s.CountBelow = below, int(countBelow)
}

// clipOne sets the scale of a loss that is beyond a threshold, not finite, or too large for the moments. It returns what
// the moments take, which is not finite where they take nothing.
func clipOne[F float32 | float64](t *thresholds, loss float64, scale *F, s *Statistics) (limited float64) {
	if !finite(loss) {
		*scale = 0
		s.NonFinite++
		return loss
	}
	limited, factor := t.limit(loss)
	if factor < 1 {
		s.Clipped++
	} else if factor > 1 {
		s.Raised++
	}
	*scale = F(factor)
	if *scale == 0 { // in single precision alone: double precision has smaller numbers
		*scale = math.SmallestNonzeroFloat32
	}
	return min(max(limited, -LargestLoss), LargestLoss)
}

// quick sums losses that are all finite, below upper and of ordinary size. For others it reports false and leaves s
// unchanged.
func quick[F float32 | float64](upper float64, losses []F, s *Statistics) bool {
	if upper > LargestLoss {
		upper = LargestLoss
	}
	var a, b, c, d, aa, bb, cc, dd float64
	i := 0
	for ; i+4 <= len(losses); i += 4 {
		part := losses[i : i+4 : i+4]
		w, x, y, z := float64(part[0]), float64(part[1]), float64(part[2]), float64(part[3])
		// The comparisons are false for NaN.
		if !(w < upper) || !(x < upper) || !(y < upper) || !(z < upper) {
			return false
		}
		a += w
		b += x
		c += y
		d += z
		aa += float64(w * w)
		bb += float64(x * x)
		cc += float64(y * y)
		dd += float64(z * z)
	}
	for ; i < len(losses); i++ {
		w := float64(losses[i])
		if !(w < upper) {
			return false
		}
		a += w
		aa += float64(w * w)
	}
	squares := (aa + bb) + (cc + dd)
	if squares > LargestLoss*LargestLoss { // of a hugely negative loss
		return false
	}
	s.Count, s.Sum, s.SumSquares = len(losses), (a+b)+(c+d), squares
	return true
}

// limit returns what the moments take for a finite loss, and the scale of its gradient. A scale of 0 would lose the
// gradient of a loss that is finite, so none underflows.
func (t *thresholds) limit(loss float64) (limited, scale float64) {
	switch {
	case loss > t.upper:
		switch {
		case loss > 0 && t.upper > 0 && t.rule != RuleDistance:
			return t.upper, max(t.upper/loss, math.SmallestNonzeroFloat64)
		case t.rule == RuleRatio:
			return loss, 1
		case loss-t.mean > t.spread:
			return t.upper, max(t.spread/(loss-t.mean), math.SmallestNonzeroFloat64)
		}
		return t.upper, 1
	case loss < t.lower && loss > 0 && t.lower > 0:
		raise := min(t.lower/loss, t.maxRaise)
		return min(t.lower, raise*loss), raise
	}
	return loss, 1
}

func finite(x float64) bool { return x-x == 0 }
