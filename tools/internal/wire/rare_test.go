package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shop is a document with what is rare in documents and there all the same: verbs behind path parameters, headers, schemas
// that refer to themselves, discriminators, fields that are named like prose.
const shop = `{
  "openapi": "3.0.3", "info": {"title": "shop", "version": "1"},
  "paths": {
    "/orders/{id}:cancel": {"post": {"operationId": "cancel",
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
      "responses": {"204": {"description": ""}}}},
    "/orders/{id}.{format}": {"get": {"operationId": "print",
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
        {"name": "format", "in": "path", "required": true, "schema": {"type": "string"}}],
      "responses": {"200": {"$ref": "#/components/responses/Order"}}}},
    "/orders": {"get": {"operationId": "list", "responses": {"200": {"description": "",
      "headers": {
        "Link": {"$ref": "#/components/headers/Link"},
        "Description": {"required": true, "schema": {"type": "string"}},
        "X-Total": {"schema": {"type": "integer", "maximum": 100}}},
      "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}}}}}}}
  },
  "components": {
    "headers": {"Link": {"schema": {"type": "string"}}},
    "responses": {"Order": {"description": "", "content": {"application/json": {"schema": {"type": "object", "properties": {"order": {"type": "integer"}}}}}}},
    "schemas": {
      "Order": {"type": "object", "properties": {
        "description": {"type": "string"}, "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
        "extra": {"type": "object", "additionalProperties": {"type": "object", "properties": {"title": {"type": "string"}}}},
        "payment": {"oneOf": [{"$ref": "#/components/schemas/Card"}, {"$ref": "#/components/schemas/Cash"}],
          "discriminator": {"propertyName": "kind", "mapping": {"card": "#/components/schemas/Card", "cash": "#/components/schemas/Cash"}}}}},
      "Line": {"allOf": [{"$ref": "#/components/schemas/Part"}, {"type": "object", "properties": {"count": {"type": "integer"}, "state": {"type": "string", "enum": ["open", "shut"]}}}]},
      "Part": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}, "box": {"$ref": "#/components/schemas/Box"}}},
      "Box": {"type": "object", "properties": {"size": {"type": "number"}, "part": {"$ref": "#/components/schemas/Part"}}},
      "Card": {"type": "object", "properties": {"kind": {"type": "string"}, "number": {"type": "string"}}},
      "Cash": {"type": "object", "properties": {"kind": {"type": "string"}}}
    }
  }
}`

func TestRarePlaces(t *testing.T) {
	named := func(from, to string) []string {
		return []string{`"#/components/schemas/` + from + `"`, `"#/components/schemas/` + to + `"`, `"` + from + `": {"`, `"` + to + `": {"`}
	}
	for _, test := range []struct {
		name    string
		replace []string // pairs
		want    []string
	}{
		{
			"another verb is another operation", []string{`{id}:cancel`, `{id}:pause`, `"cancel"`, `"pause"`},
			[]string{"breaking: operation POST /orders/{id}:cancel removed", "compatible: operation POST /orders/{id}:pause added"},
		},
		{
			"no verb is another operation", []string{`{id}:cancel`, `{id}`, `"cancel"`, `"change"`},
			[]string{"breaking: operation POST /orders/{id}:cancel removed", "compatible: operation POST /orders/{id} added"},
		},
		{
			"names in front of a verb", []string{`/orders/{id}:cancel`, `/orders/{order}:cancel`, `"cancel",
      "parameters": [{"name": "id"`, `"cancel",
      "parameters": [{"name": "order"`},
			[]string{"compatible: path parameters of POST /orders/{id}:cancel are named otherwise: `/orders/{order}:cancel`"},
		},
		{
			"names of two parameters of a segment", []string{`/orders/{id}.{format}`, `/orders/{order}.{as}`, `"print",
      "parameters": [{"name": "id"`, `"print",
      "parameters": [{"name": "order"`, `"name": "format"`, `"name": "as"`},
			[]string{"compatible: path parameters of GET /orders/{id}.{format} are named otherwise: `/orders/{order}.{as}`"},
		},
		{
			"a header goes", []string{`,
        "X-Total": {"schema": {"type": "integer", "maximum": 100}}`, ``},
			[]string{"compatible: header `X-Total` of `200 response` of GET /orders removed"},
		},
		{
			"a header that must be there goes, named like prose", []string{`
        "Description": {"required": true, "schema": {"type": "string"}},`, ``},
			[]string{"breaking: header `Description` of `200 response` of GET /orders removed"},
		},
		{
			"a header of another type", []string{`"X-Total": {"schema": {"type": "integer"`, `"X-Total": {"schema": {"type": "string"`},
			[]string{"breaking: type of `200 response header X-Total` of GET /orders changed from integer to string"},
		},
		{
			"a header of the components", []string{`"Link": {"schema": {"type": "string"}}`, `"Link": {"schema": {"type": "integer"}}`},
			[]string{"may break: type of header Link changed from string to integer"},
		},
		{
			"a field that is named like prose", []string{`"description": {"type": "string"}`, `"description": {"type": "integer"}`},
			[]string{"breaking: type of `description` of schema Order changed from string to integer"},
		},
		{
			"a field of a map's values", []string{`"title": {"type": "string"}`, `"name": {"type": "string"}`},
			[]string{"may break: field `extra{}.title` of schema Order likely renamed to `extra{}.name` (both are string)"},
		},
		{
			"a field within allOf", []string{`"count": {"type": "integer"}, `, ``},
			[]string{"may break: field `(allOf 2).count` of schema Line removed (it was integer)"},
		},
		{
			"an enum within allOf", []string{`["open", "shut"]`, `["open", "shut", "lost"]`},
			[]string{"may break: value `lost` of enum `(allOf 2).state` of schema Line added"},
		},
		{
			"a schema of itself has another name", named("Part", "Piece"),
			[]string{"compatible: schema Part likely renamed to Piece; the wire is the same"},
		},
		{
			"schemas of each other have other names", append(named("Part", "Piece"), named("Box", "Crate")...),
			[]string{
				"compatible: schema Box likely renamed to Crate; the wire is the same",
				"compatible: schema Part likely renamed to Piece; the wire is the same",
			},
		},
		{
			"a schema of a discriminator has another name", named("Card", "Plastic"),
			[]string{"compatible: schema Card likely renamed to Plastic; the wire is the same"},
		},
		{
			"a response is written in place, and differs", []string{`{"$ref": "#/components/responses/Order"}`,
				`{"description": "", "content": {"application/json": {"schema": {"type": "object", "properties": {"order": {"type": "string"}}}}}}`},
			[]string{"breaking: type of `200 response.order` of GET /orders/{id}.{format} changed from integer to string"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i := 0; i < len(test.replace); i += 2 {
				if !strings.Contains(shop, test.replace[i]) {
					t.Fatalf("the document has no %s", test.replace[i])
				}
			}
			altered := strings.NewReplacer(test.replace...).Replace(shop)
			if diff := cmp.Diff(test.want, told(t, parse(t, shop), parse(t, altered))); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}
