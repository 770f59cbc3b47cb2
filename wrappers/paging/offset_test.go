package paging

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// numbers is a service with a list of n numbers, which answers after a while.
type numbers struct {
	n     int
	delay time.Duration
	cap   int  // pages are never longer
	says  bool // More is said
	mu    sync.Mutex
	asked []int
	now   atomic.Int64
	most  atomic.Int64
}

func (s *numbers) fetch(ctx context.Context, offset, limit int) (Page[int], error) {
	s.mu.Lock()
	s.asked = append(s.asked, offset)
	s.mu.Unlock()
	s.most.Store(max(s.most.Load(), s.now.Add(1)))
	defer s.now.Add(-1)
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
			return Page[int]{}, context.Cause(ctx)
		}
	}
	if s.cap > 0 {
		limit = min(limit, s.cap)
	}
	var page Page[int]
	for i := offset; i < min(offset+limit, s.n); i++ {
		page.Items = append(page.Items, i)
	}
	if s.says {
		page.More = No
		if offset+limit < s.n {
			page.More = Yes
		}
	}
	return page, nil
}

func collect[T any](seq iter.Seq2[T, error]) (items []T, err error) {
	for item, e := range seq {
		if e != nil {
			if err != nil {
				panic("two errors")
			}
			err = e
			continue
		}
		items = append(items, item)
	}
	return items, err
}

func upTo(n int) []int {
	list := make([]int, 0, n)
	for i := range n {
		list = append(list, i)
	}
	return list
}

func TestOffset(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 99, 100, 101, 250} {
		for _, parallel := range []int{0, 1, 4, 8} {
			for _, says := range []bool{false, true} {
				s := &numbers{n: n, says: says}
				list := Offset(t.Context(), s.fetch, OffsetOptions[int]{PageSize: 10, Parallel: parallel})
				for range 2 { // iterators can be used again
					s.asked = nil
					got, err := collect(list)
					if err != nil || !slices.Equal(got, upTo(n)) {
						t.Fatalf("%d items, parallel %d: %v, %v", n, parallel, got, err)
					}
					// A full page asks for as many as are allowed ahead.
					if most := n/10 + 1 + max(1, parallel); len(s.asked) > most {
						t.Errorf("%d items, parallel %d: %d requests, want at most %d", n, parallel, len(s.asked), most)
					}
				}
			}
		}
	}
	s := &numbers{n: 50}
	if got, err := collect(Offset(t.Context(), s.fetch, OffsetOptions[int]{Start: 20})); err != nil || !slices.Equal(got, upTo(50)[20:]) || len(s.asked) != 1 {
		t.Error(got, err, s.asked)
	}
}

// TestOffsetIsLazy: nothing is asked for too early.
func TestOffsetIsLazy(t *testing.T) {
	s := &numbers{n: 1000}
	list := Offset(t.Context(), s.fetch, OffsetOptions[int]{PageSize: 10, Parallel: 4})
	if len(s.asked) != 0 {
		t.Error("asked before the loop")
	}
	for range list {
		break
	}
	if len(s.asked) != 1 {
		t.Errorf("%v was asked for the first item alone", s.asked)
	}
}

// TestOffsetPrefetch: the next page comes while the items of the present one are used, and pages in parallel.
func TestOffsetPrefetch(t *testing.T) {
	for _, test := range []struct {
		parallel   int
		work, want time.Duration
	}{
		{1, 20 * time.Millisecond, 42 * 20 * time.Millisecond}, // half of 40×(20+20)
		{1, 0, 41 * 20 * time.Millisecond},
		{4, 0, 12 * 20 * time.Millisecond},
		{8, 0, 7 * 20 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &numbers{n: 400, delay: 20 * time.Millisecond}
			start := time.Now()
			n := 0
			for _, err := range Offset(t.Context(), s.fetch, OffsetOptions[int]{PageSize: 10, Parallel: test.parallel}) {
				if err != nil {
					t.Fatal(err)
				}
				n++
				time.Sleep(test.work / 10)
			}
			// The work on a page's first item comes before its prefetch.
			if d := time.Since(start); d > test.want+40*test.work/10 {
				t.Errorf("parallel %d, work %s: %s, want %s", test.parallel, test.work, d, test.want)
			}
			if most := s.most.Load(); most > int64(test.parallel) {
				t.Errorf("%d requests at once, want %d", most, test.parallel)
			}
		})
	}
}

// TestOffsetStops: leaving the loop cancels the requests that are under way, and waits for them.
func TestOffsetStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &numbers{n: 1000, delay: time.Hour}
		start := time.Now()
		n := 0
		for range Offset(t.Context(), s.fetch, OffsetOptions[int]{PageSize: 10, Parallel: 4}) {
			if n++; n == 5 {
				break
			}
		}
		if d := time.Since(start); d != time.Hour || s.now.Load() != 0 {
			t.Errorf("it took %s and left %d requests", d, s.now.Load())
		}
	})
}

func TestOffsetErrors(t *testing.T) {
	broken := errors.New("broken")
	for _, parallel := range []int{1, 4} {
		for page := range 5 {
			s := &numbers{n: 100}
			fetch := func(ctx context.Context, offset, limit int) (Page[int], error) {
				if offset >= 10*page {
					return Page[int]{}, fmt.Errorf("at %d: %w", offset, broken)
				}
				return s.fetch(ctx, offset, limit)
			}
			got, err := collect(Offset(t.Context(), fetch, OffsetOptions[int]{PageSize: 10, Parallel: parallel}))
			if !errors.Is(err, broken) || err.Error() != fmt.Sprintf("at %d: broken", 10*page) || !slices.Equal(got, upTo(10*page)) {
				t.Errorf("page %d: %v, %v", page, got, err)
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Millisecond)
		defer cancel()
		s := &numbers{n: 1000, delay: 20 * time.Millisecond}
		got, err := collect(Offset(ctx, s.fetch, OffsetOptions[int]{PageSize: 10}))
		if !errors.Is(err, context.DeadlineExceeded) || len(got) != 40 {
			t.Errorf("%d items, %v", len(got), err)
		}
	})
}

// TestOffsetCapped: a service whose pages are shorter than asked for loses nothing when it says that more follow.
func TestOffsetCapped(t *testing.T) {
	for _, parallel := range []int{1, 4} {
		s := &numbers{n: 95, cap: 7, says: true}
		got, err := collect(Offset(t.Context(), s.fetch, OffsetOptions[int]{PageSize: 10, Parallel: parallel}))
		if err != nil || !slices.Equal(got, upTo(95)) {
			t.Errorf("parallel %d: %v, %v", parallel, got, err)
		}
	}
}

// TestOffsetUnpaged: a service that ignores offset and limit does not go round for ever.
func TestOffsetUnpaged(t *testing.T) {
	calls := 0
	all := func(n int) func(context.Context, int, int) (Page[int], error) {
		return func(context.Context, int, int) (Page[int], error) {
			calls++
			return Page[int]{Items: upTo(n)}, nil
		}
	}
	if got, err := collect(Offset(t.Context(), all(25), OffsetOptions[int]{PageSize: 10})); err != nil || len(got) != 25 || calls != 1 {
		t.Error(got, err, calls)
	}
	got, err := collect(Offset(t.Context(), all(10), OffsetOptions[int]{PageSize: 10, Key: strconv.Itoa}))
	if !errors.Is(err, ErrStuck) || !errors.Is(err, apierr.ErrUnexpected) || len(got) != 10 {
		t.Error(got, err)
	}
}

// TestOffsetKey: items that come twice are left out.
func TestOffsetKey(t *testing.T) {
	pages := map[int][]int{0: {1, 2, 3}, 3: {3, 4, 2}, 6: {5}}
	fetch := func(_ context.Context, offset, _ int) (Page[int], error) { return Page[int]{Items: pages[offset]}, nil }
	got, err := collect(Offset(t.Context(), fetch, OffsetOptions[int]{PageSize: 3, Key: strconv.Itoa}))
	if err != nil || !slices.Equal(got, upTo(6)[1:]) {
		t.Error(got, err)
	}
	got, err = collect(Offset(t.Context(), fetch, OffsetOptions[int]{PageSize: 3}))
	if err != nil || len(got) != 7 {
		t.Error(got, err)
	}
}

// TestOffsetProperty: whatever the sizes, every item comes once and in order, and stopping leaves nothing behind.
func TestOffsetProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &numbers{
			n: rapid.IntRange(0, 300).Draw(rt, "n"), says: rapid.Bool().Draw(rt, "says"),
		}
		if s.says {
			s.cap = rapid.IntRange(0, 30).Draw(rt, "cap")
		}
		stop := rapid.IntRange(0, 400).Draw(rt, "stop")
		o := OffsetOptions[int]{PageSize: rapid.IntRange(1, 50).Draw(rt, "size"), Parallel: rapid.IntRange(0, 8).Draw(rt, "parallel")}
		if rapid.Bool().Draw(rt, "key") {
			o.Key = strconv.Itoa
		}
		var got []int
		for item, err := range Offset(t.Context(), s.fetch, o) {
			if err != nil {
				rt.Fatal(err)
			}
			got = append(got, item)
			if len(got) == stop {
				break
			}
		}
		want := s.n
		if stop > 0 {
			want = min(want, stop)
		}
		if !slices.Equal(got, upTo(want)) || s.now.Load() != 0 {
			rt.Fatalf("%v, %d requests left", got, s.now.Load())
		}
	})
}
