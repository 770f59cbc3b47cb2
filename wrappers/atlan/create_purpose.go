package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Purposes are the purposes of a tenant: who may do what with the assets that have certain tags, by policies. The methods
// of the [Collection] read and write them. Deleting one deletes its policies.
type Purposes struct {
	Collection[atlanassets.Purpose]
}

// Purposes are the purposes. It does no I/O.
func (c *Client) Purposes() Purposes { return Purposes{Of[atlanassets.Purpose](c)} }

// Find returns the purpose of a name, as people see it. Errors are those of [Glossaries.Find].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s Purposes) Find(ctx context.Context, name string) (*Asset[atlanassets.Purpose], error) {
	return find[atlanassets.Purpose](ctx, s.client, name, ReadOptions{})
}

// Policies reads the policies of the purpose of a qualifiedName, those that were just made too. A purpose that does not
// exist is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/bulk
func (s Purposes) Policies(ctx context.Context, qualifiedName string) ([]*Asset[atlanassets.AuthPolicy], error) {
	purpose, err := s.Get(ctx, qualifiedName, ReadOptions{Minimal: true})
	if err != nil {
		return nil, err
	}
	return s.client.policies(ctx, &purpose.Attributes.AccessControl)
}

// NewPurpose returns a new purpose for the assets that have one of these tags, by the hashed ids that the API takes; it is
// enabled. Policies are made with [NewPurposePolicy] when the purpose was saved. The server makes its qualifiedName, see
// [NewGlossary], and refuses a second purpose with the same tags. An empty name, no tag and an empty one are errors.
func NewPurpose(name string, tagIDs ...string) (*Asset[atlanassets.Purpose], error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	if len(tagIDs) == 0 {
		return nil, apierr.Invalid(service, "tagIDs", "a purpose needs at least one tag")
	}
	for _, id := range tagIDs {
		if err := checkName("tagIDs", id); err != nil {
			return nil, err
		}
	}
	a := NewAsset[atlanassets.Purpose]()
	a.Attributes.Name.Set(name)
	a.Attributes.DisplayName.Set(name)
	a.Attributes.IsAccessControlEnabled.Set(true)
	a.Attributes.PurposeClassifications.Set(distinct(tagIDs))
	return a, nil
}
