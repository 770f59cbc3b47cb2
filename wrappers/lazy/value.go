package lazy

import (
	"context"
	"sync"
	"time"
)

// Value is a value that is loaded when it is first asked for. The zero Value is empty and ready. It is safe for
// concurrent use and must not be copied after its first use.
type Value[T any] struct {
	mu     sync.Mutex
	value  T
	loaded time.Time
	flight *flight[T]
}

// flight is one load that is under way, for everybody who waits for it.
type flight[T any] struct {
	done    chan struct{} // closed when value and err are set
	value   T
	err     error
	waiters int
	cancel  context.CancelFunc
}

// Get returns the value, loading it first when there is none. Any number of callers share one load; it runs under a
// context with the values of the first caller's, and is cancelled only when the last of them has given up. A caller
// whose ctx ends gets its [context.Cause] at once. An error of load is returned to all who waited and not kept.
func (v *Value[T]) Get(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	v.mu.Lock()
	if !v.loaded.IsZero() {
		value := v.value
		v.mu.Unlock()
		return value, nil
	}
	return v.join(ctx, load)
}

// Refresh loads the value again, whether or not there is one, and returns the new one. A load that is already under
// way is joined. When it fails the old value stays.
func (v *Value[T]) Refresh(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	v.mu.Lock()
	return v.join(ctx, load)
}

// join waits for the load under way, or starts one. It is entered with v.mu held and leaves it released.
func (v *Value[T]) join(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	if ctx.Err() != nil {
		v.mu.Unlock()
		var zero T
		return zero, context.Cause(ctx)
	}
	f := v.flight
	if f == nil {
		loadCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight[T]{done: make(chan struct{}), cancel: cancel}
		v.flight = f
		go v.fly(loadCtx, f, load)
	}
	f.waiters++
	v.mu.Unlock()
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
	}
	v.mu.Lock()
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if v.flight == f {
			v.flight = nil // nobody waits any more: the next caller starts anew
		}
	}
	v.mu.Unlock()
	var zero T
	return zero, context.Cause(ctx)
}

func (v *Value[T]) fly(ctx context.Context, f *flight[T], load func(context.Context) (T, error)) {
	defer f.cancel()
	f.value, f.err = load(ctx)
	v.mu.Lock()
	if v.flight == f {
		v.flight = nil
		if f.err == nil {
			v.value, v.loaded = f.value, time.Now()
		}
	}
	v.mu.Unlock()
	close(f.done)
}

// Cached returns the value, when it was loaded, and whether there is one. It never loads.
func (v *Value[T]) Cached() (T, time.Time, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.value, v.loaded, !v.loaded.IsZero()
}

// Set puts a value that the caller has at hand, such as the answer of a write. A load under way no longer counts:
// those who wait for it get what it brings, later callers get this value.
func (v *Value[T]) Set(value T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.value, v.loaded, v.flight = value, time.Now(), nil
}

// Forget drops the value, so that the next Get loads it.
func (v *Value[T]) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	var zero T
	v.value, v.loaded, v.flight = zero, time.Time{}, nil
}
