package watch

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"alrc/internal/spike"
)

const (
	// keptLosses and keptLines are how many of the last are at hand when a spike is found, which may be 100 records late.
	keptLosses, keptLines = 256, 1024
	// lossesBefore and linesBefore are how many of before a spike are kept, and lossesAfter how many losses of
	// after the loss was back.
	lossesBefore, lossesAfter = 50, 20
	linesBefore               = 20
	// mostLosses and mostLines bound what is kept of a long episode.
	mostLosses, mostLines = 1000, 200
)

// number is a float64 whose JSON form is null where it is not finite.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); f-f != 0 {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// Record is what was logged around a spike.
type Record struct {
	Time      time.Time  `json:"time"`
	Alert     string     `json:"alert"`
	Kind      spike.Kind `json:"kind"`
	Start     int64      `json:"start"`
	Peak      int64      `json:"peak"`
	End       int64      `json:"end"`
	PeakLoss  number     `json:"peak_loss"`
	Sigmas    number     `json:"sigmas"`
	Baseline  number     `json:"baseline"`
	Spikes    int        `json:"spikes"`
	NonFinite int        `json:"not_finite"`
	Back      bool       `json:"came_back"`
	// Losses are those from 50 before the first spike to 20 after the episode; of a long one the end is left out.
	Losses []Loss `json:"losses"`
	// WordsBefore are the lines before that of the first spike, and WordsAfter that line and those after it.
	WordsBefore []string `json:"words_before"`
	WordsAfter  []string `json:"words_after"`

	episode *spike.Episode
	over    bool
	after   int // losses after it was over
}

// newRecord begins one with what is at hand.
func newRecord(e *spike.Episode, alert Alert, w *Watcher) *Record {
	r := &Record{Time: time.Now().UTC().Truncate(time.Second), Alert: alert.String(), episode: e,
		Losses: []Loss{}, WordsBefore: []string{}, WordsAfter: []string{}}
	losses, before := w.losses.all()
	r.Losses = append(r.Losses, losses[min(max(0, int(e.Record)-lossesBefore-before), len(losses)):]...)
	lines, _ := w.lines.all()
	at := len(lines)
	for at > 0 && lines[at-1].record > e.Record {
		at--
	}
	// The line that held the loss is the last one before which as many losses had been read.
	at = max(at-1, 0)
	for _, l := range lines[max(0, at-linesBefore):at] {
		r.WordsBefore = append(r.WordsBefore, l.text)
	}
	for _, l := range lines[at:] {
		r.line(l.text)
	}
	return r
}

func (r *Record) follow(loss Loss) {
	if r.over {
		r.after++
	}
	if len(r.Losses) < mostLosses {
		r.Losses = append(r.Losses, loss)
	}
}

func (r *Record) line(text string) {
	if len(r.WordsAfter) < mostLines {
		r.WordsAfter = append(r.WordsAfter, text)
	}
}

// complete says that enough was logged after the episode.
func (r *Record) complete() bool { return r.over && r.after >= lossesAfter }

// finish takes what became of the episode.
func (r *Record) finish() {
	e := r.episode
	r.Kind, r.Start, r.Peak, r.End = e.Kind, e.Start, e.Peak, e.End
	r.PeakLoss, r.Sigmas, r.Baseline = number(e.PeakLoss), number(e.Deviations), number(e.Baseline)
	r.Spikes, r.NonFinite, r.Back = e.Spikes, e.NonFinite, e.Back
}

// Append adds the record to a file of JSON lines, which is made if it is not there. The line is written at once, and
// synced, so that it is there whatever becomes of the watch.
func (r *Record) Append(path string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep what was logged around a spike: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("keep what was logged around a spike: %w", err)
	}
	_, err = file.Write(append(text, '\n'))
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("keep what was logged around a spike: %w", err)
	}
	return nil
}
