package atlan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

const (
	tableName = "default/snowflake/1/DB/S/T"
	tagged    = `{"guid":"g-1","typeName":"Table","status":"ACTIVE","attributes":{"qualifiedName":"` + tableName + `","name":"T"},"classifications":[
		{"typeName":"t1","entityGuid":"g-1","propagate":true,"removePropagationsOnEntityDelete":false,"restrictPropagationThroughLineage":true,"restrictPropagationThroughHierarchy":true},
		{"typeName":"gone","entityGuid":"g-1","propagate":false,"removePropagationsOnEntityDelete":true},
		{"typeName":"t2","entityGuid":"g-0","attributes":{"a1":[{"typeName":"SourceTagAttachment","attributes":{"sourceTagName":"CONFIDENTIAL","sourceTagQualifiedName":"q","sourceTagValue":[{"tagAttachmentValue":"high"}],"unheard":1}}]}}
	]}`
)

// Tags are read with their human names, and written as they were read.
func TestTagsOf(t *testing.T) {
	s := newMetastore()
	client, ctx := testClient(t, s), t.Context()
	var e Entity
	if err := json.Unmarshal([]byte(tagged), &e); err != nil {
		t.Fatal(err)
	}
	tags, err := client.Tags().Of(ctx, &e)
	if err != nil || len(tags) != 3 {
		t.Fatal(tags, err)
	}
	attachments := tags[2].Attachments
	tags[2].Attachments = nil
	if diff := cmp.Diff([]Tag{
		{Name: "PII", ID: "t1", Propagate: true, KeepPropagatedOnDelete: true, RestrictLineage: true, RestrictHierarchy: true, EntityGUID: "g-1"},
		{Name: DeletedName, ID: "gone", EntityGUID: "g-1"},
		{Name: "Source", ID: "t2", EntityGUID: "g-0", Propagated: true},
	}, tags); diff != "" {
		t.Error(diff)
	}
	if len(attachments) != 1 || attachments[0].SourceTagName.Or("") != "CONFIDENTIAL" || string(attachments[0].Unknown["unheard"]) != "1" {
		t.Errorf("%+v", attachments)
	}
	tags[2].Attachments = attachments
	text, err := client.Tags().encode(ctx, tags)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[
		{"typeName":"t1","propagate":true,"removePropagationsOnEntityDelete":false,"restrictPropagationThroughLineage":true,"restrictPropagationThroughHierarchy":true},
		{"typeName":"gone","propagate":false,"removePropagationsOnEntityDelete":true,"restrictPropagationThroughLineage":false,"restrictPropagationThroughHierarchy":false},
		{"typeName":"t2","propagate":false,"removePropagationsOnEntityDelete":true,"restrictPropagationThroughLineage":false,"restrictPropagationThroughHierarchy":false,
		 "attributes":{"a1":[{"typeName":"SourceTagAttachment","attributes":{"sourceTagName":"CONFIDENTIAL","sourceTagQualifiedName":"q","sourceTagValue":[{"tagAttachmentValue":"high"}],"unheard":1}}]}}
	]`; !sameJSON(text, []byte(want)) {
		t.Errorf("%s", text)
	}

	// A search may give the names only, or nothing.
	for text, want := range map[string][]Tag{
		`{"typeName":"Table","classificationNames":["t1"]}`:                        {{Name: "PII", ID: "t1"}},
		`{"typeName":"Table","classifications":null,"classificationNames":["t1"]}`: {{Name: "PII", ID: "t1"}},
		`{"typeName":"Table"}`: {},
	} {
		var e Entity
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if tags, err := client.Tags().Of(ctx, &e); err != nil || !cmp.Equal(tags, want) {
			t.Errorf("%s: %v (%v)", text, tags, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"classifications":"x"}`), &e); err != nil {
		t.Fatal(err)
	}
	_, err = client.Tags().Of(ctx, &e)
	wantError(t, err, ErrLogic, "classifications")
}

// Human names are translated by the save, and unknown ones reported before anything is sent.
func TestSaveTags(t *testing.T) {
	s := newMetastore()
	s.entities["g-1"] = tagged
	client, ctx := testClient(t, s), t.Context()
	table, err := GetByGUID[atlanassets.Table](ctx, client, "g-1")
	if err != nil {
		t.Fatal(err)
	}
	table.AddTags(Tag{Name: "Source", Propagate: true})
	table.RemoveTags("PII")
	body := func(e Item, options SaveOptions) (string, error) {
		t.Helper()
		saving := saving{client: client, options: options, items: []Item{e}, changes: make([]*change, 1)}
		if err := saving.prepare(ctx); err != nil {
			return "", err
		}
		text, err := saving.body()
		return string(text), err
	}
	want := `{"entities":[{"typeName":"Table","guid":"g-1","attributes":{"name":"T","qualifiedName":"` + tableName + `"},
		"addOrUpdateClassifications":[{"typeName":"t2","propagate":true,"removePropagationsOnEntityDelete":true,"restrictPropagationThroughLineage":false,"restrictPropagationThroughHierarchy":false}],
		"removeClassifications":[{"typeName":"t1"}]}]}`
	for range 2 { // preparing changes nothing: a save that failed can be made again
		if got, err := body(table, SaveOptions{}); err != nil || !sameJSON([]byte(got), []byte(want)) {
			t.Fatalf("%s (%v)", got, err)
		}
	}
	if p := (&saving{options: SaveOptions{}, changes: []*change{{members: map[string]json.RawMessage{memberAddTags: nil}}}}).parameters(); p.AppendTags != nil {
		t.Error("flag without tags")
	}
	// Of a new asset, too: it may be there already.
	fresh, err := NewTable("T", "default/snowflake/1/DB/S")
	if err != nil {
		t.Fatal(err)
	}
	fresh.AddTags(Tag{Name: "PII"})
	fresh.AddTags(Tag{Name: "Source"})
	if got, err := body(fresh, SaveOptions{}); err != nil || !strings.Contains(got, `"addOrUpdateClassifications":[{"typeName":"t1"`) || !strings.Contains(got, `{"typeName":"t2"`) {
		t.Errorf("%s (%v)", got, err)
	}
	// All of them.
	table, err = GetByGUID[atlanassets.Table](ctx, client, "g-1")
	if err != nil {
		t.Fatal(err)
	}
	table.SetTags(Tag{Name: DeletedName, ID: "gone"}, Tag{Name: "Source", Propagated: true})
	_, err = body(table, SaveOptions{})
	wantError(t, err, ErrInvalidRequest, "plain save")
	if got, err := body(table, SaveOptions{Tags: TagsReplace}); err != nil || !strings.Contains(got, `"classifications":[{"typeName":"gone"`) || strings.Contains(got, "t2") {
		t.Errorf("%s (%v)", got, err)
	}
	writes := len(s.bodies)
	for _, bad := range []struct {
		tag   Tag
		want  error
		names string
	}{
		{Tag{Name: "Nobody"}, ErrNotFound, "Nobody"}, {Tag{Name: DeletedName}, ErrNotFound, "neither"}, {Tag{}, ErrNotFound, "neither"},
		{Tag{Name: "PII", Attachments: []atlanassets.SourceTagAttachment{{}}}, ErrInvalidRequest, "PII"},
	} {
		e := NewEntity("Table")
		if err := e.SetAttribute("qualifiedName", tableName); err != nil {
			t.Fatal(err)
		}
		e.AddTags(bad.tag)
		_, err := client.Save(ctx, e)
		wantError(t, err, bad.want, bad.names)
	}
	e := NewEntity("Table")
	e.RemoveTags("Nobody")
	_, err = client.Save(ctx, e)
	wantError(t, err, ErrNotFound, "Nobody")
	e = NewEntity("Table")
	e.AddTags(Tag{Name: "PII"}, Tag{Name: "PII"})
	_, err = client.Save(ctx, e)
	wantError(t, err, ErrInvalidRequest, "twice")
	if len(s.bodies) != writes {
		t.Error("something was sent")
	}
}

func TestAttachmentOf(t *testing.T) {
	var e Entity
	if err := json.Unmarshal([]byte(`{"guid":"g","typeName":"SnowflakeTag","attributes":{"name":"CONF","qualifiedName":"q","connectorName":"snowflake"}}`), &e); err != nil {
		t.Fatal(err)
	}
	text, err := encodeAttachments([]atlanassets.SourceTagAttachment{AttachmentOf(&e, TagValue{Value: "a"}, TagValue{Key: "k", Value: "b"})})
	if want := `[{"typeName":"SourceTagAttachment","attributes":{"sourceTagName":"CONF","sourceTagQualifiedName":"q","sourceTagGuid":"g","sourceTagConnectorName":"snowflake",
		"sourceTagValue":[{"tagAttachmentValue":"a"},{"tagAttachmentKey":"k","tagAttachmentValue":"b"}]}}]`; err != nil || !sameJSON(text, []byte(want)) {
		t.Errorf("%s (%v)", text, err)
	}
}

func TestTagQueries(t *testing.T) {
	s := newMetastore()
	tags, ctx := testClient(t, s).Tags(), t.Context()
	query, err := tags.Query(ctx, "PII", "Source")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(query)
	if want := `{"bool":{"minimum_should_match":1,"should":[{"terms":{"__traitNames":["t1","t2"]}},{"terms":{"__propagatedTraitNames":["t1","t2"]}}]}}`; err != nil || !sameJSON(text, []byte(want)) {
		t.Errorf("%s (%v)", text, err)
	}
	if query, err := tags.DirectQuery(ctx, "PII"); err != nil || !cmp.Equal(query, tags.Field().OneOf("t1")) {
		t.Error(query, err)
	}
	for _, query := range []func() (field.Query, error){
		func() (field.Query, error) { return tags.Query(ctx, "Nobody") },
		func() (field.Query, error) { return tags.DirectQuery(ctx, "Nobody") },
	} {
		_, err := query()
		wantError(t, err, ErrNotFound, "Nobody")
	}
	if query, err := tags.Query(ctx); err != nil || !cmp.Equal(query, field.MatchNone()) {
		t.Error(query, err)
	}
	if query, err := tags.DirectQuery(ctx); err != nil || !cmp.Equal(query, field.MatchNone()) {
		t.Error(query, err)
	}
}
