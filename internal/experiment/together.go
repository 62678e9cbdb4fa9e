package experiment

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"alrc/internal/runfolder"
)

// Member is one of several runs that are trained together.
type Member struct {
	Dir  string
	Data *DataSet
	// Observe, where not nil, is called after every step, and Finish when the run is done or stopped: both from the run's own
	// goroutine.
	Observe func(Progress)
	Finish  func()
}

// TrainTogether works on runs as [Train] does, each with an Observe of its own, and returns their results in their order. As many runs go on side by side as
// there are threads, which are shared out among them: two runs on a thread each get further than one after the other on two
// threads. An engine that is not this module's own, and shares out threads or devices itself, trains one run at a time.
//
// When the context ends, all runs save their work. When a run fails, those beside it save theirs and stop, and the error
// is that of the run that failed.
func TrainTogether(ctx context.Context, members []Member, o Options) ([]*runfolder.Result, error) {
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	results := make([]*runfolder.Result, len(members))
	var waiting []int
	abreast := threads
	for i, member := range members {
		if result, err := runfolder.ReadResult(member.Dir); err == nil {
			results[i] = result
			continue
		}
		specification, err := Read(member.Dir)
		if err != nil {
			return nil, err
		}
		if specification.Engine != "cpu" {
			abreast = 1
		}
		waiting = append(waiting, i)
	}
	for len(waiting) > 0 {
		count := min(abreast, len(waiting))
		if err := trainSideBySide(ctx, members, waiting[:count], results, o, threads); err != nil {
			return nil, err
		}
		waiting = waiting[count:]
	}
	return results, nil
}

// trainSideBySide works on the members of some numbers at the same time.
func trainSideBySide(ctx context.Context, members []Member, numbers []int, results []*runfolder.Result, o Options, threads int) error {
	together, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	failures := make([]error, len(numbers))
	for i, number := range numbers {
		own := o
		own.Threads = threads*(i+1)/len(numbers) - threads*i/len(numbers)
		running.Add(1)
		go func() {
			defer running.Done()
			member := members[number]
			own.Observe = member.Observe
			result, err := Train(together, member.Dir, member.Data, own)
			if member.Finish != nil {
				member.Finish()
			}
			results[number] = result
			if err != nil && !errors.Is(err, context.Canceled) {
				failures[i] = err
			}
			if err != nil {
				stop()
			}
		}()
	}
	running.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return ctx.Err()
}
