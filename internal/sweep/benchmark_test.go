package sweep

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// BenchmarkJobs is for the machine at rest: runs an hour with one job and with as many as there are processors, and
// what the queue costs beside the training.
func BenchmarkJobs(b *testing.B) {
	for _, jobs := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			plan := planOf(b, fmt.Sprintf("data: {kind: procedural, size: 32}\nwidth: 0.25\ntest-images: 1\nclip: none\nsteps: 3000\nrepeats: %d", 2*jobs))
			for b.Loop() {
				f := openIn(b, filepath.Join(b.TempDir(), "sweep"), plan)
				begin := time.Now()
				if _, err := f.Run(context.Background(), Options{Jobs: jobs, Threads: 1, Name: "benchmark"}); err != nil {
					b.Fatal(err)
				}
				elapsed := time.Since(begin)
				var training float64
				for _, run := range plan.Runs {
					result, err := f.Result(run)
					if err != nil {
						b.Fatal(err)
					}
					training += result.WallSeconds
				}
				b.ReportMetric(float64(len(plan.Runs))/elapsed.Hours(), "runs/h")
				b.ReportMetric(100*(1-training/float64(jobs)/elapsed.Seconds()), "%beside-training")
			}
		})
	}
}
