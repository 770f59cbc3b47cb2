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

// TagNames returns the human names of the tags that a purpose is about, in the order of its PurposeClassifications, which
// are ids: [DeletedName] for one whose definition is gone. [Tags.IDs] is the way back.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (s Purposes) TagNames(ctx context.Context, purpose *Asset[atlanassets.Purpose]) ([]string, error) {
	ids := purpose.Attributes.PurposeClassifications.Or(nil)
	names := make([]string, len(ids))
	for i, id := range ids {
		var err error
		if names[i], err = s.client.Tags().Name(ctx, id); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// NewPurpose returns a new purpose for the assets that have one of these tags, by their human names; it is enabled. The save
// translates the names, and reports one that no tag has, as an error of category [ErrNotFound] and before anything is sent.
// Policies are made with [NewPurposePolicy] when the purpose was saved. The server makes its qualifiedName, see
// [NewGlossary], and refuses a second purpose with the same tags. An empty name, no tag and an empty one are errors.
//
// The attribute PurposeClassifications of a purpose has the ids of tags: [Purposes.TagNames] and [Tags.IDs] translate. Set
// before the save it counts instead of the names.
func NewPurpose(name string, tags ...string) (*Asset[atlanassets.Purpose], error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		return nil, apierr.Invalid(service, "tags", "a purpose needs at least one tag")
	}
	for _, tag := range tags {
		if err := checkName("tags", tag); err != nil {
			return nil, err
		}
	}
	tags = distinct(tags)
	a := NewAsset[atlanassets.Purpose]()
	a.Attributes.Name.Set(name)
	a.Attributes.DisplayName.Set(name)
	a.Attributes.IsAccessControlEnabled.Set(true)
	whenSaved(&a.Entity, func(ctx context.Context, c *Client, _ SaveOptions, e *Entity) error {
		if _, set := e.attributes.set[attributePurposeTags]; set {
			return nil
		}
		ids, err := c.Tags().IDs(ctx, tags...)
		if err != nil {
			return err
		}
		return e.SetAttribute(attributePurposeTags, ids)
	})
	return a, nil
}

// attributePurposeTags holds the ids of the tags of a purpose.
const attributePurposeTags = "purposeClassifications"
