package losslog

import (
	"math"

	"alrc/internal/losslog/lexicon"
)

// withinEpochs returns what counts within epochs in the records of a series, where figures of whole epochs, by the same name, follow
// these and have only the epoch: "epoch 1 batch 50 loss 0.5", and then "epoch 1 loss 0.6". It is "" elsewhere. A record in which what counts
// the steps has gone on is none of a whole epoch.
func (s *survey) withinEpochs(t *tally, step string) string {
	for inner := range s.fields {
		if kind := s.fields[inner].counter; kind > lexicon.Batches {
			continue
		}
		if s.endsEpochs(t, inner, step) {
			return s.fields[inner].name
		}
	}
	return ""
}

// endsEpochs says whether each record of a series without an inner counter ends an epoch of records that have it.
func (s *survey) endsEpochs(t *tally, inner int, step string) bool {
	const fewest = 2
	counter, isCounted := s.byName[step]
	with, without, ends := 0, 0, true
	lastStep := math.Inf(1)
	lastEpoch, counted := 0.0, false // of the record before
	s.own(t, func(values []sampledValue) {
		epoch, there, has := 0.0, false, false
		for _, v := range values {
			has = has || v.field == inner
			if !there && s.fields[v.field].counter == lexicon.Epochs {
				epoch, there = v.number, true
			}
		}
		if has {
			with++
		} else {
			without++
			ends = ends && counted && epoch == lastEpoch && !(isCounted && firstOf(values, counter) > lastStep)
		}
		if isCounted {
			lastStep = firstOf(values, counter)
		}
		ends = ends && there
		lastEpoch, counted = epoch, has
	})
	return ends && without >= fewest && with >= without
}
