package spike

import (
	"math"

	"alrc/internal/statistics"
)

// Condition is what a series is, in one word.
type Condition string

const (
	// Steady: nothing of the others.
	Steady Condition = "calm"
	// Short: too few losses to tell.
	Short Condition = "short"
	// Spiky: losses spiked and came back.
	Spiky Condition = "spikes"
	// Tailed: losses are spread over orders of magnitude; those that spiked are the largest of them, but no outliers.
	Tailed Condition = "tail"
	// Shifted: the loss rose to another level and stayed there.
	Shifted Condition = "shift"
	// Drifting: the loss rose slowly.
	Drifting Condition = "drift"
	// Dropped: the loss fell to another level at once, as after a drop of the learning rate.
	Dropped Condition = "drop"
	// Stuck: the loss ends with one value again and again.
	Stuck Condition = "stuck"
	// Divergent: the loss ends not finite, or left its level and did not come back.
	Divergent Condition = "diverged"
)

// Change is a change of level from one neighbourhood to the next.
type Change struct {
	Step     int64 // about
	From, To float64
}

// Drift is a slow rise of the level, or of how much the losses scatter: From is the step at which it was Lowest.
type Drift struct {
	From        int64
	Lowest, End float64

	levelsOff bool // nearly half of the rise came in the first half of its time
}

// Standstill is a run of equal losses at the end of a series.
type Standstill struct {
	From    int64 // step
	Records int64
	Loss    float64
}

// Summary is what a whole series is judged to be.
type Summary struct {
	// Records counts the records, NonFinite those of them with a loss that is not finite, and Spikes those that spiked.
	Records, NonFinite, Spikes int64
	// Episodes are the largest ones, in order of time; EpisodeCount counts all.
	Episodes     []*Episode
	EpisodeCount int64
	// Of all episodes, Back came back, Quick of these at the first record after the peak, and Shifts stayed at another
	// level.
	Back, Quick, Shifts int64
	// MedianRecovery is the median number of steps from a peak until the loss was back, of the episodes that came back.
	MedianRecovery int64
	// Area is the sum of the episodes' areas.
	Area float64
	// Worst is the episode with the highest peak, in deviations; nil if no episode has a finite one.
	Worst *Episode
	// Condition is the series in one word.
	Condition Condition
	// DivergedAt is the step at which a divergence began.
	DivergedAt int64
	// BadTail is the number of records at the end that are not finite, and BadTailFrom the step of the first of them.
	BadTail, BadTailFrom int64
	// Initial and Final are the levels of the first and the last losses that are finite; NaN without one.
	Initial, Final float64
	// Beginning holds the first losses that are finite and in no episode, up to 20.
	Beginning []float64
	Changes   []Change
	// Drift is a slow rise of the level; Scatter one of the standard deviation about it.
	Drift, Scatter *Drift
	Standstill     *Standstill

	ending      [initial]float64
	finite      int64
	same, pairs int64 // records with the last loss, and pairs of equal losses before
	sameFrom    int64
	last        float64
	moving      float64 // about the difference between successive losses
}

// count takes a record.
func (s *Summary) count(step int64, loss float64, finite bool) {
	s.Records++
	if !finite {
		s.NonFinite++
		if s.BadTail++; s.BadTail == 1 {
			s.BadTailFrom = step
		}
		return
	}
	s.BadTail = 0
	s.ending[s.finite%initial] = loss
	s.finite++
	if s.same > 0 && loss == s.last {
		s.same++
		return
	}
	s.pairs += max(s.same-1, 0)
	if s.finite > 1 {
		s.moving += (math.Abs(loss-s.last) - s.moving) / 8
	}
	s.same, s.sameFrom, s.last = 1, step, loss
}

// end is the level of the last losses.
func (s *Summary) end() float64 { return statistics.MedianOfFinite(s.ending[:min(s.finite, initial)]) }

// add takes an episode that is over.
func (s *Summary) add(e *Episode) {
	s.EpisodeCount++
	s.Spikes += int64(e.Spikes)
	s.Area += e.Area
	if e.Back {
		s.Back++
		if e.Quick {
			s.Quick++
		}
	}
	if e.Kind == Shift {
		s.Shifts++
	}
	if e.Deviations == e.Deviations && (s.Worst == nil || e.Deviations > s.Worst.Deviations) {
		s.Worst = e
	}
	s.Episodes = append(s.Episodes, e)
	if len(s.Episodes) >= 2*keptEpisodes {
		s.Episodes = Largest(s.Episodes, keptEpisodes)
	}
}

// left says that the loss left its level in an episode and ends so high that it did not merely move: more than half of
// what had been learnt is lost. Where nothing had been, a level that the loss stays at is only another one, unless it is many
// times as high.
func (s *Summary) left(e *Episode, initial float64, trend trend) bool {
	end, learnt := s.end(), initial-e.Baseline
	if initial == 0 && e.Baseline == 0 {
		return false // as where nothing is learnt until a buffer is full
	}
	times := 0.
	switch trend {
	case rising:
		times = 3
	case flat:
		times = 1.5
	case settled:
		times = 9
	}
	if times > 0 && learnt < max(Limit/2*e.Deviation, math.Abs(e.Baseline)/10) &&
		end-e.Baseline < times*max(math.Abs(e.Baseline), Limit*e.Deviation) {
		return false
	}
	return e.Records >= 2*calm && end >= e.Baseline+Limit*e.Deviation && end >= e.Baseline+learnt/2 &&
		end-e.Baseline >= math.Abs(e.Baseline)/2
}

// exploded says that the loss ends far above all that it was, though it came there too slowly for any spike. One that rises ever
// more slowly, as that of a value function does whose returns grow, has not, unless it is a thousand times as high.
func (s *Summary) exploded() bool {
	if s.Drift == nil {
		return false
	}
	times := 2.
	if s.Drift.levelsOff {
		times = 1000
	}
	return s.Final-s.Drift.Lowest >= times*max(math.Abs(s.Drift.Lowest), s.Initial-s.Drift.Lowest)
}

// EndsNonFinite says that the losses at the end are not finite for good: several of them, or all that there are.
func (s *Summary) EndsNonFinite() bool {
	return s.BadTail > 0 && (s.BadTail >= 3 || s.BadTail == s.NonFinite)
}

// standstill looks for equal losses at the end, of a series in which they did not use to be. A loss that came there by ever
// smaller steps has converged, as far as its digits tell.
func (s *Summary) standstill() *Standstill {
	fewest := int64(50)
	if s.last == 0 {
		fewest = 20
	}
	if s.same < fewest || s.BadTail > 0 || 5*s.pairs > s.finite-s.same {
		return nil
	}
	const small = 0.01
	if s.last != 0 && s.moving < small*math.Abs(s.Initial-s.last) {
		return nil
	}
	return &Standstill{From: s.sameFrom, Records: s.same, Loss: s.last}
}

// conclude names the condition.
func (s *Summary) conclude(l *levels) {
	s.Initial, s.Final = l.start(), s.end()
	s.Changes = l.changes
	s.Standstill = s.standstill()
	shifted := 0.0
	for _, e := range s.Episodes {
		if e.Kind == Shift {
			shifted += max(0, e.settled-e.Baseline)
		}
	}
	if s.Drift = l.drift(shifted); s.Standstill == nil {
		s.Scatter = l.scatter()
	}
	switch diverged := s.diverged(); {
	case s.Records == 0:
		s.Condition = Short
	case s.finite == 0 || s.EndsNonFinite():
		s.Condition, s.DivergedAt = Divergent, s.BadTailFrom
		if e := s.lastEpisode(); e != nil && !e.Back {
			s.DivergedAt = min(s.DivergedAt, e.Start)
		}
	case diverged != nil:
		s.Condition, s.DivergedAt = Divergent, diverged.Start
	case s.exploded():
		s.Condition, s.DivergedAt = Divergent, s.Drift.From
	case s.Standstill != nil:
		s.Condition = Stuck
	case s.Shifts > 0 && 2*s.Shifts > s.EpisodeCount:
		s.Condition = Shifted
	case s.tailed():
		s.Condition = Tailed
	case s.Spikes > 0:
		s.Condition = Spiky
	case s.finite < fewest:
		s.Condition = Short
	case s.Drift != nil:
		s.Condition = Drifting
	case len(s.Changes) > 0 && s.Changes[len(s.Changes)-1].To < s.Changes[len(s.Changes)-1].From:
		s.Condition = Dropped
	case len(s.Changes) > 0:
		s.Condition = Shifted
	default:
		s.Condition = Steady
	}
}

func (s *Summary) lastEpisode() *Episode {
	if n := len(s.Episodes); n > 0 {
		return s.Episodes[n-1]
	}
	return nil
}

// diverged is the divergence that the series ends in. One after which the loss came back later, so that less than a third of what
// had been learnt is lost, was a shift.
func (s *Summary) diverged() *Episode {
	var found *Episode
	for _, e := range s.Episodes {
		if e.Kind != Diverged || e.NonFinite == e.Records {
			continue
		}
		if end := s.end(); s.EndsNonFinite() || end >= e.Baseline+Limit*e.Deviation && end >= e.Baseline+(s.Initial-e.Baseline)/3 {
			found = e
			continue
		}
		e.Kind = Shift
		s.Shifts++
		s.Spikes -= int64(e.Spikes)
		e.finished()
	}
	return found
}
