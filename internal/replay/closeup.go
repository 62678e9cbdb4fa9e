package replay

import (
	"slices"

	"alrc/internal/chart"
	"alrc/internal/spike"
)

// closeups keeps the losses around the peaks of episodes step by step, since a curve of a long log has many steps a bucket.
type closeups struct {
	ring [512]loss // the last records: more than a detector looks back
	n    int64     // records that came
	open []*closeup
	kept map[*spike.Episode][]loss
}

// loss is that of a step, NaN where it is not finite.
type loss struct {
	step  int64
	value float64
}

// closeup is one that is not taken yet.
type closeup struct {
	episode *spike.Episode
	peak    int64 // step
	at      int64 // the peak's record
	taken   bool
}

// found tells of an episode.
func (c *closeups) found(e *spike.Episode, over bool) {
	if !over {
		c.open = append(c.open, &closeup{episode: e, at: -1})
	}
}

func (c *closeups) add(step int64, value float64) {
	c.ring[c.n%int64(len(c.ring))] = loss{step, value}
	c.n++
}

// look takes the closeups of which all steps are there. A peak moves while its episode goes on.
func (c *closeups) look(atEnd bool) {
	c.open = slices.DeleteFunc(c.open, func(u *closeup) bool {
		if u.at < 0 || u.peak != u.episode.Peak {
			u.peak, u.at, u.taken = u.episode.Peak, c.record(u.episode.Peak), false
		}
		if !u.taken && (atEnd || c.n > u.at+chart.Around) {
			c.take(u)
		}
		// An episode that has a kind is over.
		return u.taken && u.episode.Kind != ""
	})
}

// record is the number of the record of a step, or of the oldest that is kept.
func (c *closeups) record(step int64) int64 {
	oldest := max(0, c.n-int64(len(c.ring)))
	for i := c.n - 1; i > oldest; i-- {
		if c.ring[i%int64(len(c.ring))].step == step {
			return i
		}
	}
	return oldest
}

func (c *closeups) take(u *closeup) {
	u.taken = true
	first, end := max(0, u.at-chart.Around, c.n-int64(len(c.ring))), min(c.n, u.at+chart.Around+1)
	losses := make([]loss, 0, max(0, end-first))
	for i := first; i < end; i++ {
		losses = append(losses, c.ring[i%int64(len(c.ring))])
	}
	if c.kept == nil {
		c.kept = map[*spike.Episode][]loss{}
	}
	c.kept[u.episode] = losses
	const most = 400
	if len(c.kept) < most {
		return
	}
	all := make([]*spike.Episode, 0, len(c.kept))
	for e := range c.kept {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *spike.Episode) int { return int(a.Record - b.Record) })
	largest := spike.Largest(all, most/2)
	for _, e := range all {
		if !slices.Contains(largest, e) {
			delete(c.kept, e)
		}
	}
}

// steps returns the losses around the peaks of some episodes, each step once, in order.
func (c *closeups) steps(episodes []*spike.Episode) []loss {
	var all []loss
	for _, e := range episodes {
		for _, l := range c.kept[e] {
			if len(all) == 0 || l.step > all[len(all)-1].step {
				all = append(all, l)
			}
		}
	}
	return all
}
