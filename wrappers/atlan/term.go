package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// meanings is the relationship between an asset and the terms that it is linked to.
const meanings = "meanings"

// TermRefs finds terms by their names in the glossary of a name, as people see them, for [Handle.AppendTerms] and its
// like. It asks the search index, which sees a term some seconds after it was made, and reads what it finds. A glossary or a
// term of which there is none is an error of category [ErrNotFound] that says the name, one of which there are several an
// [*AmbiguousNameError].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) TermRefs(ctx context.Context, glossary string, names ...string) ([]atlanassets.Ref, error) {
	in, err := c.Glossaries().Find(ctx, glossary)
	if err != nil {
		return nil, err
	}
	refs := make([]atlanassets.Ref, 0, len(names))
	for _, name := range distinct(names) {
		term, err := c.named(ctx, atlanassets.TypeAtlasGlossaryTerm, name, minimalRead, field.Anchor.Eq(in.QualifiedName()))
		if err != nil {
			return nil, err
		}
		refs = append(refs, atlanassets.RefByGUID(atlanassets.TypeAtlasGlossaryTerm, term.GUID))
	}
	return refs, nil
}

// AppendTerms links the asset to terms and leaves those that it is linked to.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) AppendTerms(ctx context.Context, terms ...atlanassets.Ref) (SaveResult, error) {
	return h.handle.changeTerms(ctx, terms, (*Entity).AppendRelationship)
}

// ReplaceTerms makes these terms all that the asset is linked to; none unlinks all of them.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) ReplaceTerms(ctx context.Context, terms ...atlanassets.Ref) (SaveResult, error) {
	return h.handle.changeTerms(ctx, terms, (*Entity).SetRelationship)
}

// RemoveTerms takes the links to terms away and leaves the others.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) RemoveTerms(ctx context.Context, terms ...atlanassets.Ref) (SaveResult, error) {
	return h.handle.changeTerms(ctx, terms, (*Entity).RemoveRelationship)
}

func (h *handle) changeTerms(ctx context.Context, terms []atlanassets.Ref, change func(*Entity, string, ...atlanassets.Ref) error) (SaveResult, error) {
	refs := make([]atlanassets.Ref, 0, len(terms))
	for _, term := range terms {
		if err := checkRef("terms", term, atlanassets.TypeAtlasGlossaryTerm); err != nil {
			return SaveResult{}, about(h.typeName, h.label(), err)
		}
		refs = append(refs, atlanassets.Ref{TypeName: atlanassets.TypeAtlasGlossaryTerm, GUID: term.GUID, QualifiedName: term.QualifiedName})
	}
	return h.edit(ctx, SaveOptions{}, func(v view) error { return change(v.Entity, meanings, refs...) })
}

// AppendTerms links an asset to terms. See [Handle.AppendTerms].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) AppendTerms(ctx context.Context, qualifiedName string, terms ...atlanassets.Ref) (SaveResult, error) {
	return s.Handle(qualifiedName).AppendTerms(ctx, terms...)
}

// ReplaceTerms makes these terms all that an asset is linked to. See [Handle.ReplaceTerms].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) ReplaceTerms(ctx context.Context, qualifiedName string, terms ...atlanassets.Ref) (SaveResult, error) {
	return s.Handle(qualifiedName).ReplaceTerms(ctx, terms...)
}

// RemoveTerms takes the links of an asset to terms away. See [Handle.RemoveTerms].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) RemoveTerms(ctx context.Context, qualifiedName string, terms ...atlanassets.Ref) (SaveResult, error) {
	return s.Handle(qualifiedName).RemoveTerms(ctx, terms...)
}
