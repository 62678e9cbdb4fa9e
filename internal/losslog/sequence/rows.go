package sequence

import (
	"math"

	"alrc/internal/losslog/lexicon"
)

// MissingStep stands for the step of a record that has none, and CarriedStep for that of one whose step stands in a
// piece before.
const (
	MissingStep = math.MinInt64
	CarriedStep = math.MinInt64 + 1
)

// Rows are losses in the order of a log, as they are found in a piece of it.
type Rows struct {
	Steps  []int64
	Losses []float64
	// Groups tells the losses of one step from those of the next, where several rows make a step; else it is empty.
	Groups []uint64
	// epochs are those of the rows, where records tell them; else it is empty.
	epochs []float64

	// Carry is the last step of lines before those of losses, where carries says that there was one; Epoch the last epoch.
	Carry   int64
	Carries bool
	Epoch   float64
	InEpoch bool // rows have epochs
	// modes are what lines above the rows say that these are of, where Modal is true; Mode is the last one.
	modes []lexicon.Role
	Mode  lexicon.Role
	Modal bool
	// reopened are the rows before which openings of the log came again.
	reopened []reopened
}

// Reset empties the rows.
func (b *Rows) Reset() {
	*b = Rows{Steps: b.Steps[:0], Losses: b.Losses[:0], Groups: b.Groups[:0], epochs: b.epochs[:0], modes: b.modes[:0], reopened: b.reopened[:0], Epoch: math.NaN()}
}

// Add adds a row.
func (b *Rows) Add(step int64, loss float64) {
	b.Steps = append(b.Steps, step)
	b.Losses = append(b.Losses, loss)
	if b.InEpoch {
		b.epochs = append(b.epochs, b.Epoch)
	}
	if b.Modal {
		b.modes = append(b.modes, b.Mode)
	}
}

// AddGrouped adds a row of a group.
func (b *Rows) AddGrouped(step int64, loss float64, group uint64) {
	b.Add(step, loss)
	b.Groups = append(b.Groups, group)
}

// AddToGroup adds a row of a group to rows of which those before may have none: each of these is a step of its own.
func (b *Rows) AddToGroup(step int64, loss float64, group uint64) {
	b.groupAll()
	b.AddGrouped(step, loss, group)
}

// groupAll gives rows without a group one of their own.
func (b *Rows) groupAll() {
	for len(b.Groups) < len(b.Losses) {
		b.Groups = append(b.Groups, ^uint64(len(b.Groups)))
	}
}

// Grouped says whether rows have groups.
func (b *Rows) Grouped() bool { return len(b.Groups) > 0 }

// reopened says which openings came right before a row.
type reopened struct {
	row   int
	alike uint32
}

// Reopen notes openings that came again, a bit for each.
func (b *Rows) Reopen(alike uint32) {
	if alike == 0 {
		return
	}
	if n := len(b.reopened); n > 0 && b.reopened[n-1].row == len(b.Losses) {
		b.reopened[n-1].alike |= alike
		return
	}
	b.reopened = append(b.reopened, reopened{row: len(b.Losses), alike: alike})
}

// Drop takes the first n rows away.
func (b *Rows) Drop(n int) {
	b.Steps, b.Losses = b.Steps[n:], b.Losses[n:]
	b.Groups, b.epochs = b.Groups[min(n, len(b.Groups)):], b.epochs[min(n, len(b.epochs)):]
}

// Truncate keeps the first n rows.
func (b *Rows) Truncate(n int) {
	b.Steps, b.Losses, b.Groups = b.Steps[:n], b.Losses[:n], b.Groups[:min(n, len(b.Groups))]
	b.epochs, b.modes = b.epochs[:min(n, len(b.epochs))], b.modes[:min(n, len(b.modes))]
}
