package losslog

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/nolog"
	"alrc/internal/losslog/plaintext"
)

// otherThanLog returns an error that says what the file is, where that is no log, or nil. best is the series that would be read or
// asked about first; sure says that its name leaves no doubt.
func (l *Log) otherThanLog(v *look, best *ranked, sure bool) error {
	f := l.run.files[0]
	if v.kind.events || l.options.Loss != "" || l.options.Format != "" {
		return nil
	}
	table, inTable := v.table()
	isTable := inTable && !table.loose
	head, err := f.head()
	if err != nil || plaintext.IsBinary(head) {
		head = nil // of a container that holds records alone
	}
	if byteOrderMark := 3; v.isLines() && v.kind.start > byteOrderMark {
		head = v.records() // behind source code
	}
	if found, ok := nolog.Certain(head); ok && !(sure && best.meaning.Strength == lexicon.Loss && best.count >= many && best.counted) {
		return found.ErrOf(f.path)
	}
	// To tell other kinds takes a while, which is for those that may be one.
	enough := best != nil && best.count >= many && (sure || best.meaning.Strength == lexicon.Loss)
	if mayBe := !enough && !isTable; mayBe || best != nil && best.meaning.Strength == lexicon.Unknown {
		if found, ok := nolog.Of(head); ok && (mayBe || found.What == nolog.Description) && !(best != nil && v.logged(best, found, sure)) && !(found.What == nolog.OneRecord && sure && v.beginsLog(best, head)) {
			if best != nil && best.meaning.Strength == lexicon.Loss && (found.What == nolog.Document || found.Beside) {
				return fmt.Errorf("%s: it seems to be %s: it holds hardly more than one record of %q, and holds no course of a training; %s", f.path, found.What, best.name, found.Instead)
			}
			return found.ErrOf(f.path)
		}
	}
	// What a file's name says to be logged of a training is asked about, unless it tells of games.
	unsaid := best != nil && !sure && lexicon.NamesTrainingLog(filepath.Base(f.path)) && !v.ofPlayers()
	switch {
	case (inTable && table.long < 0 || v.kind.format.isJSON()) && v.isResults(best):
		return nolog.Kind{What: "a table of results", Instead: fmt.Sprintf("%s; %s NAME reads a column all the same", nolog.GiveLog, l.lossFlag())}.ErrOf(f.path)
	case isTable && table.long < 0 && !unsaid && v.isData(len(table.names), table.header == nil, best, sure):
		if table.header == nil {
			return nolog.Kind{What: "rows of numbers without names, of which none counts steps", Instead: nolog.GiveLog + "; --column N reads column N all the same"}.ErrOf(f.path)
		}
		return l.data(v.survey, "a table of data")
	case v.kind.format.isJSON() && !unsaid && v.isData(len(v.fields), false, best, sure):
		return l.data(v.survey, "data (JSON)")
	case v.kind.format == Text && best != nil && best.count < many && !best.counted && best.meaning.Parts > 0 && lexicon.BeginsSentence(best.name):
		return nolog.Kind{What: "a text for people", Instead: nolog.GiveLog}.ErrOf(f.path)
	case v.kind.format == Text && best != nil && best.meaning.Strength == lexicon.Unknown && (best.count < many || !best.counted) && (!v.saysTraining(best) || v.sumsUp()) &&
		!(v.titled && best.name == string(lexicon.Nameless)):
		return l.nothingNamed(v.survey)
	}
	return nil
}

// data is the error for records of which none is named as what is logged of a training.
func (l *Log) data(s *survey, what string) error {
	return fmt.Errorf("%w. Nothing in it is named as what is logged of one%s", nolog.Kind{What: what, Instead: nolog.GiveLog}.ErrOf(l.run.files[0].path), l.named(s))
}

// many is how many losses a log has at least of which nothing need be said against.
const many = 10

// logged says whether a series in a text that seems to be of another kind is a log's all the same: it comes again and again, and
// not only here and there.
func (s *survey) logged(best *ranked, found nolog.Kind, sure bool) bool {
	const few = 3
	switch {
	case found.What == nolog.Notebook && best.meaning.Strength == lexicon.Measure:
		return sure && best.counted && best.count >= few
	case best.meaning.Strength < lexicon.Loss:
		return false
	case found.What == nolog.Notebook:
		return sure && (best.count > 1 || best.meaning.Role != lexicon.Validation) // a cell did print one
	case best.distinct < 2 && !(sure && best.count >= many && best.counted):
		return false
	case found.Beside:
		return sure || best.count >= 3
	}
	if found.What == nolog.Document && sure && best.counted {
		return best.count >= few-1 // pasted with the words around them
	}
	return best.count >= few && (sure && (found.What == nolog.Document || best.counted) || best.count*10 >= s.counted)
}

// beginsLog says whether a document of one record is the first line of a log: it stands on one line, counts steps, and tells nothing of
// a run as a whole, as results do.
func (s *survey) beginsLog(best *ranked, head []byte) bool {
	if bytes.IndexByte(bytes.TrimSpace(head), '\n') >= 0 || best.meaning.Strength < lexicon.Loss || best.meaning.Parts > 0 || s.counter(best.tally).step == "" {
		return false
	}
	return !slices.ContainsFunc(s.fields, func(f *fieldSurvey) bool { return lexicon.IsRuntime(f.name) })
}

// isData says whether records are none of a training: nothing in them is named as what is logged of one, or what may be a loss
// stands among other things, and nothing counts steps.
func (s *survey) isData(names int, nameless bool, best *ranked, sure bool) bool {
	counter := ""
	if best != nil {
		counter = s.counter(best.tally).step
	}
	counted := counter != "" && (names == 2 || lexicon.CounterOf(counter).IsNamed())
	switch {
	case nameless:
		return names > 1 && counter == "" && !s.titled
	case best != nil && best.meaning.Strength == lexicon.Loss && (best.meaning.Parts == 0 || names < 3), s.saysTraining(best):
		return false
	case best == nil:
		return true
	case best.meaning.Strength >= lexicon.RoleAlone:
		return !counted && names > 2
	}
	return names > 1 && !(counted && names == 2)
}

// isResults says whether losses are those of a table of results: texts, identifiers or settings say of each record what it is of, or there are more losses
// than records, and nothing counts steps.
func (s *survey) isResults(best *ranked) bool {
	if best == nil || best.meaning.Strength < lexicon.Measure {
		return false
	}
	counter := s.counter(best.tally).step
	return counter == "" && (s.isOfResults() || s.isKeyed(best.tally)) || !lexicon.CounterOf(counter).IsNamed() && (s.namesRows(best.count) || s.triesSettings(best.tally))
}

// triesSettings says whether settings change to and fro from record to record of a series, as in a search: one that is named so, as the size
// of batches, or two others that take a few values again and again; or two that are named so change at all.
func (s *survey) triesSettings(t *tally) bool {
	const fewest = 12 // records that tell more than chance
	others, named := 0, 0
	for _, b := range s.behavioursOf(t).fields {
		f := s.fields[b.field]
		named += flagOf(b.distinct > 1 && lexicon.IsSetting(b.name))
		switch {
		case b.up < 2 || b.down < 2:
		case lexicon.IsSetting(b.name) && (b.up+b.down)*4 >= b.moves():
			return true
		case b.count >= fewest && f.meaning.Strength == lexicon.Unknown && f.isSetting():
			others++
		}
	}
	return others > 1 || named > 1
}

// isOfResults says whether several texts say of each record what it is of, as those of models, data and settings in tables of results.
func (s *survey) isOfResults() bool {
	const fewest, most = 3, 200
	names := 0
	for _, f := range s.fields {
		names += flagOf(f.tellsApart() && !slices.ContainsFunc(lexicon.Words(f.name), func(word string) bool { return lexicon.TimeWords[word] }))
	}
	return names >= fewest && s.counted <= most
}

// namesRows says whether a text says of each of the records with losses what it is of, and is another one in each, as the name of a model is
// in a table of results. Texts that differ in a number alone count.
func (s *survey) namesRows(records int) bool {
	const fewest, most = 3, 50
	if records < fewest || records > most {
		return false
	}
	for _, f := range s.fields {
		if f.numbers > 0 || f.count < records || !f.manyTexts && len(f.texts) < f.count || slices.ContainsFunc(lexicon.Words(f.name), func(word string) bool { return lexicon.TimeWords[word] }) {
			continue
		}
		shapes := make(map[string]bool)
		again := false
		for text, n := range f.texts {
			again = again || n > 1
			shapes[strings.Trim(text, "0123456789.:-/_ ")] = true
		}
		if !again && len(shapes) > 1 {
			return true
		}
	}
	return false
}

// isKeyed says whether the numbers of a series stand beside identifiers that leave gaps and nothing else, as those of what a model predicts.
func (s *survey) isKeyed(t *tally) bool {
	return len(s.fields) == 2 && slices.ContainsFunc(s.behavioursOf(t).fields, func(b *behaviour) bool {
		return strings.EqualFold(b.name, "id") && b.moves() > 2 && b.rises() && math.Mod(b.last-b.first, float64(b.moves())) != 0
	})
}

// titled says whether a file's name says that numbers in it are losses, as in loss_history.txt, or lines above them do.
func titled(path string, head []byte) bool {
	name := filepath.Base(path)
	m := lexicon.MeaningOf(strings.TrimSuffix(name, filepath.Ext(name)))
	if m.Strength == lexicon.Loss || m.Strength == lexicon.Measure && m.Role == lexicon.Training {
		return true
	}
	if console.HeadsLosses(head) {
		return true
	}
	const above = 10
	for range above {
		line, rest, _ := bytes.Cut(head, newline)
		if head = rest; lexicon.NamesLoss(string(line[:min(len(line), 200)])) {
			return true
		}
	}
	return false
}

// saysTraining says whether any number is named as what is logged of trainings, besides the one that may be the loss.
func (s *survey) saysTraining(best *ranked) bool {
	for i, f := range s.fields {
		if (best == nil || i != best.field) && f.numbers > 0 && lexicon.SaysTraining(f.name) {
			return true
		}
	}
	return false
}
