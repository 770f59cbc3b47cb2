package atlan

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// anyJSON draws a JSON value, written with any space between its tokens.
func anyJSON(depth int) *rapid.Generator[string] {
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
	text := rapid.Map(rapid.String(), func(s string) string {
		b, _ := json.Marshal(s)
		return string(b)
	})
	scalars := []*rapid.Generator[string]{
		rapid.SampledFrom([]string{
			"null", "true", "false", "0", "-0", "1.0", "1e400", "123456789012345678901234567890", "9007199254740993",
			`"<b>&amp;"`, `"\u003c"`, `"\ud83d\ude00"`, `"a\/b"`, `"{\"a\":[1,2]}"`, `""`, "{}", "[]",
		}), text,
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	list := rapid.Custom(func(t *rapid.T) string {
		items := rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "items")
		s := space.Draw(t, "space")
		return "[" + s + strings.Join(items, s+","+s) + s + "]"
	})
	return rapid.OneOf(append(scalars, list, objectOf(rapid.String(), depth-1, nil))...)
}

// objectOf draws an object, with some members given.
func objectOf(names *rapid.Generator[string], depth int, given map[string]*rapid.Generator[string]) *rapid.Generator[string] {
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
	return rapid.Custom(func(t *rapid.T) string {
		members := map[string]string{}
		for _, name := range rapid.SliceOfNDistinct(names, 0, 5, rapid.ID).Draw(t, "names") {
			members[name] = anyJSON(depth).Draw(t, "value")
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			if rapid.Bool().Draw(t, "has "+name) {
				members[name] = given[name].Draw(t, name)
			}
		}
		parts := make([]string, 0, len(members))
		for _, name := range slices.Sorted(maps.Keys(members)) {
			quoted, _ := json.Marshal(name)
			parts = append(parts, string(quoted)+space.Draw(t, "space")+":"+space.Draw(t, "space")+members[name])
		}
		s := space.Draw(t, "space")
		return s + "{" + s + strings.Join(parts, s+","+s) + s + "}" + s
	})
}

// anyEntity draws an entity: what a server may say, with members, attributes and types that nobody knows.
func anyEntity() *rapid.Generator[string] {
	quoted := func(values ...string) *rapid.Generator[string] {
		return rapid.Map(rapid.SampledFrom(values), func(s string) string {
			b, _ := json.Marshal(s)
			return string(b)
		})
	}
	names := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"name", "qualifiedName", "columnCount", "description", "columns", "isPartitioned", "new attribute"}))
	attributes := rapid.OneOf(objectOf(names, 2, nil), rapid.Just("null"))
	return objectOf(rapid.String(), 2, map[string]*rapid.Generator[string]{
		"guid": quoted("g-1", "5d0e", ""), "typeName": quoted("Table", "Unheard", ""), "status": quoted("ACTIVE", "DELETED", "DREAMING"),
		"attributes": attributes, "relationshipAttributes": attributes, "businessAttributes": objectOf(rapid.String(), 2, nil),
		"classifications": anyJSON(2), "labels": anyJSON(1), "createTime": quoted("no number"),
	})
}

// Whatever the server says comes out as it came in, byte for byte, attribute by attribute.
func TestEntityKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyEntity().Draw(t, "entity")
		var e Entity
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		out, err := e.MarshalJSON()
		if err != nil || !bytes.Equal(out, bytes.TrimSpace([]byte(text))) {
			t.Fatalf("in  %s\nout %s (%v)", text, out, err)
		}
		var whole map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &whole); err != nil {
			t.Fatal(err)
		}
		for name, value := range whole {
			if got, ok := e.Member(name); !isNull(value) && (!ok || !bytes.Equal(got, value)) {
				t.Fatalf("member %q is %s, want %s", name, got, value)
			}
		}
		var attributes map[string]json.RawMessage
		_ = json.Unmarshal(whole["attributes"], &attributes)
		for name, value := range attributes {
			if got, ok := e.Attribute(name); !ok || !bytes.Equal(got, value) {
				t.Fatalf("attribute %q is %s, want %s", name, got, value)
			}
		}
		// A typed view changes nothing either, and a save of it would send nothing.
		a, err := AssetOf[atlanassets.Asset](&e)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := a.MarshalJSON(); err != nil || !sameJSON(out, []byte(text)) {
			t.Fatalf("in  %s\nas an asset %s (%v)", text, out, err)
		}
		if e.TypeName != "" && !e.Scrubbed() {
			whole, err := a.view().whole()
			if err != nil {
				t.Fatal(err)
			}
			if c, err := changeOf(whole, SaveOptions{}); err != nil || c != nil {
				t.Fatalf("a save of what was only read: %+v, %v", c, err)
			}
		}
	})
}

// One attribute is changed: everything else comes out as it came in.
func TestEntityChangesOneAttribute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyEntity().Draw(t, "entity")
		var e Entity
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		before := maps.Collect(e.AttributeValues())
		name := rapid.SampledFrom([]string{"name", "columnCount", "a \"new\" one"}).Draw(t, "name")
		value := json.RawMessage(anyJSON(2).Draw(t, "value"))
		if err := e.SetAttribute(name, value); err != nil {
			t.Fatal(err)
		}
		before[name] = bytes.TrimSpace(value)
		out, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var again Entity
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		n := 0
		for name, got := range again.AttributeValues() {
			n++
			if !bytes.Equal(got, before[name]) {
				t.Fatalf("attribute %q is %s, want %s", name, got, before[name])
			}
		}
		if n != len(before) {
			t.Fatalf("%d attributes, want %d", n, len(before))
		}
		e.ForgetAttribute(name)
		if out, err := e.MarshalJSON(); err != nil || !bytes.Equal(out, bytes.TrimSpace([]byte(text))) {
			t.Fatalf("taken back it is %s (%v), want %s", out, err, text)
		}
	})
}

const ordersTable = `{
  "typeName": "Table", "guid": "g-orders", "status": "ACTIVE", "aMemberNobodyKnows": {"deep": [1.0, 2e3]},
  "attributes": {"name": "ORDERS", "qualifiedName": "default/snowflake/1/DB/S/ORDERS", "columnCount": 7, "rowCount": 9007199254740993,
    "description": "raw", "certificateStatus": null, "attributeNobodyKnows": {"a": "<&>", "big": 123456789012345678901234567890}},
  "relationshipAttributes": {"columns": [{"guid": "c1", "typeName": "Column", "displayText": "ID"}, {"guid": "c2", "typeName": "Column"}], "atlanSchema": {"guid": "s1", "typeName": "Schema"}},
  "businessAttributes": {"setid": {"attrid": "x"}}, "classifications": [{"typeName": "hashed"}],
  "createTime": 1700000000000, "createdBy": "ann", "updateTime": 1700000000001, "updatedBy": "bob"
}`

func ordersAsset(t testing.TB) *Asset[atlanassets.Table] {
	t.Helper()
	a := new(Asset[atlanassets.Table])
	if err := json.Unmarshal([]byte(ordersTable), a); err != nil {
		t.Fatal(err)
	}
	return a
}

// changedBy is what a save of an item would send.
func changedBy(t testing.TB, item Item) *change {
	t.Helper()
	e, err := item.view().whole()
	if err != nil {
		t.Fatal(err)
	}
	c, err := changeOf(e, SaveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sentBy is the entity that a save of one item would send.
func sentBy(t testing.TB, item Item) string {
	t.Helper()
	c := changedBy(t, item)
	if c == nil {
		return ""
	}
	c.requestID = c.guid
	text, err := c.append(nil, &references{})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAssetSendsOnlyWhatChanged(t *testing.T) {
	const identity = `"name":"ORDERS","qualifiedName":"default/snowflake/1/DB/S/ORDERS"`
	ref := func(guid string, semantic atlanassets.SaveSemantic) atlanassets.Ref {
		return atlanassets.Ref{TypeName: "Column", GUID: guid, Semantic: semantic}
	}
	for name, test := range map[string]struct {
		change func(*Asset[atlanassets.Table])
		want   string // of the entity that is sent, without its type and guid
	}{
		"nothing": {func(*Asset[atlanassets.Table]) {}, ""},
		"set": {func(a *Asset[atlanassets.Table]) { a.Attributes.ColumnCount.Set(8) },
			`"attributes":{"columnCount":8,` + identity + `}`},
		"set to what it is": {func(a *Asset[atlanassets.Table]) { a.Attributes.ColumnCount.Set(7) }, ""},
		"cleared": {func(a *Asset[atlanassets.Table]) { a.Attributes.Description.Clear() },
			`"attributes":{"description":null,` + identity + `}`},
		"cleared what is null": {func(a *Asset[atlanassets.Table]) { a.Attributes.CertificateStatus.Clear() }, ""},
		"untouched":            {func(a *Asset[atlanassets.Table]) { a.Attributes.Description.Unset() }, ""},
		"a big number": {func(a *Asset[atlanassets.Table]) { a.Attributes.RowCount.Set(9007199254740995) },
			`"attributes":{` + identity[:len(`"name":"ORDERS",`)] + identity[len(`"name":"ORDERS",`):] + `,"rowCount":9007199254740995}`},
		"an unknown attribute": {func(a *Asset[atlanassets.Table]) { _ = a.SetAttribute("attributeNobodyKnows", map[string]int{"a": 1}) },
			`"attributes":{"attributeNobodyKnows":{"a":1},` + identity + `}`},
		"by name": {func(a *Asset[atlanassets.Table]) { _ = a.SetAttribute("columnCount", 9) },
			`"attributes":{"columnCount":9,` + identity + `}`},
		"by name, cleared": {func(a *Asset[atlanassets.Table]) { a.ClearAttribute("description") },
			`"attributes":{"description":null,` + identity + `}`},
		"by name, taken back": {func(a *Asset[atlanassets.Table]) {
			a.ClearAttribute("description")
			a.ForgetAttribute("description")
		}, ""},
		"the same columns": {func(a *Asset[atlanassets.Table]) {
			a.Attributes.Columns.Set([]atlanassets.Ref{ref("c1", ""), ref("c2", atlanassets.SaveSemanticReplace)})
		}, ""},
		"other columns": {func(a *Asset[atlanassets.Table]) { a.Attributes.Columns.Set([]atlanassets.Ref{ref("c1", "")}) },
			`"attributes":{` + identity + `},"relationshipAttributes":{"columns":[{"typeName":"Column","guid":"c1"}]}`},
		"a column more": {func(a *Asset[atlanassets.Table]) {
			now, _ := a.Attributes.Columns.Get()
			a.Attributes.Columns.Set(append(slices.Clip(now), ref("c3", atlanassets.SaveSemanticAppend)))
		}, `"attributes":{` + identity + `},"appendRelationshipAttributes":{"columns":[{"typeName":"Column","guid":"c3"}]}`},
		"a column less": {func(a *Asset[atlanassets.Table]) {
			a.Attributes.Columns.Set([]atlanassets.Ref{ref("c2", atlanassets.SaveSemanticRemove)})
		}, `"attributes":{` + identity + `},"removeRelationshipAttributes":{"columns":[{"typeName":"Column","guid":"c2"}]}`},
		"no columns": {func(a *Asset[atlanassets.Table]) { a.Attributes.Columns.Set(nil) },
			`"attributes":{` + identity + `},"relationshipAttributes":{"columns":[]}`},
		"another schema": {func(a *Asset[atlanassets.Table]) {
			a.Attributes.AtlanSchema.Set(atlanassets.RefTo[atlanassets.Schema]("default/snowflake/1/DB/T"))
		}, `"attributes":{` + identity + `},"relationshipAttributes":{"atlanSchema":{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"default/snowflake/1/DB/T"}}}`},
		"labels": {func(a *Asset[atlanassets.Table]) { _ = a.SetMember("labels", []string{"x"}) },
			`"attributes":{` + identity + `},"labels":["x"]`},
		"status": {func(a *Asset[atlanassets.Table]) { a.Status = StatusDeleted },
			`"attributes":{` + identity + `},"status":"DELETED"`},
	} {
		t.Run(name, func(t *testing.T) {
			a := ordersAsset(t)
			test.change(a)
			want := ""
			if test.want != "" {
				want = `{"typeName":"Table","guid":"g-orders",` + test.want + `}`
			}
			if diff := cmp.Diff(want, sentBy(t, a)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An asset that is changed and written as a whole has everything that was there.
func TestAssetWritesWhole(t *testing.T) {
	a := ordersAsset(t)
	a.Attributes.ColumnCount.Set(8)
	out, err := a.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(ordersTable, `"columnCount": 7`, `"columnCount": 8`, 1); !sameJSON(out, []byte(want)) {
		t.Errorf("out %s", out)
	}
	if !bytes.Contains(out, []byte(`{"a": "<&>", "big": 123456789012345678901234567890}`)) {
		t.Errorf("the unknown attribute was touched: %s", out)
	}
	if a.Name() != "ORDERS" || a.CreatedBy() != "ann" || a.UpdatedBy() != "bob" || a.CreatedAt().UnixMilli() != 1700000000000 || a.UpdatedAt().UnixMilli() != 1700000000001 {
		t.Errorf("%q, %q, %q, %v, %v", a.Name(), a.CreatedBy(), a.UpdatedBy(), a.CreatedAt(), a.UpdatedAt())
	}
}

// A value that is not what the type says is left in the entity, and the others are read.
func TestAssetWithForeignValues(t *testing.T) {
	text := strings.NewReplacer(`"columnCount": 7`, `"columnCount": "seven"`, `"rowCount": 9007199254740993`, `"rowCount": [1]`).Replace(ordersTable)
	a := new(Asset[atlanassets.Table])
	if err := json.Unmarshal([]byte(text), a); err != nil {
		t.Fatal(err)
	}
	if !a.Attributes.ColumnCount.IsZero() || a.Attributes.Description.Or("") != "raw" || a.Name() != "ORDERS" {
		t.Errorf("%v, %v, %q", a.Attributes.ColumnCount, a.Attributes.Description, a.Name())
	}
	if value, ok := a.Attribute("columnCount"); !ok || string(value) != `"seven"` {
		t.Errorf("the entity has %s", value)
	}
	if sent := sentBy(t, a); sent != "" {
		t.Errorf("it would send %s", sent)
	}
}

func TestWrongType(t *testing.T) {
	var e Entity
	if err := json.Unmarshal([]byte(`{"typeName":"View","guid":"v","superTypeNames":["SQL","Catalog"],"attributes":{}}`), &e); err != nil {
		t.Fatal(err)
	}
	if _, err := AssetOf[atlanassets.Table](&e); err == nil || !strings.Contains(err.Error(), "a View, not a Table") {
		t.Errorf("%v", err)
	}
	if _, err := AssetOf[atlanassets.SQL](&e); err != nil {
		t.Errorf("as a SQL asset: %v", err)
	}
	if a, err := AssetOf[atlanassets.Asset](&e); err != nil || a.TypeName != "View" {
		t.Errorf("as any asset: %v", err)
	}
}

func TestTrimAndUpdateOf(t *testing.T) {
	trimmed, err := ordersAsset(t).Trim()
	if err != nil {
		t.Fatal(err)
	}
	if sent := sentBy(t, trimmed); sent != "" {
		t.Errorf("nothing was changed, and %s would be sent", sent)
	}
	trimmed.Attributes.Description.Set("new")
	const want = `{"typeName":"Table","guid":"g-orders","attributes":{"description":"new","name":"ORDERS","qualifiedName":"default/snowflake/1/DB/S/ORDERS"}}`
	if diff := cmp.Diff(want, sentBy(t, trimmed)); diff != "" {
		t.Error(diff)
	}
	for name, create := range map[string]func() error{
		"no name":          func() error { _, err := UpdateOf[atlanassets.Table]("default/a/1/b", " "); return err },
		"no qualifiedName": func() error { _, err := UpdateOf[atlanassets.Table]("", "b"); return err },
		"trim of nothing":  func() error { _, err := NewAsset[atlanassets.Table]().Trim(); return err },
	} {
		if create() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	term, err := UpdateOf[atlanassets.AtlasGlossaryTerm]("t@g", "Revenue")
	if err != nil {
		t.Fatal(err)
	}
	term.Attributes.UserDescription.Set("x")
	e, err := term.view().whole()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := changeOf(e, SaveOptions{}); err == nil || !strings.Contains(err.Error(), "anchor") {
		t.Errorf("a term without its glossary: %v", err)
	}
	term.Attributes.Anchor.Set(atlanassets.RefByGUID("AtlasGlossary", "g1"))
	if c := changedBy(t, term); string(c.relations["anchor"]) != `{"guid":"g1","typeName":"AtlasGlossary"}` {
		t.Errorf("the glossary is %s", c.relations["anchor"])
	}
}

// A word that an answer has of a reference does not go back.
func TestTermReadIsSentWithItsGlossary(t *testing.T) {
	a := new(Asset[atlanassets.AtlasGlossaryTerm])
	if err := json.Unmarshal([]byte(`{"typeName":"AtlasGlossaryTerm","guid":"t1","attributes":{"name":"T","qualifiedName":"t@g"},
		"relationshipAttributes":{"anchor":{"guid":"g1","typeName":"AtlasGlossary","displayText":"G","relationshipGuid":"r","uniqueAttributes":{"qualifiedName":"g"}}}}`), a); err != nil {
		t.Fatal(err)
	}
	a.Attributes.UserDescription.Set("x")
	const want = `{"typeName":"AtlasGlossaryTerm","guid":"t1","attributes":{"name":"T","qualifiedName":"t@g","userDescription":"x"},` +
		`"relationshipAttributes":{"anchor":{"guid":"g1","typeName":"AtlasGlossary"}}}`
	if diff := cmp.Diff(want, sentBy(t, a)); diff != "" {
		t.Error(diff)
	}
}

func TestSetMemberRefuses(t *testing.T) {
	e := NewEntity("Table")
	for _, name := range []string{"attributes", "guid", "typeName", "status", "relationshipAttributes"} {
		if e.SetMember(name, 1) == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if e.SetAttribute("x", func() {}) == nil || e.SetMember("labels", func() {}) == nil || e.SetAttribute("x", json.RawMessage("{")) == nil {
		t.Error("what does not encode was taken")
	}
	if err := e.SetMember("madeUp", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := changeOf(e, SaveOptions{}); err == nil {
		t.Error("a member that the server does not take was to be sent")
	}
}

func BenchmarkEntityDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var e Entity
		if err := json.Unmarshal([]byte(ordersTable), &e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAssetDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ordersAsset(b)
	}
}

func BenchmarkAssetChange(b *testing.B) {
	a := ordersAsset(b)
	a.Attributes.ColumnCount.Set(8)
	b.ReportAllocs()
	for b.Loop() {
		changedBy(b, a)
	}
}
