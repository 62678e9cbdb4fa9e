package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"alrc/internal/experiment"
)

// maxRuns is more than any sweep has, and keeps a slip of the keyboard from filling the memory.
const maxRuns = 100_000

// Specification is a sweep as it is written: a run's specification in which any setting may be a list. Lists multiply.
// Five keys are a sweep's own: title, in which {steps} stands for that setting; repeats, the number of seeds of each
// combination, from seed on; exclude, a list of settings whose combinations are left out; include, a list of further
// settings to run, each over the lists of the settings that it does not name, or of some workloads alone; and workloads, settings by name of which each
// multiplies with the rest. Without clip, runs are without clipping and with that of n = 2, as in alrc train.
type Specification struct {
	Title   string
	repeats int
	// grid is the run's settings by their full names (optimizer.kind), each with its values, in the order of the file.
	grid      []axis
	exclude   []map[string][]any
	include   []workload // each of the workload of that name, or of all
	workloads []workload
	overrides []axis // over those of the file and of workloads
}

// ownSettings are a sweep's own.
var ownSettings = []string{"title", "repeats", "exclude", "include", "workloads"}

// axis is a setting, or several that change together, with its values.
type axis struct {
	name   string
	values []any
}

// Run is one run of a sweep.
type Run struct {
	// ID is a hash of the specification, without where the data lie.
	ID string
	// Label names the run by the settings in which the sweep's runs differ; it is a folder's name.
	Label string
	// Workload is the name of the run's workload, "" without one.
	Workload      string
	Specification experiment.Specification
}

// Parse reads a sweep from YAML.
func Parse(content []byte) (*Specification, error) {
	s, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("it is no specification of a sweep ('alrc sweep show table1-tiny' prints one): %w", err)
	}
	return s, nil
}

func parse(content []byte) (*Specification, error) {
	const largest = 1 << 18
	if len(content) > largest {
		return nil, fmt.Errorf("it has %d bytes, and a specification has at most %d", len(content), largest)
	}
	var root yaml.MapSlice
	decoder := yaml.NewDecoder(bytes.NewReader(content), yaml.UseOrderedMap())
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
		return nil, errors.New("it holds no settings")
	} else if err != nil {
		return nil, err
	}
	if len(root) == 0 {
		return nil, errors.New("it holds no settings")
	}
	s := &Specification{repeats: 1}
	var settings yaml.MapSlice
	var exclude, include []any
	for _, item := range root {
		var err error
		switch key := fmt.Sprint(item.Key); key {
		case "title":
			s.Title = fmt.Sprint(item.Value)
		case "repeats":
			s.repeats, err = strconv.Atoi(fmt.Sprint(item.Value))
			if err != nil || s.repeats < 1 || s.repeats > maxRuns {
				err = fmt.Errorf("repeats: %v is no number of seeds from 1 to %d", item.Value, maxRuns)
			}
		case "exclude":
			exclude, err = listOf(key, item.Value)
		case "include":
			include, err = listOf(key, item.Value)
		case "workloads":
			s.workloads, err = workloadsOf(item.Value)
		default:
			settings = append(settings, item)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	if s.grid, err = axes("", settings); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.grid, func(a axis) bool { return a.name == "clip" }) {
		s.grid = append(s.grid, axis{"clip", []any{"none", "alrc:2"}})
	}
	for _, value := range exclude {
		entry, err := axesOf("exclude", value)
		if err != nil {
			return nil, err
		}
		matches := map[string][]any{}
		for _, a := range entry {
			matches[a.name] = a.values
		}
		s.exclude = append(s.exclude, matches)
	}
	for _, value := range include {
		if err := s.includeAll(value); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func listOf(key string, value any) ([]any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: give a list of settings, such as [{loss: squared, batch-size: 64}]", key)
	}
	return list, nil
}

func axesOf(key string, value any) ([]axis, error) {
	settings, ok := value.(yaml.MapSlice)
	if !ok || len(settings) == 0 {
		return nil, fmt.Errorf("%s: %v is no settings, such as {loss: squared, batch-size: 64}", key, value)
	}
	return axes("", settings)
}

// axes lists settings by their full names. A list is an axis, also one of maps, whose settings change together.
func axes(prefix string, settings yaml.MapSlice) ([]axis, error) {
	var list []axis
	for _, item := range settings {
		name := prefix + fmt.Sprint(item.Key)
		if name == "data.dir" || name == "data.paths" || name == "data.exclude" {
			return nil, fmt.Errorf("%s: a sweep names its data by kind and not by place, since it may run on many machines: give"+
				" a folder of what is to be used by --data-dir", name)
		}
		switch value := item.Value.(type) {
		case yaml.MapSlice:
			below, err := axes(name+".", value)
			if err != nil {
				return nil, err
			}
			list = append(list, below...)
		case []any:
			if len(value) == 0 {
				return nil, fmt.Errorf("%s: the list is empty", name)
			}
			for _, element := range value {
				if below, ok := element.(yaml.MapSlice); ok {
					if _, err := axes(name+".", below); err != nil {
						return nil, err
					}
				}
			}
			list = append(list, axis{name, value})
		default:
			list = append(list, axis{name, []any{value}})
		}
	}
	return list, nil
}

// Set gives a setting another value, or list of values, written as in the file: Set("steps", "2000").
func (s *Specification) Set(name, text string) error {
	var value any
	if err := yaml.UnmarshalWithOptions([]byte(text), &value, yaml.UseOrderedMap()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if name == "repeats" {
		repeats, err := strconv.Atoi(text)
		if err != nil || repeats < 1 || repeats > maxRuns {
			return fmt.Errorf("repeats: %q is no number of seeds from 1 to %d", text, maxRuns)
		}
		s.repeats = repeats
		return nil
	}
	replacement, err := axes("", yaml.MapSlice{{Key: name, Value: value}})
	if err != nil {
		return err
	}
	s.overrides = overlay(s.overrides, replacement)
	return nil
}

// overlay replaces the axes of base that over names, or that lie below or above what it names, and adds the rest.
func overlay(base, over []axis) []axis {
	var list []axis
	placed := map[string]bool{}
	for _, a := range base {
		replaced := false
		for _, o := range over {
			if o.name != a.name && !strings.HasPrefix(a.name, o.name+".") && !strings.HasPrefix(o.name, a.name+".") {
				continue
			}
			// A setting of a map that changes as a whole is set in each of its values.
			if strings.HasPrefix(o.name, a.name+".") {
				continue
			}
			replaced = true
			if !placed[o.name] {
				placed[o.name] = true
				list = append(list, o)
			}
		}
		if !replaced {
			list = append(list, a)
		}
	}
	for _, o := range over {
		if !placed[o.name] {
			list = append(list, o)
		}
	}
	return list
}

// settings are a run's, by their full names.
type settings map[string]any

// set takes a value in, a map setting by setting.
func (s settings) set(name string, value any) {
	if below, ok := value.(yaml.MapSlice); ok {
		for _, item := range below {
			s.set(name+"."+fmt.Sprint(item.Key), item.Value)
		}
		return
	}
	s[name] = value
}

// combine calls each with every combination of the axes' values.
func combine(grid []axis, each func(settings) error) error {
	count := 1
	for _, a := range grid {
		if count *= len(a.values); count > maxRuns {
			return fmt.Errorf("the lists multiply to more than %d combinations", maxRuns)
		}
	}
	for number := range count {
		chosen := settings{}
		rest, below := number, count
		for _, a := range grid {
			below /= len(a.values)
			chosen.set(a.name, a.values[rest/below])
			rest %= below
		}
		if err := each(chosen); err != nil {
			return err
		}
	}
	return nil
}

// matches reports whether every setting of an entry of exclude is one of the run's.
func (s settings) matches(entry map[string][]any) bool {
	for name, values := range entry {
		if !slices.ContainsFunc(values, func(value any) bool {
			wanted := settings{}
			wanted.set(name, value)
			for key, value := range wanted {
				if have, ok := s[key]; !ok || !same(have, value) {
					return false
				}
			}
			return true
		}) {
			return false
		}
	}
	return true
}

// same compares values as they are written: 1 and 1.0 are the same number.
func same(a, b any) bool {
	x, y := fmt.Sprint(a), fmt.Sprint(b)
	numberX, errX := strconv.ParseFloat(x, 64)
	numberY, errY := strconv.ParseFloat(y, 64)
	return x == y || errX == nil && errY == nil && numberX == numberY
}

// specification turns settings into a run's specification.
func (s settings) specification() (experiment.Specification, error) {
	tree := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		at := tree
		parts := strings.Split(name, ".")
		for _, part := range parts[:len(parts)-1] {
			below, ok := at[part].(map[string]any)
			if !ok {
				below = map[string]any{}
				at[part] = below
			}
			at = below
		}
		at[parts[len(parts)-1]] = s[name]
	}
	content, err := yaml.Marshal(tree)
	if err != nil {
		return experiment.Specification{}, err
	}
	run, err := experiment.ParseSpecification(content)
	if err != nil {
		return run, err
	}
	return run, run.Settle()
}
