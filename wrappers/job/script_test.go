package job

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

// script is a source whose answers a test writes. Every call takes latency.
type script struct {
	latency time.Duration
	batch   int
	// fetch answers for one job; a nil snapshot is a job that is not in the answer.
	fetch func(ref Ref, call int) (*Snapshot, error)
	// whole fails a call as a whole, after its answers.
	whole func(refs []Ref, call int) error

	mu      sync.Mutex
	calls   []string
	at      []time.Time
	cancels []Ref
}

func (s *script) called(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.at = append(s.calls, what), append(s.at, time.Now())
	return len(s.calls) - 1
}

func (s *script) count(what string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c == what {
			n++
		}
	}
	return n
}

func (s *script) MaxBatch() int { return s.batch }

func (s *script) Fetch(ctx context.Context, refs []Ref) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		call := s.called("fetch")
		if err := sleep(ctx, s.latency); err != nil {
			yield(Snapshot{}, err)
			return
		}
		for _, ref := range refs {
			snapshot, err := s.fetch(ref, call)
			switch {
			case err != nil:
				if !yield(Snapshot{Ref: ref}, err) {
					return
				}
			case snapshot != nil:
				if snapshot.Ref == (Ref{}) {
					snapshot.Ref = ref
				}
				if !yield(*snapshot, nil) {
					return
				}
			}
		}
		if s.whole != nil {
			if err := s.whole(refs, call); err != nil {
				yield(Snapshot{}, err)
			}
		}
	}
}

// phases answers with one phase after the other, the last one for ever.
func phases(list ...Phase) func(Ref, int) (*Snapshot, error) {
	return func(_ Ref, call int) (*Snapshot, error) {
		p := list[min(call, len(list)-1)]
		return &Snapshot{Phase: p, Raw: p.String()}, nil
	}
}

func (s *script) cancel(ref Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancels = append(s.cancels, ref)
}

// stoppable is a script whose jobs can be cancelled.
type stoppable struct{ *script }

func (s stoppable) Cancel(ctx context.Context, ref Ref) error {
	if err := sleep(ctx, s.latency); err != nil {
		return err
	}
	s.cancel(ref)
	return nil
}

// feedScript is a script with a feed.
type feedScript struct {
	*script
	changes    func(since time.Time, call int) ([]Snapshot, error)
	unfinished func() ([]Snapshot, error)
}

func (s feedScript) Changes(ctx context.Context, scopes []Ref, since time.Time) iter.Seq2[Snapshot, error] {
	call := s.called("changes")
	return s.list(ctx, func() ([]Snapshot, error) { return s.changes(since, call) })
}

func (s feedScript) Unfinished(ctx context.Context, scopes []Ref) iter.Seq2[Snapshot, error] {
	s.called("unfinished")
	return s.list(ctx, s.unfinished)
}

func (s feedScript) list(ctx context.Context, f func() ([]Snapshot, error)) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		if err := sleep(ctx, s.latency); err != nil {
			yield(Snapshot{}, err)
			return
		}
		list, err := f()
		for _, snapshot := range slices.Clone(list) {
			if !yield(snapshot, nil) {
				return
			}
		}
		if err != nil {
			yield(Snapshot{}, err)
		}
	}
}

func ref(id string) Ref {
	return Ref{Service: "sim", Kind: "sync", ID: id, Parent: "c", Scope: "w"}
}
