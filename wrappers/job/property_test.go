package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// fault is what goes wrong with one call.
type fault int

const (
	none fault = iota
	broken
	limited
	odd
	unknown
	absent
	backward // a stale answer: pending
	half     // the first half of the answer, then an error
	lost     // a feed that forgets its rows, with no error
)

// plan is one random history of a service.
type plan struct {
	latency time.Duration
	batch   int
	feed    bool
	jobs    []simJob
	faults  []fault // of the first calls, in their order
	giveUp  time.Duration
}

var plans = rapid.Custom(func(t *rapid.T) plan {
	p := plan{
		latency: time.Duration(rapid.IntRange(0, 3000).Draw(t, "latency")) * time.Millisecond,
		batch:   rapid.IntRange(0, 3).Draw(t, "batch"),
		feed:    rapid.Bool().Draw(t, "feed"),
		faults:  rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fault { return fault(rapid.IntRange(0, int(lost)).Draw(t, "fault")) }), 0, 12).Draw(t, "faults"),
		giveUp:  time.Duration(rapid.IntRange(0, 4000).Draw(t, "giveUp")) * time.Second,
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "jobs") {
		j := simJob{ref: ref(itoa(i)), final: rapid.SampledFrom([]Phase{PhaseSucceeded, PhaseFailed, PhaseCanceled}).Draw(t, "final")}
		j.run = time.Duration(rapid.IntRange(0, 20).Draw(t, "run")) * time.Second
		j.end = j.run + time.Duration(rapid.IntRange(0, 2000).Draw(t, "end"))*time.Second
		p.jobs = append(p.jobs, j)
	}
	return p
})

// chaos is a source that follows a plan and checks what it is asked.
type chaos struct {
	plan
	zero time.Time

	mu        sync.Mutex
	calls     int
	lastFault time.Time
	told      map[string]time.Time // when the end of a job was yielded first
	complaint error
}

func (c *chaos) begin(refs []Ref) fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range refs {
		if at, ok := c.told[r.ID]; ok && time.Now().After(at) {
			c.complaint = fmt.Errorf("%v was polled after its end was told", r)
		}
	}
	c.calls++
	if c.calls > len(c.faults) {
		return none
	}
	return c.faults[c.calls-1]
}

func (c *chaos) answer(ctx context.Context, refs []Ref, f fault) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		err := sleep(ctx, c.latency)
		if f != none {
			c.mu.Lock()
			c.lastFault = time.Now()
			c.mu.Unlock()
		}
		switch {
		case err != nil:
		case f == broken:
			err = &apierr.Error{Kind: apierr.KindUnavailable}
		case f == limited:
			err = &apierr.Error{Kind: apierr.KindRateLimited, RetryAfter: 20 * time.Second}
		case f == odd:
			err = errors.New("odd")
		}
		if err != nil {
			yield(Snapshot{}, err)
			return
		}
		if f == absent || f == lost {
			return
		}
		for i, r := range refs {
			if f == half && i >= len(refs)/2 {
				yield(Snapshot{}, &apierr.Error{Kind: apierr.KindTimeout})
				return
			}
			k := slices.IndexFunc(c.jobs, func(j simJob) bool { return j.ref == r })
			s := Snapshot{Ref: r, Phase: PhasePending, Raw: "pending"}
			at := time.Since(c.zero)
			switch j := c.jobs[k]; {
			case f == unknown:
				s.Phase, s.Raw = PhaseUnknown, "paused"
			case f == backward, at < j.run:
			case at < j.end:
				s.Phase, s.Raw = PhaseRunning, "running"
			default:
				s.Phase, s.Raw = j.final, "done"
				c.mu.Lock()
				if _, ok := c.told[r.ID]; !ok {
					c.told[r.ID] = time.Now()
				}
				c.mu.Unlock()
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (c *chaos) MaxBatch() int { return c.batch }

func (c *chaos) Fetch(ctx context.Context, refs []Ref) iter.Seq2[Snapshot, error] {
	return c.answer(ctx, refs, c.begin(refs))
}

type chaosFeed struct{ *chaos }

func (c chaosFeed) Changes(ctx context.Context, _ []Ref, since time.Time) iter.Seq2[Snapshot, error] {
	var refs []Ref
	f := c.begin(nil)
	for _, j := range c.jobs {
		for _, at := range []time.Duration{0, j.run, j.end} {
			// What changes while the call runs may be in the answer, or be left to the next.
			if at >= since.Sub(c.zero)-c.latency && at <= time.Since(c.zero)+c.latency && !slices.Contains(refs, j.ref) {
				refs = append(refs, j.ref)
			}
		}
	}
	return c.answer(ctx, refs, f)
}

func (c chaosFeed) Unfinished(ctx context.Context, _ []Ref) iter.Seq2[Snapshot, error] {
	var refs []Ref
	f := c.begin(nil)
	for _, j := range c.jobs {
		if time.Since(c.zero) < j.end {
			refs = append(refs, j.ref)
		}
	}
	return c.answer(ctx, refs, f)
}

// Whatever goes wrong: a wait ends in the very moment in which the end of its job is told or its context ends; the end is
// told within one tick of when it comes, once the faults have passed; nobody polls for a job whose end was told; and no
// wait succeeds but with a snapshot that says so.
func TestWaitProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := plans.Draw(rt, "plan")
		var complaint error
		synctest.Test(t, func(t *testing.T) { complaint = p.play(t) })
		if complaint != nil {
			rt.Fatal(complaint)
		}
	})
}

func (p plan) play(t *testing.T) (complaint error) {
	c := &chaos{plan: p, zero: time.Now(), told: map[string]time.Time{}}
	var source Source = c
	if p.feed {
		source = chaosFeed{c}
	}
	bounds := Intervals{Min: time.Second, Max: 5 * time.Second, MaxAlone: 20 * time.Second}
	// Grace enough that no wait is given up.
	poller := NewPoller(source, Options{Service: "sim", Intervals: bounds, UnknownGrace: 24 * time.Hour, Tolerance: Tolerance{For: 24 * time.Hour}})
	ctx, cancel := context.WithTimeout(t.Context(), p.giveUp)
	defer cancel()
	tick := max(bounds.MaxAlone, maxBackoff)*11/10 + 20*time.Second + time.Duration(2+len(p.jobs))*p.latency
	// A feed that loses the end of a job, or that is believed to begin after a stale answer, is found out by the audit.
	if p.feed && slices.ContainsFunc(p.faults, func(f fault) bool { return f == lost || f == absent || f == backward }) {
		tick += 11*time.Minute + bounds.MaxAlone
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	complain := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		complaint = errors.Join(complaint, fmt.Errorf(format, args...))
	}
	for _, j := range p.jobs {
		group.Go(func() {
			s, err := poller.Job(Snapshot{Ref: j.ref}).Wait(ctx)
			now := time.Now()
			c.mu.Lock()
			told, ended := c.told[j.ref.ID]
			due := c.lastFault
			c.mu.Unlock()
			if end := c.zero.Add(j.end); end.After(due) {
				due = end
			}
			if (err == nil) != (s.Phase == PhaseSucceeded) || s.Phase.Final() && s.Phase != j.final {
				complain("%v: %v with %v", j.ref, s.Phase, err)
			}
			var we *WaitError
			switch {
			case s.Phase.Final():
				if !now.Equal(told) || now.After(due.Add(tick)) {
					complain("%v ended %v after its end was told, %v after it could be known", j.ref, now.Sub(told), now.Sub(due))
				}
			case !errors.As(err, &we) || !errors.Is(err, context.DeadlineExceeded) || now.Sub(c.zero) != p.giveUp:
				complain("%v gave up after %v with %v", j.ref, now.Sub(c.zero), err)
			case ended && told.Before(now), now.After(due.Add(tick)):
				complain("%v did not notice its end, which could be known %v before", j.ref, now.Sub(due))
			}
		})
	}
	group.Wait()
	return errors.Join(complaint, c.complaint)
}
