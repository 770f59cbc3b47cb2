package paging

import (
	"context"
	"sync"
)

// flights are the fetches of one loop over a list. End cancels and waits for them.
type flights struct {
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
}

func newFlights(ctx context.Context) *flights {
	f := &flights{}
	f.ctx, f.cancel = context.WithCancel(ctx)
	return f
}

func (f *flights) end() {
	f.cancel()
	f.group.Wait()
}

// future is a page on its way.
type future[P any] struct {
	done chan struct{}
	page P
	err  error
}

func start[P any](f *flights, fetch func(context.Context) (P, error)) *future[P] {
	x := &future[P]{done: make(chan struct{})}
	f.group.Go(func() {
		defer close(x.done)
		x.page, x.err = fetch(f.ctx)
	})
	return x
}

func (x *future[P]) wait() (P, error) {
	<-x.done
	return x.page, x.err
}
