package job_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
)

// bakery is a service in memory: it bakes a loaf in a moment, burns those of flour "rye", and takes for ever over whole
// grain.
type bakery struct{ started time.Time }

// Fetch implements job.Source.
func (b *bakery) Fetch(ctx context.Context, refs []job.Ref) iter.Seq2[job.Snapshot, error] {
	return func(yield func(job.Snapshot, error) bool) {
		for _, ref := range refs {
			s := job.Snapshot{Ref: ref, Phase: job.PhaseRunning, Raw: "baking", Started: b.started, Observed: time.Now()}
			if time.Since(b.started) > 20*time.Millisecond && ref.Parent != "whole grain" {
				s.Phase, s.Raw, s.Finished = job.PhaseSucceeded, "baked", b.started.Add(20*time.Millisecond)
				if ref.Parent == "rye" {
					s.Phase, s.Raw = job.PhaseFailed, "burnt"
					s.Failure = &job.Failure{Origin: "oven", Message: "too hot"}
				}
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

// MaxBatch implements job.Source: one call tells about any number of loaves.
func (b *bakery) MaxBatch() int { return 0 }

// Cancel implements job.Canceler.
func (b *bakery) Cancel(context.Context, job.Ref) error { return nil }

func newPoller() *job.Poller {
	return job.NewPoller(&bakery{started: time.Now()}, job.Options{
		Service:   "bakery",
		Origin:    "https://bakery.example",
		Intervals: job.Intervals{Min: time.Millisecond, Max: 5 * time.Millisecond, MaxAlone: 5 * time.Millisecond},
	})
}

func loaf(id, flour string) job.Snapshot {
	return job.Snapshot{Ref: job.Ref{Service: "bakery", Kind: "loaf", ID: id, Parent: flour}}
}

// A client of a service makes one poller and hands out jobs.
func ExampleNewPoller() {
	poller := newPoller()
	last, err := poller.Job(loaf("1", "wheat")).Wait(context.Background())
	fmt.Println(last, err)
	// Output: bakery loaf 1: succeeded (baked) <nil>
}

func ExampleJob_Wait() {
	poller := newPoller()
	_, err := poller.Job(loaf("2", "rye")).Wait(context.Background(), job.MaxWait(time.Minute))
	if _, ok := errors.AsType[*job.FailedError](err); ok {
		fmt.Println(err)
	}
	// Output: bakery loaf 2 failed: oven: too hot
}

func ExampleJob_Watch() {
	poller := newPoller()
	for s, err := range poller.Job(loaf("3", "wheat")).Watch(context.Background()) {
		if s.Raw != "" {
			fmt.Println(s.Raw, err)
		}
	}
	// Output:
	// baking <nil>
	// baked <nil>
}

func ExampleWaitAll() {
	poller := newPoller()
	jobs := []*job.Job{poller.Job(loaf("4", "wheat")), poller.Job(loaf("5", "rye")), poller.Job(loaf("6", "spelt"))}
	for done, err := range job.WaitAll(context.Background(), jobs) {
		fmt.Println(done.Snapshot, err)
	}
	// Unordered output:
	// bakery loaf 4: succeeded (baked) <nil>
	// bakery loaf 5: failed (burnt) bakery loaf 5 failed: oven: too hot
	// bakery loaf 6: succeeded (baked) <nil>
}

func ExamplePoller_Resume() {
	token := newPoller().Job(loaf("7", "wheat")).Token().String() // into a database row

	parsed, err := job.ParseToken(token) // in another process
	if err != nil {
		fmt.Println(err)
		return
	}
	loaf, err := newPoller().Resume(parsed)
	if err != nil {
		fmt.Println(err)
		return
	}
	last, err := loaf.Wait(context.Background())
	fmt.Println(last, err)
	// Output: bakery loaf 7: succeeded (baked) <nil>
}

func ExampleWaitError() {
	poller := newPoller()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := poller.Job(loaf("8", "whole grain")).Wait(ctx)
	var stopped *job.WaitError
	if errors.As(err, &stopped) && errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("still", stopped.Last.Raw)
	}
	// Output: still baking
}
