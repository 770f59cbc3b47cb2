package airbyte

import (
	"context"
	"iter"
)

const pageSize = 100

func pages[T any](ctx context.Context, fetch func(ctx context.Context, limit, offset int32) ([]T, error), id func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen := map[string]bool{}
		for offset := int32(0); ; offset += 100 {
			page, err := fetch(ctx, 100, offset)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range page {
				if seen[id(item)] {
					continue
				}
				seen[id(item)] = true
				if !yield(item, nil) {
					return
				}
			}
			if len(page) < 100 {
				return
			}
		}
	}
}
