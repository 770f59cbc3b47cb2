package atlanassets

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefsInRequests(t *testing.T) {
	edge := RefByGUID("Table", "g")
	edge.RelationshipType, edge.RelationshipAttributes = "user_def_relationship", json.RawMessage(`{"typeName":"user_def_relationship"}`)
	named := RefByGUID("Table", "g")
	named.QualifiedName, named.DisplayText, named.Semantic = "q", "t", SaveSemanticAppend
	for want, r := range map[string]Ref{
		`{"typeName":"Table","guid":"-1"}`: RefByGUID("Table", "-1"),
		`{"guid":"g"}`:                     RefByGUID("", "g"),
		`{"typeName":"Child","uniqueAttributes":{"qualifiedName":"a/b"}}`:    RefTo[child]("a/b"),
		`{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"a/b/c"}}`: RefByQualifiedName("Schema", "a/b/c"),
		`{"typeName":"Table","guid":"g"}`:                                    named,
		`{"typeName":"Table","guid":"g","relationshipType":"user_def_relationship","relationshipAttributes":{"typeName":"user_def_relationship"}}`: edge,
	} {
		if got := encode(t, r); got != want {
			t.Errorf("encoded\n%s\nwant\n%s", got, want)
		}
	}
	for _, r := range []Ref{{}, {TypeName: "Table"}, {QualifiedName: "q"}} {
		if text, err := json.Marshal(Set(r)); err == nil || !strings.Contains(err.Error(), "a Ref needs") {
			t.Errorf("%+v became %s, %v", r, text, err)
		}
	}
}

func TestRefsInAnswers(t *testing.T) {
	const related = `{"guid":"g","typeName":"Column","attributes":{"qualifiedName":"q","order":1},"displayText":"ID",` +
		`"entityStatus":"ACTIVE","relationshipType":"table_columns","relationshipGuid":"r","relationshipStatus":"DELETED",` +
		`"relationshipAttributes":{"typeName":"table_columns"},"unheardOf":[1, 2]}`
	r := decode[Ref](t, related)
	want := Ref{
		TypeName: "Column", GUID: "g", QualifiedName: "q", DisplayText: "ID", EntityStatus: "ACTIVE", RelationshipType: "table_columns",
		RelationshipGUID: "r", RelationshipStatus: "DELETED", RelationshipAttributes: json.RawMessage(`{"typeName":"table_columns"}`),
		wire: json.RawMessage(related),
	}
	type plain Ref // without Equal, which compares less
	if diff := cmp.Diff(plain(want), plain(r), cmp.AllowUnexported(plain{})); diff != "" {
		t.Error(diff)
	}
	if got := string(r.Attributes()["order"]); got != "1" {
		t.Errorf("the attribute is %q", got)
	}
	if !strings.Contains(string(r.Wire()), `"unheardOf":[1, 2]`) {
		t.Errorf("the object became %s", r.Wire())
	}

	header := decode[Ref](t, `{"typeName":"Table","guid":"g","status":"DELETED","uniqueAttributes":{"qualifiedName":"u"},`+
		`"attributes":null,"relationshipAttributes":null}`)
	if header.EntityStatus != "DELETED" || header.QualifiedName != "u" || header.RelationshipAttributes != nil || header.Attributes() != nil {
		t.Errorf("decoded %+v", header)
	}
	if got := encode(t, header); got != `{"typeName":"Table","guid":"g"}` {
		t.Errorf("encoded %s", got)
	}
	if refs := decode[Attribute[[]Ref]](t, `[null,{"guid":"1"}]`).Or(nil); len(refs) != 2 || refs[0].wire != nil || refs[1].GUID != "1" {
		t.Errorf("decoded %+v", refs)
	}
	var made Ref
	if made.Wire() != nil || made.Attributes() != nil {
		t.Error("a reference that was made here has an answer")
	}
}

func TestEqualRefs(t *testing.T) {
	base := RefByGUID("Table", "g")
	change := func(edit func(r *Ref)) Ref {
		r := base
		edit(&r)
		return r
	}
	for what, c := range map[string]struct {
		other Ref
		want  bool
	}{
		"itself":           {base, true},
		"what came along":  {change(func(r *Ref) { r.DisplayText, r.EntityStatus, r.QualifiedName = "t", "ACTIVE", "q" }), true},
		"spelled out":      {change(func(r *Ref) { r.Semantic = SaveSemanticReplace }), true},
		"a type alone":     {change(func(r *Ref) { r.RelationshipType = "x" }), true},
		"another GUID":     {change(func(r *Ref) { r.GUID = "h" }), false},
		"another type":     {change(func(r *Ref) { r.TypeName = "View" }), false},
		"another semantic": {change(func(r *Ref) { r.Semantic = SaveSemanticRemove }), false},
		"an edge":          {change(func(r *Ref) { r.RelationshipAttributes = json.RawMessage(`{}`) }), false},
	} {
		if got := base.Equal(c.other); got != c.want {
			t.Errorf("%s: %t", what, got)
		}
		if got := c.other.Equal(base); got != c.want {
			t.Errorf("%s, the other way: %t", what, got)
		}
	}
	if RefTo[child]("a").Equal(RefTo[child]("b")) {
		t.Error("two qualifiedNames are equal")
	}
}
