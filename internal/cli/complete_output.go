package cli

import (
	"fmt"
	"image"
	"io"

	"alrc/internal/atomicfile"
	"alrc/internal/figure"
	"alrc/internal/format/mrc"
	"alrc/internal/format/pixel"
	"alrc/internal/format/tiff"
	"alrc/internal/micrograph"
	"alrc/internal/words"
)

// write writes what became of a file's scans, and a picture of the first of them, and returns the names of both.
func (f *completeFlags) write(results []result, truth []float32, file string) (wrote string, err error) {
	var completed, deviations []tiff.Image
	for _, r := range results {
		completed = append(completed, r.partial.Image(r.completion.Pixels))
		deviation := r.partial.Image(r.completion.Deviation)
		deviation.Offset, deviation.WhiteIsZero = 0, false
		deviations = append(deviations, deviation)
	}
	if err := writeImages(file, completed); err != nil {
		return "", err
	}
	if f.uncertainty != "" {
		if err := writeImages(f.uncertainty, deviations); err != nil {
			return "", err
		}
	}
	picture := pictureBeside(file)
	if picture == "" {
		return file, nil
	}
	return file + ", " + picture, atomicfile.Write(picture, preview(results, truth).WritePNG)
}

// writeImages writes a TIFF file, or an MRC file where its name says so.
func writeImages(file string, images []tiff.Image) error {
	if !isMRC(file) {
		return atomicfile.Write(file, func(w io.Writer) error { return tiff.Write(w, images) })
	}
	first := images[0]
	var pixels [][]float32
	for _, m := range images {
		if m.Height != first.Height || m.Width != first.Width {
			return usageError("%s: the images of an MRC file have one size; write TIFF, or one image by --page", file)
		}
		if m.Offset != 0 {
			return usageError("%s: MRC has no numbers of 64 bits, which these images need, of about %.6g; write TIFF", file, m.Offset)
		}
		pixels = append(pixels, m.Pixels)
	}
	return atomicfile.Write(file, func(w io.Writer) error { return mrc.Write(w, pixels, first.Height, first.Width, first.Size) })
}

// report says what was done with a scan, and what there is to know about it.
func (f *completeFlags) report(w io.Writer, name string, r result, wrote string) {
	partial, c := r.partial, r.completion
	line := func(format string, arguments ...any) {
		fmt.Fprintln(w, layout(w).Wrap(fmt.Sprintf(format, arguments...), "  "))
	}
	for _, note := range partial.Notes {
		line("%s: %s", name, note)
	}
	line("%s, %dx%d pixels%s, %.3g %% seen, completed (%s)%s",
		name, partial.Width, partial.Height, sizeOf(partial.Size), 100*r.coverage, c.Method, wrote)
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
}

// sizeOf tells the size of a pixel, where it is known.
func sizeOf(size pixel.Size) string {
	if !size.Known() {
		return ""
	}
	x, y := fmt.Sprintf("%.4g", size.X), fmt.Sprintf("%.4g", size.Y)
	if x != y {
		x += "x" + y
	}
	return fmt.Sprintf(" of %s %s", x, size.Unit)
}

// previews is the number of a file's images that are shown.
const previews = 4

// preview shows scans, the first few of many, beside their completions, and the truth where there is one, in the same brightness.
func preview(results []result, truth []float32) figure.ImageGrid {
	grid := figure.ImageGrid{Columns: []string{"scan", "completed"}}
	for _, r := range results[:min(previews, len(results))] {
		p, completed := r.partial, r.completion.Pixels
		low, high := micrograph.IntensityRange(completed)
		if truth != nil {
			low, high = micrograph.IntensityRange(truth)
		}
		draw := func(pixels []float32) image.Image { return picture(p, pixels, low, high) }
		grid.Size = max(grid.Size, 256, min(max(p.Height, p.Width), 1024))
		grid.Rows = append(grid.Rows, []image.Image{draw(p.Pixels), draw(completed)})
		if truth != nil {
			grid.Columns = append(grid.Columns[:2], "truth")
			grid.Rows[0] = append(grid.Rows[0], draw(truth))
		}
	}
	return grid
}

// picture draws pixels in the place of a scan's, from low to high, larger ones brighter, but for files where 0 is white.
func picture(p *micrograph.Partial, pixels []float32, low, high float64) image.Image {
	if !p.WhiteIsZero {
		return grey(pixels, p.Height, p.Width, low, high)
	}
	turned := make([]float32, len(pixels))
	for i, value := range pixels {
		turned[i] = -value
	}
	return grey(turned, p.Height, p.Width, -high, -low)
}
