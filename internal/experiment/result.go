package experiment

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat"

	"alrc/internal/runfolder"
	"alrc/internal/spike"
	"alrc/internal/statistics"
)

// summarize fills in what metrics.csv tells: it holds the whole run, whatever number of times that was stopped.
func summarize(r *runfolder.Result, dir string, batchSize int) error {
	m, err := runfolder.ReadMetrics(dir)
	if err != nil {
		return err
	}
	var tail []float64
	var seconds float64
	nan := runfolder.Number(math.NaN())
	r.Mean, r.Std, r.P99, r.Max, r.TestLoss, r.ImagesPerSecond = nan, nan, nan, nan, nan, nan
	r.Evaluations = []runfolder.Evaluation{}
	for i, number := range m.Step {
		step := int64(number)
		if step > r.Steps-r.Last && !math.IsNaN(m.RawLoss[i]) {
			tail = append(tail, m.RawLoss[i])
		}
		if rate := m.ImagesPerSecond[i]; rate > 0 {
			seconds += float64(batchSize) / rate
		}
		if loss := m.TestLoss[i]; !math.IsNaN(loss) {
			r.Evaluations = append(r.Evaluations, runfolder.Evaluation{Step: step, TestLoss: runfolder.Number(loss)})
			if step == r.Steps {
				r.TestLoss = runfolder.Number(loss)
			}
		}
	}
	r.Stability = stability(m)
	r.WallSeconds = seconds
	r.ImagesPerSecond = runfolder.Number(float64(len(m.Step)) * float64(batchSize) / seconds)
	if r.Diverged || len(tail) == 0 {
		return nil
	}
	mean, std := stat.MeanStdDev(tail, nil)
	r.Mean, r.Std = runfolder.Number(mean), runfolder.Number(std)
	sort.Float64s(tail)
	r.P99 = runfolder.Number(statistics.Percentile(tail, 0.99))
	r.Max = runfolder.Number(tail[len(tail)-1])
	return nil
}

// stability judges the raw losses of a run's steps; it is nil for a run without any.
func stability(m *runfolder.Metrics) *runfolder.Stability {
	if len(m.RawLoss) == 0 {
		return nil
	}
	steps := make([]int64, len(m.Step))
	for i, step := range m.Step {
		steps[i] = int64(step)
	}
	found := spike.Find(steps, m.RawLoss)
	left := int64(0)
	if found.Condition == spike.Divergent && !found.EndsNonFinite() {
		left = found.DivergedAt
	}
	return &runfolder.Stability{
		First:       runfolder.Number(m.RawLoss[0]),
		SpikedSteps: found.Spikes, Episodes: found.EpisodeCount, Recovered: found.Back,
		LeftStep: left, MedianRecovery: found.MedianRecovery, Excess: runfolder.Number(found.Area),
		SpikeScore: runfolder.Number(spike.Score(m.RawLoss)),
	}
}

// hardestClips returns the clips of smallest scale, at most one of each image, hardest first.
func hardestClips(dir string, count int) ([]runfolder.Worst, error) {
	best := make(map[int]runfolder.Clip)
	for clip, err := range runfolder.Clips(dir) {
		if err != nil {
			return nil, err
		}
		// Raised losses are low ones, which say nothing of bad data.
		if clip.Scale > 1 {
			continue
		}
		if old, ok := best[clip.Image]; !ok || clip.Scale < old.Scale {
			best[clip.Image] = clip
		}
	}
	worst := make([]runfolder.Worst, 0, len(best))
	for _, clip := range best {
		worst = append(worst, runfolder.Worst{Step: clip.Step, Image: clip.Image, ID: clip.ID, Loss: runfolder.Number(clip.Loss),
			Threshold: runfolder.Number(clip.Threshold), Scale: runfolder.Number(clip.Scale)})
	}
	sort.Slice(worst, func(i, j int) bool {
		if worst[i].Scale != worst[j].Scale {
			return worst[i].Scale < worst[j].Scale
		}
		return worst[i].Step < worst[j].Step
	})
	return worst[:min(count, len(worst))], nil
}
