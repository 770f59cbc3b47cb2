package tests_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// Types and attributes that this library does not know survive being read, changed and saved.
func TestT1UnknownTypesAndAttributes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.DefineType("Hologram", []string{"Catalog"}, map[string]string{"depth": "long", "caption": "string"}))
		ctx, client := t.Context(), clientOf(t, f)
		guid := f.Add(atlantest.Asset{TypeName: "Hologram", Name: "H", QualifiedName: "holo/1", Attributes: map[string]any{"depth": 9007199254740993, "caption": "a <b> & c"}})[0]
		e := must(client.EntityByQualifiedName(ctx, "Hologram", "holo/1"))(t)
		ok(t, e.SetAttribute("caption", "new"))
		if report := must(client.Save(ctx, e))(t); !report.Changed() || report.Items[0].GUID != guid {
			t.Errorf("%+v", report)
		}
		again := must(client.Entity(ctx, guid))(t)
		depth, _ := again.Attribute("depth")
		caption, _ := again.Attribute("caption")
		if string(depth) != "9007199254740993" || string(caption) != `"new"` || again.TypeName != "Hologram" {
			t.Errorf("%s, %s", depth, caption)
		}
		if report := must(client.Save(ctx, again))(t); report.Changed() {
			t.Errorf("%+v", report)
		}
	})
}

// Custom metadata is kept, merged or replaced as the options say.
func TestT1CustomMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		set, ids := f.AddCustomMetadata("Quality", "Score", "Checker")
		score, checker := ids["Score"], ids["Checker"]
		guid := f.Add(atlantest.Asset{TypeName: "Database", Name: "DB", QualifiedName: connection + "/DB",
			CustomMetadata: map[string]map[string]any{set: {score: "1", checker: "ann"}}})[0]
		now := func() map[string]any {
			a, _ := f.Asset(guid)
			return a.CustomMetadata[set]
		}
		write := func(options atlan.SaveOptions, values map[string]any) error {
			e := must(client.Entity(ctx, guid))(t)
			ok(t, e.SetMember("businessAttributes", map[string]any{set: values}))
			_, err := client.SaveWith(ctx, options, e)
			return err
		}
		if err := write(atlan.SaveOptions{}, map[string]any{score: "2"}); !errors.Is(err, atlan.ErrInvalidRequest) || len(now()) != 2 {
			t.Errorf("%v, %v", err, now())
		}
		ok(t, write(atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataMerge}, map[string]any{score: "2"}))
		if len(now()) != 2 {
			t.Errorf("merged: %v", now())
		}
		// Another attribute is changed under replace: what was read of custom metadata stays.
		e := must(client.Entity(ctx, guid))(t)
		ok(t, e.SetAttribute("description", "x"))
		must(client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataReplace}, e))(t)
		if len(now()) != 2 {
			t.Errorf("replaced by what was read: %v", now())
		}
		ok(t, write(atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataReplace}, map[string]any{checker: "bob"}))
		if len(now()) != 1 {
			t.Errorf("replaced: %v", now())
		}
		ok(t, write(atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataMerge}, map[string]any{checker: nil}))
		if len(now()) != 0 {
			t.Errorf("removed: %v", now())
		}
	})
}

// The answer to a save is lost: what the caller named is saved again, what the server named is looked up.
func TestT1LostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		database := must(atlan.NewDatabase("DB", connection))(t)
		f.Fault(atlantest.ResetAfterBody("bulkSaveEntities").Times(1))
		if report := must(client.Save(ctx, database))(t); report.Items[0].GUID == "" || f.CountAssets("Database") != 1 {
			t.Errorf("%+v", report)
		}
		glossary := must(atlan.NewGlossary("G"))(t)
		term := must(atlan.NewTerm("T", glossary.Ref()))(t)
		f.Fault(atlantest.ResetAfterBody("bulkSaveEntities").Times(1))
		report := must(client.Save(ctx, glossary, term))(t)
		if report.Count(atlan.Created) != 2 || !report.Items[0].Recovered || !report.Items[1].Recovered || f.CountAssets("AtlasGlossary") != 1 || f.CountAssets("AtlasGlossaryTerm") != 1 {
			t.Errorf("%+v", report)
		}
		if got, _ := f.Asset(term.GUID); got.QualifiedName != term.QualifiedName() {
			t.Errorf("%q, the server has %q", term.QualifiedName(), got.QualifiedName)
		}
		// Nothing arrived: it cannot be known, and nothing is sent again.
		f.Fault(atlantest.ResetBefore("bulkSaveEntities").Times(1))
		posts, began := f.Log().Count("bulkSaveEntities"), time.Now()
		_, err := client.Save(ctx, must(atlan.NewDataDomain("D"))(t))
		var ambiguous *atlan.AmbiguousSaveError
		if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 0 || f.Log().Count("bulkSaveEntities") > posts+1 || time.Since(began) > 2*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if !errors.Is(err, atlan.ErrAPIConnection) {
			t.Errorf("%v", err)
		}
	})
}

// Any number of goroutines save and read with one client, and through one handle.
func TestT1Concurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f, atlan.WithRequestsPerMinute(0))
		_, connection := f.AddConnection("snowflake", "C")
		handle := client.Databases().Handle(connection + "/DB")
		must(client.Save(ctx, must(atlan.NewDatabase("DB", connection))(t)))(t)
		done := make(chan error, 40)
		for i := range cap(done) {
			go func() {
				if i%2 == 0 {
					a, err := handle.Asset(ctx)
					if err == nil {
						a.Attributes.Description.Set("mine alone")
					}
					done <- err
					return
				}
				schema, err := atlan.NewSchema("S"+string(rune('a'+i)), connection+"/DB")
				if err == nil {
					_, err = client.Save(ctx, schema)
				}
				done <- err
			}()
		}
		for range cap(done) {
			ok(t, <-done)
		}
		if f.CountAssets("Schema") != 20 {
			t.Errorf("%d schemas", f.CountAssets("Schema"))
		}
		if n := f.Log().Count("getEntityByUniqueAttribute"); n != 1 {
			t.Errorf("the handle read %d times", n)
		}
		a := must(handle.Asset(ctx))(t)
		if a.Attributes.Description.IsSet() {
			t.Error("a copy was shared")
		}
	})
}
