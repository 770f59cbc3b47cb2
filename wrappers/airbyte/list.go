package airbyte

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/paging"
)

// pageSize is the largest page that the server gives.
const pageSize = 100

// pages makes an iterator of a list that is read by limit and offset, without items of the same id. The links in the
// pages are never followed: they drop filters and may name another host (airbyte-platform PaginationMapper.kt).
func pages[T any](ctx context.Context, fetch func(ctx context.Context, limit, offset int32) ([]T, error), id func(T) string) iter.Seq2[T, error] {
	return paging.Offset(ctx, func(ctx context.Context, offset, limit int) (paging.Page[T], error) {
		if offset > math.MaxInt32 {
			return paging.Page[T]{}, apierr.Invalid(service, "offset", "the list is longer than the API can count")
		}
		items, err := fetch(ctx, int32(limit), int32(offset))
		return paging.Page[T]{Items: items}, err
	}, paging.OffsetOptions[T]{PageSize: pageSize, Key: id})
}

// byName keeps what has this name, when one is given, and whose name contains this text, when one is given. The public
// API has no such filters, so they are applied here.
func byName(name, want, contains string) bool {
	return (want == "" || name == want) && (contains == "" || strings.Contains(strings.ToLower(name), strings.ToLower(contains)))
}

// only returns the single item of a list, an error of kind NotFound when there is none and of kind Conflict when there
// are more.
func only[T any](list iter.Seq2[T, error], resource, name string, id func(T) string) (T, error) {
	var found []T
	var zero T
	for item, err := range list {
		if err != nil {
			return zero, err
		}
		found = append(found, item)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		e := apierr.Invalid(service, "", "there is no %s named %s", resource, strconv.Quote(name))
		e.Kind = apierr.KindNotFound
		return zero, e
	}
	ids := make([]string, len(found))
	for i, item := range found {
		ids[i] = id(item)
	}
	e := apierr.Invalid(service, "", "%d %ss are named %s: %s", len(found), resource, strconv.Quote(name), strings.Join(ids, ", "))
	e.Kind = apierr.KindConflict
	e.Hint = "Names are not unique in Airbyte: use the id."
	return zero, e
}

// unique refuses a name that is taken.
func unique[T any](list iter.Seq2[T, error], resource, name string, id func(T) string) error {
	for item, err := range list {
		if err != nil {
			return err
		}
		e := invalidBecause(ErrAlreadyExists, "name", "there is a %s named %s already: %s", resource, strconv.Quote(name), id(item))
		e.Kind = apierr.KindConflict
		return e
	}
	return nil
}

// oneCall makes an iterator of a list that comes in one answer.
func oneCall[T any](ctx context.Context, fetch func(context.Context) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		items, err := fetch(ctx)
		if err != nil {
			var zero T
			yield(zero, err)
			return
		}
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// mapped passes what keep accepts on, as convert makes it; errors end it.
func mapped[T, U any](in iter.Seq2[T, error], convert func(T) (U, bool)) iter.Seq2[U, error] {
	return func(yield func(U, error) bool) {
		for item, err := range in {
			if err != nil {
				var zero U
				yield(zero, err)
				return
			}
			if out, ok := convert(item); ok && !yield(out, nil) {
				return
			}
		}
	}
}

// failed is an iterator that yields an error.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}

// mayHaveApplied reports whether a call failed in a way that leaves open whether the server carried it out.
func mayHaveApplied(err error) bool {
	var e *apierr.Error
	return errors.As(err, &e) && e.MayHaveApplied
}

// anyTrue returns true as the API takes it when one of the filters asks for it, else nothing.
func anyTrue[T any](items []T, test func(T) bool) *bool {
	if !slices.ContainsFunc(items, test) {
		return nil
	}
	yes := true
	return &yes
}
