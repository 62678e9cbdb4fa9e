package losslog

import (
	"bytes"

	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/lexicon"
)

// recordsOf returns where the records of a JSON document begin, behind the bracket of an array of objects: of several, that which
// tells the most losses of training, as the steps of a run do beside its epochs, or its results, or where none does, the most numbers of
// training.
func recordsOf(sample []byte) (begin int, ok bool) {
	begin, ok = jsonstream.ArrayOfObjects(sample)
	if !ok {
		return 0, false
	}
	most, clearest := -1, lexicon.Excluded
	for at := begin; ; {
		end := arrayEnd(sample, at)
		next, more := jsonstream.ArrayOfObjects(sample[end:])
		if most < 0 && !more {
			return begin, true
		}
		losses, strength := 0, lexicon.Excluded
		if m := lexicon.MeaningOf(string(keyOf(sample[:at]))); m.Role != lexicon.Validation && m.Statistic != lexicon.Extreme {
			losses, strength = lossesIn(sample[at:end])
		}
		if strength > clearest || strength == clearest && losses > most {
			begin, most, clearest = at, losses, strength
		}
		if !more {
			return begin, true
		}
		at = end + next
	}
}

// keyOf returns the key of the array whose bracket ends what was before, if it has one.
func keyOf(before []byte) []byte {
	before = bytes.TrimRight(before[:len(before)-1], " \t\r\n")
	before, ok := bytes.CutSuffix(before, []byte(":"))
	if ok {
		before, ok = bytes.CutSuffix(bytes.TrimRight(before, " \t\r\n"), []byte(`"`))
	}
	if !ok {
		return nil
	}
	return before[bytes.LastIndexByte(before, '"')+1:]
}

// arrayEnd returns the end of the array whose objects begin at i, or that of data where this ends before.
func arrayEnd(data []byte, i int) int {
	for i < len(data) {
		begin := nextObject(data[i:])
		switch {
		case begin < 0:
			return len(data)
		case begin == len(data)-i:
			return i + bytes.IndexByte(data[i:], ']')
		}
		end := jsonstream.ObjectEnd(data, i+begin)
		if end < 0 {
			return len(data)
		}
		i = end
	}
	return len(data)
}

// lossesIn counts the records of an array that have a loss of training by its name, or where none has, a number that is named as clearly as
// any of training.
func lossesIn(array []byte) (most int, clearest lexicon.Strength) {
	s := newSurvey(surveying{})
	(&jsonScanner{}).survey(array, s)
	for _, t := range s.series {
		m := s.fields[t.field].meaning
		if m.Role == lexicon.Validation || m.Strength < clearest || m.Strength < lexicon.RoleAlone {
			continue
		}
		if m.Strength > clearest {
			most, clearest = 0, m.Strength
		}
		most = max(most, t.count)
	}
	return most, clearest
}
