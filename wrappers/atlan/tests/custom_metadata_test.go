package tests_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

// What assets have values of is neither purged nor archived, and a description can be taken away.
func TestT9CustomMetadataInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		_, name := addTable(f)
		ctx, client := t.Context(), clientOf(t, f)
		tables, sets := client.Tables(), client.CustomMetadata()
		must(sets.Create(ctx, atlan.CustomMetadataDefinition{Name: "Quality", Attributes: []atlan.CustomMetadataAttribute{
			{Name: "Level", Type: atlan.CustomMetadataString, Description: "how good"}, {Name: "Score", Type: atlan.CustomMetadataDecimal},
		}}))(t)
		d := must(sets.Update(ctx, "Quality", func(d *atlan.CustomMetadataDefinition) error {
			d.Attribute("Level").Description = ""
			return nil
		}))(t)
		if d.Attribute("Level").Description != "" {
			t.Errorf("%+v", d.Attribute("Level"))
		}
		ok(t, tables.MergeCustomMetadata(ctx, name, "Quality", atlan.CustomMetadata{"Level": "good"}))
		for _, err := range []error{sets.Purge(ctx, "Quality"), sets.ArchiveAttribute(ctx, "Quality", "Level")} {
			if !errors.Is(err, atlan.ErrConflict) {
				t.Error(err)
			}
		}
		if got := must(tables.CustomMetadata(ctx, name))(t); !cmp.Equal(got, map[string]atlan.CustomMetadata{"Quality": {"Level": "good"}}) {
			t.Error(got)
		}
		ok(t, sets.ArchiveAttribute(ctx, "Quality", "Score"))
		ok(t, tables.RemoveCustomMetadata(ctx, name, "Quality"))
		ok(t, sets.ArchiveAttribute(ctx, "Quality", "Level"))
		ok(t, sets.Purge(ctx, "Quality"))
		if f.Violations() != 0 {
			t.Error("requests broke the contract")
		}
	})
}

// Changes of a set one after the other are what one sees after the save, in both modes, and other sets stay.
func TestT6CustomMetadataChangesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		_, name := addTable(f)
		ctx, client := t.Context(), clientOf(t, f)
		tables, sets := client.Tables(), client.CustomMetadata()
		text := func(names ...string) (attributes []atlan.CustomMetadataAttribute) {
			for _, name := range names {
				attributes = append(attributes, atlan.CustomMetadataAttribute{Name: name, Type: atlan.CustomMetadataString})
			}
			return attributes
		}
		must(sets.Create(ctx, atlan.CustomMetadataDefinition{Name: "Quality", Attributes: text("A", "B", "C")}))(t)
		must(sets.Create(ctx, atlan.CustomMetadataDefinition{Name: "Other", Attributes: text("X")}))(t)
		other := atlan.CustomMetadata{"X": "x"}
		type table = interface {
			SetCustomMetadata(string, atlan.CustomMetadata)
			RemoveCustomMetadata(string)
		}
		for _, mode := range []atlan.CustomMetadataMode{atlan.CustomMetadataMerge, atlan.CustomMetadataReplace} {
			for what, c := range map[string]struct {
				change func(table)
				want   map[string]atlan.CustomMetadata
			}{
				"remove, set": {func(a table) {
					a.RemoveCustomMetadata("Quality")
					a.SetCustomMetadata("Quality", atlan.CustomMetadata{"C": "c"})
				}, map[string]atlan.CustomMetadata{"Quality": {"C": "c"}, "Other": other}},
				"remove, set, set": {func(a table) {
					a.RemoveCustomMetadata("Quality")
					a.SetCustomMetadata("Quality", atlan.CustomMetadata{"A": "other"})
					a.SetCustomMetadata("Quality", atlan.CustomMetadata{"A": "a"})
				}, map[string]atlan.CustomMetadata{"Quality": {"A": "a"}, "Other": other}},
				"set, remove": {func(a table) {
					a.SetCustomMetadata("Quality", atlan.CustomMetadata{"C": "c"})
					a.RemoveCustomMetadata("Quality")
				}, map[string]atlan.CustomMetadata{"Other": other}},
				"remove, set nothing": {func(a table) {
					a.RemoveCustomMetadata("Quality")
					a.SetCustomMetadata("Quality", nil)
				}, map[string]atlan.CustomMetadata{"Other": other}},
			} {
				ok(t, tables.ReplaceCustomMetadata(ctx, name, "Quality", atlan.CustomMetadata{"A": "a", "B": "b"}))
				ok(t, tables.ReplaceCustomMetadata(ctx, name, "Other", other))
				asset := must(tables.Get(ctx, name))(t)
				c.change(asset)
				must(client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: mode}, asset))(t)
				if diff := cmp.Diff(c.want, must(tables.CustomMetadata(ctx, name))(t), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s in mode %d: %s", what, mode, diff)
				}
			}
		}
	})
}
