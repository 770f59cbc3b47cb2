package tests_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

func namesOf[T atlanassets.Type](assets []*atlan.Asset[T]) string {
	names := make([]string, len(assets))
	for i, a := range assets {
		names[i] = a.Name()
	}
	return strings.Join(names, " ")
}

// The categories of one glossary are put into one another, more of them than a page holds.
func TestT7GlossaryHierarchy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		glossary, other := must(atlan.NewGlossary("G"))(t), must(atlan.NewGlossary("H"))(t)
		items := []atlan.Item{glossary, other, must(atlan.NewCategory("A", other.Ref()))(t)}
		category := func(name string, parent ...atlanassets.Ref) *atlan.Asset[atlanassets.AtlasGlossaryCategory] {
			c := must(atlan.NewCategory(name, glossary.Ref(), parent...))(t)
			c.Attributes.ShortDescription.Set("about " + name)
			items = append(items, c)
			return c
		}
		b, a := category("B"), category("A")
		ab, aa := category("AB", a.Ref()), category("AA", a.Ref())
		aaa := category("AAA", aa.Ref())
		for i := range 150 {
			category(fmt.Sprintf("B%03d", i), b.Ref())
		}
		must(client.Save(ctx, items...))(t)
		pass(5 * time.Second)
		h := must(client.Glossaries().Hierarchy(ctx, glossary.QualifiedName(), field.ShortDescription))(t)
		if h.Len() != 155 || namesOf(h.Roots()) != "A B" || namesOf(h.Children(a.GUID)) != "AA AB" || namesOf(h.Path(aaa.GUID)) != "A AA AAA" ||
			h.Parent(ab.GUID).GUID != a.GUID || len(h.Detached()) != 0 || len(h.Children(b.GUID)) != 150 {
			t.Errorf("%d: %s; %s; %s", h.Len(), namesOf(h.Roots()), namesOf(h.Children(a.GUID)), namesOf(h.Path(aaa.GUID)))
		}
		if got := namesOf(slices.Collect(h.BreadthFirst())); !strings.HasPrefix(got, "A B AA AB B000 ") || !strings.HasSuffix(got, " B149 AAA") {
			t.Error(got)
		}
		if got := namesOf(slices.Collect(h.DepthFirst())); !strings.HasPrefix(got, "A AA AAA AB B B000 ") {
			t.Error(got)
		}
		if got := namesOf(slices.Collect(h.Below(a.GUID))); got != "AA AAA AB" {
			t.Error(got)
		}
		if got := h.Get(aaa.GUID); got.Attributes.ShortDescription.Or("") != "about AAA" {
			t.Errorf("%+v", got.Attributes.ShortDescription)
		}
		if h := must(client.Glossaries().Hierarchy(ctx, other.QualifiedName()))(t); h.Len() != 1 {
			t.Errorf("%d", h.Len())
		}
		if _, err := client.Glossaries().Hierarchy(ctx, "none"); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// Categories that are in themselves, and parents that are gone or hidden, neither hang a walk nor lose a category.
func TestT7GlossaryHierarchyOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		g, glossary := f.AddGlossary("G")
		add := func(name, parent string) string {
			relations := map[string][]string{"anchor": {g}}
			if parent != "" {
				relations["parentCategory"] = []string{parent}
			}
			return f.Add(atlantest.Asset{GUID: "00000000-0000-0000-0000-0000000000" + name, TypeName: "AtlasGlossaryCategory", Name: name, QualifiedName: name + "@" + glossary, Relationships: relations})[0]
		}
		root := add("10", "")
		hidden := add("20", root)
		add("21", hidden)
		one := add("30", "")
		two := add("31", one)
		three := add("32", two)
		ok(t, clientSetsParent(t, client, one, three)) // a circle, which the server takes
		f.Hide(hidden)
		pass(5 * time.Second)
		h := must(client.Glossaries().Hierarchy(t.Context(), glossary))(t)
		if got := namesOf(slices.Collect(h.DepthFirst())); got != "10 21 30 31 32" {
			t.Error(got)
		}
		if got := namesOf(h.Detached()); got != "21 30" {
			t.Error(got)
		}
	})
}

func clientSetsParent(t *testing.T, client *atlan.Client, guid, parent string) error {
	t.Helper()
	_, err := client.Categories().ByGUID(guid).Update(t.Context(), func(a *atlan.Asset[atlanassets.AtlasGlossaryCategory]) error {
		a.Attributes.ParentCategory.Set(atlanassets.RefByGUID(atlanassets.TypeAtlasGlossaryCategory, parent))
		return nil
	})
	return err
}

// Relations between terms are relationships: added, seen from both ends, and taken away.
func TestT7TermRelations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		glossary := must(atlan.NewGlossary("G"))(t)
		revenue, income, turnover := must(atlan.NewTerm("Revenue", glossary.Ref()))(t), must(atlan.NewTerm("Income", glossary.Ref()))(t), must(atlan.NewTerm("Turnover", glossary.Ref()))(t)
		revenue.Attributes.Synonyms.Set([]atlanassets.Ref{income.Ref()})
		must(client.Save(ctx, glossary, revenue, income, turnover))(t)
		ok(t, revenue.AppendRelationship("synonyms", turnover.Ref()))
		ok(t, revenue.AppendRelationship("seeAlso", turnover.Ref()))
		must(client.Save(ctx, revenue))(t)
		read := func(guid string) atlanassets.AtlasGlossaryTerm {
			return must(client.Terms().GetByGUID(ctx, guid))(t).Attributes
		}
		if n := len(read(revenue.GUID).Synonyms.Or(nil)); n != 2 {
			t.Errorf("%d synonyms", n)
		}
		if back := read(turnover.GUID).SeeAlso.Or(nil); len(back) != 1 || back[0].GUID != revenue.GUID {
			t.Errorf("%v", back)
		}
		ok(t, revenue.RemoveRelationship("synonyms", income.Ref()))
		must(client.Save(ctx, revenue))(t)
		if left := read(revenue.GUID).Synonyms.Or(nil); len(left) != 1 || left[0].GUID != turnover.GUID {
			t.Errorf("%v", left)
		}
	})
}
