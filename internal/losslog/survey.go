package losslog

import (
	"bytes"
	"math"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
)

// surveying says how records are surveyed.
type surveying struct {
	split  string         // the field whose text labels records; empty: lines have labels of their own
	by     console.Labels // what tells lines apart
	only   *Condition     // which records count
	modes  modeLines      // that tell training from validation
	text   bool           // they are of lines for people
	bars   bool           // rows are drawn again and again
	titled bool           // the file's name, or its first lines, say that numbers without names are losses
	score  string         // the name by which the log has its loss, though that says something else
}

// survey keeps of records what the choice of a loss and of what counts its steps needs: figures of each series, and
// the records themselves as far as there is room.
type survey struct {
	surveying
	fields []*fieldSurvey
	byName map[string]int
	labels []string
	labelN map[string]int
	series []*tally
	bySet  map[[2]int]*tally

	records []sampledRecord
	values  []sampledValue

	now     []sampledValue // of the record at hand
	label   string
	counted int
	others  bool         // the record at hand does not count
	mode    lexicon.Role // what the last line that tells said
}

// fieldSurvey is what was seen of one field.
type fieldSurvey struct {
	name           string
	count, numbers int
	texts          map[string]int // up to mostTexts different ones
	mostTexts      int
	manyTexts      bool
	turns          int // how often its text was another than the one before, where there are few
	lastText       string
	meaning        lexicon.Meaning
	counter        lexicon.CounterKind
}

// sampledRecord is one record: a range of values.
type sampledRecord struct {
	label      int
	begin, end int
}

type sampledValue struct {
	field  int
	number float64
	unit   bool
	whole  bool // written without a point
	total  float64
}

// tally is what was seen of one series: a field in records of one label.
type tally struct {
	field, label       int
	count, whole, unit int
	pointed            int // whole, though written with a point
	nonFinite          int
	grown              int // times that a value was above the one before
	distinct           int // up to a few
	least, most, last  float64
}

const (
	mostTexts   = 8
	mostFields  = 2000
	mostLabels  = 64
	mostRecords = 20_000
	mostValues  = 400_000
)

func newSurvey(how surveying) *survey {
	return &survey{surveying: how, byName: make(map[string]int), labelN: make(map[string]int), bySet: make(map[[2]int]*tally)}
}

// field takes a field of the record at hand. Fields that are no numbers have a text.
func (s *survey) field(name, text []byte, value float64, isNumber bool) {
	s.add(name, text, value, isNumber, false, -1)
}

func (s *survey) add(name, text []byte, value float64, isNumber, unit bool, total float64) {
	i, ok := s.byName[string(name)]
	if !ok {
		if len(s.fields) == mostFields {
			return
		}
		i = len(s.fields)
		f := &fieldSurvey{name: string(name), texts: make(map[string]int), mostTexts: mostTexts}
		if lexicon.FieldOf(f.name) == lexicon.Namer {
			f.mostTexts = mostLabels
		}
		f.meaning, f.counter = lexicon.MeaningOf(f.name), lexicon.CounterOf(f.name)
		if s.score != "" && f.name == s.score {
			f.meaning = lexicon.MeaningOf("loss")
		}
		s.fields = append(s.fields, f)
		s.byName[f.name] = i
	}
	f := s.fields[i]
	f.count++
	if !f.manyTexts && text != nil {
		if f.turns == 0 || string(text) != f.lastText {
			f.turns++
			f.lastText = string(text)
		}
		if _, ok := f.texts[string(text)]; ok || len(f.texts) < f.mostTexts && len(text) <= 60 {
			f.texts[string(text)]++
		} else {
			f.manyTexts = true
		}
	}
	if s.split != "" && f.name == s.split {
		s.label = string(text)
	}
	s.others = s.others || s.only != nil && f.name == s.only.Field && !s.only.holds(text)
	if !isNumber {
		return
	}
	f.numbers++
	s.now = append(s.now, sampledValue{field: i, number: value, unit: unit, whole: bytes.IndexByte(text, '.') < 0, total: total})
}

// skips notes what a line says of those below it. None is left out.
func (s *survey) skips(line []byte) bool {
	if mode := s.modes.of(line); mode != lexicon.Unsaid {
		s.mode = mode
	}
	return false
}

// endRecord ends the record at hand.
func (s *survey) endRecord() { s.endLine(s.label) }

// endLine ends the record at hand, which has a label.
func (s *survey) endLine(text string) {
	if s.others || s.mode == lexicon.Validation {
		s.now, s.label, s.others = s.now[:0], "", false
		return
	}
	if s.split != "" {
		text = s.label
	}
	label, ok := s.labelN[text]
	if !ok {
		if len(s.labels) == mostLabels {
			s.now, s.label = s.now[:0], ""
			return
		}
		label = len(s.labels)
		s.labels = append(s.labels, text)
		s.labelN[text] = label
	}
	s.counted++
	for i, v := range s.now {
		repeated := false
		for _, before := range s.now[:i] {
			repeated = repeated || before.field == v.field
		}
		if !repeated {
			s.tally(label, v)
		}
	}
	if len(s.records) < mostRecords && len(s.values)+len(s.now) <= mostValues {
		begin := len(s.values)
		s.values = append(s.values, s.now...)
		s.records = append(s.records, sampledRecord{label: label, begin: begin, end: len(s.values)})
	}
	s.now, s.label = s.now[:0], ""
}

func (s *survey) tally(label int, v sampledValue) {
	t := s.bySet[[2]int{v.field, label}]
	if t == nil {
		t = &tally{field: v.field, label: label, least: math.Inf(1), most: math.Inf(-1), last: math.Inf(-1)}
		s.bySet[[2]int{v.field, label}] = t
		s.series = append(s.series, t)
	}
	t.count++
	if v.unit {
		t.unit++
	}
	if v.number-v.number != 0 {
		t.nonFinite++
		return
	}
	if v.number == math.Trunc(v.number) && math.Abs(v.number) < 1<<53 {
		t.whole++
		t.pointed += flagOf(!v.whole)
	}
	if v.number > t.last {
		t.grown++
	}
	if v.number != t.last {
		t.distinct++
	}
	t.last = v.number
	t.least, t.most = min(t.least, v.number), max(t.most, v.number)
}

// name returns the name of a series' field.
func (s *survey) name(t *tally) string { return s.fields[t.field].name }

// has says whether a log has a field.
func (s *survey) has(name string) bool {
	_, ok := s.byName[name]
	return ok
}
