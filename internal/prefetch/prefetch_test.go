package prefetch

import (
	"fmt"
	"testing"
)

func TestPrefetcher(t *testing.T) {
	failed := fmt.Errorf("step 7 failed")
	p := New(3, func() []int64 { return make([]int64, 1) }, func(step int64, batch []int64) error {
		batch[0] = step
		if step == 7 {
			return failed
		}
		return nil
	})
	for want := int64(3); want < 7; want++ {
		if batch, err := p.Next(); err != nil || batch[0] != want {
			t.Fatalf("got %v, %v; want %d", batch, err, want)
		}
	}
	for range 2 {
		if _, err := p.Next(); err != failed {
			t.Errorf("after the last batch: %v", err)
		}
	}
	p.Close()
	p.Close()
	if _, err := p.Next(); err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
}
