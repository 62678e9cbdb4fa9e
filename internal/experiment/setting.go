package experiment

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// SettingError says that a setting of a specification is none, or has a value of another type.
type SettingError struct {
	Name  string // as it stands there
	Line  int    // of the text, counted from 1
	Value string // in quotes, or in words; "" where there is no such setting
	Takes string // what the setting takes in its place
}

func (e *SettingError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Without()) }

// Without is the message without the line, for texts that were put together. Others are the names of further settings.
func (e *SettingError) Without(others ...string) string {
	if e.Takes != "" {
		return fmt.Sprintf("%s: %s is not %s", e.Name, e.Value, e.Takes)
	}
	text := fmt.Sprintf("there is no setting %q", e.Name)
	if near := nearSettings(e.Name, append(settingNames("", reflect.TypeFor[Specification]()), others...)); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return text
}

// settingError tells what the parser found wrong with a setting in the words of a specification. Other errors are left as they are.
func settingError(err error) error {
	var unknown *yaml.UnknownFieldError
	var other *yaml.TypeError
	var overflow *yaml.OverflowError
	switch {
	case errors.As(err, &unknown) && unknown.Token != nil:
		return &SettingError{Name: unknown.Token.Value, Line: unknown.Token.Position.Line}
	case errors.As(err, &other) && takes[other.DstType.Kind()] != "":
		return wrongValue(err, other.Token, takes[other.DstType.Kind()])
	case errors.As(err, &overflow) && strings.HasPrefix(overflow.SrcNum, "-"):
		return wrongValue(err, overflow.Token, takes[overflow.DstType.Kind()])
	case errors.As(err, &overflow):
		return wrongValue(err, overflow.Token, "within the range of whole numbers")
	}
	return err
}

// takes says what settings of each kind take.
var takes = map[reflect.Kind]string{reflect.Int: "a whole number", reflect.Int64: "a whole number", reflect.Uint64: "a whole number of at least 0",
	reflect.Float64: "a number", reflect.Bool: "true or false"}

// wrongValue is a [SettingError], or the error where the value has no key.
func wrongValue(err error, value *token.Token, takes string) error {
	key := keyOf(value)
	if key == "" {
		return err
	}
	text := fmt.Sprintf("%q", value.Value)
	switch value.Type {
	case token.SequenceEntryType, token.SequenceStartType:
		text = "a list"
	case token.MappingStartType:
		text = "a map"
	}
	return &SettingError{Name: key, Line: value.Position.Line, Value: text, Takes: takes}
}

// keyOf is the key of a value, "" where it has none.
func keyOf(value *token.Token) string {
	if value == nil || value.Prev == nil || value.Prev.Type != token.MappingValueType || value.Prev.Prev == nil {
		return ""
	}
	return value.Prev.Prev.Value
}

// settingNames are the full names of the settings of a type.
func settingNames(prefix string, of reflect.Type) (names []string) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			names = append(names, settingNames(prefix, field.Type)...)
		case name == "" || name == "-":
		case field.Type.Kind() == reflect.Struct:
			names = append(names, settingNames(prefix+name+".", field.Type)...)
		default:
			names = append(names, prefix+name)
		}
	}
	return names
}

// nearSettings are the few names that may have been meant: those of the same letters at any place, or else of nearly the same.
func nearSettings(name string, names []string) (near []string) {
	const most = 3
	last := func(name string) string {
		name = name[strings.LastIndexByte(name, '.')+1:]
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
	}
	for allowed := range 3 {
		for _, other := range names {
			if distance(last(name), last(other)) <= min(allowed, len(last(other))/3) && !slices.Contains(near, other) && len(near) < most {
				near = append(near, other)
			}
		}
		if len(near) > 0 {
			break
		}
	}
	return near
}

// distance is the number of letters to be put in, taken out or replaced to make one word of another (Levenshtein 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// Text is the text of a file in UTF-8, as editors and shells of other systems do not always write it: without a byte order mark, and
// out of UTF-16 where that has one.
func Text(content []byte) []byte {
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), content)
	if err != nil {
		return content
	}
	return text
}
