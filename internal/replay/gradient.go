package replay

import (
	"slices"
	"strings"

	"alrc/internal/losslog"
	"alrc/internal/spike"
	"alrc/internal/statistics"
)

// GradientNorm says what the norm of the gradient did before the loss spiked.
type GradientNorm struct {
	// Field is the log's name for it.
	Field string `json:"field"`
	// Led counts the episodes, of Episodes, before which the norm spiked, and Lead is the median number of steps from
	// the one to the other.
	Led      int   `json:"led"`
	Episodes int   `json:"episodes"`
	Lead     int64 `json:"lead_steps"`
	// Usual is the norm before it spiked.
	Usual Number `json:"usual"`
}

// longestForNorm is the number of records up to which the norm of the gradient is read, too: it takes as long again.
const longestForNorm = 2_000_000

// norms is the norm of the gradient, step by step.
type norms struct {
	field  string // the log's name for it
	steps  []int64
	values []float64 // NaN where one is not finite
}

// normsOf reads the norm of the gradient of a log that was read before. It returns nil if there is none, or it cannot be read, or
// the log is very long: then nothing is said of it.
func normsOf(log *losslog.Log) *norms {
	if log.Source().Records > longestForNorm || log.Source().Format == losslog.Pattern {
		return nil
	}
	n := &norms{field: normField(log.Fields())}
	if n.field == "" || n.field == log.Source().Loss {
		return nil
	}
	series, err := log.Series(n.field)
	if err != nil {
		return nil
	}
	chunk := new(losslog.Chunk)
	next := func() *losslog.Chunk { chunk.Reset(); return chunk }
	for again := true; again; { // a resumed run is read twice
		n.steps, n.values = n.steps[:0], n.values[:0]
		again, err = series.Read(next, func(c *losslog.Chunk) error {
			for i := range c.Len() {
				n.steps, n.values = append(n.steps, c.Step(i)), append(n.values, level(c.Losses(i)))
			}
			return nil
		})
		if err != nil {
			return nil
		}
	}
	return n
}

// gradientNorm compares the episodes of the norm, nil where it is not known, with those of the loss.
func gradientNorm(n *norms, loss *spike.Summary, gap int64) *GradientNorm {
	if n == nil || len(loss.Episodes) == 0 {
		return nil
	}
	norm := spike.Find(n.steps, n.values)
	g := &GradientNorm{Field: n.field}
	var leads []int64
	var usual []float64
	for _, e := range loss.Episodes {
		if e.Kind == spike.Shift {
			continue
		}
		g.Episodes++
		// It led if it began at a record before, and lasted until then or nearly so.
		const reach = 5
		for _, n := range slices.Backward(norm.Episodes) {
			if n.Start < e.Start && n.Start >= e.Start-spike.Delay*gap && (!n.Back || n.End >= e.Start-reach*gap) {
				g.Led++
				leads = append(leads, e.Start-n.Start)
				usual = append(usual, n.Baseline)
				break
			}
		}
	}
	if g.Led > 0 {
		g.Lead = statistics.Median(leads)
		g.Usual = Number(statistics.MedianOfFinite(usual))
	}
	return g
}

// normField returns the field that is named like the norm of the whole gradient: the shortest, since others may be of
// layers.
func normField(fields []string) string {
	found := ""
	for _, field := range fields {
		name := strings.ToLower(field)
		for _, separator := range []string{"_", "-", " ", "/", "."} {
			name = strings.ReplaceAll(name, separator, "")
		}
		name = strings.TrimSuffix(name, "mean")
		if !(strings.HasSuffix(name, "gradnorm") || strings.HasSuffix(name, "gradientnorm") || strings.HasSuffix(name, "gnorm") ||
			strings.HasSuffix(name, "normofgradient") || strings.HasSuffix(name, "gradnormtotal") || strings.HasSuffix(name, "gradglobalnorm")) {
			continue
		}
		if found == "" || len(field) < len(found) {
			found = field
		}
	}
	return found
}
