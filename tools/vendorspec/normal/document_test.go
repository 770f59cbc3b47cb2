package normal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
	"github.com/sluice-sdk/sluice/tools/vendorspec/normal"
)

// What several files define is written once, under the name that the document, the pointer or the file gives it.
func TestBundling(t *testing.T) {
	f := files{
		entryName: []byte(`
openapi: 3.1.0
info: {title: a, version: '1'}
paths:
  /a: {$ref: paths/a.yaml}
components:
  schemas:
    Renamed: {$ref: schemas/original.yaml}
    Again: {$ref: schemas/original.yaml}
    Nested: {type: object, properties: {deep: {type: string}}, $defs: {Inner: {type: integer}}}
  pathItems:
    Shared: {get: {operationId: b, responses: {200: {description: ok}}}}
`),
		"paths/a.yaml": []byte(`
get:
  operationId: a
  parameters: [{$ref: '../parameters.json#/limit'}]
  responses:
    200: {content: {a/b: {schema: {$ref: '../schemas/original.yaml'}}}}
    400: {$ref: '../responses/bad request.yaml'}
    404: {content: {a/b: {schema: {$ref: '../openapi.yaml#/components/schemas/Nested/properties/deep'}}}}
    500: {content: {a/b: {schema: {$ref: '../openapi.yaml#/components/schemas/Nested/$defs/Inner'}}}}
`),
		"parameters.json":            []byte(`{"limit": {"name": "limit", "in": "query", "schema": {"$ref": "schemas/number.yaml#/definitions/Limit"}}}`),
		"schemas/original.yaml":      []byte(`{type: object, properties: {other: {$ref: other.yaml}, self: {$ref: '#'}, status: {$ref: 'other.yaml#/$defs/Status'}}}`),
		"schemas/other.yaml":         []byte(`{$ref: '#/$defs/Status', $defs: {Status: {type: string}}}`),
		"schemas/number.yaml":        []byte(`{definitions: {Limit: {type: integer}}}`),
		"responses/bad request.yaml": []byte(`{content: {a/b: {schema: {$ref: ../schemas/number.yaml#/definitions/Limit}}}}`),
	}
	got, _, err := normalise(t.Context(), f, normal.Rules{Indent: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"get": {"operationId": "a",
		"parameters": [{"$ref": "#/components/parameters/limit"}], "responses": {
		"200": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/Renamed"}}}, "description": "OK"},
		"400": {"$ref": "#/components/responses/bad_request"},
		"404": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/deep"}}}, "description": "Not Found"},
		"500": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/Inner"}}}, "description": "Internal Server Error"}}}}},
		"components": {"schemas": {
		"Renamed": {"type": "object", "properties": {"other": {"$ref": "#/components/schemas/other"}, "self": {"$ref": "#/components/schemas/Renamed"}, "status": {"$ref": "#/components/schemas/Status"}}},
		"Again": {"$ref": "#/components/schemas/Renamed"},
		"Nested": {"type": "object", "properties": {"deep": {"type": "string"}}},
		"deep": {"type": "string"}, "Inner": {"type": "integer"}, "Limit": {"type": "integer"},
		"other": {"$ref": "#/components/schemas/Status"}, "Status": {"type": "string"}},
		"responses": {"bad_request": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/Limit"}}}, "description": "Bad Request"}},
		"parameters": {"limit": {"name": "limit", "in": "query", "schema": {"$ref": "#/components/schemas/Limit"}}}}}`
	if diff := cmp.Diff(document.Identity(parse(t, []byte(want))), document.Identity(parse(t, got))); diff != "" {
		t.Errorf("%s\n%s", diff, got)
	}
	if err := validate(t, got); err != nil {
		t.Error(err)
	}
}

// Two files that suggest one name are told apart by their own.
func TestBundledNames(t *testing.T) {
	f := files{
		entryName:     []byte(`{openapi: 3.0.0, info: {title: a, version: '1'}, paths: {}, components: {schemas: {A: {allOf: [{$ref: 'jobs.yaml#/Status'}, {$ref: 'syncs.yaml#/Status'}]}}}}`),
		"jobs.yaml":   []byte(`{Status: {type: string}}`),
		"syncs.yaml":  []byte(`{Status: {type: string, maxLength: 2}}`),
		"unused.yaml": []byte(`]`),
	}
	got, _, err := normalise(t.Context(), f, normal.Rules{Indent: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"A":{"allOf":[{"$ref":"#/components/schemas/Status",},{"$ref":"#/components/schemas/syncs_Status",},],},` +
		`"Status":{"type":"string",},"syncs_Status":{"maxLength":2,"type":"string",},}`
	schemas, _ := document.At(parse(t, got), "/components/schemas")
	if diff := cmp.Diff(want, document.Identity(schemas)); diff != "" {
		t.Error(diff)
	}
}

// A definition that upstream forgot stays as it is committed.
func TestDanglingStaysCommitted(t *testing.T) {
	committed := []byte(`{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{},"components":{"schemas":{
		"A":{"$ref":"#/components/schemas/B"},"B":{"type":"object","properties":{"c":{"$ref":"#/components/schemas/C"}}},"C":{"type":"string"}}}}`)
	published := []byte(`{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{},"components":{"schemas":{"A":{"$ref":"#/components/schemas/B"}}}}`)
	got, notes, err := normalise(t.Context(), files{entryName: published}, normal.Rules{Indent: 1}, committed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(document.Print(parse(t, committed), 1)), string(got)); diff != "" {
		t.Error(diff)
	}
	if len(notes) != 2 || !strings.Contains(notes[0].String(), "the committed definition stays") {
		t.Errorf("notes %q", notes)
	}
}

// In OpenAPI 3.0 nothing stands beside a reference; that it may be null is believed nevertheless.
func TestBesideReferenceIn30(t *testing.T) {
	for published, want := range map[string]string{
		`{$ref: '#/components/schemas/T', nullable: true, default: 1}`:  `{"allOf":[{"$ref":"#/components/schemas/T",},],"nullable":true,}`,
		`{$ref: '#/components/schemas/T', nullable: false, default: 1}`: `{"$ref":"#/components/schemas/T",}`,
	} {
		got, notes, err := normalise(t.Context(), withSchema("3.0.3", published), normal.Rules{Indent: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		schema, _ := document.At(parse(t, got), "/components/schemas/S")
		if document.Identity(schema) != want || len(notes) != 1 {
			t.Errorf("%s, notes %q", document.Identity(schema), notes)
		}
	}
}

func TestServers(t *testing.T) {
	rules := normal.Rules{Indent: 1, Servers: []normal.Server{
		{URL: "https://api.example.com/v1"}, {URL: "{origin}/api/public/v1", Variables: map[string]string{"origin": "http://localhost:8000"}},
	}}
	tests := map[string]struct {
		servers, path string
		want          string // "" for refused
	}{
		"ours":                   {`[{url: 'https://api.example.com/v1'}]`, "/jobs", "/jobs"},
		"ours with a slash":      {`[{url: 'https://api.example.com/v1/'}]`, "/jobs", "/jobs"},
		"in the path":            {`[{url: 'https://api.example.com'}]`, "/v1/jobs", "/jobs"},
		"partly in the path":     {`[{url: 'http://localhost:8000/api'}]`, "/public/v1/jobs", "/jobs"},
		"relative server":        {`[{url: /api}]`, "/public/v1/jobs", "/jobs"},
		"server of variables":    {`[{url: 'https://{host}/{base}', variables: {host: {default: a}, base: {default: v1}}}]`, "/jobs", "/jobs"},
		"no servers":             {``, "/jobs", "/jobs"},
		"no servers, in path":    {``, "/api/public/v1/jobs", "/jobs"},
		"one of several servers": {`[{url: 'https://other.example.com/v9'}, {url: 'https://api.example.com'}]`, "/v1/jobs", "/jobs"},
		"outside":                {`[{url: 'https://api.example.com'}]`, "/v2/jobs", ""},
		"outside by a letter":    {`[{url: 'https://api.example.com'}]`, "/v10/jobs", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := "{openapi: 3.0.0, info: {title: a, version: '1'}, paths: {" + test.path + ": {}}"
			if test.servers != "" {
				text += ", servers: " + test.servers
			}
			got, _, err := normalise(t.Context(), files{entryName: []byte(text + "}")}, rules, nil)
			if test.want == "" {
				if err == nil || !strings.Contains(err.Error(), "not below one of our server URLs") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := document.At(parse(t, got), "/paths/"+document.Escape(test.want)); !ok {
				t.Errorf("got %s", got)
			}
			if server, _ := document.At(parse(t, got), "/servers/1/variables/origin/default"); server != "http://localhost:8000" {
				t.Errorf("servers: %s", got)
			}
		})
	}
}

// What vendor.yaml drops is gone with all that it alone led to.
func TestDrop(t *testing.T) {
	f := files{entryName: []byte(`{openapi: 3.0.0, info: {title: a, version: '1'}, paths: {/a: {get: {bad: 1, responses: {200: {content: {a/b: {schema: {$ref: '#/components/schemas/A'}}}}}}}},
		components: {schemas: {A: {properties: {b: {$ref: '#/components/schemas/B'}}}, B: {}, C: {}}}}`)}
	got, notes, err := normalise(t.Context(), f, normal.Rules{Indent: 1, Drop: []string{"/paths/~1a", "/paths/~1never"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	schemas, _ := document.At(parse(t, got), "/components/schemas")
	if text := document.Identity(schemas); text != `{"C":{},}` {
		t.Errorf("schemas %s", text)
	}
	if len(notes) != 1 {
		t.Errorf("notes %q", notes)
	}
}

func TestUnmetFreeForm(t *testing.T) {
	f := withSchema("3.0.0", "{type: object}")
	_, notes, err := normalise(t.Context(), f, normal.Rules{Indent: 1, FreeForm: []string{"/components/schemas/Gone/properties/x"}}, nil)
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0].Text, "there is no such schema") {
		t.Errorf("error %v, notes %q", err, notes)
	}
}

// Limits hold over all files of a document, and over what is written.
func TestLimits(t *testing.T) {
	many := files{entryName: []byte(`{"openapi":"3.0.0","info":{"title":"a","version":"1"},"paths":{},"components":{"schemas":{"A":{"$ref":"0.yaml"}}}}`)}
	for i := range 2500 {
		many[fmt.Sprintf("%d.yaml", i)] = fmt.Appendf(nil, "$ref: %d.yaml", i+1)
	}
	heavy := files{entryName: many[entryName]}
	for i := range 20 {
		heavy[fmt.Sprintf("%d.yaml", i)] = fmt.Appendf(nil, "$ref: %d.yaml # %s", i+1, strings.Repeat("x", 1<<20))
	}
	crowded := files{entryName: many[entryName]}
	for i := range 20 {
		crowded[fmt.Sprintf("%d.yaml", i)] = fmt.Appendf(nil, `{"$ref": "%d.yaml", "x-a": [1%s]}`, i+1, strings.Repeat(",1", 100_000))
	}
	var item strings.Builder
	item.WriteString("get: {responses: {200: {content: {")
	for i := range 3000 {
		fmt.Fprintf(&item, "a/b%d: {}, ", i)
	}
	item.WriteString("}}}}")
	var paths strings.Builder
	paths.WriteString("openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths:\n")
	for i := range 1000 {
		fmt.Fprintf(&paths, "  /p%d: {$ref: item.yaml}\n", i)
	}
	inlined := files{entryName: []byte(paths.String()), "item.yaml": []byte(item.String())}

	tests := map[string]struct {
		files files
		text  string
	}{
		"files":           {many, "limit of 2000 files"},
		"bytes together":  {heavy, "too large"},
		"values together": {crowded, "limit of one million"},
		"values written":  {inlined, "limit of two million"},
	}
	for name, test := range tests {
		_, _, err := normalise(t.Context(), test.files, normal.Rules{Indent: 1}, nil)
		if err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// References that fan out are followed once each, whatever the number of ways.
func TestFanOut(t *testing.T) {
	var properties, composed strings.Builder
	for i := range 200 {
		fmt.Fprintf(&properties, "S%d: {properties: {a: {$ref: '#/components/schemas/S%d'}, b: {$ref: '#/components/schemas/S%d'}}}, ", i, i+1, i+1)
		fmt.Fprintf(&composed, "S%d: {allOf: [{$ref: '#/components/schemas/S%d'}, {$ref: '#/components/schemas/S%d'}]}, ", i, i+1, i+1)
	}
	document := func(schemas string) files {
		return files{entryName: []byte("{openapi: 3.0.0, info: {title: a, version: '1'}, paths: {}, components: {schemas: {" + schemas + "S200: {}}}}")}
	}
	if _, _, err := normalise(t.Context(), document(properties.String()), normal.Rules{Indent: 1}, nil); err != nil {
		t.Error(err)
	}
	_, _, err := normalise(t.Context(), document(composed.String()), normal.Rules{Indent: 1}, nil)
	if err == nil || !strings.Contains(err.Error(), "limit of 10000") {
		t.Errorf("error %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, _, err := normalise(ctx, files{entryName: readFile(t, specs("atlan", "openapi.json"))}, readRules(t, "atlan"), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestTypedefsRefused(t *testing.T) {
	const whole = `{source: {version: '1'}, counts: {types: 1, enums: 1}, primitives: [string], enums: {E: [a]}, structs: {}, types: {T: {superTypes: [], attributes: {a: 'array<map<string,E>>'}}}}`
	if _, err := normal.Typedefs(t.Context(), parse(t, []byte(whole)), nil, ""); err != nil {
		t.Error(err)
	}
	tests := map[string]struct{ from, to, problem string }{
		"cut":          {"types: 1,", "types: 2,", "#/counts/types: the document says 2, and has 1"},
		"unknown type": {"string,E", "string,F", "#/types/T/attributes/a: "},
		"super type":   {"superTypes: []", "superTypes: [U]", "#/types/T/superTypes/0: "},
		"open bracket": {"E>>", "E>", "#/types/T/attributes/a: "},
		"no version":   {"version", "package", "#/source: there is no version"},
		"new member":   {"superTypes", "superType", "#/types/T/superType: "},
	}
	for name, test := range tests {
		_, err := normal.Typedefs(t.Context(), parse(t, []byte(strings.Replace(whole, test.from, test.to, 1))), nil, "")
		if err == nil || !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestRules(t *testing.T) {
	tests := map[string]string{
		"unknown member":    "freeform: []",
		"not a pointer":     "free-form: [components]",
		"drop of all":       "drop: ['']",
		"not an extension":  "extensions: [description]",
		"server without":    "servers: [{variables: {a: b}}]",
		"indent":            "indent: 99",
		"not YAML at all":   "]",
		"another structure": "[]",
	}
	for name, text := range tests {
		if _, err := normal.ReadRules([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if rules, err := normal.ReadRules(nil); err != nil || rules.Indent != 2 {
		t.Errorf("without a file: %+v, %v", rules, err)
	}
}
