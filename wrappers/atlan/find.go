package atlan

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// mostCandidates bounds how many assets of one name are looked at.
const mostCandidates = 100

// AmbiguousNameError says that several assets have the name by which one was looked for. It belongs to the category
// [ErrLogic].
type AmbiguousNameError struct {
	// TypeName is the type that was looked for, Name the name.
	TypeName, Name string
	// Candidates are the assets that have the name, in the order of their guids and 100 at most. Their qualifiedNames and
	// parents tell them apart.
	Candidates []*Entity
}

// Error says the name and the qualifiedNames of the first candidates.
func (e *AmbiguousNameError) Error() string {
	const shown = 5
	names := make([]string, 0, shown)
	for _, candidate := range e.Candidates[:min(shown, len(e.Candidates))] {
		names = append(names, candidate.QualifiedName())
	}
	if len(e.Candidates) > shown {
		names = append(names, "…")
	}
	return fmt.Sprintf("%d assets of type %s have the name %q: %s", len(e.Candidates), e.TypeName, e.Name, strings.Join(names, ", "))
}

// named returns the one active asset of a type that has a name and matches the clauses. The search index says which it may
// be, and reading them which it is: the index lags behind.
func (c *Client) named(ctx context.Context, typeName, name string, read ReadOptions, where ...field.Query) (*Entity, error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, about(typeName, name, err)
	}
	search := c.Search(where...).Where(field.Name.Eq(name)).Types(typeName).With(SearchOptions{WithoutTerms: true, WithoutTags: true})
	var guids []string
	for e, err := range search.All(ctx) {
		if err != nil {
			return nil, about(typeName, name, err)
		}
		if !e.Scrubbed() {
			guids = append(guids, e.GUID)
		}
		if len(guids) == mostCandidates {
			break
		}
	}
	var found []*Entity
	if len(guids) > 0 {
		entities, _, err := c.Entities(ctx, guids, read)
		if err != nil {
			return nil, about(typeName, name, err)
		}
		for _, e := range entities {
			if e.Name() == name && e.Status != StatusDeleted {
				found = append(found, e)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, about(typeName, name, notFound("no %s has the name %q, as far as the search index knows", typeName, name))
	case 1:
		return found[0], nil
	}
	return nil, about(typeName, name, &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Err: &AmbiguousNameError{
		TypeName: typeName, Name: name, Candidates: found,
	}})
}

// namedOf is named, and refuses an asset of another type.
func (c *Client) namedOf(ctx context.Context, typeName, name string, read ReadOptions, where []field.Query) (*Entity, error) {
	e, err := c.named(ctx, typeName, name, read, where...)
	if err != nil {
		return nil, err
	}
	return e, about(typeName, name, mustBe(e, typeName))
}

// find is named with a type.
func find[T atlanassets.Type](ctx context.Context, c *Client, name string, read ReadOptions, where ...field.Query) (*Asset[T], error) {
	return assetFrom[T](c.namedOf(ctx, typeNameOf[T](), name, read, where))
}
