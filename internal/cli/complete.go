package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/atomicfile"
	"alrc/internal/figure"
	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
	"alrc/internal/words"
)

// openCompleter opens a trained network: a run's folder, or its checkpoint.
type openCompleter func(model string, threads int) (micrograph.Completer, error)

// completeFlags are those of complete.
type completeFlags struct {
	method, mask, truth, out, uncertainty string
	premultiplied                         bool
	keepSeen                              bool
	threads                               int
}

func newCompleteCommand(open openCompleter) *cobra.Command {
	f := &completeFlags{}
	command := &cobra.Command{
		Use:   "complete [MODEL] IMAGE... [flags]",
		Short: "Complete partial scans of micrographs, by kriging or a trained network",
		Long: `Complete partial scans of any size. Without MODEL they are completed without training, by what
comes nearest to seen pixels that are held out (--method auto): kriging, which estimates what
was not seen from the scan's own covariance, or linear interpolation. MODEL is the folder of a run
of 'alrc train micrographs', its checkpoint.safetensors, or a method's word: kriging, linear
(or bilinear; between the pixels that were seen), or biharmonic (the smoothest surface through them).

IMAGE is a TIFF, PNG or .npy file. What was not seen is NaN in it, as 'alrc scan' writes it,
or 0 in a mask image (--mask), whose values from 0 to 1 say how much of a pixel was seen.

For each IMAGE it writes a float32 TIFF file in IMAGE's units and with its metadata, and a
PNG file that shows the scan and what became of it. Given the whole micrograph (--truth), it prints
how near the completion is to it, beside those without a network.`,
		Example: `  alrc complete scan.tif                       # writes scan-completed.tif and scan-completed.png
  alrc complete scan.tif --method kriging --uncertainty uncertainty.tif
  alrc complete runs/alrc scans/*.tif --mask spiral.tif --out completed
  alrc complete runs/alrc micrograph-scan.tif --truth micrograph.tif --out result.tif`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments, open) },
	}
	addFlagGroups(command,
		group("What was seen", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.mask, "mask", "", "mask image of IMAGE's size: 0 where nothing was seen (default: where IMAGE is NaN)")
			flags.BoolVar(&f.premultiplied, "premultiplied", false, "IMAGE was multiplied by its mask: divide by it (=false: it was not, whatever it looks like)")
			flags.StringVar(&f.truth, "truth", "", "the whole micrograph, to compare the completion with")
		}),
		group("How", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.method, "method", "", "without a network: auto, kriging, linear or biharmonic (default auto)")
			flags.BoolVar(&f.keepSeen, "keep-seen", false, "seen pixels keep what was seen of them (default: without a network; =false: noise is taken off them)")
			threadsFlag(command, flags, &f.threads, "threads to compute with (0: all)")
		}),
		group("Files", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.out, "out", ".", "folder to write to, or for one image the TIFF file, whose picture goes beside it")
			flags.StringVar(&f.uncertainty, "uncertainty", "", "write, for one image, each pixel's standard deviation to this TIFF `FILE` (kriging)")
		}),
	)
	return command
}

func (f *completeFlags) run(command *cobra.Command, arguments []string, open openCompleter) error {
	model, images := "", arguments
	if isModel(arguments[0]) {
		model, images = arguments[0], arguments[1:]
	}
	if err := f.check(model, images); err != nil {
		return err
	}
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	method, closeModel, err := f.open(model, open)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	defer closeModel()
	if !command.Flags().Changed("keep-seen") {
		f.keepSeen = !method.Blurs
	}
	options := micrograph.PartialOptions{Mask: f.mask}
	if command.Flags().Changed("premultiplied") {
		options.Premultiplied = &f.premultiplied
	}
	dir := f.out
	if isFile(f.out) {
		dir = filepath.Dir(f.out)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, path := range images {
		file := f.out
		if !isFile(f.out) {
			file = filepath.Join(dir, stem(path)+"-completed.tif")
		}
		if err := f.complete(ctx, command.OutOrStdout(), method, path, options, file); err != nil {
			return err
		}
	}
	return nil
}

// isModel says whether the first argument is a model: a method's word, or a run's folder or checkpoint; what is not there and has no
// file's ending is meant to be one.
func isModel(argument string) bool {
	if micrograph.IsMethod(argument) || filepath.Ext(argument) == ".safetensors" {
		return true
	}
	info, err := os.Stat(argument)
	return err == nil && info.IsDir() || err != nil && filepath.Ext(argument) == ""
}

// check finds what does not go together before anything is done.
func (f *completeFlags) check(model string, images []string) error {
	switch {
	case len(images) == 0:
		return usageError("%s is a model: give the images to complete after it", model)
	case f.method != "" && model != "":
		return usageError("--method %s, and the model %s: give one of the two", f.method, model)
	case f.method != "" && !micrograph.IsMethod(f.method):
		return usageError("--method %s: give %s", f.method, strings.Join(micrograph.MethodWords(), ", "))
	case f.truth != "" && len(images) > 1:
		return usageError("--truth is that of one image, and %d images are given: complete them one at a time", len(images))
	case isFile(f.out) && len(images) > 1:
		return usageError("--out %s is one file, and %d images are given: give a folder", f.out, len(images))
	case f.uncertainty != "" && len(images) > 1:
		return usageError("--uncertainty is that of one image, and %d images are given: complete them one at a time", len(images))
	case f.uncertainty != "" && !isFile(f.uncertainty):
		return usageError("--uncertainty %s: it is a TIFF file; give a name that ends in .tif", f.uncertainty)
	}
	if word := model + f.method; f.uncertainty != "" && word != "" && word != micrograph.Auto && word != micrograph.KrigingWord {
		return usageError("--uncertainty: %s does not know how far off it may be; kriging does", word)
	}
	written := map[string]string{}
	for _, path := range images {
		if other, ok := written[stem(path)]; ok {
			return usageError("%s and %s would be written to the same file: complete them one at a time, with an --out each", other, path)
		}
		written[stem(path)] = path
	}
	return nil
}

// open opens a network, or takes a method without one by its word.
func (f *completeFlags) open(model string, open openCompleter) (m micrograph.Method, closeModel func(), err error) {
	word := cmp.Or(model, f.method, micrograph.Auto)
	if micrograph.IsMethod(word) {
		m, err = micrograph.ParseMethod(word, micrograph.MethodOptions{Threads: f.threads, Deviation: f.uncertainty != ""})
		return m, func() {}, err
	}
	network, err := open(model, f.threads)
	if err != nil {
		return m, nil, fmt.Errorf("model %s: %w", model, err)
	}
	return micrograph.Network("network", network), network.Close, nil
}

// isFile says that a path is not that of a folder to write to: a TIFF file, or what is written to as it is.
func isFile(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".tif" || extension == ".tiff" || atomicfile.IsStream(path)
}

// complete writes a TIFF file, and a picture beside it.
func (f *completeFlags) complete(ctx context.Context, w io.Writer, method micrograph.Method, path string, o micrograph.PartialOptions, file string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	partial, err := micrograph.ReadPartial(path, o)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	var whole []float32
	if f.truth != "" {
		if whole, err = readTruth(f.truth, partial); err != nil {
			return &ExitError{Code: exitUsage, Err: err}
		}
	}
	completed, err := partial.Complete(ctx, method, f.keepSeen)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	write := func(file string, pixels []float32) error {
		return atomicfile.Write(file, func(w io.Writer) error {
			return tiff.Write(w, []tiff.Image{{Width: partial.Width, Height: partial.Height, Channels: 1, Pixels: pixels, Tags: partial.Tags}})
		})
	}
	if err := write(file, completed.Pixels); err != nil {
		return err
	}
	if f.uncertainty != "" {
		if err := write(f.uncertainty, completed.Deviation); err != nil {
			return err
		}
	}
	wrote := file
	if !atomicfile.IsStream(file) { // which has no folder for a picture
		picture := strings.TrimSuffix(file, filepath.Ext(file)) + ".png"
		if err := atomicfile.Write(picture, preview(partial, completed.Pixels, whole).WritePNG); err != nil {
			return err
		}
		wrote += ", " + picture
	}
	f.report(w, path, partial, completed, wrote)
	if whole == nil {
		return nil
	}
	return compare(ctx, w, method, completed.Method, f.threads, partial, completed.Pixels, whole)
}

// report says what was done, and what there is to know about it.
func (f *completeFlags) report(w io.Writer, path string, partial *micrograph.Partial, c *micrograph.Completion, wrote string) {
	for _, note := range partial.Notes {
		fmt.Fprintf(w, "%s: %s\n", path, note)
	}
	fmt.Fprintf(w, "%s, %dx%d pixels, %.3g %% seen, completed (%s): %s\n",
		path, partial.Width, partial.Height, 100*partial.Coverage(), c.Method, wrote)
	if t := c.Trial; t != nil && t.Pixels > 0 {
		fmt.Fprintf(w, "  Chosen by %s seen pixels held out; mean squared errors in [-1, 1], blurred:\n", words.Count(t.Pixels))
		for _, candidate := range t.Candidates {
			fmt.Fprintf(w, "    %-30s  %.3g\n", candidate.Method, candidate.MSE)
		}
	} else if t != nil {
		fmt.Fprintf(w, "  Too few pixels were seen to choose a method by.\n")
	}
	if k := c.Kriging; k != nil {
		most := ""
		if k.Tiles > 1 {
			most = fmt.Sprintf(" in the slowest of %d tiles", k.Tiles)
		}
		fmt.Fprintf(w, "  Conjugate gradients: %s%s, residual %.2g.\n", words.Counted(k.Iterations, "iteration"), most, k.Residual)
		if !k.Converged() {
			fmt.Fprintf(w, "  NOT CONVERGED: the residual was to be %.2g. What was not seen may be far off;\n  compare with --method linear.\n", k.Tolerance)
		}
	}
	if f.uncertainty != "" {
		fmt.Fprintf(w, "  Standard deviation of each pixel: %s. 90 %% lie within 1.645 of it.\n", f.uncertainty)
	}
}

func readTruth(path string, partial *micrograph.Partial) ([]float32, error) {
	file, err := imagefile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--truth %s: %w", path, err)
	}
	defer file.Close()
	pixels, height, width, err := file.ReadGrey(0)
	if err != nil {
		return nil, fmt.Errorf("--truth %s: %w", path, err)
	}
	if height != partial.Height || width != partial.Width {
		return nil, fmt.Errorf("--truth %s has %dx%d pixels, and the scan has %dx%d", path, width, height, partial.Width, partial.Height)
	}
	for i, value := range pixels {
		if value-value != 0 {
			return nil, fmt.Errorf("--truth %s: the pixel at row %d, column %d is %v", path, i/width, i%width, value)
		}
	}
	return pixels, nil
}

// preview shows a scan beside its completion, and the truth where there is one, in the same brightness.
func preview(partial *micrograph.Partial, completed, truth []float32) figure.ImageGrid {
	low, high := micrograph.IntensityRange(completed)
	if truth != nil {
		low, high = micrograph.IntensityRange(truth)
	}
	draw := func(pixels []float32) image.Image { return grey(pixels, partial.Height, partial.Width, low, high) }
	grid := figure.ImageGrid{
		Columns: []string{"scan", "completed"},
		Rows:    [][]image.Image{{draw(partial.Pixels), draw(completed)}},
		Size:    max(256, min(max(partial.Height, partial.Width), 1024)),
	}
	if truth != nil {
		grid.Columns = append(grid.Columns, "truth")
		grid.Rows[0] = append(grid.Rows[0], draw(truth))
	}
	return grid
}

// compare prints how near a completion is to the truth, and how near those without a network are.
func compare(ctx context.Context, w io.Writer, method micrograph.Method, name string, threads int, partial *micrograph.Partial, completed, truth []float32) error {
	low, high := micrograph.IntensityRange(truth)
	scale := func(pixels []float32) []float32 {
		scaled := append([]float32(nil), pixels...)
		micrograph.ScaleIntensity(scaled, low, high)
		return scaled
	}
	scaledTruth := scale(truth)
	var text strings.Builder
	fmt.Fprintf(&text, "\n%-12s %26s   %26s\n%-12s %9s %8s %7s   %9s %8s %7s\n", "", "against the truth", "against the blurred truth",
		"", "MSE", "PSNR dB", "SSIM", "MSE", "PSNR dB", "SSIM")
	line := func(m micrograph.Method, name string, pixels []float32) {
		name, _, _ = strings.Cut(name, ",")
		c := m.Compare(scale(pixels), scaledTruth, partial.Height, partial.Width)
		fmt.Fprintf(&text, "%-12s %9.3g %8.2f %7.3f   %9.3g %8.2f %7.3f\n", name, c.Raw.MSE, c.Raw.PSNR, c.Raw.SSIM,
			c.Blurred.MSE, c.Blurred.PSNR, c.Blurred.SSIM)
	}
	line(method, name, completed)
	for _, baseline := range micrograph.Baselines(threads) {
		if strings.HasPrefix(name, baseline.Name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		other, err := partial.Complete(ctx, baseline, true)
		if err != nil {
			return errors.Join(errors.New("compare with the truth"), err)
		}
		line(baseline, baseline.Name, other.Pixels)
	}
	text.WriteString("\nOf intensities scaled so that the truth's are in [-1, 1]. Completions without a network\nare blurred as the truth is, where that is.\n")
	_, err := io.WriteString(w, text.String())
	return err
}
