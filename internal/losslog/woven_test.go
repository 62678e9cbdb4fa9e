package losslog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Two programs that write to one file are no resumption, and no run that spikes again and again.
func TestWoven(t *testing.T) {
	for name, c := range map[string]struct {
		begin [2]int // the first steps
		odds  int    // of 10, how often the first one writes
		woven bool
	}{
		"far apart":           {[2]int{1000, 0}, 5, true},
		"one after the other": {[2]int{300, 0}, 10, false},
		"one faster":          {[2]int{0, 0}, 7, true},
		"strictly by turns":   {[2]int{500, 0}, -1, true},
		"the same steps":      {[2]int{0, 0}, -1, false},
	} {
		random := rand.New(rand.NewPCG(3, 4))
		var log strings.Builder
		var written [2]int
		for i := range 160 {
			k := flagOf(random.IntN(10) >= c.odds)
			if c.odds < 0 {
				k = i % 2
			}
			if c.odds == 10 {
				k = i / 80
			}
			fmt.Fprintf(&log, "iter %d loss %.4f\n", c.begin[k]+5*written[k], 0.3+float64(k)+2/float64(1+written[k])+random.Float64()/20)
			written[k]++
		}
		l, err := Open(Options{Inputs: []string{write(t, "log", log.String())}})
		if err == nil {
			l.Close()
		}
		if woven := err != nil && strings.Contains(err.Error(), "2 runs are written to it at once"); woven != c.woven {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Processes whose losses are alike train one model; those whose losses are far apart train their own.
func TestProcessesApart(t *testing.T) {
	for factor, apart := range map[float64]bool{1.02: false, 1.6: true} {
		random := rand.New(rand.NewPCG(5, 6))
		var log strings.Builder
		for i := range 20 {
			for k, pid := range []int{3100, 3188} {
				loss := (0.4 + 3/float64(2+i)) * (1 + float64(k)*(factor-1)) * (1 + random.Float64()/50)
				fmt.Fprintf(&log, "(pid=%d) iter %d loss %.4f\n", pid, 10*i, loss)
			}
		}
		l, err := Open(Options{Inputs: []string{write(t, "log", log.String())}})
		if err == nil {
			l.Close()
		}
		if got := err != nil && strings.Contains(err.Error(), "2 runs are written to it at once") && strings.Contains(err.Error(), "--where pid=3100"); got != apart {
			t.Errorf("%g times as high: %v", factor, err)
		}
	}
}
