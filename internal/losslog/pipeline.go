package losslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
)

const (
	pieceSize = 1 << 18
	// longestRecord bounds the memory that a file without line ends can take.
	longestRecord = 16 << 20
)

var errCut = errors.New("the file ends too early")

// ignoreCut passes over the error of a compressed file that ends too early: what is whole was read.
func ignoreCut(err error) error {
	if errors.Is(err, errCut) {
		return nil
	}
	return err
}

// pieces reads a file from a place on and calls do with pieces that hold whole records, and their places. Each piece
// is valid only during the call. prompt hands records on as soon as they are read.
func pieces(r io.Reader, start int64, s scanner, prompt bool, do func(data []byte, offset int64) error) error {
	if _, err := io.CopyN(io.Discard, r, start); err != nil {
		return err
	}
	buffer := make([]byte, pieceSize)
	offset, filled := start, 0
	for ended := error(nil); ended == nil; {
		for filled < len(buffer) && ended == nil {
			n, err := r.Read(buffer[filled:])
			filled += n
			ended = err
			if prompt && n > 0 {
				break
			}
		}
		whole := filled
		if ended == nil {
			whole = s.whole(buffer[:filled])
		} else if !errors.Is(ended, io.EOF) {
			whole = s.whole(buffer[:filled])
		}
		if whole == 0 && filled == len(buffer) {
			if len(buffer) < longestRecord {
				buffer = append(buffer, make([]byte, len(buffer))...)
				continue
			}
			whole = filled // far too long: it will be counted as malformed, or hold nothing
		}
		if whole > 0 {
			if err := do(buffer[:whole], offset); err != nil {
				return err
			}
			offset += int64(whole)
			filled = copy(buffer, buffer[whole:filled])
		}
		if ended != nil && !errors.Is(ended, io.EOF) {
			if errors.Is(ended, io.ErrUnexpectedEOF) {
				return fmt.Errorf("%w, after byte %d of its content", errCut, offset+int64(filled))
			}
			return fmt.Errorf("after byte %d: %w", offset+int64(filled), ended)
		}
	}
	return nil
}

// job is a piece on its way through a worker.
type job struct {
	data []byte
	b    block
	done chan struct{}
}

// scanAll reads a file on all processors and calls do with its blocks, in order.
func scanAll(r io.Reader, start int64, s scanner, prompt bool, do func(*block) error) error {
	workers := runtime.GOMAXPROCS(0)
	free := make(chan *job, workers+2)
	for range cap(free) {
		free <- &job{done: make(chan struct{}, 1)}
	}
	work, order := make(chan *job, cap(free)), make(chan *job, cap(free))
	stop := make(chan struct{})
	var failed error
	go func() {
		defer close(order)
		defer close(work)
		failed = pieces(r, start, s, prompt, func(data []byte, offset int64) error {
			select {
			case j := <-free:
				j.data = append(j.data[:0], data...)
				j.b.reset()
				j.b.offset = offset
				work <- j
				order <- j
				return nil
			case <-stop:
				return errStopped
			}
		})
	}()
	for range workers {
		go func() {
			for j := range work {
				s.scan(j.data, &j.b)
				j.done <- struct{}{}
			}
		}()
	}
	var err error
	for j := range order {
		<-j.done
		if err == nil {
			if err = do(&j.b); err != nil {
				close(stop)
			}
		}
		free <- j
	}
	if err != nil {
		return err
	}
	return failed
}

var errStopped = errors.New("stopped")

// patternBlocks reads a file for the matches of a pattern. Matches may follow one another without any line end; one
// longer than half of longestMatch, or across it, may be missed.
func patternBlocks(r io.Reader, p *pattern, prompt bool, do func(*block) error) error {
	const longestMatch = 1 << 16
	buffer := make([]byte, 0, pieceSize)
	var b block
	offset := int64(0)
	for ended := error(nil); ended == nil; {
		for len(buffer) < cap(buffer) && ended == nil {
			n, err := r.Read(buffer[len(buffer):cap(buffer)])
			buffer = buffer[:len(buffer)+n]
			ended = err
			if prompt && n > 0 {
				break
			}
		}
		b.reset()
		b.offset = offset
		used := p.scan(buffer, ended != nil, &b)
		if ended == nil && !prompt {
			used = max(used, len(buffer)-longestMatch)
		} else if ended != nil {
			used = len(buffer)
		}
		if len(buffer) == cap(buffer) {
			used = max(used, len(buffer)-longestMatch)
		}
		b.lines = bytes.Count(buffer[:used], newline)
		if err := do(&b); err != nil {
			return err
		}
		offset += int64(used)
		buffer = buffer[:copy(buffer[:cap(buffer)], buffer[used:])]
		if ended != nil && !errors.Is(ended, io.EOF) {
			if errors.Is(ended, io.ErrUnexpectedEOF) {
				return fmt.Errorf("%w, after byte %d of its content", errCut, offset)
			}
			return ended
		}
	}
	return nil
}
