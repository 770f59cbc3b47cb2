package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// Glossaries are the glossaries of a tenant. The methods of the [Collection] read and write them.
type Glossaries struct {
	Collection[atlanassets.AtlasGlossary]
}

// Glossaries are the glossaries. It does no I/O.
func (c *Client) Glossaries() Glossaries { return Glossaries{Of[atlanassets.AtlasGlossary](c)} }

// Terms are the terms of glossaries. The methods of the [Collection] read and write them. What a term has to do with others
// (synonyms, antonyms, seeAlso, preferredTerms, isA, …) are relationships like any: set them in Attributes, or add to them:
//
//	err := term.AppendRelationship("seeAlso", other.Ref())
//	report, err := client.Save(ctx, term)
type Terms struct {
	Collection[atlanassets.AtlasGlossaryTerm]
}

// Terms are the terms of glossaries. It does no I/O.
func (c *Client) Terms() Terms { return Terms{Of[atlanassets.AtlasGlossaryTerm](c)} }

// Categories are the categories of glossaries. The methods of the [Collection] read and write them. A category cannot be
// archived, only purged.
type Categories struct {
	Collection[atlanassets.AtlasGlossaryCategory]
}

// Categories are the categories of glossaries. It does no I/O.
func (c *Client) Categories() Categories {
	return Categories{Of[atlanassets.AtlasGlossaryCategory](c)}
}

// withoutRelationships is a read for assets that may have very many relationships.
var withoutRelationships = ReadOptions{WithoutRelationships: true} //nolint:gochecknoglobals // a constant that Go has no form for

// Find returns the glossary of a name, as people see it, without its terms and categories: see [Glossaries.Hierarchy], and
// [Collection.Get] for all of it. It asks the search index, which sees a glossary some seconds after it was made, and reads
// what it finds. None is an error of category [ErrNotFound] that says the name, several are an [*AmbiguousNameError].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s Glossaries) Find(ctx context.Context, name string) (*Asset[atlanassets.AtlasGlossary], error) {
	return find[atlanassets.AtlasGlossary](ctx, s.client, name, withoutRelationships)
}

// Find returns the term of a name in the glossary of a name. Errors are those of [Glossaries.Find], about the glossary and
// about the term.
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s Terms) Find(ctx context.Context, glossary, name string) (*Asset[atlanassets.AtlasGlossaryTerm], error) {
	in, err := s.client.Glossaries().Find(ctx, glossary)
	if err != nil {
		return nil, err
	}
	return s.FindIn(ctx, in.QualifiedName(), name)
}

// FindIn returns the term of a name in the glossary of a qualifiedName. Errors are those of [Glossaries.Find]; a glossary
// that does not exist has no terms.
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s Terms) FindIn(ctx context.Context, glossaryQualifiedName, name string) (*Asset[atlanassets.AtlasGlossaryTerm], error) {
	if err := checkName("glossaryQualifiedName", glossaryQualifiedName); err != nil {
		return nil, err
	}
	return find[atlanassets.AtlasGlossaryTerm](ctx, s.client, name, ReadOptions{}, field.Anchor.Eq(glossaryQualifiedName))
}

// Find returns the category of a name in the glossary of a name. A glossary may have several categories of one name in
// different places: [Glossaries.Hierarchy] tells them apart. Errors are those of [Terms.Find].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s Categories) Find(ctx context.Context, glossary, name string) (*Asset[atlanassets.AtlasGlossaryCategory], error) {
	in, err := s.client.Glossaries().Find(ctx, glossary)
	if err != nil {
		return nil, err
	}
	return s.FindIn(ctx, in.QualifiedName(), name)
}

// FindIn returns the category of a name in the glossary of a qualifiedName, see [Categories.Find]; further clauses narrow
// it down, such as field.ParentCategory.Eq(qualifiedName). Errors are those of [Terms.FindIn].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s Categories) FindIn(ctx context.Context, glossaryQualifiedName, name string, where ...field.Query) (*Asset[atlanassets.AtlasGlossaryCategory], error) {
	if err := checkName("glossaryQualifiedName", glossaryQualifiedName); err != nil {
		return nil, err
	}
	return find[atlanassets.AtlasGlossaryCategory](ctx, s.client, name, ReadOptions{},
		append([]field.Query{field.Anchor.Eq(glossaryQualifiedName)}, where...)...)
}
