package evaluation

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/micrograph"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// Write writes a table, and what there is to know about it.
func (e *Evaluation) Write(w io.Writer, l words.Layout) error {
	var text strings.Builder
	images := fmt.Sprintf("%s held-out images", words.Count(e.ImageCount))
	if e.ImageCount == 1 {
		images = "the held-out image"
	}
	line := func(format string, arguments ...any) {
		text.WriteString(l.Wrap(fmt.Sprintf(format, arguments...), "") + "\n")
	}
	line("\n%s of %dx%d pixels of %s; scans of kind %s, coverage %v. Mean squared error (MSE) against the blurred truth:\n",
		words.Counted(e.Crops, "crop"), e.Size, e.Size, images, e.Mask, e.Coverage)
	mean := func(d *runfolder.Distribution) runfolder.Number { return d.Mean }
	errors := [][]string{{"", "mean", "std dev", "5 %", "median", "95 %", "99 %"}}
	others := [][]string{{"", "SSIM", "PSNR dB", "raw MSE", "nearer"}}
	compared := slices.ContainsFunc(e.Methods, func(m *Method) bool { return m.Nearer != nil })
	if !compared {
		others[0] = others[0][:4]
	}
	for _, m := range e.Methods {
		cell := func(d *runfolder.Distribution, format string, of func(*runfolder.Distribution) runfolder.Number) string {
			if d == nil {
				return "-"
			}
			return fmt.Sprintf(format, of(d))
		}
		mse := func(of func(*runfolder.Distribution) runfolder.Number) string { return cell(m.BlurredMSE, "%#.3g", of) }
		errors = append(errors, []string{m.Name, mse(mean),
			mse(func(d *runfolder.Distribution) runfolder.Number { return d.Std }),
			mse(func(d *runfolder.Distribution) runfolder.Number { return d.P5 }),
			mse(func(d *runfolder.Distribution) runfolder.Number { return d.Median }),
			mse(func(d *runfolder.Distribution) runfolder.Number { return d.P95 }),
			mse(func(d *runfolder.Distribution) runfolder.Number { return d.P99 })})
		row := []string{m.Name, cell(m.BlurredSSIM, "%.3f", mean), cell(m.BlurredPSNR, "%.2f", mean), cell(m.MSE, "%#.3g", mean)}
		if m.Nearer != nil {
			row = append(row, fmt.Sprintf("%.1f %%", 100**m.Nearer))
		} else if compared {
			row = append(row, "")
		}
		others = append(others, row)
	}
	text.WriteString(l.Table(errors[0], errors[1:]) + "\n" + l.Table(others[0], others[1:]))
	for _, m := range e.Methods {
		switch {
		case m.BlurredMSE == nil:
			line("\n%s puts out what is no number: it diverged.", m.Name)
		case m.Step < m.Steps:
			line("\n%s has not been trained to its end: it is that of step %s of %s.", m.Name, words.Count(m.Step), words.Count(m.Steps))
		}
	}
	note := "\nIntensities are in [-1, 1]. SSIM and PSNR are means against the blurred truth; raw MSE is the mean against the truth" +
		" itself. What methods without a network give is blurred as the truth is."
	if compared {
		note += " Nearer is the share of crops in which a method is nearer to the blurred truth than bilinear."
	}
	line("%s", note)
	_, err := io.WriteString(w, text.String())
	return err
}

// WriteCrops writes a row for each crop and method, as CSV.
func (e *Evaluation) WriteCrops(w io.Writer) error {
	rows := csv.NewWriter(w)
	rows.Write(append([]string{"crop", "image", "top", "left", "method"}, comparisonColumns...))
	for i := range e.Crops {
		crop, err := e.examples.Read(int64(i), nil, nil, nil)
		if err != nil {
			return err
		}
		for _, m := range e.Methods {
			rows.Write(append([]string{strconv.Itoa(i), e.examples.ID(crop.Image), strconv.Itoa(crop.Top), strconv.Itoa(crop.Left), m.Name},
				comparisonCells(m.crops[i])...))
		}
	}
	rows.Flush()
	return rows.Error()
}

// comparisonColumns are the columns of a completion's numbers in CSV files, against the blurred truth and against the truth itself.
var comparisonColumns = []string{"mse_blurred", "psnr_blurred", "ssim_blurred", "mse", "psnr", "ssim"}

// comparisonCells are a completion's numbers; what is not finite is empty.
func comparisonCells(c micrograph.Comparison) []string {
	var cells []string
	for _, value := range []float64{c.Blurred.MSE, c.Blurred.PSNR, c.Blurred.SSIM, c.Raw.MSE, c.Raw.PSNR, c.Raw.SSIM} {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			cells = append(cells, "")
		} else {
			cells = append(cells, strconv.FormatFloat(value, 'g', -1, 64))
		}
	}
	return cells
}
