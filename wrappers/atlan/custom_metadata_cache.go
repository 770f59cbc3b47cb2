package atlan

import (
	"context"
	"slices"

	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// CustomMetadataSets are the custom metadata of a tenant: sets of attributes, both with human names, which people know, and
// hashed ids, which the API takes. Names are looked up in a cache of the client, see [WithCacheTTL]: the first lookup loads
// all sets, once for all goroutines, and a name or an id that is not among them asks once more.
type CustomMetadataSets struct{ client *Client }

// CustomMetadata returns the custom metadata of the tenant. It does no I/O.
func (c *Client) CustomMetadata() CustomMetadataSets { return CustomMetadataSets{c} }

func (s CustomMetadataSets) directory() *directory[*CustomMetadataDefinition] {
	c := s.client
	return &directory[*CustomMetadataDefinition]{
		cache: &c.caches.customMetadata, ttl: c.settings.cacheTTL, what: "custom metadata set", whole: true,
		keys: func(d *CustomMetadataDefinition) []cacheKey { return []cacheKey{{byID, d.ID}, {byName, d.Name}} },
		list: func(ctx context.Context) ([]*CustomMetadataDefinition, error) {
			found, err := c.definitions(ctx, kindCustomMetadata)
			if err != nil {
				return nil, err
			}
			list := make([]*CustomMetadataDefinition, len(found))
			for i, text := range found {
				list[i] = customMetadataDefinition(text)
			}
			return list, nil
		},
		find: func(by string) func(context.Context, string) ([]*CustomMetadataDefinition, error) {
			if by != byID {
				return nil // the API finds a set by its id only
			}
			return func(ctx context.Context, id string) ([]*CustomMetadataDefinition, error) {
				text, err := c.definition(ctx, kindCustomMetadata, id)
				if text == nil || err != nil {
					return nil, err
				}
				return []*CustomMetadataDefinition{customMetadataDefinition(text)}, nil
			}
		},
	}
}

// ID returns the hashed id of a set by its human name. A name that no set has is an error of category [ErrNotFound] that
// says the name.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) ID(ctx context.Context, set string) (string, error) {
	d, err := s.directory().one(ctx, cacheKey{byName, set})
	if err != nil {
		return "", err
	}
	return d.ID, nil
}

// Name returns the human name of a set by its hashed id, [DeletedName] for an id that no set has.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (s CustomMetadataSets) Name(ctx context.Context, id string) (string, error) {
	err := required(byID, id)
	var found []*CustomMetadataDefinition
	if err == nil {
		found, err = s.directory().lookup(ctx, cacheKey{byID, id})
	}
	if err != nil {
		return "", about("custom metadata set", id, err)
	}
	if len(found) == 0 {
		return DeletedName, nil
	}
	return found[0].Name, nil
}

// attribute returns an attribute that is not archived. When the set that the cache has lacks it, the set is loaded again,
// as somebody may just have added it.
func (s CustomMetadataSets) attribute(ctx context.Context, set, name string) (*CustomMetadataDefinition, *CustomMetadataAttribute, error) {
	d, err := s.withAttributes(ctx, set, name)
	if err != nil {
		return nil, nil, err
	}
	return d, d.attribute(name), nil
}

// withAttributes returns a set that has attributes of these names.
func (s CustomMetadataSets) withAttributes(ctx context.Context, set string, names ...string) (*CustomMetadataDefinition, error) {
	directory := s.directory()
	d, err := directory.one(ctx, cacheKey{byName, set})
	if err != nil {
		return nil, err
	}
	lacks := func() int { return slices.IndexFunc(names, func(name string) bool { return d.attribute(name) == nil }) }
	if lacks() < 0 {
		return d, nil
	}
	if d, err = directory.refresh(ctx, d); err != nil {
		return nil, about("custom metadata set", set, err)
	}
	if i := lacks(); i >= 0 {
		return nil, about("custom metadata attribute", set+"."+names[i], notFound("the custom metadata set %q has no attribute with the name %q", set, names[i]))
	}
	return d, nil
}

// AttributeID returns the hashed id of an attribute of a set, both by their human names. A name that nothing has is an
// error of category [ErrNotFound] that says the name; attributes that were archived do not count.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (s CustomMetadataSets) AttributeID(ctx context.Context, set, attribute string) (string, error) {
	_, a, err := s.attribute(ctx, set, attribute)
	if err != nil {
		return "", err
	}
	return a.ID, nil
}

// Warm loads all sets. See [Cache].
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) Warm(ctx context.Context) error { return s.directory().warm(ctx) }

// Invalidate forgets sets by their names or ids, or all of them. See [Cache]. It does no I/O.
func (s CustomMetadataSets) Invalidate(names ...string) {
	s.directory().invalidate(names...)
}

// fieldOf returns the name by which searches know an attribute, <id of the set>.<id of the attribute>, when the index keeps
// it as one of these types.
func (s CustomMetadataSets) fieldOf(ctx context.Context, set, attribute, kind string, types ...CustomMetadataType) (string, error) {
	d, a, err := s.attribute(ctx, set, attribute)
	if err != nil {
		return "", err
	}
	if !slices.Contains(types, a.Type) {
		return "", about("custom metadata attribute", set+"."+attribute, apierr.Invalid(service, "attribute", "the attribute is of type %s: a search has no %s for it", a.Type, kind))
	}
	return d.ID + "." + a.ID, nil
}

// KeywordField returns the field of searches for an attribute that holds text: strings, options, users, groups, URLs, SQL.
// Searches are told to return it by the same field. Names are human; errors are those of
// [CustomMetadataSets.AttributeID], and of category [ErrInvalidRequest] for an attribute of another type. That the index
// keeps text under the plain name, as a keyword, is not tried on the live service.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) KeywordField(ctx context.Context, set, attribute string) (field.KeywordField, error) {
	name, err := s.fieldOf(ctx, set, attribute, "keyword field", textTypes...)
	return field.NewKeywordField(name, ""), err
}

// TextField is [CustomMetadataSets.KeywordField] for searches by words.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) TextField(ctx context.Context, set, attribute string) (field.TextField, error) {
	name, err := s.fieldOf(ctx, set, attribute, "text field", textTypes...)
	return field.NewTextField(name, ""), err
}

// NumericField returns the field of searches for an attribute that holds whole numbers.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) NumericField(ctx context.Context, set, attribute string) (field.NumericField, error) {
	name, err := s.fieldOf(ctx, set, attribute, "numeric field", CustomMetadataInteger, CustomMetadataLong)
	return field.NewNumericField(name, ""), err
}

// FloatField returns the field of searches for an attribute that holds numbers.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) FloatField(ctx context.Context, set, attribute string) (field.FloatField, error) {
	name, err := s.fieldOf(ctx, set, attribute, "float field", CustomMetadataDecimal)
	return field.NewFloatField(name, ""), err
}

// DateField returns the field of searches for an attribute that holds points in time.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) DateField(ctx context.Context, set, attribute string) (field.DateField, error) {
	name, err := s.fieldOf(ctx, set, attribute, "date field", CustomMetadataDate)
	return field.NewDateField(name, ""), err
}

// BooleanField returns the field of searches for an attribute that is true or false.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) BooleanField(ctx context.Context, set, attribute string) (field.BooleanField, error) {
	name, err := s.fieldOf(ctx, set, attribute, "boolean field", CustomMetadataBoolean)
	return field.NewBooleanField(name, ""), err
}

// Fields returns what a search is to be told to return for all attributes of a set, or for these: the names of attributes
// as the API knows them, for the search's attributes. [CustomMetadataSets.Of] reads the values of what was found.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) Fields(ctx context.Context, set string, attributes ...string) ([]field.Field, error) {
	d, err := s.withAttributes(ctx, set, attributes...)
	if err != nil {
		return nil, err
	}
	var fields []field.Field
	for i := range d.Attributes {
		if a := &d.Attributes[i]; !a.Archived && (len(attributes) == 0 || slices.Contains(attributes, a.Name)) {
			fields = append(fields, field.NewKeywordField(d.ID+"."+a.ID, ""))
		}
	}
	return fields, nil
}
