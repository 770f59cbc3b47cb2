package tests_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// tagsOf are the tags of an asset of the fake in a stable order.
func tagsOf(t *testing.T, f *atlantest.Fake, guid string) []string {
	t.Helper()
	a, there := f.Asset(guid)
	if !there {
		t.Fatal("no such asset")
	}
	slices.Sort(a.Tags)
	return a.Tags
}

// Tags reach an asset that a program makes anew and that is there already, as a loader does that runs every night.
func TestT6TagsOfNewAssetThatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		pii, gold, old := f.AddTag("PII"), f.AddTag("Gold"), f.AddTag("Old")
		guid, name := addTable(f)
		schema := strings.TrimSuffix(name, "/T")
		f.Add(atlantest.Asset{TypeName: "Schema", Name: "S", QualifiedName: schema})
		ctx, client := t.Context(), clientOf(t, f)
		must(client.Tables().Tag(ctx, name, atlan.Tag{Name: "Old"}))(t)
		want := func(tags ...string) {
			t.Helper()
			slices.Sort(tags)
			if got := tagsOf(t, f, guid); !slices.Equal(got, tags) {
				t.Errorf("%q, want %q", got, tags)
			}
		}
		again := func() *atlan.Asset[atlanassets.Table] { return must(atlan.NewTable("T", schema))(t) }
		table := again()
		table.AddTags(atlan.Tag{Name: "PII"})
		must(client.Save(ctx, table))(t)
		want(old, pii)
		table = again()
		table.SetTags(atlan.Tag{Name: "Gold"})
		must(client.SaveWith(ctx, atlan.SaveOptions{Tags: atlan.TagsAppend}, table))(t)
		want(old, pii, gold)
		table = again()
		table.RemoveTags("Old")
		must(client.Save(ctx, table))(t)
		want(pii, gold)
		table = again()
		table.AddTags(atlan.Tag{Name: "Old"})
		must(client.SaveWith(ctx, atlan.SaveOptions{Tags: atlan.TagsReplace}, table))(t)
		want(old)

		// One that is not there yet gets them just so.
		for mode, want := range map[atlan.TagMode][]string{atlan.TagsKeep: {pii, gold}, atlan.TagsAppend: {pii, gold}, atlan.TagsReplace: {pii, gold}} {
			column := must(atlan.NewColumn("C"+string('0'+rune(mode)), atlanassets.RefTo[atlanassets.Table](name), 1))(t)
			column.AddTags(atlan.Tag{Name: "PII"}, atlan.Tag{Name: "Old"})
			column.AddTags(atlan.Tag{Name: "Gold"})
			column.RemoveTags("Old")
			must(client.SaveWith(ctx, atlan.SaveOptions{Tags: mode}, column))(t)
			slices.Sort(want)
			if got := tagsOf(t, f, column.GUID); !slices.Equal(got, want) {
				t.Errorf("mode %d: %q, want %q", mode, got, want)
			}
		}
		if f.Violations() != 0 {
			t.Error("requests broke the contract")
		}
	})
}

// Of two changes of one tag the later counts.
func TestT6LaterChangeOfTagCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		pii := f.AddTag("PII")
		guid, name := addTable(f)
		ctx, client := t.Context(), clientOf(t, f)
		table := must(client.Tables().Get(ctx, name))(t)
		table.AddTags(atlan.Tag{Name: "PII"})
		table.AddTags(atlan.Tag{Name: "PII", Propagate: true})
		must(client.Save(ctx, table))(t)
		if tags := must(client.Tables().Tags(ctx, name))(t); len(tags) != 1 || !tags[0].Propagate {
			t.Errorf("%+v", tags)
		}
		table = must(client.Tables().Get(ctx, name))(t)
		table.RemoveTags("PII")
		table.AddTags(atlan.Tag{Name: "PII", RestrictLineage: true})
		must(client.Save(ctx, table))(t)
		if tags := must(client.Tables().Tags(ctx, name))(t); len(tags) != 1 || !tags[0].RestrictLineage {
			t.Errorf("%+v", tags)
		}
		table = must(client.Tables().Get(ctx, name))(t)
		table.AddTags(atlan.Tag{Name: "PII"})
		table.RemoveTags("PII")
		must(client.Save(ctx, table))(t)
		if tags := tagsOf(t, f, guid); len(tags) != 0 {
			t.Errorf("%v, %s", tags, pii)
		}
	})
}

// A save that replaces tags does not make a tag the asset's own that came to it from another.
func TestT6ReplaceLeavesPropagatedTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.AddTag("PII")
		_, name := addTable(f)
		ctx, client := t.Context(), clientOf(t, f)
		column := must(atlan.NewColumn("C", atlanassets.RefTo[atlanassets.Table](name), 1))(t)
		must(client.Save(ctx, column))(t)
		must(client.Tables().Tag(ctx, name, atlan.Tag{Name: "PII", Propagate: true}))(t)
		for _, mode := range []atlan.TagMode{atlan.TagsReplace, atlan.ClassificationsReplace} {
			again := must(client.Columns().Get(ctx, column.QualifiedName()))(t)
			again.Attributes.Description.Set("x" + string('0'+rune(mode)))
			must(client.SaveWith(ctx, atlan.SaveOptions{Tags: mode}, again))(t)
			if tags := must(client.Columns().Tags(ctx, column.QualifiedName()))(t); len(tags) != 1 || !tags[0].Propagated {
				t.Errorf("mode %d: %+v", mode, tags)
			}
		}
	})
}
