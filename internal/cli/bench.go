package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/experiment"
	"alrc/internal/place"
	"alrc/internal/words"
)

// started is when the process began, but for the time that it takes to load the program.
var started = time.Now()

// newBenchCommand is bench, which is bench supersample, and the tasks by name, as those of train.
func newBenchCommand() *cobra.Command {
	command := newBenchTaskCommand(experiment.Supersample, &cobra.Command{
		Use:   "bench [flags]",
		Short: "Measure how fast this machine trains, and where the time goes",
		Long: `Train experiment 1's network on generated images for some seconds at each batch
size, and print images a second, the rate of arithmetic against the processor's
measured limit, and the time of each part of a step. 'alrc bench micrographs' is
the same of experiment 3's network.`,
		Example: `  alrc bench
  alrc bench --width 0.25 --batch-size 1 --threads 1
  alrc bench --json > bench.json`,
	})
	command.AddCommand(newBenchTaskCommand(experiment.Micrographs, &cobra.Command{
		Use:   "micrographs [flags]",
		Short: "Measure experiment 3's network",
		Long: `Train experiment 3's network on generated micrographs for some seconds at each
batch size, and print what 'alrc bench' prints.`,
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
		return writeBenchmark(command.OutOrStdout(), layout(command.OutOrStdout()), b)
	}
	addFlagGroups(command,
		group("What", func(flags *pflag.FlagSet) {
			flags.IntSliceVar(&batchSizes, "batch-size", batchSizes, "images per step, several separated by commas: `N,N`")
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

func writeBenchmark(w io.Writer, l words.Layout, b *experiment.Benchmark) error {
	var text strings.Builder
	line := func(format string, arguments ...any) {
		text.WriteString(l.Wrap(fmt.Sprintf(format, arguments...), "") + "\n")
	}
	line("Kernels %s, width %v, %s loss. The first step was done %.0f ms after the start of the program.\n",
		b.Kernels, b.Width, b.Loss, b.FirstStepMilliseconds)
	var rows [][]string
	for _, m := range b.Results {
		rows = append(rows, []string{strconv.Itoa(m.BatchSize), strconv.Itoa(m.Threads), fmt.Sprintf("%.4g", m.MillisecondsPerStep),
			fmt.Sprintf("%.3g", m.FloorMilliseconds), fmt.Sprintf("%.2f", m.MillisecondsPerStep/m.FloorMilliseconds),
			fmt.Sprintf("%.4g", m.ImagesPerSecond), fmt.Sprintf("%.4g", m.EffectiveGFLOPS), fmt.Sprintf("%.0f", float64(m.PeakMemory)/1e6)})
	}
	text.WriteString(l.Table([]string{"batch size", "threads", "ms a step", "floor ms", "times", "images/s", "GFLOP/s", "memory MB"}, rows))
	line("\nThe floor is the time of the products alone, as they are computed, at the limit of the threads, which was measured as %s GFLOP/s, or"+
		" that of moving all weights at %s GB/s, whichever is longer. GFLOP/s are those of direct convolutions, of which Winograd's algorithm"+
		" saves most.\n\nMilliseconds a step:", words.Short(b.Results[0].PeakGFLOPS, 3), words.Short(b.Results[0].Bandwidth/1e9, 3))
	head := []string{"batch size"}
	rows = nil
	for i, part := range append(slices.Clone(b.Results[0].Parts), experiment.PartTime{Name: "waiting"}) {
		row := []string{part.Name}
		for _, m := range b.Results {
			if i == 0 {
				head = append(head, strconv.Itoa(m.BatchSize))
			}
			milliseconds := m.MillisecondsPerStep
			if i < len(m.Parts) {
				milliseconds = m.Parts[i].Milliseconds
			} else {
				for _, part := range m.Parts {
					milliseconds = max(0, milliseconds-part.Milliseconds)
				}
			}
			row = append(row, fmt.Sprintf("%.3f", milliseconds))
		}
		rows = append(rows, row)
	}
	text.WriteString(l.Table(head, rows))
	_, err := io.WriteString(w, text.String())
	return err
}
