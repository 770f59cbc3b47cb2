package atlan

import "github.com/sluice-sdk/sluice/gen/atlanassets"

// The server makes the qualifiedNames of glossaries, terms and categories: they have none until they were saved, and a
// save of new ones is not repeated when its answer is lost, see [Client.Save].

// NewGlossary returns a new glossary. An empty name is an error.
func NewGlossary(name string) (*Asset[atlanassets.AtlasGlossary], error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AtlasGlossary]()
	a.Attributes.Name.Set(name)
	return a, nil
}

// NewTerm returns a new term of a glossary, in any number of its categories. Glossary and categories are references to
// assets that exist or are saved together with the term:
//
//	glossary, err := atlan.NewGlossary("Metrics")
//	term, err := atlan.NewTerm("Revenue", glossary.Ref())
//	report, err := client.Save(ctx, glossary, term)
//
// Errors: an empty name, a reference that names nothing or leads to another type.
func NewTerm(name string, glossary atlanassets.Ref, categories ...atlanassets.Ref) (*Asset[atlanassets.AtlasGlossaryTerm], error) {
	err := checkName(attributeName, name)
	if err == nil {
		err = checkRef("glossary", glossary, atlanassets.TypeAtlasGlossary)
	}
	for _, category := range categories {
		if err == nil {
			err = checkRef("categories", category, atlanassets.TypeAtlasGlossaryCategory)
		}
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AtlasGlossaryTerm]()
	a.Attributes.Name.Set(name)
	a.Attributes.Anchor.Set(typed(glossary, atlanassets.TypeAtlasGlossary))
	if len(categories) > 0 {
		a.Attributes.Categories.Set(categories)
	}
	return a, nil
}

// NewCategory returns a new category of a glossary, in another category when a parent is given. Errors are those of
// [NewTerm], and more than one parent.
func NewCategory(name string, glossary atlanassets.Ref, parent ...atlanassets.Ref) (*Asset[atlanassets.AtlasGlossaryCategory], error) {
	err := checkName(attributeName, name)
	if err == nil {
		err = checkRef("glossary", glossary, atlanassets.TypeAtlasGlossary)
	}
	if err == nil && len(parent) > 0 {
		err = checkRef("parent", parent[0], atlanassets.TypeAtlasGlossaryCategory)
	}
	if err == nil {
		err = atMostOne("parent", len(parent))
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AtlasGlossaryCategory]()
	a.Attributes.Name.Set(name)
	a.Attributes.Anchor.Set(typed(glossary, atlanassets.TypeAtlasGlossary))
	if len(parent) > 0 {
		a.Attributes.ParentCategory.Set(parent[0])
	}
	return a, nil
}

// typed gives a reference by guid its type.
func typed(ref atlanassets.Ref, typeName string) atlanassets.Ref {
	if ref.TypeName == "" {
		ref.TypeName = typeName
	}
	return ref
}
