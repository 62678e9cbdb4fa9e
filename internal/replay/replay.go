package replay

import (
	"bufio"
	"io"
	"slices"

	"alrc/internal/clipping"
	"alrc/internal/losslog"
)

// Options say what to replay, and how.
type Options struct {
	// Log says what to read.
	Log losslog.Options
	// Clips are the clippings to show.
	Clips []clipping.Spec
	// Decay is that of the running moments, by step; 0 is the library's own, or a faster one for a short run.
	Decay float64
	// Rows, where not nil, takes a row a step: step, loss, threshold, scale, of the clipping RowsOf. It is called
	// with the writer's beginning again where the log has to be read twice.
	Rows func(write func(w io.Writer) error) error
}

// Run replays a log. A [losslog.ChoiceError] says that the log holds several series.
func Run(o Options) (*Report, error) {
	log, err := losslog.Open(o.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	steps, err := paceOf(log, o.Decay)
	if err != nil {
		return nil, err
	}
	var report *Report
	for again := true; again; {
		once := func(w io.Writer) (err error) {
			report, again, err = replay(log, o, steps, w)
			return err
		}
		if o.Rows != nil {
			err = o.Rows(once)
		} else {
			err = once(nil)
		}
		if err != nil {
			return nil, err
		}
	}
	report.Example = log.Example()
	norm := normsOf(log)
	report.GradientNorm = gradientNorm(norm, report.analysis.found, steps.gap)
	report.finish()
	if report.Stabilisers, err = stabilisers(log, norm, report.clipsToCompare(o, steps), report.analysis); err != nil {
		return nil, err
	}
	return report, nil
}

// replay reads the log once, as [losslog.Log.Read] does.
func replay(log *losslog.Log, o Options, steps pace, rows io.Writer) (report *Report, again bool, err error) {
	a := newAnalysis(steps)
	specs, asked := clipsOf(o, steps)
	var clips []*clipRun
	consumers := []func(*losslog.Chunk) error{a.push}
	for _, spec := range specs {
		c, err := newClipRun(spec)
		if err != nil {
			return nil, false, err
		}
		clips = append(clips, c)
		consumers = append(consumers, c.push)
	}
	if rows != nil {
		of := RowsOf(o.Clips)
		for i, spec := range specs {
			if spec.String() == of.String() {
				clips[i].rows = bufio.NewWriterSize(rows, 1<<16)
				if _, err := clips[i].rows.WriteString("step,loss,threshold,scale\n"); err != nil {
					return nil, false, err
				}
				break
			}
		}
	}
	if again, err = readForAll(log, consumers); err != nil {
		return nil, false, err
	}
	a.finish()
	for _, c := range clips {
		if c.rows != nil {
			if err := c.rows.Flush(); err != nil {
				return nil, false, err
			}
		}
	}
	report = &Report{Source: log.Source(), analysis: a, pace: steps}
	for i, c := range clips {
		result := c.finish()
		report.all = append(report.all, result)
		if i < asked {
			report.Clips = append(report.Clips, result)
		}
	}
	return report, again, nil
}

// RowsOf returns the clipping whose threshold and scales stand in the rows: the one that was asked for, or ALRC with
// n = 3 where it is among several, or the first.
func RowsOf(clips []clipping.Spec) clipping.Spec {
	chosen := clipping.Spec{Kind: "none"}
	for _, spec := range clips {
		if spec.Kind == "none" {
			continue
		}
		if chosen.Kind == "none" || spec.Kind == "alrc" && spec.N == 3 {
			chosen = spec
		}
	}
	return chosen
}

// clipsOf returns the clippings to run: those asked for, and those that the recommendation weighs.
func clipsOf(o Options, steps pace) (specs []clipping.Spec, asked int) {
	for _, spec := range o.Clips {
		if spec.Kind == "alrc" || spec.Kind == "two-sided" {
			spec.Decay = steps.perRecord
		}
		specs = append(specs, spec)
	}
	asked = len(specs)
	for _, n := range recommendedN {
		spec := clipping.Spec{Kind: "alrc", N: n, Decay: steps.perRecord}
		if !slices.Contains(specs, spec) {
			specs = append(specs, spec)
		}
	}
	return specs, asked
}

// clipsToCompare are the clippings that stand beside other methods: those asked for, and the recommended one.
func (r *Report) clipsToCompare(o Options, steps pace) (specs []clipping.Spec) {
	asked, count := clipsOf(o, steps)
	recommended := clipping.Spec{Kind: "alrc", N: r.Recommendation.N, Decay: steps.perRecord}
	if specs = asked[:count]; !slices.Contains(specs, recommended) {
		specs = append(specs, recommended)
	}
	return specs
}
