package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vbauerster/mpb/v8"

	"alrc/internal/atomicfile"
	"alrc/internal/evaluation"
	"alrc/internal/micrograph"
	"alrc/internal/words"
)

// maxCrops bounds what an evaluation keeps in memory.
const maxCrops = 1_000_000

// evaluateFlags are those of evaluate.
type evaluateFlags struct {
	crops     int
	baselines bool
	dataDir   string
	csv       string
	picture   string
	json      bool
	threads   int
	whole     evaluation.WholeOptions
}

func newEvaluateCommand(open evaluation.OpenCompleter) *cobra.Command {
	f := &evaluateFlags{}
	command := &cobra.Command{
		Use:   "evaluate [RUN...] [flags]",
		Short: "Measure how well trained networks complete held-out micrographs",
		Long: `Complete the same held-out crops of partial scans by networks that
'alrc train micrographs' trained, and by what there is without a network:
bilinear interpolation, biharmonic inpainting and kriging. RUN is a run's
folder, its checkpoint.safetensors, or a folder of several runs, which are all
taken. Their images, crop size and scans are those of the first run, and the
others must have the same.

It prints how the mean squared errors of single crops are distributed, against
the blurred truth, which networks are trained to give; what other methods give
is blurred alike. Intensities are scaled to [-1, 1].

With --images it completes scans of whole micrographs instead, by networks and
without (RUN may then be left out): what to expect of scans of one's own. No
network is tried on an image that it was trained on; runs that differ in what
they held out alone become one row.`,
		Example: `  alrc evaluate runs/mine
  alrc evaluate runs/mine/alrc-3 runs/longer --crops 5000
  alrc evaluate runs/mine --csv crops.csv --json > evaluation.json
  alrc evaluate --images lattice.tif,edge.tif --masks grid --coverages 0.05,0.1`,
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments, open) },
	}
	addFlagGroups(command,
		group("What", func(flags *pflag.FlagSet) {
			flags.IntVar(&f.crops, "crops", 2000, "`N` held-out crops to complete")
			flags.BoolVar(&f.baselines, "baselines", true, "compare with bilinear interpolation, biharmonic inpainting and kriging (=false: do not)")
			flags.StringVar(&f.dataDir, "data-dir", "", "`FOLDER` of the micrographs, if they have moved")
		}),
		group("Whole micrographs", func(flags *pflag.FlagSet) {
			flags.StringSliceVar(&f.whole.Images, "images", nil, "complete scans of these `FILES`, instead of held-out crops")
			flags.StringSliceVar(&f.whole.Masks, "masks", []string{micrograph.Spiral}, "`KINDS` of scans: spiral, grid, lines, mask images")
			flags.Float64SliceVar(&f.whole.Coverages, "coverages", []float64{micrograph.DefaultCoverage}, "`FRACTIONS` of the image that are seen")
			flags.Lookup("coverages").DefValue = fmt.Sprint([]float64{micrograph.DefaultCoverage})
			flags.IntVar(&f.whole.Repeats, "scans", 3, "`N` scans of each kind and coverage")
			flags.StringVar(&f.picture, "picture", "", "draw the middle of each image, the first scan, its completions and the truth, to this PNG `FILE`")
		}),
		group("How", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.csv, "csv", "", "write a row for each crop and method to this `FILE`")
			flags.BoolVar(&f.json, "json", false, "print JSON")
			threadsFlag(command, flags, &f.threads, "`N` threads to compute with, on which results do not depend (0: all)")
		}),
	)
	return command
}

func (f *evaluateFlags) run(command *cobra.Command, arguments []string, open evaluation.OpenCompleter) error {
	if f.crops < 1 || f.crops > maxCrops {
		return usageError("--crops %d: give a number from 1 to %s", f.crops, words.Count(maxCrops))
	}
	if err := wouldOverwrite([]string{f.csv, f.picture}, slices.Concat(f.whole.Images, f.whole.Masks)); err != nil {
		return err
	}
	if err := foldersThere(f.csv, f.picture); err != nil {
		return err
	}
	if len(f.whole.Images) == 0 {
		if err := withoutEffect(command.Flags(), "it is of whole micrographs; give them by --images", "masks", "coverages", "scans", "picture"); err != nil {
			return err
		}
	} else {
		if err := withoutEffect(command.Flags(), "it is of held-out crops, and --images completes whole micrographs", "crops"); err != nil {
			return err
		}
		if f.json {
			return usageError("--json: there is no JSON form of what --images measures; --csv writes its numbers")
		}
		return f.runWhole(command, arguments, open)
	}
	if len(arguments) == 0 {
		return usageError("give the runs to evaluate, or --images to complete without a network")
	}
	e, err := evaluation.New(arguments, f.crops, f.baselines, f.threads, open)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	if err := e.OpenData(newOpener(command.ErrOrStderr(), f.dataDir)); err != nil {
		return usageError("%w\nIf its data have moved, name their folder with --data-dir", err)
	}
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	widest := 0
	for _, m := range e.Methods {
		widest = max(widest, len(m.Name))
	}
	err = e.Run(ctx, func(m *evaluation.Method) (observe, end func()) {
		progress := newEvaluateProgress(command.ErrOrStderr(), fmt.Sprintf("%-*s", widest, m.Name), f.crops)
		return progress.observe, progress.close
	})
	if err := stoppedOr(ctx, err); err != nil {
		return err
	}
	out := f.output(command)
	if f.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(e)
	} else {
		err = e.Write(out, layout(out))
	}
	if err != nil || f.csv == "" {
		return err
	}
	if err := atomicfile.Write(f.csv, e.WriteCrops); err != nil {
		return err
	}
	fmt.Fprintf(command.ErrOrStderr(), "\nEach crop: %s\n", f.csv)
	return nil
}

// runWhole completes scans of whole micrographs by all methods, and by the networks that runs trained.
func (f *evaluateFlags) runWhole(command *cobra.Command, runs []string, open evaluation.OpenCompleter) error {
	if f.whole.Repeats < 1 {
		return usageError("--scans %d: give at least 1", f.whole.Repeats)
	}
	f.whole.Runs, f.whole.Baselines, f.whole.Threads = runs, f.baselines, f.threads
	f.whole.Data = newOpener(io.Discard, f.dataDir)
	e, err := evaluation.NewWhole(f.whole, open)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	err = e.Run(ctx, func(name string, scans int) (observe, end func()) {
		progress := newEvaluateProgress(command.ErrOrStderr(), name, scans)
		return progress.observe, progress.close
	})
	if err := stoppedOr(ctx, err); err != nil {
		return err
	}
	out := f.output(command)
	if err := e.Write(out, layout(out)); err != nil {
		return err
	}
	if f.picture != "" {
		grid, err := e.Picture()
		if err == nil {
			err = atomicfile.Write(f.picture, grid.WritePNG)
		}
		if err != nil {
			return err
		}
	}
	if f.csv == "" {
		return nil
	}
	return atomicfile.Write(f.csv, e.WriteScans)
}

// output is where tables go: not among the bytes of a file that goes to standard output.
func (f *evaluateFlags) output(command *cobra.Command) io.Writer {
	if atomicfile.IsStream(f.csv) || atomicfile.IsStream(f.picture) {
		return command.ErrOrStderr()
	}
	return command.OutOrStdout()
}

// stoppedOr is the error of an evaluation that was stopped, or else the one that it ended with.
func stoppedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped, and nothing was written: %w", ctx.Err())
	}
	return err
}

// evaluateProgress shows how far a method is: a bar on a terminal, lines elsewhere.
type evaluateProgress struct {
	w            io.Writer
	label        string
	bars         *mpb.Progress // nil where there is no terminal
	bar          *mpb.Bar
	begin, shown time.Time

	mutex       sync.Mutex // guards done, and shown, since crops are completed by several goroutines
	done, total int
}

func newEvaluateProgress(w io.Writer, label string, total int) *evaluateProgress {
	now := time.Now()
	p := &evaluateProgress{w: w, label: label, total: total, begin: now, shown: now}
	columns, ok := isTerminal(w)
	if !ok {
		fmt.Fprintf(w, "%s: %s\n", strings.TrimSpace(label), words.Counted(total, "crop"))
		return p
	}
	p.bars, p.bar = newBar(w, columns, label, int64(total), columns-len(label)-40, &p.mutex, p.text)
	return p
}

// observe counts a crop.
func (p *evaluateProgress) observe() {
	p.mutex.Lock()
	p.done++
	now := time.Now()
	line := p.bar == nil && now.Sub(p.shown) >= lineInterval && p.done < p.total
	if line {
		p.shown = now
		fmt.Fprintf(p.w, "%s: %s\n", strings.TrimSpace(p.label), p.text(now))
	}
	p.mutex.Unlock()
	if p.bar != nil {
		p.bar.Increment()
	}
}

func (p *evaluateProgress) close() {
	if p.bar != nil {
		p.bar.Abort(false)
		p.bars.Wait()
		return
	}
	fmt.Fprintf(p.w, "%s: %s\n", strings.TrimSpace(p.label), p.text(time.Now()))
}

// text is the progress in words; the time is how long it will take yet, or how long it took.
func (p *evaluateProgress) text(now time.Time) string {
	elapsed := now.Sub(p.begin)
	text := words.Count(p.done) + "/" + words.Counted(p.total, "crop")
	switch {
	case p.done == p.total:
		text += " in " + words.Clock(elapsed)
	case p.done > 0:
		text += ", " + words.Clock(elapsed/time.Duration(p.done)*time.Duration(p.total-p.done)) + " left"
	}
	return text
}
