package changereport

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
)

// alteredAssets is the committed asset model after a function has changed it, and counted.
func alteredAssets(t *testing.T, before AssetModel, alter func(d document)) AssetModel {
	t.Helper()
	var root object
	if err := json.Unmarshal(before.Typedefs, &root); err != nil {
		t.Fatal(err)
	}
	d := document{t, root}
	alter(d)
	attributes, relationships := 0, 0
	for name := range d.at("types") {
		attributes += len(d.at("types", name, "attributes"))
		relationships += len(d.at("types", name, "relationshipAttributes"))
	}
	counts := d.at("counts")
	counts["types"], counts["enums"], counts["structs"] = len(d.at("types")), len(d.at("enums")), len(d.at("structs"))
	counts["ownAttributes"], counts["ownRelationshipAttributes"], counts["connectors"] = attributes, relationships, len(d.at("connectors"))
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	before.Name, before.Typedefs = "an altered model", text
	return before
}

func committedAssets(t *testing.T) AssetModel {
	t.Helper()
	m, err := AssetsFromFolder("the committed model", filepath.Join(repository(t), "specs", "atlan"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Each change of the model is a fact of its own, with the Go symbols that change with it and no others.
func TestAssetModel(t *testing.T) {
	before := committedAssets(t)
	after := alteredAssets(t, before, func(d document) {
		table := d.at("types", "Table", "attributes")
		table["isMirrored"] = "boolean"
		d.at("types", "Table", "index")["isMirrored"] = "boolean"
		table["columnCount"] = "string"
		delete(table, "alias")
		delete(d.at("types", "Table", "index"), "alias")
		d.at("types", "Table", "relationshipAttributes")["mirrors"] = "array<Table>"
		d.at("types", "Table", "index")["rowCount"] = "keyword"
		types := d.at("types")
		types["Lakebase"] = object{
			"superTypes": []any{"SQL"}, "attributes": object{"lakebaseSize": "long"}, "relationshipAttributes": object{},
			"index": object{"lakebaseSize": "numeric"}, "origin": "model",
		}
		sql := d.at("types", "SQL")
		sub, _ := sql["subTypes"].([]any)
		sub = append(sub, "Lakebase")
		slices.SortFunc(sub, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		sql["subTypes"] = sub
		enums := d.at("enums")
		values, _ := enums["ADLSAccessTier"].([]any)
		enums["ADLSAccessTier"] = append(values, "Frozen")
		d.at("structs", "Action", "attributes")["taskActionIcon"] = "string"
		d.at("connectors")["lakebase"] = "database"
	})
	r, err := CompareAssets(t.Context(), repository(t), "atlan", before, after)
	if err != nil {
		t.Fatal(err)
	}
	if r.NotGenerated != "" {
		t.Fatal(r.NotGenerated)
	}
	got := map[string][]string{}
	for _, f := range r.Facts {
		got[f.Text] = nil
		for _, s := range f.Symbols {
			got[f.Text] = append(got[f.Text], s.Name+" "+s.Change)
		}
	}
	// Two types have Table as a further parent, and what it has copied.
	want := map[string][]string{
		"attribute `alias` of Table removed (it was string)":           {"atlanassets.Table.Alias removed"},
		"attribute `columnCount` of Table changed from long to string": {"atlanassets.Table.ColumnCount changed from Attribute[int64] to Attribute[string]"},
		"attribute `isMirrored` of Table added (boolean)": {
			"atlanassets.CosmosMongoDBCollection.IsMirrored added", "atlanassets.DremioPhysicalDataset.IsMirrored added",
			"atlanassets.Table.IsMirrored added", "field.IsMirrored added",
		},
		"relationship `mirrors` of Table added (array<Table>)": {
			"atlanassets.CosmosMongoDBCollection.Mirrors added", "atlanassets.DremioPhysicalDataset.Mirrors added",
			"atlanassets.Table.Mirrors added", "field.Mirrors added",
		},
		"type Lakebase added, a kind of SQL":                  {"atlanassets.Lakebase added", "atlanassets.TypeLakebase added", "field.LakebaseSize added"},
		"value `Frozen` of enumeration ADLSAccessTier added":  {"atlanassets.ADLSAccessTierFrozen added"},
		"attribute `taskActionIcon` of Action added (string)": {"atlanassets.Action.TaskActionIcon added"},
		"connector `lakebase` of the model added (database)":  nil,
	}
	index := "index of `rowCount` of Table changed from numeric to keyword"
	if !slices.Contains(got[index], `field.RowCount changed from NumericField = "rowCount" to KeywordField = "rowCount"`) {
		t.Errorf("%s: %q", index, got[index])
	}
	delete(got, index)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts and their symbols (-want +got):\n%s", diff)
	}
	if len(r.Symbols) > 0 || len(r.Errors) > 0 {
		t.Errorf("left over: %v %v", r.Symbols, r.Errors)
	}
}

// What our own code uses and is gone no longer compiles.
func TestAssetModelBreaksTheWrapper(t *testing.T) {
	before := committedAssets(t)
	r, err := CompareAssets(t.Context(), repository(t), "atlan", before, alteredAssets(t, before, func(d document) {
		delete(d.at("types", "Asset", "attributes"), "description")
		delete(d.at("types", "Asset", "index"), "description")
	}))
	if err != nil || len(r.Facts) != 1 || !slices.ContainsFunc(r.Errors, func(e gosource.Error) bool { return strings.HasPrefix(e.File, "wrappers/atlan/") }) {
		t.Errorf("%+v %v", r, err)
	}
	if text := r.Markdown(); !strings.Contains(text, "`atlanassets.Asset.Description` removed") || strings.Contains(text, "Table.Description") {
		t.Error(text)
	}
}

func TestAssetModelIsTheSame(t *testing.T) {
	m := committedAssets(t)
	r, err := CompareAssets(t.Context(), repository(t), "atlan", m, m)
	if err != nil || !r.Empty() || !strings.Contains(r.Markdown(), "Nothing has changed") {
		t.Errorf("%v %v", r, err)
	}
	if _, err := AssetsFromFolder("x", t.TempDir()); !errors.Is(err, ErrNoDocument) {
		t.Errorf("a folder without a model: %v", err)
	}
}

// A model of which no code can be made is reported, with its facts.
func TestAssetModelThatCannotBeGenerated(t *testing.T) {
	before := committedAssets(t)
	r, err := CompareAssets(t.Context(), repository(t), "atlan", before, alteredAssets(t, before, func(d document) {
		d.at("types", "Table", "attributes")["alias"] = "nothing known"
	}))
	if err != nil || len(r.Facts) != 1 || !strings.Contains(r.NotGenerated, "nothing known") || !strings.Contains(r.Markdown(), "No code can be generated") {
		t.Errorf("%+v %v", r, err)
	}
}
