package polytomic

import (
	"time"

	"github.com/oapi-codegen/nullable"
)

// valueOf returns what p points to, or the zero value.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional returns a pointer to the value, nil for the zero value: the server decides then.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// given returns the value of a field that may be absent or null, or the zero value.
func given[T any](n nullable.Nullable[T]) T {
	if v, err := n.Get(); err == nil {
		return v
	}
	var zero T
	return zero
}

// settled returns a field that carries the value, or is absent for the zero value.
func settled[T comparable](v T) nullable.Nullable[T] {
	var zero T
	if v == zero {
		return nil
	}
	return nullable.NewNullableWithValue(v)
}

// sent returns a field that the API requires, null when it has no value: one that is not specified would be sent as the
// zero value of its type.
func sent[T any](n nullable.Nullable[T]) nullable.Nullable[T] {
	if n.IsSpecified() {
		return n
	}
	return nullable.NewNullNullable[T]()
}

// listed returns a field that carries the list, an empty one too; absent for nil.
func listed[T any](v []T) nullable.Nullable[[]T] {
	if v == nil {
		return nil
	}
	return nullable.NewNullableWithValue(v)
}

// moment returns the time, zero when there is none.
func moment(n nullable.Nullable[time.Time]) time.Time { return given(n) }
