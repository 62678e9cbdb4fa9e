package losslog

import "math"

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

// Steps returns the numbers of all steps.
func (c *Chunk) Steps() []int64 { return c.steps }

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

// Singles returns the losses of all steps where every step has one, and nil otherwise.
func (c *Chunk) Singles() []float64 {
	if len(c.ends) > 0 {
		return nil
	}
	return c.losses
}

// sequencer turns rows into steps. It fills in missing steps, groups the losses of batches, and leaves out what a
// resumed run did anew, runs that are not wanted, and losses that were written twice.
type sequencer struct {
	plan    plan
	redrawn bool    // each loss stands in two records
	twice   bool    // records may be written twice
	before  *lately // where they are told twice
	// lastOfStep says that of the records of a step, as of an epoch's bar, the last one counts; held is the last one so far.
	lastOfStep bool
	held       *heldRow

	row        int64
	last       int64
	lastLoss   float64
	started    bool
	superseded int64
	otherRuns  int64
	repeated   int64
	watch      turns
	parts      turns // of steps within epochs, where records tell these
	uncounted  bool  // nothing counts steps
	inEpoch    float64
	within     int64 // records of the epoch at hand, where nothing else counts
	epoch      float64
	reopenings reopenings
	mode       role   // what the last line that tells said the records are of
	leftOut    int64  // of validation, by such lines
	alike      uint32 // the openings that came since the last row

	carry   int64 // the last step of lines before those of losses
	carries bool

	pending      []float64 // the losses of a batch that may go on
	pendingStep  int64
	pendingGroup uint64
	written      int64 // steps
}

// heldRow is a row that waits for the next one.
type heldRow struct {
	step        int64
	loss, epoch float64
}

// push adds a block's rows to a chunk.
func (s *sequencer) push(b *block, c *Chunk) {
	if len(b.groups) > 0 {
		for len(b.groups) < len(b.losses) {
			b.groups = append(b.groups, ^uint64(len(b.groups)))
		}
	}
	reopened := b.reopened
	for i, loss := range b.losses {
		step := b.steps[i]
		for len(reopened) > 0 && reopened[0].row <= i {
			s.alike |= reopened[0].alike
			reopened = reopened[1:]
		}
		if b.modal {
			mode := b.modes[i]
			if mode == unsaid {
				mode = s.mode
			}
			if mode == validation {
				s.leftOut++
				continue
			}
		}
		switch {
		case step == carriedStep && s.carries:
			step = s.carry
		case step == missingStep || step == carriedStep:
			step = s.last + 1
			if !s.started {
				step = 1
			}
		}
		epoch := math.NaN()
		if len(b.epochs) == len(b.losses) {
			if epoch = b.epochs[i]; epoch != epoch {
				epoch = s.epoch
			}
			s.epoch = epoch
		}
		group, grouped := uint64(0), len(b.groups) > 0
		if grouped {
			group = b.groups[i]
		}
		if s.lastOfStep {
			before := s.held
			s.held = &heldRow{step, loss, epoch}
			switch {
			case before == nil:
				continue
			case before.step == step:
				s.repeated++
				continue
			}
			step, loss, epoch = before.step, before.loss, before.epoch
		}
		s.take(step, loss, epoch, group, grouped, c)
	}
	for _, later := range reopened {
		s.alike |= later.alike
	}
	if b.carries {
		s.carry, s.carries = b.carry, true
	}
	if b.mode != unsaid {
		s.mode = b.mode
	}
	if b.epoch == b.epoch {
		s.epoch = b.epoch
	}
}

// take adds a row to a chunk, unless it is left out.
func (s *sequencer) take(step int64, loss, epoch float64, group uint64, grouped bool, c *Chunk) {
	if s.started && !grouped && s.isTwice(step, loss) {
		s.repeated++
		return
	}
	if s.before != nil && !grouped {
		if s.before.told(float64(step), loss) {
			s.repeated++
			return
		}
		s.before.add(float64(step), loss)
	}
	s.watch.see(step, s.row, loss, epoch)
	if s.reopenings.of != nil {
		s.reopenings.see(loss, s.alike)
		s.alike = 0
	}
	within := step
	if s.uncounted {
		if whole := math.Floor(epoch); whole != s.inEpoch {
			s.inEpoch, s.within = whole, 0
		}
		within = s.within
		s.within++
	}
	whole, ok := inEpoch(within, epoch)
	if ok {
		s.parts.see(whole, s.row, loss, math.NaN())
	}
	row := s.row
	s.row++
	s.last, s.lastLoss, s.started = step, loss, true
	at := step
	if s.plan.inEpochs {
		at = whole
	}
	switch s.plan.of(row, at) {
	case anewLater:
		s.superseded++
		return
	case ofAnotherRun:
		s.otherRuns++
		return
	case toldAgain:
		s.repeated++
		return
	}
	if s.plan.ordinal {
		step = s.written + 1
	}
	if !grouped {
		if s.pending != nil {
			s.flush(c)
		}
		s.written++
		c.steps = append(c.steps, step)
		c.losses = append(c.losses, loss)
		if len(c.ends) > 0 {
			c.ends = append(c.ends, len(c.losses))
		}
		return
	}
	if s.pending != nil && (s.pendingGroup != group || len(s.pending) >= largestBatch) {
		s.flush(c)
	}
	if s.pending == nil {
		s.pending = make([]float64, 0, 64)
		s.pendingStep, s.pendingGroup = step, group
		s.written++
	}
	s.pending = append(s.pending, loss)
}

// inEpoch returns the place of a step that counts from the beginning of its epoch.
func inEpoch(step int64, epoch float64) (place int64, ok bool) {
	const bits = 32
	if !(epoch >= 0 && epoch < 1<<30) || step < 0 || step >= 1<<bits {
		return 0, false
	}
	return int64(epoch)<<bits + step, true
}

// isTwice says whether a record was there before: as the last one, or, where progress bars are drawn before and after they
// move, with another step.
func (s *sequencer) isTwice(step int64, loss float64) bool {
	same := loss == s.lastLoss || loss != loss && s.lastLoss != s.lastLoss
	if s.redrawn && same {
		return true
	}
	if !s.twice {
		return false
	}
	return step == s.last && same
}

// largestBatch bounds the memory of a batch.
const largestBatch = 1 << 20

// flush ends the batch at hand, and takes a row that waited.
func (s *sequencer) flush(c *Chunk) {
	if h := s.held; h != nil {
		s.held = nil
		s.take(h.step, h.loss, h.epoch, 0, false, c)
	}
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
