package atlan

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// last is the body of the last write.
func (s *metastore) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bodies) == 0 {
		return ""
	}
	return s.bodies[len(s.bodies)-1]
}

func wantBody(t *testing.T, s *metastore, want string) {
	t.Helper()
	if got := s.last(); !sameJSON([]byte(got), []byte(want)) {
		t.Errorf("sent\n%s\nwant\n%s", got, want)
	}
}

func TestTagDefinitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		tags, ctx := testClient(t, s).Tags(), t.Context()
		list, err := tags.List(ctx)
		if err != nil || len(list) != 4 || list[0].Name != "PII" || list[0].Color != TagColorRed || list[0].Icon != "PhShieldCheck" || !list[1].Source {
			t.Fatalf("%+v (%v)", list, err)
		}
		// What is known already is not believed to be missing.
		_, err = tags.ID(ctx, "Fresh")
		wantError(t, err, ErrNotFound, "Fresh")
		made, err := tags.Create(ctx, TagDefinition{Name: "Fresh", Description: "d", Color: TagColorGreen, Emoji: "👍"})
		if err != nil || made.ID != "made1" {
			t.Fatal(made, err)
		}
		wantBody(t, s, `{"classificationDefs":[{"category":"CLASSIFICATION","name":"Fresh","displayName":"Fresh","description":"d",
			"options":{"color":"Green","emoji":"👍","iconType":"emoji"},"skipDisplayNameUniquenessCheck":false}]}`)
		wantID(t, "made1")(tags.ID(ctx, "Fresh"))
		loads := s.count(tagList)

		// Unknown members survive an update, and a rename is known at once.
		d, err := tags.Update(ctx, "PII", func(d *TagDefinition) error {
			d.Name, d.Description, d.Color = "Personal", "persons", TagColorYellow
			return nil
		})
		if err != nil || d.ID != "t1" || d.Icon != "PhShieldCheck" {
			t.Fatal(d, err)
		}
		wantBody(t, s, `{"classificationDefs":[{"category":"CLASSIFICATION","name":"t1","displayName":"Personal","description":"persons","guid":"g1",
			"options":{"color":"Yellow","iconName":"PhShieldCheck","iconType":"icon"},"attributeDefs":[],"unknown":{"x":1}}]}`)
		wantID(t, "t1")(tags.ID(ctx, "Personal"))
		wantID(t, "Personal")(tags.Name(ctx, "t1"))
		wantCount(t, s, tagList, loads)
		_, err = tags.ID(ctx, "PII")
		wantError(t, err, ErrNotFound, "PII")

		writes := len(s.bodies)
		if _, err := tags.Update(ctx, "Personal", func(*TagDefinition) error { return nil }); err != nil || len(s.bodies) != writes {
			t.Error(err, s.last())
		}
		own := errors.New("own")
		if _, err := tags.Update(ctx, "Personal", func(*TagDefinition) error { return own }); !errors.Is(err, own) {
			t.Error(err)
		}
		// A tag becomes one for sources, and does not stop to be one.
		if d, err = tags.Update(ctx, "Personal", func(d *TagDefinition) error { d.Source = true; return nil }); err != nil || !d.Source || d.sourceAttribute == "" {
			t.Error(d, err)
		}
		_, err = tags.Update(ctx, "Personal", func(d *TagDefinition) error { d.Source = false; return nil })
		wantError(t, err, ErrInvalidRequest, "attributes")
		for _, bad := range []TagDefinition{{}, {Name: DeletedName}, {Name: "x", Emoji: "x", ImageID: "y"}} {
			_, err := tags.Create(ctx, bad)
			wantError(t, err, ErrInvalidRequest, "")
		}
		if err := tags.Purge(ctx, "Personal"); err != nil {
			t.Fatal(err)
		}
		_, err = tags.ID(ctx, "Personal")
		wantError(t, err, ErrNotFound, "Personal")
		wantID(t, DeletedName)(tags.Name(ctx, "t1"))
		wantError(t, tags.Purge(ctx, "Personal"), ErrNotFound, "Personal")

		// What somebody else purged is noticed.
		s.mu.Lock()
		s.defs[kindTag] = s.defs[kindTag][:0]
		s.mu.Unlock()
		_, err = tags.Update(ctx, "Source", func(*TagDefinition) error { return nil })
		wantError(t, err, ErrNotFound, "Source")
	})
}

// A write while another holds the lock of type definitions is repeated.
func TestDefinitionLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		client, ctx := testClient(t, s), t.Context()
		s.locked = 2
		if _, err := client.Tags().Create(ctx, TagDefinition{Name: "x"}); err != nil {
			t.Fatal(err)
		}
		wantCount(t, s, "POST /api/meta/types/typedefs", 3)
		s.locked = 2
		if _, err := client.Enums().AppendValues(ctx, "Levels", "highest"); err != nil {
			t.Fatal(err)
		}
		s.locked = 100
		_, err := client.Enums().AppendValues(ctx, "Levels", "even higher")
		if !errors.Is(err, ErrLocked) || !errors.Is(err, ErrConflict) {
			t.Error(err)
		}
	})
}

// A create whose answer is lost is not sent twice, and the caches do not go on believing.
func TestDefinitionLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		tags, ctx := testClient(t, s).Tags(), t.Context()
		_, err := tags.ID(ctx, "x")
		wantError(t, err, ErrNotFound, "x")
		s.lost = 1
		_, err = tags.Create(ctx, TagDefinition{Name: "x"})
		var e *apierr.Error
		if !errors.As(err, &e) || !e.MayHaveApplied {
			t.Error(err)
		}
		wantCount(t, s, "POST /api/meta/types/typedefs", 1)
		wantID(t, "made1")(tags.ID(ctx, "x"))
		// An update leaves the same state however often it is sent.
		s.lost = 1
		if _, err := tags.Update(ctx, "x", func(d *TagDefinition) error { d.Description = "y"; return nil }); err != nil {
			t.Error(err)
		}
		wantCount(t, s, "PUT /api/meta/types/typedefs", 2)
	})
}

func TestEnumDefinitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		enums, ctx := testClient(t, s).Enums(), t.Context()
		values := func(want ...string) {
			t.Helper()
			got, err := enums.Values(ctx, "Levels")
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("%q (%v), want %q", got, err, want)
			}
		}
		values("low", "high")
		wantCount(t, s, enumList, 0)
		wantCount(t, s, definitionOf+"enumdef/name/Levels", 1)
		if _, err := enums.AppendValues(ctx, "Levels", "high", "highest"); err != nil {
			t.Fatal(err)
		}
		wantBody(t, s, `{"enumDefs":[{"category":"ENUM","name":"Levels","serviceType":"x","elementDefs":[
			{"value":"low","ordinal":0,"extra":1},{"value":"high","ordinal":1},{"value":"highest","ordinal":2}]}]}`)
		values("low", "high", "highest")
		if _, err := enums.RemoveValues(ctx, "Levels", "high", "nothing"); err != nil {
			t.Fatal(err)
		}
		values("low", "highest")
		if _, err := enums.ReplaceValues(ctx, "Levels", "new", "highest", "new"); err != nil {
			t.Fatal(err)
		}
		wantBody(t, s, `{"enumDefs":[{"category":"ENUM","name":"Levels","serviceType":"x","elementDefs":[{"value":"new","ordinal":3},{"value":"highest","ordinal":2}]}]}`)
		values("new", "highest")
		writes := len(s.bodies)
		if _, err := enums.AppendValues(ctx, "Levels", "new"); err != nil || len(s.bodies) != writes {
			t.Error(err, s.last())
		}
		wantCount(t, s, "GET /api/meta/types/enumdef/name/Levels", 5) // one for the cache, one for each update
		_, err := enums.RemoveValues(ctx, "Levels", "new", "highest")
		wantError(t, err, ErrInvalidRequest, "value")
		_, err = enums.Update(ctx, "Levels", func(d *EnumDefinition) error { d.Name = "x"; return nil })
		wantError(t, err, ErrInvalidRequest, "name")
		_, err = enums.Update(ctx, "Levels", func(d *EnumDefinition) error {
			d.Values = append(d.Values, EnumValue{Value: "x", Ordinal: 3})
			return nil
		})
		wantError(t, err, ErrInvalidRequest, "ordinal")
		_, err = enums.Update(ctx, "Nothing", func(*EnumDefinition) error { return nil })
		wantError(t, err, ErrNotFound, "Nothing")
		_, err = enums.Values(ctx, "Fresh")
		wantError(t, err, ErrNotFound, "Fresh")
		if d, err := enums.Create(ctx, "Fresh", "about", "b", "a"); err != nil || d.Description != "about" {
			t.Fatal(err)
		}
		wantBody(t, s, `{"enumDefs":[{"category":"ENUM","name":"Fresh","description":"about","elementDefs":[{"value":"b","ordinal":0},{"value":"a","ordinal":1}]}]}`)
		if got, err := enums.Values(ctx, "Fresh"); err != nil || !cmp.Equal(got, []string{"b", "a"}) {
			t.Error(got, err)
		}
		_, err = enums.Create(ctx, "Empty", "")
		wantError(t, err, ErrInvalidRequest, "value")
		if list, err := enums.List(ctx); err != nil || len(list) != 2 {
			t.Error(list, err)
		}
		if err := enums.Purge(ctx, "Fresh"); err != nil {
			t.Fatal(err)
		}
		_, err = enums.Get(ctx, "Fresh")
		wantError(t, err, ErrNotFound, "Fresh")
		// The server would delete whatever bears the name.
		wantError(t, enums.Purge(ctx, "BadgeCondition"), ErrNotFound, "BadgeCondition")
		wantCount(t, s, "DELETE ", 1)
	})
}

func TestCustomMetadataDefinitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.search = func(body string) string {
			if strings.Contains(body, "search_after") {
				return foundNothing
			}
			return `{"approximateCount":1,"entities":[{"guid":"c1","typeName":"Connection","attributes":{"qualifiedName":"default/snowflake/1","name":"c"}}],
				"searchMetadata":{"c1":{"sort":["c1"]}}}`
		}
		sets, ctx := testClient(t, s).CustomMetadata(), t.Context()
		d, err := sets.Get(ctx, "Quality")
		if err != nil {
			t.Fatal(err)
		}
		types := make(map[string]CustomMetadataType)
		for _, a := range d.Attributes {
			types[a.Name] = a.Type
		}
		if diff := cmp.Diff(map[string]CustomMetadataType{
			"Text": "string", "Int": "int", "Long": "long", "Number": "float", "Bool": "boolean", "Date": "date", "Option": "enum", "Users": "users",
			"Dates": "date", "Old-archived-1": "string", "Options": "enum", "Unheard": "hologram",
		}, types); diff != "" {
			t.Error(diff)
		}

		// All kinds of attributes.
		definition := CustomMetadataDefinition{Name: "All", Icon: "PhBug", IconColor: TagColorRed, Locked: true}
		for _, kind := range []CustomMetadataType{
			CustomMetadataString, CustomMetadataRichText, CustomMetadataInteger, CustomMetadataLong, CustomMetadataDecimal, CustomMetadataBoolean,
			CustomMetadataDate, CustomMetadataOptions, CustomMetadataUsers, CustomMetadataGroups, CustomMetadataURL, CustomMetadataSQL,
		} {
			a := CustomMetadataAttribute{Name: string(kind), Type: kind, Description: "d", Multiple: kind != CustomMetadataRichText, ShowInOverview: true}
			if kind == CustomMetadataOptions {
				a.Enum = "Levels"
			}
			definition.Attributes = append(definition.Attributes, a)
		}
		definition.Attributes[0].Applies = Applicability{Connections: []string{}, AssetTypes: []string{"Table"}, Domains: []string{"default/domain/x"}}
		made, err := sets.Create(ctx, definition)
		if err != nil {
			t.Fatal(err)
		}
		want := definition
		want.ID = "made1"
		for i := range want.Attributes {
			a := &want.Attributes[i]
			a.ID = made.Attributes[i].ID
			if a.ID == "" {
				t.Error("no id")
			}
			a.Applies = Applicability{
				Connections: []string{"default/snowflake/1"}, Glossaries: []string{"glossary1"}, Domains: []string{allDomains}, AssetTypes: strings.Fields(connectionTypes),
				GlossaryTypes: strings.Fields(glossaryTypes), DomainTypes: strings.Fields(domainTypes), AITypes: strings.Fields(aiTypes), OtherTypes: strings.Fields(otherTypes),
			}
		}
		first := &want.Attributes[0].Applies
		first.Connections, first.AssetTypes, first.Domains = []string{}, []string{"Table"}, []string{"default/domain/x"}
		if diff := cmp.Diff(&want, made, cmpopts.IgnoreUnexported(CustomMetadataDefinition{}, CustomMetadataAttribute{})); diff != "" {
			t.Error(diff)
		}
		var sent struct {
			List []struct {
				Defs []json.RawMessage `json:"attributeDefs"`
			} `json:"businessMetadataDefs"`
		}
		if err := json.Unmarshal([]byte(s.last()), &sent); err != nil {
			t.Fatal(err)
		}
		enum := object{raw: sent.List[0].Defs[7]}
		options, _ := enum.get(memberOptions)
		o := object{raw: options}
		for name, want := range map[string]string{"isEnum": "true", "enumType": "Levels", "primitiveType": "enum", "multiValueSelect": "true", "customMetadataVersion": "v2", "applicableConnections": `["default/snowflake/1"]`} {
			if got := textOf(o.get(name)); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		if got := textOf(enum.get("typeName")); got != "array<Levels>" {
			t.Error(got)
		}
		wantID(t, made.ID)(sets.ID(ctx, "All"))

		// Unknown members survive an update, attributes are added and renamed.
		_, err = sets.AttributeID(ctx, "Quality", "Fresh")
		wantError(t, err, ErrNotFound, `"Fresh"`)
		d, err = sets.Update(ctx, "Quality", func(d *CustomMetadataDefinition) error {
			d.Attribute("Text").Name = "Renamed"
			d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "Fresh", Type: CustomMetadataDate, TimePrecision: true, HideInFilters: true})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if a := d.Attribute("Fresh"); a == nil || a.ID == "" || !a.TimePrecision || !a.HideInFilters {
			t.Errorf("%+v", a)
		}
		if !strings.Contains(s.last(), `"unknown":[1]`) || strings.Count(s.last(), `"indexTypeESConfig":{"k":"v"}`) != 12 {
			t.Error(s.last())
		}
		wantID(t, "a-text")(sets.AttributeID(ctx, "Quality", "Renamed"))
		_, err = sets.AttributeID(ctx, "Quality", "Text")
		wantError(t, err, ErrNotFound, `"Text"`)
		if id, err := sets.AttributeID(ctx, "Quality", "Fresh"); err != nil || id != d.Attribute("Fresh").ID {
			t.Error(id, err)
		}

		// Attributes are archived, never removed, and their types do not change.
		for says, change := range map[string]func(*CustomMetadataDefinition){
			"does not remove": func(d *CustomMetadataDefinition) { d.Attributes = d.Attributes[1:] },
			"do not change":   func(d *CustomMetadataDefinition) { d.Attributes[0].Type = CustomMetadataDate },
			"not archived":    func(d *CustomMetadataDefinition) { d.Attributes[0].Archived = true },
			"two attributes":  func(d *CustomMetadataDefinition) { d.Attributes[0].Name = "Date" },
			"emoji, an image": func(d *CustomMetadataDefinition) { d.Icon = "x" },
			"has no type": func(d *CustomMetadataDefinition) {
				d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "x"})
			},
			"one value": func(d *CustomMetadataDefinition) {
				d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "x", Type: CustomMetadataRichText, Multiple: true})
			},
			"is empty": func(d *CustomMetadataDefinition) {
				d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "x", Type: CustomMetadataOptions})
			},
			"and has an enum": func(d *CustomMetadataDefinition) {
				d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "x", Type: CustomMetadataDate, Enum: "x"})
			},
			"has no id yet": func(d *CustomMetadataDefinition) {
				d.Attributes = append(d.Attributes, CustomMetadataAttribute{ID: "x", Name: "x", Type: CustomMetadataDate})
			},
			"is not a name for": func(d *CustomMetadataDefinition) { d.Name = DeletedName },
		} {
			_, err := sets.Update(ctx, "Quality", func(d *CustomMetadataDefinition) error { change(d); return nil })
			wantError(t, err, ErrInvalidRequest, says)
		}
		_, err = sets.Update(ctx, "Quality", func(d *CustomMetadataDefinition) error {
			d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "x", Type: CustomMetadataOptions, Enum: "Nothing"})
			return nil
		})
		wantError(t, err, ErrNotFound, "Nothing")
		if err := sets.ArchiveAttribute(ctx, "Quality", "Renamed"); err != nil {
			t.Fatal(err)
		}
		_, err = sets.AttributeID(ctx, "Quality", "Renamed")
		wantError(t, err, ErrNotFound, `"Renamed"`)
		d, err = sets.Get(ctx, "Quality")
		if err != nil {
			t.Fatal(err)
		}
		a := d.attributeByID("a-text")
		if want := "Renamed-archived-94668480"; !a.Archived || !strings.HasPrefix(a.Name, want) || !strings.Contains(string(a.wire), `"archivedBy":"me"`) {
			t.Errorf("%+v", a)
		}
		wantError(t, sets.ArchiveAttribute(ctx, "Quality", "Renamed"), ErrNotFound, "Renamed")
		if err := sets.Purge(ctx, "Quality"); err != nil {
			t.Fatal(err)
		}
		_, err = sets.ID(ctx, "Quality")
		wantError(t, err, ErrNotFound, "Quality")
		wantID(t, DeletedName)(sets.Name(ctx, "s1"))
		if list, err := sets.List(ctx); err != nil || len(list) != 1 {
			t.Error(list, err)
		}
	})
}

// What somebody adds to a set is found when the cache has the set without it.
func TestCustomMetadataReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		sets, ctx := testClient(t, s).CustomMetadata(), t.Context()
		wantID(t, "a-text")(sets.AttributeID(ctx, "Quality", "Text"))
		s.mu.Lock()
		s.defs[kindCustomMetadata][0] = strings.Replace(s.defs[kindCustomMetadata][0], `"attributeDefs":[`, `"attributeDefs":[`+attr("a-later", "Later", "string", "")+",", 1)
		s.mu.Unlock()
		wantID(t, "a-later")(sets.AttributeID(ctx, "Quality", "Later"))
		for range 3 {
			_, err := sets.AttributeID(ctx, "Quality", "Never")
			wantError(t, err, ErrNotFound, "Never")
		}
		wantCount(t, s, definitionOf+"businessmetadatadef", 1)
		wait(absentTTL)
		_, err := sets.AttributeID(ctx, "Quality", "Never")
		wantError(t, err, ErrNotFound, "Never")
		wantCount(t, s, definitionOf+"businessmetadatadef", 2)
	})
}
