package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// Hierarchy reads the categories of the glossary of a qualifiedName, with the attributes that are asked for beside their
// names, and puts them into one another:
//
//	glossary, err := client.Glossaries().Find(ctx, "Metrics")
//	hierarchy, err := client.Glossaries().Hierarchy(ctx, glossary.QualifiedName(), field.Description)
//	for category := range hierarchy.DepthFirst() {
//		fmt.Println(len(hierarchy.Path(category.GUID)), category.Name())
//	}
//
// The categories come from the search index, a hundred in a request, which sees changes some seconds after they were made.
// A glossary that does not exist is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/search/indexsearch
func (s Glossaries) Hierarchy(ctx context.Context, qualifiedName string, include ...field.Field) (*Hierarchy[atlanassets.AtlasGlossaryCategory], error) {
	if _, err := s.Get(ctx, qualifiedName, minimalRead); err != nil {
		return nil, err
	}
	search := SearchFor[atlanassets.AtlasGlossaryCategory](s.client, field.Anchor.Eq(qualifiedName)).Include(field.ParentCategory).Include(include...)
	categories, err := collect(ctx, search)
	if err != nil {
		return nil, about(atlanassets.TypeAtlasGlossary, qualifiedName, err)
	}
	return newHierarchy(categories, func(a *Asset[atlanassets.AtlasGlossaryCategory]) (guid, qualifiedName string) {
		parent, _ := a.Attributes.ParentCategory.Get()
		return parent.GUID, parent.QualifiedName
	}), nil
}

// collect is everything that a search finds and the caller may see.
func collect[T atlanassets.Type](ctx context.Context, search Search[*Asset[T]]) ([]*Asset[T], error) {
	var list []*Asset[T]
	for a, err := range search.All(ctx) {
		if err != nil {
			return nil, err
		}
		if !a.Scrubbed() {
			list = append(list, a)
		}
	}
	return list, nil
}
