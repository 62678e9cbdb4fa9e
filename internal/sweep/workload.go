package sweep

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

// workload is a named problem: settings, over the sweep's, that change together. Its own lists multiply.
type workload struct {
	name string
	grid []axis
}

// workloadsOf reads workloads: {NAME: {SETTING: VALUE, ...}, ...}.
func workloadsOf(value any) ([]workload, error) {
	items, ok := value.(yaml.MapSlice)
	if !ok || len(items) == 0 {
		return nil, fmt.Errorf("workloads: give settings by name, such as {fast: {optimizer: {learning-rate: 0.01}}, slow: {steps: 20000}}")
	}
	var list []workload
	for _, item := range items {
		name := fmt.Sprint(item.Key)
		settings, ok := item.Value.(yaml.MapSlice)
		if !ok {
			return nil, fmt.Errorf("workloads: %s: %v is no settings, such as {loss: squared, batch-size: 64}", name, item.Value)
		}
		if name == "" || fileName(name) != name {
			return nil, fmt.Errorf("workloads: %q is no name: use letters, digits and the signs . - + _", name)
		}
		if slices.ContainsFunc(list, func(w workload) bool { return w.name == name }) {
			return nil, fmt.Errorf("workloads: there are two of the name %s", name)
		}
		grid, err := axes("", settings)
		if err != nil {
			return nil, fmt.Errorf("workloads: %s: %w", name, err)
		}
		list = append(list, workload{name, grid})
	}
	return list, nil
}

// grids are the lists that multiply: of each workload, or of a sweep without any.
func (s *Specification) grids() []workload {
	if len(s.workloads) == 0 {
		return []workload{{grid: overlay(s.grid, s.overrides)}}
	}
	var list []workload
	for _, w := range s.workloads {
		list = append(list, workload{w.name, overlay(overlay(s.grid, w.grid), s.overrides)})
	}
	return list
}

// includeAll takes an entry of include, which may name the workloads that it is for.
func (s *Specification) includeAll(value any) error {
	settings, _ := value.(yaml.MapSlice)
	var names []any
	rest := slices.DeleteFunc(slices.Clone(settings), func(item yaml.MapItem) bool {
		if fmt.Sprint(item.Key) != "workloads" {
			return false
		}
		var ok bool
		if names, ok = item.Value.([]any); !ok {
			names = []any{item.Value}
		}
		return true
	})
	if len(names) > 0 {
		value = rest
	} else {
		names = []any{""}
	}
	grid, err := axesOf("include", value)
	if err != nil {
		return err
	}
	for _, name := range names {
		text := fmt.Sprint(name)
		if text != "" && !slices.ContainsFunc(s.workloads, func(w workload) bool { return w.name == text }) {
			return fmt.Errorf("include: there is no workload of the name %s", text)
		}
		s.include = append(s.include, workload{text, grid})
	}
	return nil
}
