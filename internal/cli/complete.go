package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/atomicfile"
	"alrc/internal/evaluation"
	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// completeFlags are those of complete.
type completeFlags struct {
	method, mask, truth, out, uncertainty, array string
	premultiplied, keepSeen                      bool
	unseen                                       float64
	threads, page                                int
}

func newCompleteCommand(open evaluation.OpenCompleter) *cobra.Command {
	f := &completeFlags{}
	command := &cobra.Command{
		Use:   "complete [MODEL] IMAGE... [flags]",
		Short: "Complete partial scans of micrographs, by kriging or a network",
		Long: `Complete partial scans of any size. Without MODEL they are completed without
training, by what comes nearest to seen pixels that are held out (--method
auto): kriging, which estimates what was not seen from the scan's own
covariance, or linear interpolation. MODEL is the folder of a run of
'alrc train micrographs', its checkpoint.safetensors, or a method's word:
kriging, linear (or bilinear; between the pixels that were seen), or biharmonic
(the smoothest surface through them).

` + paragraph("IMAGE is a file of "+imagefile.Formats()+"; - is standard input, and --out - standard output.") + `
What was not seen is NaN in it, as 'alrc scan' writes it, or has one value
(--unseen 0), or is 0 in a mask image (--mask), whose values from 0 to 1 say how
much of a pixel was seen. All images of a stack are completed, or one of them
(--page).

For each IMAGE it writes a TIFF file in IMAGE's units, with its pixel size and
metadata, and a PNG file that shows the scan and what became of it; --out
FILE.mrc writes MRC instead. Given the whole micrograph (--truth), it prints how
near the completion is to it, beside those without a network.`,
		Example: `  alrc complete scan.tif    # writes scan-completed.tif and scan-completed.png
  alrc complete scan.dm4 --mask mask.tif    # calibrated as the scan is
  alrc complete scan.tif --method kriging --uncertainty uncertainty.tif
  alrc complete runs/alrc scans/*.tif --mask spiral.tif --out completed
  alrc complete runs/alrc scan.tif --truth micrograph.tif --out result.tif`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments, open) },
	}
	addFlagGroups(command,
		group("What was seen", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.mask, "mask", "", "mask image of IMAGE's size, 0 where nothing was seen, or a .csv file of the columns and rows of beam positions (default: where IMAGE is NaN)")
			flags.Float64Var(&f.unseen, "unseen", 0, "the `VALUE` of pixels that were not seen, such as 0, in a file that has no NaN")
			flags.BoolVar(&f.premultiplied, "premultiplied", false, "IMAGE was multiplied by its mask: divide by it (=false: it was not, whatever it looks like)")
			flags.IntVar(&f.page, "page", -1, "the one image of a stack to complete, counted from 0 (-1: all)")
			flags.StringVar(&f.array, "array", "", arrayUsage)
			flags.StringVar(&f.truth, "truth", "", "the whole micrograph, to compare the completion with")
		}),
		group("How", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.method, "method", "", "without a network: auto, kriging, linear or biharmonic (default auto)")
			flags.BoolVar(&f.keepSeen, "keep-seen", false, "seen pixels keep what was seen of them (default: without a network; =false: noise is taken off them)")
			threadsFlag(command, flags, &f.threads, "threads to compute with (0: all)")
		}),
		group("Files", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.out, "out", ".", "folder to write to, or for one IMAGE the TIFF or MRC file, whose picture goes beside it")
			flags.StringVar(&f.uncertainty, "uncertainty", "", "write, for one image, each pixel's standard deviation to this TIFF `FILE` (kriging)")
		}),
	)
	return command
}

func (f *completeFlags) run(command *cobra.Command, arguments []string, open evaluation.OpenCompleter) error {
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
	options := micrograph.PartialOptions{Mask: f.mask, Array: f.array}
	if command.Flags().Changed("premultiplied") {
		options.Premultiplied = &f.premultiplied
	}
	if command.Flags().Changed("unseen") {
		options.Unseen = &f.unseen
	}
	if err := errors.Join(foldersThere(f.uncertainty), os.MkdirAll(f.folder(), 0o755)); err != nil {
		return err
	}
	wrong := 0
	for _, path := range images {
		err := f.complete(ctx, command, method, path, options, f.file(path))
		switch unread := (*ExitError)(nil); {
		case err == nil:
		case ctx.Err() != nil:
			return fmt.Errorf("stopped, and %s was not completed: %w", path, ctx.Err())
		case len(images) > 1 && errors.As(err, &unread) && unread.Code == exitUsage: // the others may be right
			tell(command.ErrOrStderr(), "alrc: %v", err)
			wrong++
		default:
			return err
		}
	}
	if wrong > 0 {
		return usageError("%d of %d files %s not completed", wrong, len(images), words.Verb(wrong, "was", "were"))
	}
	return nil
}

// folder is the one to write to.
func (f *completeFlags) folder() string {
	if isFile(f.out) {
		return filepath.Dir(f.out)
	}
	return f.out
}

// file is where the completion of an image goes.
func (f *completeFlags) file(image string) string {
	if isFile(f.out) {
		return f.out
	}
	return filepath.Join(f.folder(), stem(image)+"-completed.tif")
}

// isModel reports whether the first argument is a model: a method's word, or a run's folder or checkpoint; what is not there and has no
// file's ending is meant to be one.
func isModel(argument string) bool {
	if micrograph.IsMethod(argument) || filepath.Ext(argument) == ".safetensors" {
		return true
	}
	if isFolder(argument) { // of runs, or of images, which is told so later
		runs, err := runfolder.Find(argument)
		return err != nil || len(runs) > 0 || isThere(filepath.Join(argument, runfolder.CheckpointFile))
	}
	return argument != imagefile.Stdin && !isThere(argument) && filepath.Ext(argument) == ""
}

// noModel says that what was to be a model is none.
func noModel(model string) error {
	hint := words.DidYouMean(model, micrograph.MethodWords(), func(near string) string { return near })
	return usageError("%s: there is no such image, nor a run's folder%s", model, hint)
}

// check finds what does not go together before anything is done.
func (f *completeFlags) check(model string, images []string) error {
	switch {
	case len(images) == 0 && !micrograph.IsMethod(model) && !isThere(model):
		return noModel(model)
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
		return usageError("--uncertainty %s: it is a TIFF or MRC file; give a name that ends in .tif or .mrc", f.uncertainty)
	case !isFile(f.out) && filepath.Ext(f.out) != "" && !isFolder(f.out) && !strings.HasSuffix(f.out, string(filepath.Separator)):
		return usageError("--out %s: it is a TIFF or MRC file, whose name ends in .tif or .mrc, or a folder; make the folder first if that is its name", f.out)
	case f.page < -1:
		return usageError("--page %d: images are counted from 0", f.page)
	}
	if word := model + f.method; f.uncertainty != "" && word != "" && word != micrograph.Auto && word != micrograph.KrigingWord {
		return usageError("--uncertainty: %s does not know how far off it may be; kriging does", word)
	}
	written := map[string]string{}
	files := []string{f.uncertainty}
	for _, path := range images {
		if other, ok := written[stem(path)]; ok {
			return usageError("%s and %s would be written to the same file: complete them one at a time, with an --out each", other, path)
		}
		written[stem(path)] = path
		files = append(files, f.file(path), pictureBeside(f.file(path)))
	}
	return wouldOverwrite(files, append([]string{f.mask, f.truth}, images...))
}

// open opens a network, or takes a method without one by its word.
func (f *completeFlags) open(model string, open evaluation.OpenCompleter) (m micrograph.Method, closeModel func(), err error) {
	word := cmp.Or(model, f.method, micrograph.Auto)
	if micrograph.IsMethod(word) {
		m, err = micrograph.ParseMethod(word, micrograph.MethodOptions{Threads: f.threads, Deviation: f.uncertainty != ""})
		return m, func() {}, err
	}
	network, err := open(model, f.threads)
	if errors.Is(err, fs.ErrNotExist) && !isThere(model) {
		return m, nil, noModel(model)
	}
	if err != nil {
		return m, nil, fmt.Errorf("model %s: %w", model, err)
	}
	return micrograph.Network("network", network), network.Close, nil
}

// isFile says that a path is not that of a folder to write to: a TIFF or MRC file, or what is written to as it is.
func isFile(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".tif" || extension == ".tiff" || isMRC(path) || atomicfile.IsStream(path)
}

func isMRC(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".mrc" || extension == ".mrcs"
}

// result is a scan and what became of it.
type result struct {
	partial    *micrograph.Partial
	completion *micrograph.Completion
	coverage   float64
}

// complete completes the scans of a file, and writes them to one file, and a picture beside it.
func (f *completeFlags) complete(ctx context.Context, command *cobra.Command, method micrograph.Method, path string, o micrograph.PartialOptions, file string) error {
	w := command.OutOrStdout()
	if atomicfile.IsStream(file) || atomicfile.IsStream(f.uncertainty) { // what is told is not to be among pixels
		w = command.ErrOrStderr()
	}
	progress := newWorking(command.ErrOrStderr())
	defer progress.close()
	progress.now("reading %s", path)
	scans, err := micrograph.OpenScans(path, o)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	defer scans.Close()
	first, count := 0, scans.Len()
	if f.page >= 0 {
		if first, err = scans.Find(f.page); err != nil {
			return &ExitError{Code: exitUsage, Err: err}
		}
		count = 1
	}
	if f.truth != "" && count > 1 {
		return usageError("--truth is that of one image, and %s has %d: choose one with --page", path, count)
	}
	var results []result
	var whole []float32
	for i := first; i < first+count; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		partial, err := scans.Read(i)
		if err != nil {
			return &ExitError{Code: exitUsage, Err: err}
		}
		if mismatch := method.Mismatch(partial); mismatch != "" {
			progress.pause()
			fmt.Fprintf(command.ErrOrStderr(), "WARNING: %s: %s.\nThe completion may be far off. Without a network: alrc complete %s\n", path, mismatch, path)
		}
		if f.truth != "" {
			if whole, err = readTruth(f.truth, partial); err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			if why := unlikeTruth(partial, whole); why != "" {
				progress.pause()
				tell(command.ErrOrStderr(), "WARNING: --truth %s: %s", f.truth, why)
			}
		}
		if progress.now("completing %s", path); count > 1 {
			progress.now("completing %s, image %d of %d", path, i-first+1, count)
		}
		completed, err := partial.Complete(ctx, method, f.keepSeen)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		results = append(results, result{partial, completed, partial.Coverage()})
		if len(results) > previews {
			// Of a long series no more is kept than is written.
			partial.Pixels, partial.Mask, completed.Kept = nil, nil, nil
		}
	}
	wrote, err := f.write(results, whole, file)
	if err != nil {
		return err
	}
	progress.pause()
	for _, left := range scans.Left() {
		fmt.Fprintf(w, "%s: left out: %s\n", path, left)
	}
	for _, r := range results {
		if count == 1 {
			f.report(w, path, r, ": "+wrote)
		} else {
			f.report(w, fmt.Sprintf("%s:%d", path, r.partial.Page), r, "")
		}
	}
	if count > 1 {
		fmt.Fprintf(w, "%s, %d images: %s\n", path, count, wrote)
	}
	if f.uncertainty != "" {
		fmt.Fprintf(w, "  Standard deviation of each pixel: %s. 90 %% lie within 1.645 of it.\n", f.uncertainty)
	}
	if whole == nil {
		return nil
	}
	return compare(ctx, w, progress, method, results[0].completion.Method, f.threads, results[0].partial, results[0].completion.Pixels, whole)
}
