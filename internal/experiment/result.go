package experiment

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"alrc/internal/atomicfile"
	"alrc/internal/micrograph"
)

// Result is what a finished run reports; result.json is its form on disk.
type Result struct {
	Label string `json:"label"`
	Clip  string `json:"clip"`
	Seed  uint64 `json:"seed"`
	Steps int64  `json:"steps"`

	// Diverged says that the run ended early because its losses or weights were no numbers any more.
	Diverged       bool     `json:"diverged"`
	DivergedStep   int64    `json:"diverged_step,omitempty"`
	DivergedReason string   `json:"diverged_reason,omitempty"`
	DivergedImages []string `json:"diverged_images,omitempty"`

	// Last is the number of final steps whose raw (unclipped) losses, where finite, have the Mean, standard deviation
	// Std, Max and 99th percentile P99.
	Last int64  `json:"last"`
	Mean Number `json:"mean"`
	Std  Number `json:"std"`
	P99  Number `json:"p99"`
	Max  Number `json:"max"`

	// Losses, Clipped and NonFinite count single losses over the whole run.
	Losses    int64 `json:"losses"`
	Clipped   int64 `json:"clipped"`
	Raised    int64 `json:"raised"`
	NonFinite int64 `json:"non_finite"`
	// HalfClipped counts those of a network's half-size output.
	HalfClipped int64 `json:"half_clipped,omitempty"`

	TestLoss Number `json:"test_loss"`
	// TestMSE is how the mean squared errors of held-out crops are distributed at the end, where the task is to complete them;
	// BilinearMSE is the same of linear interpolation.
	TestMSE     *Distribution `json:"test_mse,omitempty"`
	BilinearMSE *Distribution `json:"bilinear_mse,omitempty"`
	Evaluations []Evaluation  `json:"evaluations"`

	// ImagesPerSecond and WallSeconds are of the steps, with all that is recorded of them, and without evaluations.
	ImagesPerSecond Number  `json:"images_per_s"`
	WallSeconds     float64 `json:"wall_seconds"`
	PeakMemory      int64   `json:"peak_memory_bytes"`

	Worst   []Worst  `json:"worst"`
	Samples []Sample `json:"samples"`
}

// Evaluation is the mean raw loss of held-out images after a step.
type Evaluation struct {
	Step     int64  `json:"step"`
	TestLoss Number `json:"test_loss"`
}

// Distribution is how a number is distributed over so many images.
type Distribution struct {
	Images int    `json:"images"`
	Mean   Number `json:"mean"`
	Std    Number `json:"std"`
	P5     Number `json:"p5"`
	Median Number `json:"median"`
	P95    Number `json:"p95"`
	P99    Number `json:"p99"`
	Max    Number `json:"max"`
}

// newDistribution is nil without values.
func newDistribution(values []float64) *Distribution {
	if len(values) == 0 {
		return nil
	}
	s := micrograph.Summarize(values)
	return &Distribution{len(values), Number(s.Mean), Number(s.StandardDeviation), Number(s.P5), Number(s.Median),
		Number(s.P95), Number(s.P99), Number(s.Max)}
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
	Input  string `json:"input"`
	Output string `json:"output"`
	Target string `json:"target"`
}

// Number is a float64 whose JSON form is null where it is not finite.
type Number float64

// MarshalJSON writes the shortest number that reads back the same, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// ReadResult reads a run folder's result.json; its absence is an error that wraps fs.ErrNotExist.
func ReadResult(dir string) (*Result, error) {
	path := filepath.Join(dir, resultFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var result Result
	if err := json.Unmarshal(content, &result); err != nil {
		return nil, fmt.Errorf("%s: %w; delete the file, and 'alrc resume' makes it again", path, err)
	}
	return &result, nil
}

func (r *Result) write(dir string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", resultFile, err)
	}
	return atomicfile.WriteBytes(filepath.Join(dir, resultFile), append(content, '\n'))
}

// summarize fills in what metrics.csv tells: it holds the whole run, whatever number of times that was stopped.
func (r *Result) summarize(dir string, batchSize int, header string) error {
	var tail []float64
	var seconds float64
	var steps int64
	nan := Number(math.NaN())
	r.Mean, r.Std, r.P99, r.Max, r.TestLoss, r.ImagesPerSecond = nan, nan, nan, nan, nan, nan
	r.Evaluations = []Evaluation{}
	err := readRows(filepath.Join(dir, metricsFile), header, func(row []string) error {
		step, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil {
			return fmt.Errorf("step %q: %w", row[0], err)
		}
		steps++
		if loss := parseNumber(row[2]); step > r.Steps-r.Last && !math.IsNaN(loss) {
			tail = append(tail, loss)
		}
		if rate := parseNumber(row[9]); rate > 0 {
			seconds += float64(batchSize) / rate
		}
		if loss := Number(parseNumber(row[10])); !math.IsNaN(float64(loss)) {
			r.Evaluations = append(r.Evaluations, Evaluation{Step: step, TestLoss: loss})
			if step == r.Steps {
				r.TestLoss = loss
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.WallSeconds = seconds
	r.ImagesPerSecond = Number(float64(steps) * float64(batchSize) / seconds)
	if r.Diverged || len(tail) == 0 {
		return nil
	}
	mean, std := stat.MeanStdDev(tail, nil)
	r.Mean, r.Std = Number(mean), Number(std)
	sort.Float64s(tail)
	r.P99 = Number(stat.Quantile(0.99, stat.Empirical, tail, nil))
	r.Max = Number(tail[len(tail)-1])
	return nil
}

// hardestClips returns the clips of smallest scale, at most one of each image, hardest first.
func hardestClips(dir string, count int) ([]Worst, error) {
	best := make(map[int]Worst)
	err := readRows(filepath.Join(dir, clipsFile), clipsHeader, func(row []string) error {
		step, stepErr := strconv.ParseInt(row[0], 10, 64)
		image, imageErr := strconv.Atoi(row[1])
		if err := errors.Join(stepErr, imageErr); err != nil {
			return err
		}
		clip := Worst{Step: step, Image: image, ID: row[2], Loss: Number(parseNumber(row[3])),
			Threshold: Number(parseNumber(row[4])), Scale: Number(parseNumber(row[5]))}
		// Raised losses are low ones, which say nothing of bad data.
		if clip.Scale > 1 {
			return nil
		}
		if old, ok := best[image]; !ok || clip.Scale < old.Scale {
			best[image] = clip
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	worst := make([]Worst, 0, len(best))
	for _, clip := range best {
		worst = append(worst, clip)
	}
	sort.Slice(worst, func(i, j int) bool {
		if worst[i].Scale != worst[j].Scale {
			return worst[i].Scale < worst[j].Scale
		}
		return worst[i].Step < worst[j].Step
	})
	return worst[:min(count, len(worst))], nil
}

// readRows calls row for each row of a table that begins with header.
func readRows(path, header string, row func([]string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	fields, err := reader.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if strings.Join(fields, ",") != header {
		return fmt.Errorf("%s: the first line is not %q", path, header)
	}
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = row(fields)
		}
		if err != nil {
			line, _ := reader.FieldPos(0)
			return fmt.Errorf("%s, line %d: %w", path, line, err)
		}
	}
}

// parseNumber reads a field; an empty one, which stands for a number that is not finite, is NaN.
func parseNumber(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return value
}
