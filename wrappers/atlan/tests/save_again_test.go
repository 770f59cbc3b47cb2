package tests_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// What was saved together with the assets it refers to can be changed and saved again: its references lead to what was
// made of them.
func TestT1SaveAgainWhatReferredToNewAssets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		glossary := must(atlan.NewGlossary("G"))(t)
		category := must(atlan.NewCategory("C", glossary.Ref()))(t)
		term := must(atlan.NewTerm("T", glossary.Ref(), category.Ref()))(t)
		must(client.Save(ctx, term, category, glossary))(t)
		if anchor, _ := term.Attributes.Anchor.Get(); anchor.GUID != glossary.GUID {
			t.Errorf("the term is in %q, its glossary is %q", anchor.GUID, glossary.GUID)
		}
		if categories, _ := term.Attributes.Categories.Get(); len(categories) != 1 || categories[0].GUID != category.GUID {
			t.Errorf("%v, want %s", categories, category.GUID)
		}
		if report := must(client.Save(ctx, term, category, glossary))(t); report.Changed() {
			t.Errorf("%+v", report)
		}
		term.Attributes.UserDescription.Set("what it means")
		if report := must(client.Save(ctx, term))(t); !report.Changed() {
			t.Errorf("%+v", report)
		}
		if got := must(client.Terms().GetByGUID(ctx, term.GUID))(t); got.Attributes.UserDescription.Or("") != "what it means" {
			t.Errorf("%v", got.Attributes.UserDescription)
		}
	})
}

// After a merge the item does not claim to know all of the custom metadata and tags, so that replacing them later does not
// take away what it never knew.
func TestT1ReplaceAfterMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		set, ids := f.AddCustomMetadata("Quality", "Score", "Checker")
		guid := f.Add(atlantest.Asset{TypeName: "Database", Name: "DB", QualifiedName: connection + "/DB",
			CustomMetadata: map[string]map[string]any{set: {ids["Score"]: "1", ids["Checker"]: "ann"}}})[0]
		pii, gold := f.AddTag("PII"), f.AddTag("Gold")
		e := must(client.Entity(ctx, guid))(t)
		ok(t, e.SetMember("addOrUpdateClassifications", []map[string]any{{"typeName": pii}}))
		must(client.Save(ctx, e))(t)

		e = must(client.Entity(ctx, guid))(t)
		ok(t, e.SetMember("businessAttributes", map[string]any{set: map[string]any{ids["Score"]: "2"}}))
		ok(t, e.SetMember("classifications", []map[string]any{{"typeName": gold}}))
		must(client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataMerge, Tags: atlan.TagsAppend}, e))(t)
		ok(t, e.SetAttribute("description", "x"))
		for _, options := range []atlan.SaveOptions{{CustomMetadata: atlan.CustomMetadataReplace}, {Tags: atlan.TagsReplace}} {
			if _, err := client.SaveWith(ctx, options, e); !errors.Is(err, atlan.ErrInvalidRequest) {
				t.Errorf("%+v: %v", options, err)
			}
		}
		if now, _ := f.Asset(guid); len(now.CustomMetadata[set]) != 2 || len(now.Tags) != 2 {
			t.Errorf("%v, %v", now.CustomMetadata, now.Tags)
		}
	})
}

// A new asset that was there already keeps its custom metadata where that is what the options say, and the item does not say
// otherwise.
func TestT1NewAssetThatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		set, ids := f.AddCustomMetadata("Quality", "Score")
		guid := f.Add(atlantest.Asset{TypeName: "Database", Name: "DB", QualifiedName: connection + "/DB",
			CustomMetadata: map[string]map[string]any{set: {ids["Score"]: "1"}}})[0]
		database := must(atlan.NewDatabase("DB", connection))(t)
		database.Attributes.Description.Set("x")
		ok(t, database.SetMember("businessAttributes", map[string]any{set: map[string]any{ids["Score"]: "2"}}))
		if report := must(client.SaveWith(ctx, atlan.SaveOptions{CustomMetadata: atlan.CustomMetadataIgnore}, database))(t); report.Items[0].GUID != guid || report.Items[0].Outcome == atlan.Created {
			t.Errorf("%+v", report)
		}
		if value, there := database.Member("businessAttributes"); there {
			t.Errorf("the item claims %s", value)
		}
	})
}

// Two items for one asset are refused before anything is sent, and so are items behind which there is nothing.
func TestT1SaveOneAssetTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		guid := addDatabase(f, connection, "DB")
		read := func() *atlan.Entity {
			e := must(client.Entity(ctx, guid))(t)
			ok(t, e.SetAttribute("description", "x"))
			return e
		}
		update := must(atlan.UpdateOf[atlanassets.Database](connection+"/DB", "DB"))(t)
		update.Attributes.Description.Set("y")
		placeholder := func(name string) *atlan.Entity {
			e := &atlan.Entity{TypeName: "AtlasGlossary", GUID: "-1"}
			ok(t, e.SetAttribute("name", name))
			return e
		}
		for name, items := range map[string][]atlan.Item{
			"by guid":          {read(), read()},
			"by guid and name": {read(), update},
			"new":              {must(atlan.NewDatabase("X", connection))(t), must(atlan.NewDatabase("X", connection))(t)},
			"one placeholder":  {placeholder("a"), placeholder("b")},
			"no entity":        {(*atlan.Entity)(nil)},
			"no asset":         {(*atlan.Asset[atlanassets.Table])(nil)},
		} {
			if _, err := client.Save(ctx, items...); !errors.Is(err, atlan.ErrInvalidRequest) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := f.Log().Count("bulkSaveEntities"); n != 0 {
			t.Errorf("%d requests", n)
		}
		// Terms of one name in two glossaries are two assets.
		a, b := must(atlan.NewGlossary("A"))(t), must(atlan.NewGlossary("B"))(t)
		must(client.Save(ctx, a, b, must(atlan.NewTerm("T", a.Ref()))(t), must(atlan.NewTerm("T", b.Ref()))(t)))(t)
	})
}

// A page of a gateway says nothing of the assets that were asked for, and an unknown type is not their absence: they are
// neither gone nor missing.
func TestT1GatewaysNotFound(t *testing.T) {
	for contentType, body := range map[string]string{
		"text/html": "<html>no such tenant</html>", "application/json": `{"errorCode":"ATLAS-404-00-001","errorMessage":"no such type"}`,
	} {
		client, err := atlan.New(atlan.WithBaseURL("http://atlan.test"), atlan.WithAPIKey("k"), atlan.WithRequestsPerMinute(0),
			atlan.WithRoundTripper(carrying(func(r *http.Request) (*http.Response, error) {
				return (&line{}).answer(r, http.StatusNotFound, contentType, body), nil
			})))
		ok(t, err)
		if _, err := client.Delete(t.Context(), atlan.DeletePurge, "a", "b"); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
		if _, missing, err := client.Entities(t.Context(), []string{"a", "b"}); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("missing: %v, %v", missing, err)
		}
		if _, missing, err := client.Tables().GetMany(t.Context(), []string{"a", "b"}); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("missing by name: %v, %v", missing, err)
		}
	}
}

// The answer is lost, what was made is found, and confirming it fails: an error that says so and names what there is, so
// that nobody makes it a second time.
func TestT1FoundAndNotConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		l := &line{fake: f, mishap: unanswered}
		posts := 0
		client, err := atlan.New(atlan.WithBaseURL(f.URL()), atlan.WithAPIKey(f.APIKey()), atlan.WithRoundTripper(carrying(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				if posts++; posts == 2 {
					_ = r.Body.Close()
					return l.answer(r, http.StatusBadRequest, "application/json", `{"errorCode":"ATLAS-400-00-029"}`), nil
				}
			}
			return l.RoundTrip(r)
		})))
		ok(t, err)
		glossary := must(atlan.NewGlossary("G"))(t)
		_, err = client.Save(t.Context(), glossary)
		var ambiguous *atlan.AmbiguousSaveError
		if !errors.As(err, &ambiguous) || !errors.Is(err, atlan.ErrInvalidRequest) || !errors.Is(err, atlan.ErrAPIConnection) {
			t.Fatalf("%v", err)
		}
		if made := f.Assets("AtlasGlossary"); len(made) != 1 || len(ambiguous.Candidates) != 1 || ambiguous.Candidates[0].GUID != made[0].GUID {
			t.Errorf("%v, the server has %v", ambiguous.Candidates, made)
		}
	})
}

type carrying func(*http.Request) (*http.Response, error)

func (f carrying) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
