package experiment

import (
	"fmt"
	"math"

	"alrc/internal/micrograph"
	"alrc/internal/place"
)

// DataSet is what a run learns from and what it is tested on: images, or micrographs.
type DataSet = place.Set

// learnsFrom are what tasks learn from.
var learnsFrom = map[string]place.Content{Supersample: place.Images, Micrographs: place.Micrographs}

// testSeed is that of held-out crops and their masks, which are the same for all runs. No --seed that a user picks is it.
const testSeed = math.MaxUint64

// HeldOut is the sequence of held-out crops, with their scans, of a run of the task micrographs. It is the same for all runs
// between whose data [place.Data.Differences] finds none. Data that are not the run's are an error.
func (s Specification) HeldOut(data *DataSet) (*micrograph.Examples, error) {
	if s.Task != Micrographs || data.Micrographs == nil {
		return nil, fmt.Errorf("task %s, of %s: only runs of the task micrographs have crops to complete", s.Task, data.Name())
	}
	if err := data.Check(s.Data.Hash); err != nil {
		return nil, err
	}
	return s.heldOut(data.Micrographs)
}

func (s Specification) heldOut(data *place.MicrographSet) (*micrograph.Examples, error) {
	scan := data.Scan
	if scan.Varied {
		scan.Seed = testSeed
	}
	return micrograph.NewExamples(data.Test, scan, s.Data.Side(), testSeed, false)
}
