package tests_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// Glossaries, terms, categories, domains, products, personas and purposes are found by the names that people know.
func TestT7Find(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		glossary := must(atlan.NewGlossary("Metrics"))(t)
		other := must(atlan.NewGlossary("Other"))(t)
		category := must(atlan.NewCategory("Finance", glossary.Ref()))(t)
		term := must(atlan.NewTerm("Revenue", glossary.Ref(), category.Ref()))(t)
		foreign := must(atlan.NewTerm("Revenue", other.Ref()))(t)
		domain := must(atlan.NewDataDomain("Sales"))(t)
		product := must(atlan.NewDataProduct("Orders", domain.Ref(), field.MatchAll()))(t)
		persona := must(atlan.NewPersona("Analysts"))(t)
		f.AddTag("PII")
		purpose := must(atlan.NewPurpose("PII", "PII"))(t)
		must(client.Save(ctx, glossary, other, category, term, foreign, domain, product, persona, purpose))(t)
		ok(t, client.WaitSearchable(ctx, glossary.GUID, other.GUID, category.GUID, term.GUID, foreign.GUID, domain.GUID, product.GUID, persona.GUID, purpose.GUID))

		if got := must(client.Glossaries().Find(ctx, "Metrics"))(t); got.GUID != glossary.GUID || got.QualifiedName() != glossary.QualifiedName() {
			t.Errorf("%s", got.GUID)
		}
		found := must(client.Terms().Find(ctx, "Metrics", "Revenue"))(t)
		if found.GUID != term.GUID {
			t.Errorf("%s", found.GUID)
		}
		if got := must(client.Terms().FindIn(ctx, other.QualifiedName(), "Revenue"))(t); got.GUID != foreign.GUID {
			t.Errorf("%s", got.GUID)
		}
		if got := must(client.Categories().Find(ctx, "Metrics", "Finance"))(t); got.GUID != category.GUID {
			t.Errorf("%s", got.GUID)
		}
		if got := must(client.DataDomains().Find(ctx, "Sales"))(t); got.GUID != domain.GUID {
			t.Errorf("%s", got.GUID)
		}
		if got := must(client.DataProducts().Find(ctx, "Orders", field.ParentDomainQualifiedName.Eq(domain.QualifiedName())))(t); got.GUID != product.GUID {
			t.Errorf("%s", got.GUID)
		}
		if got := must(client.Personas().Find(ctx, "Analysts"))(t); got.GUID != persona.GUID {
			t.Errorf("%s", got.GUID)
		}
		if got := must(client.Purposes().Find(ctx, "PII"))(t); got.GUID != purpose.GUID {
			t.Errorf("%s", got.GUID)
		}
		// What was found can be changed and saved.
		found.Attributes.ShortDescription.Set("What comes in")
		if report := must(client.Save(ctx, found))(t); report.Items[0].Outcome != atlan.Updated && report.Items[0].Outcome != atlan.PartiallyUpdated {
			t.Errorf("%+v", report)
		}
	})
}

// None is an error that says the name, and so are several, which come as candidates.
func TestT7FindNoneAndSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, glossary := f.AddGlossary("Metrics")
		top := f.Add(atlantest.Asset{TypeName: "DataDomain", Name: "Sales", QualifiedName: "default/domain/a/super"})[0]
		below := f.Add(atlantest.Asset{TypeName: "DataDomain", Name: "Sales", QualifiedName: "default/domain/a/super/domain/b",
			Attributes: map[string]any{"parentDomainQualifiedName": "default/domain/a/super"}})[0]
		for what, find := range map[string]func() error{
			"Nothing":    func() error { _, err := client.Glossaries().Find(ctx, "Nothing"); return err },
			"No Gloss":   func() error { _, err := client.Terms().Find(ctx, "No Gloss", "x"); return err },
			"No Term":    func() error { _, err := client.Terms().Find(ctx, "Metrics", "No Term"); return err },
			"No Categ":   func() error { _, err := client.Categories().FindIn(ctx, glossary, "No Categ"); return err },
			"No Domain":  func() error { _, err := client.DataDomains().Find(ctx, "No Domain"); return err },
			"No Product": func() error { _, err := client.DataProducts().Find(ctx, "No Product"); return err },
			"No Persona": func() error { _, err := client.Personas().Find(ctx, "No Persona"); return err },
			"No Purpose": func() error { _, err := client.Purposes().Find(ctx, "No Purpose"); return err },
			"metrics":    func() error { _, err := client.Glossaries().Find(ctx, "metrics"); return err },
		} {
			if err := find(); !errors.Is(err, atlan.ErrNotFound) || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
		requests := f.Log().Count("indexSearch")
		for _, find := range []func() error{
			func() error { _, err := client.Glossaries().Find(ctx, " "); return err },
			func() error { _, err := client.Terms().FindIn(ctx, "", "x"); return err },
			func() error { _, err := client.Categories().FindIn(ctx, "g", ""); return err },
		} {
			if err := find(); !errors.Is(err, atlan.ErrInvalidRequest) {
				t.Errorf("%v", err)
			}
		}
		if n := f.Log().Count("indexSearch"); n != requests {
			t.Errorf("%d requests for nothing", n-requests)
		}
		_, err := client.DataDomains().Find(ctx, "Sales")
		var ambiguous *atlan.AmbiguousNameError
		if !errors.Is(err, atlan.ErrLogic) || !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 || !strings.Contains(err.Error(), "default/domain/a/super/domain/b") {
			t.Errorf("%v", err)
		}
		if got := must(client.DataDomains().Find(ctx, "Sales", field.ParentDomainQualifiedName.Eq("default/domain/a/super")))(t); got.GUID != below {
			t.Errorf("%s", got.GUID)
		}
		// What the index still has and the server no more is not found; what got another name is neither.
		must(client.Delete(ctx, atlan.DeletePurge, below))(t)
		if got := must(client.DataDomains().Find(ctx, "Sales"))(t); got.GUID != top {
			t.Errorf("%s", got.GUID)
		}
		must(client.DataDomains().ByGUID(top).Update(ctx, func(a *atlan.Asset[atlanassets.DataDomain]) error {
			a.Attributes.Name.Set("Trade")
			return nil
		}))(t)
		if _, err := client.DataDomains().Find(ctx, "Sales"); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
		pass(5 * time.Second)
		if got := must(client.DataDomains().Find(ctx, "Trade"))(t); got.GUID != top {
			t.Errorf("%s", got.GUID)
		}
		// An archived one does not count.
		must(client.Archive(ctx, top))(t)
		pass(5 * time.Second)
		if _, err := client.DataDomains().Find(ctx, "Trade"); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}
