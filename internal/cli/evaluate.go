package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vbauerster/mpb/v8"

	"alrc/internal/atomicfile"
	"alrc/internal/experiment"
	"alrc/internal/micrograph"
	"alrc/internal/runfolder"
)

// maxCrops bounds what an evaluation keeps in memory.
const maxCrops = 1_000_000

// evaluateFlags are those of evaluate.
type evaluateFlags struct {
	crops     int
	baselines bool
	dataDir   string
	csv       string
	json      bool
	threads   int
	whole     wholeFlags
}

func newEvaluateCommand(open openCompleter) *cobra.Command {
	f := &evaluateFlags{}
	command := &cobra.Command{
		Use:   "evaluate [RUN...] [flags]",
		Short: "Measure how well trained networks complete held-out micrographs",
		Long: `Complete the same held-out crops of partial scans by networks that 'alrc train micrographs'
trained, and by what there is without a network: bilinear interpolation, biharmonic
inpainting and kriging. RUN is a run's folder, its checkpoint.safetensors, or a folder of several runs,
which are all taken. Their images, crop size and scans are those of the first run, and the others
must have the same.

It prints how the mean squared errors of single crops are distributed, against the blurred truth,
which networks are trained to give; what other methods give is blurred alike. Intensities are
scaled to [-1, 1].

With --images it completes scans of whole micrographs instead, by networks and without (RUN may then be
left out): what to expect of scans of one's own.`,
		Example: `  alrc evaluate runs/mine
  alrc evaluate runs/mine/alrc-3 runs/longer --crops 5000
  alrc evaluate runs/mine --csv crops.csv --json > evaluation.json
  alrc evaluate --images lattice.tif,edge.tif --masks spiral,grid --coverages 0.05,0.1`,
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments, open) },
	}
	addFlagGroups(command,
		group("What", func(flags *pflag.FlagSet) {
			flags.IntVar(&f.crops, "crops", 2000, "`N` held-out crops to complete")
			flags.BoolVar(&f.baselines, "baselines", true, "compare with bilinear interpolation, biharmonic inpainting and kriging")
			flags.StringVar(&f.dataDir, "data-dir", "", "`FOLDER` of the micrographs, where it is another one now")
		}),
		group("Whole micrographs", func(flags *pflag.FlagSet) {
			flags.StringSliceVar(&f.whole.images, "images", nil, "complete scans of these `FILES`, instead of held-out crops")
			flags.StringSliceVar(&f.whole.masks, "masks", []string{micrograph.Spiral}, "`KINDS` of scans: spiral, grid, lines, mask images")
			flags.Float64SliceVar(&f.whole.coverages, "coverages", []float64{micrograph.DefaultCoverage}, "fractions of the image that are seen")
			flags.IntVar(&f.whole.scans, "scans", 3, "`N` scans of each kind and coverage")
		}),
		group("How", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.csv, "csv", "", "write a row for each crop and method to this `FILE`")
			flags.BoolVar(&f.json, "json", false, "print JSON")
			threadsFlag(command, flags, &f.threads, "`N` threads to compute with, on which results do not depend (0: all)")
		}),
	)
	return command
}

// evaluation is what was measured; --json prints it.
type evaluation struct {
	Crops      int                 `json:"crops"`
	Size       int                 `json:"size"`
	Images     string              `json:"images"`
	ImageCount int                 `json:"image_count"`
	Hash       string              `json:"images_hash"`
	Mask       string              `json:"mask"`
	Coverage   micrograph.Coverage `json:"coverage"`
	Methods    []*evaluationMethod `json:"methods"`
}

// evaluationMethod is how near a method came to the truth. Distributions with numbers that are not finite, as of a network
// that diverged, are null.
type evaluationMethod struct {
	Name string `json:"name"`
	// Of a network: its run, and how many of the run's steps its checkpoint has done.
	Run   string  `json:"run,omitempty"`
	Clip  string  `json:"clip,omitempty"`
	Seed  *uint64 `json:"seed,omitempty"`
	Step  int64   `json:"step,omitempty"`
	Steps int64   `json:"steps,omitempty"`

	BlurredMSE  *runfolder.Distribution `json:"mse_blurred"`
	BlurredPSNR *runfolder.Distribution `json:"psnr_blurred"`
	BlurredSSIM *runfolder.Distribution `json:"ssim_blurred"`
	MSE         *runfolder.Distribution `json:"mse"`
	PSNR        *runfolder.Distribution `json:"psnr"`
	SSIM        *runfolder.Distribution `json:"ssim"`
	// Nearer is the fraction of the crops in which it is nearer to the blurred truth than linear interpolation is.
	Nearer *float64 `json:"nearer_than_bilinear,omitempty"`

	baseline micrograph.Method // of one without a run
	crops    []micrograph.Comparison
}

func (f *evaluateFlags) run(command *cobra.Command, arguments []string, open openCompleter) error {
	if f.crops < 1 || f.crops > maxCrops {
		return usageError("--crops %d: give a number from 1 to %s", f.crops, thousands(maxCrops))
	}
	if f.csv != "" {
		// It would be a pity to find out after minutes of work.
		if folder, err := os.Stat(filepath.Dir(f.csv)); err != nil || !folder.IsDir() {
			return usageError("--csv %s: there is no folder %s", f.csv, filepath.Dir(f.csv))
		}
	}
	if len(f.whole.images) > 0 {
		if f.json {
			return usageError("--json: the table of --images has none; --csv writes its numbers")
		}
		return f.runWhole(command, arguments, open)
	}
	if len(arguments) == 0 {
		return usageError("give the runs to evaluate, or --images to complete without a network")
	}
	networks, specification, err := findNetworks(arguments, f.threads, open)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	e, examples, err := f.open(command, networks[0].Run, specification)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	if f.baselines {
		for _, baseline := range micrograph.Baselines(1) {
			e.Methods = append(e.Methods, &evaluationMethod{Name: baseline.Name, baseline: baseline})
		}
	}
	e.Methods = append(e.Methods, networks...)
	var widest int
	for _, m := range e.Methods {
		widest = max(widest, len(m.Name))
	}
	for _, m := range e.Methods {
		method, closeModel := m.baseline, func() {}
		if m.Run != "" {
			network, err := open(m.Run, f.threads)
			if err != nil {
				return err
			}
			method, closeModel = micrograph.Network(m.Name, network), network.Close
		}
		progress := newEvaluateProgress(command.ErrOrStderr(), fmt.Sprintf("%-*s", widest, m.Name), f.crops)
		m.crops, err = method.Evaluate(ctx, examples, f.crops, micrograph.EvaluateOptions{Threads: f.threads, Observe: progress.observe})
		progress.close()
		closeModel()
		if ctx.Err() != nil {
			return fmt.Errorf("stopped, and nothing was written: %w", ctx.Err())
		}
		if err != nil {
			return err
		}
	}
	e.summarize()
	if f.json {
		encoder := json.NewEncoder(command.OutOrStdout())
		encoder.SetIndent("", "  ")
		err = encoder.Encode(e)
	} else {
		err = e.write(command.OutOrStdout())
	}
	if err != nil || f.csv == "" {
		return err
	}
	if err := atomicfile.Write(f.csv, func(w io.Writer) error { return e.writeCrops(w, examples) }); err != nil {
		return err
	}
	fmt.Fprintf(command.ErrOrStderr(), "\nEach crop: %s\n", f.csv)
	return nil
}

// findNetworks returns the runs that the arguments name, each once, and the specification of the first. All can be opened, and
// have the same held-out crops.
func findNetworks(arguments []string, threads int, open openCompleter) ([]*evaluationMethod, experiment.Specification, error) {
	var found []*evaluationMethod
	var first experiment.Specification
	var places []string
	for _, argument := range arguments {
		runs, err := experiment.FindCompleters(argument)
		if err != nil {
			return nil, first, err
		}
		for _, run := range runs {
			place, err := filepath.Abs(run)
			if err != nil {
				return nil, first, err
			}
			if slices.Contains(places, place) {
				continue
			}
			s, err := experiment.Read(run)
			if err != nil {
				return nil, first, err
			}
			if len(found) == 0 {
				first = s
			} else if differences := first.Data.Differences(s.Data); len(differences) > 0 {
				return nil, first, fmt.Errorf("%s and %s do not have the same held-out crops: evaluate them one at a time\n  %s",
					found[0].Run, run, strings.Join(differences, "\n  "))
			}
			network, err := open(run, threads)
			if err != nil {
				return nil, first, err
			}
			network.Close()
			step, err := experiment.CheckpointStep(run)
			if err != nil {
				return nil, first, err
			}
			places = append(places, place)
			found = append(found, &evaluationMethod{Run: run, Clip: s.Clip, Seed: &s.Seed, Step: step, Steps: s.Steps})
		}
	}
	for i, name := range shortNames(places) {
		found[i].Name = name
	}
	return found, first, nil
}

// shortNames are the last parts of paths, as many as it takes to tell them from each other and from the baselines.
func shortNames(paths []string) []string {
	for count := 1; ; count++ {
		names := make([]string, len(paths))
		seen := map[string]bool{}
		for _, baseline := range micrograph.Baselines(1) {
			seen[baseline.Name] = true
		}
		longer := false // than a name that would be taken
		for i, path := range paths {
			parts := strings.Split(filepath.ToSlash(path), "/")
			names[i] = strings.Join(parts[max(0, len(parts)-count):], "/")
			longer = longer || len(parts) > count
			seen[names[i]] = true
		}
		if len(seen) == len(paths)+len(micrograph.Baselines(1)) || !longer {
			return names
		}
	}
}

// open opens the held-out crops of a run.
func (f *evaluateFlags) open(command *cobra.Command, run string, s experiment.Specification) (*evaluation, *micrograph.Examples, error) {
	_, opened, err := newOpener(command.ErrOrStderr(), f.dataDir).Open(s.Data)
	var examples *micrograph.Examples
	if err == nil {
		examples, err = s.HeldOut(opened)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w\nWhere its data moved, say so with --data-dir", run, err)
	}
	held, scan := opened.Micrographs.Test, opened.Micrographs.Scan
	return &evaluation{Crops: f.crops, Size: examples.Side, Images: held.Name(), ImageCount: held.Len(),
		Hash: opened.Hash, Mask: scan.Kind, Coverage: micrograph.Coverage{Least: scan.Coverage, Most: max(scan.Coverage, scan.MostCoverage)}}, examples, nil
}

// summarize fills in what follows from the crops.
func (e *evaluation) summarize() {
	var bilinear []micrograph.Comparison
	for _, m := range e.Methods {
		summary := func(of func(micrograph.Comparison) float64) *runfolder.Distribution {
			values := make([]float64, len(m.crops))
			for i, crop := range m.crops {
				if values[i] = of(crop); values[i]-values[i] != 0 {
					return nil
				}
			}
			return runfolder.Distribute(values)
		}
		m.BlurredMSE = summary(func(c micrograph.Comparison) float64 { return c.Blurred.MSE })
		m.BlurredPSNR = summary(func(c micrograph.Comparison) float64 { return c.Blurred.PSNR })
		m.BlurredSSIM = summary(func(c micrograph.Comparison) float64 { return c.Blurred.SSIM })
		m.MSE = summary(func(c micrograph.Comparison) float64 { return c.Raw.MSE })
		m.PSNR = summary(func(c micrograph.Comparison) float64 { return c.Raw.PSNR })
		m.SSIM = summary(func(c micrograph.Comparison) float64 { return c.Raw.SSIM })
		switch {
		case m.Run == "" && m.Name == "bilinear":
			bilinear = m.crops
		case bilinear != nil:
			var nearer float64
			for i, crop := range m.crops {
				if crop.Blurred.MSE < bilinear[i].Blurred.MSE {
					nearer++
				}
			}
			nearer /= float64(len(m.crops))
			m.Nearer = &nearer
		}
	}
}

// write writes a table, and what there is to know about it.
func (e *evaluation) write(w io.Writer) error {
	var text strings.Builder
	images := fmt.Sprintf("%s held-out images", thousands(int64(e.ImageCount)))
	if e.ImageCount == 1 {
		images = "the held-out image"
	}
	fmt.Fprintf(&text, "\n%s crops of %dx%d pixels of %s; scans of kind %s, coverage %v.\n\n", thousands(int64(e.Crops)), e.Size, e.Size,
		images, e.Mask, e.Coverage)
	rows := [][]string{{"", "mean", "std dev", "5 %", "median", "95 %", "99 %", "SSIM", "PSNR dB", "raw MSE", "nearer"}}
	for _, m := range e.Methods {
		row := []string{m.Name}
		cell := func(s *runfolder.Distribution, format string, of func(*runfolder.Distribution) runfolder.Number) {
			text := "-"
			if s != nil {
				text = fmt.Sprintf(format, of(s))
			}
			row = append(row, text)
		}
		mean := func(s *runfolder.Distribution) runfolder.Number { return s.Mean }
		cell(m.BlurredMSE, "%#.3g", mean)
		cell(m.BlurredMSE, "%#.3g", func(s *runfolder.Distribution) runfolder.Number { return s.Std })
		cell(m.BlurredMSE, "%#.3g", func(s *runfolder.Distribution) runfolder.Number { return s.P5 })
		cell(m.BlurredMSE, "%#.3g", func(s *runfolder.Distribution) runfolder.Number { return s.Median })
		cell(m.BlurredMSE, "%#.3g", func(s *runfolder.Distribution) runfolder.Number { return s.P95 })
		cell(m.BlurredMSE, "%#.3g", func(s *runfolder.Distribution) runfolder.Number { return s.P99 })
		cell(m.BlurredSSIM, "%.3f", mean)
		cell(m.BlurredPSNR, "%.2f", mean)
		cell(m.MSE, "%#.3g", mean)
		nearer := ""
		if m.Nearer != nil {
			nearer = fmt.Sprintf("%.1f %%", 100**m.Nearer)
		}
		rows = append(rows, append(row, nearer))
	}
	compared := slices.ContainsFunc(e.Methods, func(m *evaluationMethod) bool { return m.Nearer != nil })
	if !compared {
		for i, row := range rows {
			rows[i] = row[:len(row)-1]
		}
	}
	writeColumns(&text, w, "MSE against the blurred truth", rows)
	for _, m := range e.Methods {
		switch {
		case m.BlurredMSE == nil:
			fmt.Fprintf(&text, "\n%s puts out what is no number: it diverged.\n", m.Name)
		case m.Step < m.Steps:
			fmt.Fprintf(&text, "\n%s has not been trained to its end: it is that of step %s of %s.\n", m.Name, thousands(m.Step), thousands(m.Steps))
		}
	}
	text.WriteString("\nIntensities are in [-1, 1]. SSIM and PSNR are means, also against the blurred truth; raw MSE is the\n" +
		"mean against the truth itself. What methods without a network give is blurred as the truth is.\n")
	if compared {
		text.WriteString("Nearer is the share of crops in which a method is nearer to the blurred truth than bilinear.\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeColumns aligns rows, the first of which is the heads of columns, below a title that stands over the numbers. Where a
// terminal would break lines, a name that is too long has one of its own.
func writeColumns(text *strings.Builder, w io.Writer, title string, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	if columns, ok := isTerminal(w); ok {
		rest := 0
		for _, width := range widths[1:] {
			rest += 2 + width
		}
		widths[0] = min(widths[0], max(columns-rest, len("biharmonic")))
	}
	fmt.Fprintf(text, "%*s%s\n", widths[0]+2+widths[1]-len(rows[0][1]), "", title)
	for _, row := range rows {
		name := row[0]
		if len(name) > widths[0] {
			fmt.Fprintln(text, name)
			name = ""
		}
		line := fmt.Sprintf("%-*s", widths[0], name)
		for i, cell := range row[1:] {
			line += fmt.Sprintf("  %*s", widths[i+1], cell)
		}
		fmt.Fprintln(text, strings.TrimRight(line, " "))
	}
}

// writeCrops writes a row for each crop and method.
func (e *evaluation) writeCrops(w io.Writer, examples *micrograph.Examples) error {
	rows := csv.NewWriter(w)
	rows.Write([]string{"crop", "image", "top", "left", "method", "mse_blurred", "psnr_blurred", "ssim_blurred", "mse", "psnr", "ssim"})
	number := func(value float64) string {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return ""
		}
		return strconv.FormatFloat(value, 'g', -1, 64)
	}
	for i := range e.Crops {
		crop, err := examples.Read(int64(i), nil, nil, nil)
		if err != nil {
			return err
		}
		for _, m := range e.Methods {
			c := m.crops[i]
			rows.Write([]string{strconv.Itoa(i), examples.ID(crop.Image), strconv.Itoa(crop.Top), strconv.Itoa(crop.Left), m.Name,
				number(c.Blurred.MSE), number(c.Blurred.PSNR), number(c.Blurred.SSIM), number(c.Raw.MSE), number(c.Raw.PSNR), number(c.Raw.SSIM)})
		}
	}
	rows.Flush()
	return rows.Error()
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
		fmt.Fprintf(w, "%s: %s crops\n", strings.TrimSpace(label), thousands(int64(total)))
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
	text := thousands(int64(p.done)) + "/" + thousands(int64(p.total)) + " crops"
	switch {
	case p.done == p.total:
		text += " in " + duration(elapsed)
	case p.done > 0:
		text += ", " + duration(elapsed/time.Duration(p.done)*time.Duration(p.total-p.done)) + " left"
	}
	return text
}
