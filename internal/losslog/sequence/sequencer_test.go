package sequence

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Rows that rise, which are taken many at a time, make the steps and the plan that they make one by one.
func TestPlainRowsAreTakenAsOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		fast, slow := New(Options{EndsAgain: true}), New(Options{EndsAgain: true, Openings: true}) // which has each row looked at
		var a, b Chunk
		step := int64(random.IntN(3))
		for range 1 + random.IntN(8) {
			var rows Rows
			rows.Reset()
			for range random.IntN(400) {
				switch random.IntN(300) {
				case 0:
					step = max(0, step-int64(random.IntN(100)))
				case 1:
					step = 0
				case 2:
				case 3:
					step = MissingStep
				default:
					step = max(step, -1) + 1 + int64(random.IntN(2))
				}
				loss := random.Float64()
				if random.IntN(50) == 0 {
					loss = math.Inf(1)
				}
				rows.Add(step, loss)
			}
			fast.Push(&rows, &a)
			slow.Push(&rows, &b)
		}
		fast.Flush(&a)
		slow.Flush(&b)
		if diff := cmp.Diff(b, a, cmp.AllowUnexported(Chunk{})); diff != "" {
			t.Fatal(diff)
		}
		plan, want := fast.Planned(), slow.Planned()
		if diff := cmp.Diff(want, plan, cmp.AllowUnexported(Plan{}, turn{}), cmp.Comparer(func(x, y float64) bool { return x == y || x != x && y != y })); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Rows that turn out to be of a damaged record leave nothing behind.
func TestTruncatedRows(t *testing.T) {
	var rows, want Rows
	for _, r := range []*Rows{&rows, &want} {
		r.Reset()
		r.InEpoch, r.Modal, r.Epoch = true, true, 2
		r.AddGrouped(1, 0.5, 7)
	}
	rows.AddGrouped(2, 0.25, 8)
	rows.Truncate(1)
	if diff := cmp.Diff(want, rows, cmp.AllowUnexported(Rows{})); diff != "" {
		t.Error(diff)
	}
}
