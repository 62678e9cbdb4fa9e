package evaluation

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"alrc/internal/micrograph"
	"alrc/internal/words"
)

// Whole is how near methods come to whole micrographs, of which they are given scans of several kinds and coverages.
type Whole struct {
	trials  micrograph.Trials
	repeats int // scans of each kind and coverage, which follow one another in trials
	methods []*wholeMethod
	open    OpenCompleter
	threads int
}

// wholeMethod is a method and what became of the scans.
type wholeMethod struct {
	*Method
	results [][]micrograph.Comparison // by scan and image
}

// WholeOptions says what to complete and how.
type WholeOptions struct {
	Images    []string // files of whole micrographs
	Masks     []string // kinds of scans: spiral, grid, lines, or mask images
	Coverages []float64
	Repeats   int      // scans of each kind and coverage, at least 1
	Runs      []string // whose networks are evaluated too; there may be none
	Baselines bool     // whether methods without a network are evaluated
	Threads   int      // 0: all
}

// NewWhole reads the images and finds the networks.
func NewWhole(o WholeOptions, open OpenCompleter) (*Whole, error) {
	e := &Whole{repeats: o.Repeats, open: open, threads: o.Threads}
	for _, path := range o.Images {
		image, err := micrograph.ReadWhole(path)
		if err != nil {
			return nil, err
		}
		e.trials.Images = append(e.trials.Images, image)
	}
	for _, mask := range o.Masks {
		for _, coverage := range o.Coverages {
			scan, err := micrograph.ParseScan(mask, coverage)
			if err != nil {
				return nil, err
			}
			for seed := range o.Repeats {
				scan.Seed = uint64(seed)
				e.trials.Scans = append(e.trials.Scans, scan)
			}
		}
	}
	if o.Baselines {
		for _, baseline := range append(micrograph.Baselines(1), micrograph.Best(micrograph.MethodOptions{Threads: 1})) {
			e.methods = append(e.methods, &wholeMethod{Method: &Method{Name: baseline.Name, baseline: baseline}})
		}
	}
	networks, _, err := findNetworks(o.Runs, o.Threads, open)
	for _, network := range networks {
		e.methods = append(e.methods, &wholeMethod{Method: network})
	}
	return e, err
}

// Run completes all scans by all methods. Begin, which is called with the name of each and the number of its scans, returns what is
// called after each scan, by several goroutines at a time, and at the method's end.
func (e *Whole) Run(ctx context.Context, begin func(name string, scans int) (observe, end func())) error {
	for _, m := range e.methods {
		method, closeModel, err := m.openMethod(e.threads, e.open)
		if err != nil {
			return err
		}
		observe, end := begin(m.Name, len(e.trials.Scans)*len(e.trials.Images))
		m.results, err = e.trials.Evaluate(ctx, method, micrograph.EvaluateOptions{Threads: e.threads, Observe: observe})
		end()
		closeModel()
		if err != nil {
			return err
		}
	}
	return nil
}

// mean is over the scans of one kind and coverage, which begin with one of trials, and over images.
func (e *Whole) mean(m *wholeMethod, scan, image, images int, of func(micrograph.Comparison) float64) float64 {
	var values []float64
	for _, results := range m.results[scan : scan+e.repeats] {
		for _, c := range results[image : image+images] {
			values = append(values, of(c))
		}
	}
	return stat.Mean(values, nil)
}

// Write writes a table for each kind and coverage.
func (e *Whole) Write(w io.Writer, l words.Layout) error {
	mse := func(c micrograph.Comparison) float64 { return 1000 * c.Blurred.MSE }
	header := []string{""}
	for _, image := range e.trials.Images {
		header = append(header, image.Name)
	}
	header = append(header, "mean", "PSNR dB", "SSIM")
	var text strings.Builder
	for from := 0; from < len(e.trials.Scans); from += e.repeats {
		var rows [][]string
		for _, m := range e.methods {
			row := []string{m.Name}
			for i := range e.trials.Images {
				row = append(row, strconv.FormatFloat(e.mean(m, from, i, 1, mse), 'g', 3, 64))
			}
			all := func(of func(micrograph.Comparison) float64) float64 {
				return e.mean(m, from, 0, len(e.trials.Images), of)
			}
			rows = append(rows, append(row, strconv.FormatFloat(all(mse), 'g', 3, 64),
				fmt.Sprintf("%.2f", all(func(c micrograph.Comparison) float64 { return c.Blurred.PSNR })),
				fmt.Sprintf("%.3f", all(func(c micrograph.Comparison) float64 { return c.Blurred.SSIM }))))
		}
		scan := e.trials.Scans[from]
		fmt.Fprintf(&text, "\nScans of kind %s, coverage %.3g: 1,000 times the mean squared error\n%s", scan.Kind, scan.Coverage, l.Table(header, rows))
	}
	text.WriteString(l.Wrap(fmt.Sprintf("\nAgainst the blurred truth, in [-1, 1]; means over %s of each image. PSNR and SSIM are means over the"+
		" images. What methods without a network give is blurred as the truth is, and keeps what was seen.", words.Counted(e.repeats, "scan")), "") + "\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// WriteScans writes a row for each scan, method and image, as CSV.
func (e *Whole) WriteScans(w io.Writer) error {
	rows := csv.NewWriter(w)
	rows.Write(append([]string{"image", "mask", "coverage", "scan", "method"}, comparisonColumns...))
	for from := 0; from < len(e.trials.Scans); from += e.repeats {
		for _, m := range e.methods {
			for i, results := range m.results[from : from+e.repeats] {
				for k, c := range results {
					scan := e.trials.Scans[from]
					rows.Write(append([]string{e.trials.Images[k].Name, scan.Kind, strconv.FormatFloat(scan.Coverage, 'g', -1, 64), strconv.Itoa(i), m.Name},
						comparisonCells(c)...))
				}
			}
		}
	}
	rows.Flush()
	return rows.Error()
}
