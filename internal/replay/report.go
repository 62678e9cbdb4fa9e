package replay

import (
	"encoding/json"
	"fmt"
	"math"

	"alrc/internal/losslog"
	"alrc/internal/spike"
	"alrc/internal/words"
)

// Number is a float64 whose JSON form is null where it is not finite.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); f-f != 0 {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// Drift is a slow rise of the loss, or of how much it scatters.
type Drift struct {
	From   int64  `json:"from_step"`
	Lowest Number `json:"lowest"`
	End    Number `json:"end"`
}

// Report is what a replay found.
type Report struct {
	Source losslog.Source `json:"source"`
	// Example is what was taken from the record of the first loss that is finite.
	Example losslog.Example `json:"example,omitempty"`
	Verdict string          `json:"verdict"`
	// Condition is the verdict in a word: calm, spikes, tail, shift, drift, drop, stuck, diverged or short.
	Condition spike.Condition `json:"condition"`

	Steps      int64  `json:"steps"`
	Losses     int64  `json:"losses"`
	First      int64  `json:"first_step"`
	Last       int64  `json:"last_step"`
	Mean       Number `json:"mean"`
	Least      Number `json:"least"`
	Most       Number `json:"most"`
	MostStep   int64  `json:"most_step"`
	NonFinite  int64  `json:"not_finite"`
	Spikes     int64  `json:"spiked_steps"`
	SpikeShare Number `json:"spiked_share"`
	SpikeLevel int    `json:"spike_level_sigmas"`

	Episodes     []*Episode `json:"episodes"`
	EpisodeCount int64      `json:"episode_count"`
	Area         Number     `json:"area_lost"`
	AreaShare    Number     `json:"area_lost_share"`
	// MedianRecovery is over the episodes that came back.
	MedianRecovery int64  `json:"median_recovery"`
	quickly        bool   // most were back at the next record
	Drift          *Drift `json:"drift,omitempty"`
	// Scatter is a rise of the standard deviation about the level, and Period the number of steps from one episode to the next, where
	// that is always the same.
	Scatter *Drift `json:"scatter,omitempty"`
	Period  int64  `json:"period,omitempty"`

	Clips          []ClipResult   `json:"clips"`
	Recommendation Recommendation `json:"recommendation"`

	// Stabilisers is what other methods would have done; absent for logs that are very long or short.
	Stabilisers *Stabilisers `json:"stabilisers,omitempty"`

	// GradientNorm is what the log's norm of the gradient did before spikes, if it has one and there were any.
	GradientNorm *GradientNorm `json:"gradient_norm,omitempty"`

	pace     pace
	analysis *analysis
	all      []ClipResult
}

// finish makes the figures and the words of a report.
func (r *Report) finish() {
	a := r.analysis
	found := a.found
	r.Steps, r.Losses, r.First, r.Last = a.steps, a.losses, a.first, a.last
	r.Mean = Number(a.sum / float64(a.count))
	r.Least, r.Most, r.MostStep = Number(a.least), Number(a.most), a.mostStep
	r.NonFinite, r.Spikes = a.nonFinite, found.Spikes
	r.SpikeShare = Number(float64(found.Spikes) / float64(a.steps))
	r.SpikeLevel = spike.Limit
	r.Episodes, r.EpisodeCount = newEpisodes(found.Episodes), found.EpisodeCount
	r.Area, r.AreaShare = Number(found.Area), Number(math.NaN())
	if a.sum > 0 && a.least >= 0 {
		r.AreaShare = Number(found.Area / a.sum)
	}
	r.MedianRecovery, r.quickly = found.MedianRecovery, found.Quick*2 >= found.Back
	if d := found.Drift; d != nil && found.Condition != spike.Divergent {
		r.Drift = &Drift{From: d.From, Lowest: Number(d.Lowest), End: Number(d.End)}
	}
	if d := found.Scatter; d != nil && found.Condition != spike.Divergent {
		r.Scatter = &Drift{From: d.From, Lowest: Number(d.Lowest), End: Number(d.End)}
	}
	r.Period = periodOf(found, r.pace.gap)
	if note := r.pace.note(found.Condition != spike.Short && a.count > 0); note != "" {
		r.Source.Notes = append(r.Source.Notes, note)
	}
	if r.Source.Superseded > 0 {
		r.Source.Notes = append(r.Source.Notes, fmt.Sprintf("the run was resumed %s: %s that it did anew are left out",
			words.Times(r.Source.Resumes), words.Counted(r.Source.Superseded, "record")))
	}
	r.judge()
	r.recommend()
}
