package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"alrc/internal/clipping"
	"alrc/internal/stabiliser"
)

// method is a clipping and a stabiliser, by which the runs of a comparison differ.
type method struct{ clip, stabilise string }

func (m method) String() string {
	if m.stabilise == "" {
		return "--clip " + m.clip
	}
	return "--clip " + m.clip + " with --stabilise " + m.stabilise
}

// methods are the pairs of --pair, or else every pair of --clip and --stabilise.
func (f *trainFlags) methods(flags *pflag.FlagSet) (list []method, err error) {
	if len(f.pairs) == 0 {
		for _, stabilise := range f.stabilisers {
			for _, clip := range f.clips {
				list = append(list, method{clip, stabilise})
			}
		}
		return list, nil
	}
	for _, name := range []string{"clip", "stabilise"} {
		if flags.Changed(name) {
			return nil, usageError("--pair names all pairs: give it without --%s", name)
		}
	}
	for _, text := range f.pairs {
		m, err := parsePair(text)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// parsePair reads CLIPPING,METHOD, in which both may have commas of their own.
func parsePair(text string) (method, error) {
	for at, c := range text {
		if c != ',' {
			continue
		}
		m := method{text[:at], text[at+1:]}
		_, clipErr := clipping.Parse(m.clip)
		_, stabiliseErr := stabiliser.Parse(m.stabilise)
		if clipErr == nil && stabiliseErr == nil && m.stabilise != "" {
			return m, nil
		}
	}
	clip, stabilise, two := strings.Cut(text, ",")
	if !two {
		return method{}, usageError("--pair %q: give a clipping and a method, such as alrc:2,norm:1", text)
	}
	if _, err := clipping.Parse(clip); err != nil {
		return method{}, usageError("--pair %q: %w", text, err)
	}
	_, err := stabiliser.Parse(stabilise)
	return method{}, usageError("--pair %q: %w", text, err)
}
