package sequence

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
