package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// DeletedName is the human name of a tag, a custom metadata set or an attribute whose definition is gone while assets still
// have its id.
const DeletedName = "(DELETED)"

// Tags are the tags of a tenant: their human names, which people know, their hashed ids, which the API takes, and their
// definitions. Names are looked up in a cache of the client, see [WithCacheTTL]: the first lookup loads all of them, once
// for all goroutines, and a name or an id that is not among them asks once more.
type Tags struct{ client *Client }

// Tags returns the tags of the tenant. It does no I/O.
func (c *Client) Tags() Tags { return Tags{c} }

func (t Tags) directory() *directory[*TagDefinition] {
	c := t.client
	return &directory[*TagDefinition]{
		cache: &c.caches.tags, ttl: c.settings.cacheTTL, what: "tag", whole: true,
		keys: func(d *TagDefinition) []cacheKey { return []cacheKey{{byID, d.ID}, {byName, d.Name}} },
		list: func(ctx context.Context) ([]*TagDefinition, error) {
			found, err := c.definitions(ctx, kindTag)
			if err != nil {
				return nil, err
			}
			list := make([]*TagDefinition, len(found))
			for i, text := range found {
				list[i] = tagDefinition(text)
			}
			return list, nil
		},
		find: func(by string) func(context.Context, string) ([]*TagDefinition, error) {
			if by != byID {
				return nil // the API finds a tag by its id only
			}
			return func(ctx context.Context, id string) ([]*TagDefinition, error) {
				text, err := c.definition(ctx, kindTag, id)
				if text == nil || err != nil {
					return nil, err
				}
				return []*TagDefinition{tagDefinition(text)}, nil
			}
		},
	}
}

// ID returns the hashed id of a tag by its human name. A name that no tag has is an error of category [ErrNotFound] that
// says the name, one that several have of [ErrLogic].
//
//sluice:operation GET /api/meta/types/typedefs
func (t Tags) ID(ctx context.Context, name string) (string, error) {
	d, err := t.directory().one(ctx, cacheKey{byName, name})
	if err != nil {
		return "", err
	}
	return d.ID, nil
}

// IDs returns the hashed ids of tags, in the order of the names. Errors are those of [Tags.ID].
//
//sluice:operation GET /api/meta/types/typedefs
func (t Tags) IDs(ctx context.Context, names ...string) ([]string, error) {
	ids := make([]string, len(names))
	for i, name := range names {
		var err error
		if ids[i], err = t.ID(ctx, name); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Name returns the human name of a tag by its hashed id, [DeletedName] for an id that no tag has.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (t Tags) Name(ctx context.Context, id string) (string, error) {
	err := required(byID, id)
	var found []*TagDefinition
	if err == nil {
		found, err = t.directory().lookup(ctx, cacheKey{byID, id})
	}
	if err != nil {
		return "", about("tag", id, err)
	}
	if len(found) == 0 {
		return DeletedName, nil
	}
	return found[0].Name, nil
}

// Warm loads all tags. See [Cache].
//
//sluice:operation GET /api/meta/types/typedefs
func (t Tags) Warm(ctx context.Context) error { return t.directory().warm(ctx) }

// Invalidate forgets tags by their names or ids, or all of them. See [Cache]. It does no I/O.
func (t Tags) Invalidate(names ...string) { t.directory().invalidate(names...) }

// Field returns the field of searches that holds the hashed ids of tags: those that were put on the asset itself.
// [Tags.Query] takes human names.
func (Tags) Field() field.KeywordField { return field.Tags.Keyword() }

// Query returns the clause of a search that matches assets with at least one of the tags, put on the asset itself or come
// to it from another. No name at all matches nothing. Errors are those of [Tags.ID].
//
//sluice:operation GET /api/meta/types/typedefs
func (t Tags) Query(ctx context.Context, names ...string) (field.Query, error) {
	ids, err := t.IDs(ctx, names...)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return field.MatchNone(), nil
	}
	return field.Any(field.Tags.Keyword().OneOf(ids...), field.PropagatedTags.Keyword().OneOf(ids...)), nil
}

// DirectQuery is [Tags.Query] for tags that were put on the asset itself.
//
//sluice:operation GET /api/meta/types/typedefs
func (t Tags) DirectQuery(ctx context.Context, names ...string) (field.Query, error) {
	ids, err := t.IDs(ctx, names...)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return field.MatchNone(), nil
	}
	return field.Tags.Keyword().OneOf(ids...), nil
}
