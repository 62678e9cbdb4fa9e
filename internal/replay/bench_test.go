//go:build unix

package replay

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"alrc"
	"alrc/internal/clipping"
	"alrc/internal/losslog"
)

// perProcessor reports MB a second of processor time, beside the MB a second of a watch: other work on the machine
// disturbs it less. The function that it returns is called after the loop.
func perProcessor(b *testing.B, size int) func() {
	b.SetBytes(int64(size))
	spent := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	begin := spent()
	return func() { b.ReportMetric(float64(size)*float64(b.N)/1e6/(spent()-begin).Seconds(), "MB/cpu-s") }
}

// tableOf makes a log as 'alrc train' and most loggers write it: step, loss and three other columns.
func tableOf(rows int) []byte {
	random := rand.New(rand.NewPCG(7, 8))
	var b bytes.Buffer
	b.WriteString("step,loss,learning_rate,grad_norm,images_per_s\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%v,0.001,%.6f,%.2f\n", i+1, float32(1+random.ExpFloat64()), random.Float64(), 900+random.Float64())
	}
	return b.Bytes()
}

// BenchmarkMethod is the method itself: MB/s here are millions of losses a second.
func BenchmarkMethod(b *testing.B) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, batch := range []int{1, 64} {
		b.Run(fmt.Sprint("Batch", batch), func(b *testing.B) {
			losses := make([]float64, 1<<14)
			for i := range losses {
				losses[i] = 1 + random.Float64()
			}
			scales := make([]float64, batch)
			clipper, err := alrc.New(alrc.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer perProcessor(b, len(losses))()
			for b.Loop() {
				for i := 0; i < len(losses); i += batch {
					clipper.Step(losses[i:i+batch], scales)
				}
			}
		})
	}
}

// BenchmarkReplay is all of 'alrc replay' with its default clippings, on all cores.
func BenchmarkReplay(b *testing.B) {
	content := tableOf(500_000)
	path := filepath.Join(b.TempDir(), "log.csv")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		b.Fatal(err)
	}
	var clips []clipping.Spec
	for _, text := range []string{"none", "alrc:2", "alrc:3", "alrc:4", "two-sided"} {
		spec, err := clipping.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		clips = append(clips, spec)
	}
	defer perProcessor(b, len(content))()
	for b.Loop() {
		report, err := Run(Options{Log: losslog.Options{Inputs: []string{path}}, Clips: clips})
		if err != nil {
			b.Fatal(err)
		}
		if err := report.Print(io.Discard, Appearance{Columns: 80, Plot: true}); err != nil {
			b.Fatal(err)
		}
	}
}
