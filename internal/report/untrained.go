package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// untrained is a way to complete micrographs without a network.
type untrained struct {
	name string
	// errors are those of a run's held-out crops, and its network's of the same crops; nil where the run has none.
	errors func(r *runfolder.Result) (own, network *runfolder.Distribution)
}

var (
	linear = untrained{"linear interpolation", func(r *runfolder.Result) (own, network *runfolder.Distribution) {
		return r.BilinearMSE, r.TestMSE
	}}
	kriging = untrained{"kriging", func(r *runfolder.Result) (own, network *runfolder.Distribution) {
		return r.KrigingMSE, cmp.Or(r.FirstMSE, r.TestMSE)
	}}
	allUntrained = []untrained{linear, kriging}
)

// against returns its errors beside those of a run's network on the same crops; nil where the run is not done or has none.
func (u untrained) against(r *runfolder.Result) (own, network *runfolder.Distribution) {
	if r == nil || r.TestMSE == nil {
		return nil, nil
	}
	if own, network = u.errors(r); own == nil {
		return nil, nil
	}
	return own, network
}

// crops says on which held-out crops of a run it was tried: "the first 100 held-out crops".
func (u untrained) crops(r *runfolder.Result) string {
	if own, _ := u.against(r); own != nil && own.Images < r.TestMSE.Images {
		return fmt.Sprintf("the first %s held-out crops", words.Count(own.Images))
	}
	return "held-out crops"
}

// runName is what a run is called beside those of other clippings.
func (g *Group) runName(run *Run) string {
	if len(g.Runs) > 1 {
		return fmt.Sprintf("%s, seed %d", g.Name, run.Seed)
	}
	return g.Name
}

// beside compares completing without a network with the networks, where runs complete micrographs. It is beaten by none where its error is the lowest.
func (c *Comparison) beside(u untrained) (text string, best bool) {
	var without float64
	var errors []string
	var crops string
	best = true
	for _, g := range c.Groups {
		var values []float64
		for _, run := range g.Runs {
			own, network := u.against(run.result)
			if own == nil {
				continue
			}
			without, crops = float64(own.Mean), u.crops(run.result)
			values = append(values, float64(network.Mean))
			best = best && without < float64(network.Mean)
		}
		if len(values) > 0 {
			average, spread := meanAndSpread(values)
			errors = append(errors, words.Spread(average, spread, len(values))+" "+g.with())
		}
	}
	if len(errors) == 0 {
		return "", false
	}
	numbers := fmt.Sprintf("its mean squared error on %s is %s, and that of the networks is %s.", crops, words.Number(without),
		strings.Join(errors, " and "))
	if best {
		return words.Capital(u.name) + ", without any network, is nearer to the truth than every network here: " + numbers, true
	}
	return words.Capital(u.name) + ", without any network, for comparison: " + numbers, false
}

// beside is the mean squared error without a network on the crops that the column's runs were tested on, NaN where none was; how many
// networks are nearer to the truth on these crops, of how many; and a run that has them.
func (c *Column) beside(u untrained) (without float64, nearer, networks int, example *runfolder.Result) {
	without = math.NaN()
	for _, cell := range c.Cells {
		if cell == nil {
			continue
		}
		for _, run := range cell.Runs {
			own, network := u.against(run.result)
			if own == nil {
				continue
			}
			if networks++; network.Mean < own.Mean {
				nearer++
			}
			if example == nil {
				without, example = float64(own.Mean), run.result
			}
		}
	}
	return without, nearer, networks, example
}

// untrainedRows are the rows of what there is without a network, in a block's table of errors.
func (b *Block) untrainedRows() (rows [][]string) {
	for _, other := range allUntrained {
		row, known := []string{other.name}, false
		for _, column := range b.Columns {
			without, _, _, example := column.beside(other)
			row = append(row, words.Number(without))
			known = known || example != nil
		}
		if known {
			rows = append(rows, row)
		}
	}
	return rows
}

// untrainedNote says how to read those rows, and how many networks are nearer to the truth than kriging is.
func (s *Sweep) untrainedNote() string {
	var nearer, networks int
	var example *runfolder.Result
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			_, n, of, r := column.beside(kriging)
			nearer, networks, example = nearer+n, networks+of, cmp.Or(example, r)
		}
	}
	if example == nil {
		return " Linear interpolation is of the same scans, and blurred alike."
	}
	text := " Linear interpolation and kriging are of the same scans, and blurred alike"
	there := ""
	if own, _ := kriging.against(example); own.Images < example.TestMSE.Images {
		text += fmt.Sprintf("; kriging is of the first %s crops alone, since it takes longer", words.Count(own.Images))
		there = " on those crops"
	}
	if nearer == 0 {
		return text + ". No network is nearer to the truth than kriging" + there + "."
	}
	return text + fmt.Sprintf(". Nearer to the truth than kriging%s: the networks of %d of %s.", there, nearer, words.Counted(networks, "run"))
}

// besideUntrained ends a sentence about the errors without clipping and with the best clipping.
func (c *Column) besideUntrained(none, best float64) (text string) {
	if without, _, _, _ := c.beside(linear); !math.IsNaN(without) {
		text += "; that of linear interpolation is " + words.Number(without)
		if without < none && without < best {
			text += ", lower than both"
		}
	}
	if without, nearer, networks, example := c.beside(kriging); example != nil {
		text += "; that of kriging, on " + kriging.crops(example) + ", is " + words.Number(without)
		if nearer == 0 {
			text += ", lower than every network's there"
		} else {
			text += fmt.Sprintf(", higher than that of %d of %s there", nearer, words.Counted(networks, "network"))
		}
	}
	return text
}
