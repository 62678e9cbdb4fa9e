package losslog

// Chunk is some of a log's steps, in order, each with its losses.
type Chunk struct {
	steps  []int64
	losses []float64
	ends   []int // where each step's losses end; empty where every step has one
}

// Reset empties the chunk.
func (c *Chunk) Reset() { c.steps, c.losses, c.ends = c.steps[:0], c.losses[:0], c.ends[:0] }

// Len returns the number of steps.
func (c *Chunk) Len() int { return len(c.steps) }

// Step returns the number of step i of the chunk, as the log counts steps.
func (c *Chunk) Step(i int) int64 { return c.steps[i] }

// Losses returns the losses of step i of the chunk: one, or those of a batch.
func (c *Chunk) Losses(i int) []float64 {
	if len(c.ends) == 0 {
		return c.losses[i : i+1 : i+1]
	}
	begin := 0
	if i > 0 {
		begin = c.ends[i-1]
	}
	return c.losses[begin:c.ends[i]:c.ends[i]]
}

// cut says that a run was resumed: rows before a place that have its step or a later one were done anew.
type cut struct {
	row  int64
	step int64
}

// sequencer turns rows into steps. It fills in missing steps, groups the losses of batches, and leaves out what a
// resumed run did anew.
type sequencer struct {
	cuts    []cut
	ordinal bool // number the steps anew

	row        int64
	last       int64
	started    bool
	superseded int64
	watch      resumes

	pending      []float64 // the losses of a batch that may go on
	pendingStep  int64
	pendingGroup uint64
}

// lowest returns the step from which rows here were done anew later.
func (s *sequencer) lowest() (step int64, any bool) {
	for _, c := range s.cuts {
		if c.row > s.row && (!any || c.step < step) {
			step, any = c.step, true
		}
	}
	return step, any
}

// push adds a block's rows to a chunk.
func (s *sequencer) push(b *block, c *Chunk) {
	for len(s.cuts) > 0 && s.cuts[0].row <= s.row {
		s.cuts = s.cuts[1:]
	}
	if len(b.groups) > 0 {
		for len(b.groups) < len(b.losses) {
			b.groups = append(b.groups, ^uint64(len(b.groups)))
		}
	}
	for i, loss := range b.losses {
		step := b.steps[i]
		if step == missingStep {
			step = s.last + 1
			if !s.started {
				step = 1
			}
		}
		s.watch.see(step, s.row)
		if len(s.cuts) > 0 {
			if s.cuts[0].row <= s.row {
				s.cuts = s.cuts[1:]
			}
			if low, any := s.lowest(); any && step >= low {
				s.row++
				s.last, s.started = step, true
				s.superseded++
				continue
			}
		}
		s.row++
		s.last, s.started = step, true
		if s.ordinal {
			step = s.row
		}
		if len(b.groups) == 0 {
			if s.pending != nil {
				s.flush(c)
			}
			c.steps = append(c.steps, step)
			c.losses = append(c.losses, loss)
			if len(c.ends) > 0 {
				c.ends = append(c.ends, len(c.losses))
			}
			continue
		}
		if s.pending != nil && (s.pendingGroup != b.groups[i] || len(s.pending) >= largestBatch) {
			s.flush(c)
		}
		if s.pending == nil {
			s.pending = make([]float64, 0, 64)
			s.pendingStep, s.pendingGroup = step, b.groups[i]
		}
		s.pending = append(s.pending, loss)
	}
}

// largestBatch bounds the memory of a batch.
const largestBatch = 1 << 20

// flush ends the batch at hand.
func (s *sequencer) flush(c *Chunk) {
	if s.pending == nil {
		return
	}
	if len(c.ends) == 0 {
		for i := range c.losses {
			c.ends = append(c.ends, i+1)
		}
	}
	c.steps = append(c.steps, s.pendingStep)
	c.losses = append(c.losses, s.pending...)
	c.ends = append(c.ends, len(c.losses))
	s.pending = nil
}

// resumes watches the step counter for runs that were resumed: the counter goes back, to a step that was there, and
// goes on from there until it is where it was, or the log ends. A single record of an earlier step (a validation, a
// worker that was late) is none.
type resumes struct {
	recent [1024]int64
	count  int64
	most   int64 // the highest step so far
	gap    int64 // the last distance between steps
	cuts   []cut

	back     bool
	from     cut
	last     int64
	rows     int
	repeated bool
	first    int64
}

func (r *resumes) see(step, row int64) {
	switch {
	case r.count == 0:
		r.first, r.most = step, step
	case !r.back && step >= r.most:
		if step > r.most {
			r.gap = step - r.most
		}
		r.most = step
	case !r.back:
		r.turn(step, row)
	case step > r.most:
		r.end(step-r.last <= max(1, r.gap))
		r.most = step
	case step < r.last:
		r.end(r.rows >= 3)
		r.turn(step, row)
	default:
		r.last = step
		r.rows++
		r.repeated = r.repeated || r.seen(step)
	}
	r.recent[r.count%int64(len(r.recent))] = step
	r.count++
}

// turn begins to watch a counter that went back.
func (r *resumes) turn(step, row int64) {
	r.back, r.from, r.last, r.rows = true, cut{row, step}, step, 1
	r.repeated = r.seen(step)
}

// end ends the watch; on says that the counter went on as a resumed run's does.
func (r *resumes) end(on bool) {
	const mostCuts = 10_000
	if r.back && r.repeated && on && len(r.cuts) < mostCuts {
		r.cuts = append(r.cuts, r.from)
	}
	r.back = false
}

// seen says whether a step was there: among the last ones, or before all of these.
func (r *resumes) seen(step int64) bool {
	kept := min(r.count, int64(len(r.recent)))
	lowest := r.most
	for _, recent := range r.recent[:kept] {
		if recent == step {
			return true
		}
		lowest = min(lowest, recent)
	}
	return step < lowest && r.count > kept && step >= r.first
}

// finish returns the places where the run was resumed. A counter that goes back to its beginning again and again
// counts the batches of an epoch: then cyclic is true.
func (r *resumes) finish() (cuts []cut, cyclic bool) {
	r.end(r.rows >= 2)
	if len(r.cuts) >= 2 {
		cyclic = true
		for _, c := range r.cuts {
			cyclic = cyclic && c.step <= r.first
		}
	}
	if cyclic {
		return nil, true
	}
	return r.cuts, false
}
