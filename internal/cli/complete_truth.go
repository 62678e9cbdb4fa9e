package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
)

// readTruth reads the whole micrograph of a scan, in the units of the scan's pixels: the image of the same number, where the file
// has so many.
func readTruth(path string, partial *micrograph.Partial) ([]float32, error) {
	file, err := imagefile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--truth %s: %w", path, err)
	}
	defer file.Close()
	page := file.Micrographs()[0]
	if slices.Contains(file.Micrographs(), partial.Page) {
		page = partial.Page
	}
	m, err := file.Read(page)
	if err != nil {
		return nil, fmt.Errorf("--truth %s: %w", path, err)
	}
	pixels, err := m.Grey()
	if err != nil {
		return nil, fmt.Errorf("--truth %s: %w", path, err)
	}
	if m.Height != partial.Height || m.Width != partial.Width {
		return nil, fmt.Errorf("--truth %s has %dx%d pixels, and the scan has %dx%d", path, m.Width, m.Height, partial.Width, partial.Height)
	}
	for i, value := range pixels {
		if value-value != 0 {
			return nil, fmt.Errorf("--truth %s: the pixel at row %d, column %d is %v", path, i/m.Width, i%m.Width, value)
		}
		if m.Offset != partial.Offset {
			pixels[i] = float32(float64(value) + (m.Offset - partial.Offset))
		}
	}
	return pixels, nil
}

// unlikeTruth says why a truth cannot be that of a scan, or "": the mean of what was seen is far from all of the truth's values there.
func unlikeTruth(partial *micrograph.Partial, truth []float32) string {
	sum, count := 0.0, 0
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for i, seen := range partial.Mask {
		if seen > 0 {
			sum += float64(partial.Pixels[i])
			count++
			low, high = min(low, truth[i]), max(high, truth[i])
		}
	}
	mean := sum / float64(count)
	margin := float64(high-low) + 1e-6*math.Abs(mean)
	if count == 0 || float64(low)-margin <= mean && mean <= float64(high)+margin {
		return ""
	}
	at := partial.Offset
	return fmt.Sprintf("where pixels were seen it has values from %.4g to %.4g, and the scan has %.4g in the mean: it is of another image or in other units, and figures against it tell nothing",
		float64(low)+at, float64(high)+at, mean+at)
}

// compare prints how near a completion is to the truth, and how near those without a network are.
func compare(ctx context.Context, w io.Writer, progress *working, method micrograph.Method, name string, threads int, partial *micrograph.Partial, completed, truth []float32) error {
	low, high := micrograph.IntensityRange(truth)
	scale := func(pixels []float32) []float32 {
		scaled := append([]float32(nil), pixels...)
		micrograph.ScaleIntensity(scaled, low, high)
		return scaled
	}
	scaledTruth := scale(truth)
	l := layout(w)
	var rows [][]string
	line := func(m micrograph.Method, name string, pixels []float32) {
		name, _, _ = strings.Cut(name, ",")
		c := m.Compare(scale(pixels), scaledTruth, partial.Height, partial.Width)
		row := []string{name}
		for _, of := range []micrograph.Metrics{c.Raw, c.Blurred} {
			row = append(row, fmt.Sprintf("%.3g", of.MSE), fmt.Sprintf("%.2f", of.PSNR), fmt.Sprintf("%.3f", of.SSIM))
		}
		rows = append(rows, row)
	}
	line(method, name, completed)
	for _, baseline := range micrograph.Baselines(threads) {
		if strings.HasPrefix(name, baseline.Name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		progress.now("comparing with %s", baseline.Name)
		other, err := partial.Complete(ctx, baseline, true)
		if err != nil {
			return errors.Join(errors.New("compare with the truth"), err)
		}
		line(baseline, baseline.Name, other.Pixels)
	}
	progress.pause()
	_, err := fmt.Fprintf(w, "\n%s\n%s\n", l.Table([]string{"", "MSE", "PSNR dB", "SSIM", "blurred: MSE", "PSNR dB", "SSIM"}, rows),
		l.Wrap("Against the truth, and against the blurred truth, of intensities scaled so that the truth's are in [-1, 1]. Completions without"+
			" a network are blurred as the truth is, where that is.", ""))
	return err
}
