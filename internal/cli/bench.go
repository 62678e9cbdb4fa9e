package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/experiment"
	"alrc/internal/place"
)

// started is when the process began, but for the time that it takes to load the program.
var started = time.Now()

// newBenchCommand is bench, which is bench supersample, and the tasks by name, as those of train.
func newBenchCommand() *cobra.Command {
	command := newBenchTaskCommand(experiment.Supersample, &cobra.Command{
		Use:   "bench [flags]",
		Short: "Measure how fast this machine trains, and where the time goes",
		Long: `Train experiment 1's network on generated images for some seconds at each batch size,
and print images a second, the rate of arithmetic against the processor's measured
limit, and the time of each part of a step. 'alrc bench micrographs' is the same of
experiment 3's network.`,
		Example: `  alrc bench
  alrc bench --width 0.25 --batch-size 1 --threads 1
  alrc bench --json > bench.json`,
	})
	command.AddCommand(newBenchTaskCommand(experiment.Micrographs, &cobra.Command{
		Use:   "micrographs [flags]",
		Short: "Measure experiment 3's network",
		Long: `Train experiment 3's network on generated micrographs for some seconds at each batch
size, and print what 'alrc bench' prints.`,
		Example: `  alrc bench micrographs
  alrc bench micrographs --width 0.125 --depth 0.5 --size 64
  alrc bench micrographs --size 512 --batch-size 1`,
	}))
	return command
}

func newBenchTaskCommand(task string, command *cobra.Command) *cobra.Command {
	s := experiment.DefaultOf(task)
	s.Loss, s.Clip, s.Width = "squared", "none", 1
	batchSizes := []int{1, 4, 16, 64}
	if task == experiment.Micrographs {
		s.Depth, s.Data.Size = 1, 128
		batchSizes = []int{1, 4}
	}
	var threads int
	var seconds float64
	var loss string
	var asJSON bool
	command.Args = cobra.NoArgs
	command.RunE = func(command *cobra.Command, _ []string) error {
		s.Loss = experiment.Loss(loss)
		for _, size := range batchSizes {
			s.BatchSize = size
			if err := s.Validate(); err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
		}
		if !(seconds > 0 && seconds < 3600) {
			return usageError("--seconds %v: give a number above 0", seconds)
		}
		ctx, cancel := withSignals(command.Context())
		defer cancel()
		_, data, err := new(place.Opener).Open(s.Data)
		if err != nil {
			return err
		}
		each := time.Duration(seconds * float64(time.Second))
		fmt.Fprintf(command.ErrOrStderr(), "Measuring, %v at each batch size\n", each)
		b, err := experiment.Measure(s, data, batchSizes, threads, each, started, func() bool { return ctx.Err() != nil })
		if err != nil {
			return &ExitError{Code: exitUsage, Err: err}
		}
		if ctx.Err() != nil {
			return &ExitError{Code: int(interrupted.Load())}
		}
		if asJSON {
			encoder := json.NewEncoder(command.OutOrStdout())
			encoder.SetIndent("", "  ")
			return encoder.Encode(b)
		}
		return writeBenchmark(command.OutOrStdout(), b)
	}
	addFlagGroups(command,
		group("What", func(flags *pflag.FlagSet) {
			flags.IntSliceVar(&batchSizes, "batch-size", batchSizes, "images a step, several by commas: `N,N`")
			flags.Float64Var(&s.Width, "width", s.Width, "channels of the network, as a multiple `X` of the published network's")
			if task == experiment.Micrographs {
				flags.Float64Var(&s.Depth, "depth", s.Depth, "residual blocks of the network, as a multiple `X` of the published network's")
				flags.IntVar(&s.Data.Size, "size", s.Data.Size, "height and width of crops in `PIXELS`, divisible by 32")
			}
			flags.StringVar(&loss, "loss", string(s.Loss), "squared, quartic, or a power `P`")
		}),
		group("How", func(flags *pflag.FlagSet) {
			threadsFlag(command, flags, &threads, "`N` threads to compute with (0: all)")
			flags.StringVar(&s.Kernels, "kernels", "", "kernel `SET`: portable, avx2, avx512, neon (default: the best that the CPU has, or $ALRC_KERNELS)")
			flags.BoolVar(&s.Direct, "direct", false, "compute every convolution directly, without Winograd's algorithm")
			flags.Float64Var(&seconds, "seconds", 3, "`SECONDS` to measure at each batch size")
			flags.BoolVar(&asJSON, "json", false, "print JSON")
		}),
	)
	return command
}

func writeBenchmark(w io.Writer, b *experiment.Benchmark) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Kernels %s, width %v, %s loss. The first step was done %.0f ms after the start of the program.\n\n",
		b.Kernels, b.Width, b.Loss, b.FirstStepMilliseconds)
	fmt.Fprintf(&text, "%10s %7s %9s %8s %7s %9s %8s %9s\n", "batch size", "threads", "ms a step", "floor ms", "times", "images/s", "GFLOP/s", "memory MB")
	for _, m := range b.Results {
		fmt.Fprintf(&text, "%10d %7d %9.4g %8.3g %7.2f %9.4g %8.4g %9.0f\n", m.BatchSize, m.Threads, m.MillisecondsPerStep, m.FloorMilliseconds,
			m.MillisecondsPerStep/m.FloorMilliseconds, m.ImagesPerSecond, m.EffectiveGFLOPS, float64(m.PeakMemory)/1e6)
	}
	text.WriteString("\nThe floor is the time of the products alone, as they are computed, at the limit of the threads, which was measured as")
	for _, m := range b.Results[:1] {
		fmt.Fprintf(&text, "\n%s GFLOP/s, or that of moving all weights at %s GB/s, whichever is longer.\n", number(m.PeakGFLOPS), number(m.Bandwidth/1e9))
	}
	text.WriteString("GFLOP/s are those of direct convolutions, of which Winograd's algorithm saves most.\n\nMilliseconds a step:\n")
	fmt.Fprintf(&text, "%-22s", "batch size")
	for _, m := range b.Results {
		fmt.Fprintf(&text, "%10d", m.BatchSize)
	}
	text.WriteString("\n")
	for i, part := range b.Results[0].Parts {
		fmt.Fprintf(&text, "%-22s", part.Name)
		for _, m := range b.Results {
			fmt.Fprintf(&text, "%10.3f", m.Parts[i].Milliseconds)
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "%-22s", "waiting")
	for _, m := range b.Results {
		rest := m.MillisecondsPerStep
		for _, part := range m.Parts {
			rest -= part.Milliseconds
		}
		fmt.Fprintf(&text, "%10.3f", max(0, rest))
	}
	text.WriteString("\n")
	_, err := io.WriteString(w, text.String())
	return err
}
