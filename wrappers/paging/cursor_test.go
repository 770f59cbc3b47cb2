package paging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// chain is a cursor list of n pages with two items each.
func chain(n int, delay time.Duration, asked *atomic.Int64) func(context.Context, string) (CursorPage[int], error) {
	return func(ctx context.Context, cursor string) (CursorPage[int], error) {
		asked.Add(1)
		if delay > 0 {
			select {
			case <-time.After(delay):
			case <-ctx.Done():
				return CursorPage[int]{}, context.Cause(ctx)
			}
		}
		i := 0
		_, _ = fmt.Sscanf(cursor, "page %d", &i)
		page := CursorPage[int]{Items: []int{2 * i, 2*i + 1}}
		if i+1 < n {
			page.Next = fmt.Sprintf("page %d", i+1)
		}
		return page, nil
	}
}

func TestCursor(t *testing.T) {
	for _, n := range []int{1, 2, 50} {
		var asked atomic.Int64
		list := Cursor(t.Context(), "", chain(n, 0, &asked))
		for range 2 {
			asked.Store(0)
			if got, err := collect(list); err != nil || !slices.Equal(got, upTo(2*n)) || asked.Load() != int64(n) {
				t.Errorf("%d pages: %v, %v, %d requests", n, got, err, asked.Load())
			}
		}
	}
	var asked atomic.Int64
	if got, err := collect(Cursor(t.Context(), "page 3", chain(5, 0, &asked))); err != nil || !slices.Equal(got, upTo(10)[6:]) {
		t.Error(got, err)
	}
	asked.Store(0)
	for range Cursor(t.Context(), "", chain(5, 0, &asked)) {
		break
	}
	if asked.Load() != 1 {
		t.Errorf("%d requests for the first item alone", asked.Load())
	}
}

func TestCursorPrefetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		start := time.Now()
		for i := range Cursor(t.Context(), "", chain(40, 20*time.Millisecond, &asked)) {
			if i%2 == 1 {
				time.Sleep(20 * time.Millisecond)
			}
		}
		if d := time.Since(start); d > 41*20*time.Millisecond {
			t.Errorf("40 pages of 20 ms with 20 ms of work took %s", d)
		}
	})
}

func TestCursorStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		start, n := time.Now(), 0
		for range Cursor(t.Context(), "", chain(40, time.Minute, &asked)) {
			if n++; n == 2 {
				break
			}
		}
		if time.Since(start) != time.Minute || asked.Load() != 2 {
			t.Errorf("%s, %d requests", time.Since(start), asked.Load())
		}
	})
}

// TestCursorStuck: a cursor that stands still, or goes round, ends the list with an error.
func TestCursorStuck(t *testing.T) {
	for _, cursors := range [][]string{{"", ""}, {"a", "a"}, {"", "a", "a"}, {"", "a", "b", "a"}, {"x", "a", "b", "x"}} {
		calls := 0
		fetch := func(context.Context, string) (CursorPage[int], error) {
			calls++
			return CursorPage[int]{Items: []int{calls}, Next: cursors[min(calls, len(cursors)-1)]}, nil
		}
		got, err := collect(Cursor(t.Context(), cursors[0], fetch))
		if cursors[len(cursors)-1] == "" {
			if err != nil || calls != 1 {
				t.Errorf("%q: %v after %d", cursors, err, calls)
			}
			continue
		}
		if !errors.Is(err, ErrStuck) || !errors.Is(err, apierr.ErrUnexpected) || calls != len(cursors)-1 || len(got) != calls {
			t.Errorf("%q: %v, %v after %d calls", cursors, got, err, calls)
		}
	}
}

func TestCursorEmptyPages(t *testing.T) {
	fetch := func(_ context.Context, cursor string) (CursorPage[int], error) {
		switch cursor {
		case "":
			return CursorPage[int]{Next: "a"}, nil
		case "a":
			return CursorPage[int]{Items: []int{7}, Next: "b"}, nil
		}
		return CursorPage[int]{}, nil
	}
	if got, err := collect(Cursor(t.Context(), "", fetch)); err != nil || !slices.Equal(got, []int{7}) {
		t.Error(got, err)
	}
}

func TestParam(t *testing.T) {
	if p := Param(""); p != nil {
		t.Errorf("the empty cursor is %q", *p)
	}
	if p := Param("a"); p == nil || *p != "a" {
		t.Error("a cursor is not what it was")
	}
}

func TestCursorError(t *testing.T) {
	broken := errors.New("broken")
	fetch := func(_ context.Context, cursor string) (CursorPage[int], error) {
		if cursor == "" {
			return CursorPage[int]{Items: []int{1, 2}, Next: "a"}, nil
		}
		return CursorPage[int]{Items: []int{3}}, broken
	}
	if got, err := collect(Cursor(t.Context(), "", fetch)); !errors.Is(err, broken) || !slices.Equal(got, []int{1, 2}) {
		t.Error(got, err)
	}
}
