package runfolder

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// stepReader reads rows of a table of steps.
type stepReader struct {
	header, outputs []string
	// The places of columns in a row, -1 for those that the table lacks.
	step, loss, raw, threshold, lower, clipped, rate, test int
	outputLoss, outputThreshold                            []int
}

func newStepReader(header string) (*stepReader, error) {
	names := strings.Split(header, ",")
	r := &stepReader{header: names, outputs: outputsOf(names)}
	for _, c := range []struct {
		to   *int
		name string
	}{{&r.step, columnStep}, {&r.loss, LossColumn}, {&r.raw, RawLossColumn}, {&r.threshold, columnThreshold},
		{&r.lower, columnLowerThreshold}, {&r.clipped, columnClipped}, {&r.rate, columnImagesPerS}, {&r.test, columnTestLoss}} {
		*c.to = slices.Index(names, c.name)
	}
	if r.step != 0 || r.raw < 0 {
		return nil, fmt.Errorf("the first line is %.80q: this is not a table of a run", header)
	}
	for _, output := range r.outputs {
		r.outputLoss = append(r.outputLoss, slices.Index(names, output+"_"+LossColumn))
		r.outputThreshold = append(r.outputThreshold, slices.Index(names, output+"_"+columnThreshold))
	}
	return r, nil
}

// parse makes rows of lines.
func (r *stepReader) parse(p *piece, lines []byte, place int64) {
	fields := make([][]byte, 0, len(r.header))
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		if end < 0 {
			end = len(lines)
		}
		var err error
		if fields, err = splitLine(fields[:0], lines[:end]); err == nil {
			err = r.row(p, fields, place)
		}
		if err != nil {
			p.leftOut++
			if p.problem == nil {
				p.problem = fmt.Errorf("after byte %d: %w", place, err)
			}
		}
		end = min(end+1, len(lines))
		lines, place = lines[end:], place+int64(end)
	}
}

func (r *stepReader) row(p *piece, fields [][]byte, place int64) (err error) {
	if len(fields) != len(r.header) {
		return fmt.Errorf("%d fields where %d belong", len(fields), len(r.header))
	}
	s := StepAt{Place: place}
	if s.Step.Step, err = strconv.ParseInt(string(fields[0]), 10, 64); err != nil || s.Step.Step < 0 {
		return fmt.Errorf("%.80q is no step", fields[0])
	}
	number := func(i int, to *float64) {
		value, failed := 0., error(nil)
		if i < 0 {
			value, failed = parseNumber(nil)
		} else {
			value, failed = parseNumber(fields[i])
		}
		if failed != nil && err == nil {
			err = fmt.Errorf("%s: %w", r.header[i], failed)
		}
		*to = value
	}
	number(r.raw, &s.RawLoss)
	// Most often clipping sees the losses as they are.
	if s.Loss = s.RawLoss; r.loss < 0 || !bytes.Equal(fields[r.loss], fields[r.raw]) {
		number(r.loss, &s.Loss)
	}
	number(r.threshold, &s.Threshold)
	number(r.lower, &s.LowerThreshold)
	number(r.rate, &s.ImagesPerSecond)
	number(r.test, &s.TestLoss)
	var clipped float64
	if number(r.clipped, &clipped); clipped > 0 {
		s.Clipped = int64(clipped)
	}
	if len(r.outputs) > 0 {
		first := len(p.outputs)
		for k := range r.outputs {
			var o OutputStep
			number(r.outputLoss[k], &o.Loss)
			number(r.outputThreshold[k], &o.Threshold)
			p.outputs = append(p.outputs, o)
		}
		s.Outputs = p.outputs[first:len(p.outputs):len(p.outputs)]
	}
	if err == nil {
		p.rows = append(p.rows, s)
	}
	return err
}
