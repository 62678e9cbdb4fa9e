package losslog

import (
	"math"
	"slices"
	"sort"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// splitField finds a field that tells records of training from those of validation, and the text of those of training,
// if that is clear. It stands in the records that hold a loss.
func (s *survey) splitField() (field, training string, ok bool) {
	for i, f := range s.fields {
		kind, tells := lexicon.FieldOf(f.name), f.tellsRoles() || f.tellsRolesAmongOthers()
		if kind == lexicon.Plain && !tells || f.manyTexts || len(f.texts) == 0 || !s.besideLosses(i) {
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
		case kind == lexicon.Namer && !tells:
			if f.numbers == 0 && len(texts) >= 2 && s.hasValue() {
				return f.name, bestNamed(texts), true
			}
		case kind == lexicon.ValidationFlag:
			if field, training, ok := flag("0", "1"); ok {
				return field, training, true
			}
		case kind == lexicon.TrainingFlag:
			if field, training, ok := flag("1", "0"); ok && (f.numbers == 0 || s.turnsBack(i)) {
				return field, training, true
			}
		case len(texts) >= 2:
			for _, text := range texts {
				if lexicon.LabelOf([]byte(text))&lexicon.OfTraining != 0 {
					training = text
				}
			}
			if training == "" && len(texts) == 2 {
				training = besideValidation(texts)
			}
			if training == "" && s.namesTraining() && !slices.ContainsFunc(texts, func(text string) bool { return lexicon.LabelOf([]byte(text))&lexicon.OfValidation != 0 }) {
				continue // "phase" tells the warm-up from what follows, and the names of the losses say which are of the training
			}
			if s.ofPhases(f, texts) {
				continue
			}
			return f.name, training, true
		}
	}
	return "", "", false
}

// ofPhases says whether a field's texts follow one another, as of a warm-up and the training proper, while the steps go on: they are
// phases of one run, and none is a validation.
func (s *survey) ofPhases(f *fieldSurvey, texts []string) bool {
	if f.turns > len(texts)+1 || slices.ContainsFunc(texts, func(text string) bool { return lexicon.LabelOf([]byte(text))&lexicon.OfValidation != 0 }) {
		return false
	}
	for i, f := range s.fields {
		if f.counter <= lexicon.Batches && s.goesOn(i) {
			return true
		}
	}
	return false
}

// goesOn says whether a field stands in most records, rises, and is never back at its first number.
func (s *survey) goesOn(field int) bool {
	first, last, n, ups := math.NaN(), math.Inf(-1), 0, 0
	for _, r := range s.records {
		v, ok := valueOf(s.values[r.begin:r.end], field)
		switch {
		case !ok:
			continue
		case n == 0:
			first = v.number
		case v.number <= first:
			return false
		}
		n++
		ups += flagOf(v.number > last)
		last = v.number
	}
	return ups*10 > n*9 && n*10 > len(s.records)*9
}

// namesTraining says whether the name of a loss says that it is of the training.
func (s *survey) namesTraining() bool {
	return slices.ContainsFunc(s.fields, func(f *fieldSurvey) bool {
		return f.meaning.Strength == lexicon.Loss && f.meaning.Role == lexicon.Training && f.numbers > 0
	})
}

// besideValidation returns the one of two texts that stands beside the one of a validation, as "opt" does beside "eval"; empty where neither
// or each is of one.
func besideValidation(texts []string) string {
	first, second := lexicon.LabelOf([]byte(texts[0]))&lexicon.OfValidation != 0, lexicon.LabelOf([]byte(texts[1]))&lexicon.OfValidation != 0
	switch {
	case first && !second:
		return texts[1]
	case second && !first:
		return texts[0]
	}
	return ""
}

// tellsRoles says whether a field's texts are the names of training, validation and the like, and nothing else.
func (f *fieldSurvey) tellsRoles() bool {
	trains, validates := false, false
	for text := range f.texts {
		switch lexicon.RoleOf(strings.ToLower(text)) {
		case lexicon.Training:
			trains = true
		case lexicon.Validation:
			validates = true
		default:
			return false
		}
	}
	return trains && validates
}

// tellsRolesAmongOthers says whether one of a field's texts says in a few words that a record is of the training, and others that theirs
// are of a validation, as the messages of structured logs do: "train step", "eval", "saved".
func (f *fieldSurvey) tellsRolesAmongOthers() bool {
	const mostWords = 3
	trainings, validations := 0, 0
	for text := range f.texts {
		words := lexicon.Words(text)
		if len(words) > mostWords {
			continue
		}
		says := func(role lexicon.Role) bool {
			return slices.ContainsFunc(words, func(word string) bool { return lexicon.RoleOf(word) == role })
		}
		switch trains, validates := says(lexicon.Training), says(lexicon.Validation); {
		case trains && !validates:
			trainings++
		case validates && !trains:
			validations++
		}
	}
	return f.numbers == 0 && trainings == 1 && validations > 0
}

// hasValue says whether a field is there for whatever number a record has.
func (s *survey) hasValue() bool {
	for _, f := range s.fields {
		if lexicon.IsValue(f.name) && f.numbers > 0 {
			return true
		}
	}
	return false
}

// bestNamed returns the name that is clearly the one of a training's loss; empty where there is none.
func bestNamed(names []string) (best string) {
	rank := func(name string) int {
		m := lexicon.MeaningOf(name)
		if m.Strength < lexicon.Measure || m.Statistic == lexicon.Extreme {
			return math.MaxInt
		}
		return int(lexicon.Loss-m.Strength)*8 + flagOf(m.Role == lexicon.Validation)*4 + flagOf(m.Parts > 0)*2 + flagOf(m.Statistic == lexicon.Averaged)
	}
	least, ties := math.MaxInt, 0
	for _, name := range names {
		switch r := rank(name); {
		case r < least:
			best, least, ties = name, r, 0
		case r == least && r < math.MaxInt:
			ties++
		}
	}
	if ties > 0 {
		return ""
	}
	return best
}

// turnsBack says whether a number falls again, as a flag does. The first epochs, 0 and 1, only rise: "Train: 0 [10/600]".
func (s *survey) turnsBack(field int) bool {
	last := math.Inf(-1)
	for _, r := range s.records {
		for _, v := range s.values[r.begin:r.end] {
			if v.field != field {
				continue
			}
			if v.number < last {
				return true
			}
			last = v.number
		}
	}
	return false
}

// besideLosses says whether a field stands in most of the records that hold what may be a loss.
func (s *survey) besideLosses(field int) bool {
	losses, beside := 0, 0
	for _, r := range s.records {
		holds := false
		for _, v := range s.values[r.begin:r.end] {
			holds = holds || v.field != field && s.fields[v.field].meaning.Strength > lexicon.Excluded
		}
		if !holds {
			continue
		}
		losses++
		for _, v := range s.values[r.begin:r.end] {
			if v.field == field {
				beside++
				break
			}
		}
	}
	f := s.fields[field]
	if f.numbers == 0 { // texts are not among the values
		return f.count*10 >= losses*9
	}
	return losses > 0 && beside*10 >= losses*9
}
