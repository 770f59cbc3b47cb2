package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// Personas are the personas of a tenant: what groups of people see and may do, by policies. The methods of the
// [Collection] read and write them. Deleting one deletes its policies.
type Personas struct {
	Collection[atlanassets.Persona]
}

// Personas are the personas. It does no I/O.
func (c *Client) Personas() Personas { return Personas{Of[atlanassets.Persona](c)} }

// Find returns the persona of a name, as people see it. Errors are those of [Glossaries.Find].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s Personas) Find(ctx context.Context, name string) (*Asset[atlanassets.Persona], error) {
	return find[atlanassets.Persona](ctx, s.client, name, ReadOptions{})
}

// Policies reads the policies of the persona of a qualifiedName, those that were just made too. A persona that does not
// exist is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/bulk
func (s Personas) Policies(ctx context.Context, qualifiedName string) ([]*Asset[atlanassets.AuthPolicy], error) {
	persona, err := s.Get(ctx, qualifiedName, ReadOptions{Minimal: true})
	if err != nil {
		return nil, err
	}
	return s.client.policies(ctx, &persona.Attributes.AccessControl)
}

// NewPersona returns a new persona, which is enabled. Its attributes PersonaUsers and PersonaGroups say who it is for: user
// names, and names of groups. Policies are made with [NewPersonaPolicy] when the persona was saved. The server makes its
// qualifiedName, see [NewGlossary]. An empty name is an error.
func NewPersona(name string) (*Asset[atlanassets.Persona], error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Persona]()
	a.Attributes.Name.Set(name)
	a.Attributes.DisplayName.Set(name)
	a.Attributes.IsAccessControlEnabled.Set(true)
	return a, nil
}
