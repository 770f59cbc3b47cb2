package normal_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
	"github.com/sluice-sdk/sluice/tools/vendorspec/normal"
)

// FuzzOpenAPI reads anything, beside a file that it may refer to. What is taken is in the normal form: bringing it there
// again changes nothing, and the program that makes Go of it can read it.
func FuzzOpenAPI(f *testing.F) {
	for _, service := range services {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "specs", service, "openapi.json"))
		if err != nil {
			f.Fatal(err)
		}
		p := &publisher{Rand: rand.New(rand.NewPCG(6, 7)), root: object(parse(f, text))}
		p.part(1)
		f.Add(p.encode(p.root, false), []byte("{}"))
	}
	for _, schema := range []string{
		"{type: [string, 'null'], enum: [a, null], const: a, default: null}", "{oneOf: [{$ref: other.yaml}, {type: 'null'}]}",
		"{anyOf: [{type: 'null'}, {type: [string, array]}], exclusiveMinimum: 3, minimum: 2}", "&a {properties: {a: *a}}",
		"{$ref: 'other.yaml#/a/b', nullable: true, allOf: [{}]}", "{patternProperties: {a: {}}, additionalProperties: false, items: [{}]}",
		"{discriminator: {propertyName: a, mapping: {a: T, b: other.yaml}}}", "{type: object, properties: {a: {<<: {type: string}}}}",
		"{$ref: '#/components/schemas/T/properties/x', description: d, deprecated: true}",
	} {
		f.Add(withSchema("3.1.0", schema)[entryName], []byte("{a: {b: {type: string}}, $ref: '#/a'}"))
	}
	f.Add([]byte("openapi: 3.0.0\ninfo: {title: a, version: 1}\nservers: [{url: /v1}]\npaths:\n  /a/{b}:\n    $ref: other.yaml\n"),
		[]byte("get: {parameters: [{name: b, in: path, schema: {}}], responses: {2XX: {headers: {A: {schema: true}}}}, callbacks: {}}"))
	f.Fuzz(func(t *testing.T, text, other []byte) {
		// A budget a hundredth of the real one makes the fuzzer fast, and each of its limits near.
		budget := &document.Budget{Bytes: 1 << 17, Values: 20_000, Depth: 40, Name: 256}
		root, err := document.Read(text, budget)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		rules := normal.Rules{Indent: 1, Extensions: []string{"x-kept"}, FreeForm: []string{"/components/schemas/S/properties/free"}}
		in := normal.Input{Name: entryName, Document: root, Source: files{"other.yaml": other}, Budget: budget, Rules: rules}
		result, err := normal.OpenAPI(ctx, in)
		if err != nil {
			var limit *document.LimitError
			var refused *normal.RefusedError
			if !errors.As(err, &limit) && !errors.As(err, &refused) {
				t.Fatalf("neither refused nor too large: %v", err)
			}
			return
		}
		printed := document.Print(result.Document, 1)
		again, _, err := normalise(ctx, files{entryName: printed}, rules, nil)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, printed)
		}
		if !bytes.Equal(printed, again) {
			t.Fatalf("what was written is not in the normal form:\n%s\n%s", printed, again)
		}
	})
}
