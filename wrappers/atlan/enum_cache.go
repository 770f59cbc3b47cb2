package atlan

import "context"

// Enums are the enumerations of a tenant, which custom metadata takes its options from. They have human names only. They
// are looked up in a cache of the client, see [WithCacheTTL].
type Enums struct{ client *Client }

// Enums returns the enumerations of the tenant. It does no I/O.
func (c *Client) Enums() Enums { return Enums{c} }

func (s Enums) directory() *directory[*EnumDefinition] {
	c := s.client
	return &directory[*EnumDefinition]{
		cache: &c.caches.enums, ttl: c.settings.cacheTTL, what: "enum",
		keys: func(d *EnumDefinition) []cacheKey { return []cacheKey{{byName, d.Name}} },
		list: func(ctx context.Context) ([]*EnumDefinition, error) {
			found, err := c.definitions(ctx, kindEnum)
			if err != nil {
				return nil, err
			}
			list := make([]*EnumDefinition, len(found))
			for i, text := range found {
				list[i] = enumDefinition(text)
			}
			return list, nil
		},
		find: func(string) func(context.Context, string) ([]*EnumDefinition, error) {
			return func(ctx context.Context, name string) ([]*EnumDefinition, error) {
				text, err := c.definition(ctx, kindEnum, name)
				if text == nil || err != nil {
					return nil, err
				}
				return []*EnumDefinition{enumDefinition(text)}, nil
			}
		},
	}
}

// Values returns the values of an enumeration in their order. A name that none has is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (s Enums) Values(ctx context.Context, name string) ([]string, error) {
	d, err := s.directory().one(ctx, cacheKey{byName, name})
	if err != nil {
		return nil, err
	}
	return d.texts(), nil
}

// Warm loads all enumerations. See [Cache].
//
//sluice:operation GET /api/meta/types/typedefs
func (s Enums) Warm(ctx context.Context) error { return s.directory().warm(ctx) }

// Invalidate forgets enumerations by their names, or all of them. See [Cache]. It does no I/O.
func (s Enums) Invalidate(names ...string) { s.directory().invalidate(names...) }
