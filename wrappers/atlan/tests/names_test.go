package tests_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// addTable puts a table into a connection of the fake.
func addTable(f *atlantest.Fake) (guid, qualifiedName string) {
	_, connection := f.AddConnection("snowflake", "Production")
	qualifiedName = connection + "/DB/S/T"
	return f.Add(atlantest.Asset{TypeName: "Table", Name: "T", QualifiedName: qualifiedName})[0], qualifiedName
}

// readOnly leaves out what writing ignores.
var readOnly = cmpopts.IgnoreFields(atlan.Tag{}, "EntityGUID", "ID")

// find searches assets with a query and returns them.
func find(t *testing.T, client *atlan.Client, query field.Query, attributes ...field.Field) []*atlan.Entity {
	t.Helper()
	names := []string{"name"}
	for _, a := range attributes {
		names = append(names, a.Attribute())
	}
	body, err := json.Marshal(map[string]any{"dsl": map[string]any{"from": 0, "size": 10, "query": query}, "attributes": names})
	ok(t, err)
	resp, err := client.Raw().IndexSearchWithBody(t.Context(), "application/json", bytes.NewReader(body))
	answer, err := transport.Decode[struct {
		Entities []*atlan.Entity `json:"entities"`
	}](resp, err)
	ok(t, err)
	return answer.Entities
}

// Tags are put on assets, changed and taken off by their human names.
func TestT6Tags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		pii, secret := f.AddTag("PII"), f.AddTag("Secret")
		guid, name := addTable(f)
		ctx, client := t.Context(), clientOf(t, f)
		tables := client.Tables()
		want := func(want ...atlan.Tag) {
			t.Helper()
			got := must(tables.Tags(ctx, name))(t)
			if diff := cmp.Diff(want, got, readOnly, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(atlan.Tag{}, "Attachments")); diff != "" {
				t.Error(diff)
			}
		}
		if result := must(tables.Tag(ctx, name, atlan.Tag{Name: "PII", Propagate: true, RestrictLineage: true}))(t); result.Outcome == atlan.Unchanged {
			t.Error(result)
		}
		want(atlan.Tag{Name: "PII", Propagate: true, RestrictLineage: true})
		// The same again changes the options; others stay.
		must(tables.Tag(ctx, name, atlan.Tag{Name: "PII", KeepPropagatedOnDelete: true}, atlan.Tag{Name: "Secret", RestrictHierarchy: true}))(t)
		want(atlan.Tag{Name: "PII", KeepPropagatedOnDelete: true}, atlan.Tag{Name: "Secret", RestrictHierarchy: true})
		ok(t, tables.UpdateTags(ctx, name, atlan.Tag{Name: "Secret", Propagate: true}))
		want(atlan.Tag{Name: "PII", KeepPropagatedOnDelete: true}, atlan.Tag{Name: "Secret", Propagate: true})

		// The search finds them by human names, and what is found has them by human names.
		client.Tags().Invalidate()
		pass(time.Minute) // for the index
		query := must(client.Tags().Query(ctx, "Secret"))(t)
		found := find(t, client, query)
		if len(found) != 1 || found[0].GUID != guid {
			t.Fatalf("%v", found)
		}
		if tags := must(client.Tags().Of(ctx, found[0]))(t); len(tags) != 2 || tags[0].ID != pii || tags[1].ID != secret || tags[1].Name != "Secret" {
			t.Errorf("%+v", tags)
		}

		writes := f.Log().Count("bulkSaveEntities")
		_, err := tables.Tag(ctx, name, atlan.Tag{Name: "PII"}, atlan.Tag{Name: "Nobody"})
		if !errors.Is(err, atlan.ErrNotFound) || f.Log().Count("bulkSaveEntities") != writes {
			t.Error(err)
		}
		must(tables.Untag(ctx, name, "PII"))(t)
		want(atlan.Tag{Name: "Secret", Propagate: true})
		writes = f.Log().Count("bulkSaveEntities")
		if result := must(tables.Untag(ctx, name, "PII"))(t); result.Outcome != atlan.Unchanged || f.Log().Count("bulkSaveEntities") != writes {
			t.Error(result)
		}
		by := tables.ByGUID(guid)
		must(by.SetTags(ctx, atlan.Tag{Name: "PII"}))(t)
		want(atlan.Tag{Name: "PII"})
		must(by.SetTags(ctx))(t)
		want()

		// With an attachment to a tag of the source.
		source := must(client.Entity(ctx, f.Add(atlantest.Asset{TypeName: "SnowflakeTag", Name: "CONF", QualifiedName: name + "/CONF"})[0]))(t)
		must(tables.Tag(ctx, name, atlan.Tag{Name: "PII", Attachments: []atlanassets.SourceTagAttachment{atlan.AttachmentOf(source, atlan.TagValue{Value: "high"})}}))(t)
		tags := must(by.Tags(ctx))(t)
		if len(tags) != 1 || len(tags[0].Attachments) != 1 || tags[0].Attachments[0].SourceTagGUID.Or("") != source.GUID {
			t.Errorf("%+v", tags)
		}
		// What was read can be written.
		must(by.SetTags(ctx, tags...))(t)
		if again := must(by.Tags(ctx))(t); len(again) != 1 || len(again[0].Attachments) != 1 {
			t.Errorf("%+v", again)
		}

		// A new asset brings its tags.
		fresh := must(atlan.NewColumn("C", atlanassets.RefTo[atlanassets.Table](name), 1))(t)
		fresh.AddTags(atlan.Tag{Name: "Secret"})
		must(client.Save(ctx, fresh))(t)
		if report := must(client.Save(ctx, fresh))(t); report.Changed() {
			t.Errorf("%+v", report)
		}
		if tags := must(client.Columns().Tags(ctx, fresh.QualifiedName()))(t); len(tags) != 1 || tags[0].Name != "Secret" || tags[0].Propagated {
			t.Errorf("%+v", tags)
		}
		if f.Violations() != 0 {
			t.Error("requests broke the contract")
		}
	})
}

// Custom metadata is defined, written and read by human names, through its endpoints and in saves.
func TestT6CustomMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.Without(atlantest.UsedMetadataStays))
		guid, name := addTable(f)
		ctx, client := t.Context(), clientOf(t, f)
		tables, sets := client.Tables(), client.CustomMetadata()
		must(client.Enums().Create(ctx, "Levels", "", "low", "high"))(t)
		must(sets.Create(ctx, atlan.CustomMetadataDefinition{Name: "Quality", Emoji: "🔎", Attributes: []atlan.CustomMetadataAttribute{
			{Name: "Owner", Type: atlan.CustomMetadataUsers, Multiple: true}, {Name: "Checked", Type: atlan.CustomMetadataDate},
			{Name: "Level", Type: atlan.CustomMetadataOptions, Enum: "Levels"}, {Name: "Score", Type: atlan.CustomMetadataDecimal},
		}}))(t)
		must(sets.Create(ctx, atlan.CustomMetadataDefinition{Name: "Other", Attributes: []atlan.CustomMetadataAttribute{{Name: "Note", Type: atlan.CustomMetadataString}}}))(t)
		checked := time.Now().UTC().Truncate(time.Millisecond)
		want := func(want map[string]atlan.CustomMetadata) {
			t.Helper()
			if diff := cmp.Diff(want, must(tables.CustomMetadata(ctx, name))(t), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		}
		ok(t, tables.MergeCustomMetadata(ctx, name, "Quality", atlan.CustomMetadata{"Owner": []string{"ann", "bob"}, "Checked": checked, "Level": "high"}))
		ok(t, tables.MergeCustomMetadata(ctx, name, "Other", atlan.CustomMetadata{"Note": "x"}))
		ok(t, tables.MergeCustomMetadata(ctx, name, "Quality", atlan.CustomMetadata{"Level": nil, "Score": 0.5}))
		other := atlan.CustomMetadata{"Note": "x"}
		want(map[string]atlan.CustomMetadata{"Quality": {"Owner": []string{"ann", "bob"}, "Checked": checked, "Score": 0.5}, "Other": other})

		// A search returns the values it is told to, flat, and finds by them.
		pass(time.Minute) // for the index
		score := must(sets.FloatField(ctx, "Quality", "Score"))(t)
		found := find(t, client, score.GT(0.25), must(sets.Fields(ctx, "Quality"))(t)...)
		if len(found) != 1 || found[0].GUID != guid {
			t.Fatalf("%v", found)
		}
		if diff := cmp.Diff(map[string]atlan.CustomMetadata{"Quality": {"Owner": []string{"ann", "bob"}, "Checked": checked, "Score": 0.5}}, must(sets.Of(ctx, found[0]))(t)); diff != "" {
			t.Error(diff)
		}

		ok(t, tables.ReplaceCustomMetadata(ctx, name, "Quality", atlan.CustomMetadata{"Level": "low"}))
		want(map[string]atlan.CustomMetadata{"Quality": {"Level": "low"}, "Other": other})
		table := must(tables.Get(ctx, name))(t)
		table.SetCustomMetadata("Quality", atlan.CustomMetadata{"Score": 1})
		if _, err := client.Save(ctx, table); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Error(err)
		}
		must(client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataMerge}, table))(t)
		want(map[string]atlan.CustomMetadata{"Quality": {"Level": "low", "Score": 1.0}, "Other": other})
		table = must(tables.Get(ctx, name))(t)
		table.SetCustomMetadata("Quality", atlan.CustomMetadata{"Checked": checked})
		must(client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataReplace}, table))(t)
		want(map[string]atlan.CustomMetadata{"Quality": {"Checked": checked}, "Other": other})
		table = must(tables.Get(ctx, name))(t)
		table.RemoveCustomMetadata("Other")
		must(client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataMerge}, table))(t)
		want(map[string]atlan.CustomMetadata{"Quality": {"Checked": checked}})

		ok(t, sets.ArchiveAttribute(ctx, "Quality", "Checked"))
		want(nil)
		if err := tables.MergeCustomMetadata(ctx, name, "Quality", atlan.CustomMetadata{"Checked": checked}); !errors.Is(err, atlan.ErrNotFound) {
			t.Error(err)
		}
		ok(t, tables.MergeCustomMetadata(ctx, name, "Quality", atlan.CustomMetadata{"Level": "high"}))
		ok(t, tables.RemoveCustomMetadata(ctx, name, "Quality"))
		want(nil)
		ok(t, sets.Purge(ctx, "Quality"))
		if _, err := sets.ID(ctx, "Quality"); !errors.Is(err, atlan.ErrNotFound) {
			t.Error(err)
		}
		if f.Violations() != 0 {
			t.Error("requests broke the contract")
		}
	})
}

// Definitions of tags, custom metadata and enumerations live and end, and what others do is noticed.
func TestT9Definitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		_, name := addTable(f)
		ctx, client, others := t.Context(), clientOf(t, f), clientOf(t, f)
		tags := client.Tags()
		made := must(tags.Create(ctx, atlan.TagDefinition{Name: "PII", Color: atlan.TagColorRed, Source: true}))(t)
		if made.ID == "" || made.ID == "PII" || !made.Source {
			t.Errorf("%+v", made)
		}
		if _, err := tags.Create(ctx, atlan.TagDefinition{Name: "PII"}); !errors.Is(err, atlan.ErrConflict) {
			t.Error(err)
		}
		must(client.Tables().Tag(ctx, name, atlan.Tag{Name: "PII"}))(t)
		must(others.Tags().Update(ctx, "PII", func(d *atlan.TagDefinition) error { d.Name = "Personal"; return nil }))(t)
		if id := must(tags.ID(ctx, "Personal"))(t); id != made.ID {
			t.Error(id)
		}
		if got := must(client.Tables().Tags(ctx, name))(t); len(got) != 1 || got[0].Name != "Personal" {
			t.Errorf("%+v", got)
		}
		if err := tags.Purge(ctx, "Personal"); !errors.Is(err, atlan.ErrConflict) {
			t.Error("a tag that is used", err)
		}
		must(client.Tables().Untag(ctx, name, "Personal"))(t)
		ok(t, tags.Purge(ctx, "Personal"))
		if list := must(tags.List(ctx))(t); len(list) != 0 {
			t.Error(list)
		}
		enums := client.Enums()
		must(enums.Create(ctx, "Levels", "how bad", "low"))(t)
		must(enums.AppendValues(ctx, "Levels", "high"))(t)
		must(enums.RemoveValues(ctx, "Levels", "low"))(t)
		if values := must(others.Enums().Values(ctx, "Levels"))(t); !cmp.Equal(values, []string{"high"}) {
			t.Error(values)
		}
		ok(t, enums.Purge(ctx, "Levels"))
		if f.Violations() != 0 {
			t.Error("requests broke the contract")
		}
	})
}

// Names of people and connections, through the fake's filters and search.
func TestS5Names(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ann, analysts := f.AddUser("ann", "$member"), f.AddGroup("Data analysts")
		for i := range 150 {
			f.AddUser(fmt.Sprint("user", i), "$guest")
		}
		guid, qualifiedName := f.AddConnection("snowflake", "Production")
		ctx, client := t.Context(), clientOf(t, f)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if id, err := client.Users().ID(ctx, "ann"); err != nil || id != ann {
					t.Error(id, err)
				}
				if id, err := client.Groups().ID(ctx, "Data analysts"); err != nil || id != analysts {
					t.Error(id, err)
				}
				if id, err := client.Groups().ID(ctx, "data_analysts"); err != nil || id != analysts {
					t.Error(id, err)
				}
				if id, err := client.Roles().ID(ctx, "$admin"); err != nil || id == "" {
					t.Error(id, err)
				}
				if n, err := client.Connections().Find(ctx, "Production", "snowflake"); err != nil || n.GUID != guid || n.QualifiedName != qualifiedName {
					t.Error(n, err)
				}
			})
		}
		wg.Wait()
		for operation, want := range map[string]int{"listUsers": 1, "listGroups": 2, "listRoles": 1, "indexSearch": 1} {
			if got := f.Log().Count(operation); got != want {
				t.Errorf("%d requests %s, want %d", got, operation, want)
			}
		}
		admin := must(client.Roles().ID(ctx, "$admin"))(t)
		ok(t, client.Connections().CheckAdmins(ctx, atlan.ConnectionAdmins{Users: []string{"ann"}, Groups: []string{"Data analysts"}, Roles: []string{admin}}))
		for _, admins := range []atlan.ConnectionAdmins{{Users: []string{"ann", "nobody"}}, {Groups: []string{"nobody"}}, {Roles: []string{"nobody"}}} {
			if err := client.Connections().CheckAdmins(ctx, admins); !errors.Is(err, atlan.ErrNotFound) || !strings.Contains(err.Error(), "nobody") {
				t.Error(err)
			}
		}
		if u := must(client.Users().FindByEmail(ctx, "ANN@example.com"))(t); u.ID != ann {
			t.Error(u)
		}
		if g := must(client.Groups().Get(ctx, analysts))(t); g.Alias != "Data analysts" {
			t.Error(g)
		}
		ok(t, client.WarmCaches(ctx, client.Users(), client.Groups(), client.Roles(), client.Connections(), client.Tags(), client.Enums(), client.CustomMetadata()))
		before := f.Log().Count("listUsers")
		if id := must(client.Users().ID(ctx, "user149"))(t); id == "" || f.Log().Count("listUsers") != before {
			t.Error(id)
		}
		if f.Violations() != 0 {
			t.Error("requests broke the contract")
		}
	})
}
