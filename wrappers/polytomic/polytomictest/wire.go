package polytomictest

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
)

func value[T any](v T) nullable.Nullable[T] { return nullable.NewNullableWithValue(v) }

// given returns the value of an optional, nullable property, and whether it has one.
func given[T any](n nullable.Nullable[T]) (v T, ok bool) {
	if !n.IsSpecified() || n.IsNull() {
		return v, false
	}
	v, err := n.Get()
	return v, err == nil
}

func givenOr[T any](n nullable.Nullable[T], otherwise T) T {
	if v, ok := given(n); ok {
		return v
	}
	return otherwise
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// rows is a list as the service writes it.
func rows[T any](f *Fake, list []T) nullable.Nullable[[]T] {
	switch {
	case len(list) > 0:
		return value(list)
	case f.has(NullLists):
		return nullable.NewNullNullable[[]T]()
	}
	return value([]T{})
}

// moment writes a time as the service does: in UTC, to the microsecond.
func moment(t time.Time) *time.Time { return new(t.UTC().Truncate(time.Microsecond)) }

// momentOrNull writes a time that may not have come.
func momentOrNull(t time.Time) nullable.Nullable[time.Time] {
	if t.IsZero() {
		return nullable.NewNullNullable[time.Time]()
	}
	return value(*moment(t))
}

func actor(c *caller) *wire.OutputActor {
	if c == nil {
		return &wire.OutputActor{Name: new("Polytomic"), Type: new("system")}
	}
	kind := "user"
	if c.user == nil {
		kind = "organization"
	}
	out := &wire.OutputActor{Name: new(c.actorName()), Type: &kind}
	if id := c.actorID(); id != "" {
		out.ID = &id
	}
	return out
}

// page cuts a list that is paged by tokens. The token holds the place and the row before it, so that rows that come
// or go in front do not move the page.
func page[T any](f *Fake, list []T, id func(T) string, token *string, limit *int, normal, most int) ([]T, *wire.PaginationDetails, error) {
	n := or(limit, normal)
	if n <= 0 {
		n = normal
	}
	n = min(n, most)
	from := 0
	if t := or(token, ""); t != "" {
		place, last, ok := readToken(t)
		if !ok {
			return nil, nil, badRequest("invalid page_token")
		}
		from = min(place, len(list))
		for i, row := range list {
			if id(row) == last {
				from = i + 1
				break
			}
		}
	}
	out := list[from:min(from+n, len(list))]
	details := &wire.PaginationDetails{}
	if from+n < len(list) {
		details.NextPageToken = new(writeToken(from+n, id(out[len(out)-1])))
	} else if f.has(EmptyToken) {
		details.NextPageToken = new("")
	}
	return out, details, nil
}

func writeToken(place int, last string) string {
	return base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(place) + " " + last))
}

func readToken(token string) (place int, last string, ok bool) {
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return 0, "", false
	}
	number, last, ok := strings.Cut(string(raw), " ")
	place, err = strconv.Atoi(number)
	return place, last, ok && err == nil && place > 0
}

func mapped[T, U any](list []T, convert func(T) U) []U {
	out := make([]U, len(list))
	for i, x := range list {
		out[i] = convert(x)
	}
	return out
}
