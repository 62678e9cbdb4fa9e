package report

import (
	"strings"

	"alrc/internal/clipping"
	"alrc/internal/stabiliser"
)

// A method is what runs of a comparison differ in: the text of a clipping, that of a stabiliser, or both with joint between. It
// is none where there is neither.
const joint = " + "

// methodOf is a clipping with a stabiliser, without what is none of the two where one is.
func methodOf(clip, stabilise string) string {
	switch {
	case stabilise == "" || stabilise == stabiliser.None:
		return clip
	case clip == "none":
		return stabilise
	}
	return clip + joint + stabilise
}

// parts are a method's clipping and its stabiliser; "none" and "" stand for none.
func parts(method string) (clip, stabilise string) {
	if clip, stabilise, both := strings.Cut(method, joint); both {
		return clip, stabilise
	}
	if _, err := clipping.Parse(method); err == nil {
		return method, ""
	}
	if _, err := stabiliser.Parse(method); err == nil {
		return "none", method
	}
	return method, ""
}

// describe says a method in words; a text that is none stays as it is.
func describe(method string) string {
	clip, stabilise := parts(method)
	clipping, err := clipping.Parse(clip)
	if err != nil {
		return method
	}
	stabiliser, err := stabiliser.Parse(stabilise)
	switch {
	case err != nil:
		return method
	case stabiliser.Empty():
		return clipping.Describe()
	case clipping.Kind == "none":
		return stabiliser.Describe()
	}
	return clipping.Describe() + " + " + stabiliser.Describe()
}

// wording is what a comparison's methods do, by which the runs without any are called: they clip, or, where one is a stabiliser,
// they stabilise.
type wording string

const (
	clips      wording = "clipping"
	stabilises wording = "stabilisation"
)

// wordingOf is that of a comparison of methods.
func wordingOf(methods []string) wording {
	for _, method := range methods {
		if _, stabilise := parts(method); stabilise != "" {
			return stabilises
		}
	}
	return clips
}

func (w wording) none() string    { return "no " + string(w) }
func (w wording) without() string { return "without " + string(w) }

// header is that of a column of methods.
func (w wording) header() string {
	if w == stabilises {
		return "method"
	}
	return "clipping"
}
