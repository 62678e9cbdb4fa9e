package sequence

import (
	"cmp"
	"math"
	"slices"

	"alrc/internal/losslog/lexicon"
)

// turn says that the counter of steps went back: to step, at row.
type turn struct {
	row, step int64
	before    int64   // the step of the row before
	most      int64   // the highest step before
	toStart   bool    // it went back to where the log began, or before
	rose      bool    // the epoch rose
	fell      bool    // the epoch fell
	epoch     float64 // that of the row before
	same      bool    // the record was there before, with this loss
	gap       int64   // the last distance between steps before
	end       float64 // the mean of the last losses before
	begin     float64 // the mean of the first losses after
	leap      float64 // the first one
	last      float64 // the last loss before
	// since, if not 0, is the row from which on records before this turn are of a start that came to nothing: the counter went back to
	// its beginning, and from there to where the run was resumed.
	since int64
}

// turns watches the step counter for runs that were resumed, runs that follow one another in a log, and counters that begin
// anew in each epoch: the counter goes back, and goes on from there until it is where it was, or the log ends. A single
// record of an earlier step (a validation, a worker that was late) is none of these.
type turns struct {
	recent [1024]int64
	losses [1024]float64
	count  int64
	most   int64  // the highest step so far
	still  int    // records of the first run with the step of the one before
	stubs  int    // of these, the log's first ones: runs that ended after one record
	stills []turn // of these, the others, where the counter may have gone back to the step before
	gap    int64  // the last distance between steps
	widest int64  // the largest one
	all    []turn

	back     bool
	from     turn
	last     int64
	stride   int64 // the last distance since
	rows     int
	repeated bool
	first    int64
	opening  float64 // the log's first loss
	epoch    float64
	start    float64 // the mean of its first losses
	started  int
	begun    int  // losses after the turn at hand
	loose    bool // distances between steps tell nothing
	shares   bool // steps are epochs with shares of the next one, which no run begins anew
	jump     turn // where the counter may have gone on from its beginning to a resumption
	jumped   bool // at the last row
	there    bool // its step was there before

	part, repeats, tail int64 // rows since the counter last went back; those with the step of the one before; of these, the last ones
	tested              []span
}

// mostTurns bounds what is kept of a counter that goes back again and again.
const mostTurns = 10_000

// levelOf is how many losses are averaged at the beginning of a part.
const levelOf = 5

func (r *turns) see(step, row int64, loss, epoch float64) {
	r.seeEnd(step, row)
	if r.jumped {
		if r.jumped = false; step > r.last && step-r.last <= max(1, r.widest) {
			r.from, r.repeated, r.rows, r.begun = r.jump, r.there, 1, 0
		}
	}
	switch {
	case r.count == 0:
		r.first, r.most, r.opening = step, step, loss
	case !r.back && step >= r.most:
		if step > r.most {
			r.gap = step - r.most
			r.widest = max(r.widest, r.gap)
		} else {
			if r.still++; step == r.first {
				r.stubs++
			} else if len(r.stills) < mostTurns {
				r.stills = append(r.stills, turn{row: row, step: step, before: step, most: step})
			}
		}
		r.most = step
	case !r.back:
		r.turn(step, row, epoch)
		r.from.same = r.hadLoss(step, loss)
	case step > r.most && step-r.most <= max(1, r.widest) && r.jumps(step):
		later := r.landing(step, row)
		r.end(false, step)
		r.all = append(r.all, later)
	case step > r.most:
		r.end(step-r.last <= max(1, r.gap) || r.rows > 2 && step-r.last <= max(r.stride, r.widest) || r.loose && r.rows > 1 || r.shares && r.from.toStart && step-r.most > r.widest, step)
	case step < r.last:
		r.end(r.rows >= 3 || r.rows == 2 && r.from.toStart, step)
		r.turn(step, row, epoch)
	case step == r.from.step && step == r.last && r.from.toStart && r.still == 0 && !r.loose:
		// A run that ended at once, and was begun again.
		again := r.from
		r.turn(step, row, epoch)
		r.from.before, r.from.end, r.from.rose, r.from.fell = again.before, again.end, again.rose, again.fell
	default:
		if r.jumps(step) {
			r.jump, r.jumped, r.there = r.landing(step, row), true, r.seen(step)
		}
		r.stride, r.last = step-r.last, step
		if r.rows++; r.rows == 2 && !r.from.fell && epoch > r.from.epoch {
			r.from.rose = true // an epoch may be counted from the second record on
		}
		r.repeated = r.repeated || r.seen(step)
	}
	if r.started < levelOf && loss-loss == 0 {
		r.started++
		r.start += (loss - r.start) / float64(r.started)
	}
	if r.back && r.begun < levelOf && loss-loss == 0 {
		if r.begun++; r.begun == 1 {
			r.from.leap = loss
		}
		r.from.begin += (loss - r.from.begin) / float64(r.begun)
	}
	if epoch == epoch {
		r.epoch = epoch
	}
	i := r.count % int64(len(r.recent))
	r.recent[i], r.losses[i] = step, loss
	r.count++
}

// rise does what see does with the first of rows without epochs, for as long as the counter rises, and returns how many these are.
func (r *turns) rise(steps []int64, losses []float64) int {
	if r.count == 0 || r.back || r.jumped || r.started < levelOf {
		return 0
	}
	n := 0
	for ; n < len(steps) && steps[n] > r.most; n++ {
		r.gap = steps[n] - r.most
		r.widest = max(r.widest, r.gap)
		r.most = steps[n]
	}
	for from := 0; from < n; { // as much as fits before the ring's end
		at := int(r.count % int64(len(r.recent)))
		k := copy(r.recent[at:], steps[from:n])
		copy(r.losses[at:], losses[from:n])
		from += k
		r.count += int64(k)
	}
	if r.part += int64(n); n > 0 {
		r.tail = 0
	}
	return n
}

// seeEnd watches for losses below the last step of a run.
func (r *turns) seeEnd(step, row int64) {
	switch {
	case r.count == 0:
	case step < r.before():
		r.addEnd(row)
		r.part, r.repeats, r.tail = 0, 0, 0
	case step == r.before():
		r.repeats++
		r.tail++
	default:
		r.tail = 0
	}
	r.part++
}

// addEnd notes the rows before one that stand below the last step of a run, if few do, and each step before has one.
func (r *turns) addEnd(row int64) {
	const most, fewestSteps = 3, 4
	if r.tail > 0 && r.tail <= most && r.repeats == r.tail && r.part-r.tail >= fewestSteps && len(r.tested) < mostTurns {
		r.tested = append(r.tested, span{row - r.tail, row})
	}
}

// ends returns the rows that stand below the last step of a run, where others have one step each.
func (r *turns) ends() []span {
	r.addEnd(r.count)
	return r.tested
}

// jumps says whether the counter goes on from its beginning with a leap, as to where an earlier run left off.
func (r *turns) jumps(step int64) bool {
	gap := max(1, r.widest)
	return r.from.toStart && !r.loose && r.most-r.first >= 10*gap && step-r.last > 2*max(gap, r.stride) && len(r.all) < mostTurns
}

// landing is the turn of a counter that leapt to a step.
func (r *turns) landing(step, row int64) turn {
	return turn{row: row, step: step, before: r.before(), most: r.most, end: r.level(), since: r.from.row}
}

// turn begins to watch a counter that went back.
func (r *turns) turn(step, row int64, epoch float64) {
	r.from = turn{row: row, step: step, before: r.before(), most: r.most, gap: r.gap, toStart: step <= r.first+r.startsWithin(), end: r.level(), epoch: math.NaN(),
		last: r.losses[(r.count-1)%int64(len(r.losses))]}
	if r.count > 0 && epoch == epoch {
		r.from.rose, r.from.fell, r.from.epoch = epoch > r.epoch, epoch < r.epoch, r.epoch
	}
	r.back, r.last, r.rows, r.begun, r.stride = true, step, 1, 0, 0
	r.repeated = r.seen(step)
}

// startsWithin is how far from the log's first step a run may begin. Where many steps were taken, this includes the second one: no
// run is resumed from the first.
func (r *turns) startsWithin() int64 {
	const many = 10
	if r.gap > 0 && r.most-r.first >= many*r.gap {
		return r.gap
	}
	return max(0, r.gap-1)
}

// before is the step of the last row.
func (r *turns) before() int64 { return r.recent[(r.count-1)%int64(len(r.recent))] }

// level is the mean of the last losses.
func (r *turns) level() float64 {
	sum, n := 0.0, 0.0
	for k := int64(1); k <= levelOf && k <= r.count; k++ {
		if loss := r.losses[(r.count-k)%int64(len(r.losses))]; loss-loss == 0 {
			sum += loss
			n++
		}
	}
	return sum / n
}

// end ends the watch; on says that the counter went on as a resumed run's does, or a new run's.
func (r *turns) end(on bool, next int64) {
	if r.back && on && (r.repeated || r.from.toStart || r.from.rose) && len(r.all) < mostTurns {
		r.all = append(r.all, r.from)
		// What is above from here on is measured from this part on.
		r.most = max(r.last, next)
		if next <= r.last {
			r.most = r.last
		}
	} else if r.back {
		r.most = max(r.most, next)
	}
	r.back = false
}

// seen says whether a step was there: among the last ones, or before all of these.
func (r *turns) seen(step int64) bool {
	kept := min(r.count, int64(len(r.recent)))
	lowest := r.most
	for _, recent := range r.recent[:kept] {
		if recent == step {
			return true
		}
		lowest = min(lowest, recent)
	}
	return step < lowest && r.count > kept && step >= r.first
}

// hadLoss says whether one of the last records had this step and loss.
func (r *turns) hadLoss(step int64, loss float64) bool {
	kept := min(r.count, int64(len(r.recent)))
	for i, recent := range r.recent[:kept] {
		if recent == step && r.losses[i] == loss {
			return true
		}
	}
	return false
}

// finish returns what the turns of the counter mean. A counter that begins anew while the epoch rises counts the batches of an
// epoch, and so does one whose parts are equally long, or whose losses go on where they were; else the parts are runs.
func (r *turns) finish(kind lexicon.CounterKind) (p Plan) {
	again := int64(0)
	// A last record of the first step is of a run that ended at once: in a long log, or behind other runs.
	counts := kind == lexicon.Counts || kind == lexicon.Epochs
	several := slices.ContainsFunc(r.all, func(t turn) bool { return t.toStart && !t.rose })
	stub := counts && r.from.toStart && !r.from.rose && (several || kind == lexicon.Counts && len(r.all) == 0 && r.count > 20)
	if r.back && r.rows == 1 && (r.from.same || stub) {
		again = r.from.row + 1
	}
	const fewest = 20
	if len(r.stills) == 1 && r.still == 1 && r.stills[0].row == r.count-1 && r.count > fewest && counts {
		again = r.count // a summary of the last step, where no other step was told twice
	}
	p = r.meaning(kind)
	p.again, p.stub, p.all = again, r.from.toStart && counts, r.all
	if r.stubs > 0 && r.stubs == r.still && r.count > 2*int64(r.stubs)+8 && !p.Ordinal {
		// Runs that ended after one record, and one that went on.
		begins := []int64{0}
		for i := range r.stubs {
			begins = append(begins, int64(i+1))
		}
		p.begins = append(begins, p.begins[min(1, len(p.begins)):]...)
	}
	return p
}

// withEpochs is finish where the epochs of all rows are known: a counter of batches tells with these of runs that were resumed, or
// follow one another.
func (r *turns) withEpochs(parts *turns, kind lexicon.CounterKind, uncounted bool) Plan {
	p := r.finish(kind)
	if !p.Ordinal && !uncounted || parts.count != r.count {
		return p
	}
	q := parts.finish(lexicon.Counts)
	if q.Ordinal {
		return p
	}
	q.again, q.stub, q.all = p.again, p.stub, p.all
	q.Ordinal, q.InEpochs = true, true
	return q
}

func (r *turns) meaning(kind lexicon.CounterKind) (p Plan) {
	r.end(r.rows >= 2 || r.from.toStart && r.from.rose, r.last)
	var starts, others []turn
	for _, t := range r.all {
		if t.toStart {
			starts = append(starts, t)
		} else {
			others = append(others, t)
		}
	}
	if len(starts) == 0 {
		// A counter may begin each epoch a little later than the first.
		rising := 0
		for _, t := range others {
			if t.rose {
				rising++
			}
		}
		if rising*2 > len(others) && (len(others) > 1 || kind == lexicon.Batches || kind == lexicon.Positions) {
			return Plan{Ordinal: true}
		}
		return Plan{resumed: r.withStills(others)}
	}
	if r.cyclic(starts, kind) {
		return Plan{Ordinal: true}
	}
	p.begins = []int64{0}
	for _, t := range starts {
		p.begins = append(p.begins, t.row)
	}
	p.resumed = r.withStills(others)
	return p
}

// withStills adds to resumptions those that did anew no more than the last step, where a log has many, and seldom tells a step twice.
func (r *turns) withStills(resumed []turn) []turn {
	if len(resumed) < 3 || int64(len(r.stills))*10 > r.count {
		return resumed
	}
	all := append(slices.Clone(resumed), r.stills...)
	slices.SortFunc(all, func(a, b turn) int { return cmp.Compare(a.row, b.row) })
	return all
}

// cyclic says whether a counter that begins anew counts the batches of an epoch.
func (r *turns) cyclic(starts []turn, kind lexicon.CounterKind) bool {
	rose, fell, alike, onward := 0, 0, 0, 0
	longest := int64(math.MinInt64) // where the parts before the last one ended
	for i, t := range starts {
		longest = max(longest, t.before+2*max(1, t.gap))
		switch {
		case t.rose:
			rose++
		case t.fell:
			fell++
		}
		if i > 0 && absolute(t.before-starts[i-1].before) <= 2*max(1, r.gap) {
			alike++
		}
		if math.Abs(t.begin-t.end) < math.Abs(t.begin-r.start) {
			onward++
		}
	}
	switch n := len(starts); {
	case r.shares:
		return false
	case rose+fell > 0:
		return rose > fell
	case r.before() > longest:
		return false // no epoch is longer than those before
	case n >= 2 && alike == n-1:
		return !r.fallsAnew(starts) && (onward*3 >= n || kind == lexicon.Batches || kind == lexicon.Positions)
	case kind == lexicon.Batches || kind == lexicon.Positions:
		return onward*3 >= n
	default:
		return n == 1 && absolute(starts[0].before-r.last) <= max(1, r.gap) && onward == 1 && math.Abs(starts[0].leap-starts[0].end) < math.Abs(starts[0].leap-r.start)
	}
}

// fallsAnew says whether the loss of each part fell far, and was back near the log's first one where the next part began.
func (r *turns) fallsAnew(starts []turn) bool {
	return !slices.ContainsFunc(starts, func(t turn) bool {
		fallen := r.opening - t.last
		return !(fallen > 0.25*math.Abs(r.opening) && t.leap-t.last > 0.6*fallen)
	})
}

func absolute(n int64) int64 { return max(n, -n) }
