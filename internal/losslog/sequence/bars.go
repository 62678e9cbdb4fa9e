package sequence

// bar is a progress bar that is drawn again and again: before and after its counter moves, and whenever a loss is known. Its counter may stand
// still while losses come, and says then, as it moves, how many there were.
type bar struct {
	first, at int64 // its counter, where its losses begin and now
	told      int64 // losses that were told, or passed without being drawn
	again     int64 // drawings since the counter moved that tell the last loss again
	isStale   bool  // what was drawn as it moved told the last loss, too, and no other was since
	epoch     float64
}

// takeDrawn adds a row that a bar shows to a chunk, if the loss is a new one.
func (s *Sequencer) takeDrawn(step int64, loss, epoch float64, c *Chunk) {
	b := &s.bar
	same := s.started && (loss == s.lastLoss || loss != loss && s.lastLoss != s.lastLoss)
	switch {
	case !s.started || step < b.at:
		s.endBar(c)
		*b = bar{first: step, at: step, epoch: epoch}
	case step > b.at:
		s.settle(step-b.first, c)
		b.at, b.isStale = step, same
	case same && b.told > 0: // else it is the last loss of the bar before
		b.again++
	}
	if same {
		s.count.Repeated++
		return
	}
	s.tellEqual(b.told+b.again, c)
	b.again, b.epoch, b.isStale = 0, epoch, false
	s.tell(loss, c)
}

// settle is called when a bar's counter has moved.
func (s *Sequencer) settle(counted int64, c *Chunk) {
	if b := &s.bar; b.isStale && b.told+b.again < counted {
		b.again++
	}
	s.tellEqual(counted, c)
	s.bar.told, s.bar.again = max(s.bar.told, counted), 0
}

// tellEqual takes drawings that told the last loss again for losses that are equal to it, for as long as the bar told fewer than it counts.
func (s *Sequencer) tellEqual(counted int64, c *Chunk) {
	b := &s.bar
	for ; s.how.EqualLosses && b.told < counted && b.again > 0; b.again-- {
		s.count.Repeated--
		s.tell(s.lastLoss, c)
	}
}

// endBar is called when no more of a bar will come.
func (s *Sequencer) endBar(c *Chunk) {
	b := &s.bar
	counted := b.at - b.first
	if b.first > 0 { // the counter moves before the loss is known
		counted++
	}
	s.settle(counted, c)
}

// tell adds a loss of the bar to a chunk.
func (s *Sequencer) tell(loss float64, c *Chunk) {
	step := s.bar.first + s.bar.told
	s.bar.told++
	s.add(step, loss, s.bar.epoch, 0, false, c)
}
