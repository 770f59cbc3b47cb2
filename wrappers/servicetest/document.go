package servicetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"
	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// Document is an OpenAPI document with its overlay applied: which operation a request is for, and what the
// request and its answer must look like. It is immutable and safe for concurrent use; load it once per program.
type Document struct {
	spec       *openapi3.T
	router     chi.Router
	operations map[string]*operation // by method and pattern
	ids        []string
}

type operation struct {
	id    string
	route *routers.Route
}

// LoadDocument parses an OpenAPI document (JSON or YAML), applies the overlay strictly (an action that matches
// nothing is an error, as in code generation) and checks that the result is a valid document. A nil overlay
// changes nothing. References to other files or hosts are refused. It does no I/O.
func LoadDocument(document, overlayYAML []byte) (*Document, error) {
	document, err := prepare(document, overlayYAML)
	if err != nil {
		return nil, err
	}
	loader := openapi3.NewLoader()
	spec, err := loader.LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("servicetest: read the document: %w", err)
	}
	if err := spec.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("servicetest: the document is not valid: %w", err)
	}
	d := &Document{spec: spec, router: chi.NewRouter(), operations: make(map[string]*operation)}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			id := op.OperationID
			if id == "" {
				id = method + " " + path
			}
			d.router.Method(method, path, http.NotFoundHandler())
			d.operations[method+" "+path] = &operation{id: id, route: &routers.Route{
				Spec: spec, Path: path, PathItem: item, Method: method, Operation: op,
			}}
			d.ids = append(d.ids, id)
		}
	}
	slices.Sort(d.ids)
	return d, nil
}

// prepare applies the overlay, if there is one, and makes the document one that the validator reads as it is meant.
func prepare(document, overlayYAML []byte) ([]byte, error) {
	var node yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(document)).Decode(&node); err != nil {
		return nil, fmt.Errorf("servicetest: read the document: %w", err)
	}
	if overlayYAML != nil {
		over, err := overlay.ParseReader(bytes.NewReader(overlayYAML))
		if err != nil {
			return nil, fmt.Errorf("servicetest: read the overlay: %w", err)
		}
		if err := over.Validate(); err != nil {
			return nil, fmt.Errorf("servicetest: the overlay is not valid: %w", err)
		}
		if warnings, err := over.ApplyToStrict(&node); err != nil {
			return nil, fmt.Errorf("servicetest: apply the overlay: %w (%s)", err, strings.Join(warnings, "; "))
		}
	}
	textKeys(&node)
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, fmt.Errorf("servicetest: read the document after the overlay: %w", err)
	}
	out, err := json.Marshal(orNull(value))
	if err != nil {
		return nil, fmt.Errorf("servicetest: write the document after the overlay: %w", err)
	}
	return out, nil
}

// textKeys makes names of keys that YAML takes for something else, such as the status in {responses: {200: …}}.
func textKeys(node *yaml.Node) {
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode && child.Tag != "!!merge" {
			child.Tag = "!!str"
		}
		textKeys(child)
	}
}

// orNull finds schemas that are nullable beside a composition, as in {allOf: [{$ref: …}], nullable: true}, which is how a
// reference that may be null is written in OpenAPI 3.0 and what code is generated from. To the letter, which the validator
// goes by, each part of the composition has to allow null as well. The schema becomes one of two: what it was, or null.
func orNull(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = orNull(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = orNull(v[name])
		}
		_, typed := v["type"]
		composed := slices.ContainsFunc([]string{"allOf", "anyOf", "oneOf"}, func(keyword string) bool {
			list, ok := v[keyword].([]any)
			return ok && len(list) > 0
		})
		if v["nullable"] == true && composed && !typed {
			delete(v, "nullable")
			return map[string]any{"anyOf": []any{v, map[string]any{"nullable": true, "enum": []any{nil}}}}
		}
	}
	return value
}

// Operations returns the ids of the document's operations, sorted. An operation without an id is named by its
// method and path.
func (d *Document) Operations() []string { return slices.Clone(d.ids) }

// Extension returns a root-level extension ("x-...") of the document as JSON, or nil when there is none.
func (d *Document) Extension(name string) json.RawMessage {
	value, ok := d.spec.Extensions[name]
	if !ok {
		return nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	return raw
}

// Find returns the id of the operation that a method and a path (without the server's base path) belong to.
func (d *Document) Find(method, path string) (id string, ok bool) {
	op, _ := d.find(method, path)
	if op == nil {
		return "", false
	}
	return op.id, true
}

func (d *Document) find(method, path string) (*operation, map[string]string) {
	rctx := chi.NewRouteContext()
	op := d.operations[method+" "+d.router.Find(rctx, method, path)]
	if op == nil {
		return nil, nil
	}
	params := make(map[string]string, len(rctx.URLParams.Keys))
	for i, key := range rctx.URLParams.Keys {
		params[key] = rctx.URLParams.Values[i]
	}
	return op, params
}

// drain reads at most limit bytes and says whether there was more.
func drain(r io.Reader, limit int64) (data []byte, more bool, err error) {
	data, err = io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(data)) > limit {
		return data[:limit], true, err
	}
	return data, false, err
}
