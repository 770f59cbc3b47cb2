package changereport

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// object is a JSON object of a document that a test alters.
type object = map[string]any

// repository is the root of the repository.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// committed is a service as the repository has it.
func committed(t *testing.T, service string) Side {
	t.Helper()
	side, err := FromFolder("the committed document", filepath.Join(repository(t), "specs", service))
	if err != nil {
		t.Fatal(err)
	}
	return side
}

// altered is a side whose document a function has changed.
func altered(t *testing.T, side Side, alter func(d document)) Side {
	t.Helper()
	var root object
	if err := json.Unmarshal(side.Document, &root); err != nil {
		t.Fatal(err)
	}
	alter(document{t, root})
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	side.Name, side.Document = "an altered document", text
	return side
}

// document is a document that is being altered. What a test alters must be there.
type document struct {
	t    *testing.T
	root object
}

func (d document) at(keys ...string) object {
	d.t.Helper()
	node := d.root
	for _, key := range keys {
		next, ok := node[key].(object)
		if !ok {
			d.t.Fatalf("the document has no %v", keys)
		}
		node = next
	}
	return node
}

func (d document) schema(name string) object { return d.at("components", "schemas", name) }

func (d document) rename(schema, from, to string) {
	node := d.schema(schema)
	properties := d.at("components", "schemas", schema, "properties")
	if properties[from] == nil {
		d.t.Fatalf("%s has no field %s", schema, from)
	}
	properties[to] = properties[from]
	delete(properties, from)
	required, _ := node["required"].([]any)
	if i := slices.Index(required, any(from)); i >= 0 {
		required[i] = to
	}
}

func (d document) require(schema, field string, value object) {
	node := d.schema(schema)
	d.at("components", "schemas", schema, "properties")[field] = value
	required, _ := node["required"].([]any)
	node["required"] = append(required, field)
}

func (d document) enumerate(schema, value string) {
	node := d.schema(schema)
	values, ok := node["enum"].([]any)
	if !ok {
		d.t.Fatalf("%s is no enum", schema)
	}
	node["enum"] = append(values, value)
}

func (d document) remove(route, method string) {
	item := d.at("paths", route)
	if item[method] == nil {
		d.t.Fatalf("there is no %s %s", method, route)
	}
	delete(item, method)
}

func compareSides(t *testing.T, service string, before, after Side) *Report {
	t.Helper()
	report, err := Compare(t.Context(), repository(t), service, before, after)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func readFile(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
