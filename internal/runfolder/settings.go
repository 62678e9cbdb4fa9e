package runfolder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Version is the version of the folder that this program writes: run.yaml names it. It grows when older programs
// would misread what a newer one writes. Folders of versions up to it are read; the first did not name theirs.
const Version = 2

// versionSetting is the version's name in run.yaml.
const versionSetting = "folder-version"

// Settings is a run's specification as names and values, in the order of the file; names in it are joined by dots,
// such as optimizer.kind. It serves those who show a specification, or ask a question of it, and do not train.
type Settings [][2]string

// ReadSettings reads the specification in a run's folder. Its absence is an error that wraps fs.ErrNotExist.
func ReadSettings(dir string) (Settings, error) {
	path := filepath.Join(dir, SpecificationFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := ParseSettings(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// ParseSettings reads a specification.
func ParseSettings(content []byte) (Settings, error) {
	if err := CheckVersion(content); err != nil {
		return nil, err
	}
	var root yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(content, &root, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	if len(root) == 0 {
		return nil, errors.New("it holds no settings")
	}
	var s Settings
	var add func(prefix string, value any)
	add = func(prefix string, value any) {
		switch v := value.(type) {
		case yaml.MapSlice:
			for _, item := range v {
				name := fmt.Sprint(item.Key)
				if prefix != "" {
					name = prefix + "." + name
				}
				add(name, item.Value)
			}
		case []any:
			texts := make([]string, len(v))
			for i := range v {
				texts[i] = fmt.Sprint(v[i])
			}
			s = append(s, [2]string{prefix, strings.Join(texts, ", ")})
		case nil:
		default:
			if prefix != versionSetting {
				s = append(s, [2]string{prefix, fmt.Sprint(v)})
			}
		}
	}
	add("", root)
	return s, nil
}

// CheckVersion returns an error where a run.yaml is that of a folder that a newer program wrote.
func CheckVersion(content []byte) error {
	var file struct {
		Version int `yaml:"folder-version"`
	}
	// What else is wrong with the content shows when it is read.
	if _ = yaml.Unmarshal(content, &file); file.Version > Version {
		return fmt.Errorf("the folder is of version %d, and this program knows versions up to %d: use a newer alrc",
			file.Version, Version)
	}
	return nil
}

// Get returns a setting by its name.
func (s Settings) Get(name string) (value string, ok bool) {
	for _, pair := range s {
		if pair[0] == name {
			return pair[1], true
		}
	}
	return "", false
}

// Integer returns a whole number, or 0 where the setting is not there or no whole number.
func (s Settings) Integer(name string) int64 {
	text, _ := s.Get(name)
	value, _ := strconv.ParseInt(text, 10, 64)
	return value
}

// Clip returns the clipping's text form, such as "alrc:2".
func (s Settings) Clip() string {
	clip, _ := s.Get("clip")
	return clip
}

// Stabilise returns the text form of the stabiliser beside the clipping, such as "norm:1"; "" if there is none.
func (s Settings) Stabilise() string {
	text, _ := s.Get("stabilise")
	if text == "none" {
		return ""
	}
	return text
}

// Unclipped reports whether the run has neither clipping nor a stabiliser.
func (s Settings) Unclipped() bool { return s.Clip() == "none" && s.Stabilise() == "" }

// Huber reports whether the run's losses are Huberised.
func (s Settings) Huber() bool {
	huber, _ := s.Get("huber")
	return huber == "true"
}

// Repeats reports whether a run's specification is that of another but for its seed.
func (s Settings) Repeats(other Settings) bool {
	but := func(s Settings) Settings {
		return slices.DeleteFunc(s.WithoutEnvironment(), func(pair [2]string) bool { return pair[0] == "seed" })
	}
	return slices.Equal(but(s), but(other))
}

// WithoutEnvironment returns the settings without those that tell where and when the run was begun.
func (s Settings) WithoutEnvironment() Settings {
	return slices.DeleteFunc(slices.Clone(s), func(pair [2]string) bool { return strings.HasPrefix(pair[0], "environment.") })
}

// Seed returns the run's seed.
func (s Settings) Seed() uint64 {
	text, _ := s.Get("seed")
	seed, _ := strconv.ParseUint(text, 10, 64)
	return seed
}

// Steps returns the number of steps that the run is to have, 0 where that is not given.
func (s Settings) Steps() int64 { return s.Integer("steps") }

// BatchSize returns the number of losses of a step.
func (s Settings) BatchSize() int64 { return max(1, s.Integer("batch-size")) }

// LastSteps returns the number of final steps over which losses are summarised; see [LastSteps].
func (s Settings) LastSteps() int64 { return LastSteps(s.Steps(), s.Integer("last")) }
