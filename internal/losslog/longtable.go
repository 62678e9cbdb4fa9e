package losslog

import (
	"slices"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
)

// findLong looks for a column of names and one of numbers that these name.
func (s *csvScanner) findLong(rows [][]byte) {
	const mostNames = 200
	names := make(map[int]map[string]int)
	decimals := make(map[int]int)
	for _, row := range rows {
		cells := s.cells(row)
		if len(cells) != len(s.names) {
			continue
		}
		for i, cell := range cells {
			cell = unquote(cell)
			if value, ok := s.cellNumber(cell); ok {
				if !decimal.IsWhole(value) {
					decimals[i]++
				}
			} else if len(cell) > 0 && len(cell) < 100 {
				if names[i] == nil {
					names[i] = make(map[string]int)
				}
				names[i][string(cell)]++
			}
		}
	}
	long, value := -1, -1
	for i := range s.names {
		found := names[i]
		losses := 0
		rowsNamed := 0
		for name, n := range found {
			rowsNamed += n
			if lexicon.MeaningOf(name).Strength >= lexicon.Measure {
				losses++
			}
		}
		if losses > 0 && (len(found) > 1 || lexicon.FieldOf(s.names[i]) == lexicon.Namer) && len(found) <= mostNames && rowsNamed*10 >= len(rows)*9 {
			long = i
		}
	}
	if long < 0 {
		return
	}
	for i, name := range s.names {
		if i == long || decimals[i] == 0 {
			continue
		}
		if m := lexicon.MeaningOf(name); m.Strength > lexicon.Excluded || slices.Equal(lexicon.Words(name), []string{"value"}) {
			if value >= 0 {
				return // which is not clear
			}
			value = i
		}
	}
	if value >= 0 {
		s.long, s.value = long, value
	}
}
