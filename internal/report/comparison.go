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

// Comparison is the runs of a folder, together by clipping.
type Comparison struct {
	Dir    string
	Groups []*Group
}

// Group is the runs of one clipping, by seed.
type Group struct {
	Clip string
	// Name says the clipping in words.
	Name string
	Runs []*Run
}

// Load reads the runs in a folder: one folder each, or dir itself being a run's.
func Load(dir string) (*Comparison, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	dirs := []string{dir}
	for _, entry := range entries {
		// Stat, and not the entry, since a run's folder may be a link.
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			dirs = append(dirs, path)
		}
	}
	c := &Comparison{Dir: dir}
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
	for _, run := range runs {
		if n := len(c.Groups); n == 0 || c.Groups[n-1].Clip != run.Clip {
			c.Groups = append(c.Groups, &Group{Clip: run.Clip, Name: describe(run.Clip)})
		}
		g := c.Groups[len(c.Groups)-1]
		g.Runs = append(g.Runs, run)
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
	nonFinite                int64
}

func (g *Group) summary() summary {
	s := summary{seeds: len(g.Runs)}
	var all [7][]float64
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
		f := run.figures()
		for i, value := range []float64{f.mean, f.p99, f.max, f.test, f.rate, f.seconds, f.clipped} {
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

// pairBySeed returns the final means of the seeds that both groups finished.
func pairBySeed(base, g *Group) [][2]float64 {
	var pairs [][2]float64
	for _, a := range base.Runs {
		for _, b := range g.Runs {
			before, after := a.figures().mean, b.figures().mean
			if a.Seed == b.Seed && !math.IsNaN(before) && !math.IsNaN(after) {
				pairs = append(pairs, [2]float64{before, after})
			}
		}
	}
	return pairs
}
