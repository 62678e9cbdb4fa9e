package sequence

import (
	"math"

	"alrc/internal/losslog/lexicon"
)

// A Sequencer turns rows into steps. It fills in missing steps, groups the losses of batches, and leaves out what a
// resumed run did anew, runs that are not wanted, and losses that were written twice.
type Sequencer struct {
	how    Options
	plan   Plan
	before *Recent  // where records are told twice
	held   *heldRow // the last one so far, where the last one of a step counts
	bar    bar      // the one at hand, where bars are drawn again and again

	row        int64
	last       int64
	lastLoss   float64
	started    bool
	count      LeftOut
	watch      turns
	parts      turns // of steps within epochs, where records tell these
	inEpoch    float64
	within     int64 // records of the epoch at hand, or of a part of it, where nothing else counts
	epoch      float64
	reopenings reopenings
	mode       lexicon.Role // what the last line that tells said the records are of
	alike      uint32       // the openings that came since the last row

	carry   int64 // the last step of lines before those of losses
	carries bool

	pending      []float64 // the losses of a batch that may go on
	pendingStep  int64
	pendingGroup uint64
	written      int64 // steps
}

// Options say how rows become steps.
type Options struct {
	Plan      Plan                // what [Sequencer.Planned] returned after an earlier reading, where there was one
	Kind      lexicon.CounterKind // of what counts steps
	Before    int64               // the step of rows before the first that is counted, if not 0
	Openings  bool                // rows tell which openings came again
	Uncounted bool                // nothing counts steps
	Redrawn   bool                // each loss stands in two records
	Twice     bool                // records may be written twice
	EndsAgain bool                // the last record may tell an earlier one again
	ToldTwice bool                // records come again in blocks
	Carried   bool                // steps stand on lines before those of losses
	// CountsLosses says that these are drawings of bars whose counter tells how many losses there were, and EqualLosses that some may be
	// equal to the one before.
	CountsLosses, EqualLosses bool
	// LastOfStep says that of the records of a step, as of an epoch's bar, the last one counts.
	LastOfStep bool
}

// LeftOut counts rows whose losses are in no step.
type LeftOut struct {
	Validation int64 // by lines that say so, or below a run's last step
	Superseded int64 // done anew by a resumed run
	OtherRuns  int64 // of runs before or after the one taken
	Repeated   int64 // written twice
}

// New returns a sequencer of a log's rows, from the first on.
func New(how Options) *Sequencer {
	s := &Sequencer{how: how, plan: how.Plan, epoch: math.NaN(), watch: turns{epoch: math.NaN()}, parts: turns{epoch: math.NaN(), loose: true}}
	if how.ToldTwice {
		s.before = new(Recent)
	}
	return s
}

// LeftOut says how many rows were left out so far.
func (s *Sequencer) LeftOut() LeftOut { return s.count }

// Planned returns, after a reading, which rows the next one is to take.
func (s *Sequencer) Planned() Plan {
	p := s.watch.withEpochs(&s.parts, s.how.Kind, s.how.Uncounted)
	p.rows = s.row
	if !s.how.EndsAgain {
		p.again = 0
	}
	if s.how.Carried && !p.Ordinal {
		p.tested = s.watch.ends()
	}
	if len(p.begins) > 0 {
		return p
	}
	if rows, opening := s.reopenings.begins(!p.Ordinal && !s.how.Uncounted); len(rows) > 0 {
		p.begins = append([]int64{0}, rows...)
		p.resumed, p.InEpochs, p.Ordinal = nil, false, p.Ordinal || s.how.Uncounted
		p.opening = opening + 1
	}
	return p
}

// heldRow is a row that waits for the next one.
type heldRow struct {
	step        int64
	loss, epoch float64
}

// Push adds the steps of rows to a chunk.
func (s *Sequencer) Push(b *Rows, c *Chunk) {
	if b.Grouped() {
		b.groupAll()
	}
	reopened := b.reopened
	plain := s.pushPlain(b, c)
	for i, loss := range b.Losses[plain:] {
		i += plain
		step := b.Steps[i]
		for len(reopened) > 0 && reopened[0].row <= i {
			s.alike |= reopened[0].alike
			reopened = reopened[1:]
		}
		if b.Modal {
			mode := b.modes[i]
			if mode == lexicon.Unsaid {
				mode = s.mode
			}
			if mode == lexicon.Validation {
				s.count.Validation++
				continue
			}
		}
		switch {
		case step == CarriedStep && s.carries:
			step = s.carry
		case step == MissingStep || step == CarriedStep:
			step = s.last + 1
			if !s.started {
				step = max(s.how.Before, 1)
			}
		}
		epoch := math.NaN()
		if len(b.epochs) == len(b.Losses) {
			if epoch = b.epochs[i]; epoch != epoch {
				epoch = s.epoch
			}
			s.epoch = epoch
		}
		group, grouped := uint64(0), b.Grouped()
		if grouped {
			group = b.Groups[i]
		}
		if s.how.LastOfStep {
			before := s.held
			s.held = &heldRow{step, loss, epoch}
			switch {
			case before == nil:
				continue
			case before.step == step && (before.epoch == epoch || before.epoch != before.epoch):
				s.count.Repeated++
				continue
			}
			step, loss, epoch = before.step, before.loss, before.epoch
		}
		s.take(step, loss, epoch, group, grouped, c)
	}
	for _, later := range reopened {
		s.alike |= later.alike
	}
	if b.Carries {
		s.carry, s.carries = b.Carry, true
	}
	if b.Mode != lexicon.Unsaid {
		s.mode = b.Mode
	}
	if b.Epoch == b.Epoch {
		s.epoch = b.Epoch
	}
}

// pushPlain adds steps to a chunk for as long as they rise and there is nothing else to them, which is so in most logs, and returns how
// many it added. It does with them what take does.
func (s *Sequencer) pushPlain(b *Rows, c *Chunk) (n int) {
	h := &s.how
	if b.Grouped() || b.Modal || len(b.epochs) > 0 || len(b.reopened) > 0 || h.Openings || h.Uncounted || h.Redrawn || h.Twice || h.LastOfStep ||
		s.before != nil || s.plan.Selects() || s.pending != nil || len(c.ends) > 0 || !s.started {
		return 0
	}
	if n = s.watch.rise(b.Steps, b.Losses); n > 0 {
		c.steps, c.losses = append(c.steps, b.Steps[:n]...), append(c.losses, b.Losses[:n]...)
		s.row += int64(n)
		s.written += int64(n)
		s.last, s.lastLoss = b.Steps[n-1], b.Losses[n-1]
	}
	return n
}

// take adds a row to a chunk, unless it is left out.
func (s *Sequencer) take(step int64, loss, epoch float64, group uint64, grouped bool, c *Chunk) {
	if s.how.CountsLosses && !grouped {
		s.takeDrawn(step, loss, epoch, c)
		return
	}
	s.add(step, loss, epoch, group, grouped, c)
}

// add does so for a row that is no bar's.
func (s *Sequencer) add(step int64, loss, epoch float64, group uint64, grouped bool, c *Chunk) {
	if s.started && !grouped && !s.how.CountsLosses && s.isTwice(step, loss) {
		s.count.Repeated++
		return
	}
	if s.before != nil && !grouped {
		if s.before.Told(float64(step), loss) {
			s.count.Repeated++
			return
		}
		s.before.Add(float64(step), loss)
	}
	s.watch.see(step, s.row, loss, epoch)
	if s.how.Openings {
		s.reopenings.see(loss, s.alike)
		s.alike = 0
	}
	within, part := step, epoch
	if s.how.Uncounted {
		// Epochs with a share of the next one, as 0.53, count by themselves.
		s.parts.shares = s.parts.shares || epoch > math.Floor(epoch)
		if part = math.Floor(epoch * epochParts); part != s.inEpoch {
			s.inEpoch, s.within = part, 0
		}
		within = s.within
		s.within++
	}
	whole, ok := inEpoch(within, part)
	if ok {
		s.parts.see(whole, s.row, loss, math.NaN())
	}
	row := s.row
	s.row++
	s.last, s.lastLoss, s.started = step, loss, true
	at := step
	if s.plan.InEpochs {
		at = whole
	}
	switch s.plan.of(row, at) {
	case anewLater:
		s.count.Superseded++
		return
	case ofAnotherRun:
		s.count.OtherRuns++
		return
	case toldAgain:
		s.count.Repeated++
		return
	case ofTest:
		s.count.Validation++
		return
	}
	if s.plan.Ordinal {
		step = s.written + 1
	}
	if !grouped {
		if s.pending != nil {
			s.Flush(c)
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
		s.Flush(c)
	}
	if s.pending == nil {
		s.pending = make([]float64, 0, 64)
		s.pendingStep, s.pendingGroup = step, group
		s.written++
	}
	s.pending = append(s.pending, loss)
}

// epochParts is how finely shares of an epoch are told apart.
const epochParts = 1 << 10

// inEpoch returns the place of a step that counts from the beginning of its epoch.
func inEpoch(step int64, epoch float64) (place int64, ok bool) {
	const bits = 32
	if !(epoch >= 0 && epoch < 1<<30) || step < 0 || step >= 1<<bits {
		return 0, false
	}
	return int64(epoch)<<bits + step, true
}

// isTwice says whether a record was there before: as the last one, or, where progress bars are drawn before and after they
// move, with another step. A bar that has not moved yet shows the loss of the one before.
func (s *Sequencer) isTwice(step int64, loss float64) bool {
	same := loss == s.lastLoss || loss != loss && s.lastLoss != s.lastLoss
	if s.how.Redrawn && same {
		return true
	}
	if !s.how.Twice {
		return false
	}
	return same && (step == s.last || s.how.LastOfStep && step == 0 && s.last > 0)
}

// largestBatch bounds the memory of a batch.
const largestBatch = 1 << 20

// Flush ends the batch at hand, and takes a row that waited.
func (s *Sequencer) Flush(c *Chunk) {
	if h := s.held; h != nil {
		s.held = nil
		s.take(h.step, h.loss, h.epoch, 0, false, c)
	}
	if s.how.CountsLosses && s.started {
		s.endBar(c)
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
