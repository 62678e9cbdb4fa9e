package replay

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"alrc"
	"alrc/internal/clipping"
	"alrc/internal/losslog"
	"alrc/internal/spike"
	"alrc/internal/words"
)

// Advice fits the verdict: what clipping would not cure is said to be so, with what people do then.
func TestAdvice(t *testing.T) {
	tests := []struct {
		name      string
		loss      func(i int, loss float64) float64
		condition spike.Condition
		fit       Fit
		says      []string
		not       string
	}{
		{"calm", func(_ int, loss float64) float64 { return min(loss, 1.2) }, spike.Steady, NotNeeded, []string{"does not need clipping"}, "People"},
		{"spikes", func(i int, loss float64) float64 {
			if i%700 == 0 {
				loss += 4
			}
			return loss
		}, spike.Spiky, Helps, []string{"n = 3 clips"}, "People"},
		{"nan", func(i int, loss float64) float64 {
			if i > 3500 {
				return math.NaN()
			}
			return min(loss, 1.2)
		}, spike.Divergent, NotEnough, []string{"from step 3,501 on there was none", "nothing that clipping could have limited", "checkpoint from before step 3,501"},
			"does not need"},
		{"nan after a rise", func(i int, loss float64) float64 {
			if i > 3500 {
				return math.NaN()
			}
			return loss + 2*max(0, float64(i-3480))
		}, spike.Divergent, NotEnough, []string{"The loss did rise before", "checkpoint"}, "does not need"},
		{"divergence", func(i int, loss float64) float64 {
			return loss + 3*math.Exp(-float64(i)/200) + 0.2*max(0, float64(i-3700))
		}, spike.Divergent, NotEnough, []string{"a rise that persists is not made of single bad batches", "lower learning rate"}, "does not need"},
		{"stuck", func(i int, loss float64) float64 {
			if i > 3000 {
				return 0
			}
			return loss
		}, spike.Stuck, NotEnough, []string{"a loss of 0 has no gradient"}, "does not need"},
		{"spikes at equal distances", func(i int, loss float64) float64 {
			if i%250 == 40 {
				loss += 4
			}
			return loss
		}, spike.Spiky, Helps, []string{"come every 250 steps"}, "People"},
		{"only not finite", func(i int, loss float64) float64 {
			if i > 100 && i*7919%500 == 0 {
				return math.NaN()
			}
			return min(loss, 1.2)
		}, spike.Spiky, NotEnough, []string{"losses that are not finite", "loss scale"}, "catches what stands out"},
		{"a spike below the losses of before", func(i int, loss float64) float64 {
			if i == 2500 {
				return 2.5
			}
			return min(loss, 1.2) + 20*math.Exp(-float64(i)/400)
		}, spike.Spiky, Helps, []string{"would have clipped nothing", "--decay 0.99"}, "catches what stands out"},
		{"not a number after a slow rise", func(i int, loss float64) float64 {
			if i > 3700 {
				return math.NaN()
			}
			return loss + max(0, float64(i-3000))/250
		}, spike.Divergent, NotEnough, []string{"rose slowly before"}, "nothing that clipping"},
		{"an oscillation that grows", func(i int, loss float64) float64 {
			return min(loss, 1.2) + 0.02*math.Exp(float64(i)/900)*math.Sin(float64(i)/3)
		}, spike.Steady, NotEnough, []string{"scatter more and more", "learning rate"}, "People"},
		{"spikes at every fifth step", func(i int, loss float64) float64 {
			if loss = min(loss, 1.2); i%5 == 3 {
				loss += 4
			}
			return loss
		}, spike.Spiky, Helps, []string{"come so often", "n = 2"}, "catches what stands out"},
		{"two sources", func(i int, loss float64) float64 {
			if loss = min(loss, 1.2); i*7919%100 < 25 {
				loss += 4
			}
			return loss
		}, spike.Spiky, NotEnough, []string{"two sources"}, "catches what stands out"},
		{"begun anew", func(i int, loss float64) float64 {
			return min(loss, 1.2) + 4*math.Exp(-float64(i%2000)/300)
		}, spike.Spiky, NotEnough, []string{"begins anew", "another run"}, "two sources"},
		{"a long tail", func(i int, loss float64) float64 {
			return 0.01 * math.Exp(10*(loss-1))
		}, spike.Tailed, Helps, []string{"long tail", "Larger batches"}, "People"},
		{"spikes in the start alone", func(i int, loss float64) float64 {
			if loss = min(loss, 1.2); i == 4 || i == 15 {
				loss += 9
			}
			return loss
		}, spike.Spiky, Helps, []string{"in the first 20 steps", "by hand"}, "catches what stands out"},
		{"losses of 1e-8", func(i int, loss float64) float64 {
			if loss = min(loss, 1.2); i%700 == 300 {
				loss += 9
			}
			return loss * 1e-8
		}, spike.Spiky, NotEnough, []string{"too small", "Multiply"}, "catches what stands out"},
		{"drift", func(i int, loss float64) float64 { return min(loss, 1.2) + float64(i)/2000 }, spike.Drifting, NotEnough,
			[]string{"not for a slow rise", "learning rate"}, "does not need"},
	}
	for _, test := range tests {
		r := noisy(t, 4000, test.loss)
		if r.Condition != test.condition || r.Recommendation.Fit != test.fit {
			t.Errorf("%s: %s, clipping %s: %s", test.name, r.Condition, r.Recommendation.Fit, r.Verdict)
		}
		for _, part := range test.says {
			if !strings.Contains(r.Recommendation.Reason, part) {
				t.Errorf("%s: the advice lacks %q: %s", test.name, part, r.Recommendation.Reason)
			}
		}
		if strings.Contains(r.Recommendation.Reason, test.not) {
			t.Errorf("%s: the advice has %q: %s", test.name, test.not, r.Recommendation.Reason)
		}
	}
}

// Where the norm of the gradient grows before the loss does, the advice is to limit that.
func TestGradientNorm(t *testing.T) {
	for _, lead := range []int{0, 3} {
		random := rand.New(rand.NewPCG(5, 6))
		var log strings.Builder
		for i := range 2000 {
			loss, norm := 2+0.1*random.NormFloat64(), 0.5+0.05*random.NormFloat64()
			switch i % 400 {
			case 300:
				loss += 5
				if lead == 0 {
					norm += 10
				}
			case 300 - lead, 301 - lead:
				norm += 10
			}
			fmt.Fprintf(&log, "{\"step\": %d, \"loss\": %v, \"grad_norm\": %v, \"layer.3.grad_norm\": 1}\n", i, loss, norm)
		}
		r, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "log.jsonl", log.String())}}})
		if err != nil {
			t.Fatal(err)
		}
		g := r.GradientNorm
		if g == nil || g.Field != "grad_norm" || g.Episodes != 5 {
			t.Fatalf("%+v", g)
		}
		if lead == 0 {
			if g.Led != 0 || r.Recommendation.Fit != Helps {
				t.Errorf("the norm rose with the loss: %+v, %s", g, r.Recommendation.Reason)
			}
			continue
		}
		if g.Led != 5 || g.Lead != int64(lead) || math.Abs(float64(g.Usual)-0.5) > 0.05 || r.Recommendation.Fit != NotEnough ||
			!strings.Contains(r.Recommendation.Reason, "(grad_norm) rose first, 3 steps before the loss, in 5 of 5 episodes") {
			t.Errorf("%+v, %s", g, r.Recommendation.Reason)
		}
	}
}

// What is recommended is what was replayed: the decay by step, which by record follows the gap between records.
func TestDecayFollowsTheGap(t *testing.T) {
	for _, gap := range []int64{1, 10, 500} {
		random := rand.New(rand.NewPCG(5, 6))
		var log strings.Builder
		log.WriteString("step,loss\n")
		losses := make([]float64, 4000)
		for i := range losses {
			losses[i] = math.Exp(0.4 * random.NormFloat64())
			fmt.Fprintf(&log, "%d,%s\n", int64(i)*gap, format(losses[i]))
		}
		r, _ := rowsOf(t, Options{Log: losslog.Options{Inputs: []string{write(t, "log.csv", log.String())}}, Clips: []clipping.Spec{{Kind: "alrc", N: 2}}})
		clipper, err := alrc.New(alrc.Options{N: 2, Decay: max(0.9, math.Pow(0.999, float64(gap)))})
		if err != nil {
			t.Fatal(err)
		}
		scale := []float64{0}
		for _, loss := range losses {
			clipper.Step([]float64{loss}, scale)
		}
		if got, want := r.Clips[0].Clipped, clipper.State().Clipped; got != want {
			t.Errorf("a record every %d steps: %d clipped, not %d", gap, got, want)
		}
		if r.Recommendation.Decay != 0.999 {
			t.Errorf("a record every %d steps: a decay of %v by step is recommended", gap, r.Recommendation.Decay)
		}
		if note := strings.Join(r.Source.Notes, "\n"); (gap > 1) != strings.Contains(note, "by record") {
			t.Errorf("a record every %d steps: %s", gap, note)
		}
	}
}

// A run is as long as the last step that it counts, from 0 or from 1 on.
func TestLengthOfRun(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, test := range []struct {
		first, gap, records, want int64 // want 0: longer than a short run
	}{{1, 1, 2000, 2000}, {0, 1, 2000, 2000}, {50, 50, 40, 2000}, {0, 50, 40, 2000}, {1001, 1, 500, 1500}, {1, 1, 2999, 2999}, {1, 1, 3000, 0}, {0, 1, 3000, 0}} {
		var log strings.Builder
		log.WriteString("step,loss\n")
		for i := range test.records {
			fmt.Fprintf(&log, "%d,%s\n", test.first+i*test.gap, format(2+random.Float64()))
		}
		r, _ := rowsOf(t, Options{Log: losslog.Options{Inputs: []string{write(t, "log.csv", log.String())}}})
		want := "A run of " + words.Counted(test.want, "step") + " is short"
		if got := r.Recommendation.Reason; strings.Contains(got, "A run of") != (test.want > 0) || test.want > 0 && !strings.Contains(got, want) {
			t.Errorf("%d records, a record every %d steps from %d on: %q, want %q", test.records, test.gap, test.first, got, want)
		}
	}
}

// A log that begins in the middle of a run, when all was lost, does not show the first batch; one that is too short has no decay by record.
func TestExcerpts(t *testing.T) {
	for text, want := range map[string]string{
		"step,loss\n10,nan\n20,nan\n30,nan\n":             "Look at the first batch",
		"step,loss\n7800,nan\n7810,nan\n7820,nan\n":       "The log begins at step 7,800, when no loss was finite",
		"step,loss\n10,2.5\n20,2.25\n30,2.125\n40,2.25\n": "The log is too short",
	} {
		r, _ := rowsOf(t, Options{Log: losslog.Options{Inputs: []string{write(t, "log.csv", text)}}})
		if got := r.Recommendation.Reason; !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q", text, got)
		}
		if note := strings.Join(r.Source.Notes, "\n"); !strings.Contains(note, "one record every 10 steps") || strings.Contains(note, "by record") {
			t.Errorf("%q: %s", text, note)
		}
	}
}

// Spikes among the first losses do not get into the moments to start with.
func TestEarlySpikesDoNotPoisonMoments(t *testing.T) {
	calm := noisy(t, 2000, func(_ int, loss float64) float64 { return loss })
	spiky := noisy(t, 2000, func(i int, loss float64) float64 {
		if i == 3 || i == 8 || i == 12 || i == 13 {
			loss += 40
		}
		return loss
	})
	a, b := calm.Recommendation, spiky.Recommendation
	if math.Abs(a.Mu1-b.Mu1) > 0.1 || math.Abs(a.Mu2-b.Mu2) > 0.2 {
		t.Errorf("mu1 = %v, mu2 = %v, and with early spikes %v and %v", a.Mu1, a.Mu2, b.Mu1, b.Mu2)
	}
}

// What rises as it should is not called a fault.
func TestRisesThatAreWanted(t *testing.T) {
	for name, want := range map[string]string{
		"elbo": "something that training raises", "value_loss": "look at these first", "loss": "Look at the learning rate",
	} {
		var log strings.Builder
		fmt.Fprintf(&log, "step,%s\n", name)
		for i := range 400 {
			fmt.Fprintf(&log, "%d,%v\n", i, 3+0.05*float64(i)+0.1*float64(i*7%11))
		}
		r, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "log.csv", log.String())}, Loss: name}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Condition != spike.Drifting || !strings.Contains(r.Recommendation.Reason, want) {
			t.Errorf("%s: %s: %s", name, r.Condition, r.Recommendation.Reason)
		}
	}
}

// A method that waits for longer than the log lasts is not told to have missed its spikes without saying so.
func TestMethodsThatWait(t *testing.T) {
	for n, want := range map[int]string{60: "before it knows 64 records, more than the log has", 120: "before record 64"} {
		var log strings.Builder
		for i := range n {
			loss := 1 + 0.1*float64(i*7%11)
			if i == 40 {
				loss = 90
			}
			fmt.Fprintf(&log, "step %d loss %v\n", i, loss)
		}
		r, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "log.txt", log.String())}}})
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(r.Stabilisers.notes(), "\n"); !strings.Contains(notes, "skip:6: it decides nothing "+want) {
			t.Errorf("%d records: %s", n, notes)
		}
	}
}
