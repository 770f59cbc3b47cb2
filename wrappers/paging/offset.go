package paging

import (
	"context"
	"errors"
	"iter"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// ErrStuck is the cause of the error that ends a list whose service gives the same page again and again. The error
// itself is an [*apierr.Error] of kind [apierr.KindUnexpected].
var ErrStuck = errors.New("the list does not move on")

func stuck(message string) error {
	return &apierr.Error{Kind: apierr.KindUnexpected, Message: message, Err: ErrStuck}
}

// More says whether pages follow, if the service does.
type More uint8

// What a service may say.
const (
	// Unsaid: a page that is shorter than it was asked for is the last.
	Unsaid More = iota
	// Yes: more pages follow, however short this one is; only an empty one is the last all the same.
	Yes
	// No: this is the last page.
	No
)

// Page is one page of an offset list.
type Page[T any] struct {
	// Items are the page's, in the order of the service.
	Items []T
	// More says whether pages follow, where the service says so; the zero value goes by the length of the page.
	More More
}

// OffsetOptions says how an offset list is read. The zero value is usable.
type OffsetOptions[T any] struct {
	// PageSize is the limit that is asked for: 100.
	PageSize int
	// Start is the first offset.
	Start int
	// Parallel is how many pages are asked for ahead of the one in use: 1. More than that are asked for only when the
	// first page was full, and at most as many requests less one are in vain at the end of the list. They are the
	// wrong choice for lists without a stable order, whose pages shift.
	Parallel int
	// Key tells items apart; one that came before is left out. Nil keeps them all. It is for services that read
	// pages without a stable order, or whose lists grow at the front while they are read. All keys are kept in
	// memory until the loop ends.
	Key func(T) string
}

// Offset returns the items of a list that is read by offset and limit. It ends with a page that says so, is empty, or
// is shorter than the limit. A service that gives fewer items than the limit and says that more follow is asked for
// pages of that size from there on; one that gives more than the limit is taken not to page at all.
func Offset[T any](ctx context.Context, fetch func(ctx context.Context, offset, limit int) (Page[T], error), o OffsetOptions[T]) iter.Seq2[T, error] {
	if o.PageSize <= 0 {
		o.PageSize = 100
	}
	o.Parallel = max(1, o.Parallel)
	return func(yield func(T, error) bool) {
		f := newFlights(ctx)
		defer func() { f.end() }()
		list := offsetList[T]{fetch: fetch, options: o, limit: o.PageSize, ahead: o.Start}
		page, err := fetch(f.ctx, o.Start, o.PageSize)
		list.at, list.ahead = o.Start, o.Start+o.PageSize
		for {
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			more := list.next(page)
			if more && list.moved {
				// What was asked for ahead does not fit any more.
				f.end()
				f = newFlights(ctx)
				list.pending, list.moved = nil, false
			}
			fresh := 0
			for _, item := range page.Items {
				if !list.isNew(item) {
					continue
				}
				fresh++
				if !yield(item, nil) {
					return
				}
				if more && fresh == 1 {
					list.prefetch(f)
				}
			}
			if !more {
				return
			}
			if fresh == 0 && len(page.Items) > 0 {
				var zero T
				yield(zero, stuck("the service gave a page of items that all came before"))
				return
			}
			list.prefetch(f)
			head := list.pending[0]
			list.pending = list.pending[1:]
			page, err = head.wait()
		}
	}
}

type offsetList[T any] struct {
	fetch   func(context.Context, int, int) (Page[T], error)
	options OffsetOptions[T]
	limit   int
	at      int // offset of the page in use
	ahead   int // offset of the next page to ask for
	moved   bool
	pending []*future[Page[T]]
	seen    map[string]struct{}
}

// next takes note of a page and reports whether another follows.
func (l *offsetList[T]) next(page Page[T]) bool {
	n := len(page.Items)
	switch {
	case n == 0 || page.More == No:
		return false
	case page.More == Unsaid && n != l.limit:
		return false // the last page, or a service that does not page
	}
	l.at += n
	if n != l.limit {
		l.limit, l.ahead, l.moved = n, l.at, true
	}
	return true
}

func (l *offsetList[T]) prefetch(f *flights) {
	for len(l.pending) < l.options.Parallel {
		offset, limit := l.ahead, l.limit
		l.pending = append(l.pending, start(f, func(ctx context.Context) (Page[T], error) { return l.fetch(ctx, offset, limit) }))
		l.ahead += limit
	}
}

func (l *offsetList[T]) isNew(item T) bool {
	if l.options.Key == nil {
		return true
	}
	key := l.options.Key(item)
	if _, ok := l.seen[key]; ok {
		return false
	}
	if l.seen == nil {
		l.seen = make(map[string]struct{})
	}
	l.seen[key] = struct{}{}
	return true
}
