package sweep

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"alrc/internal/experiment"
	"alrc/internal/stabiliser"
)

// Plan is a sweep's runs, in the order in which they are to be taken: all runs of the first seed before those of the
// second, so that a sweep that is not done has every combination, and long ones first, so that none is left over at the end.
type Plan struct {
	Title string
	Runs  []Run
	// Varying are the full names of the settings in which runs differ; those of one workload, where there are workloads.
	Varying []string
}

// Expand returns the sweep's runs, with resolve having written into each specification what it leaves open: the images'
// hash and the kernel set. Resolve also says what is wrong with a run; where it is nil, that is not looked at.
func (s *Specification) Expand(resolve func(*experiment.Specification) error) (*Plan, error) {
	plan := &Plan{Title: s.Title}
	seen := map[string]string{} // workloads, by run
	used := make([]bool, len(s.exclude))
	add := func(workload string, chosen settings) error {
		first, err := chosen.specification()
		if wrong := (*experiment.SettingError)(nil); errors.As(err, &wrong) {
			return errors.New(wrong.Without(ownSettings...))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", chosen.text(), err)
		}
		if resolve != nil {
			if err := resolve(&first); err != nil {
				return fmt.Errorf("%s: %w", chosen.text(), err)
			}
		}
		for repeat := range s.repeats {
			run := first
			run.Seed += uint64(repeat)
			id, err := runID(run)
			if err != nil {
				return err
			}
			switch of, ok := seen[id]; {
			case !ok:
				seen[id] = workload
				plan.Runs = append(plan.Runs, Run{ID: id, Workload: workload, Specification: run})
			case of != workload:
				return fmt.Errorf("workloads: %s and %s have a run in common: %s", of, workload, chosen.text())
			}
			if len(plan.Runs) > maxRuns {
				return fmt.Errorf("it has more than %d runs", maxRuns)
			}
		}
		return nil
	}
	for _, w := range s.grids() {
		err := combine(w.grid, func(chosen settings) error {
			for i, entry := range s.exclude {
				if chosen.matches(entry) {
					used[i] = true
					return nil
				}
			}
			return add(w.name, chosen)
		})
		if err != nil {
			return nil, err
		}
		for _, entry := range s.include {
			if entry.name != "" && entry.name != w.name {
				continue
			}
			err := combine(overlay(w.grid, entry.grid), func(chosen settings) error { return add(w.name, chosen) })
			if err != nil {
				return nil, fmt.Errorf("include: %w", err)
			}
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return nil, fmt.Errorf("exclude: no combination has %s", settings{}.merged(s.exclude[i]).text())
	}
	if len(plan.Runs) == 0 {
		return nil, errors.New("nothing is left to run: exclude leaves every combination out")
	}
	plan.finish()
	return plan, plan.fillTitle()
}

// merged is settings with lists for values, for messages.
func (s settings) merged(entry map[string][]any) settings {
	for name, values := range entry {
		s[name] = values
		if len(values) == 1 {
			s[name] = values[0]
		}
	}
	return s
}

func (s settings) text() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s: %v", name, s[name]))
	}
	return strings.Join(parts, ", ")
}

// finish orders the runs and names them.
func (p *Plan) finish() {
	slices.SortStableFunc(p.Runs, func(a, b Run) int {
		return cmp.Or(cmp.Compare(a.Specification.Seed, b.Specification.Seed), cmp.Compare(b.cost(), a.cost()))
	})
	all := make([]flat, len(p.Runs))
	for i, run := range p.Runs {
		all[i] = flatten(run.Specification)
	}
	first := map[string]flat{} // run of each workload
	for i, run := range p.Runs {
		if first[run.Workload] == nil {
			first[run.Workload] = all[i]
		}
	}
	for k, field := range all[0] {
		varies := false
		for i, run := range p.Runs {
			varies = varies || all[i][k].text != first[run.Workload][k].text
		}
		// The images' hash follows from what else says which images they are.
		if varies && field.name != "data.hash" {
			p.Varying = append(p.Varying, field.name)
		}
	}
	taken := map[string]bool{}
	for i := range p.Runs {
		var parts []string
		if workload := p.Runs[i].Workload; workload != "" {
			parts = append(parts, workload)
		}
		for _, field := range all[i] {
			if slices.Contains(p.Varying, field.name) {
				text := field.text
				if text == "" && field.name == "stabilise" {
					text = stabiliser.None
				}
				parts = append(parts, field.name[strings.LastIndexByte(field.name, '.')+1:]+"="+fileName(text))
			}
		}
		label := strings.Join(parts, ",")
		if len(parts) == 0 {
			label = "run"
		}
		const longest = 120
		if len(label) > longest || taken[label] {
			label = label[:min(len(label), longest)] + "," + p.Runs[i].ID
		}
		taken[label] = true
		p.Runs[i].Label = label
	}
}

// fileName keeps of a setting's text what every file system takes in a name.
func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-+_", r) {
			return r
		}
		return '-'
	}, text)
}

// cost is in proportion to a run's arithmetic.
func (r Run) cost() float64 {
	s := r.Specification
	side := max(float64(s.Data.Size), 32)
	return s.Width * s.Width * float64(s.BatchSize) * float64(s.Steps) * side * side
}

// flat is a specification's settings with their full names, in its own order, each as text.
type flat []struct{ name, text string }

func (f flat) get(name string) string {
	for _, field := range f {
		if field.name == name {
			return field.text
		}
	}
	return ""
}

func flatten(s experiment.Specification) flat {
	var list flat
	var add func(prefix string, value reflect.Value)
	add = func(prefix string, value reflect.Value) {
		for i := range value.NumField() {
			name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
			if field := value.Field(i); field.Kind() == reflect.Struct {
				add(prefix+name+".", field)
			} else {
				list = append(list, struct{ name, text string }{prefix + name, fmt.Sprint(field.Interface())})
			}
		}
	}
	add("", reflect.ValueOf(s))
	return list
}

// Setting returns a setting by its full name, as text.
func (r Run) Setting(name string) string { return flatten(r.Specification).get(name) }

// withoutPlace is a specification that says what data it is of, and not where they lie.
func withoutPlace(s experiment.Specification) experiment.Specification {
	s.Data = s.Data.WithoutPlace()
	return s
}

// runID is the hash by which a run is known.
func runID(s experiment.Specification) (string, error) {
	content, err := yaml.Marshal(withoutPlace(s))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8]), nil
}

// ID is a hash of the sweep's runs, by which it is known on a server.
func (p *Plan) ID() string {
	ids := make([]string, len(p.Runs))
	for i, run := range p.Runs {
		ids[i] = run.ID
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return hex.EncodeToString(sum[:6])
}
