package runfolder

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"alrc/internal/atomicfile"
)

// Result is what a finished run reports; result.json is its form on disk.
type Result struct {
	Clip string `json:"clip"`
	// Stabilise is the stabiliser beside the clipping, and Stabilised what it did; "" and nil without one.
	Stabilise  string      `json:"stabilise,omitempty"`
	Stabilised *Stabilised `json:"stabilised,omitempty"`

	Seed  uint64 `json:"seed"`
	Steps int64  `json:"steps"`

	// Diverged says that the run ended early because its losses or weights were no numbers any more.
	Diverged       bool     `json:"diverged"`
	DivergedStep   int64    `json:"diverged_step,omitempty"`
	DivergedReason string   `json:"diverged_reason,omitempty"`
	DivergedImages []string `json:"diverged_images,omitempty"`

	// Dead says that the network's output depended on its input no longer when the run ended.
	Dead *Dead `json:"dead,omitempty"`

	// Last is the number of final steps whose raw (unclipped) losses, where finite, have the Mean, standard deviation
	// Std, Max and 99th percentile P99.
	Last int64  `json:"last"`
	Mean Number `json:"mean"`
	Std  Number `json:"std"`
	P99  Number `json:"p99"`
	Max  Number `json:"max"`

	// Losses, Clipped, Raised and NonFinite count single losses over the whole run.
	Losses    int64 `json:"losses"`
	Clipped   int64 `json:"clipped"`
	Raised    int64 `json:"raised"`
	NonFinite int64 `json:"non_finite"`
	// HalfClipped counts those of a network's half-size output.
	HalfClipped int64 `json:"half_clipped,omitempty"`

	TestLoss Number `json:"test_loss"`
	// TestMSE is how the mean squared errors of held-out crops are distributed at the end, where the task is to
	// complete them; BilinearMSE is the same of linear interpolation.
	TestMSE     *Distribution `json:"test_mse,omitempty"`
	BilinearMSE *Distribution `json:"bilinear_mse,omitempty"`
	// KrigingMSE is the same of kriging. It takes longer, so of many crops it is that of the first ones, and FirstMSE is then the
	// network's on those. Runs of older programs have neither.
	KrigingMSE  *Distribution `json:"kriging_mse,omitempty"`
	FirstMSE    *Distribution `json:"test_mse_first,omitempty"`
	Evaluations []Evaluation  `json:"evaluations"`

	// Stability is how steady the raw losses of the steps were; runs of older programs have none.
	Stability *Stability `json:"stability,omitempty"`

	// ImagesPerSecond and WallSeconds are of the steps, with all that is recorded of them, and without evaluations.
	ImagesPerSecond Number  `json:"images_per_s"`
	WallSeconds     float64 `json:"wall_seconds"`
	PeakMemory      int64   `json:"peak_memory_bytes"`

	Worst   []Worst  `json:"worst"`
	Samples []Sample `json:"samples"`
}

// Stability is how steady the raw losses of a run's steps were, by package spike.
type Stability struct {
	// First is the loss of the first step, which is that of the starting weights.
	First Number `json:"first_loss"`
	// SpikedSteps and Episodes count spikes, and episodes of them; Recovered those after which the loss was back, in a median of
	// MedianRecovery steps from the peak.
	SpikedSteps    int64 `json:"spiked_steps"`
	Episodes       int64 `json:"spike_episodes"`
	Recovered      int64 `json:"recovered_episodes"`
	MedianRecovery int64 `json:"median_recovery_steps"`
	// Excess is the sum, over the steps of all episodes, of what the loss was above its level from before.
	Excess Number `json:"excess_loss"`
	// LeftStep is the step at which the loss left its level for good, though it stayed finite; 0 if it did not.
	LeftStep int64 `json:"left_step,omitempty"`
	// SpikeScore is OLMo's: the share of steps more than 6 standard deviations above the 128 before them.
	SpikeScore Number `json:"spike_score"`
}

// Stabilised counts what a run's stabiliser did: the steps in which it acted, how many entries, units, tensors, gradients
// and steps it changed in all, the steps that it skipped, and those whose learning rate it cut.
type Stabilised struct {
	ActedSteps   int64 `json:"acted_steps"`
	Acted        int64 `json:"acted"`
	SkippedSteps int64 `json:"skipped_steps"`
	SlowedSteps  int64 `json:"slowed_steps"`
}

// Dead is a layer whose activations were all 0 at every look since a step.
type Dead struct {
	Layer string `json:"layer"`
	Step  int64  `json:"step"`
}

// Evaluation is the mean raw loss of held-out images after a step.
type Evaluation struct {
	Step     int64  `json:"step"`
	TestLoss Number `json:"test_loss"`
}

// Worst is a loss that was clipped harder than most, with the image that had it.
type Worst struct {
	Step      int64  `json:"step"`
	Image     int    `json:"image"` // for crops of micrographs, the crop's place in the order of training
	ID        string `json:"id"`
	Loss      Number `json:"loss"`
	Threshold Number `json:"threshold"`
	Scale     Number `json:"scale"`
	File      string `json:"file,omitempty"`
}

// Sample names the pictures of one held-out image, relative to the run's folder.
type Sample struct {
	// Loss is the image's raw loss; runs of older programs have none.
	Loss   *Number `json:"loss,omitempty"`
	Input  string  `json:"input"`
	Output string  `json:"output"`
	Target string  `json:"target"`
}

// ReadResult reads a run's result; its absence is an error that wraps fs.ErrNotExist. Numbers that the file does not
// have are NaN.
func ReadResult(dir string) (*Result, error) {
	path := filepath.Join(dir, ResultFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	nan := Number(math.NaN())
	r := &Result{Mean: nan, Std: nan, P99: nan, Max: nan, TestLoss: nan, ImagesPerSecond: nan}
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("%s: %w; delete the file, and 'alrc resume' makes it again", path, err)
	}
	return r, nil
}

// Write writes the result into a run's folder.
func (r *Result) Write(dir string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", ResultFile, err)
	}
	return atomicfile.WriteBytes(filepath.Join(dir, ResultFile), append(content, '\n'))
}

// RemoveResult deletes a run's result, so that the run can go on.
func RemoveResult(dir string) error {
	// RemoveAll has no error where there is nothing to delete.
	return os.RemoveAll(filepath.Join(dir, ResultFile))
}
