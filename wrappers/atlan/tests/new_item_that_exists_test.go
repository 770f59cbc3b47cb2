package tests_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// Tags that are set on an asset that a program makes anew and that is there already are added to those that it has: none of
// them is lost, and none that others put there.
func TestT6SetTagsOfNewAssetThatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		pii, old := f.AddTag("PII"), f.AddTag("Old")
		guid, name := addTable(f)
		schema := strings.TrimSuffix(name, "/T")
		f.Add(atlantest.Asset{TypeName: "Schema", Name: "S", QualifiedName: schema})
		ctx, client := t.Context(), clientOf(t, f)
		must(client.Tables().Tag(ctx, name, atlan.Tag{Name: "Old"}))(t)
		want := []string{pii, old}
		slices.Sort(want)
		table := must(atlan.NewTable("T", schema))(t)
		table.SetTags(atlan.Tag{Name: "PII"})
		view := must(atlan.NewView("V", schema))(t)
		view.SetTags(atlan.Tag{Name: "PII"})
		bare := must(atlan.NewView("W", schema))(t)
		bare.SetTags()
		report := must(client.Save(ctx, table, view, bare))(t)
		if got := tagsOf(t, f, guid); report.Items[0].Outcome == atlan.Created || report.Items[1].Outcome != atlan.Created || !slices.Equal(got, want) {
			t.Errorf("%q, want %q; %+v", got, want, report)
		}
		if got := tagsOf(t, f, view.GUID); !slices.Equal(got, []string{pii}) {
			t.Errorf("a new one has %q", got)
		}
		if got := tagsOf(t, f, bare.GUID); len(got) != 0 {
			t.Errorf("one without has %q", got)
		}
		// What was made is known, what was there is not.
		if tags := must(client.Tags().Of(ctx, view))(t); len(tags) != 1 || tags[0].Name != "PII" {
			t.Errorf("%+v", tags)
		}
		if tags := must(client.Tags().Of(ctx, table))(t); len(tags) != 0 {
			t.Errorf("%+v", tags)
		}
		if report := must(client.Save(ctx, table, view, bare))(t); report.Changed() || f.Violations() != 0 {
			t.Errorf("%+v", report)
		}
	})
}

// Custom metadata of an asset that a program makes anew and that is there already: the save leaves it as it is, as it says,
// and is an error when that is not what the item has. The item keeps it, to be merged.
func TestT6CustomMetadataOfNewAssetThatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		set, ids := f.AddCustomMetadata("Quality", "Score", "Checker")
		_, connection := f.AddConnection("snowflake", "C")
		ctx, client := t.Context(), clientOf(t, f)
		score := func(guid string) string {
			a, _ := f.Asset(guid)
			return fmt.Sprintf("%s", a.CustomMetadata[set][ids["Score"]])
		}
		again := func(name, score string) *atlan.Asset[atlanassets.Database] {
			database := must(atlan.NewDatabase(name, connection))(t)
			database.SetCustomMetadata("Quality", atlan.CustomMetadata{"Score": score})
			database.Attributes.Description.Set(score)
			return database
		}
		requests := func() int { return f.Log().Count("getEntitiesByGuids") }
		first := again("DB", "1")
		if report, err := client.Save(ctx, first); err != nil || report.Items[0].Outcome != atlan.Created || report.Items[0].NotWritten != nil || requests() != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		// The same once more: nothing is lost, and that takes a look.
		if report, err := client.Save(ctx, again("DB", "1")); err != nil || report.Items[0].NotWritten != nil || requests() != 1 {
			t.Errorf("%+v, %v, %d reads", report, err, requests())
		}
		// Another value.
		other, fresh := again("DB", "2"), again("New", "2")
		report, err := client.Save(ctx, fresh, other)
		var resource *atlan.ResourceError
		if !errors.Is(err, atlan.ErrInvalidRequest) || !errors.As(err, &resource) || resource.ID != connection+"/DB" || report == nil {
			t.Fatalf("%+v, %v", report, err)
		}
		if r := report.Items[1]; r.Outcome == atlan.Created || r.GUID != first.GUID || !errors.Is(err, r.NotWritten) || report.Items[0].NotWritten != nil || report.Items[0].Outcome != atlan.Created {
			t.Errorf("%+v", report)
		}
		if a, _ := f.Asset(first.GUID); score(first.GUID) != `"1"` || fmt.Sprintf("%s", a.Attributes["description"]) != `"2"` {
			t.Errorf("%s, %+v", score(first.GUID), a)
		}
		if _, err := client.Save(ctx, other); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Errorf("a plain save of what is known now: %v", err)
		}
		merge := atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataMerge}
		if report, err := client.SaveWith(ctx, merge, other); err != nil || report.Items[0].NotWritten != nil || score(first.GUID) != `"2"` {
			t.Errorf("%+v, %v, %s", report, err, score(first.GUID))
		}
		// Whoever says so wants it left, or written.
		reads := requests()
		for mode, want := range map[atlan.CustomMetadataMode]string{atlan.CustomMetadataIgnore: `"2"`, atlan.CustomMetadataMerge: `"3"`, atlan.CustomMetadataReplace: `"3"`} {
			must(client.SaveWith(ctx, merge, again("DB", "2")))(t)
			report, err := client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: mode}, again("DB", "3"))
			if err != nil || report.Items[0].NotWritten != nil || score(first.GUID) != want {
				t.Errorf("mode %d: %+v, %v, %s", mode, report, err, score(first.GUID))
			}
		}
		if requests() != reads {
			t.Errorf("%d reads for nothing", requests()-reads)
		}
		// Of an answer that was lost it is not said that something is missing.
		f.Fault(atlantest.ResetAfterBody("bulkSaveEntities").Times(1))
		if report, err := client.Save(ctx, again("Lost", "1")); err != nil || report.Items[0].NotWritten != nil {
			t.Errorf("%+v, %v", report, err)
		}
		// When nobody can say, that is said.
		f.Fault(atlantest.MetastoreError("getEntitiesByGuids", 400, "ATLAS-400-00-029", "no"))
		if report, err := client.Save(ctx, again("DB", "9")); err == nil || report == nil || report.Items[0].NotWritten == nil || report.Items[0].GUID != first.GUID {
			t.Errorf("%+v, %v", report, err)
		}
		if f.Violations() != 0 {
			t.Error("requests broke the contract")
		}
	})
}

// A batch says of which assets the custom metadata was left, and saves what depends on them.
func TestT12CustomMetadataOfNewAssetThatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.AddCustomMetadata("Quality", "Score")
		_, connection := f.AddConnection("snowflake", "C")
		guid := addDatabase(f, connection, "DB")
		ctx, client := t.Context(), clientOf(t, f)
		database := must(atlan.NewDatabase("DB", connection))(t)
		database.SetCustomMetadata("Quality", atlan.CustomMetadata{"Score": "1"})
		schema := must(atlan.NewSchema("S", connection+"/DB"))(t)
		report, err := client.Batch(atlan.BatchOptions{}).Save(ctx, slices.Values([]atlan.Item{database, schema}))
		var failed *atlan.BatchError
		if !errors.As(err, &failed) || failed.Failed != 1 || failed.Index != 0 || !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Fatalf("%+v, %v", report, err)
		}
		if r := report.Results; len(r) != 2 || r[0].Err == nil || r[0].GUID != guid || r[1].Err != nil || r[1].Outcome != atlan.Created || report.Done != 2 || report.Failed != 1 {
			t.Errorf("%+v", report)
		}
	})
}
