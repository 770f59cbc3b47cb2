package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pets is a document with one of everything that the comparison tells apart.
const pets = `{
  "openapi": "3.0.3", "info": {"title": "pets", "version": "1"}, "servers": [{"url": "https://pets.example"}],
  "paths": {
    "/pets": {
      "parameters": [{"name": "tenant", "in": "header", "schema": {"type": "string"}}],
      "get": {"operationId": "listPets", "parameters": [
          {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
          {"$ref": "#/components/parameters/Page"}],
        "responses": {"200": {"$ref": "#/components/responses/Pets"}, "404": {"description": ""}}},
      "post": {"operationId": "createPet",
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewPet"}}}},
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}}}
    },
    "/pets/{id}": {
      "get": {"operationId": "getPet", "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}}}
    }
  },
  "components": {
    "parameters": {"Page": {"name": "page", "in": "query", "schema": {"type": "integer"}}},
    "responses": {"Pets": {"description": "", "content": {"application/json": {"schema":
      {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}}},
    "schemas": {
      "Kind": {"type": "string", "enum": ["cat", "dog"]},
      "Owner": {"type": "object", "properties": {"name": {"type": "string"}}},
      "NewPet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "kind": {"$ref": "#/components/schemas/Kind"}}},
      "Pet": {"type": "object", "required": ["id"], "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "age": {"type": "integer", "format": "int32"},
        "kind": {"$ref": "#/components/schemas/Kind"}, "parent": {"$ref": "#/components/schemas/Pet"},
        "home": {"type": "object", "properties": {"street": {"type": "string"}, "rooms": {"type": "array", "items": {"type": "object", "properties": {"size": {"type": "number"}}}}}},
        "owner": {"oneOf": [{"$ref": "#/components/schemas/Owner"}, {"type": "string"}]}}},
      "Unused": {"type": "object", "properties": {"a": {"type": "string"}}}
    }
  }
}`

func parse(t testing.TB, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func told(t testing.TB, before, after *Document) []string {
	t.Helper()
	facts, err := Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, f := range facts {
		lines = append(lines, f.Level.String()+": "+f.Text)
	}
	return lines
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to string // a part of the document and what replaces it
		want     []string
		back     []string // what the opposite change is
	}{
		{
			"a field of an answer", `"street": {"type": "string"}`, `"street": {"type": "string"}, "town": {"type": "string"}`,
			[]string{"compatible: optional field `home.town` of schema Pet added (string)"},
			[]string{"may break: field `home.town` of schema Pet removed (it was string)"},
		},
		{
			"a field deep in an answer", `"size": {"type": "number"}`, `"size": {"type": "integer"}`,
			[]string{"may break: type of `home.rooms[].size` of schema Pet changed from number to integer"},
			[]string{"breaking: type of `home.rooms[].size` of schema Pet changed from integer to number"},
		},
		{
			"a renamed field", `"age": {"type": "integer", "format": "int32"}`, `"years": {"type": "integer", "format": "int32"}`,
			[]string{"may break: field `age` of schema Pet likely renamed to `years` (both are integer (int32))"},
			[]string{"may break: field `years` of schema Pet likely renamed to `age` (both are integer (int32))"},
		},
		{
			"not renamed, the type is another", `"age": {"type": "integer", "format": "int32"}`, `"years": {"type": "number"}`,
			[]string{
				"may break: field `age` of schema Pet removed (it was integer (int32))",
				"compatible: optional field `years` of schema Pet added (number)",
			},
			[]string{
				"may break: field `years` of schema Pet removed (it was number)",
				"compatible: optional field `age` of schema Pet added (integer (int32))",
			},
		},
		{
			"a field that must be sent", `"required": ["name"]`, `"required": ["kind", "name"]`,
			[]string{"breaking: field `kind` of schema NewPet is required now"},
			[]string{"compatible: field `kind` of schema NewPet is optional now"},
		},
		{
			"a value of an enum that is sent and received", `["cat", "dog"]`, `["emu", "dog", "cat"]`,
			[]string{"breaking: value `emu` of enum schema Kind added"},
			[]string{"breaking: value `emu` of enum schema Kind removed"},
		},
		{
			"a bound of a parameter", `"maximum": 100`, `"maximum": 50`,
			[]string{"breaking: `maximum` of `query parameter limit` of GET /pets changed from `100` to `50`"},
			[]string{"compatible: `maximum` of `query parameter limit` of GET /pets changed from `50` to `100`"},
		},
		{
			"a renamed parameter", `"name": "limit"`, `"name": "count"`,
			[]string{"may break: query parameter limit of GET /pets likely renamed to `count`"},
			[]string{"may break: query parameter count of GET /pets likely renamed to `limit`"},
		},
		{
			"a parameter of the path item reaches both operations", `"in": "header"`, `"required": true, "in": "header"`,
			[]string{
				"breaking: `required` of `header parameter tenant` of GET /pets added: `true`",
				"breaking: `required` of `header parameter tenant` of POST /pets added: `true`",
			},
			[]string{
				"compatible: `required` of `header parameter tenant` of GET /pets removed, it was `true`",
				"compatible: `required` of `header parameter tenant` of POST /pets removed, it was `true`",
			},
		},
		{
			"a component parameter", `{"name": "page", "in": "query", "schema": {"type": "integer"}}`, `{"name": "page", "in": "query", "schema": {"type": "string"}}`,
			[]string{"may break: type of parameter Page changed from integer to string"},
			[]string{"breaking: type of parameter Page changed from string to integer"},
		},
		{
			"a component response", `{"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}`, `{"$ref": "#/components/schemas/Pet"}`,
			[]string{"breaking: type of response Pets changed from array of Pet to Pet"},
			[]string{"breaking: type of response Pets changed from Pet to array of Pet"},
		},
		{
			"a status", `, "404": {"description": ""}`, ``,
			[]string{"compatible: 404 response of GET /pets removed"},
			[]string{"compatible: 404 response of GET /pets added"},
		},
		{
			"a variant", `{"oneOf": [{"$ref": "#/components/schemas/Owner"}, {"type": "string"}]}`, `{"oneOf": [{"$ref": "#/components/schemas/Owner"}]}`,
			[]string{"compatible: oneOf of `owner` of schema Pet no longer has string"},
			[]string{"breaking: oneOf of `owner` of schema Pet has string as well"},
		},
		{
			"an operationId", `"getPet"`, `"readPet"`,
			[]string{"compatible: operationId of GET /pets/{id} changed from `getPet` to `readPet`"},
			[]string{"compatible: operationId of GET /pets/{id} changed from `readPet` to `getPet`"},
		},
		{
			"an operation elsewhere", `"/pets/{id}"`, `"/animals/{id}"`,
			[]string{"breaking: operation GET /pets/{id} (`getPet`) is now GET /animals/{id}"},
			[]string{"breaking: operation GET /animals/{id} (`getPet`) is now GET /pets/{id}"},
		},
		{
			"the server", `https://pets.example`, `https://animals.example`,
			[]string{"may break: `servers` of the document changed from `[{\"url\":\"https://pets.example\"}]` to `[{\"url\":\"https://animals.example\"}]`"},
			[]string{"may break: `servers` of the document changed from `[{\"url\":\"https://animals.example\"}]` to `[{\"url\":\"https://pets.example\"}]`"},
		},
		{
			"a schema that no operation carries", `{"a": {"type": "string"}}`, `{"a": {"type": "integer"}}`,
			[]string{"compatible: type of `a` of schema Unused changed from string to integer"},
			[]string{"compatible: type of `a` of schema Unused changed from integer to string"},
		},
		{
			"a renamed schema", `#/components/schemas/Kind`, `#/components/schemas/Species`,
			[]string{"compatible: schema Kind likely renamed to Species; the wire is the same"},
			[]string{"compatible: schema Species likely renamed to Kind; the wire is the same"},
		},
		{
			"null", `"age": {"type": "integer",`, `"age": {"nullable": true, "type": "integer",`,
			[]string{"breaking: `nullable` of `age` of schema Pet added: `true`"},
			[]string{"compatible: `nullable` of `age` of schema Pet removed, it was `true`"},
		},
		{"prose", `{"type": "number"}`, `{"type": "number", "description": "in square metres", "example": 12}`, []string{}, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(pets, test.from) {
				t.Fatalf("the document has no %s", test.from)
			}
			altered := strings.ReplaceAll(pets, test.from, test.to)
			if strings.HasPrefix(test.from, "#/components/schemas/") {
				altered = strings.Replace(altered, `"Kind":`, `"Species":`, 1)
			}
			before, after := parse(t, pets), parse(t, altered)
			if diff := cmp.Diff(test.want, told(t, before, after)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.back, told(t, after, before)); diff != "" {
				t.Errorf("facts of the way back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOperationsThatCarryAFact(t *testing.T) {
	facts, err := Compare(parse(t, pets), parse(t, strings.Replace(pets, `["cat", "dog"]`, `["cat"]`, 1)))
	if err != nil || len(facts) != 1 {
		t.Fatalf("%v %v", facts, err)
	}
	if want := []string{"GET /pets", "GET /pets/{id}", "POST /pets"}; !cmp.Equal(facts[0].Operations, want) {
		t.Errorf("carried by %v, want %v", facts[0].Operations, want)
	}
	if want := []string{"request-property-enum-value-removed", "response-property-enum-value-removed"}; !cmp.Equal(facts[0].Rules, want) {
		t.Errorf("rules %v, want %v", facts[0].Rules, want)
	}
}

// Two fields and two candidates: closest names first, whichever order the document has.
func TestRenamesArePairedByName(t *testing.T) {
	got := likelyRenames([]string{"created_at", "updated_at"}, []string{"updatedAt", "createdAt", "deletedAt"},
		func(string, string) bool { return true }, func(string, string) bool { return true })
	if want := map[string]string{"created_at": "createdAt", "updated_at": "updatedAt"}; !cmp.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "null", "[]", `{"openapi": "3.0.3"`, `{"openapi": "3.0.3"} {}`, `{"swagger": "2.0"}`, strings.Repeat(`{"a":`, 20_000)} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.40q is accepted", text)
		}
	}
}

// Documents that lead in circles end, and are no change.
func TestCircles(t *testing.T) {
	text := `{"openapi": "3.0.3", "info": {"title": "", "version": ""},
	  "paths": {"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/A"}], "responses": {"200": {"$ref": "#/components/responses/A"}}}}},
	  "components": {"parameters": {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}},
	    "responses": {"A": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
	    "schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"allOf": [{"$ref": "#/components/schemas/A"}]}}}}`
	if got := told(t, parse(t, text), parse(t, text)); len(got) > 0 {
		t.Error(got)
	}
}

// realDocument is the committed document of a service.
func realDocument(t *testing.T, service string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "specs", service, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Shuffling the keys of objects, and the members of lists that are sets, changes nothing.
func TestOrderChangesNothing(t *testing.T) {
	before := parse(t, pets)
	rapid.Check(t, func(t *rapid.T) {
		if told := differences(t, before, []byte(pets), rapid.Uint64().Draw(t, "seed")); len(told) > 0 {
			t.Fatal(told)
		}
	})
	for _, service := range []string{"airbyte", "polytomic", "atlan"} {
		text := realDocument(t, service)
		for seed := range uint64(3) {
			if told := differences(t, parse(t, string(text)), text, seed+1); len(told) > 0 {
				t.Errorf("%s, seed %d: %v", service, seed+1, told)
			}
		}
	}
}

// differences are the facts from a document to the same one in another order.
func differences(t rapid.TB, before *Document, text []byte, seed uint64) []string {
	t.Helper()
	var root any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&root); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	shuffled(&b, root, "", &seed)
	after, err := Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	facts, err := Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, f := range facts {
		told = append(told, f.Text)
	}
	return told
}

// shuffled writes a value with its keys in an order that the seed decides.
func shuffled(b *strings.Builder, node any, key string, seed *uint64) {
	next := func(n int) int { // xorshift: a generator of one line, so that a failure can be repeated from its seed
		*seed ^= *seed << 13
		*seed ^= *seed >> 7
		*seed ^= *seed << 17
		return int(*seed % uint64(n))
	}
	switch node := node.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(node))
		for i := len(names) - 1; i > 0; i-- {
			j := next(i + 1)
			names[i], names[j] = names[j], names[i]
		}
		b.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, "%q:", name)
			shuffled(b, node[name], name, seed)
		}
		b.WriteByte('}')
	case []any:
		list := slices.Clone(node)
		if key == "required" || key == "enum" || key == "parameters" {
			for i := len(list) - 1; i > 0; i-- {
				j := next(i + 1)
				list[i], list[j] = list[j], list[i]
			}
		}
		b.WriteByte('[')
		for i, element := range list {
			if i > 0 {
				b.WriteByte(',')
			}
			shuffled(b, element, "", seed)
		}
		b.WriteByte(']')
	default:
		b.WriteString(text(node))
	}
}

// Whatever field is removed from a real document is told, and so is its return.
func TestEveryRemovalIsTold(t *testing.T) {
	document := realDocument(t, "airbyte")
	before := parse(t, string(document))
	const every = 12 // of some three hundred fields
	number := 0
	for _, schema := range before.Components("schemas") {
		node, _ := before.components[Unit{"schemas", schema}.Ref()].(object)
		fields, _ := node["properties"].(object)
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if number++; number%every != 0 {
				continue
			}
			var root object
			if err := json.Unmarshal(document, &root); err != nil {
				t.Fatal(err)
			}
			altered := root["components"].(object)["schemas"].(object)[schema].(object)
			delete(altered["properties"].(object), field)
			after := parse(t, text(root))
			for _, way := range []struct {
				kind     Kind
				from, to *Document
			}{{FieldRemoved, before, after}, {FieldAdded, after, before}} {
				facts, err := Compare(way.from, way.to)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(facts, func(f *Fact) bool {
					return f.Kind == way.kind && f.Unit.Name == schema && f.From+f.To == field
				}) {
					t.Errorf("%s: %s.%s is not told of", way.kind, schema, field)
				}
			}
		}
	}
	if number < 10*every {
		t.Errorf("only %d fields", number)
	}
}
