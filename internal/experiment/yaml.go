package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"alrc/internal/runfolder"
)

// ReadSpecification reads a run's specification from a YAML file, with the defaults for what it does not say.
func ReadSpecification(path string) (Specification, error) {
	file, err := readRunFile(path)
	return file.Specification, err
}

// ParseSpecification reads a run's specification from YAML, with the defaults for what it does not say.
func ParseSpecification(content []byte) (Specification, error) {
	file, err := parseRunFile(content)
	return file.Specification, err
}

// runFile is run.yaml: a specification, and on what it ran, which is for readers alone.
type runFile struct {
	Version       int `yaml:"folder-version,omitempty"` // which package runfolder checks
	Specification `yaml:",inline"`
	Environment   *Environment `yaml:"environment,omitempty"`
}

func readRunFile(path string) (runFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return runFile{}, fmt.Errorf("read the specification: %w", err)
	}
	file, err := parseRunFile(content)
	if err != nil {
		return runFile{}, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func parseRunFile(content []byte) (runFile, error) {
	const largest = 1 << 16
	if len(content) > largest {
		return runFile{}, fmt.Errorf("it has %d bytes, and a specification has at most %d: give a run.yaml", len(content), largest)
	}
	content = Text(content)
	if len(bytes.TrimSpace(content)) == 0 {
		return runFile{}, errors.New("it is empty; the run.yaml in any run's folder is an example of a specification")
	}
	if err := runfolder.CheckVersion(content); err != nil {
		return runFile{}, err
	}
	// The task decides the defaults. What is wrong with the content shows below.
	var named struct{ Task string }
	_ = yaml.Unmarshal(content, &named)
	file := runFile{Specification: DefaultOf(named.Task)}
	decoder := yaml.NewDecoder(bytes.NewReader(content), yaml.DisallowUnknownField())
	err := decoder.Decode(&file)
	if err == nil && !errors.Is(decoder.Decode(new(any)), io.EOF) {
		err = errors.New("it has more than one document")
	}
	if err == nil {
		err = file.checkTaken(content)
	}
	if wrong := (*SettingError)(nil); errors.As(settingError(err), &wrong) {
		return runFile{}, wrong
	}
	if err != nil {
		return runFile{}, fmt.Errorf("it is no specification of a run (the run.yaml in any run's folder is one): %w", err)
	}
	return file, nil
}

// checkTaken is an error where a setting was not taken as it stands in the file: the parser cuts 7.5 to a whole
// number, and passes over what it cannot place in some lists and maps on one line.
func (f runFile) checkTaken(content []byte) error {
	written, err := yaml.Marshal(f.Specification)
	if err != nil {
		return err
	}
	var given, taken map[string]any
	if err := errors.Join(yaml.Unmarshal(content, &given), yaml.Unmarshal(written, &taken)); err != nil {
		return err
	}
	delete(given, "environment")
	delete(given, "folder-version")
	return checkSetting("", given, taken)
}

func checkSetting(name string, given, taken any) error {
	switch g := given.(type) {
	case nil:
		return nil
	case map[string]any:
		t, _ := taken.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(g)) {
			value := g[key]
			full := strings.TrimPrefix(name+"."+key, ".")
			other, ok := t[key]
			// What is empty may be left out when it is written.
			if zero := value != nil && reflect.ValueOf(value).IsZero(); !ok && !zero {
				return fmt.Errorf("%s: %v has no place here; if it belongs to the setting before it, put that in quotes", full, value)
			}
			if ok {
				if err := checkSetting(full, value, other); err != nil {
					return err
				}
			}
		}
		return nil
	case []any:
		t, ok := taken.([]any)
		if !ok || len(t) != len(g) {
			return fmt.Errorf("%s: a list does not belong here", name)
		}
		for i := range g {
			if err := checkSetting(name, g[i], t[i]); err != nil {
				return err
			}
		}
		return nil
	}
	a, b := fmt.Sprint(given), fmt.Sprint(taken)
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if a == b || errX == nil && errY == nil && x == y {
		return nil
	}
	return fmt.Errorf("%s: %s cannot be taken as it stands, it would become %s", name, a, b)
}
