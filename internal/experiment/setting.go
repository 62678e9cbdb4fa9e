package experiment

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"alrc/internal/words"
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
	names := append(settingNames("", reflect.TypeFor[Specification]()), others...)
	return fmt.Sprintf("there is no setting %q", e.Name) + words.DidYouMean(e.Name, names, func(near string) string { return near })
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

// Text is the text of a file in UTF-8, as editors and shells of other systems do not always write it: without a byte order mark, and
// out of UTF-16 where that has one.
func Text(content []byte) []byte {
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), content)
	if err != nil {
		return content
	}
	return text
}
