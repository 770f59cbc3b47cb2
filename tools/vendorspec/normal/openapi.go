package normal

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// An Input is what OpenAPI brings into the normal form.
type Input struct {
	// Name is what Source calls the file that Document was read from.
	Name string
	// Document is the published document. It is changed.
	Document any
	// Source reads the other files that the document refers to.
	Source Source
	// Budget is what reading them may cost.
	Budget *document.Budget
	// Rules are those of the service.
	Rules Rules
	// Committed is the normalised document that there is, whose order is kept, or nil.
	Committed any
	// Version replaces the version that the document states, unless it is empty.
	Version string
}

// A Result is a document in the normal form.
type Result struct {
	Document *document.Object
	// Version is what the document says in info.
	Version string
	// Notes are in the order they were made first.
	Notes []Note
}

// maxWritten bounds the values of a normalised document, which can have more than the published one when a part is
// written in several places.
const maxWritten = 2_000_000

type normaliser struct {
	ctx    context.Context // of the one call that it lives for
	source Source
	budget *document.Budget
	config Rules
	rules  *freeForm
	kept   map[string]bool // extensions
	extra  map[string]bool // keywords
	old    any
	newer  bool // OpenAPI 3.1

	entry      *file
	files      map[string]*file
	components map[string]map[string]*component
	sections   map[string][]*component
	claimed    map[target][2]string
	bundled    map[target]*component
	waiting    []*component

	dropped  []dropped
	notes    []*Note
	noted    map[string]*Note
	problems []Problem
	spent    int
	err      error
}

// dropped is a published value that is not written, and may be the only one that leads to some components.
type dropped struct {
	value any
	file  *file
}

// OpenAPI brings an OpenAPI document of version 3.0 or 3.1 into the normal form. It reads the files that the document
// refers to and writes none. The error is a *RefusedError when the document holds what cannot be kept.
func OpenAPI(ctx context.Context, in Input) (Result, error) {
	root, ok := in.Document.(*document.Object)
	if !ok {
		return Result{}, &RefusedError{Problems: []Problem{{"#", "the document is not an object"}}}
	}
	n := &normaliser{
		ctx: ctx, source: in.Source, budget: in.Budget, config: in.Rules, rules: newFreeForm(in.Rules.FreeForm),
		kept: map[string]bool{}, extra: map[string]bool{}, old: in.Committed,
		files: map[string]*file{}, components: map[string]map[string]*component{}, sections: map[string][]*component{},
		claimed: map[target][2]string{}, bundled: map[target]*component{}, noted: map[string]*Note{},
	}
	for _, name := range in.Rules.Extensions {
		n.kept[name] = true
	}
	for _, name := range in.Rules.Keywords {
		n.extra[name] = true
	}
	n.entry = &file{name: in.Name, entry: true, root: root}
	n.files[in.Name] = n.entry

	out := n.document(root, in.Version)
	if n.err == nil && len(n.problems) == 0 {
		n.verify(out)
	}
	switch {
	case n.err != nil:
		return Result{}, n.err
	case len(n.problems) > 0:
		return Result{}, &RefusedError{Problems: n.problems, More: len(n.problems) >= MaxProblems}
	}
	result := Result{Document: out}
	result.Version, _ = member(out.Get("info"), "version").(string)
	for _, note := range n.notes {
		result.Notes = append(result.Notes, *note)
	}
	return result, nil
}

// problem notes a reason to refuse the document.
func (n *normaliser) problem(at *place, format string, args ...any) {
	if len(n.problems) < MaxProblems {
		n.problems = append(n.problems, Problem{at.String(), fmt.Sprintf(format, args...)})
	}
}

// note notes a change.
func (n *normaliser) note(at *place, text string) {
	if note := n.noted[text]; note != nil {
		note.Count++
		return
	}
	note := &Note{Text: text, Count: 1, First: at.String()}
	n.noted[text] = note
	n.notes = append(n.notes, note)
}

// fail ends the work with an error that is not about one place of the document.
func (n *normaliser) fail(err error) error {
	if n.err == nil {
		n.err = err
	}
	return err
}

func (n *normaliser) stopped() bool { return n.err != nil || len(n.problems) >= MaxProblems }

// spend counts a value that is written, and says whether to go on.
func (n *normaliser) spend() bool {
	n.spent++
	if n.spent > maxWritten {
		_ = n.fail(&document.LimitError{Over: "the normalised document would have more than the limit of two million values"})
	}
	if n.spent&0xfff == 0 && n.ctx.Err() != nil {
		_ = n.fail(n.ctx.Err())
	}
	return !n.stopped()
}

// A verdict says what becomes of a member.
type verdict int

const (
	unknown verdict = iota
	keep
	prose // not a fact of the wire
	gone  // dealt with
)

// members writes an object that each member of is a known one. what names it in problems.
func (n *normaliser) members(v any, at *place, old any, what string, write func(name string, v any, at *place, old any) (any, verdict)) *document.Object {
	out := &document.Object{}
	o, ok := v.(*document.Object)
	if !ok {
		n.problem(at, "%s is not an object", what)
		return out
	}
	for _, m := range o.Members() {
		if !n.spend() {
			break
		}
		if n.extension(out, m, at, old) {
			continue
		}
		value, verdict := write(m.Name, m.Value, at.in(m.Name), member(old, m.Name))
		switch verdict {
		case keep:
			out.Set(m.Name, value)
		case unknown:
			n.unknown(m.Name, at, what)
		case prose, gone:
		}
	}
	return arrange(out, old)
}

func (n *normaliser) unknown(name string, at *place, what string) {
	if !n.extra[name] {
		n.problem(at.in(name), "%s has no member %q in OpenAPI; if it may be left out, add it to keywords in vendor.yaml", what, name)
	}
}

// extension deals with a member that begins with x-, and says whether it was one.
func (n *normaliser) extension(out *document.Object, m document.Member, at *place, old any) bool {
	if !strings.HasPrefix(m.Name, "x-") {
		return false
	}
	if n.kept[m.Name] {
		out.Set(m.Name, opaque(m.Value, member(old, m.Name)))
	} else {
		n.note(at.in(m.Name), "the extension "+m.Name+" is left out")
	}
	return true
}

// named writes the members of an object whose names are the document's own.
func (n *normaliser) named(v any, at *place, old any, what string, write func(v any, at *place, old any, name string) any) *document.Object {
	out := &document.Object{}
	o, ok := v.(*document.Object)
	if !ok {
		n.problem(at, "%s is not an object", what)
		return out
	}
	for _, m := range o.Members() {
		if !n.spend() {
			break
		}
		n.name(m.Name, at.in(m.Name))
		out.Set(m.Name, write(m.Value, at.in(m.Name), member(old, m.Name), m.Name))
	}
	return arrange(out, old)
}

// name refuses a name of the document's own that cannot stand in generated code: in a tag of a struct, a text or a comment.
func (n *normaliser) name(name string, at *place) {
	if i := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == '`' || r == '"' }); i >= 0 {
		r, _ := utf8.DecodeRuneInString(name[i:])
		n.problem(at, "the name %q has the character %U, which cannot stand in generated code", name, r)
	}
}

func (n *normaliser) text(v any, at *place) (any, verdict) {
	if _, ok := v.(string); !ok {
		n.problem(at, "is not a text")
	}
	return v, keep
}

func (n *normaliser) boolean(v any, at *place) (any, verdict) {
	if _, ok := v.(bool); !ok {
		n.problem(at, "is neither true nor false")
	}
	return v, keep
}

func (n *normaliser) list(v any, at *place) []any {
	a, ok := v.([]any)
	if !ok {
		n.problem(at, "is not an array")
	}
	return a
}

var supported = regexp.MustCompile(`^3\.[01]\.[0-9]+(-[A-Za-z0-9.-]+)?$`)

// document writes the root.
func (n *normaliser) document(root *document.Object, version string) *document.Object {
	out := &document.Object{}
	top := &place{file: n.entry, rule: n.rules}
	published, ok := root.Get("openapi").(string)
	if !ok {
		hint := ""
		if root.Has("swagger") {
			hint = ": this is Swagger 2.0, which a converter can bring to OpenAPI 3"
		}
		n.problem(top, "there is no openapi version%s", hint)
		return out
	}
	if !supported.MatchString(published) {
		n.problem(top.in("openapi"), "OpenAPI %s is not 3.0 or 3.1", published)
		return out
	}
	n.newer = strings.HasPrefix(published, "3.1.")
	n.drop(root)

	components, _ := root.Get("components").(*document.Object)
	n.claim(components)
	for _, section := range components.Members() {
		entries, ok := section.Value.(*document.Object)
		if !ok || !isKept(section.Name) {
			continue
		}
		at := top.in("components").in(section.Name)
		for _, m := range entries.Members() {
			if !componentName.MatchString(m.Name) {
				n.problem(at.in(m.Name), "the name of a component has only letters, digits, dots, hyphens and underscores")
				continue
			}
			n.add(section.Name, m.Name, at.in(m.Name), m.Value)
		}
	}

	if !root.Has("info") {
		n.problem(top, "there is no info")
	}
	for _, m := range root.Members() {
		if n.stopped() {
			return out
		}
		at, old := top.in(m.Name), member(n.old, m.Name)
		switch m.Name {
		case "openapi":
			out.Set(m.Name, "3.0.3")
		case "info":
			out.Set(m.Name, n.info(m.Value, at, old, version))
		case "servers":
			out.Set(m.Name, n.servers(m.Value, at, old))
		case "security":
			out.Set(m.Name, n.security(m.Value, at, old))
		case "tags":
			out.Set(m.Name, n.tags(m.Value, at, old))
		case "paths":
			out.Set(m.Name, n.paths(m.Value, at, old, root.Get("servers")))
		case "components":
			out.Set(m.Name, nil)
			n.knownSections(m.Value, at)
		case "webhooks":
			n.note(at, "webhooks are calls of the service to others: left out")
			n.dropped = append(n.dropped, dropped{m.Value, n.entry})
		case "jsonSchemaDialect":
			if d, _ := m.Value.(string); d != "https://spec.openapis.org/oas/3.1/dialect/base" && d != "https://json-schema.org/draft/2020-12/schema" {
				n.problem(at, "the dialect of JSON Schema is not that of OpenAPI")
			}
		case "externalDocs":
		default:
			if !n.extension(out, m, top, n.old) {
				n.unknown(m.Name, top, "the document")
			}
		}
	}
	if len(n.config.Servers) > 0 && !out.Has("servers") {
		out.Set("servers", n.ourServers())
	}
	if !out.Has("paths") {
		n.problem(top, "there are no paths")
	}
	n.write()
	n.rest()
	sections := n.writtenSections(components)
	if sections.Len() > 0 || out.Has("components") {
		out.Set("components", sections)
	}
	n.unmet()
	return arrange(out, n.old)
}

var componentName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// drop leaves out what Rules.Drop names.
func (n *normaliser) drop(root *document.Object) {
	for _, pointer := range n.config.Drop {
		i := strings.LastIndex(pointer, "/")
		parent, _ := document.At(root, pointer[:i])
		name := document.Unescape(pointer[i+1:])
		if o, ok := parent.(*document.Object); ok && o.Has(name) {
			n.dropped = append(n.dropped, dropped{o.Get(name), n.entry})
			o.Delete(name)
			n.note(placeAt(n.entry, pointer, nil), "left out, as vendor.yaml says")
		}
	}
}

// unmet notes the rules that met no schema: an upstream that renamed one may have its connectors typed now.
func (n *normaliser) unmet() {
	for _, pointer := range n.config.FreeForm {
		at := n.rules
		for token := range strings.SplitSeq(pointer[1:], "/") {
			at = at.in(document.Unescape(token))
		}
		if !at.met && !n.stopped() {
			n.note(&place{file: n.entry}, "vendor.yaml makes "+pointer+" free-form, but there is no such schema")
		}
	}
}

// knownSections refuses sections of components that OpenAPI does not have, and drops those that are not written.
func (n *normaliser) knownSections(v any, at *place) {
	n.members(v, at, nil, "components", func(name string, v any, at *place, _ any) (any, verdict) {
		switch {
		case isKept(name):
			if _, ok := v.(*document.Object); !ok {
				n.problem(at, "is not an object")
			}
			return nil, gone
		case name == "callbacks" || name == "links":
			n.note(at, name+" are left out")
			n.dropped = append(n.dropped, dropped{v, n.entry})
			return nil, gone
		case name == "examples" || name == "pathItems": // path items are written where they are referred to
			return nil, gone
		}
		return nil, unknown
	})
}

// rest writes the components that no operation leads to, but for those that only what was dropped leads to.
func (n *normaliser) rest() {
	if n.stopped() {
		return
	}
	r := n.newReach()
	for _, d := range n.dropped {
		r.from(d.value, d.file)
	}
	var others []*component
	for _, kind := range sectionOrder {
		for _, c := range n.sections[kind] {
			if c.queued {
				continue
			}
			others = append(others, c)
			if c.at.rule != nil && c.at.rule.here {
				r.from(c.value, c.at.file)
				continue
			}
			giants(c.value, func(union *document.Object) { r.from(union, c.at.file) })
		}
	}
	for _, c := range others {
		if !r.met[c] || c.kind == "securitySchemes" {
			n.queue(c)
		}
	}
	n.write()
}

var sectionOrder = []string{"schemas", "responses", "parameters", "requestBodies", "headers", "securitySchemes"}

// writtenSections is the object components: the sections that are published, and then those that bundling brought.
func (n *normaliser) writtenSections(published *document.Object) *document.Object {
	out := &document.Object{}
	old := member(n.old, "components")
	section := func(kind string) {
		if out.Has(kind) || !isKept(kind) {
			return
		}
		o := &document.Object{}
		for _, c := range n.sections[kind] {
			if c.queued {
				o.Set(c.name, c.written)
			}
		}
		if o.Len() > 0 {
			out.Set(kind, arrange(o, member(old, kind)))
		}
	}
	for _, m := range published.Members() {
		section(m.Name)
		n.extension(out, m, &place{file: n.entry, up: &place{file: n.entry}, token: "components"}, old)
	}
	for _, kind := range sectionOrder {
		section(kind)
	}
	return arrange(out, old)
}

func (n *normaliser) info(v any, at *place, old any, version string) any {
	out := n.members(v, at, old, "info", func(name string, v any, at *place, _ any) (any, verdict) {
		switch name {
		case "title":
			return n.text(v, at)
		case "version":
			if number, ok := v.(document.Number); ok { // 1.0, unquoted in YAML
				v = string(number)
			}
			if version != "" {
				v = version
			}
			return n.text(v, at)
		case "description", "summary", "termsOfService", "contact", "license":
			return nil, prose
		}
		return nil, unknown
	})
	for _, name := range []string{"title", "version"} {
		if text, _ := out.Get(name).(string); strings.TrimSpace(text) == "" {
			n.problem(at, "there is no %s", name)
		}
	}
	return out
}

func (n *normaliser) tags(v any, at *place, old any) any {
	tags := []any{}
	for i, tag := range n.list(v, at) {
		tags = append(tags, n.members(tag, at.in(fmt.Sprint(i)), counterpart(old, tag, tagName), "a tag", func(name string, v any, at *place, _ any) (any, verdict) {
			switch name {
			case "name":
				return n.text(v, at)
			case "description", "externalDocs", "summary":
				return nil, prose
			}
			return nil, unknown
		}))
	}
	return arrangeSet(tags, old, tagName)
}

func tagName(v any) string {
	name, _ := member(v, "name").(string)
	return name
}

// security writes a list of alternatives, whose order means nothing.
func (n *normaliser) security(v any, at *place, old any) any {
	alternatives := []any{}
	for i, alternative := range n.list(v, at) {
		at := at.in(fmt.Sprint(i))
		alternatives = append(alternatives, n.named(alternative, at, counterpart(old, alternative, document.Identity), "an alternative of security", func(v any, at *place, old any, _ string) any {
			for i, scope := range n.list(v, at) {
				n.text(scope, at.in(fmt.Sprint(i)))
			}
			return opaque(v, old)
		}))
	}
	return arrangeSet(alternatives, old, document.Identity)
}

func (n *normaliser) securityScheme(v any, at *place, old any) any {
	if reference, ok := member(v, "$ref").(string); ok {
		return document.NewObject(document.Member{Name: "$ref", Value: n.refer("securitySchemes", reference, at)})
	}
	return n.members(v, at, old, "a security scheme", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "type":
			if v == "mutualTLS" {
				n.problem(at, "OpenAPI 3.0 does not know mutualTLS")
			}
			return n.text(v, at)
		case "scheme", "bearerFormat", "name", "in", "openIdConnectUrl":
			return n.text(v, at)
		case "flows":
			return n.members(v, at, old, "flows", func(_ string, v any, at *place, old any) (any, verdict) {
				return n.members(v, at, old, "a flow", func(name string, v any, at *place, old any) (any, verdict) {
					switch name {
					case "authorizationUrl", "tokenUrl", "refreshUrl":
						return n.text(v, at)
					case "scopes":
						return n.named(v, at, old, "scopes", func(any, *place, any, string) any { return "" }), keep
					}
					return nil, unknown
				}), keep
			}), keep
		case "description":
			return nil, prose
		}
		return nil, unknown
	})
}

// reference writes an object that is a reference, and says whether it was one. What stands beside $ref is prose.
func (n *normaliser) reference(kind string, v any, at *place) (any, bool) {
	o, ok := v.(*document.Object)
	if !ok || !o.Has("$ref") {
		return nil, false
	}
	for _, m := range o.Members() {
		switch m.Name {
		case "$ref", "description", "summary":
		default:
			n.note(at.in(m.Name), "what stands beside $ref means nothing: left out")
		}
	}
	return document.NewObject(document.Member{Name: "$ref", Value: n.refer(kind, o.Get("$ref"), at)}), true
}

func (n *normaliser) parameters(v any, at *place, old any) any {
	written := []any{}
	for i, p := range n.list(v, at) {
		if !n.spend() {
			break
		}
		written = append(written, n.parameter(p, at.in(fmt.Sprint(i)), counterpart(old, p, parameterIdentity)))
	}
	return arrangeSet(written, old, parameterIdentity)
}

func parameterIdentity(v any) string {
	if reference, ok := member(v, "$ref").(string); ok {
		return reference
	}
	in, _ := member(v, "in").(string)
	name, _ := member(v, "name").(string)
	if in == "" || name == "" {
		return ""
	}
	return in + " " + name
}

func (n *normaliser) parameter(v any, at *place, old any) any {
	if reference, ok := n.reference("parameters", v, at); ok {
		return reference
	}
	out := n.members(v, at, old, "a parameter", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "name", "in":
			return n.text(v, at)
		case "allowEmptyValue":
			return n.boolean(v, at)
		}
		return n.parameterMember(name, v, at, old)
	})
	if out.Get("in") == "path" && out.Get("required") != true {
		n.note(at, "a parameter of the path is required: said so")
		out.Set("required", true)
	}
	switch out.Get("in") {
	case "path", "query", "header", "cookie":
	default:
		n.problem(at, "a parameter is in path, query, header or cookie, not in %v", out.Get("in"))
	}
	name, _ := out.Get("name").(string)
	if name == "" {
		n.problem(at, "the parameter has no name")
	}
	n.name(name, at.in("name"))
	n.oneSchema(out, at)
	return arrange(out, old)
}

// oneSchema refuses a parameter or header without a schema.
func (n *normaliser) oneSchema(out *document.Object, at *place) {
	if out.Has("schema") == out.Has("content") && !n.stopped() {
		n.problem(at, "there is not exactly one of schema and content")
	}
}

// parameterMember writes what parameters and headers have in common.
func (n *normaliser) parameterMember(name string, v any, at *place, old any) (any, verdict) {
	switch name {
	case "required", "deprecated", "explode", "allowReserved":
		return n.boolean(v, at)
	case "style":
		return n.text(v, at)
	case "schema":
		return n.schema(v, at, old), keep
	case "content":
		return n.content(v, at, old), keep
	case "description", "example", "examples":
		return nil, prose
	}
	return nil, unknown
}

func (n *normaliser) header(v any, at *place, old any) any {
	if reference, ok := n.reference("headers", v, at); ok {
		return reference
	}
	out := n.members(v, at, old, "a header", n.parameterMember)
	n.oneSchema(out, at)
	return out
}

func (n *normaliser) headers(v any, at *place, old any) any {
	return n.named(v, at, old, "headers", func(v any, at *place, old any, _ string) any { return n.header(v, at, old) })
}

func (n *normaliser) requestBody(v any, at *place, old any) any {
	if reference, ok := n.reference("requestBodies", v, at); ok {
		return reference
	}
	return n.members(v, at, old, "a request body", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "required":
			return n.boolean(v, at)
		case "content":
			return n.content(v, at, old), keep
		case "description":
			return nil, prose
		}
		return nil, unknown
	})
}

func (n *normaliser) content(v any, at *place, old any) any {
	return n.named(v, at, old, "content", func(v any, at *place, old any, _ string) any {
		return n.members(v, at, old, "a media type", func(name string, v any, at *place, old any) (any, verdict) {
			switch name {
			case "schema":
				return n.schema(v, at, old), keep
			case "encoding":
				return n.named(v, at, old, "encoding", func(v any, at *place, old any, _ string) any {
					return n.members(v, at, old, "an encoding", n.encodingMember)
				}), keep
			case "example", "examples":
				return nil, prose
			}
			return nil, unknown
		})
	})
}

func (n *normaliser) encodingMember(name string, v any, at *place, old any) (any, verdict) {
	switch name {
	case "contentType", "style":
		return n.text(v, at)
	case "explode", "allowReserved":
		return n.boolean(v, at)
	case "headers":
		return n.headers(v, at, old), keep
	}
	return nil, unknown
}

func (n *normaliser) responses(v any, at *place, old any) any {
	out := &document.Object{}
	o, ok := v.(*document.Object)
	if !ok {
		n.problem(at, "responses is not an object")
		return out
	}
	for _, m := range o.Members() {
		if !n.spend() {
			break
		}
		if n.extension(out, m, at, old) {
			continue
		}
		at := at.in(m.Name)
		if !statusKey.MatchString(m.Name) {
			n.problem(at, "%q is neither a status code nor default", m.Name)
			continue
		}
		if reference, ok := n.reference("responses", m.Value, at); ok {
			out.Set(m.Name, reference)
			continue
		}
		out.Set(m.Name, n.response(m.Value, at, member(old, m.Name), m.Name))
	}
	return arrange(out, old)
}

var statusKey = regexp.MustCompile(`^([1-5]([0-9][0-9]|XX)|default)$`)

// response writes a response, which is known by its status code or by its name.
func (n *normaliser) response(v any, at *place, old any, known string) any {
	if reference, ok := n.reference("responses", v, at); ok {
		return reference
	}
	published := ""
	out := n.members(v, at, old, "a response", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "description":
			published, _ = v.(string)
			return nil, keep
		case "content":
			return n.content(v, at, old), keep
		case "headers":
			return n.headers(v, at, old), keep
		case "links":
			n.note(at, "links are left out")
			n.dropped = append(n.dropped, dropped{v, at.file})
			return nil, gone
		}
		return nil, unknown
	})
	committed, _ := member(old, "description").(string)
	switch {
	case committed != "":
		out.Set("description", committed)
	case isStatus(published):
		out.Set("description", published)
	default:
		out.Set("description", status(known))
	}
	return arrange(out, old)
}

// isStatus says whether the description of a response is the name of a status and not prose.
func isStatus(text string) bool {
	if text == "Error" {
		return true
	}
	for code := 100; code < 600; code++ {
		if text != "" && http.StatusText(code) == text {
			return true
		}
	}
	return false
}

// status describes a response by its status code, or by its name when that is the name of a status.
func status(known string) string {
	bare := strings.NewReplacer("_", "", "-", "", ".", "").Replace(known)
	for code := 100; code < 600; code++ {
		text := http.StatusText(code)
		if text == "" {
			continue
		}
		if known == fmt.Sprint(code) || known == fmt.Sprintf("%dXX", code/100) || strings.EqualFold(bare, strings.NewReplacer(" ", "", "-", "", "'", "").Replace(text)) {
			if strings.HasSuffix(known, "XX") {
				return http.StatusText(code / 100 * 100)
			}
			return text
		}
	}
	return "Error"
}
