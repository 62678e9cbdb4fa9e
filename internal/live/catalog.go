package live

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"alrc/internal/curve"
	"alrc/internal/losslog"
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
)

// Tests are less patient.
var (
	// pollEvery is how often files are looked at, and findEvery how often folders are.
	pollEvery, findEvery = 500 * time.Millisecond, 2 * time.Second
	// settledEvery is how often a run that has ended is looked at.
	settledEvery = 5 * time.Second
	// mostMemory bounds the curves that are kept.
	mostMemory = 24 << 20
	// usedFor is how long a curve counts as in use after it was asked for.
	usedFor = 10 * time.Second
)

// readers is how many runs are read at a time.
const readers = 2

// catalog is all that is served, brought up to date again and again.
type catalog struct {
	options    losslog.Options
	connection sweep.Connection
	finder     *finder
	hub        *hub

	mutex   sync.Mutex // guards what follows
	entries map[string]*entry
	order   []string
	grids   map[string]*grid // by the sweep's path
	sweeps  []*grid
	colors  map[string]*colors // by folder
	notes   []string

	// What the last update told; for the goroutine that publishes alone.
	toldRuns   map[string][]byte
	toldSweeps map[string][]byte
	toldOrder  []string
	toldRead   Reading
}

func newCatalog(f *finder, options losslog.Options, c sweep.Connection) *catalog {
	return &catalog{options: options, connection: c, finder: f, hub: newHub(), entries: map[string]*entry{}, grids: map[string]*grid{},
		colors: map[string]*colors{}, toldRuns: map[string][]byte{}, toldSweeps: map[string][]byte{}}
}

// run keeps the catalog up to date until the context ends.
func (c *catalog) run(ctx context.Context) {
	var working sync.WaitGroup
	queue := make(chan *entry)
	for range readers {
		working.Add(1)
		go func() {
			defer working.Done()
			for e := range queue {
				e.poll(ctx)
			}
		}()
	}
	working.Add(1)
	go func() {
		defer working.Done()
		c.publishing(ctx)
	}()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var searched time.Time
	for ctx.Err() == nil {
		if time.Since(searched) >= findEvery {
			c.find(ctx)
			searched = time.Now()
		}
		for _, e := range c.due() {
			select {
			case queue <- e:
			case <-ctx.Done():
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	close(queue)
	working.Wait()
}

// poll brings an entry up to date, unless someone is at it.
func (e *entry) poll(ctx context.Context) {
	if !e.polling.TryLock() {
		return
	}
	defer e.polling.Unlock()
	e.polled = time.Now()
	e.source.poll(ctx, e)
}

// due returns the entries to look at.
func (c *catalog) due() []*entry {
	list := c.list()
	now := time.Now()
	list = slices.DeleteFunc(list, func(e *entry) bool {
		if !e.polling.TryLock() {
			return true
		}
		defer e.polling.Unlock()
		e.mutex.Lock()
		defer e.mutex.Unlock()
		return e.result && now.Sub(e.polled) < settledEvery
	})
	return list
}

func (c *catalog) list() []*entry {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	list := make([]*entry, 0, len(c.order))
	for _, id := range c.order {
		list = append(list, c.entries[id])
	}
	return list
}

func (c *catalog) entry(id string) *entry {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.entries[id]
}

// find looks what there is.
func (c *catalog) find(ctx context.Context) {
	all := c.finder.all()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.notes = c.finder.notes
	var order []string
	var sweeps []*grid
	fresh := map[string][]*entry{} // runs that are new, by folder
	for _, it := range all {
		switch it.kind {
		case foundSweep:
			g := c.grids[it.dir]
			if g != nil && g.plan != planStamp(it.root, it.dir) {
				g.cancel() // another sweep took its place
				for _, id := range g.ids {
					delete(c.entries, id)
				}
				g = nil
			}
			if g == nil {
				opened, entries, err := openGrid(it.root, it.dir, c.finder.name(it.dir))
				if err != nil {
					delete(c.grids, it.dir)
					c.notes = append(c.notes, err.Error())
					continue
				}
				g = opened
				c.grids[it.dir] = g
				for _, e := range entries {
					c.entries[e.id] = e
				}
				var watching context.Context
				watching, g.cancel = context.WithCancel(ctx)
				go g.watch(watching, c.connection)
			}
			sweeps = append(sweeps, g)
			order = append(order, g.ids...)
		case foundRun:
			id := hashID(it.dir)
			if c.entries[id] == nil {
				above := filepath.Dir(it.dir)
				e := newEntry(id, newFolder(it.root, it.dir), Run{Name: filepath.Base(it.dir), Folder: c.finder.name(above), Kind: "run",
					State: Waiting, Words: "being read"})
				c.entries[id] = e
				fresh[above] = append(fresh[above], e)
			}
			order = append(order, id)
		case foundLog:
			id := hashID(it.dir)
			if c.entries[id] == nil {
				c.entries[id] = newEntry(id, newLogSource(c.options, it.dir), Run{Name: filepath.Base(it.dir),
					Folder: c.finder.name(filepath.Dir(it.dir)), Kind: "log", Group: id, Color: len(c.entries), State: Waiting, Words: "being read"})
			}
			order = append(order, id)
		}
	}
	for above := range fresh {
		c.describe(above, order)
	}
	there := map[string]bool{}
	for _, id := range order {
		there[id] = true
	}
	for dir, g := range c.grids {
		if !slices.Contains(sweeps, g) {
			g.cancel()
			delete(c.grids, dir)
		}
	}
	for id := range c.entries {
		if !there[id] {
			delete(c.entries, id) // its folder is gone
		}
	}
	c.unclippedFirst(order)
	c.order, c.sweeps = order, sweeps
	for _, e := range c.entries {
		e.setBins(len(c.order))
	}
}

// unclippedFirst puts runs without clipping before the others of their folder, as reports do.
func (c *catalog) unclippedFirst(order []string) {
	clipped := func(id string) (above string, clipped bool) {
		e := c.entries[id]
		e.mutex.Lock()
		defer e.mutex.Unlock()
		if _, ok := e.source.(*folder); !ok {
			return id, true
		}
		return e.run.Folder, e.run.Clip != "none"
	}
	for first := 0; first < len(order); {
		above, _ := clipped(order[first])
		end := first + 1
		for ; end < len(order); end++ {
			if other, _ := clipped(order[end]); other != above {
				break
			}
		}
		slices.SortStableFunc(order[first:end], func(a, b string) int {
			_, x := clipped(a)
			_, y := clipped(b)
			return boolOrder(x, y)
		})
		first = end
	}
}

// describe tells in which settings the runs of a folder differ, and gives them colours.
func (c *catalog) describe(above string, order []string) {
	var runs []*entry
	var settings []runfolder.Settings
	for _, id := range order {
		e := c.entries[id]
		if f, ok := e.source.(*folder); ok && filepath.Dir(f.dir) == above {
			s, _ := newFolder(f.root, f.dir).readSettings()
			runs, settings = append(runs, e), append(settings, s)
		}
	}
	if c.colors[above] == nil {
		c.colors[above] = newColors()
	}
	paint := c.colors[above]
	groups := make([]string, len(runs))
	for i, s := range settings {
		var told []Setting
		for _, pair := range s.WithoutEnvironment() {
			told = append(told, Setting{pair[0], pair[1]})
		}
		groups[i] = paint.group(told, s.Clip())
	}
	for i, differs := range differing(settings) {
		e := runs[i]
		e.describe(settings[i])
		e.mutex.Lock()
		e.run.Settings, e.run.Group, e.run.Color = differs, groups[i], paint.of(groups[i])
		e.mutex.Unlock()
	}
}

// overview is all that there is, as it is now.
func (c *catalog) overview() Overview {
	o := Overview{Event: c.hub.now(), Runs: []Run{}, Sweeps: []Sweep{}, Small: map[string]Small{}}
	for _, e := range c.list() {
		e.mutex.Lock()
		o.Runs = append(o.Runs, e.run)
		if s := e.sparkline(); len(s.Step) > 0 {
			o.Small[e.id] = s
		}
		e.mutex.Unlock()
	}
	c.mutex.Lock()
	o.Notes = slices.Clone(c.notes)
	sweeps := slices.Clone(c.sweeps)
	c.mutex.Unlock()
	for _, g := range sweeps {
		o.Sweeps = append(o.Sweeps, g.describe())
	}
	o.Reading = total(o.Runs)
	return o
}

func total(runs []Run) (r Reading) {
	for i := range runs {
		r.Bytes += runs[i].Reading.Bytes
		r.Of += runs[i].Reading.Of
	}
	return r
}

// publishing tells listeners what changes, until the context ends.
func (c *catalog) publishing(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if u, ok := c.update(); ok {
				// Nothing in it cannot be encoded.
				if data, err := json.Marshal(u); err == nil {
					c.hub.publish(data)
				}
			}
			c.forget()
		}
	}
}

// update gathers what changed since the last one; it is not ok where nothing did.
func (c *catalog) update() (u Update, ok bool) {
	list := c.list()
	runs := make([]Run, len(list))
	order := make([]string, len(list))
	for i, e := range list {
		e.mutex.Lock()
		runs[i], order[i] = e.run, e.id
		switch {
		case e.again:
			e.again = false
			if e.index != nil {
				e.index.New()
			}
			u.Points = append(u.Points, Points{Run: e.id, Again: true})
		case e.index != nil:
			if curves := e.index.New(); curves != nil {
				u.Points = append(u.Points, Points{Run: e.id, Curves: curves})
			}
		}
		e.mutex.Unlock()
	}
	for i := range runs {
		if news(c.toldRuns, order[i], &runs[i]) {
			u.Runs = append(u.Runs, runs[i])
		}
	}
	c.mutex.Lock()
	sweeps := slices.Clone(c.sweeps)
	c.mutex.Unlock()
	for _, g := range sweeps {
		if s := g.describe(); news(c.toldSweeps, s.ID, &s) {
			u.Sweeps = append(u.Sweeps, s)
		}
	}
	if !slices.Equal(order, c.toldOrder) {
		u.Order, c.toldOrder = order, order
		there := map[string]bool{}
		for _, id := range order {
			there[id] = true
		}
		maps.DeleteFunc(c.toldRuns, func(id string, _ []byte) bool { return !there[id] })
	}
	if r := total(runs); r != c.toldRead {
		u.Reading, c.toldRead = &r, r
	}
	return u, len(u.Runs)+len(u.Sweeps)+len(u.Order)+len(u.Points) > 0 || u.Reading != nil
}

// news says whether something is not what was told before.
func news(told map[string][]byte, id string, thing any) bool {
	text, err := json.Marshal(thing)
	if err != nil || slices.Equal(told[id], text) {
		return false
	}
	told[id] = text
	return true
}

// forget drops the curves of ended runs that were not asked for of late, where there are too many.
func (c *catalog) forget() {
	list := c.list()
	size := 0
	type candidate struct {
		e     *entry
		asked time.Time
		size  int
	}
	var candidates []candidate
	for _, e := range list {
		e.mutex.Lock()
		n := e.size()
		if size += n; n > 0 && e.result && time.Since(e.asked) > usedFor {
			candidates = append(candidates, candidate{e, e.asked, n})
		}
		e.mutex.Unlock()
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return a.asked.Compare(b.asked) })
	for _, it := range candidates {
		if size <= mostMemory {
			return
		}
		if it.e.drop() {
			size -= it.size
		}
	}
}

var errNoRun = errors.New("there is no such run: it may have been removed")

// use finds an entry and has its curve ready.
func (c *catalog) use(ctx context.Context, id string) (*entry, error) {
	e := c.entry(id)
	if e == nil {
		return nil, errNoRun
	}
	e.mutex.Lock()
	e.asked = time.Now()
	e.mutex.Unlock()
	if e.isDropped() {
		e.polling.Lock()
		defer e.polling.Unlock()
		if e.pick() {
			e.source.poll(ctx, e)
			e.mutex.Lock()
			e.again = false // it is what it was
			if e.index != nil {
				e.index.New()
			}
			e.mutex.Unlock()
		}
	}
	return e, nil
}

// draw returns a part of an entry's curve.
func (e *entry) draw(q curve.Query) (curve.Curve, error) {
	e.mutex.Lock()
	x, read := e.index, e.read
	if x == nil {
		e.mutex.Unlock()
		return curve.Curve{Losses: []string{}, Step: []int64{}, Steps: []int64{}, Min: curve.Numbers{}, Max: curve.Numbers{}, Mean: curve.Numbers{}}, nil
	}
	p, err := x.Part(q)
	e.mutex.Unlock()
	if err != nil {
		return curve.Curve{}, wrong("%w", err)
	}
	if err := p.Read(read); err != nil {
		return curve.Curve{}, err
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return x.Curve(p), nil
}

// unknown is a number that is not known.
func unknown() Number { return Number(math.NaN()) }
