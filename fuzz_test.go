package alrc_test

import (
	"encoding/binary"
	"math"
	"reflect"
	"testing"

	"alrc"
)

// hostile reads numbers from a fuzzer's bytes; after the last it reads zeros.
type hostile []byte

func (h *hostile) byte() byte {
	if len(*h) == 0 {
		return 0
	}
	b := (*h)[0]
	*h = (*h)[1:]
	return b
}

// float is an ordinary number, an odd one, or any bits at all.
func (h *hostile) float() float64 {
	switch kind := h.byte(); kind % 16 {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(1)
	case 2:
		return math.Inf(-1)
	case 3:
		return math.MaxFloat64
	case 4:
		return -math.MaxFloat64
	case 5:
		return math.SmallestNonzeroFloat64
	case 6:
		return 0
	case 7, 8, 9:
		var bits [8]byte
		for i := range bits {
			bits[i] = h.byte()
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(bits[:]))
	default:
		return (float64(h.byte()) - 64) / 8
	}
}

func (h *hostile) int() int {
	switch h.byte() % 4 {
	case 0:
		return math.MaxInt
	case 1:
		return math.MinInt
	default:
		return int(int8(h.byte()))
	}
}

func (h *hostile) moments() *alrc.Moments {
	if h.byte()%2 == 0 {
		return nil
	}
	return &alrc.Moments{Mu1: h.float(), Mu2: h.float()}
}

// clipper returns nil where the options are refused.
func (h *hostile) clipper() (clipper alrc.Clipper, maxRaise float64) {
	rule := alrc.Rule(h.byte() % 3)
	var err error
	switch h.byte() % 3 {
	case 0:
		clipper, err = alrc.New(alrc.Options{N: h.float(), Decay: h.float(), Moments: h.moments(), Rule: rule})
	case 1:
		o := alrc.TwoSidedOptions{NDown: h.float(), NUp: h.float(), MaxRaise: h.float(), Decay: h.float(), Moments: h.moments(), Rule: rule}
		clipper, err = alrc.NewTwoSided(o)
		if maxRaise = o.MaxRaise; maxRaise == 0 {
			maxRaise = 10
		}
	default:
		clipper, err = alrc.NewConstant(h.float())
	}
	if err != nil {
		return nil, 0
	}
	return clipper, max(maxRaise, 1)
}

func (h *hostile) losses() []float64 {
	losses := make([]float64, h.byte()%9)
	for i := range losses {
		losses[i] = h.float()
	}
	return losses
}

// sound checks what holds after any input.
func sound(t *testing.T, clipper alrc.Clipper) {
	t.Helper()
	s := clipper.State()
	for _, x := range []float64{s.Mu1, s.Mu2, s.Up, s.Down, s.Bias} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Fatalf("state %+v", s)
		}
	}
	if limits := clipper.Limits(); math.IsNaN(limits.Lower) || math.IsNaN(limits.Upper) || limits.Lower > limits.Upper {
		t.Fatalf("limits %+v", limits)
	}
}

// step takes a clipper through a step, in either precision, and checks the scales.
func step(t *testing.T, clipper alrc.Clipper, losses []float64, maxRaise float64, single bool) {
	t.Helper()
	scales := make([]float64, len(losses))
	if single {
		losses32, scales32 := make([]float32, len(losses)), make([]float32, len(losses))
		for i, loss := range losses {
			losses32[i] = float32(loss)
			losses[i] = float64(losses32[i])
		}
		clipper.Step32(losses32, scales32)
		for i, scale := range scales32 {
			scales[i] = float64(scale)
		}
		maxRaise = float64(float32(maxRaise))
	} else {
		clipper.Step(losses, scales)
	}
	for i, loss := range losses {
		scale := scales[i]
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			if scale != 0 {
				t.Fatalf("loss %v has scale %v", loss, scale)
			}
		} else if !(scale > 0 && scale <= maxRaise) || scale > 1 && loss <= 0 {
			t.Fatalf("loss %v has scale %v, with at most %v", loss, scale, maxRaise)
		}
	}
	sound(t, clipper)
}

// No options and losses make moments that are no numbers, scales out of their range, states that cannot be restored,
// or a panic.
func FuzzStep(f *testing.F) {
	f.Add([]byte("\x00\x00\x06\x06\x00" + "\x01\x0a\x60\x01\x0a\x70\x02\x00\x01\x02\x0a\x50\x0a\x51"))
	f.Add([]byte("\x00\x01\x06\x06\x06\x01\x0a\x60\x03" + "\x04\x0a\x60\x05\x03\x0a\x41"))
	f.Add([]byte("\x02\x02\x0a\x50\x03\x03\x04\x05"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h := hostile(data)
		clipper, maxRaise := h.clipper()
		if clipper == nil {
			return
		}
		sound(t, clipper)
		for len(h) > 0 {
			single := h.byte()%2 == 0
			step(t, clipper, h.losses(), maxRaise, single)
		}
		if err := clipper.Restore(clipper.State()); err != nil {
			t.Fatalf("the clipper's own state is refused: %v", err)
		}
	})
}

// Statistics and states that no losses lead to are refused or do no harm.
func FuzzObserveAndRestore(f *testing.F) {
	f.Add([]byte("\x00\x00\x06\x06\x00\x01"))
	f.Add([]byte("\x00\x01\x06\x06\x06\x00\x00\x00\x03\x07\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h := hostile(data)
		clipper, maxRaise := h.clipper()
		if clipper == nil {
			return
		}
		for len(h) > 0 {
			switch h.byte() % 3 {
			case 0:
				before := clipper.State()
				err := clipper.Observe(alrc.Statistics{
					Count: h.int(), NonFinite: h.int(), Clipped: h.int(), Raised: h.int(), Sum: h.float(), SumSquares: h.float(),
					Above: h.float(), Below: h.float(), CountAbove: h.int(), CountBelow: h.int(),
				})
				if err != nil && !reflect.DeepEqual(clipper.State(), before) {
					t.Fatalf("%v, and yet the state went from %+v to %+v", err, before, clipper.State())
				}
			case 1:
				before := clipper.State()
				s := alrc.State{
					Variant: before.Variant, Mu1: h.float(), Mu2: h.float(), Up: h.float(), Down: h.float(), Bias: h.float(),
					Steps: int64(h.int()), Losses: int64(h.int()),
				}
				for range h.byte() % 24 {
					s.Start = append(s.Start, alrc.StartStep{Mean: h.float(), RMS: h.float()})
				}
				_ = clipper.Restore(s) // most are refused
			case 2:
				step(t, clipper, h.losses(), maxRaise, h.byte()%2 == 0)
			}
			sound(t, clipper)
		}
	})
}
