package nn

import (
	"time"

	"alrc/internal/nn/kernel"
)

// worker is what a thread has to itself.
type worker struct {
	index   int
	product kernel.Product
	// weights and planes hold Winograd's transformed weights and products of one task, kernels the taps of one
	// transposition, tile a 4x4 tile at an image's edge.
	weights, planes, kernels, tile []float32
	profile                        *profile
}

// profile is how long a worker spent on each part of the step.
type profile struct{ seconds map[string]time.Duration }

func (p *profile) timed(part *part, w *worker, task int) {
	begin := time.Now()
	part.run(w, task)
	p.seconds[part.name] += time.Since(begin)
}

// Profile switches timing on or off, and returns the time that all threads together spent on each part since it was
// switched on.
func (e *Engine) Profile(on bool) map[string]time.Duration {
	total := map[string]time.Duration{}
	for _, w := range e.pool.workers {
		if w.profile != nil {
			for name, spent := range w.profile.seconds {
				total[name] += spent
			}
		}
		w.profile = nil
		if on {
			w.profile = &profile{seconds: map[string]time.Duration{}}
		}
	}
	return total
}
