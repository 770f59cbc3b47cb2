package lazy_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-sdk/sluice/wrappers/lazy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestGetLoadsOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v lazy.Value[int]
		var loads atomic.Int32
		load := func(ctx context.Context) (int, error) {
			loads.Add(1)
			time.Sleep(time.Second)
			return 7, ctx.Err()
		}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got, err := v.Get(t.Context(), load); got != 7 || err != nil {
					t.Errorf("Get = %d, %v; want 7, nil", got, err)
				}
			})
		}
		wg.Wait()
		if loads.Load() != 1 {
			t.Errorf("%d loads for 100 callers, want 1", loads.Load())
		}
		if _, at, ok := v.Cached(); !ok || !at.Equal(time.Now()) {
			t.Errorf("Cached = %v, %v; want now, true", at, ok)
		}
	})
}

func TestCancelledCallerDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v lazy.Value[string]
		load := func(ctx context.Context) (string, error) {
			select {
			case <-time.After(time.Minute):
				return "loaded", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		cause := errors.New("gone for lunch")
		first, cancel := context.WithCancelCause(t.Context())
		firstErr := make(chan error)
		go func() {
			_, err := v.Get(first, load)
			firstErr <- err
		}()
		synctest.Wait()
		second := make(chan string)
		go func() {
			got, _ := v.Get(t.Context(), load)
			second <- got
		}()
		synctest.Wait()
		start := time.Now()
		cancel(cause)
		if err := <-firstErr; !errors.Is(err, cause) {
			t.Errorf("the first caller got %v, want its cause", err)
		}
		if time.Since(start) != 0 {
			t.Errorf("the first caller returned after %v, want at once", time.Since(start))
		}
		if got := <-second; got != "loaded" {
			t.Errorf("the second caller got %q, want the value", got)
		}
	})
}

func TestLoadIsCancelledWithTheLastCallerAndNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v lazy.Value[int]
		stopped := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := v.Get(ctx, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			close(stopped)
			return 0, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("err = %v, want the deadline", err)
		}
		<-stopped
		got, err := v.Get(t.Context(), func(context.Context) (int, error) { return 3, nil })
		if got != 3 || err != nil {
			t.Errorf("Get after a cancelled load = %d, %v; want 3, nil", got, err)
		}
	})
}

func TestFailureIsNotRememberedAndRefreshKeepsTheOldValue(t *testing.T) {
	var v lazy.Value[int]
	boom := errors.New("boom")
	fail := func(context.Context) (int, error) { return 0, boom }
	if _, err := v.Get(t.Context(), fail); !errors.Is(err, boom) {
		t.Fatalf("err = %v, want boom", err)
	}
	if _, _, ok := v.Cached(); ok {
		t.Error("a failed load left a value")
	}
	if got, err := v.Get(t.Context(), func(context.Context) (int, error) { return 1, nil }); got != 1 || err != nil {
		t.Fatalf("Get = %d, %v; want 1, nil", got, err)
	}
	if _, err := v.Refresh(t.Context(), fail); !errors.Is(err, boom) {
		t.Fatalf("Refresh err = %v, want boom", err)
	}
	if got, _, _ := v.Cached(); got != 1 {
		t.Errorf("the failed refresh left %d, want the old 1", got)
	}
	v.Set(5)
	if got, _ := v.Get(t.Context(), fail); got != 5 {
		t.Errorf("Get after Set = %d, want 5", got)
	}
	v.Forget()
	if _, _, ok := v.Cached(); ok {
		t.Error("Forget left a value")
	}
}
