package experiment

import (
	"testing"
)

// A network counts as dead when a layer was found dead at every look for long enough, from the first of them on, and
// is alive again when one look finds it so.
func TestDeath(t *testing.T) {
	engine := &fake{}
	r := &run{engine: engine}
	take := func(steps int64) {
		for range steps {
			r.step++
			r.lookForDeath()
		}
	}
	take(100)
	engine.dead = "outer.first"
	take(deadEvery * (deadLooks - 1))
	if r.history.dead() != nil {
		t.Error("it is dead before it was looked at often enough")
	}
	take(deadEvery)
	if dead := r.history.dead(); dead == nil || dead.Layer != "outer.first" || dead.Step != 100+deadEvery {
		t.Errorf("it is dead as %+v, want layer outer.first since step %d", dead, 100+deadEvery)
	}
	engine.dead = ""
	take(deadEvery)
	if r.history.Death != nil {
		t.Error("it stays dead")
	}
}
