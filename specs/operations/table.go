package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// operation is one line of the table.
type operation struct {
	method  string
	route   string
	id      string
	safety  string
	timeout string // as the overlay writes it, "" when the client's own limit applies
	content string // media types of a success, "none" for an empty body, "*" for any, "" when it is application/json alone
	key     string // the header that takes an idempotency key, "" when there is none
}

func (o *operation) String() string {
	line := o.method + " " + o.route + " " + o.id + " " + o.safety
	if o.timeout != "" {
		line += " timeout=" + o.timeout
	}
	if o.content != "" {
		line += " content=" + o.content
	}
	if o.key != "" {
		line += " idempotency-key=" + o.key
	}
	return line
}

// Safety classes, as wrappers/transport reads them.
const (
	safe       = "safe"
	idempotent = "idempotent"
	unsafe     = "unsafe"
)

// idempotencyKeyHeader is the header of operations that the document marks with x-accepts-idempotency-key.
const idempotencyKeyHeader = "Idempotency-Key"

// classes holds what each method means by itself (the first entry) and what a mark may say instead. RFC 9110 makes PUT
// and DELETE idempotent, never safe; a PATCH can turn out to be idempotent; a POST can be anything.
var classes = map[string][]string{
	"GET":     {safe, idempotent, unsafe},
	"HEAD":    {safe, idempotent, unsafe},
	"OPTIONS": {safe, idempotent, unsafe},
	"PUT":     {idempotent, unsafe},
	"DELETE":  {idempotent, unsafe},
	"PATCH":   {unsafe, idempotent},
	"POST":    {unsafe, idempotent, safe},
}

// document is the part of an OpenAPI document that the table needs.
type document struct {
	Paths      map[string]map[string]yaml.Node `yaml:"paths"`
	Components struct {
		Responses map[string]response `yaml:"responses"`
	} `yaml:"components"`
}

type response struct {
	Ref     string               `yaml:"$ref"`
	Content map[string]yaml.Node `yaml:"content"`
}

// read returns the operations of the document in a folder, sorted by route and method.
func read(root fs.FS, from string) ([]operation, error) {
	docText, err := fs.ReadFile(root, path.Join(from, "openapi.json"))
	if err != nil {
		return nil, err
	}
	overlayText, err := fs.ReadFile(root, path.Join(from, "overlay.yaml"))
	if err != nil {
		return nil, err
	}
	return table(docText, overlayText)
}

func table(docText, overlayText []byte) ([]operation, error) {
	marked, err := marks(overlayText)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(docText, &root); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	if err := apply(overlayText, &root); err != nil {
		return nil, err
	}
	var doc document
	if err := root.Decode(&doc); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}

	var operations []operation
	ids := map[string]string{}
	for route, item := range doc.Paths {
		for key, node := range item {
			method := strings.ToUpper(key)
			if _, ok := classes[method]; !ok {
				continue // parameters, summary, servers
			}
			o, err := doc.operation(method, route, &node, marked[method+" "+route])
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, route, err)
			}
			delete(marked, method+" "+route)
			if other, ok := ids[o.id]; ok {
				return nil, fmt.Errorf("%s %s: operation id %s is also %s", method, route, o.id, other)
			}
			ids[o.id] = method + " " + route
			operations = append(operations, o)
		}
	}
	for name := range marked {
		return nil, fmt.Errorf("overlay marks %s, which is not an operation", name)
	}
	slices.SortFunc(operations, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.method, b.method))
	})
	return operations, nil
}

// operation reads one operation. A mark in the document must be one that marks found in the overlay.
func (d *document) operation(method, route string, node *yaml.Node, marked bool) (operation, error) {
	var op struct {
		ID        string              `yaml:"operationId"`
		Mark      yaml.Node           `yaml:"x-sluice"`
		Key       bool                `yaml:"x-accepts-idempotency-key"`
		Responses map[string]response `yaml:"responses"`
	}
	if err := node.Decode(&op); err != nil {
		return operation{}, err
	}
	if op.ID == "" || strings.ContainsAny(op.ID+route, " `\n") {
		return operation{}, fmt.Errorf("operation id %q or its route cannot stand in a table", op.ID)
	}
	o := operation{method: method, route: route, id: op.ID, safety: classes[method][0]}
	if op.Mark.IsZero() == marked {
		return operation{}, errors.New("x-sluice belongs in the overlay, in an action of its own on this operation")
	}
	if marked {
		if err := o.mark(&op.Mark); err != nil {
			return operation{}, fmt.Errorf("x-sluice: %w", err)
		}
	}
	if op.Key {
		o.key = idempotencyKeyHeader
	}
	var err error
	o.content, err = d.content(op.Responses)
	return o, err
}

// mark applies an x-sluice object.
func (o *operation) mark(node *yaml.Node) error {
	var fields map[string]string
	if err := node.Decode(&fields); err != nil {
		return err
	}
	if len(fields) == 0 {
		return errors.New("says nothing")
	}
	for key, value := range fields {
		switch key {
		case "safety":
			if !slices.Contains(classes[o.method], value) {
				return fmt.Errorf("safety %q is not one a %s can have: %s", value, o.method, strings.Join(classes[o.method], ", "))
			}
			o.safety = value
		case "timeout":
			if d, err := time.ParseDuration(value); err != nil || d <= 0 || d > time.Hour {
				return fmt.Errorf("timeout %q is not a duration of at most an hour", value)
			}
			o.timeout = value
		default:
			return fmt.Errorf("unknown field %q", key)
		}
	}
	return nil
}

// content names the media types of the successful answers. An operation that declares no 2xx answer (a redirect) has
// no body either.
func (d *document) content(responses map[string]response) (string, error) {
	var types []string
	for status, r := range responses {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
			r, ok = d.Components.Responses[name]
			if !ok || r.Ref != "" {
				return "", fmt.Errorf("response %s: cannot resolve %s", status, name)
			}
		}
		if len(r.Content) == 0 {
			types = append(types, "none")
		}
		for mediaType := range r.Content {
			if mediaType == "*/*" {
				mediaType = "*"
			}
			types = append(types, strings.ReplaceAll(mediaType, " ", ""))
		}
	}
	slices.Sort(types)
	types = slices.Compact(types)
	switch {
	case len(types) == 0:
		return "none", nil
	case len(types) == 1 && types[0] == "application/json":
		return "", nil
	}
	return strings.Join(types, ","), nil
}

// apply changes the document as oapi-codegen does, except that an action that changes nothing is an error here.
func apply(overlayText []byte, root *yaml.Node) error {
	var o overlay.Overlay
	decoder := yaml.NewDecoder(bytes.NewReader(overlayText))
	decoder.KnownFields(true)
	if err := decoder.Decode(&o); err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	if err := o.Validate(); err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	warnings, err := o.ApplyToStrict(root)
	if err != nil {
		return err
	}
	if len(warnings) > 0 {
		return fmt.Errorf("overlay: %s", strings.Join(warnings, "; "))
	}
	return nil
}

var operationTarget = regexp.MustCompile(`^\$\.paths\['([^']+)'\]\.([a-z]+)$`)

// marks returns the operations that the overlay marks, as "METHOD route". Every mark is an action of its own that
// targets one operation and has its reason in a comment on the lines directly above.
func marks(overlayText []byte) (map[string]bool, error) {
	var file struct {
		Actions []yaml.Node `yaml:"actions"`
	}
	if err := yaml.Unmarshal(overlayText, &file); err != nil {
		return nil, fmt.Errorf("overlay: %w", err)
	}
	lines := strings.Split(string(overlayText), "\n")
	marked := map[string]bool{}
	for _, node := range file.Actions {
		var action struct {
			Target string               `yaml:"target"`
			Update yaml.Node            `yaml:"update"`
			Mark   map[string]yaml.Node `yaml:"-"`
		}
		if err := node.Decode(&action); err != nil {
			return nil, fmt.Errorf("overlay line %d: %w", node.Line, err)
		}
		if action.Update.Kind != yaml.MappingNode {
			continue
		}
		if err := action.Update.Decode(&action.Mark); err != nil {
			return nil, fmt.Errorf("overlay line %d: %w", node.Line, err)
		}
		if _, ok := action.Mark["x-sluice"]; !ok {
			continue
		}
		match := operationTarget.FindStringSubmatch(action.Target)
		if match == nil || len(action.Mark) != 1 {
			return nil, fmt.Errorf("overlay line %d: x-sluice stands alone in an action on one operation, $.paths['/route'].method", node.Line)
		}
		name := strings.ToUpper(match[2]) + " " + match[1]
		if marked[name] {
			return nil, fmt.Errorf("overlay line %d: %s is marked twice", node.Line, name)
		}
		if !reason(lines[:node.Line-1]) {
			return nil, fmt.Errorf("overlay line %d: %s is marked without a comment of three words or more above it that says why", node.Line, name)
		}
		marked[name] = true
	}
	return marked, nil
}

// reason reports whether the last of lines is a comment of at least three words.
func reason(lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	comment, ok := strings.CutPrefix(strings.TrimSpace(lines[len(lines)-1]), "#")
	return ok && len(strings.Fields(comment)) >= 3
}

// source returns the text of the generated file out, whose package is named after its folder.
func source(from, out string, operations []operation) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated by github.com/sluice-sdk/sluice/specs/operations from %s. DO NOT EDIT.\n\n", from)
	fmt.Fprintf(&b, "package %s\n\n", path.Base(path.Dir(out)))
	b.WriteString(`// Operations lists the operations of the document, one a line and sorted by route: method, route, operation id and
// safety, then optional fields. Safety says whether a call may be repeated when its answer was lost: a safe one changes
// nothing, an idempotent one changes nothing more the second time, an unsafe one may act twice. timeout is how long one
// try may need when that is longer than usual; content names the media types of a success that is not JSON alone, with
// none for an empty body and * for anything; idempotency-key names the header by which the service knows a repeated
// request.
`)
	b.WriteString("const Operations = `")
	for i, o := range operations {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(o.String())
	}
	b.WriteString("`\n")
	return format.Source(b.Bytes())
}
