package report

import (
	"fmt"
	"strings"
)

// alike are the settings in which the runs of a comparison do not differ: with others, their losses say nothing about clipping.
var alike = []string{"task", "data.kind", "data.size", "data.hash", "loss", "huber", "batch-size", "width", "depth", "network", "input",
	"optimizer.kind", "optimizer.learning-rate", "optimizer.schedule", "optimizer.weight-decay"}

// validate returns an error where sorted runs are no comparison: if they are not alike, or if two are of one method and seed.
func validate(runs []*Run) error {
	for i, run := range runs[1:] {
		before := runs[i]
		var differences []string
		for _, name := range alike {
			a, one := before.settings.Get(name)
			b, other := run.settings.Get(name)
			if a != b && one && other {
				differences = append(differences, fmt.Sprintf("%s (%s and %s)", name, a, b))
			}
		}
		if len(differences) > 0 {
			return fmt.Errorf("%s and %s are no runs of one comparison, since they differ in %s: put them into folders of their own", before.Dir, run.Dir,
				strings.Join(differences[:min(len(differences), 3)], ", "))
		}
		if run.Clip == before.Clip && run.Seed == before.Seed {
			return fmt.Errorf("%s and %s are both %s, of seed %d, and one comparison has each once: move one of them away", before.Dir, run.Dir,
				describe(run.Clip), run.Seed)
		}
	}
	return nil
}
