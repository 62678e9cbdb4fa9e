package evaluation

import (
	"context"
	"encoding/csv"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"alrc/internal/micrograph"
	"alrc/internal/place"
	"alrc/internal/words"
)

// Whole is how near methods come to whole micrographs, of which they are given scans of several kinds and coverages.
type Whole struct {
	trials  micrograph.Trials
	repeats int // scans of each kind and coverage, which follow one another in trials
	methods []*wholeMethod
	unknown []string // names of networks of which it is not known what they were trained on
	open    OpenCompleter
	threads int
}

// wholeMethod is a method, or the networks of runs that differ in what they held out alone, and what became of the scans.
type wholeMethod struct {
	name    string
	members []member
	results [][]*micrograph.Comparison // by scan and image; nil where every network was trained on the image
	shown   []image.Image              // of each image, what became of the first scan; nil where there is no result
}

// member is a method that completes some of the images.
type member struct {
	*Method
	images []int // that it was not trained on
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
	// Data finds what runs were trained on: a network is not evaluated on that.
	Data *place.Opener
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
			e.add(&Method{Name: baseline.Name, baseline: baseline}, nil)
		}
	}
	networks, err := findNetworks(o.Runs, o.Threads, open)
	if err != nil {
		return nil, err
	}
	for _, network := range networks {
		trainedOn, known := trainingFiles(network.specification.Data, o.Data)
		if !known {
			e.unknown = append(e.unknown, network.Name)
		}
		if e.add(network, func(i int) bool { return slices.ContainsFunc(trainedOn, sameFile(o.Images[i])) }) == 0 {
			return nil, fmt.Errorf("%s was trained on all of the images: give others", network.Run)
		}
	}
	return e, nil
}

// Run completes all scans by all methods. Begin, which is called with the name of each and the number of its scans, returns what is
// called after each scan, by several goroutines at a time, and at the method's end.
func (e *Whole) Run(ctx context.Context, begin func(name string, scans int) (observe, end func())) error {
	for _, m := range e.methods {
		m.results, m.shown = make([][]*micrograph.Comparison, len(e.trials.Scans)), make([]image.Image, len(e.trials.Images))
		for i := range m.results {
			m.results[i] = make([]*micrograph.Comparison, len(e.trials.Images))
		}
		for _, member := range m.members {
			if err := e.run(ctx, m, member, begin); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Whole) run(ctx context.Context, m *wholeMethod, of member, begin func(name string, scans int) (observe, end func())) error {
	method, closeModel, err := of.openMethod(e.threads, e.open)
	if err != nil {
		return err
	}
	defer closeModel()
	trials := micrograph.Trials{Scans: e.trials.Scans, Completed: func(scan, i int, pixels []float32) {
		if scan == 0 {
			m.shown[of.images[i]] = middle(pixels, e.trials.Images[of.images[i]])
		}
	}}
	for _, image := range of.images {
		trials.Images = append(trials.Images, e.trials.Images[image])
	}
	observe, end := begin(of.Name, len(trials.Scans)*len(trials.Images))
	results, err := trials.Evaluate(ctx, method, micrograph.EvaluateOptions{Threads: e.threads, Observe: observe})
	end()
	if err != nil {
		return err
	}
	for scan := range results {
		for i, image := range of.images {
			m.results[scan][image] = &results[scan][i]
		}
	}
	return nil
}

// mean is over the scans of one kind and coverage, which begin with one of trials, and over images; NaN where an image was trained
// on.
func (e *Whole) mean(m *wholeMethod, scan, image, images int, of func(micrograph.Comparison) float64) float64 {
	var values []float64
	for _, results := range m.results[scan : scan+e.repeats] {
		for _, c := range results[image : image+images] {
			if c == nil {
				return math.NaN()
			}
			values = append(values, of(*c))
		}
	}
	return stat.Mean(values, nil)
}

// cell is a number in a table.
func cell(value float64, format string) string {
	if math.IsNaN(value) {
		return words.Unknown
	}
	return fmt.Sprintf(format, value)
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
			row := []string{m.name}
			for i := range e.trials.Images {
				row = append(row, cell(e.mean(m, from, i, 1, mse), "%.3g"))
			}
			all := func(of func(micrograph.Comparison) float64) float64 {
				return e.mean(m, from, 0, len(e.trials.Images), of)
			}
			rows = append(rows, append(row, cell(all(mse), "%.3g"),
				cell(all(func(c micrograph.Comparison) float64 { return c.Blurred.PSNR }), "%.2f"),
				cell(all(func(c micrograph.Comparison) float64 { return c.Blurred.SSIM }), "%.3f")))
		}
		scan := e.trials.Scans[from]
		fmt.Fprintf(&text, "\nScans of kind %s, coverage %.3g: 1,000 times the mean squared error\n%s", scan.Kind, scan.Coverage, l.Table(header, rows))
	}
	text.WriteString(l.Wrap(fmt.Sprintf("\nAgainst the blurred truth, in [-1, 1]; means over %s of each image. PSNR and SSIM are means over the"+
		" images. What methods without a network give is blurred as the truth is, and keeps what was seen."+e.networkNote(), words.Counted(e.repeats, "scan")), "") + "\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// networkNote says of which images networks were tried.
func (e *Whole) networkNote() (text string) {
	untried, merged := false, false
	for _, m := range e.methods {
		merged = merged || len(m.members) > 1
		untried = untried || slices.Contains(m.results[0], nil)
	}
	if merged {
		text += " A row of several runs has for each image the network that was not trained on it."
	}
	if untried {
		text += " " + words.Unknown + " stands where a network was trained on the image."
	}
	if len(e.unknown) > 0 {
		text += " What " + strings.Join(e.unknown, " and ") + " learned from was not found, so these images may be among it (--data-dir names its folder)."
	}
	return text
}

// WriteScans writes a row for each scan, method and image, as CSV.
func (e *Whole) WriteScans(w io.Writer) error {
	rows := csv.NewWriter(w)
	rows.Write(append([]string{"image", "mask", "coverage", "scan", "method"}, comparisonColumns...))
	for from := 0; from < len(e.trials.Scans); from += e.repeats {
		for _, m := range e.methods {
			for i, results := range m.results[from : from+e.repeats] {
				for k, c := range results {
					if c == nil {
						continue
					}
					scan := e.trials.Scans[from]
					rows.Write(append([]string{e.trials.Images[k].Name, scan.Kind, strconv.FormatFloat(scan.Coverage, 'g', -1, 64), strconv.Itoa(i), m.name},
						comparisonCells(*c)...))
				}
			}
		}
	}
	rows.Flush()
	return rows.Error()
}
