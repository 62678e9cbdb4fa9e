package alrc

import "math"

// thresholds are what a step needs of a state.
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

// clip fills scales and sums up the losses in s, which is empty. Most steps have no loss beyond a threshold: these
// take the quick path.
func clip[F float32 | float64](t *thresholds, losses, scales []F, s *Statistics) {
	scales = scales[:len(losses)]
	s.Limits = Limits{Lower: t.lower, Upper: t.upper}
	if !t.sides && quick(t.upper, losses, s) {
		for i := range scales {
			scales[i] = 1
		}
		return
	}
	var sum, squares, above, below float64
	for i, single := range losses {
		loss := float64(single)
		if !finite(loss) {
			scales[i] = 0
			s.NonFinite++
			continue
		}
		limited := loss
		scales[i] = 1
		if loss > t.upper || loss < t.lower {
			var scale float64
			limited, scale = t.limit(loss)
			if scale < 1 {
				s.Clipped++
			} else if scale > 1 {
				s.Raised++
			}
			scales[i] = F(scale)
			if scales[i] == 0 { // in single precision alone: double precision has smaller numbers
				scales[i] = math.SmallestNonzeroFloat32
			}
		}
		limited = min(max(limited, -largest), largest)
		s.Count++
		sum += limited
		squares += float64(limited * limited)
		if t.sides {
			if distance := limited - t.mean; distance > 0 {
				above += distance
				s.CountAbove++
			} else if distance < 0 {
				below -= distance
				s.CountBelow++
			}
		}
	}
	s.Sum, s.SumSquares, s.Above, s.Below = sum, squares, above, below
}

// quick sums losses that are all finite, below upper and of ordinary size; of others it reports false, and leaves s
// as it is.
func quick[F float32 | float64](upper float64, losses []F, s *Statistics) bool {
	if upper > largest {
		upper = largest
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
	if squares > largest*largest { // of a hugely negative loss
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
