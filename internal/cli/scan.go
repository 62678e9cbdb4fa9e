package cli

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/atomicfile"
	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
)

// arrayUsage says what --array is for.
const arrayUsage = "`NAME` of the array of a .npz or HDF5 file that has several"

func newScanCommand() *cobra.Command {
	var mask, out, array string
	var coverage float64
	var seed uint64
	var page int
	command := &cobra.Command{
		Use:   "scan IMAGE [flags]",
		Short: "Make a partial scan of a micrograph, to try completing it",
		Long: `Take of a micrograph what a partial scan would see: the pixels along a spiral,
at points of a grid, or on lines.
` + paragraph("IMAGE is a file of one channel, of "+imagefile.Formats()+".") + `

It writes a TIFF file of two float32 pages, in IMAGE's units and with its
metadata: the scan, with NaN where nothing was seen, and the mask, which says
how much of each pixel was seen, from 0 to 1. A PNG file beside it shows the
scan.`,
		Example: `  alrc scan micrograph.tif                      # writes micrograph-scan.tif
  alrc scan micrograph.tif --mask grid --coverage 0.1
  alrc complete biharmonic micrograph-scan.tif --truth micrograph.tif`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			path := arguments[0]
			if !micrograph.IsDrawn(mask) {
				if err := withoutEffect(command.Flags(), "a mask image has a coverage of its own", "coverage"); err != nil {
					return err
				}
			}
			if out == "" {
				out = stem(path) + "-scan.tif"
			}
			preview := pictureBeside(out)
			if preview == out {
				return usageError("--out %s: the scan is a TIFF file; give a name that ends in .tif", out)
			}
			if err := wouldOverwrite([]string{out, preview}, []string{path, mask}); err != nil {
				return err
			}
			if err := foldersThere(out); err != nil {
				return err
			}
			scan, err := micrograph.ParseScan(mask, coverage)
			if err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			scan.Seed = seed
			partial, err := micrograph.NewPartial(path, page, scan, micrograph.PartialOptions{Array: array})
			if err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			for _, note := range partial.Notes {
				fmt.Fprintf(command.ErrOrStderr(), "%s: %s\n", path, note)
			}
			if atomicfile.IsStream(out) { // which has no folder for a picture
				if err := atomicfile.Write(out, partial.Write); err != nil {
					return err
				}
				_, err = fmt.Fprintf(command.ErrOrStderr(), "%s, %dx%d pixels: %.3g %% seen by %v.\n",
					path, partial.Width, partial.Height, 100*partial.Coverage(), scan)
				return err
			}
			if err := atomicfile.Write(out, partial.Write); err != nil {
				return err
			}
			low, high := micrograph.IntensityRange(partial.Pixels)
			shown := picture(partial, partial.Pixels, low, high)
			if err := atomicfile.Write(preview, func(w io.Writer) error { return png.Encode(w, shown) }); err != nil {
				return err
			}
			text := fmt.Sprintf("%s, %dx%d pixels: %.3g %% seen by %v, which passes %.3g %% of the pixels.\nIt is in %s, and as a picture in %s.",
				path, partial.Width, partial.Height, 100*partial.Coverage(), scan, 100*partial.Passed(), out, preview)
			w := command.OutOrStdout()
			_, err = fmt.Fprintln(w, layout(w).Wrap(text, "  "))
			if partial.Passed() == 1 {
				fmt.Fprintf(command.ErrOrStderr(), "Warning: the scan passes every pixel, if for a part of the time only: none is left to complete.\n")
			}
			return err
		},
	}
	addFlagGroups(command,
		group("Scan", func(flags *pflag.FlagSet) {
			flags.StringVar(&mask, "mask", micrograph.Spiral, "spiral, grid, lines, or a mask image at least as large as IMAGE")
			flags.Float64Var(&coverage, "coverage", micrograph.DefaultCoverage, "fraction of the image that is seen")
			flags.Uint64Var(&seed, "seed", 0, "decides what is random in the scan")
		}),
		group("Files", func(flags *pflag.FlagSet) {
			flags.IntVar(&page, "page", -1, "image of a stack to scan, counted from 0 (-1: the first of one channel)")
			flags.StringVar(&array, "array", "", arrayUsage)
			flags.StringVar(&out, "out", "", "file to write (default: IMAGE's name with -scan.tif, in this folder)")
		}),
	)
	return command
}

// stem is a file's name without folder and ending.
func stem(path string) string {
	if path == imagefile.Stdin {
		return "stdin"
	}
	name := filepath.Base(path)
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// grey draws an image, [height,width], with low as black and high as white; what is not a number is black.
func grey(pixels []float32, height, width int, low, high float64) image.Image {
	picture := image.NewGray(image.Rect(0, 0, width, height))
	span := high - low
	if span <= 0 {
		span = 1
	}
	for i, pixel := range pixels {
		if level := (float64(pixel) - low) / span * 255; level > 0 {
			picture.SetGray(i%width, i/width, color.Gray{Y: uint8(min(level, 255) + 0.5)})
		}
	}
	return picture
}
