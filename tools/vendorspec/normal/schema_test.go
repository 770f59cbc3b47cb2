package normal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
	"github.com/sluice-sdk/sluice/tools/vendorspec/normal"
)

// withSchema is a document of a version with the component S and others, in YAML.
func withSchema(version, schema string) files {
	return files{entryName: []byte("openapi: " + version + "\ninfo: {title: a, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n    T: {type: object}\n    S: " + schema + "\n")}
}

func TestSchema(t *testing.T) {
	tests := map[string]struct {
		published, want string
		notes           int
	}{
		"prose":                    {`{type: string, title: t, description: d, example: e, examples: [e], externalDocs: {url: u}, xml: {name: x}, $comment: c}`, `{"type": "string"}`, 0},
		"type or null":             {`{type: [string, 'null']}`, `{"type": "string", "nullable": true}`, 0},
		"type in a list":           {`{type: [string]}`, `{"type": "string"}`, 0},
		"several types":            {`{type: [string, integer, 'null']}`, `{"nullable": true, "anyOf": [{"type": "string"}, {"type": "integer"}]}`, 0},
		"several with array":       {`{type: [string, array], items: {type: string}}`, `{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}`, 0},
		"number and integer":       {`{type: [integer, number]}`, `{"type": "number"}`, 0},
		"several types and anyOf":  {`{type: [string, integer], anyOf: [{minLength: 1}, {minimum: 1}]}`, `{"anyOf": [{"minLength": 1}, {"minimum": 1}]}`, 1},
		"null alone":               {`{type: 'null'}`, `{"nullable": true}`, 1},
		"null as the constant":     {`{const: null}`, `{"nullable": true}`, 1},
		"null in enum":             {`{type: string, enum: [a, null]}`, `{"type": "string", "enum": ["a"], "nullable": true}`, 0},
		"enum twice the same":      {`{type: string, enum: [a, b, a]}`, `{"type": "string", "enum": ["a", "b"]}`, 0},
		"enum without type":        {`{enum: [1, 2]}`, `{"enum": [1, 2], "type": "integer"}`, 1},
		"enum of several types":    {`{enum: [1, a]}`, `{"enum": [1, "a"]}`, 0},
		"const":                    {`{type: string, const: a}`, `{"type": "string", "enum": ["a"]}`, 0},
		"reference":                {`{$ref: '#/components/schemas/T', description: d}`, `{"$ref": "#/components/schemas/T"}`, 0},
		"facts beside a reference": {`{$ref: '#/components/schemas/T', deprecated: true}`, `{"deprecated": true, "allOf": [{"$ref": "#/components/schemas/T"}]}`, 0},
		"reference or null":        {`{oneOf: [{$ref: '#/components/schemas/T'}, {type: 'null'}]}`, `{"allOf": [{"$ref": "#/components/schemas/T"}], "nullable": true}`, 0},
		"schema or null":           {`{anyOf: [{type: 'null'}, {type: string, maxLength: 3}]}`, `{"type": "string", "maxLength": 3, "nullable": true}`, 0},
		"several or null":          {`{oneOf: [{type: string}, {$ref: '#/components/schemas/T'}, {type: 'null'}]}`, `{"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/T"}], "nullable": true}`, 0},
		"one of one stays":         {`{oneOf: [{type: string}]}`, `{"oneOf": [{"type": "string"}]}`, 0},
		"above":                    {`{type: integer, exclusiveMinimum: 3}`, `{"type": "integer", "minimum": 3, "exclusiveMinimum": true}`, 0},
		"below and at most":        {`{type: number, exclusiveMaximum: 3.5, maximum: 9}`, `{"type": "number", "maximum": 3.5, "exclusiveMaximum": true}`, 0},
		"above and more":           {`{type: number, exclusiveMinimum: 3, minimum: 9}`, `{"type": "number", "minimum": 9}`, 0},
		"above as 3.0 says it":     {`{type: number, exclusiveMinimum: true, minimum: 9}`, `{"type": "number", "exclusiveMinimum": true, "minimum": 9}`, 0},
		"not above as 3.0 says it": {`{type: number, exclusiveMinimum: false, minimum: 9}`, `{"type": "number", "minimum": 9}`, 0},
		"default null":             {`{type: string, default: null}`, `{"type": "string"}`, 1},
		"default null, allowed":    {`{type: [string, 'null'], default: null}`, `{"type": "string", "default": null, "nullable": true}`, 0},
		"array of anything":        {`{type: array}`, `{"type": "array", "items": {}}`, 0},
		"tuple":                    {`{type: array, prefixItems: [{type: string}], items: false}`, `{"type": "array", "items": {}}`, 2},
		"true and false":           {`{type: object, properties: {a: true, b: false}}`, `{"type": "object", "properties": {"a": {}, "b": {"not": {}}}}`, 0},
		"names by pattern":         {`{type: object, patternProperties: {^a: {type: string}}, additionalProperties: false}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, 1},
		"names by patterns":        {`{type: object, patternProperties: {^a: {type: string}, ^b: {}}, additionalProperties: false}`, `{"type": "object", "additionalProperties": true}`, 1},
		"conditions":               {`{type: object, if: {}, then: {}, dependentRequired: {a: [b]}, propertyNames: {}, unevaluatedProperties: false}`, `{"type": "object"}`, 5},
		"base64":                   {`{type: string, contentEncoding: base64}`, `{"type": "string", "format": "byte"}`, 0},
		"file":                     {`{type: string, contentMediaType: application/octet-stream}`, `{"type": "string", "format": "binary"}`, 0},
		"format in capitals":       {`{type: string, format: UUID}`, `{"type": "string", "format": "uuid"}`, 1},
		"unknown format":           {`{type: string, format: Cron}`, `{"type": "string", "format": "Cron"}`, 0},
		"properties named so":      {`{type: object, properties: {description: {type: string}, example: {type: string}, x-a: {type: string}, $ref: {type: string}}, required: [example, description, example]}`, `{"type": "object", "properties": {"description": {"type": "string"}, "example": {"type": "string"}, "x-a": {"type": "string"}, "$ref": {"type": "string"}}, "required": ["example", "description"]}`, 0},
		"required nothing":         {`{type: object, required: []}`, `{"type": "object"}`, 0},
		"default is a fact":        {`{type: object, default: {description: d, example: null}}`, `{"type": "object", "default": {"description": "d", "example": null}}`, 0},
		"extension":                {`{type: string, x-hint: 1, x-kept: {b: 1, a: 2}}`, `{"type": "string", "x-kept": {"b": 1, "a": 2}}`, 1},
		"keyword of a form":        {`{type: string, airbyte_secret: true}`, `{"type": "string"}`, 0},
		"anchors":                  {`{type: object, properties: {a: &a {type: string}, b: *a, c: {<<: *a, maxLength: 2}}}`, `{"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"maxLength": 2, "type": "string"}}}`, 0},
		"discriminator":            {`{oneOf: [{$ref: '#/components/schemas/T'}], discriminator: {propertyName: k, mapping: {t: T, u: '#/components/schemas/T'}}}`, `{"oneOf": [{"$ref": "#/components/schemas/T"}], "discriminator": {"propertyName": "k", "mapping": {"t": "#/components/schemas/T", "u": "#/components/schemas/T"}}}`, 0},
		"itself in a property":     {`{type: object, properties: {s: {$ref: '#/components/schemas/S'}}}`, `{"type": "object", "properties": {"s": {"$ref": "#/components/schemas/S"}}}`, 0},
		"dangling":                 {`{$ref: '#/components/schemas/Gone'}`, `{"$ref": "#/components/schemas/Gone"}`, 1},
		"numbers of YAML":          {`{type: number, minimum: +1, maximum: 0x10, multipleOf: .5}`, `{"type": "number", "minimum": 1, "maximum": 16, "multipleOf": 0.5}`, 0},
		"wide union":               {`{oneOf: [` + strings.Repeat(`{$ref: '#/components/schemas/T'}, `, 40) + `{type: 'null'}]}`, `{"type": "object", "additionalProperties": true, "nullable": true}`, 1},
	}
	rules := normal.Rules{Indent: 1, Extensions: []string{"x-kept"}, Keywords: []string{"airbyte_secret"}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, notes, err := normalise(t.Context(), withSchema("3.1.0", test.published), rules, nil)
			if err != nil {
				t.Fatal(err)
			}
			schema, _ := document.At(parse(t, got), "/components/schemas/S")
			if diff := cmp.Diff(string(document.Print(parse(t, []byte(test.want)), 1)), string(document.Print(schema, 1))); diff != "" {
				t.Error(diff)
			}
			if len(notes) != test.notes {
				t.Errorf("notes: %q", notes)
			}
			again, _, err := normalise(t.Context(), files{entryName: got}, rules, nil)
			if err != nil || string(again) != string(got) {
				t.Errorf("is not in the normal form yet: %v\n%s", err, cmp.Diff(string(got), string(again)))
			}
			if err := validate(t, got); err != nil && name != "null alone" {
				t.Errorf("is not valid: %v", err)
			}
		})
	}
}

// What cannot be kept is refused, with the place of it.
func TestRefused(t *testing.T) {
	schema := func(text string) string {
		return "{openapi: 3.1.0, info: {title: a, version: '1'}, paths: {}, components: {schemas: {S: " + text + "}}}"
	}
	paths := func(text string) string {
		return "{openapi: 3.1.0, info: {title: a, version: '1'}, paths: {" + text + "}}"
	}
	const answers = "responses: {200: {description: a}}"
	tests := map[string]struct{ published, pointer, text string }{
		"no version":                {"{info: {}}", "#", "no openapi version"},
		"swagger":                   {"{swagger: '2.0'}", "#", "Swagger 2.0"},
		"another version":           {"{openapi: 3.2.0}", "#/openapi", "3.2.0 is not"},
		"a list":                    {"[]", "#", "not an object"},
		"no paths":                  {"{openapi: 3.0.0, info: {title: a, version: '1'}}", "#", "no paths"},
		"no title":                  {"{openapi: 3.0.0, info: {version: '1'}, paths: {}}", "#/info", "no title"},
		"unknown member":            {"{openapi: 3.0.0, info: {title: a, version: '1'}, paths: {}, path: {}}", "#/path", "no member"},
		"misspelt keyword":          {schema("{typ: string}"), "#/components/schemas/S/typ", "no member"},
		"unknown type":              {schema("{type: file}"), "#/components/schemas/S/type", "not a type"},
		"unknown type in list":      {schema("{type: [string, file]}"), "#/components/schemas/S/type/1", "not a type"},
		"schema is text":            {schema("{properties: {a/b: text}}"), "#/components/schemas/S/properties/a~1b", "not an object"},
		"required is boolean":       {schema("{properties: {a: {required: true}}}"), "#/components/schemas/S/properties/a/required", "not an array"},
		"minimum is text":           {schema("{minimum: '1'}"), "#/components/schemas/S/minimum", "not a number"},
		"minimum is no number":      {schema("{minimum: .inf}"), "#/components/schemas/S/minimum", "not a number"},
		"empty enum":                {schema("{enum: []}"), "#/components/schemas/S/enum", "empty enum"},
		"base URI":                  {schema("{$id: 'https://example.com/s'}"), "#/components/schemas/S/$id", "cannot be kept"},
		"dynamic reference":         {schema("{$dynamicRef: '#a'}"), "#/components/schemas/S/$dynamicRef", "cannot be kept"},
		"anchor reference":          {schema("{$ref: '#a'}"), "#/components/schemas/S", "JSON pointer"},
		"reference is a number":     {schema("{$ref: 1}"), "#/components/schemas/S", "not a text"},
		"dangling inside":           {schema("{$ref: '#/components/schemas/S/properties/x'}"), "#/components/schemas/S", "leads nowhere"},
		"dangling, no name":         {schema("{$ref: '#/components/schemas/a b'}"), "#/components/schemas/S", "leads nowhere"},
		"file that is missing":      {schema("{$ref: gone.yaml}"), "#/components/schemas/S", "does not exist"},
		"file of another host":      {schema("{$ref: 'https://example.com/s.yaml'}"), "#/components/schemas/S", "leads elsewhere"},
		"reference to itself":       {schema("{$ref: '#/components/schemas/S'}"), "normalised #/components/schemas/S", "made of itself"},
		"composed of itself":        {schema("{allOf: [{oneOf: [{not: {$ref: '#/components/schemas/S'}}]}]}"), "normalised #/components/schemas/S", "made of itself"},
		"wide union of texts":       {schema("{oneOf: [" + strings.Repeat("{type: string},", 40) + "]}"), "#/components/schemas/S", "not all are objects"},
		"kind mistaken":             {schema("{$ref: '#/components/responses/R'}"), "#/components/schemas/S", "one of components/schemas"},
		"component name":            {strings.ReplaceAll(schema("{}"), "S:", "'a b':"), "#/components/schemas/a b", "name of a component"},
		"path without slash":        {paths("a: {}"), "#/paths/a", "begins with a slash"},
		"path with a line":          {paths(`"/a b\nGET /c": {}`), "#/paths/~1a b\nGET ~1c", "U+000A, which cannot"},
		"path with a blank":         {paths("/a b: {}"), "#/paths/~1a b", "no blanks"},
		"path with a query":         {paths("'/a?b=c': {}"), "#/paths/~1a?b=c", "no query"},
		"path with a backslash":     {paths(`'/a\b': {}`), `#/paths/~1a\b`, "no backslashes"},
		"path that leads out":       {paths("/a/../b: {}"), "#/paths/~1a~1..~1b", "leads elsewhere"},
		"path that stays":           {paths("/./a: {}"), "#/paths/~1.~1a", "leads elsewhere"},
		"property with a backtick":  {schema("{properties: {'a`b': {}}}"), "#/components/schemas/S/properties/a`b", "U+0060"},
		"property with a quote":     {schema(`{properties: {'a"b': {}}}`), `#/components/schemas/S/properties/a"b`, "U+0022"},
		"property that turns text":  {schema(`{properties: {"a\u202eb": {}}}`), "#/components/schemas/S/properties/a\u202eb", "U+202E"},
		"parameter with a control":  {paths(`/a: {parameters: [{name: "a\u001b", in: query, schema: {}}]}`), "#/paths/~1a/parameters/0/name", "U+001B"},
		"media type with a line":    {paths(`/a: {get: {operationId: a, responses: {200: {description: a, content: {"a/b\nc": {}}}}}}`), "#/paths/~1a/get/responses/200/content/a~1b\nc", "U+000A"},
		"servers of an operation":   {paths("/a: {get: {operationId: a, servers: [], " + answers + "}}"), "#/paths/~1a/get/servers", "servers of its own"},
		"dangling parameter":        {paths("/a: {parameters: [{$ref: '#/components/parameters/P'}]}"), "#/paths/~1a/parameters/0", "leads nowhere"},
		"path item to itself":       {paths("/a: {$ref: '#/paths/~1a'}"), "#/paths/~1a", "leads back to itself"},
		"parameter undeclared":      {paths("'/a/{b}': {get: {operationId: a, " + answers + "}}"), "normalised #/paths/~1a~1{b}/get", "no parameter declares"},
		"parameter not in the path": {paths("/a: {get: {operationId: a, parameters: [{name: b, in: path, required: true, schema: {}}], " + answers + "}}"), "normalised #/paths/~1a/get", "not in the path"},
		"parameter without schema":  {paths("/a: {parameters: [{name: b, in: query}]}"), "#/paths/~1a/parameters/0", "exactly one of schema and content"},
		"parameter of a body":       {paths("/a: {parameters: [{name: b, in: body, schema: {}}]}"), "#/paths/~1a/parameters/0", "not in body"},
		"operationId twice":         {paths("/a: {get: {operationId: a, " + answers + "}, post: {operationId: a, " + answers + "}}"), "normalised #/paths/~1a/post", "also that of"},
		"operationId with blanks":   {paths("/a: {get: {operationId: 'a b', " + answers + "}}"), "#/paths/~1a/get/operationId", "cannot name a Go method"},
		"paths that are one":        {paths("'/a/{b}': {parameters: [{name: b, in: path, required: true, schema: {}}]}, '/a/{c}': {}"), "normalised #/paths/~1a~1{c}", "same path as"},
		"braces":                    {paths("'/a/{b': {}"), "normalised #/paths/~1a~1{b", "braces"},
		"status":                    {paths("/a: {get: {operationId: a, responses: {ok: {description: a}}}}"), "#/paths/~1a/get/responses/ok", "neither a status code"},
		"security scheme":           {paths("/a: {get: {operationId: a, security: [{b: []}], " + answers + "}}"), "normalised #/paths/~1a/get/security/0", "not defined"},
		"mutual TLS":                {"{openapi: 3.1.0, info: {title: a, version: '1'}, paths: {}, components: {securitySchemes: {m: {type: mutualTLS}}}}", "#/components/securitySchemes/m/type", "mutualTLS"},
		"method of 3.2":             {paths("/a: {query: {}}"), "#/paths/~1a/query", "no member"},
		"dialect":                   {"{openapi: 3.1.0, jsonSchemaDialect: 'http://json-schema.org/draft-04/schema#', info: {title: a, version: '1'}, paths: {}}", "#/jsonSchemaDialect", "dialect"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := normalise(t.Context(), files{entryName: []byte(test.published)}, normal.Rules{Indent: 1}, nil)
			var refused *normal.RefusedError
			if !errors.As(err, &refused) {
				t.Fatalf("error %v", err)
			}
			p := refused.Problems[0]
			if p.Pointer != test.pointer || !strings.Contains(p.Text, test.text) {
				t.Errorf("problems: %v", err)
			}
		})
	}
}

// All problems are reported, up to a number.
func TestProblemsAreCollected(t *testing.T) {
	var b strings.Builder
	b.WriteString("{openapi: 3.1.0, info: {title: a, version: '1'}, paths: {}, components: {schemas: {")
	for range 100 {
		b.WriteString("S" + strings.Repeat("x", b.Len()%997) + ": {typ: string},\n")
	}
	b.WriteString("}}}")
	_, _, err := normalise(t.Context(), files{entryName: []byte(b.String())}, normal.Rules{Indent: 1}, nil)
	var refused *normal.RefusedError
	if !errors.As(err, &refused) || len(refused.Problems) != normal.MaxProblems || !refused.More {
		t.Errorf("error %v", err)
	}
}
