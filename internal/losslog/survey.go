package losslog

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strings"
)

// Candidate is a series of losses that a log may be read for.
type Candidate struct {
	Run   string  `json:"run,omitempty"`   // the folder, where there are several
	Loss  string  `json:"loss"`            // column, field, tag or key
	Where string  `json:"where,omitempty"` // the condition that tells its records from others
	Count int     `json:"count"`
	Least float64 `json:"-"`
	Most  float64 `json:"-"`
	NaN   int     `json:"not_finite,omitempty"`
}

// ChoiceError says that a log holds several series and none was chosen.
type ChoiceError struct {
	Reason     string
	Candidates []Candidate
	// Partial says that counts and ranges are of the log's beginning.
	Partial bool
}

func (e *ChoiceError) Error() string { return e.Reason }

// fieldSurvey is what was seen of one field.
type fieldSurvey struct {
	name                 string
	count, numbers       int
	whole, steady, grown int // whole numbers; those not below the one before; those above it
	last                 float64
	texts                map[string]int // up to mostTexts different ones, then nil
	manyTexts            bool
	series               map[string]*Candidate // by the text of the split field
}

const mostTexts = 8

// survey visits records and keeps what the choice of a loss needs.
type survey struct {
	fields map[string]*fieldSurvey
	order  []*fieldSurvey
	split  string // the field that tells series apart, once known
	// of the record at hand
	seen      []*fieldSurvey
	values    []float64
	splitText string
	records   int
}

func newSurvey(split string) *survey {
	return &survey{fields: make(map[string]*fieldSurvey), split: split}
}

func (s *survey) field(name, text []byte, value float64, isNumber bool) {
	f := s.fields[string(name)]
	if f == nil {
		const mostFields = 2000
		if len(s.fields) == mostFields {
			return
		}
		f = &fieldSurvey{name: string(name), last: math.Inf(-1), texts: make(map[string]int), series: make(map[string]*Candidate)}
		s.fields[f.name] = f
		s.order = append(s.order, f)
	}
	f.count++
	if !f.manyTexts && text != nil {
		if _, ok := f.texts[string(text)]; ok || len(f.texts) < mostTexts && len(text) <= 40 {
			f.texts[string(text)]++
		} else {
			f.manyTexts = true
		}
	}
	if f.name == s.split {
		s.splitText = string(text)
	}
	if !isNumber {
		return
	}
	f.numbers++
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		f.whole++
	}
	if value >= f.last {
		f.steady++
	}
	if value > f.last {
		f.grown++
	}
	f.last = value
	s.seen = append(s.seen, f)
	s.values = append(s.values, value)
}

func (s *survey) endRecord() {
	s.records++
	for i, f := range s.seen {
		c := f.series[s.splitText]
		if c == nil {
			if len(f.series) > mostTexts {
				continue
			}
			c = &Candidate{Loss: f.name, Least: math.Inf(1), Most: math.Inf(-1)}
			f.series[s.splitText] = c
		}
		value := s.values[i]
		c.Count++
		if value-value != 0 {
			c.NaN++
			continue
		}
		c.Least, c.Most = min(c.Least, value), max(c.Most, value)
	}
	s.seen, s.values, s.splitText = s.seen[:0], s.values[:0], ""
}

// plain makes names of the same meaning equal: lower case, words joined by underscores.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case strings.ContainsRune(" ./-@:", r):
			return '_'
		}
		return r
	}, strings.TrimSpace(name))
	return strings.Trim(name, "_")
}

func words(name string) []string { return strings.Split(plain(name), "_") }

var stepNames = []string{"step", "global_step", "iteration", "iter", "iterations", "it", "train_step", "trainer_global_step",
	"steps", "update", "updates", "num_updates", "n_iter", "training_step", "global_iter", "batch_num"}

// stepField guesses the field that counts steps, or returns "".
func (s *survey) stepField() string {
	// Some logs count rare records by another name than common ones.
	most := 0
	for _, f := range s.order {
		if slices.Contains(stepNames, plain(f.name)) {
			most = max(most, f.whole)
		}
	}
	for _, name := range stepNames {
		for _, f := range s.order {
			if plain(f.name) == name && f.whole*2 >= f.count && f.whole*2 >= most {
				return f.name
			}
		}
	}
	for _, f := range s.order {
		last := words(f.name)
		if w := last[len(last)-1]; (w == "step" || w == "iter" || w == "iteration") && f.whole == f.count {
			return f.name
		}
	}
	// A column that counts, whatever its name.
	for _, f := range s.order {
		if f.whole == f.count && f.count > 2 && f.count*10 >= s.records*9 && f.grown*100 >= f.count*95 && !strings.Contains(plain(f.name), "loss") {
			return f.name
		}
	}
	return ""
}

// otherNames are words of fields that are no losses.
var otherNames = map[string]bool{"lr": true, "rate": true, "epoch": true, "epochs": true, "time": true, "eta": true, "sec": true,
	"seconds": true, "ms": true, "speed": true, "acc": true, "accuracy": true, "norm": true, "gnorm": true, "memory": true,
	"mem": true, "gpu": true, "tokens": true, "samples": true, "runtime": true, "timestamp": true, "step": true, "iter": true,
	"iteration": true, "mfu": true, "threshold": true, "mu1": true, "mu2": true, "scale": true, "clipped": true, "images": true,
	"psnr": true, "ssim": true, "batch": true, "seed": true, "progress": true, "wall": true, "throughput": true, "flops": true,
	"flos": true, "per": true, "second": true, "data": true}

// evaluationWords are of fields that hold what was measured on held-out data.
var evaluationWords = map[string]bool{"val": true, "valid": true, "validation": true, "eval": true, "evaluation": true, "test": true, "dev": true}

func hasWord(name string, set map[string]bool) bool {
	for _, word := range words(name) {
		if set[word] {
			return true
		}
	}
	return false
}

// lossNames are the names of the loss of training, best first.
var lossNames = []string{"loss", "train_loss", "loss_train", "training_loss", "loss_training", "train_loss_step", "loss_step",
	"batch_loss", "train_batch_loss", "total_loss", "loss_total", "train_total_loss"}

// candidates are the fields that may be a loss, likely ones first.
func (s *survey) candidates(step string) (likely, others []*fieldSurvey) {
	for _, f := range s.order {
		if f.name == step || f.name == s.split || f.numbers*2 < f.count || f.numbers == 0 {
			continue
		}
		if hasWord(f.name, otherNames) && !strings.Contains(plain(f.name), "loss") {
			others = append(others, f)
		} else {
			likely = append(likely, f)
		}
	}
	return likely, others
}

// lossField chooses the loss where exactly one field clearly is it; named says that its name tells so.
func (s *survey) lossField(step string) (f *fieldSurvey, why string, named bool) {
	likely, others := s.candidates(step)
	for _, name := range lossNames {
		for _, f := range likely {
			if plain(f.name) == name {
				return f, "as its name says", true
			}
		}
	}
	var training []*fieldSurvey
	for _, f := range likely {
		if strings.Contains(plain(f.name), "loss") && !hasWord(f.name, evaluationWords) {
			training = append(training, f)
		}
	}
	switch {
	case len(training) == 1:
		return training[0], "the only loss of training by its name", true
	case len(training) == 0 && len(likely) == 1:
		return likely[0], "the only number that may be one", false
	case len(likely) == 0 && len(others) == 1:
		return others[0], "the only number there is", false
	}
	return nil, "", false
}

var (
	validationFlags = map[string]bool{"val": true, "valid": true, "validation": true, "is_val": true, "is_validation": true, "eval": true,
		"is_eval": true, "test": true, "is_test": true}
	trainingFlags = map[string]bool{"train": true, "training": true, "is_train": true, "is_training": true}
	splitNames    = map[string]bool{"split": true, "phase": true, "mode": true, "stage": true, "set": true, "subset": true, "dataset": true}
	trainingTexts = map[string]bool{"train": true, "training": true, "fit": true, "trn": true}
)

// splitField finds a field that tells records of different kinds apart, and the text of those of training, if that
// is clear.
func (s *survey) splitField() (field, training string, ok bool) {
	for _, f := range s.order {
		name := plain(f.name)
		if f.manyTexts || len(f.texts) == 0 {
			continue
		}
		texts := make([]string, 0, len(f.texts))
		for text := range f.texts {
			texts = append(texts, text)
		}
		sort.Strings(texts)
		flag := func(yes, no string) (string, string, bool) {
			for _, text := range texts {
				if lower := strings.ToLower(text); lower != yes && lower != no && lower != "true" && lower != "false" {
					return "", "", false
				}
			}
			for _, text := range texts {
				if lower := strings.ToLower(text); lower == yes || yes == "0" && lower == "false" || yes == "1" && lower == "true" {
					return f.name, text, true
				}
			}
			return f.name, "", true
		}
		switch {
		case validationFlags[name]:
			if field, training, ok := flag("0", "1"); ok {
				return field, training, true
			}
		case trainingFlags[name]:
			if field, training, ok := flag("1", "0"); ok {
				return field, training, true
			}
		case splitNames[name]:
			if len(texts) < 2 {
				continue
			}
			for _, text := range texts {
				if trainingTexts[strings.ToLower(text)] {
					training = text
				}
			}
			return f.name, training, true
		}
	}
	return "", "", false
}

// surveyLimit bounds how much of a log is read only to count what may be chosen from.
const surveyLimit = 256 << 20

// surveyAll surveys the files of a run.
func surveyAll(run series, s *survey, format Format) (partial bool, err error) {
	left := int64(surveyLimit)
	for _, f := range run.files {
		sample, _, err := f.sample()
		if err != nil {
			return partial, err
		}
		kind, err := sniff(sample, f.path, format)
		if err != nil {
			return partial, err
		}
		r, err := f.open()
		if err != nil {
			return partial, err
		}
		limited := &io.LimitedReader{R: r, N: left}
		if kind.events {
			surveyEvents(limited, s)
		} else {
			err = pieces(limited, int64(kind.start), kind.table, false, func(data []byte, _ int64) error {
				kind.table.survey(data, s)
				return nil
			})
		}
		if left = limited.N; left <= 0 {
			partial = true
		}
		if err = errors.Join(ignoreCut(err), r.Close()); err != nil || partial {
			return partial, err
		}
	}
	return partial, nil
}

// list returns the candidates of a run.
func (s *survey) list(run, step string) []Candidate {
	likely, others := s.candidates(step)
	if len(likely) == 0 {
		likely = others
	}
	var all []Candidate
	for _, f := range likely {
		texts := make([]string, 0, len(f.series))
		for text := range f.series {
			texts = append(texts, text)
		}
		sort.Strings(texts)
		for _, text := range texts {
			c := *f.series[text]
			c.Run = run
			if s.split != "" && text != "" {
				c.Where = fmt.Sprintf("%s=%s", s.split, text)
			}
			all = append(all, c)
		}
	}
	return all
}
