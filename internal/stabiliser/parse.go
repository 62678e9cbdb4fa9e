package stabiliser

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// None is the text for no stabiliser.
const None = "none"

// kinds are the methods that there are.
var kinds = []*kind{&normKind, &valueKind, &agcKind, &autoClipKind, &zClipKind, &adaGCKind,
	&spamKind, &stableSPAMKind, &stableAdamWKind, &skipKind, &outlierKind, &riseKind, &ratioKind}

// kind is how a method is written down.
type kind struct {
	name       string
	parameters []parameter
	build      func(values []float64) Method
	// describe says the method in a few words.
	describe func(values []float64) string
}

// parameter is a number that a method takes, its default, and what it may be.
type parameter struct {
	name  string
	value float64
	check func(value float64) string
}

// The checks of parameters say what a number is not.
func positive(value float64) string {
	if !(value > 0) || math.IsInf(value, 0) {
		return "a number above 0"
	}
	return ""
}

func positiveOrInf(value float64) string {
	if !(value > 0) {
		return "a number above 0, or inf"
	}
	return ""
}

func aboveOne(value float64) string {
	if !(value > 1) || math.IsInf(value, 0) {
		return "a number above 1"
	}
	return ""
}

func percentage(value float64) string {
	if !(value >= 0 && value <= 100) {
		return "a percentile from 0 to 100"
	}
	return ""
}

func share(value float64) string {
	if !(value > 0 && value < 1) {
		return "a number above 0 and below 1"
	}
	return ""
}

func steps(value float64) string {
	if value != math.Trunc(value) || !(value >= 1 && value <= 1e9) {
		return "a number of steps"
	}
	return ""
}

// Forms lists the texts of single methods, for messages and help.
func Forms() string {
	texts := []string{None}
	for _, k := range kinds {
		texts = append(texts, k.form())
	}
	return strings.Join(texts, ", ")
}

// Names lists the names of the methods.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// form is such as norm[:C] or zclip[:Z[,MAX]].
func (k *kind) form() string {
	text, end := k.name, ""
	for i, p := range k.parameters {
		separator := ","
		if i == 0 {
			separator = ":"
		}
		text += "[" + separator + p.name
		end += "]"
	}
	return text + end
}

// Spec is a chain of methods as users write it down: their names, each with numbers that may be left out, joined by "+". The zero
// Spec is none.
type Spec struct{ parts []part }

type part struct {
	kind   *kind
	values []float64
}

// Parse reads a stabiliser, such as "norm:1" or "agc+skip". The empty text is none.
func Parse(text string) (Spec, error) {
	if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed == None {
		return Spec{}, nil
	}
	var s Spec
	optimizer := ""
	for _, text := range strings.Split(exponent.ReplaceAllString(text, "$1$2"), "+") {
		p, err := parsePart(strings.TrimSpace(text))
		if err != nil {
			return Spec{}, err
		}
		for _, other := range s.parts {
			if other.kind == p.kind {
				return Spec{}, fmt.Errorf("stabiliser %q: it has %s twice", text, p.kind.name)
			}
		}
		if _, ok := p.build().(Optimizer); ok {
			if optimizer != "" {
				return Spec{}, fmt.Errorf("stabiliser %q: %s and %s are each an optimizer of their own: give one of them",
					text, optimizer, p.kind.name)
			}
			optimizer = p.kind.name
		}
		s.parts = append(s.parts, p)
	}
	return s, nil
}

// exponent is the exponent of a number with a sign, which joins no methods.
var exponent = regexp.MustCompile(`([0-9.][eE])\+([0-9])`)

func parsePart(text string) (part, error) {
	name, numbers, given := strings.Cut(text, ":")
	for _, k := range kinds {
		if k.name != name {
			continue
		}
		p := part{kind: k}
		for _, parameter := range k.parameters {
			p.values = append(p.values, parameter.value)
		}
		if !given {
			return p, nil
		}
		texts := strings.Split(numbers, ",")
		if len(texts) > len(k.parameters) {
			return p, fmt.Errorf("stabiliser %q: %d numbers where at most %d belong (the form is %s)", text, len(texts), len(k.parameters), k.form())
		}
		for i, number := range texts {
			parameter := k.parameters[i]
			value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			wrong := "a number"
			if err == nil {
				wrong = parameter.check(value)
			}
			if wrong != "" {
				return p, fmt.Errorf("stabiliser %q: %s is %q, which is not %s (the form is %s)", text, parameter.name, number, wrong, k.form())
			}
			p.values[i] = value
		}
		return p, nil
	}
	if name == None {
		return part{}, fmt.Errorf("stabiliser %q: none stands alone, and takes no number", text)
	}
	return part{}, fmt.Errorf("stabiliser %q is unknown; the forms are %s, and several joined by +", text, Forms())
}

func (p part) build() Method { return p.kind.build(p.values) }

// String is the text that Parse takes back, with all that is not at its default.
func (s Spec) String() string {
	if len(s.parts) == 0 {
		return None
	}
	var texts []string
	for _, p := range s.parts {
		numbers := p.values
		for n := len(numbers); n > 1 && numbers[n-1] == p.kind.parameters[n-1].value; n-- {
			numbers = numbers[:n-1]
		}
		text := p.kind.name
		for i, value := range numbers {
			separator := ","
			if i == 0 {
				separator = ":"
			}
			text += separator + format(value)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "+")
}

// Label is String as a part of a folder's name.
func (s Spec) Label() string { return strings.NewReplacer(":", "-", ",", "-").Replace(s.String()) }

// Describe says the stabiliser in words.
func (s Spec) Describe() string {
	if len(s.parts) == 0 {
		return "no stabiliser"
	}
	var texts []string
	for _, p := range s.parts {
		texts = append(texts, p.kind.describe(p.values))
	}
	return strings.Join(texts, " + ")
}

// Empty says whether it is none.
func (s Spec) Empty() bool { return len(s.parts) == 0 }

// Methods builds the methods, in their order, at the beginning of training.
func (s Spec) Methods() []Method {
	var methods []Method
	for _, p := range s.parts {
		methods = append(methods, p.build())
	}
	return methods
}

// Optimizer is the name of the method that is an optimizer of its own; "" where none is.
func (s Spec) Optimizer() string {
	for _, p := range s.parts {
		if _, ok := p.build().(Optimizer); ok {
			return p.kind.name
		}
	}
	return ""
}

func format(value float64) string {
	if math.IsInf(value, 1) {
		return "inf"
	}
	return exponent.ReplaceAllString(strconv.FormatFloat(value, 'g', -1, 64), "$1$2")
}
