package losslog

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
)

// refuse is the error for a file that is no log: what it seems to be, and what to give instead.
func (o other) refuse(path string) error { return fmt.Errorf("%s: %w", path, o.refusal()) }

func (o other) refusal() error {
	return fmt.Errorf("it seems to be %s, and holds no losses of a training; %s", o.what, o.instead)
}

// head returns the beginning of a file as text, which may be that of a container such as a notebook.
func (f file) head() ([]byte, error) {
	opened, err := os.Open(f.real)
	if err != nil {
		return nil, err
	}
	d := &decoded{closers: []func() error{opened.Close}}
	defer d.Close()
	b, err := decompress(opened, d, f.path)
	if err != nil {
		return nil, err
	}
	head, err := peek(b)
	if order, bom := utf16Order(head); order != nil && err == nil {
		b = bufio.NewReaderSize(&utf16Reader{r: b, order: order, skip: bom}, headSize)
		head, err = peek(b)
	}
	return slices.Clone(head), err
}

// kind tells what a file is that is no log, as far as its structure says.
func (f file) kind() (structured, bool) {
	head, err := f.head()
	if err != nil {
		return structured{}, false
	}
	if s, ok := documentKind(head); ok {
		return s, true
	}
	return structureOf(head)
}

// otherThanLog returns an error that says what the file is, where that is no log, or nil. best is the series that would be read or
// asked about first; sure says that its name leaves no doubt.
func (l *Log) otherThanLog(s *survey, first sniffed, best *ranked, sure bool) error {
	f := l.run.files[0]
	if first.events || l.options.Loss != "" || l.options.Format != "" {
		return nil
	}
	if best == nil || best.meaning.strength < loss || best.distinct < 2 || best.count < many {
		if found, ok := f.kind(); ok && !(best != nil && s.logged(best, found, sure)) {
			return found.refuse(f.path)
		}
	}
	if table, ok := first.table.(*csvScanner); ok && !table.loose && s.isData(table, best, sure) {
		what := "a table of data"
		if table.header == nil {
			what = "rows of numbers without names"
		}
		return fmt.Errorf("%w; --column NAME reads one of its columns all the same (%s)",
			other{what, "none of its columns is named as what is logged of a training"}.refuse(f.path), list(table.names))
	}
	return nil
}

// many is how many losses a log has at least of which nothing need be said against.
const many = 10

// logged says whether a series in a text that seems to be of another kind is a log's all the same: it comes again and again, and
// not only here and there.
func (s *survey) logged(best *ranked, found structured, sure bool) bool {
	switch {
	case best.meaning.strength < loss || best.distinct < 2:
		return sure && found.beside && best.count >= many
	case found.beside:
		return sure || best.count >= 3
	}
	return best.count >= 3 && best.count*10 >= s.counted
}

// isData says whether a table is none of a training: nothing in it is named as what is logged, or what may be a loss stands among
// columns of other things, and nothing counts steps.
func (s *survey) isData(table *csvScanner, best *ranked, sure bool) bool {
	if table.long >= 0 {
		return false
	}
	names := len(table.names)
	if best != nil && best.meaning.strength == loss && (best.meaning.parts == 0 || names < 3) {
		return false
	}
	for i := range s.fields {
		if f := s.fields[i]; (best == nil || i != best.field) && saysTraining(f.name) && f.numbers > 0 {
			return false
		}
	}
	if best == nil {
		return true
	}
	counted := s.counter(best.tally).name != ""
	if best.meaning.strength >= roleAlone {
		return !counted && names > 2
	}
	return !(names == 1 || counted && names == 2)
}

// trainingTerms are words of columns that are logged of trainings, and seldom of anything else.
var trainingTerms = set("step steps iteration iterations iter iters epoch epochs batch batches minibatch lr loss losses acc accuracy val valid validation" +
	" train training eval gnorm grad gradient perplexity ppl entropy kl advantage reward rewards episode episodes bleu rouge wer psnr ssim fid map iou miou dice" +
	" precision recall f1 auc mse rmse mae wps throughput timestep timesteps update updates discriminator generator")

// saysTraining says whether a name is of what is logged of trainings.
func saysTraining(name string) bool {
	for _, word := range words(name) {
		for _, w := range split(word) {
			if trainingTerms[w] || roleOf(w) != unsaid && w != "test" && w != "learn" {
				return true
			}
		}
	}
	return strings.Contains(name, "learning_rate")
}
