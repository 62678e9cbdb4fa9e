// Package report compares the runs of one folder: a table, a plot for the terminal, and a page for readers who look
// first, from the files that the runs wrote. It works on runs that are still going, too.
package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
)

// Comparison is the runs of a folder, together by method.
type Comparison struct {
	Dir    string
	Groups []*Group

	wording wording
}

// Group is the runs of one method, by seed.
type Group struct {
	// Clip is the method; see [Run].
	Clip string
	// Name says the method in words.
	Name string
	Runs []*Run

	wording wording
}

// Check returns an error where the runs in a folder are no comparison, before more is trained of them.
func Check(dir string) error {
	_, err := open(dir)
	return err
}

// open reads what the runs in a folder are, in the order of a comparison, without their tables.
func open(dir string) ([]*Run, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: give a folder that 'alrc train' made", err)
	}
	dirs := []string{dir}
	for _, entry := range entries {
		// Stat, and not the entry, since a run's folder may be a link.
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			dirs = append(dirs, path)
		}
	}
	var runs []*Run
	for _, path := range dirs {
		run, err := loadRun(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if path == dir {
			absolute, err := filepath.Abs(dir)
			if err != nil {
				return nil, err
			}
			run.Label = filepath.Base(absolute)
		}
		runs = append(runs, run)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s holds no runs (folders with a %s): give a folder that 'alrc train' made", dir, runfolder.SpecificationFile)
	}
	sort.SliceStable(runs, func(i, j int) bool {
		a, b := runs[i], runs[j]
		if (a.Clip == "none") != (b.Clip == "none") {
			return a.Clip == "none"
		}
		if a.Clip != b.Clip {
			return a.Clip < b.Clip
		}
		return a.Seed < b.Seed
	})
	return runs, validate(runs)
}

// Load reads the runs in a folder: one folder each, or dir itself being a run's.
func Load(dir string) (*Comparison, error) {
	runs, err := open(dir)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Dir: dir}
	for _, run := range runs {
		if n := len(c.Groups); n == 0 || c.Groups[n-1].Clip != run.Clip {
			c.Groups = append(c.Groups, &Group{Clip: run.Clip, Name: describe(run.Clip)})
		}
		g := c.Groups[len(c.Groups)-1]
		if err := run.loadTables(len(g.Runs) == 0); err != nil {
			return nil, err
		}
		g.Runs = append(g.Runs, run)
	}
	var methods []string
	for _, g := range c.Groups {
		methods = append(methods, g.Clip)
	}
	c.wording = wordingOf(methods)
	for _, g := range c.Groups {
		if g.wording = c.wording; g.Clip == "none" {
			g.Name = c.wording.none()
		}
	}
	return c, nil
}

// summary is a group in numbers, each over its seeds; what is unknown is NaN.
type summary struct {
	seeds, diverged, running int
	last                     int64
	mean, std                float64
	p99, max                 float64
	test, testStd            float64
	rate, seconds            float64
	clipped                  float64
	acted, skipped           float64
	nonFinite                int64
}

func (g *Group) summary() summary {
	s := summary{seeds: len(g.Runs)}
	var all [9][]float64
	for _, run := range g.Runs {
		s.last = max(s.last, run.Last)
		switch {
		case run.diverged():
			s.diverged++
		case run.result == nil:
			s.running++
		}
		if run.result != nil {
			s.nonFinite += run.result.NonFinite
		}
		f := run.figures
		for i, value := range []float64{f.mean, f.p99, f.max, f.test, f.rate, f.seconds, f.clipped, f.acted, f.skipped} {
			if !math.IsNaN(value) && !math.IsInf(value, 0) {
				all[i] = append(all[i], value)
			}
		}
	}
	s.mean, s.std = meanAndSpread(all[0])
	s.p99 = mean(all[1])
	_, s.max = figure.Extent(all[2])
	s.test, s.testStd = meanAndSpread(all[3])
	s.rate, s.seconds, s.clipped = mean(all[4]), mean(all[5]), mean(all[6])
	s.acted, s.skipped = mean(all[7]), mean(all[8])
	return s
}

// baseline is the group without clipping, or nil.
func (c *Comparison) baseline() *Group {
	for _, g := range c.Groups {
		if g.Clip == "none" {
			return g
		}
	}
	return nil
}

// effectOn is what g's clipping did to the final losses, against the group without clipping.
func (g *Group) effectOn(base *Group) effect {
	runs := [2][]*Run{base.Runs, g.Runs}
	return effectOf(len(base.Runs), len(g.Runs), func(group, run int) uint64 { return runs[group][run].Seed },
		func(group, run int) float64 { return runs[group][run].figures.mean })
}

// complete says whether the groups have the same seeds, all of them done, and none diverged.
func complete(groups ...*Group) bool {
	for _, g := range groups {
		if len(g.Runs) != len(groups[0].Runs) {
			return false
		}
		for i, run := range g.Runs {
			if run.result == nil || run.diverged() || run.Seed != groups[0].Runs[i].Seed {
				return false
			}
		}
	}
	return true
}

// best is the place of the group with the lowest mean, where all runs are done and it clearly differs from all others.
func (c *Comparison) best() []int {
	if len(c.Groups) < 2 || !complete(c.Groups...) {
		return nil
	}
	best, lowest := 0, math.Inf(1)
	for i, g := range c.Groups {
		if mean := g.summary().mean; mean < lowest {
			best, lowest = i, mean
		}
	}
	for i, g := range c.Groups {
		if i != best && !c.Groups[best].effectOn(g).clear() {
			return nil
		}
	}
	return []int{best}
}
