package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"alrc/internal/words"
)

// title says what the runs are: the folder's name, how many steps, and which clippings.
func (c *Comparison) title() string {
	var names []string
	for _, g := range c.Groups {
		names = append(names, g.with())
	}
	text := names[0]
	if n := len(names); n > 1 {
		text = strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	name := filepath.Base(c.Dir)
	if absolute, err := filepath.Abs(c.Dir); err == nil {
		name = filepath.Base(absolute)
	}
	return fmt.Sprintf("%s: %s %s", name, c.steps(), text)
}

// steps is the number of steps that the runs have made, which is not always what they are to make.
func (c *Comparison) steps() string {
	var fewest, most int64 = -1, 0
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			done := run.done()
			most = max(most, done)
			if fewest < 0 || done < fewest {
				fewest = done
			}
		}
	}
	if fewest == most {
		return words.Counted(most, "step")
	}
	return fmt.Sprintf("%s to %s steps", words.Count(fewest), words.Count(most))
}

// origin says when, where and on what the runs were trained.
func (c *Comparison) origin() string {
	var parts []string
	add := func(name string, say func(string) string) {
		var values []string
		for _, g := range c.Groups {
			for _, run := range g.Runs {
				if value, ok := run.settings.Get(name); ok && !slices.Contains(values, say(value)) {
					values = append(values, say(value))
				}
			}
		}
		if len(values) > 0 {
			parts = append(parts, strings.Join(values, " and "))
		}
	}
	add("task", func(value string) string { return "Task " + value })
	add("data.kind", dataText)
	add("loss", func(value string) string { return settingText("loss", value) })
	add("batch-size", func(value string) string { return "batch size " + value })
	if dates := c.dates(); dates != "" {
		parts = append(parts, "begun "+dates)
	}
	return fmt.Sprintf("%s. Folder %s.", strings.Join(parts, ", "), c.Dir)
}

func dataText(kind string) string { return settingText("data.kind", kind) }

// dates is when the runs were begun, from the first to the last.
func (c *Comparison) dates() string {
	var dates []string
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if date, ok := run.settings.Get("environment.date"); ok {
				date, _, _ = strings.Cut(date, " ")
				dates = append(dates, date)
			}
		}
	}
	if len(dates) == 0 {
		return ""
	}
	first, last := slices.Min(dates), slices.Max(dates)
	if first == last {
		return first
	}
	return first + " to " + last
}
