// Package evaluation measures how near trained networks, and methods without one, complete the same held-out micrographs.
package evaluation

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"alrc/internal/experiment"
	"alrc/internal/micrograph"
	"alrc/internal/place"
	"alrc/internal/runfolder"
)

// OpenCompleter opens a trained network: a run's folder, or its checkpoint. 0 threads stand for all.
type OpenCompleter func(model string, threads int) (micrograph.Completer, error)

// Evaluation is how near methods come to the truth of the same held-out crops. Its JSON form is what alrc evaluate --json prints.
type Evaluation struct {
	Crops      int                 `json:"crops"`
	Size       int                 `json:"size"`
	Images     string              `json:"images"`
	ImageCount int                 `json:"image_count"`
	Hash       string              `json:"images_hash"`
	Mask       string              `json:"mask"`
	Coverage   micrograph.Coverage `json:"coverage"`
	Methods    []*Method           `json:"methods"`

	specification experiment.Specification // of the first network
	examples      *micrograph.Examples
	open          OpenCompleter
	threads       int
}

// Method is how near a method came to the truth. Distributions with numbers that are not finite, as of a network
// that diverged, are null.
type Method struct {
	Name string `json:"name"`
	// Of a network: its run, and how many of the run's steps its checkpoint has done.
	Run   string  `json:"run,omitempty"`
	Clip  string  `json:"clip,omitempty"`
	Seed  *uint64 `json:"seed,omitempty"`
	Step  int64   `json:"step,omitempty"`
	Steps int64   `json:"steps,omitempty"`

	BlurredMSE  *runfolder.Distribution `json:"mse_blurred"`
	BlurredPSNR *runfolder.Distribution `json:"psnr_blurred"`
	BlurredSSIM *runfolder.Distribution `json:"ssim_blurred"`
	MSE         *runfolder.Distribution `json:"mse"`
	PSNR        *runfolder.Distribution `json:"psnr"`
	SSIM        *runfolder.Distribution `json:"ssim"`
	// Nearer is the fraction of the crops in which it is nearer to the blurred truth than linear interpolation is.
	Nearer *float64 `json:"nearer_than_bilinear,omitempty"`

	baseline      micrograph.Method        // of one without a run
	specification experiment.Specification // of one with a run
	crops         []micrograph.Comparison
}

// New returns an evaluation, on so many crops, of the networks of runs, each once, and with baselines of what there is without one.
// All networks can be opened, and have the same held-out crops.
func New(runs []string, crops int, baselines bool, threads int, open OpenCompleter) (*Evaluation, error) {
	networks, err := findNetworks(runs, threads, open)
	if err != nil {
		return nil, err
	}
	first := networks[0]
	for _, m := range networks[1:] {
		if differences := first.specification.Data.Differences(m.specification.Data); len(differences) > 0 {
			return nil, fmt.Errorf("%s and %s do not have the same held-out crops: evaluate them one at a time\n  %s",
				first.Run, m.Run, strings.Join(differences, "\n  "))
		}
	}
	e := &Evaluation{Crops: crops, specification: first.specification, open: open, threads: threads}
	if baselines {
		for _, baseline := range micrograph.Baselines(1) {
			e.Methods = append(e.Methods, &Method{Name: baseline.Name, baseline: baseline})
		}
	}
	e.Methods = append(e.Methods, networks...)
	return e, nil
}

// OpenData opens the held-out crops: those of the first network's run.
func (e *Evaluation) OpenData(opener *place.Opener) error {
	_, opened, err := opener.Open(e.specification.Data)
	if err == nil {
		e.examples, err = e.specification.HeldOut(opened)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.first().Run, err)
	}
	held, scan := opened.Micrographs.Test, opened.Micrographs.Scan
	e.Size, e.Images, e.ImageCount = e.examples.Side, held.Name(), held.Len()
	e.Hash, e.Mask = opened.Hash, scan.Kind
	e.Coverage = micrograph.Coverage{Least: scan.Coverage, Most: max(scan.Coverage, scan.MostCoverage)}
	return nil
}

// first is the first network.
func (e *Evaluation) first() *Method {
	return e.Methods[slices.IndexFunc(e.Methods, func(m *Method) bool { return m.Run != "" })]
}

// openMethod returns the method, and what closes it.
func (m *Method) openMethod(threads int, open OpenCompleter) (method micrograph.Method, closeModel func(), err error) {
	if m.Run == "" {
		return m.baseline, func() {}, nil
	}
	network, err := open(m.Run, threads)
	if err != nil {
		return micrograph.Method{}, nil, err
	}
	return micrograph.Network(m.Name, network), network.Close, nil
}

// Run completes all crops by all methods. Begin, which is called before each, returns what is called after each of its crops,
// by several goroutines at a time, and at its end.
func (e *Evaluation) Run(ctx context.Context, begin func(m *Method) (observe, end func())) error {
	for _, m := range e.Methods {
		method, closeModel, err := m.openMethod(e.threads, e.open)
		if err != nil {
			return err
		}
		observe, end := begin(m)
		m.crops, err = method.Evaluate(ctx, e.examples, e.Crops, micrograph.EvaluateOptions{Threads: e.threads, Observe: observe})
		end()
		closeModel()
		if err != nil {
			return err
		}
	}
	e.summarize()
	return nil
}

// findNetworks returns the networks of the runs that the arguments name, each once; there is at least one where there is an
// argument. All can be opened.
func findNetworks(arguments []string, threads int, open OpenCompleter) ([]*Method, error) {
	var found []*Method
	var places []string
	for _, argument := range arguments {
		runs, err := experiment.FindCompleters(argument)
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			place, err := filepath.Abs(run)
			if err != nil {
				return nil, err
			}
			if slices.Contains(places, place) {
				continue
			}
			s, err := experiment.Read(run)
			if err != nil {
				return nil, err
			}
			network, err := open(run, threads)
			if err != nil {
				return nil, err
			}
			network.Close()
			step, err := experiment.CheckpointStep(run)
			if err != nil {
				return nil, err
			}
			places = append(places, place)
			found = append(found, &Method{Run: run, Clip: s.Clip, Seed: &s.Seed, Step: step, Steps: s.Steps, specification: s})
		}
	}
	for i, name := range shortNames(places) {
		found[i].Name = name
	}
	return found, nil
}

// shortNames are the last parts of paths, as many as it takes to tell them from each other and from the baselines.
func shortNames(paths []string) []string {
	for count := 1; ; count++ {
		names := make([]string, len(paths))
		seen := map[string]bool{}
		for _, baseline := range micrograph.Baselines(1) {
			seen[baseline.Name] = true
		}
		longer := false // than a name that would be taken
		for i, path := range paths {
			parts := strings.Split(filepath.ToSlash(path), "/")
			names[i] = strings.Join(parts[max(0, len(parts)-count):], "/")
			longer = longer || len(parts) > count
			seen[names[i]] = true
		}
		if len(seen) == len(paths)+len(micrograph.Baselines(1)) || !longer {
			return names
		}
	}
}

// summarize fills in what follows from the crops.
func (e *Evaluation) summarize() {
	var bilinear []micrograph.Comparison
	for _, m := range e.Methods {
		summary := func(of func(micrograph.Comparison) float64) *runfolder.Distribution {
			values := make([]float64, len(m.crops))
			for i, crop := range m.crops {
				if values[i] = of(crop); values[i]-values[i] != 0 {
					return nil
				}
			}
			return runfolder.Distribute(values)
		}
		m.BlurredMSE = summary(func(c micrograph.Comparison) float64 { return c.Blurred.MSE })
		m.BlurredPSNR = summary(func(c micrograph.Comparison) float64 { return c.Blurred.PSNR })
		m.BlurredSSIM = summary(func(c micrograph.Comparison) float64 { return c.Blurred.SSIM })
		m.MSE = summary(func(c micrograph.Comparison) float64 { return c.Raw.MSE })
		m.PSNR = summary(func(c micrograph.Comparison) float64 { return c.Raw.PSNR })
		m.SSIM = summary(func(c micrograph.Comparison) float64 { return c.Raw.SSIM })
		switch {
		case m.Run == "" && m.Name == "bilinear":
			bilinear = m.crops
		case bilinear != nil:
			var nearer float64
			for i, crop := range m.crops {
				if crop.Blurred.MSE < bilinear[i].Blurred.MSE {
					nearer++
				}
			}
			nearer /= float64(len(m.crops))
			m.Nearer = &nearer
		}
	}
}
