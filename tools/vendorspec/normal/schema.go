package normal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// widestUnion is how many alternatives a union may have. Those of connectors have hundreds, each with the settings of
// one connector, and make tens of thousands of lines of Go that decode wrongly when a connector gains a setting.
const widestUnion = 32

// schema writes a schema of either version.
func (n *normaliser) schema(v any, at *place, old any) any {
	if !n.spend() {
		return document.NewObject()
	}
	if rule := at.rule; rule != nil && rule.here {
		rule.met = true
		return n.freeForm(v, at, old)
	}
	switch v := v.(type) {
	case bool: // JSON Schema's "anything" and "nothing"
		if v {
			return document.NewObject()
		}
		return document.NewObject(document.Member{Name: "not", Value: document.NewObject()})
	case *document.Object:
		if v.Has("$ref") {
			return n.schemaReference(v, at, old)
		}
		if width(v) > widestUnion {
			return n.wideUnion(v, at, old)
		}
		return n.schemaObject(v, at, old)
	}
	n.problem(at, "a schema is not an object")
	return document.NewObject()
}

// freeForm writes an object of any members for a schema that describes the settings of connectors.
func (n *normaliser) freeForm(v any, at *place, old any) any {
	n.dropped = append(n.dropped, dropped{v, at.file})
	out := document.NewObject(
		document.Member{Name: "type", Value: "object"},
		document.Member{Name: "additionalProperties", Value: true},
	)
	if o, ok := v.(*document.Object); ok && allowsNull(o) {
		out.Set("nullable", true)
	}
	return arrange(out, old)
}

// wideUnion writes a union of more alternatives than anybody can tell apart as a free-form object.
func (n *normaliser) wideUnion(o *document.Object, at *place, old any) any {
	for _, keyword := range []string{"oneOf", "anyOf"} {
		list, _ := o.Get(keyword).([]any)
		for i, alternative := range list {
			a, _ := alternative.(*document.Object)
			if text, ok := a.Get("$ref").(string); ok {
				t, f, err := n.resolve(at.file, text)
				if err != nil {
					n.note(at.in(keyword).in(fmt.Sprint(i)), "an alternative of a wide union leads nowhere")
					continue
				}
				value, _ := document.At(f.root, t.pointer)
				a, _ = value.(*document.Object)
			}
			if a == nil || !mayBeObject(a) {
				n.problem(at, "the union has %d alternatives, more than %d, and not all are objects; say in free-form of vendor.yaml what to make of it", len(list), widestUnion)
				return document.NewObject()
			}
		}
	}
	n.note(at, fmt.Sprintf("a union of more than %d alternatives is written as a free-form object", widestUnion))
	return n.freeForm(o, at, old)
}

func mayBeObject(o *document.Object) bool {
	switch t := o.Get("type").(type) {
	case nil:
		return true
	case string:
		return t == "object" || t == "null"
	case []any:
		return slices.Contains(t, any("object"))
	}
	return false
}

// allowsNull says whether a schema says itself that null is one of its values.
func allowsNull(o *document.Object) bool {
	if o.Get("nullable") == true || o.Get("type") == "null" {
		return true
	}
	if types, ok := o.Get("type").([]any); ok && slices.Contains(types, any("null")) {
		return true
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if list, ok := o.Get(keyword).([]any); ok && slices.ContainsFunc(list, onlyNull) {
			return true
		}
	}
	return false
}

// onlyNull says whether a schema is that of null.
func onlyNull(v any) bool {
	o, ok := v.(*document.Object)
	if !ok {
		return false
	}
	if types, ok := o.Get("type").([]any); ok {
		return len(types) == 1 && types[0] == "null"
	}
	if constant, ok := o.Lookup("const"); ok && constant == nil {
		return true
	}
	if values, ok := o.Get("enum").([]any); ok && !o.Has("type") {
		return len(values) == 1 && values[0] == nil
	}
	return o.Get("type") == "null"
}

// schemaReference writes a reference. OpenAPI 3.1 allows facts beside it, which 3.0 says with allOf.
func (n *normaliser) schemaReference(o *document.Object, at *place, old any) any {
	beside := &document.Object{}
	for _, m := range o.Members() {
		if m.Name != "$ref" && !isProse(m.Name) {
			beside.Set(m.Name, m.Value)
		}
	}
	reference := func(old any) any {
		return arrange(document.NewObject(document.Member{Name: "$ref", Value: n.refer("schemas", o.Get("$ref"), at)}), old)
	}
	if beside.Len() == 0 {
		return reference(old)
	}
	if !n.newer {
		if beside.Get("nullable") != true {
			n.note(at, "what stands beside $ref means nothing in OpenAPI 3.0: left out")
			return reference(old)
		}
		n.note(at, "nullable beside $ref means nothing in OpenAPI 3.0, but is what upstream means: kept, and nothing else")
		beside = document.NewObject(document.Member{Name: "nullable", Value: true})
	}
	rest, ok := n.schemaObject(beside, at, old).(*document.Object)
	if !ok || rest.Len() == 0 {
		return reference(old)
	}
	all, _ := rest.Get("allOf").([]any)
	committed, _ := member(old, "allOf").([]any)
	rest.Set("allOf", slices.Insert(slices.Clone(all), 0, reference(element(committed, 0))))
	return arrange(rest, old)
}

func isProse(name string) bool {
	switch name {
	case "title", "description", "summary", "example", "examples", "externalDocs", "xml", "$comment", "$schema", "$anchor", "$dynamicAnchor":
		return true
	}
	return false
}

// A schemaWriter writes one schema, member by member, and then what only all of them tell.
type schemaWriter struct {
	*normaliser

	in, out *document.Object
	at      *place
	old     any

	types    []string
	typed    bool // the schema names types
	nullable bool
	null     bool // the schema allows nothing but null
	bounds   map[string]document.Number
}

func (n *normaliser) schemaObject(o *document.Object, at *place, old any) any {
	w := &schemaWriter{normaliser: n, in: o, out: &document.Object{}, at: at, old: old, bounds: map[string]document.Number{}}
	for _, m := range o.Members() {
		if !n.spend() {
			return w.out
		}
		if !n.extension(w.out, m, at, old) {
			w.member(m.Name, m.Value, at.in(m.Name), member(old, m.Name))
		}
	}
	if n.stopped() {
		return w.out
	}
	return w.finish()
}

func (w *schemaWriter) member(name string, v any, at *place, old any) {
	switch name {
	case "type":
		w.typeOf(v, at)
	case "nullable":
		if value, _ := w.boolean(v, at); value == true {
			w.nullable = true
			w.out.Set(name, true)
		}
	case "enum":
		w.enum(w.list(v, at), at, old)
	case "const":
		w.enum([]any{v}, at, member(w.old, "enum"))
	case "default":
		w.out.Set(name, opaque(v, old))
	case "properties":
		w.out.Set(name, w.named(v, at, old, "properties", func(v any, at *place, old any, _ string) any { return w.schema(v, at, old) }))
	case "additionalProperties":
		if v == false && w.in.Has("patternProperties") {
			return // not false when the names that the patterns allow are counted
		}
		if _, isBool := v.(bool); isBool {
			w.out.Set(name, v)
		} else {
			w.out.Set(name, w.schema(v, at, old))
		}
	case "items":
		w.items(v, at, old)
	case "allOf", "oneOf", "anyOf":
		w.composition(name, v, at, old)
	case "not":
		w.out.Set(name, w.schema(v, at, old))
	case "required":
		w.required(v, at, old)
	case "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
		if _, ok := v.(document.Number); !ok {
			w.problem(at, "is not a number")
		}
		w.out.Set(name, v)
	case "exclusiveMinimum", "exclusiveMaximum":
		if number, ok := v.(document.Number); ok {
			w.bounds[name] = number
		} else if value, _ := w.boolean(v, at); value == true {
			w.out.Set(name, true)
		}
	case "uniqueItems", "deprecated", "readOnly", "writeOnly":
		w.boolean(v, at)
		w.out.Set(name, v)
	case "pattern":
		w.text(v, at)
		w.out.Set(name, v)
	case "format":
		w.format(v, at)
	case "discriminator":
		w.discriminator(v, at, old)
	default:
		w.newerMember(name, v, at)
	}
}

// newerMember deals with what OpenAPI 3.0 does not have.
func (w *schemaWriter) newerMember(name string, v any, at *place) {
	switch name {
	case "patternProperties":
		switch patterns, _ := v.(*document.Object); {
		case w.in.Get("additionalProperties") != false:
		case patterns.Len() == 1:
			m := patterns.Members()[0]
			w.out.Set("additionalProperties", w.schema(m.Value, at.in(m.Name), member(w.old, "additionalProperties")))
		default:
			w.out.Set("additionalProperties", true)
		}
		w.note(at, "patternProperties is widened to additionalProperties")
	case "prefixItems":
		w.note(at, "prefixItems is widened: the elements of the array may be anything")
	case "contentEncoding":
		if !w.in.Has("format") && (v == "base64" || v == "base64url") {
			w.out.Set("format", "byte")
			return
		}
		w.note(at, "contentEncoding is left out")
	case "contentMediaType":
		if !w.in.Has("format") && !w.in.Has("contentEncoding") && w.in.Get("type") == "string" {
			w.out.Set("format", "binary")
			return
		}
		w.note(at, "contentMediaType is left out")
	case "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
		"unevaluatedItems", "contains", "minContains", "maxContains", "propertyNames", "contentSchema", "additionalItems":
		w.note(at, name+" is a condition that OpenAPI 3.0 cannot say: left out")
	case "$defs", "definitions": // written as components where they are referred to
	case "$id", "id", "$dynamicRef", "$recursiveRef", "$recursiveAnchor", "$vocabulary":
		if _, ok := v.(string); ok || name != "id" {
			w.problem(at, "%s changes what the references around it mean; it cannot be kept", name)
			return
		}
		w.unknown(name, w.at, "a schema")
	default:
		if !isProse(name) {
			w.unknown(name, w.at, "a schema")
		}
	}
}

func (w *schemaWriter) typeOf(v any, at *place) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for i, t := range list {
		text, _ := t.(string)
		switch text {
		case "null":
			w.nullable = true
		case "string", "number", "integer", "boolean", "array", "object":
			if !slices.Contains(w.types, text) {
				w.types = append(w.types, text)
			}
		default:
			if isList {
				at = at.in(strconv.Itoa(i))
			}
			w.problem(at, "%s is not a type of JSON", document.Identity(t))
			return
		}
	}
	w.typed = true
	w.null = len(w.types) == 0
	// A number may be an integer anyway.
	if slices.Contains(w.types, "number") && slices.Contains(w.types, "integer") {
		w.types = slices.DeleteFunc(w.types, func(t string) bool { return t == "integer" })
	}
	if len(w.types) == 1 {
		w.out.Set("type", w.types[0])
	}
}

func (w *schemaWriter) enum(values []any, at *place, old any) {
	kept := make([]any, 0, len(values))
	for _, v := range values {
		if v == nil {
			w.nullable = true
			continue
		}
		kept = append(kept, opaque(v, nil))
	}
	if len(kept) == 0 {
		if len(values) > 0 {
			w.null = true
		} else {
			w.problem(at, "an empty enum allows nothing")
		}
		return
	}
	if w.out.Has("enum") {
		w.problem(at, "there are both const and enum")
	}
	w.out.Set("enum", arrangeSet(kept, old, document.Identity))
}

func (w *schemaWriter) items(v any, at *place, old any) {
	if _, isTuple := v.([]any); isTuple || w.in.Has("prefixItems") {
		w.note(at, "items of a tuple are widened: the elements of the array may be anything")
		w.out.Set("items", document.NewObject())
		return
	}
	w.out.Set("items", w.schema(v, at, old))
}

// composition writes allOf, oneOf or anyOf. An alternative that is null makes the schema nullable.
func (w *schemaWriter) composition(name string, v any, at *place, old any) {
	list := w.list(v, at)
	var kept []int
	for i, e := range list {
		if name != "allOf" && onlyNull(e) {
			w.nullable = true
			continue
		}
		kept = append(kept, i)
	}
	if len(kept) == 0 {
		if len(list) == 0 {
			w.problem(at, "is empty")
		}
		w.null = true
		return
	}
	if len(kept) == 1 && len(list) > 1 {
		name = "allOf" // of one reference or one schema, or null
		old = member(w.old, name)
		// A schema of its own is written in place when nothing is beside it.
		if only, ok := list[kept[0]].(*document.Object); ok && !only.Has("$ref") && w.alone() {
			inner := &schemaWriter{normaliser: w.normaliser, in: only, out: w.out, at: at.in(strconv.Itoa(kept[0])), old: w.old, bounds: w.bounds}
			for _, m := range only.Members() {
				if !w.extension(w.out, m, inner.at, w.old) {
					inner.member(m.Name, m.Value, inner.at.in(m.Name), member(w.old, m.Name))
				}
			}
			w.types, w.typed, w.null = inner.types, inner.typed, inner.null
			w.nullable = true
			w.in = only
			return
		}
	}
	written := make([]any, 0, len(kept))
	for position, i := range kept {
		written = append(written, w.schema(list[i], at.in(strconv.Itoa(i)), element(old, position)))
	}
	if previous, ok := w.out.Get(name).([]any); ok {
		written = append(previous, written...)
	}
	w.out.Set(name, written)
}

// alone says whether the schema has one fact only, besides what is prose.
func (w *schemaWriter) alone() bool {
	facts := 0
	for _, m := range w.in.Members() {
		if !isProse(m.Name) && !strings.HasPrefix(m.Name, "x-") && m.Name != "nullable" && m.Name != "default" {
			facts++
		}
	}
	return facts == 1
}

func (w *schemaWriter) required(v any, at *place, old any) {
	names := w.list(v, at)
	for i, name := range names {
		w.text(name, at.in(strconv.Itoa(i)))
	}
	if len(names) > 0 {
		w.out.Set("required", arrangeSet(names, old, document.Identity))
	}
}

// format writes a format; those that OpenAPI and JSON Schema know are written in lower case.
func (w *schemaWriter) format(v any, at *place) {
	text, ok := v.(string)
	if !ok {
		w.problem(at, "is not a text")
		return
	}
	switch lower := strings.ToLower(text); lower {
	case text:
	case "uuid", "date", "date-time", "time", "email", "uri", "int32", "int64", "float", "double", "byte", "binary", "password", "hostname", "ipv4", "ipv6":
		w.note(at, "the format "+text+" is written "+lower)
		text = lower
	}
	w.out.Set("format", text)
}

func (w *schemaWriter) discriminator(v any, at *place, old any) {
	w.out.Set("discriminator", w.members(v, at, old, "a discriminator", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "propertyName":
			return w.text(v, at)
		case "mapping":
			return w.named(v, at, old, "mapping", func(v any, at *place, _ any, _ string) any {
				text, _ := v.(string)
				if !strings.ContainsAny(text, "#/") && w.components["schemas"][text] != nil {
					text = "#/components/schemas/" + text
				}
				return w.refer("schemas", text, at)
			}), keep
		}
		return nil, unknown
	}))
}

// finish adds what only the whole schema tells.
func (w *schemaWriter) finish() any {
	out := w.out
	if w.null && (len(w.types) == 0 || !w.typed) && !out.Has("enum") {
		w.note(w.at, "a schema of null alone is widened: anything is allowed")
		return document.NewObject(document.Member{Name: "nullable", Value: true})
	}
	for _, bound := range []string{"Minimum", "Maximum"} {
		w.bound(strings.ToLower(bound), "exclusive"+bound)
	}
	if w.nullable {
		out.Set("nullable", true)
	}
	w.untypedEnum()
	if len(w.types) > 1 {
		w.severalTypes()
	}
	if out.Get("type") == "array" && !out.Has("items") {
		out.Set("items", document.NewObject())
	}
	if value, ok := out.Lookup("default"); ok && value == nil && !w.nullable {
		w.note(w.at, "a default of null, which the schema does not allow, is left out")
		out.Delete("default")
	}
	return arrange(out, w.old)
}

// bound writes a number of exclusiveMinimum as OpenAPI 3.0 does, unless the inclusive bound is stricter.
func (w *schemaWriter) bound(name, exclusive string) {
	number, ok := w.bounds[exclusive]
	if !ok {
		return
	}
	limit, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		w.problem(w.at.in(exclusive), "the number is too large")
		return
	}
	if inclusive, ok := w.out.Get(name).(document.Number); ok {
		other, _ := strconv.ParseFloat(string(inclusive), 64)
		if name == "minimum" && other > limit || name == "maximum" && other < limit {
			return
		}
	}
	w.out.Set(name, number)
	w.out.Set(exclusive, true)
}

// untypedEnum gives an enum without a type that of its values.
func (w *schemaWriter) untypedEnum() {
	values, ok := w.out.Get("enum").([]any)
	if !ok || w.typed || w.out.Has("allOf") || w.out.Has("oneOf") || w.out.Has("anyOf") {
		return
	}
	kind := ""
	for _, v := range values {
		k := ""
		switch v := v.(type) {
		case string:
			k = "string"
		case bool:
			k = "boolean"
		case document.Number:
			k = "number"
			if strings.Trim(string(v), "-0123456789") == "" {
				k = "integer"
			}
		}
		if k == "" || kind != "" && k != kind {
			return
		}
		kind = k
	}
	w.out.Set("type", kind)
	w.note(w.at, "an enum without a type is given that of its values")
}

// severalTypes writes a list of types as alternatives.
func (w *schemaWriter) severalTypes() {
	if w.out.Has("anyOf") {
		w.note(w.at, "several types beside anyOf are widened: the types are left out")
		return
	}
	var alternatives []any
	for _, t := range w.types {
		alternative := document.NewObject(document.Member{Name: "type", Value: t})
		if t == "array" {
			items, ok := w.out.Lookup("items")
			if !ok {
				items = document.NewObject()
			}
			w.out.Delete("items")
			alternative.Set("items", items)
		}
		alternatives = append(alternatives, alternative)
	}
	w.out.Set("anyOf", alternatives)
}
