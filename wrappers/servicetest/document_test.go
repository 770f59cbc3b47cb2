package servicetest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/specs"
)

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// Every operation of the three documents is found by its own path, trailing slashes and overlapping templates
// included.
func TestEveryOperationIsFound(t *testing.T) {
	for name, load := range map[string]func() ([]byte, []byte){
		"airbyte": specs.Airbyte, "polytomic": specs.Polytomic, "atlan": specs.Atlan,
	} {
		t.Run(name, func(t *testing.T) {
			d, err := LoadDocument(load())
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Operations()) < 50 {
				t.Fatalf("only %d operations", len(d.Operations()))
			}
			for key, op := range d.operations {
				method, path, _ := strings.Cut(key, " ")
				n := 0
				concrete := placeholder.ReplaceAllStringFunc(path, func(string) string {
					n++
					return "value" + string(rune('0'+n))
				})
				found, params := d.find(method, concrete)
				if found == nil {
					t.Errorf("%s %s: not found", method, concrete)
					continue
				}
				if found.id != op.id {
					t.Errorf("%s %s: found %s, want %s", method, concrete, found.id, op.id)
				}
				if len(params) != n {
					t.Errorf("%s %s: %d parameters, want %d: %v", method, concrete, len(params), n, params)
				}
			}
		})
	}
}

func TestFindRejectsUnknownPaths(t *testing.T) {
	d := mustDocument(t)
	for _, path := range []string{"", "/", "/things", "/things/", "/jobs/1/2", "/jobs/"} {
		if id, ok := d.Find("GET", path); ok && path != "/jobs/" {
			t.Errorf("%q is %s", path, id)
		}
	}
	if _, ok := d.Find("BREW", "/things/1"); ok {
		t.Error("an unknown method was found")
	}
}

func TestOverlayMustMatch(t *testing.T) {
	overlay := "overlay: 1.1.0\ninfo: {title: t, version: 1.0.0}\nactions:\n  - target: $.paths['/nothing'].get\n    update: {deprecated: true}\n"
	if _, err := LoadDocument([]byte(smallDocument), []byte(overlay)); err == nil {
		t.Error("an overlay that matches nothing was accepted")
	}
	overlay = "overlay: 1.1.0\ninfo: {title: t, version: 1.0.0}\nactions:\n  - target: $.paths['/things/{id}'].get\n    update: {operationId: renamed}\n"
	d, err := LoadDocument([]byte(smallDocument), []byte(overlay))
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := d.Find("GET", "/things/1"); id != "renamed" {
		t.Errorf("operation is %q: the overlay was not applied", id)
	}
}

// YAML is read as well: a status that is a number to it is a name here, and anchors are what they stand for.
func TestYAML(t *testing.T) {
	const document = `openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /things:
    get: &get {operationId: listThings, responses: {200: {description: ok}, default: {description: not ok}}}
    put: {<<: *get, operationId: putThings}
`
	for name, overlay := range map[string][]byte{
		"plain":   nil,
		"overlay": []byte("overlay: 1.1.0\ninfo: {title: t, version: 1.0.0}\nactions:\n  - target: $.paths['/things'].get\n    update: {deprecated: true}\n"),
	} {
		d, err := LoadDocument([]byte(document), overlay)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := d.Operations(); !slices.Equal(got, []string{"listThings", "putThings"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

const smallDocument = `{
 "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
 "paths": {
  "/things/{id}": {
   "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
   "get": {"operationId": "getThing", "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "204": {"description": "gone"}}},
   "post": {"operationId": "makeThing",
    "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}}
  }
 },
 "components": {"schemas": {"Thing": {"type": "object", "required": ["name"], "properties": {
   "name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
   "mode": {"allOf": [{"$ref": "#/components/schemas/Mode"}], "nullable": true},
   "part": {"allOf": [{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}, {"type": "object"}]}}},
  "Mode": {"type": "string", "enum": ["on", "off"]}}}
}`

func mustDocument(tb testing.TB) *Document {
	tb.Helper()
	d, err := LoadDocument([]byte(smallDocument), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
