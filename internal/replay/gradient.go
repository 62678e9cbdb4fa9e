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

// gradientNorm reads the norm of the gradient where a log has one, and compares its episodes with those of the loss. It
// returns nil if there is none, or it cannot be read, or the log is very long: then nothing is said of it.
func gradientNorm(log *losslog.Log, loss *spike.Summary, gap int64) *GradientNorm {
	if log.Source().Records > longestForNorm || len(loss.Episodes) == 0 {
		return nil
	}
	field := normSeries(log)
	if field == "" {
		return nil
	}
	series, err := log.Series(field)
	if err != nil {
		return nil
	}
	norm, err := summaryOf(series)
	if err != nil {
		return nil
	}
	g := &GradientNorm{Field: field}
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

// summaryOf judges a series.
func summaryOf(log *losslog.Log) (*spike.Summary, error) {
	var a *analysis
	err := readSeries(log, func() func(*losslog.Chunk) error {
		a = newAnalysis()
		return a.push
	})
	if err != nil {
		return nil, err
	}
	a.finish()
	return a.found, nil
}

// readSeries reads a series once, or again where its run was resumed: begin begins each reading, and returns what takes it in.
func readSeries(log *losslog.Log, begin func() func(*losslog.Chunk) error) error {
	chunk := new(losslog.Chunk)
	next := func() *losslog.Chunk { chunk.Reset(); return chunk }
	for {
		if again, err := log.Read(next, begin()); err != nil || !again {
			return err
		}
	}
}
