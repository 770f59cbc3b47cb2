package paging

import (
	"context"
	"hash/maphash"
	"iter"
)

// CursorPage is one page of a cursor list.
type CursorPage[T any] struct {
	// Items are the page's, in the order of the service. A page without any is not the end: Next decides.
	Items []T
	// Next is the cursor of the next page, empty at the end of the list.
	Next string
}

// Param is a cursor as an optional parameter of generated code: nil, which is left out of the URL, for the empty one.
func Param(cursor string) *string {
	if cursor == "" {
		return nil
	}
	return &cursor
}

// Cursor returns the items of a list whose pages name the next one. The first page is asked for with the given
// cursor, usually an empty one. A page may be empty without being the last. A cursor that was there before ends the
// list with [ErrStuck], after the items of its page.
func Cursor[T any](ctx context.Context, first string, fetch func(ctx context.Context, cursor string) (CursorPage[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		f := newFlights(ctx)
		defer f.end()
		var zero T
		// Hashes: a long list must not keep all its cursors, which can be long too.
		seed := maphash.MakeSeed()
		seen := map[uint64]struct{}{maphash.String(seed, first): {}}
		page, err := fetch(f.ctx, first)
		for {
			if err != nil {
				yield(zero, err)
				return
			}
			more, repeated := page.Next != "", false
			if more {
				hash := maphash.String(seed, page.Next)
				_, repeated = seen[hash]
				seen[hash] = struct{}{}
				more = !repeated
			}
			var ahead *future[CursorPage[T]]
			next := page.Next
			prefetch := func() {
				if more && ahead == nil {
					ahead = start(f, func(ctx context.Context) (CursorPage[T], error) { return fetch(ctx, next) })
				}
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
				prefetch()
			}
			switch {
			case repeated:
				yield(zero, stuck("the service named a cursor that was there before"))
				return
			case !more:
				return
			}
			prefetch()
			page, err = ahead.wait()
		}
	}
}
