package replay

import (
	"fmt"
	"math"

	"alrc"
	"alrc/internal/snippet"
	"alrc/internal/spike"
	"alrc/internal/words"
)

// publishedMu1 and publishedMu2 are the starting moments of the paper's experiments.
const publishedMu1, publishedMu2 = 25, 900

// recommendedN are the numbers of standard deviations that are weighed: those of the paper's experiments.
var recommendedN = []float64{2, 3, 4}

// Recommendation is the clipping to use on runs like the replayed one.
type Recommendation struct {
	N     float64 `json:"n"`
	Decay float64 `json:"decay"`
	// Mu1 and Mu2 are starting moments for implementations that do not start by themselves.
	Mu1 float64 `json:"mu1"`
	Mu2 float64 `json:"mu2"`
	// Fit says whether clipping is for a run like this: "helps", "not needed", or "not enough" where something else
	// is wrong.
	Fit    Fit    `json:"fit"`
	Reason string `json:"reason"`
	// Snippets are modules to paste, by framework.
	Snippets map[string]string `json:"snippets"`
}

// Fit is whether clipping is for a run.
type Fit string

// What clipping is for a run.
const (
	Helps     Fit = "helps"
	NotNeeded Fit = "not needed"
	NotEnough Fit = "not enough"
)

// recommend chooses n as the smallest that leaves nearly all ordinary losses alone, and says whether clipping is the
// cure.
func (r *Report) recommend() {
	shares := make(map[float64]float64)
	for _, c := range r.all {
		for _, n := range recommendedN {
			if c.Clip == fmt.Sprintf("alrc:%v", n) {
				shares[n] = float64(c.ClippedShare)
			}
		}
	}
	const (
		few  = 0.02 // of ordinary losses clipped; more means that n is within the usual spread
		some = 0.05
		slow = 50 // steps to come back from a spike
		// often is the share of spikes from which on they are part of what losses do.
		often = 0.1
	)
	// ordinary is the share of losses clipped that are no spikes.
	ordinary := func(n float64) float64 { return max(0, shares[n]-float64(r.SpikeShare)) }
	// missed says whether less than half as many losses are clipped as there are finite ones that spiked.
	missed := func(n float64) bool {
		return r.Spikes > r.NonFinite && 2*shares[n]*float64(r.Losses) < float64(r.Spikes-r.NonFinite)
	}
	rec := Recommendation{N: 3, Decay: r.pace.decay, Fit: Helps}
	switch {
	case r.NonFinite == r.Losses:
		rec.Fit, rec.Decay = NotEnough, r.pace.published()
		rec.Reason = "There is nothing to clip where no loss is finite: these are the published defaults."
	case r.Condition == spike.Short:
		rec.Fit, rec.Decay = NotNeeded, r.pace.published()
		rec.Reason = "The log is too short to say more than the published defaults."
	case r.Spikes == 0 && (shares[3] == 0 || shares[3] <= few && (r.Condition == spike.Steady || r.Condition == spike.Dropped)):
		rec.Fit = NotNeeded
		rec.Reason = "Nothing would have been clipped at n = 3."
		if shares[3] > 0 {
			rec.Reason = fmt.Sprintf("n = 3 would have clipped %s of all losses, none of which stands out.", words.Percent(shares[3]))
		}
		if r.Condition == spike.Steady || r.Condition == spike.Dropped {
			if r.pace.epochs {
				rec.Reason += " As far as one record an epoch shows, this run does not need clipping: a spike of a few steps would hardly be seen in" +
					" it. The published default costs nothing."
			} else {
				rec.Reason += " This run does not need clipping. The published default costs nothing and insures runs with a higher learning" +
					" rate or smaller batches."
			}
		}
	case missed(3) && r.belowEpsilon():
		rec.Fit = NotEnough
		rec.Reason = fmt.Sprintf("These losses are too small for clipping: it adds %v to their variance, beside which they do not differ. Multiply"+
			" the loss by a power of ten that brings it near 1.", alrc.Epsilon)
	case r.Condition == spike.Tailed:
		if rec.N = 4; shares[3] <= few {
			rec.N = 3
		}
		rec.Reason = fmt.Sprintf("The largest losses of a long tail make the longest steps: n = %v limits %s of all losses. Larger batches, or the mean of more"+
			" of them, shorten the tail itself.", rec.N, words.Percent(shares[rec.N]))
	case missed(3) && r.spikedInStart():
		rec.Reason = fmt.Sprintf("The spikes lie in the first %d steps, in which nothing is clipped while the moments start: to limit such, set the"+
			" moments by hand.", alrc.StartSteps)
		if r.First > alrc.StartSteps*r.pace.gap {
			rec.Reason = fmt.Sprintf("The spikes lie in the first %d records, with which the moments of the replay start. A run that began before"+
				" step %s has its moments by then, and would have clipped them.", alrc.StartSteps, words.Count(r.First))
		}
	case r.Spikes > r.NonFinite && shares[3] == 0 && shares[2] == 0:
		rec.Reason = "n = 3 would have clipped nothing, though losses spiked: " + r.tooSlow()
	case missed(3) && !missed(2) && r.Condition == spike.Spiky:
		rec.N = 2
		rec.Reason = fmt.Sprintf("Spikes come so often that the running deviation grows with them: of all losses %s spiked, of which n = 3 would clip fewer"+
			" than half (%s of all losses). The tighter n = 2 clips %s.", words.Percent(float64(r.SpikeShare)), words.Percent(shares[3]), words.Percent(shares[2]))
	case missed(3) && r.SpikeShare >= often:
		rec.Fit = NotEnough
		rec.Reason = fmt.Sprintf("So many steps spike, %s, that they are no outliers to a running deviation: even n = 2 clips only %s of all losses."+
			" %s", words.Percent(float64(r.SpikeShare)), words.Percent(shares[2]), r.whyOften())
	case missed(3) && r.Condition == spike.Spiky:
		rec.Reason = fmt.Sprintf("n = 3 would have clipped fewer losses (%s) than spiked (%s): %s", words.Percent(shares[3]),
			words.Percent(float64(r.SpikeShare)), r.tooSlow())
	case r.MedianRecovery >= slow && !r.quickly && ordinary(2) <= some:
		rec.N = 2
		rec.Reason = fmt.Sprintf("Spikes took long to come back from (half of them %s or more), so the tighter n = 2 is worth that it clips %s of"+
			" all losses.", words.Counted(r.MedianRecovery, "step"), words.Percent(shares[2]))
	case ordinary(3) <= few:
		rec.Reason = fmt.Sprintf("n = 3 clips %s of all losses: it catches what stands out, and leaves ordinary losses alone (n = 2 would clip %s).",
			words.Percent(shares[3]), words.Percent(shares[2]))
	case r.analysis.found.Shifts > 0:
		rec.Reason = fmt.Sprintf("n = 3 clips %s of all losses, also those after the loss rose to another level, until the running mean has followed.",
			words.Percent(shares[3]))
	default:
		rec.N = 4
		rec.Reason = fmt.Sprintf("These losses have a long tail: n = 3 clips %s of them, which is more than outliers; n = 4 clips %s.",
			words.Percent(shares[3]), words.Percent(shares[4]))
	}
	switch {
	case r.pace.given:
		rec.Reason += " The decay is the one that you gave."
	case rec.Decay == fastDecay:
		rec.Reason += fmt.Sprintf(" A run of %s is short for moments that average over 1,000: a decay of %v follows it faster.",
			words.Counted(r.pace.length, "step"), fastDecay)
	}
	if r.Period > 0 {
		rec.Reason += fmt.Sprintf(" Spikes that come every %s are made by something that does, such as one batch of the data or the beginning of an epoch:"+
			" look at that first.", words.Counted(r.Period, "step"))
	}
	if cure := r.cure(); cure != "" {
		rec.Fit = NotEnough
		if r.Spikes == r.NonFinite && r.NonFinite < r.Losses || r.Condition == spike.Divergent && r.NonFinite < r.Losses || r.Condition == spike.Shifted ||
			r.anew() != nil {
			// What is clipped of such a run says little of others.
			rec.N = 3
			rec.Reason = "Clipping beside that: n = 3, the published default."
		}
		rec.Reason = cure + " " + rec.Reason
	}
	if r.Drift != nil && r.Condition != spike.Drifting && r.anew() == nil {
		rec.Reason += " The slow rise beside the spikes is not for clipping, but for the learning rate or the data."
	}
	rec.Mu1, rec.Mu2 = startingMoments(r.analysis.found)
	rec.Snippets = map[string]string{}
	for _, framework := range snippet.Frameworks {
		rec.Snippets[framework] = snippet.Text(framework, rec.N, rec.Decay)
	}
	r.Recommendation = rec
}

// whyOften says what may make many steps spike.
func (r *Report) whyOften() string {
	const long = 5 // spikes an episode
	records, spikes := 0, 0
	for _, e := range r.Episodes {
		records, spikes = records+e.records, spikes+e.Spikes
	}
	if r.Spikes >= long*r.EpisodeCount && 2*spikes >= records {
		return fmt.Sprintf("They come in few long episodes, %s in %s, which are not made of single bad batches: look at the learning rate, and at what changes"+
			" where they begin, such as an epoch, the data or a resumption.", words.Count(r.Spikes), words.Count(r.EpisodeCount))
	}
	return "Losses of two heights may be of batches from two sources: look at what the high ones have in common."
}

// belowEpsilon says whether no loss rises by more than what clipping adds to their deviation.
func (r *Report) belowEpsilon() bool {
	return float64(r.Most-r.Least) < 3*math.Sqrt(alrc.Epsilon)
}

// spikedInStart says whether all spikes lie in the first steps, from which the moments start.
func (r *Report) spikedInStart() bool {
	for _, e := range r.analysis.found.Episodes {
		if e.Spikes > 0 && e.Record >= alrc.StartSteps {
			return false
		}
	}
	return true
}

// tooSlow says why moments that average over many records miss spikes, and what to do.
func (r *Report) tooSlow() string {
	decay := r.pace.perRecord
	text := fmt.Sprintf("over the %s that running moments average, losses differ more than around the spikes.", words.Counted(int64(math.Round(1/(1-decay))), "record"))
	if fast := fasterThan(decay); 1-decay < (1-fast)/2 {
		text += fmt.Sprintf(" Moments that follow faster catch more: replay with --decay %v.", fast)
	}
	return text
}

// fasterThan is a decay of moments that average over a tenth of the records, but no fewer than ten.
func fasterThan(decay float64) float64 { return max(1-10*(1-decay), 0.9) }

// startingMoments returns the moments of the log's first ordinary losses, those of spikes left out, rounded to four
// digits, up, since overestimates decay and underestimates do not recover well.
func startingMoments(found *spike.Summary) (mu1, mu2 float64) {
	beginning := found.Beginning
	if found.Condition == spike.Short {
		return publishedMu1, publishedMu2 // the losses were not judged: a spike may be among them
	}
	if len(beginning) < 5 {
		if found.Initial-found.Initial != 0 {
			return publishedMu1, publishedMu2
		}
		// The level at the beginning, and a deviation that decays to the right one.
		beginning = []float64{0.5 * found.Initial, 1.5 * found.Initial}
	}
	var mean, square float64
	for _, loss := range beginning {
		mean += loss / float64(len(beginning))
		square += loss * loss / float64(len(beginning))
	}
	mu1 = roundUp(mean)
	variance := max(square-mean*mean, 1e-6*mean*mean, 1e-16)
	mu2 = roundUp(mu1*mu1 + variance)
	for mu2 <= mu1*mu1 {
		mu2 = roundUp(mu2 * 1.001)
	}
	return mu1, mu2
}

// roundUp returns the next number above of four decimal digits.
func roundUp(value float64) float64 {
	if value == 0 || value-value != 0 {
		return value
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(value))))
	var rounded float64
	if _, err := fmt.Sscanf(fmt.Sprintf("%.4g", math.Ceil(value*scale)/scale), "%g", &rounded); err != nil {
		return value
	}
	return rounded
}
