package normal

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// maxInlined bounds how many path items are written from where they are referred to, and how long a chain of them is.
const maxInlined = 16

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (n *normaliser) servers(v any, at *place, old any) any {
	for i, server := range n.list(v, at) {
		if text, ok := member(server, "url").(string); !ok || text == "" {
			n.problem(at.in(fmt.Sprint(i)), "the server has no url")
		}
	}
	if len(n.config.Servers) > 0 {
		return n.ourServers()
	}
	written := []any{}
	for i, server := range n.list(v, at) {
		at, old := at.in(fmt.Sprint(i)), element(old, i)
		written = append(written, n.members(server, at, old, "a server", func(name string, v any, at *place, old any) (any, verdict) {
			switch name {
			case "url":
				return n.text(v, at)
			case "variables":
				return n.named(v, at, old, "variables", func(v any, at *place, old any, _ string) any {
					return n.members(v, at, old, "a variable", func(name string, v any, at *place, old any) (any, verdict) {
						switch name {
						case "default":
							return n.text(v, at)
						case "enum":
							return opaque(v, old), keep
						case "description":
							return nil, prose
						}
						return nil, unknown
					})
				}), keep
			case "description", "name":
				return nil, prose
			}
			return nil, unknown
		}))
	}
	return written
}

// ourServers are the servers of vendor.yaml.
func (n *normaliser) ourServers() any {
	written := []any{}
	for _, server := range n.config.Servers {
		o := document.NewObject(document.Member{Name: "url", Value: server.URL})
		if len(server.Variables) > 0 {
			variables := &document.Object{}
			for _, name := range slices.Sorted(maps.Keys(server.Variables)) {
				variables.Set(name, document.NewObject(document.Member{Name: "default", Value: server.Variables[name]}))
			}
			o.Set("variables", variables)
		}
		written = append(written, o)
	}
	return written
}

// basePath is the path of a server URL, whose host may be a variable: "" or a path that ends without a slash.
func basePath(server any) string {
	text, _ := member(server, "url").(string)
	if o, ok := member(server, "variables").(*document.Object); ok {
		for _, m := range o.Members() {
			if value, ok := member(m.Value, "default").(string); ok {
				text = strings.ReplaceAll(text, "{"+m.Name+"}", value)
			}
		}
	}
	if _, rest, found := strings.Cut(text, "://"); found {
		text = rest
		i := strings.Index(text, "/")
		if i < 0 {
			return ""
		}
		text = text[i:]
	}
	if unescaped, err := url.PathUnescape(text); err == nil {
		text = unescaped
	}
	text, _, _ = strings.Cut(text, "?")
	return strings.TrimRight(text, "/")
}

// relative makes paths relative to our servers. Where a path stands in the service is known from the published
// servers: our servers of the same path leave it as it is, the others have their path taken off its front.
func (n *normaliser) relative(published any) func(path string) (string, bool) {
	if len(n.config.Servers) == 0 {
		return func(path string) (string, bool) { return path, true }
	}
	var ours, theirs []string
	list, _ := n.ourServers().([]any)
	for _, server := range list {
		ours = append(ours, basePath(server))
	}
	slices.SortFunc(ours, func(a, b string) int { return len(b) - len(a) })
	list, _ = published.([]any)
	for _, server := range list {
		theirs = append(theirs, basePath(server))
	}
	stated := len(theirs) > 0 && (len(theirs) > 1 || member(list[0], "url") != "/")
	if !stated {
		theirs = []string{""}
	}
	return func(path string) (string, bool) {
		for _, base := range theirs {
			if slices.Contains(ours, base) && (stated || base != "" || len(ours) == 1) {
				return path, true
			}
			for _, ourBase := range ours {
				if rest, found := strings.CutPrefix(base+path, ourBase+"/"); found && ourBase != "" {
					return "/" + rest, true
				}
			}
			if slices.Contains(ours, "") {
				return base + path, true
			}
		}
		// Without servers of its own, a document may be relative to ours already.
		return path, !stated
	}
}

func (n *normaliser) paths(v any, at *place, old any, servers any) any {
	out := &document.Object{}
	o, ok := v.(*document.Object)
	if !ok {
		n.problem(at, "paths is not an object")
		return out
	}
	relative := n.relative(servers)
	for _, m := range o.Members() {
		if !n.spend() {
			break
		}
		if n.extension(out, m, at, old) {
			continue
		}
		if !strings.HasPrefix(m.Name, "/") {
			n.problem(at.in(m.Name), "a path begins with a slash")
			continue
		}
		n.name(m.Name, at.in(m.Name))
		if strings.ContainsAny(m.Name, ` ?#\`) {
			n.problem(at.in(m.Name), "a path has no blanks, no query, no fragment and no backslashes")
		}
		for segment := range strings.SplitSeq(m.Name, "/") {
			if segment == "." || segment == ".." {
				n.problem(at.in(m.Name), "the path leads elsewhere: it has a segment %s", segment)
			}
		}
		path, ok := relative(m.Name)
		if !ok {
			n.problem(at.in(m.Name), "the path is not below one of our server URLs; add the server in vendor.yaml, or drop the path there")
			continue
		}
		if out.Has(path) {
			n.problem(at.in(m.Name), "two paths become %s", path)
			continue
		}
		out.Set(path, n.pathItem(m.Value, at.renamed(m.Name, path), member(old, path), path))
	}
	return arrange(out, old)
}

func (n *normaliser) pathItem(v any, at *place, old any, path string) any {
	o, ok := v.(*document.Object)
	if ok && o.Has("$ref") {
		item, from := n.inline(o, at)
		if item == nil {
			return &document.Object{}
		}
		v, at = item, from
	}
	out := n.members(v, at, old, "a path", func(name string, v any, at *place, old any) (any, verdict) {
		switch {
		case name == "parameters":
			return n.parameters(v, at, old), keep
		case slices.Contains(methods, name):
			return n.operation(v, at, old, name, path), keep
		case name == "servers":
			n.problem(at, "the path has servers of its own: the client talks to one")
			return nil, gone
		case name == "summary" || name == "description":
			return nil, prose
		}
		return nil, unknown
	})
	return out
}

// inline follows the reference of a path item, which OpenAPI has no components for in 3.0.
func (n *normaliser) inline(o *document.Object, at *place) (*document.Object, *place) {
	rule := at.rule
	for range maxInlined {
		text, ok := o.Get("$ref").(string)
		if !ok {
			n.problem(at, "$ref is not a text")
			return nil, nil
		}
		for _, m := range o.Members() {
			if m.Name != "$ref" && m.Name != "summary" && m.Name != "description" {
				n.problem(at.in(m.Name), "stands beside $ref, which has no meaning")
				return nil, nil
			}
		}
		t, f, err := n.resolve(at.file, text)
		if err != nil {
			n.problem(at, "%v", err)
			return nil, nil
		}
		value, found := document.At(f.root, t.pointer)
		if !found {
			n.problem(at, "%s leads nowhere", text)
			return nil, nil
		}
		at = placeAt(f, t.pointer, rule)
		if o, ok = value.(*document.Object); !ok {
			n.problem(at, "a path is not an object")
			return nil, nil
		}
		if !o.Has("$ref") {
			return o, at
		}
	}
	n.problem(at, "$ref leads back to itself")
	return nil, nil
}

func (n *normaliser) operation(v any, at *place, old any, method, path string) any {
	out := n.members(v, at, old, "an operation", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "operationId":
			return n.text(v, at)
		case "tags":
			tags := n.list(v, at)
			for i, tag := range tags {
				n.text(tag, at.in(fmt.Sprint(i)))
			}
			return arrangeSet(tags, old, document.Identity), keep
		case "parameters":
			return n.parameters(v, at, old), keep
		case "requestBody":
			return n.requestBody(v, at, old), keep
		case "responses":
			return n.responses(v, at, old), keep
		case "deprecated":
			return n.boolean(v, at)
		case "security":
			return n.security(v, at, old), keep
		case "callbacks":
			n.note(at, "callbacks are calls of the service to others: left out")
			n.dropped = append(n.dropped, dropped{v, at.file})
			return nil, gone
		case "servers":
			n.problem(at, "the operation has servers of its own: the client talks to one")
			return nil, gone
		case "summary", "description", "externalDocs":
			return nil, prose
		}
		return nil, unknown
	})
	if n.stopped() {
		return out
	}
	id, ok := out.Get("operationId").(string)
	switch {
	case !ok:
		id = inferredID(method, path)
		n.note(at, "the operation has no operationId: named after its method and path")
		out.Set("operationId", id)
	case !operationID.MatchString(id):
		n.problem(at.in("operationId"), "%q cannot name a Go method: letters, digits, dots, hyphens, slashes and underscores can", id)
	}
	if responses, _ := out.Get("responses").(*document.Object); responses.Len() == 0 {
		n.note(at, "the operation has no responses: any answer is allowed")
		out.Set("responses", document.NewObject(document.Member{
			Name: "default", Value: document.NewObject(document.Member{Name: "description", Value: "Error"}),
		}))
	}
	return arrange(out, old)
}

var operationID = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*$`)

// inferredID is getJobsByJobId for GET /jobs/{jobId}.
func inferredID(method, path string) string {
	var b strings.Builder
	b.WriteString(method)
	for word := range strings.FieldsFuncSeq(path, func(r rune) bool { return !letterOrDigit(r) && r != '{' }) {
		if bare, found := strings.CutPrefix(word, "{"); found {
			b.WriteString("By")
			word = bare
		}
		word = strings.ReplaceAll(word, "{", "")
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func letterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}
