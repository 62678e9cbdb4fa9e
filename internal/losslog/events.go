package losslog

import (
	"bytes"
	"errors"
	"io"

	"alrc/internal/format/eventlog"
)

// isEvents says whether data begins as an event file does: with a record whose length has the right checksum.
func isEvents(data []byte) bool {
	_, err := eventlog.NewReader(bytes.NewReader(data)).Next()
	damaged := recordError(err)
	return err == nil || damaged != nil && !damaged.Fatal
}

// recordError returns the error of a damaged record, or nil where err is none.
func recordError(err error) *eventlog.RecordError {
	if err == nil {
		return nil
	}
	var damaged *eventlog.RecordError
	errors.As(err, &damaged)
	return damaged
}

// eventRows is the number of losses in a block of an event file.
const eventRows = 1 << 13

// readEvents fills blocks of about as many rows from an event file. next returns an empty block to fill, and send takes it.
func readEvents(r io.Reader, tag string, rows int, next func() *block, send func(*block) error) error {
	reader := eventlog.NewReader(r)
	b := next()
	for {
		event, err := reader.Next()
		damaged := recordError(err)
		switch {
		case damaged != nil:
			if b.malformed++; b.malformed == 1 {
				b.badReason, b.bad = damaged.Reason, ""
				b.offset, b.badOffset = damaged.Offset, 0
			}
			if !damaged.Fatal {
				continue
			}
			return send(b)
		case errors.Is(err, io.EOF):
			return send(b)
		case errors.Is(err, eventlog.ErrTruncated):
			b.note = err.Error()
			return send(b)
		case err != nil:
			return errors.Join(send(b), err)
		}
		for _, scalar := range event.Scalars {
			if scalar.Tag == tag {
				b.records++
				b.Add(event.Step, scalar.Value)
			}
		}
		if len(b.Losses) >= rows {
			if err := send(b); err != nil {
				return err
			}
			b = next()
		}
	}
}

// surveyEvents visits all scalars.
func surveyEvents(r io.Reader, visit *survey) {
	reader := eventlog.NewReader(r)
	for {
		event, err := reader.Next()
		if damaged := recordError(err); err != nil && (damaged == nil || damaged.Fatal) {
			return
		}
		for _, scalar := range event.Scalars {
			visit.field([]byte(scalar.Tag), nil, scalar.Value, true)
		}
		if len(event.Scalars) > 0 {
			visit.endRecord()
		}
	}
}
