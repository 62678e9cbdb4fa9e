package experiment

import (
	"context"
	"errors"
	"strings"
	"testing"

	"alrc/internal/runfolder"
)

func TestRunsTogetherAreRunsAlone(t *testing.T) {
	data := testData()
	for _, threads := range []int{1, 2, 5} {
		var members []Member
		var alone []string
		for _, clip := range []string{"none", "alrc:2", "alrc:3"} {
			s := fakeSpecification(clip, 120)
			s.Engine, s.Width, s.Optimizer = "cpu", 0.05, Default().Optimizer
			dir := begin(t, s, data)
			train(t, dir, data)
			alone = append(alone, dir)
			members = append(members, Member{Dir: begin(t, s, data), Data: data})
		}
		// One is done before, and is returned as it is.
		train(t, members[1].Dir, data)
		finished := 0
		members[1].Finish = func() { finished++ }
		results, err := TrainTogether(context.Background(), members, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if finished != 0 {
			t.Error("a run that was done is finished again")
		}
		for i, member := range members {
			checkSame(t, alone[i], member.Dir)
			if results[i] == nil || results[i].Clip != []string{"none", "alrc:2", "alrc:3"}[i] {
				t.Errorf("result %d is %+v", i, results[i])
			}
		}
	}
}

// A run that fails stops those beside it, which save what they have and can go on.
func TestFailureStopsRunsTogether(t *testing.T) {
	s := fakeSpecification("alrc:2", 1_000_000)
	s.Engine, s.Width, s.Optimizer = "cpu", 0.05, Default().Optimizer
	under50 := make(chan struct{})
	// The second run's images can be read until the first has taken 50 steps.
	broken := testData()
	broken.Train = failing{photographs{count: 40}, under50}
	members := []Member{{Dir: begin(t, s, testData()), Data: testData()}, {Dir: begin(t, s, broken), Data: broken}}
	members[0].Observe = func(p Progress) {
		if p.Step == 50 {
			close(under50)
		}
	}
	_, err := TrainTogether(context.Background(), members, Options{Threads: 2})
	if err == nil || !strings.Contains(err.Error(), "no more pictures") || !strings.Contains(err.Error(), members[1].Dir) {
		t.Fatalf("error %v", err)
	}
	if saved := contents(t, members[0].Dir, runfolder.CheckpointFile); saved == "" {
		t.Error("the run beside the one that failed was not saved")
	}
}

// failing is images that cannot be read any more once a channel is closed.
type failing struct {
	photographs
	closed chan struct{}
}

func (f failing) Read(i int, pixels []float32) error {
	select {
	case <-f.closed:
		return errors.New("no more pictures")
	default:
		return f.photographs.Read(i, pixels)
	}
}
