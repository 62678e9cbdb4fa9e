package report

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"alrc/internal/clipping"
)

// Run is what one run's folder tells. A run that was stopped or is still going lacks its result.
type Run struct {
	Label string
	Dir   string
	// Clip is the clipping's text form, such as "alrc:2".
	Clip string
	Seed uint64
	// Steps is the number of steps that the run is to have; 0 where the folder does not tell.
	Steps int64
	// Last is the number of final steps whose losses are averaged.
	Last int64

	settings setting
	metrics  metrics
	clips    []clip
	result   *result
}

// metrics are the columns of metrics.csv that the report shows, a value a step.
type metrics struct {
	steps, loss, raw, threshold, lower, rate, test []float64
	half                                           []float64 // of the output of half the size; none where the network has no such
	clipped                                        int64
}

// clip is a row of clips.csv.
type clip struct {
	step            int64
	id              string
	loss, threshold float64
	scale           float64
}

// number reads null as NaN.
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

func (n number) MarshalJSON() ([]byte, error) {
	if value := float64(n); math.IsNaN(value) || math.IsInf(value, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// result is what of result.json the report shows.
type result struct {
	Label          string       `json:"label"`
	Clip           string       `json:"clip"`
	Seed           uint64       `json:"seed"`
	Steps          int64        `json:"steps"`
	Diverged       bool         `json:"diverged"`
	DivergedStep   int64        `json:"diverged_step"`
	DivergedReason string       `json:"diverged_reason"`
	DivergedImages []string     `json:"diverged_images"`
	Last           int64        `json:"last"`
	Mean           *number      `json:"mean"`
	P99            *number      `json:"p99"`
	Max            *number      `json:"max"`
	Losses         int64        `json:"losses"`
	Clipped        int64        `json:"clipped"`
	Raised         int64        `json:"raised"`
	NonFinite      int64        `json:"non_finite"`
	TestLoss       *number      `json:"test_loss"`
	TestMSE        *errorSpread `json:"test_mse"`
	BilinearMSE    *errorSpread `json:"bilinear_mse"`
	ImagesPerS     *number      `json:"images_per_s"`
	WallSeconds    float64      `json:"wall_seconds"`
	PeakMemory     int64        `json:"peak_memory_bytes"`
	Worst          []struct {
		Step      int64  `json:"step"`
		ID        string `json:"id"`
		Loss      number `json:"loss"`
		Threshold number `json:"threshold"`
		Scale     number `json:"scale"`
		File      string `json:"file"`
	} `json:"worst"`
	Samples []struct {
		Input  string `json:"input"`
		Output string `json:"output"`
		Target string `json:"target"`
	} `json:"samples"`
}

// errorSpread is how errors of held-out crops are distributed.
type errorSpread struct {
	Images int    `json:"images"`
	Mean   number `json:"mean"`
	Std    number `json:"std"`
	P5     number `json:"p5"`
	Median number `json:"median"`
	P95    number `json:"p95"`
	P99    number `json:"p99"`
}

const (
	runFile     = "run.yaml"
	metricsFile = "metrics.csv"
	clipsFile   = "clips.csv"
	resultFile  = "result.json"
)

var seedSuffix = regexp.MustCompile(`-seed(\d+)$`)

// loadRun reads a run's folder. Only run.yaml must be there.
func loadRun(dir string) (*Run, error) {
	r := &Run{Label: filepath.Base(dir), Dir: dir}
	content, err := os.ReadFile(filepath.Join(dir, runFile))
	if err != nil {
		return nil, err
	}
	if r.settings, err = parseSettings(content); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, runFile), err)
	}
	r.Clip, _ = r.settings.get("clip")
	seed, _ := r.settings.get("seed")
	r.Seed, _ = strconv.ParseUint(seed, 10, 64)
	r.Steps = r.settings.integer("steps")
	r.Last = r.settings.integer("last")

	path := filepath.Join(dir, resultFile)
	if content, err := os.ReadFile(path); err == nil {
		r.result = new(result)
		if err := json.Unmarshal(content, r.result); err != nil {
			return nil, fmt.Errorf("%s: %w; delete the file and resume the run to have it written anew", path, err)
		}
		r.Seed, r.Steps, r.Last = r.result.Seed, r.result.Steps, r.result.Last
		if r.result.Clip != "" {
			r.Clip = r.result.Clip
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if r.Clip == "" {
		r.Clip = seedSuffix.ReplaceAllString(r.Label, "")
	}
	if err := r.metrics.read(filepath.Join(dir, metricsFile)); err != nil {
		return nil, err
	}
	if r.clips, err = readClips(filepath.Join(dir, clipsFile)); err != nil {
		return nil, err
	}
	if r.Last <= 0 {
		steps := r.Steps
		if steps <= 0 {
			steps = int64(len(r.metrics.steps))
		}
		r.Last = min(5000, max(1, steps/4))
	}
	return r, nil
}

// columns finds named columns in a table's header.
func columns(header []string, names ...string) ([]int, error) {
	places := make([]int, len(names))
	for i, name := range names {
		places[i] = -1
		for k, field := range header {
			if field == name {
				places[i] = k
			}
		}
		if places[i] < 0 {
			return nil, fmt.Errorf("the first line has no column %q: this is not a table of a run", name)
		}
	}
	return places, nil
}

// readTable calls row with the named fields of each row, and its line. A table that is not there has no rows, and a
// last row that is still being written is left out.
func readTable(path string, names []string, row func(fields []string) error) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	reader.FieldsPerRecord = -1
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	width := len(header)
	places, err := columns(header, names...)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fields := make([]string, len(names))
	var fault error
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		// Only the last row may be broken: the run may be writing it at this moment.
		if fault != nil {
			return fault
		}
		line, _ := reader.FieldPos(0)
		if err == nil && len(record) != width {
			err = fmt.Errorf("%d fields where %d belong", len(record), width)
		}
		if err == nil {
			for i, place := range places {
				fields[i] = record[place]
			}
			err = row(fields)
		}
		if err != nil {
			fault = fmt.Errorf("%s, line %d: %w", path, line, err)
		}
	}
}

// hasColumn says whether a table has a column.
func hasColumn(path, name string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	header, err := csv.NewReader(file).Read()
	return err == nil && slices.Contains(header, name)
}

// parse reads a field; an empty one, which stands for a number that is not finite, is NaN.
func parse(name, text string) (float64, error) {
	if text == "" {
		return math.NaN(), nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s: %q is no number", name, text)
	}
	return value, nil
}

func (m *metrics) read(path string) error {
	names := []string{"step", "loss", "raw_loss", "threshold", "lower_threshold", "images_per_s", "test_loss", "clipped"}
	if hasColumn(path, "half_loss") {
		names = append(names, "half_loss")
	}
	return readTable(path, names, func(fields []string) error {
		var values [9]float64
		for i, field := range fields {
			var err error
			if values[i], err = parse(names[i], field); err != nil {
				return err
			}
		}
		if !(values[0] >= 0) {
			return fmt.Errorf("step: %q is no step", fields[0])
		}
		for i, column := range []*[]float64{&m.steps, &m.loss, &m.raw, &m.threshold, &m.lower, &m.rate, &m.test} {
			*column = append(*column, values[i])
		}
		if values[7] > 0 {
			m.clipped += int64(values[7])
		}
		if len(names) > 8 {
			m.half = append(m.half, values[8])
		}
		return nil
	})
}

func readClips(path string) ([]clip, error) {
	var clips []clip
	names := []string{"step", "id", "loss", "threshold", "scale"}
	err := readTable(path, names, func(fields []string) error {
		step, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return fmt.Errorf("step: %q is no step", fields[0])
		}
		c := clip{step: step, id: strings.Clone(fields[1])}
		for i, to := range []*float64{&c.loss, &c.threshold, &c.scale} {
			if *to, err = parse(names[2+i], fields[2+i]); err != nil {
				return err
			}
		}
		clips = append(clips, c)
		return nil
	})
	return clips, err
}

// setting is run.yaml, flattened: names joined by dots, in the order of the file.
type setting [][2]string

func parseSettings(content []byte) (setting, error) {
	var root yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(content, &root, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	if len(root) == 0 {
		return nil, errors.New("it holds no settings")
	}
	var s setting
	var add func(prefix string, value any)
	add = func(prefix string, value any) {
		switch v := value.(type) {
		case yaml.MapSlice:
			for _, item := range v {
				name := fmt.Sprint(item.Key)
				if prefix != "" {
					name = prefix + "." + name
				}
				add(name, item.Value)
			}
		case []any:
			texts := make([]string, len(v))
			for i := range v {
				texts[i] = fmt.Sprint(v[i])
			}
			s = append(s, [2]string{prefix, strings.Join(texts, ", ")})
		case nil:
		default:
			s = append(s, [2]string{prefix, fmt.Sprint(v)})
		}
	}
	add("", root)
	return s, nil
}

func (s setting) get(name string) (string, bool) {
	for _, pair := range s {
		if pair[0] == name {
			return pair[1], true
		}
	}
	return "", false
}

func (s setting) integer(name string) int64 {
	text, _ := s.get(name)
	value, _ := strconv.ParseInt(text, 10, 64)
	return value
}

// describe says a clipping in words; a text that is none stays as it is.
func describe(clip string) string {
	spec, err := clipping.Parse(clip)
	if err != nil {
		return clip
	}
	return spec.Describe()
}

// done is the number of steps that the run has made.
func (r *Run) done() int64 {
	if n := len(r.metrics.steps); n > 0 {
		return int64(r.metrics.steps[n-1])
	}
	return 0
}

func (r *Run) diverged() bool { return r.result != nil && r.result.Diverged }

// tail returns the raw losses of the last steps, and those of all where the run has fewer.
func (r *Run) tail() []float64 {
	return r.metrics.raw[max(0, len(r.metrics.raw)-int(r.Last)):]
}

// figures are the numbers of the results table; what is unknown is NaN.
type figures struct {
	mean, p99, max, test, rate, seconds, clipped float64
}

func (r *Run) figures() figures {
	nan := math.NaN()
	f := figures{nan, nan, nan, nan, nan, nan, nan}
	// The mean of the last steps of a run that is not done would be one of other steps than it is compared with.
	if tail := sortedFinite(r.tail()); len(tail) > 0 && !r.diverged() && r.done() >= r.Steps {
		f.mean = mean(tail)
		f.p99 = tail[(len(tail)*99+99)/100-1]
		f.max = tail[len(tail)-1]
	}
	for i := len(r.metrics.test) - 1; i >= 0 && math.IsNaN(f.test); i-- {
		f.test = r.metrics.test[i]
	}
	if n := len(r.metrics.steps); n > 0 {
		f.clipped = float64(r.metrics.clipped) / float64(int64(n)*max(1, r.settings.integer("batch-size")))
		f.rate = mean(sortedFinite(r.metrics.rate))
	}
	if r.result == nil {
		return f
	}
	for _, known := range []struct {
		from *number
		to   *float64
	}{{r.result.Mean, &f.mean}, {r.result.P99, &f.p99}, {r.result.Max, &f.max}, {r.result.TestLoss, &f.test}, {r.result.ImagesPerS, &f.rate}} {
		if known.from != nil && !math.IsNaN(float64(*known.from)) {
			*known.to = float64(*known.from)
		}
	}
	if r.diverged() {
		f.mean, f.p99, f.max = nan, nan, nan
	}
	if r.result.Losses > 0 {
		f.clipped = float64(r.result.Clipped) / float64(r.result.Losses)
	}
	if r.result.WallSeconds > 0 {
		f.seconds = r.result.WallSeconds
	}
	return f
}

func sortedFinite(values []float64) []float64 {
	var kept []float64
	for _, value := range values {
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			kept = append(kept, value)
		}
	}
	sort.Float64s(kept)
	return kept
}

func mean(values []float64) float64 {
	var sum float64
	for _, value := range values {
		sum += value
	}
	return sum / float64(len(values))
}

// meanAndSpread returns the mean and the standard deviation, which is 0 for a single value.
func meanAndSpread(values []float64) (average, spread float64) {
	average = mean(values)
	if len(values) < 2 {
		return average, 0
	}
	for _, value := range values {
		spread += (value - average) * (value - average)
	}
	return average, math.Sqrt(spread / float64(len(values)-1))
}
