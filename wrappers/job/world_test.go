package job

import (
	"cmp"
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"time"
)

// The simulated service: job durations are lognormal around the typical duration of their connection, a request
// takes roundTrip and reads the server's state half way, lists give pageSize rows in sequence.
const (
	roundTrip = 120 * time.Millisecond
	pageSize  = 100
	lookBack  = 5 * time.Second
	medianMu  = 5.192956850889736 // ln 180 s
	betweenSD = 0.95
	withinSD  = 0.30
)

// simJob is one job of the simulation; times are offsets from the world's start.
type simJob struct {
	ref             Ref
	start, run, end time.Duration
	final           Phase
	past            []time.Duration
}

// world is a service with jobs whose fate is settled. It implements [Source] only; see feedWorld.
type world struct {
	seed    uint64
	zero    time.Time
	jobs    map[string]*simJob
	list    []*simJob
	foreign int // rows of other people's jobs for each own one
	batch   int

	updates []update // by time: every state change of every job
	ends    []update // those that are ends

	mu       sync.Mutex
	requests int
	buckets  map[int64]int // requests by second
}

type update struct {
	at  time.Duration
	job *simJob
}

func newWorld(n int, window time.Duration, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{seed: seed, zero: time.Now(), jobs: make(map[string]*simJob), foreign: 1, batch: 1, buckets: make(map[int64]int)}
	seconds := func(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }
	for i := range n {
		mu := medianMu + betweenSD*r.NormFloat64()
		draw := func() time.Duration { return seconds(math.Exp(mu + withinSD*r.NormFloat64())) }
		d := draw()
		j := &simJob{ref: Ref{Service: "sim", Kind: "sync", ID: itoa(i), Parent: "c" + itoa(i), Scope: "w"},
			start: time.Duration(r.Float64() * float64(window))}
		for range 5 {
			j.past = append(j.past, draw())
		}
		j.run = j.start + min(d, seconds(2+6*r.Float64()))
		j.end = j.start + d
		switch x := r.Float64(); {
		case x < .92:
			j.final = PhaseSucceeded
		case x < .98:
			j.final = PhaseFailed
		default:
			j.final = PhaseCanceled
		}
		w.jobs[j.ref.ID] = j
		w.list = append(w.list, j)
		w.updates = append(w.updates, update{j.start, j}, update{j.run, j}, update{j.end, j})
		w.ends = append(w.ends, update{j.end, j})
	}
	byTime := func(a, b update) int { return cmp.Compare(a.at, b.at) }
	slices.SortFunc(w.updates, byTime)
	slices.SortFunc(w.ends, byTime)
	return w
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + string(rune('0'+i%10))
}

// request is one round trip; it returns the server's time at which the state was read.
func (w *world) request(ctx context.Context) (time.Duration, error) {
	at := w.count()
	if err := sleep(ctx, roundTrip); err != nil {
		return 0, err
	}
	return at + roundTrip/2, nil
}

func (w *world) count() time.Duration {
	at := time.Since(w.zero)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	w.buckets[int64(at/time.Second)]++
	return at
}

func (w *world) peak() (most int) {
	for _, n := range w.buckets {
		most = max(most, n)
	}
	return most
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *world) snapshot(j *simJob, at time.Duration) Snapshot {
	s := Snapshot{Ref: j.ref, Created: w.zero.Add(j.start), Observed: time.Now()}
	switch {
	case at < j.run:
		s.Phase, s.Updated = PhasePending, w.zero.Add(j.start)
	case at < j.end:
		s.Phase, s.Updated = PhaseRunning, w.zero.Add(j.run)
	default:
		s.Phase, s.Updated, s.Finished = j.final, w.zero.Add(j.end), w.zero.Add(j.end)
	}
	s.Raw = s.Phase.String()
	return s
}

func (w *world) MaxBatch() int { return w.batch }

func (w *world) Fetch(ctx context.Context, refs []Ref) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		at, err := w.request(ctx)
		if err != nil {
			yield(Snapshot{}, err)
			return
		}
		for _, ref := range refs {
			if j := w.jobs[ref.ID]; j != nil && j.start <= at {
				if !yield(w.snapshot(j, at), nil) {
					return
				}
			}
		}
	}
}

// rows are the updates in [from, to).
func rows(us []update, from, to time.Duration) []update {
	a := sort.Search(len(us), func(i int) bool { return us[i].at >= from })
	b := sort.Search(len(us), func(i int) bool { return us[i].at > to })
	return us[a:max(a, b)]
}

// feedWorld is a world whose lists can be filtered by the time of the last change and by status.
type feedWorld struct{ *world }

func (w feedWorld) Changes(ctx context.Context, _ []Ref, since time.Time) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		from := since.Sub(w.zero) - lookBack
		perPage := pageSize / (1 + w.foreign)
		var at time.Duration
		for page := range 2 {
			var err error
			if at, err = w.request(ctx); err != nil {
				yield(Snapshot{}, err)
				return
			}
			all := rows(w.updates, from, at)
			all = all[min(len(all), page*perPage):]
			if !w.yieldRows(all[:min(len(all), perPage)], at, yield) || len(all) < perPage {
				return
			}
		}
		// Two full pages: more than usual happened. The ends are what counts: a list for each final status, read side
		// by side, pages four at a time.
		ends := rows(w.ends, from, at)
		byPhase := map[Phase][]update{}
		for _, u := range ends {
			byPhase[u.job.final] = append(byPhase[u.job.final], u)
		}
		for round := 0; ; round++ {
			more := false
			var now []update
			for _, phase := range []Phase{PhaseSucceeded, PhaseFailed, PhaseCanceled} {
				list := byPhase[phase]
				for page := range 4 {
					if round == 0 && page > 0 {
						break // the first page of each says whether there are more
					}
					if round == 0 || len(list) > 0 {
						w.count()
					}
					n := min(perPage, len(list))
					now, list = append(now, list[:n]...), list[n:]
				}
				byPhase[phase] = list
				more = more || len(list) > 0
			}
			if err := sleep(ctx, roundTrip); err != nil {
				yield(Snapshot{}, err)
				return
			}
			if !w.yieldRows(now, at, yield) || !more {
				return
			}
		}
	}
}

func (w *world) yieldRows(us []update, at time.Duration, yield func(Snapshot, error) bool) bool {
	for _, u := range us {
		if !yield(w.snapshot(u.job, at), nil) {
			return false
		}
		for range w.foreign {
			s := w.snapshot(u.job, at)
			s.ID = "foreign" + s.ID
			if !yield(s, nil) {
				return false
			}
		}
	}
	return true
}

func (w feedWorld) Unfinished(ctx context.Context, _ []Ref) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		at, err := w.request(ctx)
		if err != nil {
			yield(Snapshot{}, err)
			return
		}
		n := 0
		for _, j := range w.list {
			if j.start > at || j.end <= at {
				continue
			}
			if n++; n*(1+w.foreign)%pageSize == 0 {
				if _, err := w.request(ctx); err != nil {
					yield(Snapshot{}, err)
					return
				}
			}
			if !yield(w.snapshot(j, at), nil) {
				return
			}
		}
	}
}

// pastWorld is a world that also knows earlier runs.
type pastWorld struct{ *world }

func (w pastWorld) Durations(ctx context.Context, ref Ref) ([]time.Duration, error) {
	if _, err := w.request(ctx); err != nil {
		return nil, err
	}
	return w.jobs[ref.ID].past, nil
}
