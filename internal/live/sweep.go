package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"alrc/internal/runfolder"
	"alrc/internal/sweep"
	"alrc/internal/words"
)

// grid is a sweep that is served.
type grid struct {
	folder *sweep.Folder
	runs   []*sweepRun // as in the plan
	ids    []string    // of their entries
	plan   stamp
	cancel context.CancelFunc

	mutex   sync.Mutex
	told    Sweep
	problem string
}

// openGrid reads a sweep, and returns the entries of its runs.
func openGrid(root, dir, name string) (*grid, []*entry, error) {
	const largestPlan = 64 << 20
	plan := planStamp(root, dir)
	if plan.size == 0 || plan.size > largestPlan {
		return nil, nil, fmt.Errorf("%s: its %s cannot be read", name, runfolder.PlanFile)
	}
	folder, err := sweep.Read(dir)
	if err != nil {
		return nil, nil, err
	}
	g := &grid{folder: folder, plan: plan, told: Sweep{ID: hashID(dir), Title: folder.Plan.Title, Folder: name, Words: "being read"}}
	var entries []*entry
	settings := make([][]Setting, len(folder.Plan.Runs))
	for _, axis := range folder.Plan.Varying {
		a := Axis{Name: axis}
		for i, run := range folder.Plan.Runs {
			value := run.Setting(axis)
			settings[i] = append(settings[i], Setting{axis, value})
			if !slices.Contains(a.Values, value) {
				a.Values = append(a.Values, value)
			}
		}
		g.told.Axes = append(g.told.Axes, a)
	}
	colors := newColors()
	for i, run := range folder.Plan.Runs {
		source := &sweepRun{root: root, grid: g, run: run}
		s := &run.Specification
		seed := s.Seed
		group := colors.group(settings[i], s.Clip)
		e := newEntry(hashID(dir, run.ID), source, Run{Name: run.Label, Folder: name, Kind: "run", Sweep: g.told.ID, Settings: settings[i],
			Clip: s.Clip, Clipping: describeClip(s.Clip), Seed: &seed, Steps: s.Steps, State: Waiting, Words: "waiting", Group: group})
		g.runs, g.ids = append(g.runs, source), append(g.ids, e.id)
		entries = append(entries, e)
	}
	for _, e := range entries {
		e.run.Color = colors.of(e.run.Group)
	}
	return g, entries, nil
}

// planStamp tells whether a sweep's folder has another plan; it is zero where it has none.
func planStamp(root, dir string) stamp {
	info, err := newFolder(root, dir).file(runfolder.PlanFile)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime()}
}

// watch follows the sweep until the context ends.
func (g *grid) watch(ctx context.Context, c sweep.Connection) {
	g.folder.Watch(ctx, c, func(status *sweep.Status, err error) {
		g.mutex.Lock()
		defer g.mutex.Unlock()
		if g.problem = ""; err != nil {
			g.problem = err.Error()
		}
		if status == nil {
			g.told.Words = g.problem
			return
		}
		now := time.Now()
		for i := range status.Runs {
			g.runs[i].take(&status.Runs[i], now)
		}
		counts := status.Counts()
		t := &g.told
		t.Live, t.Done, t.Running, t.Waiting, t.SetAside = status.Live, counts[sweep.Done], counts[sweep.Running], counts[sweep.Waiting], counts[sweep.Failed]
		t.Share, t.Left = Number(math.Round(1000*status.Share())/1000), unknown()
		left, known := status.Left()
		if known = known && t.Running > 0; known {
			t.Left = Number(round(left.Seconds()))
		}
		t.Words = g.words(len(status.Runs), left, known)
	})
}

func (g *grid) words(all int, left time.Duration, known bool) string {
	t := &g.told
	text := fmt.Sprintf("%d of %d runs done", t.Done, all)
	for _, part := range []struct {
		count int
		word  string
	}{{t.Running, "running"}, {t.Waiting, "waiting"}, {t.SetAside, "set aside"}} {
		if part.count > 0 {
			text += fmt.Sprintf(", %d %s", part.count, part.word)
		}
	}
	if known {
		text += ", about " + words.Clock(time.Duration(round(left.Seconds()))*time.Second) + " left"
	}
	if !t.Live && t.Done+t.SetAside < all {
		text += "; its server is not up"
	}
	if g.problem != "" {
		text += "; " + g.problem
	}
	return text
}

func (g *grid) describe() Sweep {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.told
}

// sweepRun is the source of a run of a sweep: the folder in which this machine trains it or keeps its results, or the losses
// that its worker tells.
type sweepRun struct {
	root string
	grid *grid
	run  sweep.Run

	mutex  sync.Mutex
	status *sweep.RunStatus
	heard  time.Time // when its worker last told something new

	folder *folder // nil where its losses come from the worker
	drawn  int64   // the last step of the worker's losses that the entry has
}

func (s *sweepRun) rest() {
	if s.folder != nil {
		s.folder.rest()
	}
	s.drawn = 0
}

func (s *sweepRun) take(status *sweep.RunStatus, now time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	before := s.status
	if before == nil || before.Step != status.Step || before.State != status.State || before.Worker != status.Worker {
		s.heard = now
	}
	copied := *status
	s.status = &copied
}

func (s *sweepRun) poll(ctx context.Context, e *entry) {
	s.mutex.Lock()
	status, heard := s.status, s.heard
	s.mutex.Unlock()
	if status == nil {
		return
	}
	dir := ""
	switch {
	case status.State == sweep.Done:
		dir = s.grid.folder.RunDir(s.run)
	case isFile(filepath.Join(s.grid.folder.WorkDir(s.run), runfolder.MetricsFile)):
		dir = s.grid.folder.WorkDir(s.run)
	}
	if dir != "" && !isWithin(s.root, dir) {
		dir = ""
	}
	if dir == "" {
		if s.folder != nil {
			s.folder, s.drawn = nil, 0
		}
		s.pollWorker(e, status, heard)
		return
	}
	if s.folder == nil || s.folder.dir != dir {
		s.folder = newFolder(s.root, dir)
	}
	if s.folder.judge = nil; status.State != sweep.Done {
		s.folder.judge = func(e *entry, now time.Time) {
			s.describe(e, status, latest(heard, e.grew), now)
			e.pace(e.run.State == Training)
		}
	}
	s.folder.poll(ctx, e)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pollWorker takes what the worker told.
func (s *sweepRun) pollWorker(e *entry, status *sweep.RunStatus, heard time.Time) {
	if c := status.Curve; c != nil && c.Last != s.drawn {
		e.at("", "")
		e.begin(nil, nil, runfolder.RawLossColumn)
		e.mutex.Lock()
		// What is wrong with it does not end the sweep.
		if err := e.index.AddCurve(c, c.Last); err != nil {
			e.run.Problem = fmt.Sprintf("what worker %s told: %v", status.Worker, err)
		}
		e.mutex.Unlock()
		s.drawn = c.Last
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.told(heard, false)
	s.describe(e, status, heard, time.Now())
	r := &e.run
	r.Step = max(r.Step, status.Step)
	r.Rate, r.Left = unknown(), unknown()
	if status.Rate > 0 {
		r.Rate = Number(round(status.Rate))
		if r.State == Training {
			r.Left = Number(math.Ceil(float64(r.Steps-r.Step) / status.Rate))
		}
	}
}

// describe says how the sweep sees a run that is not done, and of which something was last heard at a time.
func (s *sweepRun) describe(e *entry, status *sweep.RunStatus, heard, now time.Time) {
	r := &e.run
	r.Worker = status.Worker
	e.result = false
	switch status.State {
	case sweep.Running:
		r.State, r.Words = Training, "training on "+status.Worker
		if quiet := now.Sub(heard); quiet > patience(status.Rate) {
			r.State, r.Words = Silent, silence(quiet)+", on "+status.Worker
		}
	case sweep.Failed:
		last := status.Failures[len(status.Failures)-1]
		r.State = SetAside
		r.Words = fmt.Sprintf("set aside: failed %s, the last on %s at step %s: %s", words.Times(len(status.Failures)), last.Worker,
			words.Count(last.Step), last.Error)
	default:
		r.State, r.Words = Waiting, "waiting"
		if status.Step > 0 {
			r.Words = "waiting, at step " + words.Count(status.Step)
		}
		if status.Declined != "" {
			r.Words = "waiting; declined by " + status.Declined
		}
		r.Rate, r.Left = unknown(), unknown()
	}
}

// hashID makes an identifier that is the same on each start.
func hashID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}
