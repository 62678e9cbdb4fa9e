package cli

import (
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
)

// openCompleter opens a trained network: a run's folder, or its checkpoint.
type openCompleter func(model string, threads int) (micrograph.Completer, error)

func newCompleteCommand(open openCompleter) *cobra.Command {
	var mask, truth, out string
	var threads int
	command := &cobra.Command{
		Use:   "complete MODEL IMAGE... [flags]",
		Short: "Complete partial scans of micrographs by a trained network",
		Long: `Complete partial scans of any size. MODEL is the folder of a run of 'alrc train micrographs',
or its checkpoint.safetensors; or, to compare, bilinear (linear interpolation between the
pixels that were seen) or biharmonic (the smoothest surface through them).

IMAGE is a TIFF, PNG or .npy file. What was not seen is NaN in it, as 'alrc scan' writes it,
or 0 in a mask image (--mask).

For each IMAGE it writes a float32 TIFF file in IMAGE's units and with its metadata, and a
PNG file that shows the scan and what became of it. Given the whole micrograph (--truth), it prints
how near the completion is to it, beside those without a network.`,
		Example: `  alrc complete runs/alrc scan.tif             # writes scan-completed.tif and scan-completed.png
  alrc complete runs/alrc scans/*.tif --mask spiral.tif --out completed
  alrc complete runs/alrc micrograph-scan.tif --truth micrograph.tif --out result.tif`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(command *cobra.Command, arguments []string) error {
			images := arguments[1:]
			if truth != "" && len(images) > 1 {
				return usageError("--truth is that of one image, and %d images are given: complete them one at a time", len(images))
			}
			if isFile(out) && len(images) > 1 {
				return usageError("--out %s is one file, and %d images are given: give a folder", out, len(images))
			}
			written := map[string]string{}
			for _, path := range images {
				if other, ok := written[stem(path)]; ok {
					return usageError("%s and %s would be written to the same file: complete them one at a time, with an --out each", other, path)
				}
				written[stem(path)] = path
			}
			if threads < 0 {
				return usageError("--threads %d: give at least 0", threads)
			}
			ctx, cancel := withSignals(command.Context())
			defer cancel()
			method, closeModel, err := openMethod(ctx, arguments[0], threads, open)
			if err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			defer closeModel()
			dir := out
			if isFile(out) {
				dir = filepath.Dir(out)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			for _, path := range images {
				file := out
				if !isFile(out) {
					file = filepath.Join(dir, stem(path)+"-completed.tif")
				}
				if err := completeImage(ctx, command.OutOrStdout(), method, path, mask, truth, file); err != nil {
					return err
				}
			}
			return nil
		},
	}
	addFlagGroups(command,
		group("What was seen", func(flags *pflag.FlagSet) {
			flags.StringVar(&mask, "mask", "", "mask image of IMAGE's size: 0 where nothing was seen (default: where IMAGE is NaN)")
			flags.StringVar(&truth, "truth", "", "the whole micrograph, to compare the completion with")
		}),
		group("How", func(flags *pflag.FlagSet) {
			flags.StringVar(&out, "out", ".", "folder to write to, or for one image the TIFF file, whose picture goes beside it")
			flags.IntVar(&threads, "threads", 0, "threads to compute with (0: all)")
		}),
	)
	return command
}

// isFile says that a path is not that of a folder to write to: a TIFF file, or what is written to as it is.
func isFile(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".tif" || extension == ".tiff" || atomicfile.IsStream(path)
}

// openMethod opens a network, or takes a baseline by its name.
func openMethod(ctx context.Context, model string, threads int, open openCompleter) (m micrograph.Method, closeModel func(), err error) {
	for _, baseline := range micrograph.Baselines() {
		if baseline.Name == model {
			return baseline, func() {}, nil
		}
	}
	network, err := open(model, threads)
	if err != nil {
		return m, nil, fmt.Errorf("model %s: %w", model, err)
	}
	return micrograph.Network("network", stoppable{network, ctx}), network.Close, nil
}

// stoppable is a network that ends with a context, so that a large image can be given up.
type stoppable struct {
	micrograph.Completer
	ctx context.Context
}

func (s stoppable) Complete(input, output []float32) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return s.Completer.Complete(input, output)
}

// completeImage writes a TIFF file, and a picture beside it.
func completeImage(ctx context.Context, w io.Writer, method micrograph.Method, path, mask, truth, file string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	partial, err := micrograph.ReadPartial(path, mask)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	var whole []float32
	if truth != "" {
		if whole, err = readTruth(truth, partial); err != nil {
			return &ExitError{Code: exitUsage, Err: err}
		}
	}
	completed, err := partial.Complete(method)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	err = atomicfile.Write(file, func(w io.Writer) error {
		return tiff.Write(w, []tiff.Image{{Width: partial.Width, Height: partial.Height, Channels: 1, Pixels: completed, Tags: partial.Tags}})
	})
	if err != nil {
		return err
	}
	wrote := file
	if !atomicfile.IsStream(file) { // which has no folder for a picture
		picture := strings.TrimSuffix(file, filepath.Ext(file)) + ".png"
		if err := atomicfile.Write(picture, preview(partial, completed, whole).WritePNG); err != nil {
			return err
		}
		wrote += ", " + picture
	}
	fmt.Fprintf(w, "%s, %dx%d pixels, %.3g %% seen, completed (%s): %s\n",
		path, partial.Width, partial.Height, 100*partial.Coverage(), method.Name, wrote)
	if whole == nil {
		return nil
	}
	return compare(ctx, w, method, partial, completed, whole)
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
func compare(ctx context.Context, w io.Writer, method micrograph.Method, partial *micrograph.Partial, completed, truth []float32) error {
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
	line := func(m micrograph.Method, pixels []float32) {
		c := m.Compare(scale(pixels), scaledTruth, partial.Height, partial.Width)
		fmt.Fprintf(&text, "%-12s %9.3g %8.2f %7.3f   %9.3g %8.2f %7.3f\n", m.Name, c.Raw.MSE, c.Raw.PSNR, c.Raw.SSIM,
			c.Blurred.MSE, c.Blurred.PSNR, c.Blurred.SSIM)
	}
	line(method, completed)
	for _, baseline := range micrograph.Baselines() {
		if baseline.Name == method.Name {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		pixels, err := partial.Complete(baseline)
		if err != nil {
			return errors.Join(errors.New("compare with the truth"), err)
		}
		line(baseline, pixels)
	}
	text.WriteString("\nOf intensities scaled so that the truth's are in [-1, 1]. Completions without a network\nare blurred as the truth is, where that is.\n")
	_, err := io.WriteString(w, text.String())
	return err
}
