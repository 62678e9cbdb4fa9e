package losslog

import (
	"fmt"
	"regexp"

	"alrc/internal/losslog/sequence"
)

// pattern finds losses by a regular expression. Its group named loss, or its first one, is the loss; groups named
// step and batch are these; others can be told in conditions.
type pattern struct {
	expression        *regexp.Regexp
	loss, step, batch int
	where             []Condition
	groups            []int // of the conditions
}

func newPattern(text string, where []Condition) (*pattern, error) {
	if _, err := regexp.Compile(text); err != nil { // which shows what the user wrote
		return nil, fmt.Errorf(`the pattern: %w; a character that is meant as it is, such as ( or [, has a backslash before it: \(`, err)
	}
	expression, err := regexp.Compile("(?m)" + text) // as users of grep expect, ^ and $ are of lines
	if err != nil {
		return nil, fmt.Errorf("the pattern: %w", err)
	}
	p := &pattern{expression: expression, loss: expression.SubexpIndex("loss"), step: expression.SubexpIndex("step"),
		batch: expression.SubexpIndex("batch"), where: where}
	if p.loss < 0 {
		for i, name := range expression.SubexpNames() {
			if i > 0 && name == "" {
				p.loss = i
				break
			}
		}
	}
	if p.loss < 0 {
		return nil, fmt.Errorf("the pattern %q has no group for the loss: put the number in parentheses, as in 'MSE: ([-+0-9.eE]+|nan|inf)'", text)
	}
	for _, condition := range where {
		group := expression.SubexpIndex(condition.Field)
		if group < 0 {
			return nil, fmt.Errorf("the pattern has no group named %q for the condition %s: add one, as in '%s: (?P<%s>[0-9]+)'",
				condition.Field, condition, condition.Field, condition.Field)
		}
		p.groups = append(p.groups, group)
	}
	return p, nil
}

// scan adds the matches in data to a block and returns how far it has come: a match that touches the end of data may
// be longer, and is left for later unless this is the last.
func (p *pattern) scan(data []byte, last bool, b *block) (used int) {
	for used < len(data) {
		match := p.expression.FindSubmatchIndex(data[used:])
		if match == nil {
			return used
		}
		begin, end := used+match[0], used+match[1]
		if end == len(data) && !last {
			return begin
		}
		group := func(i int) []byte {
			if i < 0 || match[2*i] < 0 {
				return nil
			}
			return data[used+match[2*i] : used+match[2*i+1]]
		}
		p.add(data, begin, end, group, b)
		if end == begin {
			end++
		}
		used = end
	}
	return used
}

func (p *pattern) add(data []byte, begin, end int, group func(int) []byte, b *block) {
	loss, ok := wholeNumber(group(p.loss))
	if !ok {
		b.malform(data, begin, end, fmt.Sprintf("has %q for a loss", shorten(group(p.loss))))
		return
	}
	step := int64(sequence.MissingStep)
	if text := group(p.step); text != nil {
		value, ok := wholeNumber(text)
		if ok {
			step, ok = stepOf(value)
		}
		if !ok {
			b.malform(data, begin, end, fmt.Sprintf("has %q for a step", shorten(text)))
			return
		}
	}
	b.records++
	for i := range p.where {
		if !p.where[i].holds(group(p.groups[i])) {
			b.leftOut++
			return
		}
	}
	if p.batch >= 0 {
		b.AddGrouped(step, loss, hash(group(p.batch)))
		return
	}
	b.Add(step, loss)
}
