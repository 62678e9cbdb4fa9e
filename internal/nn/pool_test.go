package nn

import (
	"sync/atomic"
	"testing"
	"time"

	"alrc/internal/model"
)

// A phase does each of its tasks once, whatever the threads, and is over when run returns; what a phase wrote, the next
// sees without any lock.
func TestPoolDoesEveryTaskOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := newPool(threads, func(*worker) {})
		var done [40]int
		tasks := 0
		ph := newPhase(threads,
			part{name: "first", tasks: func() int { return tasks / 3 }, run: func(_ *worker, task int) { done[task]++ }},
			part{name: "second", tasks: func() int { return tasks - tasks/3 }, run: func(_ *worker, task int) { done[tasks/3+task]++ }})
		const rounds = 500
		for round := range rounds {
			tasks = round % (len(done) + 1)
			p.run(&ph)
			if round%100 == 0 {
				time.Sleep(2 * time.Millisecond) // workers fall asleep, and are to wake up again
			}
		}
		p.close()
		for task, times := range done {
			want := 0
			for round := range rounds {
				if round%(len(done)+1) > task {
					want++
				}
			}
			if times != want {
				t.Fatalf("%d threads did task %d %d times, not %d", threads, task, times, want)
			}
		}
	}
}

// A slow worker is waited for, and the others do the rest.
func TestPoolWaitsForTheSlow(t *testing.T) {
	p := newPool(2, func(*worker) {})
	defer p.close()
	var done atomic.Int32
	ph := newPhase(2, part{name: "slow", tasks: func() int { return 8 }, run: func(_ *worker, task int) {
		if task == 7 {
			time.Sleep(20 * time.Millisecond)
		}
		done.Add(1)
	}})
	for range 5 {
		done.Store(0)
		p.run(&ph)
		if done.Load() != 8 {
			t.Fatal("a phase was over before its last task")
		}
	}
}

// The whole engine on several threads, small enough for the race detector.
func TestPoolTrains(t *testing.T) {
	options := Options{Batch: 3, Height: 12, Width: 12, Threads: 3, Loss: Loss{Power: 2, Scale: 1}, Optimizer: Optimizer{LearningRate: 1e-3}, manyThreads: true}
	e, err := New(model.Supersampler(0.05), options)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.Initialize(1)
	images, raw := make([]float32, 3*12*12*3), make([]float32, 3)
	for i := range images {
		images[i] = float32(i%7) - 3
	}
	var first float32
	for step := range 30 {
		if err := e.Step(images, images, raw, func(_, scales []float32) { fill(scales, 1) }); err != nil {
			t.Fatal(err)
		}
		if step == 0 {
			first = raw[0]
		}
	}
	if !(raw[0] < first/2) {
		t.Errorf("the loss went from %v to %v only", first, raw[0])
	}
}

func fill(list []float32, value float32) {
	for i := range list {
		list[i] = value
	}
}

// After a phase in which a worker was kept from its processor, the caller goes on alone for a while, and the next time for
// twice as long.
func TestPoolGoesOnAlone(t *testing.T) {
	p := newPool(2, func(*worker) {})
	defer p.close()
	var byOther, done atomic.Int32
	ph := newPhase(2, part{name: "any", tasks: func() int { return 8 }, run: func(w *worker, _ int) {
		done.Add(1)
		if w.index > 0 {
			byOther.Add(1)
		}
	}})
	for _, phases := range []int{leastPatience, 2 * leastPatience} {
		p.judge(true)
		for range phases {
			p.run(&ph)
		}
		if byOther.Load() != 0 || p.alone != 0 {
			t.Fatalf("the other worker did %d tasks, and %d phases are left to do alone", byOther.Load(), p.alone)
		}
	}
	if want := int32(8 * 3 * leastPatience); done.Load() != want {
		t.Errorf("%d tasks were done, not %d", done.Load(), want)
	}
	for range 2*p.patience + 1 {
		p.judge(false)
	}
	if p.patience != leastPatience {
		t.Errorf("after a while without, the patience is %d", p.patience)
	}
}
