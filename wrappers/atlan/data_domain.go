package atlan

import (
	"context"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// DataDomains are the domains of a tenant. The methods of the [Collection] read and write them.
type DataDomains struct {
	Collection[atlanassets.DataDomain]
}

// DataDomains are the domains. It does no I/O.
func (c *Client) DataDomains() DataDomains { return DataDomains{Of[atlanassets.DataDomain](c)} }

// Find returns the domain of a name, as people see it, at any depth; clauses narrow it down where domains in different
// places have one name, such as field.ParentDomainQualifiedName.Eq(qualifiedName). Errors are those of [Glossaries.Find].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s DataDomains) Find(ctx context.Context, name string, where ...field.Query) (*Asset[atlanassets.DataDomain], error) {
	return find[atlanassets.DataDomain](ctx, s.client, name, ReadOptions{}, where...)
}

// Hierarchy reads all domains, with the attributes that are asked for beside their names, and puts them into one another.
// They come from the search index, a hundred in a request, which sees changes some seconds after they were made.
//
//sluice:operation POST /api/meta/search/indexsearch
func (s DataDomains) Hierarchy(ctx context.Context, include ...field.Field) (*Hierarchy[atlanassets.DataDomain], error) {
	search := SearchFor[atlanassets.DataDomain](s.client).Include(field.ParentDomain, field.ParentDomainQualifiedName).Include(include...)
	domains, err := collect(ctx, search)
	if err != nil {
		return nil, err
	}
	return newHierarchy(domains, parentDomain), nil
}

// parentDomain is the domain that a domain is in: what the relationship says, the attribute, or its qualifiedName, which
// is the parent's, /domain/ and an id.
func parentDomain(a *Asset[atlanassets.DataDomain]) (guid, qualifiedName string) {
	if parent, ok := a.Attributes.ParentDomain.Get(); ok {
		return parent.GUID, parent.QualifiedName
	}
	if name, ok := a.Attributes.ParentDomainQualifiedName.Get(); ok {
		return "", name
	}
	name := a.QualifiedName()
	if i := strings.LastIndex(name, "/domain/"); i > len("default") {
		return "", name[:i]
	}
	return "", ""
}
