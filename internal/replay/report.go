package replay

import (
	"encoding/json"
	"fmt"
	"math"

	"alrc/internal/losslog"
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

// Drift is a slow rise of the loss.
type Drift struct {
	From   int64  `json:"from_step"`
	Lowest Number `json:"lowest"`
	End    Number `json:"end"`
}

// Report is what a replay found.
type Report struct {
	Source    losslog.Source `json:"source"`
	Verdict   string         `json:"verdict"`
	Condition string         `json:"condition"` // calm, spikes, shift, drift, diverged or short

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

	Clips          []ClipResult   `json:"clips"`
	Recommendation Recommendation `json:"recommendation"`

	analysis *analysis
	all      []ClipResult
}

// finish makes the figures and the words of a report.
func (r *Report) finish(o Options) {
	a := r.analysis
	r.Steps, r.Losses, r.First, r.Last = a.steps, a.losses, a.first, a.last
	r.Mean = Number(a.sum / float64(a.count))
	r.Least, r.Most, r.MostStep = Number(a.least), Number(a.most), a.mostStep
	r.NonFinite, r.Spikes = a.nonFinite, a.spikes
	r.SpikeShare = Number(float64(a.spikes) / float64(a.steps))
	r.SpikeLevel = spikeLevel
	r.Episodes, r.EpisodeCount = a.episodes, a.episodeCount
	if r.Episodes == nil {
		r.Episodes = []*Episode{}
	}
	r.Area = Number(a.area)
	if a.sum > 0 && a.least >= 0 {
		r.AreaShare = Number(a.area / a.sum)
	} else {
		r.AreaShare = Number(math.NaN())
	}
	r.MedianRecovery, r.quickly = median(a.recoveries), a.quick*2 >= a.back
	if every := math.Round(float64(r.Last-r.First) / float64(max(r.Steps-1, 1))); every >= 2 {
		r.Source.Notes = append(r.Source.Notes, fmt.Sprintf("the log has one record every %s: losses between them are not seen, or only in a"+
			" mean, so that spikes may be missed or look weaker than they were", counted(int64(every), "step")))
	}
	if d, ok := a.drift(); ok {
		r.Drift = &d
	}
	if r.Source.Superseded > 0 {
		r.Source.Notes = append(r.Source.Notes, fmt.Sprintf("the run was resumed %s: %s that it did anew are left out",
			times(r.Source.Resumes), counted(r.Source.Superseded, "record")))
	}
	r.judge()
	r.recommend(o)
}
