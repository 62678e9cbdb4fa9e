package sweep

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/words"
)

var placeholder = regexp.MustCompile(`\{([a-z0-9.-]+)\}`)

// fillTitle puts settings in the places of their names in the title, as in "{steps} steps", so that it stays true
// where settings are overridden. Where runs differ in a setting, all its values stand there.
func (p *Plan) fillTitle() error {
	var fault error
	p.Title = placeholder.ReplaceAllStringFunc(p.Title, func(text string) string {
		name := text[1 : len(text)-1]
		var values []string
		for _, run := range p.Runs {
			value := flatten(run.Specification).get(name)
			if value == "" {
				fault = fmt.Errorf("title: %s is no setting of the runs; give the full name of one, such as {steps} or {optimizer.learning-rate}", text)
				return text
			}
			if !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		slices.SortStableFunc(values, func(a, b string) int {
			x, errX := strconv.ParseFloat(a, 64)
			y, errY := strconv.ParseFloat(b, 64)
			if errX != nil || errY != nil {
				return 0
			}
			return cmp.Compare(x, y)
		})
		for i, value := range values {
			if number, err := strconv.ParseInt(value, 10, 64); err == nil {
				values[i] = words.Count(number)
			}
		}
		return strings.Join(values, " and ")
	})
	return fault
}
