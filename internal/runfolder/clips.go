package runfolder

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strconv"

	"alrc/internal/csvfield"
)

// Clip is a loss that was clipped, raised or not finite: a row of clips.csv.
type Clip struct {
	Step int64
	// Image is the image's number in the data, and ID says where it is from.
	Image int
	ID    string
	// Loss is the loss, a float32, that was above or below Threshold; NaN where it was not finite.
	Loss, Threshold float64
	// Scale is the factor of its gradient, a float32: below 1 for a clipped loss, above 1 for a raised one.
	Scale float64
}

var clipColumns = []column[Clip]{
	{columnStep, func(row []byte, c *Clip) []byte { return strconv.AppendInt(row, c.Step, 10) }},
	{columnImage, func(row []byte, c *Clip) []byte { return strconv.AppendInt(row, int64(c.Image), 10) }},
	{columnID, func(row []byte, c *Clip) []byte { return csvfield.Append(row, c.ID) }},
	{LossColumn, func(row []byte, c *Clip) []byte { return appendNumber(row, c.Loss, 32) }},
	{columnThreshold, func(row []byte, c *Clip) []byte { return appendNumber(row, c.Threshold, 64) }},
	{columnScale, func(row []byte, c *Clip) []byte { return appendNumber(row, c.Scale, 32) }},
}

// OpenClips opens a run's clips.csv to go on after a step, or begins it.
func OpenClips(dir string, step int64) (*Table[Clip], error) {
	t := &Table[Clip]{}
	if _, err := t.open(filepath.Join(dir, ClipsFile), clipColumns, step); err != nil {
		return nil, err
	}
	return t, nil
}

// Clips returns the rows of a run's clips.csv, up to the first error; the file's absence is one that wraps
// fs.ErrNotExist.
func Clips(dir string) iter.Seq2[Clip, error] {
	return func(yield func(Clip, error) bool) {
		r, err := openRows(filepath.Join(dir, ClipsFile))
		if err == nil {
			defer r.close()
			err = r.choose(columnStep, columnImage, columnID, LossColumn, columnThreshold, columnScale)
		}
		for err == nil {
			var clip Clip
			if clip, err = r.nextClip(); err == nil && !yield(clip, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(Clip{}, err)
		}
	}
}

func (r *rows) nextClip() (c Clip, err error) {
	if err := r.next(); err != nil {
		return c, err
	}
	if c.Step, err = strconv.ParseInt(string(r.fields[0]), 10, 64); err != nil {
		return c, r.fail(fmt.Errorf("%s: %q is no step", columnStep, r.fields[0]))
	}
	if c.Image, err = strconv.Atoi(string(r.fields[1])); err != nil {
		return c, r.fail(fmt.Errorf("%s: %q is no number of an image", columnImage, r.fields[1]))
	}
	c.ID = string(r.fields[2])
	for i, to := range []*float64{&c.Loss, &c.Threshold, &c.Scale} {
		if *to, err = r.number(3 + i); err != nil {
			return c, err
		}
	}
	return c, nil
}
