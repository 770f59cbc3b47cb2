package tests_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// Domains are put into one another, whether the relationship, the attribute or only the name says so.
func TestT7DomainHierarchy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		sales := must(atlan.NewDataDomain("Sales"))(t)
		north := must(atlan.NewDataDomain("North", sales.Ref()))(t)
		must(client.Save(ctx, sales, north))(t)
		south := must(atlan.NewDataDomain("South", atlanassets.RefTo[atlanassets.DataDomain](sales.QualifiedName())))(t)
		must(client.Save(ctx, south))(t)
		f.Add(atlantest.Asset{TypeName: "DataDomain", Name: "Pole", QualifiedName: north.QualifiedName() + "/domain/pole"})
		pass(5 * time.Second)
		h := must(client.DataDomains().Hierarchy(ctx, field.Description))(t)
		if got := namesOf(slices.Collect(h.DepthFirst())); got != "Sales North Pole South" || len(h.Detached()) != 0 || len(h.Roots()) != 1 {
			t.Errorf("%s, %d roots", got, len(h.Roots()))
		}
		if got := must(client.DataDomains().GetByGUID(ctx, south.GUID))(t); got.Attributes.ParentDomainQualifiedName.Or("") != sales.QualifiedName() {
			t.Errorf("%s", got.QualifiedName())
		}
	})
}

// A product holds what its selection finds, and its selection can be read back and changed.
func TestT7ProductAssets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		verified := map[string]any{"certificateStatus": "VERIFIED"}
		table := f.Add(atlantest.Asset{TypeName: "Table", Name: "T", QualifiedName: connection + "/D/S/T", Attributes: verified},
			atlantest.Asset{TypeName: "Table", Name: "U", QualifiedName: connection + "/D/S/U"},
			atlantest.Asset{TypeName: "View", Name: "V", QualifiedName: connection + "/D/S/V", Attributes: verified})
		f.Add(atlantest.Asset{TypeName: "Table", Name: "W", QualifiedName: connection + "/D/S/W", Attributes: verified, Status: "DELETED"})
		domain := must(atlan.NewDataDomain("Sales"))(t)
		selection := client.Search(field.CertificateStatus.Eq("VERIFIED")).Types("Table").Selection()
		product := must(atlan.NewDataProduct("Orders", domain.Ref(), selection))(t)
		must(client.Save(ctx, domain, product))(t)
		stored := must(client.DataProducts().GetByGUID(ctx, product.GUID))(t)
		if a := stored.Attributes; a.DaapStatus.Or("") != atlanassets.DataProductStatusActive || a.DaapVisibility.Or("") != atlanassets.DataProductVisibilityPrivate ||
			a.ParentDomainQualifiedName.Or("") != domain.QualifiedName() {
			t.Errorf("%+v", a)
		}
		guids := func() (list []string) {
			for e, err := range must(client.DataProducts().Assets(ctx, product.QualifiedName()))(t).All(ctx) {
				ok(t, err)
				list = append(list, e.GUID)
			}
			return list
		}
		if got := guids(); !slices.Equal(got, table[:1]) {
			t.Errorf("%v, want %v", got, table[:1])
		}
		// The number in a clause stays what it is; other types come with another choice.
		ok(t, atlan.SelectAssets(stored, field.All(field.CertificateStatus.Eq("VERIFIED"), field.TypeName.OneOf("Table", "View"), field.CreateTime.GT(time.UnixMilli(1)))))
		if report := must(client.Save(ctx, stored))(t); !report.Changed() {
			t.Errorf("%+v", report)
		}
		want := slices.Sorted(slices.Values([]string{table[0], table[2]}))
		if got := guids(); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if n := must(must(client.DataProducts().AssetsOf(stored))(t).WithStatus().Count(ctx))(t); n != 3 {
			t.Errorf("%d with archived ones", n)
		}
	})
}

// Selections of others are understood, what is none is an error.
func TestT7ProductSelections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		f.Add(atlantest.Asset{TypeName: "Table", Name: "T", QualifiedName: connection + "/D/S/T"})
		for text, want := range map[string]error{
			`{"query":{"attributes":["x"],"dsl":{"from":0,"size":300,"track_total_hits":true,"query":{"bool":{"filter":{"bool":{"filter":[{"term":{"__typeName.keyword":{"value":"Table","case_insensitive":false}}}]}}}}},"suppressLogs":true},"filterScrubbed":true}`: nil,
			`{"query":{"dsl":{"query":{"term":{"__typeName.keyword":"Table"}}}}}`: nil,
			`{"query":{"dsl":{"query":{}}}}`:                                      atlan.ErrLogic,
			`{"query":{}}`:                                                        atlan.ErrLogic,
			`no JSON`:                                                             atlan.ErrLogic,
			``:                                                                    atlan.ErrNotFound,
		} {
			attributes := map[string]any{"dataProductAssetsDSL": text}
			if text == "" {
				attributes = nil
			}
			guid := f.Add(atlantest.Asset{TypeName: "DataProduct", Name: "P", QualifiedName: "p" + text, Attributes: attributes})[0]
			search, err := client.DataProducts().Assets(ctx, "p"+text)
			if want != nil || err != nil {
				if !errors.Is(err, want) {
					t.Errorf("%s: %v", text, err)
				}
				continue
			}
			if n := must(search.Count(ctx))(t); n != 1 {
				t.Errorf("%s: %d assets of %s", text, n, guid)
			}
		}
		if _, err := client.DataProducts().Assets(ctx, "nothing"); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if err := atlan.SelectAssets(atlan.NewAsset[atlanassets.DataProduct](), nil); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Errorf("%v", err)
		}
	})
}
