package micrograph

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Coverage is the fraction of an image that scans see: Least, or any from Least to Most. It is written as 0.05 or 0.02..0.3. The zero
// value stands for none that was given.
type Coverage struct{ Least, Most float64 }

// Covering is a coverage of one fraction.
func Covering(fraction float64) Coverage { return Coverage{fraction, fraction} }

// ParseCoverage is the inverse of [Coverage.String].
func ParseCoverage(text string) (c Coverage, err error) {
	least, most, isRange := strings.Cut(text, "..")
	if c.Least, err = strconv.ParseFloat(least, 64); err == nil {
		if c.Most = c.Least; isRange {
			c.Most, err = strconv.ParseFloat(most, 64)
		}
	}
	if err != nil || !(c.Least > 0 && c.Least <= c.Most && c.Most <= 1) {
		return Coverage{}, fmt.Errorf("a coverage of %s: give a fraction of the pixels above 0 and up to 1, such as 0.05, or a range, such as 0.02..0.3", text)
	}
	return c, nil
}

// IsRange says that scans differ in how much they see.
func (c Coverage) IsRange() bool { return c.Most > c.Least }

// IsZero says that none was given.
func (c Coverage) IsZero() bool { return c == Coverage{} }

func (c Coverage) String() string {
	if c.IsZero() {
		return ""
	}
	text := strconv.FormatFloat(c.Least, 'g', -1, 64)
	if c.IsRange() {
		text += ".." + strconv.FormatFloat(c.Most, 'g', -1, 64)
	}
	return text
}

// Set and Type make it a flag.
func (c *Coverage) Set(text string) (err error) {
	*c, err = ParseCoverage(text)
	return err
}

func (*Coverage) Type() string { return "fraction" }

func (c Coverage) plain() any {
	if c.IsRange() {
		return c.String()
	}
	return c.Least
}

// MarshalYAML and MarshalJSON write a number, or the text of a range.
func (c Coverage) MarshalYAML() (any, error) { return c.plain(), nil }

func (c Coverage) MarshalJSON() ([]byte, error) { return json.Marshal(c.plain()) }

// UnmarshalJSON and UnmarshalYAML read that.
func (c *Coverage) UnmarshalJSON(content []byte) error {
	return c.UnmarshalYAML(func(value any) error { return json.Unmarshal(content, value) })
}

func (c *Coverage) UnmarshalYAML(unmarshal func(any) error) error {
	var number float64
	if unmarshal(&number) == nil {
		*c = Covering(number) // what it may be is checked with the rest of the scan
		return nil
	}
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	return c.Set(text)
}
