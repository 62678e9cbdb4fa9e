package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"alrc/internal/atomicfile"
	"alrc/internal/evaluation"
	"alrc/internal/micrograph"
	"alrc/internal/words"
)

// wholeFlags are those of evaluate for whole micrographs.
type wholeFlags struct {
	images, masks []string
	coverages     []float64
	scans         int
}

// wholeRow is what a method makes of the scans of one kind and coverage.
type wholeRow struct {
	scan    micrograph.Scan // the first of them
	method  string
	results [][]micrograph.Comparison // by scan and image
}

// runWhole completes scans of whole micrographs by all methods, and by the networks that runs trained.
func (f *evaluateFlags) runWhole(command *cobra.Command, runs []string, open evaluation.OpenCompleter) error {
	trials, err := f.whole.trials()
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	var networks []*evaluation.Method
	if len(runs) > 0 {
		if networks, err = evaluation.Networks(runs, f.threads, open); err != nil {
			return &ExitError{Code: exitUsage, Err: err}
		}
	}
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	var methods []*evaluation.Method
	if f.baselines {
		for _, baseline := range append(micrograph.Baselines(1), micrograph.Best(micrograph.MethodOptions{Threads: 1})) {
			methods = append(methods, evaluation.Baseline(baseline))
		}
	}
	results := map[*evaluation.Method][][]micrograph.Comparison{}
	methods = append(methods, networks...)
	for _, m := range methods {
		method, closeModel, err := m.Open(f.threads, open)
		if err != nil {
			return err
		}
		progress := newEvaluateProgress(command.ErrOrStderr(), m.Name, len(trials.Scans)*len(trials.Images))
		results[m], err = trials.Evaluate(ctx, method, micrograph.EvaluateOptions{Threads: f.threads, Observe: progress.observe})
		progress.close()
		closeModel()
		if ctx.Err() != nil {
			return fmt.Errorf("stopped, and nothing was written: %w", ctx.Err())
		}
		if err != nil {
			return err
		}
	}
	var rows []wholeRow
	for from := 0; from < len(trials.Scans); from += f.whole.scans {
		for _, m := range methods {
			rows = append(rows, wholeRow{trials.Scans[from], m.Name, results[m][from : from+f.whole.scans]})
		}
	}
	if err := writeWhole(command.OutOrStdout(), trials, rows, f.whole.scans); err != nil || f.csv == "" {
		return err
	}
	return atomicfile.Write(f.csv, func(w io.Writer) error { return writeWholeCSV(w, trials, rows) })
}

// trials reads the images, and has so many scans of each kind and coverage, one after the other.
func (f *wholeFlags) trials() (t micrograph.Trials, err error) {
	if f.scans < 1 {
		return t, fmt.Errorf("--scans %d: give at least 1", f.scans)
	}
	for _, path := range f.images {
		image, err := micrograph.ReadWhole(path)
		if err != nil {
			return t, fmt.Errorf("--images %w", err)
		}
		t.Images = append(t.Images, image)
	}
	for _, mask := range f.masks {
		for _, coverage := range f.coverages {
			scan, err := micrograph.ParseScan(mask, coverage)
			if err != nil {
				return t, err
			}
			for seed := range f.scans {
				scan.Seed = uint64(seed)
				t.Scans = append(t.Scans, scan)
			}
		}
	}
	return t, nil
}

// mean is over a row's scans of the images from one on to before another.
func (r wholeRow) mean(from, to int, of func(micrograph.Comparison) float64) float64 {
	var sum float64
	for _, scan := range r.results {
		for _, c := range scan[from:to] {
			sum += of(c)
		}
	}
	return sum / float64(len(r.results)*(to-from))
}

// writeWhole writes a table for each kind and coverage.
func writeWhole(w io.Writer, t micrograph.Trials, rows []wholeRow, scans int) error {
	mse := func(c micrograph.Comparison) float64 { return 1000 * c.Blurred.MSE }
	header := []string{""}
	for _, image := range t.Images {
		header = append(header, image.Name)
	}
	header = append(header, "mean", "PSNR dB", "SSIM")
	var text strings.Builder
	l := layout(w)
	for from := 0; from < len(rows); {
		first, to := rows[from], from
		var cells [][]string
		for ; to < len(rows) && rows[to].scan.Kind == first.scan.Kind && rows[to].scan.Coverage == first.scan.Coverage; to++ {
			r := rows[to]
			row := []string{r.method}
			for i := range t.Images {
				row = append(row, strconv.FormatFloat(r.mean(i, i+1, mse), 'g', 3, 64))
			}
			n := len(t.Images)
			cells = append(cells, append(row, strconv.FormatFloat(r.mean(0, n, mse), 'g', 3, 64),
				fmt.Sprintf("%.2f", r.mean(0, n, func(c micrograph.Comparison) float64 { return c.Blurred.PSNR })),
				fmt.Sprintf("%.3f", r.mean(0, n, func(c micrograph.Comparison) float64 { return c.Blurred.SSIM }))))
		}
		fmt.Fprintf(&text, "\nScans of kind %s, coverage %.3g: 1,000 times the mean squared error\n%s", first.scan.Kind, first.scan.Coverage,
			l.Table(header, cells))
		from = to
	}
	text.WriteString(l.Wrap(fmt.Sprintf("\nAgainst the blurred truth, in [-1, 1]; means over %s of each image. PSNR and SSIM are means over the"+
		" images. What methods without a network give is blurred as the truth is, and keeps what was seen.", words.Counted(scans, "scan")), "") + "\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// writeWholeCSV writes a row for each image, scan and method.
func writeWholeCSV(w io.Writer, t micrograph.Trials, rows []wholeRow) error {
	out := csv.NewWriter(w)
	out.Write([]string{"image", "mask", "coverage", "scan", "method", "mse_blurred", "psnr_blurred", "ssim_blurred", "mse", "psnr", "ssim"})
	number := func(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
	for _, row := range rows {
		for scan, images := range row.results {
			for i, c := range images {
				out.Write([]string{t.Images[i].Name, row.scan.Kind, number(row.scan.Coverage), strconv.Itoa(scan), row.method, number(c.Blurred.MSE),
					number(c.Blurred.PSNR), number(c.Blurred.SSIM), number(c.Raw.MSE), number(c.Raw.PSNR), number(c.Raw.SSIM)})
			}
		}
	}
	out.Flush()
	return out.Error()
}
