package losslog

import (
	"bytes"
	"fmt"
	"sync"

	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/sequence"
)

// textScanner reads lines made for people, in which numbers have names: "step 10: loss 0.5, lr=1e-3".
type textScanner struct {
	selection
	layout console.Layout
	labels console.Labels
	// pattern and epochPattern are in each line that holds the loss, or the epoch.
	pattern, epochPattern []byte
}

// readers are used again by the goroutines that scan.
var readers = sync.Pool{New: func() any { return new(console.Reader) }}

func (s *textScanner) whole(data []byte) int { return s.layout.Whole(data) }

func (s *textScanner) scan(data []byte, b *block) {
	b.InEpoch, b.Modal = s.epoch != "", s.modes != nil
	r := readers.Get().(*console.Reader)
	defer readers.Put(r)
	s.layout.Records(data, r, &s.labels, func(line []byte) bool { return s.skips(line, b) },
		func(begin, end int, pairs []console.Pair) { s.scanRecord(data, begin, end, pairs, r, b) })
	b.lines += bytes.Count(data, newline)
}

// skips says whether a line need not be read.
func (s *textScanner) skips(line []byte, b *block) bool {
	if bytes.Contains(line, s.pattern) {
		return false
	}
	if mode := s.modes.of(line); mode != lexicon.Unsaid {
		b.Mode = mode
	}
	if s.openings != nil {
		b.Reopen(s.openings.match(line))
	}
	return !s.carried && !(s.epochAhead && bytes.Contains(line, s.epochPattern))
}

func (s *textScanner) scanRecord(data []byte, begin, end int, pairs []console.Pair, r *console.Reader, b *block) {
	var lossPair, stepPair, epochPair, batchPair *console.Pair
	beside, full, unfinished := s.beside == "", s.fullOf == 0, false
	for i := range pairs {
		p := &pairs[i]
		switch name := p.Name; {
		case lossPair == nil && string(name) == s.loss:
			lossPair = p
		case stepPair == nil && string(name) == s.step:
			stepPair = p
		}
		beside = beside || string(p.Name) == s.beside
		if s.full != "" && string(p.Name) == s.full {
			full = full || p.Total == s.fullOf
			unfinished = unfinished || p.Total > p.Value
		}
		if s.epoch != "" && epochPair == nil && string(p.Name) == s.epoch {
			epochPair = p
		}
		if s.batch != "" && batchPair == nil && string(p.Name) == s.batch {
			batchPair = p
		}
	}
	if epochPair != nil {
		b.Epoch = epochPair.Value
	}
	if stepPair != nil && s.carried && !stepPair.Unit {
		if step, ok := stepOf(stepPair.Value); ok {
			b.Carry, b.Carries = step, true
		}
	}
	if lossPair == nil {
		return
	}
	step := int64(sequence.MissingStep)
	switch {
	case s.carried && b.Carries:
		step = b.Carry
	case s.carried:
		step = sequence.CarriedStep
	case stepPair != nil:
		var ok bool
		if step, ok = stepOf(stepPair.Value); !ok {
			b.malform(data, begin, end, fmt.Sprintf("has %q for a step", shorten(stepPair.Text)))
			return
		}
	}
	b.records++
	if s.labelled && !s.hasLabel(r.Label(pairs, &s.labels)) || s.always && stepPair == nil || !beside || !full || unfinished ||
		s.total > 0 && (stepPair == nil || stepPair.Total != s.total) ||
		s.blank && lossPair.Value == 0 && stepPair != nil && stepPair.Value == 0 && stepPair.Total > 0 {
		b.leftOut++
		return
	}
	for i := range s.where {
		if !meets(&s.where[i], pairs, data[begin:end]) {
			b.leftOut++
			return
		}
	}
	if s.batch != "" {
		var text []byte
		if batchPair != nil {
			text = batchPair.Text
		}
		b.AddGrouped(step, lossPair.Value, hash(text))
		return
	}
	b.Add(step, lossPair.Value)
}

func (s *textScanner) hasLabel(label []byte) bool {
	if string(label) == s.label {
		return true
	}
	for _, also := range s.alsoLabels {
		if string(label) == also {
			return true
		}
	}
	return false
}

// meets says whether a record meets a condition: on one of its numbers, or on what its line says otherwise.
func meets(c *Condition, pairs []console.Pair, line []byte) bool {
	for i := range pairs {
		if string(pairs[i].Name) == c.Field {
			return c.holds(pairs[i].Text)
		}
	}
	if text, ok := console.TextOf(line, c.Field); ok {
		return c.holds(text)
	}
	return c.Not
}

// survey visits the numbers of all lines.
func (s *textScanner) survey(data []byte, visit *survey) {
	r := readers.Get().(*console.Reader)
	defer readers.Put(r)
	s.layout.Records(data, r, nil, visit.skips, func(_, _ int, pairs []console.Pair) {
		for i := range pairs {
			p := &pairs[i]
			visit.add(p.Name, p.Text, p.Value, true, p.Unit, p.Total)
		}
		visit.endLine(string(r.Label(pairs, &visit.by)))
	})
}

// sniffText says whether any number of a text has a name.
func sniffText(sample []byte) (chooser, bool) {
	if s, ok := sniffRunTogether(sample); ok {
		return s, true
	}
	layout, ok := console.FindLayout(sample)
	return &textScanner{layout: layout}, ok
}

func (s *textScanner) choose(chosen selection) (scanner, error) {
	return &textScanner{layout: s.layout, selection: chosen, labels: console.Labels{By: chosen.by, Loss: chosen.loss},
		pattern: console.Within(chosen.loss), epochPattern: []byte(chosen.epoch)}, nil
}
