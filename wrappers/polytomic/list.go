package polytomic

import (
	"context"
	"iter"

	"github.com/sluice-sdk/sluice/wrappers/paging"
)

// pages makes an iterator of a list that comes page by page. Fetch reads the page of a token, "" for the first, and
// returns the token of the next one, "" for none.
func pages[T any](ctx context.Context, fetch func(ctx context.Context, token string) ([]T, string, error)) iter.Seq2[T, error] {
	return paging.Cursor(ctx, "", func(ctx context.Context, token string) (paging.CursorPage[T], error) {
		items, next, err := fetch(ctx, token)
		return paging.CursorPage[T]{Items: items, Next: next}, err
	})
}

// oneCall makes an iterator of a list that comes in one answer.
func oneCall[T any](ctx context.Context, fetch func(context.Context) ([]T, error)) iter.Seq2[T, error] {
	return pages(ctx, func(ctx context.Context, _ string) ([]T, string, error) {
		items, err := fetch(ctx)
		return items, "", err
	})
}

// mapped passes what convert makes of the items on; errors end it.
func mapped[T, U any](in iter.Seq2[T, error], convert func(T) U) iter.Seq2[U, error] {
	return func(yield func(U, error) bool) {
		for item, err := range in {
			if err != nil {
				var zero U
				yield(zero, err)
				return
			}
			if !yield(convert(item), nil) {
				return
			}
		}
	}
}

// failing is an iterator that yields an error.
func failing[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}

// collect reads an iterator to its end.
func collect[T any](in iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range in {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}
