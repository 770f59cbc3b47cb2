package normal_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// A publisher makes of a normalised document one of the shapes that the same facts are published in.
type publisher struct {
	*rand.Rand

	root *document.Object
}

func (p *publisher) chance(oneIn int) bool { return p.IntN(oneIn) == 0 }

func object(v any) *document.Object {
	o, _ := v.(*document.Object)
	return o
}

func clone(v any) any {
	switch v := v.(type) {
	case *document.Object:
		o := &document.Object{}
		for _, m := range v.Members() {
			o.Set(m.Name, clone(m.Value))
		}
		return o
	case []any:
		a := make([]any, 0, len(v))
		for _, e := range v {
			a = append(a, clone(e))
		}
		return a
	}
	return v
}

var operations = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// visit calls f for the objects of a document that prose may be written to, with what they are.
func (p *publisher) visit(f func(kind string, o *document.Object)) {
	v := visitor{f}
	f("document", p.root)
	f("info", object(p.root.Get("info")))
	tags, _ := p.root.Get("tags").([]any)
	for _, tag := range tags {
		f("tag", object(tag))
	}
	for _, m := range object(p.root.Get("paths")).Members() {
		item := object(m.Value)
		if item.Has("$ref") {
			continue
		}
		f("path", item)
		v.parameters(item)
		for _, m := range item.Members() {
			if slices.Contains(operations, m.Name) {
				v.operation(object(m.Value))
			}
		}
	}
	components := object(p.root.Get("components"))
	for _, m := range object(components.Get("schemas")).Members() {
		v.schema(m.Value)
	}
	for _, m := range object(components.Get("responses")).Members() {
		v.response(object(m.Value))
	}
	for _, m := range object(components.Get("parameters")).Members() {
		v.parameter(object(m.Value))
	}
	for _, m := range object(components.Get("securitySchemes")).Members() {
		f("securityScheme", object(m.Value))
	}
}

type visitor struct {
	found func(kind string, o *document.Object)
}

func (v visitor) operation(o *document.Object) {
	v.found("operation", o)
	v.parameters(o)
	if body := object(o.Get("requestBody")); body != nil {
		v.found("requestBody", body)
		v.content(body)
	}
	for _, m := range object(o.Get("responses")).Members() {
		v.response(object(m.Value))
	}
}

func (v visitor) response(o *document.Object) {
	v.found("response", o)
	for _, m := range object(o.Get("headers")).Members() {
		v.parameter(object(m.Value))
	}
	v.content(o)
}

func (v visitor) parameters(o *document.Object) {
	list, _ := o.Get("parameters").([]any)
	for _, parameter := range list {
		v.parameter(object(parameter))
	}
}

func (v visitor) parameter(o *document.Object) {
	v.found("parameter", o)
	if schema, ok := o.Lookup("schema"); ok {
		v.schema(schema)
	}
}

func (v visitor) content(o *document.Object) {
	for _, m := range object(o.Get("content")).Members() {
		v.found("mediaType", object(m.Value))
		if schema, ok := object(m.Value).Lookup("schema"); ok {
			v.schema(schema)
		}
	}
}

func (v visitor) schema(value any) {
	o := object(value)
	if o == nil {
		return
	}
	for _, name := range []string{"items", "additionalProperties", "not"} {
		v.schema(o.Get(name))
	}
	for _, m := range object(o.Get("properties")).Members() {
		v.schema(m.Value)
	}
	for _, name := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := o.Get(name).([]any)
		for _, e := range list {
			v.schema(e)
		}
	}
	v.found("schema", o)
}

// prose writes what upstreams write besides facts.
func (p *publisher) prose() {
	p.visit(func(kind string, o *document.Object) {
		example := clone(document.NewObject(document.Member{Name: "description", Value: "an example\nof $ref"}, document.Member{Name: "$ref", Value: "nowhere"}))
		text := []string{"Some prose: with `code`, a\ttab, \"quotes\" and #/components.", "null", "OK", "0x10", " ", "é\u2028 😀"}[p.IntN(6)]
		add := func(names ...string) {
			for _, name := range names {
				if !p.chance(3) || o.Has(name) {
					continue
				}
				switch name {
				case "externalDocs":
					o.Set(name, document.NewObject(document.Member{Name: "url", Value: "https://example.com"}))
				case "example", "x-readme":
					o.Set(name, example)
				case "examples":
					o.Set(name, document.NewObject(document.Member{Name: "first", Value: document.NewObject(document.Member{Name: "value", Value: example})}))
				case "links":
					o.Set(name, document.NewObject(document.Member{Name: "next", Value: document.NewObject(document.Member{Name: "operationId", Value: "x"})}))
				case "callbacks":
					o.Set(name, document.NewObject(document.Member{Name: "done", Value: document.NewObject(document.Member{Name: "{$request.body#/url}", Value: document.NewObject()})}))
				case "contact", "license":
					o.Set(name, document.NewObject(document.Member{Name: "name", Value: text}))
				default:
					o.Set(name, text)
				}
			}
		}
		switch kind {
		case "document":
			add("externalDocs", "x-readme")
		case "info":
			add("description", "summary", "termsOfService", "contact", "license", "x-logo")
		case "tag":
			add("description", "externalDocs", "x-display-name")
		case "path":
			add("summary", "description", "x-readme")
		case "operation":
			add("summary", "description", "externalDocs", "callbacks", "x-readme", "x-code-samples")
		case "requestBody", "securityScheme":
			add("description", "x-readme")
		case "mediaType":
			add("example", "examples", "x-readme")
		case "parameter":
			if o.Has("$ref") {
				add("description")
			} else {
				add("description", "example", "examples", "x-readme")
			}
		case "response":
			if o.Has("$ref") {
				add("description", "summary")
			} else {
				o.Set("description", text)
				add("links", "x-readme")
			}
		case "schema":
			if o.Has("$ref") {
				add("description", "title")
			} else {
				add("description", "title", "example", "examples", "externalDocs", "xml", "$comment", "x-readme")
			}
		}
	})
}

// modern writes the schemas as OpenAPI 3.1 does.
func (p *publisher) modern() {
	p.root.Set("openapi", "3.1.0")
	null := func() any { return document.NewObject(document.Member{Name: "type", Value: "null"}) }
	p.visit(func(kind string, o *document.Object) {
		if kind != "schema" {
			return
		}
		all, _ := o.Get("allOf").([]any)
		switch {
		case o.Get("nullable") != true:
		case len(all) == 1 && o.Len() == 2:
			o.Delete("nullable")
			o.Delete("allOf")
			o.Set([]string{"oneOf", "anyOf"}[p.IntN(2)], []any{all[0], null()})
		case o.Has("type") && p.chance(3) && !o.Has("default"):
			inner := clone(o)
			object(inner).Delete("nullable")
			for _, m := range slices.Clone(o.Members()) {
				o.Delete(m.Name)
			}
			o.Set("anyOf", []any{null(), inner})
			return
		case o.Has("type"):
			o.Delete("nullable")
			o.Set("type", []any{o.Get("type"), "null"})
		}
		values, isEnum := o.Get("enum").([]any)
		switch _, nullable := o.Get("type").([]any); {
		case isEnum && nullable:
			o.Set("enum", append(slices.Clone(values), nil))
		case isEnum && len(values) == 1:
			o.Delete("enum")
			o.Set("const", values[0])
		}
		if _, several := o.Get("type").([]any); o.Has("type") && !several && p.chance(4) {
			o.Set("type", []any{o.Get("type")})
		}
		if items := object(o.Get("items")); items != nil && items.Len() == 0 {
			o.Set("items", true)
		}
		if o.Get("format") == "byte" && p.chance(2) {
			o.Delete("format")
			o.Set("contentEncoding", "base64")
		}
	})
	if p.chance(2) {
		p.root.Set("jsonSchemaDialect", "https://spec.openapis.org/oas/3.1/dialect/base")
		p.root.Set("webhooks", document.NewObject(document.Member{Name: "jobDone", Value: document.NewObject()}))
	}
}

// shuffle brings members, and arrays whose order means nothing, into any order.
func (p *publisher) shuffle() { p.shuffleIn(p.root, "") }

func (p *publisher) shuffleIn(v any, name string) {
	switch v := v.(type) {
	case *document.Object:
		ranks := map[string]int{}
		for _, m := range v.Members() {
			ranks[m.Name] = p.Int()
			p.shuffleIn(m.Value, m.Name)
		}
		v.Sort(func(a, b document.Member) int { return ranks[a.Name] - ranks[b.Name] })
	case []any:
		switch name {
		case "required", "tags", "parameters", "enum", "security":
			p.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		}
		for _, e := range v {
			p.shuffleIn(e, "")
		}
	}
}

// prefix writes the paths below another server URL than ours.
func (p *publisher) prefix(service string) {
	type published struct{ server, add, remove string }
	shapes := map[string][]published{
		"airbyte": {
			{"https://api.airbyte.com", "/v1", ""},
			{"http://localhost:8000/api", "/public/v1", ""},
			{"/api/public", "/v1", ""},
			{"https://cloud.airbyte.com/v1/", "", ""},
			{"", "/api/public/v1", ""},
			{"", "", ""},
		},
		"polytomic": {{"https://app.polytomic.eu/api", "", "/api"}, {"https://app.polytomic.com/", "", ""}, {"", "", ""}},
		"atlan":     {{"https://{name}.example.com", "", ""}, {"/", "", ""}},
	}
	shape := shapes[service][p.IntN(len(shapes[service]))]
	p.root.Delete("servers")
	if shape.server != "" {
		p.root.Set("servers", []any{document.NewObject(document.Member{Name: "url", Value: shape.server}, document.Member{Name: "description", Value: "prose"})})
	}
	paths := &document.Object{}
	for _, m := range object(p.root.Get("paths")).Members() {
		name := m.Name
		if strings.HasPrefix(name, "/") {
			name = shape.add + strings.TrimPrefix(name, shape.remove)
		}
		paths.Set(name, m.Value)
	}
	p.root.Set("paths", paths)
}

// connectors writes the settings of each connector where we have a free-form object.
func (p *publisher) connectors(pointers []string) {
	schemas := object(object(p.root.Get("components")).Get("schemas"))
	for _, pointer := range pointers {
		i := strings.LastIndex(pointer, "/")
		parent, _ := document.At(p.root, pointer[:i])
		free := object(object(parent).Get(pointer[i+1:]))
		if free == nil {
			continue
		}
		var alternatives []any
		for n := range 1 + p.IntN(60) {
			name := fmt.Sprintf("source-%d", n)
			alternatives = append(alternatives, document.NewObject(document.Member{Name: "$ref", Value: "#/components/schemas/" + name}))
			if schemas.Has(name) {
				continue
			}
			schemas.Set(name, document.NewObject(
				document.Member{Name: "type", Value: "object"},
				document.Member{Name: "unheardOf", Value: true},
				document.Member{Name: "properties", Value: document.NewObject(document.Member{
					Name: "tunnel", Value: document.NewObject(document.Member{Name: "$ref", Value: "#/components/schemas/connector_tunnel"}),
				})},
			))
			schemas.Set("connector_tunnel", document.NewObject(document.Member{Name: "oneOf", Value: []any{
				document.NewObject(document.Member{Name: "$ref", Value: "#/components/schemas/connector_tunnel"}),
				document.NewObject(document.Member{Name: "$ref", Value: "missing.yaml"}),
			}}))
		}
		union := document.NewObject(document.Member{Name: "oneOf", Value: alternatives})
		if free.Get("nullable") == true {
			union.Set("nullable", true)
		}
		object(parent).Set(pointer[i+1:], union)
	}
}

// split writes components and paths to files of their own.
func (p *publisher) split() files {
	f := files{}
	components := object(p.root.Get("components"))
	reached := p.reached()
	for _, m := range object(components.Get("schemas")).Members() {
		if reference, ok := object(m.Value).Get("$ref").(string); ok {
			reached[reference] = false // the file would be taken for what the component m is
		}
	}
	elsewhere := map[string]string{} // reference within the document to reference from its folder
	parts := map[string]any{}
	var aside *document.Object // one file of several schemas
	asideName := "common/schemas.json"
	for _, section := range []string{"schemas", "responses", "parameters"} {
		entries := object(components.Get(section))
		for _, m := range slices.Clone(entries.Members()) {
			if !p.chance(3) || object(m.Value).Has("$ref") {
				continue
			}
			reference := "#/components/" + section + "/" + m.Name
			var to string
			if section == "schemas" && p.chance(3) {
				if aside == nil {
					aside = &document.Object{}
				}
				aside.Set(m.Name, m.Value)
				to = asideName + "#/" + m.Name
			} else {
				to = section + "/" + m.Name + []string{".yaml", ".yml", ".json"}[p.IntN(3)]
				parts[to] = m.Value
			}
			elsewhere[reference] = to
			if section == "schemas" && reached[reference] && p.chance(2) {
				entries.Delete(m.Name) // only the file names it, after itself
			} else {
				entries.Set(m.Name, document.NewObject(document.Member{Name: "$ref", Value: "./" + to}))
			}
		}
	}
	if aside != nil {
		parts[asideName] = aside
	}
	paths := object(p.root.Get("paths"))
	for i, m := range slices.Clone(paths.Members()) {
		if p.chance(4) {
			name := fmt.Sprintf("paths/%d.yaml", i)
			parts[name] = m.Value
			paths.Set(m.Name, document.NewObject(document.Member{Name: "$ref", Value: name}))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		rewrite(parts[name], name, elsewhere, p)
		f[name] = p.encode(parts[name], strings.HasSuffix(name, ".json"))
	}
	rewrite(p.root, entryName, elsewhere, p)
	return f
}

// rewrite makes references within the document lead to the files, from one of them.
func rewrite(v any, from string, elsewhere map[string]string, p *publisher) {
	switch v := v.(type) {
	case *document.Object:
		for _, m := range v.Members() {
			reference, ok := m.Value.(string)
			if !ok || !strings.HasPrefix(reference, "#/components/") {
				rewrite(m.Value, from, elsewhere, p)
				continue
			}
			to, moved := elsewhere[reference]
			depth := strings.Repeat("../", strings.Count(from, "/"))
			switch {
			case moved:
				v.Set(m.Name, depth+to)
			case from != entryName:
				v.Set(m.Name, depth+path.Base(entryName)+reference)
			}
		}
	case []any:
		for _, e := range v {
			rewrite(e, from, elsewhere, p)
		}
	}
}

// encode writes a value as JSON or YAML.
func (p *publisher) encode(v any, asJSON bool) []byte {
	if asJSON {
		return document.Print(v, p.IntN(4))
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2 + p.IntN(3))
	if err := encoder.Encode(p.node(v)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func (p *publisher) node(v any) *yaml.Node {
	style := yaml.Style(0)
	if p.chance(8) {
		style = yaml.FlowStyle
	}
	switch v := v.(type) {
	case *document.Object:
		node := &yaml.Node{Kind: yaml.MappingNode, Style: style}
		for _, m := range v.Members() {
			key := &yaml.Node{}
			key.SetString(m.Name)
			if strings.Trim(m.Name, "0123456789") == "" && m.Name != "" && p.chance(2) {
				key = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: m.Name} // 200: without quotes
			}
			node.Content = append(node.Content, key, p.node(m.Value))
		}
		return node
	case []any:
		node := &yaml.Node{Kind: yaml.SequenceNode, Style: style}
		for _, e := range v {
			node.Content = append(node.Content, p.node(e))
		}
		return node
	case document.Number:
		tag := "!!int"
		if strings.ContainsAny(string(v), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: string(v)}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(v)}
	case string:
		node := &yaml.Node{}
		node.SetString(v)
		return node
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	}
}

// part is a document with some of the paths of another, and the components that they lead to.
func (p *publisher) part(paths int) {
	all := object(p.root.Get("paths"))
	kept := map[string]bool{}
	for range paths {
		kept[all.Members()[p.IntN(all.Len())].Name] = true
	}
	for _, m := range slices.Clone(all.Members()) {
		if !kept[m.Name] {
			all.Delete(m.Name)
		}
	}
	components := object(p.root.Get("components"))
	reached := p.reached()
	for _, section := range components.Members() {
		if section.Name == "securitySchemes" {
			continue
		}
		entries := object(section.Value)
		for _, m := range slices.Clone(entries.Members()) {
			if !reached["#/components/"+section.Name+"/"+m.Name] {
				entries.Delete(m.Name)
			}
		}
	}
	for _, section := range slices.Clone(components.Members()) {
		if object(section.Value).Len() == 0 {
			components.Delete(section.Name)
		}
	}
}

// reached are the references that the paths lead to.
func (p *publisher) reached() map[string]bool {
	reached := map[string]bool{}
	var reach func(v any)
	reach = func(v any) {
		switch v := v.(type) {
		case *document.Object:
			for _, m := range v.Members() {
				if text, ok := m.Value.(string); ok && strings.HasPrefix(text, "#/") && !reached[text] {
					reached[text] = true
					target, _ := document.At(p.root, text[1:])
					reach(target)
				}
				reach(m.Value)
			}
		case []any:
			for _, e := range v {
				reach(e)
			}
		}
	}
	reach(p.root.Get("paths"))
	return reached
}
