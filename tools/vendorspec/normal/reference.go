package normal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// A Source reads the files of a document; *origin.Origin is one.
type Source interface {
	// Resolve names the file that a reference means, which stands in the file named base.
	Resolve(base, reference string) (string, error)
	// Read reads a file of at most limit bytes.
	Read(ctx context.Context, name string, limit int64) ([]byte, error)
}

// maxFiles bounds how many files one document may consist of.
const maxFiles = 2000

// A target is what a reference means.
type target struct {
	file    string
	pointer string
}

// A component is a value of components in the normalised document.
type component struct {
	kind, name string
	at         *place
	value      any
	old        any
	written    any // nil until it is normalised
	queued     bool
}

// load reads another file of the document, once.
func (n *normaliser) load(name string) (*file, error) {
	if f, ok := n.files[name]; ok {
		return f, nil
	}
	if len(n.files) >= maxFiles {
		return nil, n.fail(&document.LimitError{Over: fmt.Sprintf("the document has more than the limit of %d files", maxFiles)})
	}
	text, err := n.source.Read(n.ctx, name, n.budget.Bytes)
	if err != nil {
		if n.ctx.Err() != nil {
			return nil, n.fail(err)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the file %s does not exist", name)
		}
		return nil, err
	}
	if err := n.budget.TakeBytes(int64(len(text))); err != nil {
		return nil, n.fail(err)
	}
	root, err := document.Read(text, n.budget)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
		if _, over := errors.AsType[*document.LimitError](err); over {
			return nil, n.fail(err)
		}
		return nil, err
	}
	f := &file{name: name, root: root}
	n.files[name] = f
	return f, nil
}

// resolve finds what a reference in a file means. The file is read when it was not before.
func (n *normaliser) resolve(from *file, reference string) (target, *file, error) {
	name, fragment, _ := strings.Cut(reference, "#")
	f := from
	if name != "" {
		resolved, err := n.source.Resolve(from.name, name)
		if err != nil {
			return target{}, nil, err
		}
		if f, err = n.load(resolved); err != nil {
			return target{}, nil, err
		}
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil || pointer != "" && pointer[0] != '/' {
		return target{}, nil, fmt.Errorf("%q does not end in a JSON pointer", reference)
	}
	pointer = strings.TrimSuffix(pointer, "/")
	return target{f.name, pointer}, f, nil
}

// componentOf reads a pointer as that of a component: /components/kind/name.
func componentOf(pointer string) (kind, name string, ok bool) {
	tokens := strings.Split(pointer, "/")
	if len(tokens) != 4 || tokens[1] != "components" {
		return "", "", false
	}
	return tokens[2], document.Unescape(tokens[3]), true
}

// claim gives the names of components that are nothing but a reference to another file to what they refer to: the
// file schemas/job.yaml is written as the component Job when the document says so. Of several such components the one that is
// named like the file has it, or else the first; the others stay references.
func (n *normaliser) claim(components *document.Object) {
	for _, section := range components.Members() {
		entries, ok := section.Value.(*document.Object)
		if !ok {
			continue
		}
		for _, m := range entries.Members() {
			reference, ok := m.Value.(*document.Object)
			if !ok || !isKept(section.Name) {
				continue
			}
			text, ok := reference.Get("$ref").(string)
			if !ok || strings.HasPrefix(text, "#") {
				continue
			}
			name, fragment, _ := strings.Cut(text, "#")
			resolved, err := n.source.Resolve(n.entry.name, name)
			pointer, err2 := url.PathUnescape(fragment)
			if err != nil || err2 != nil {
				continue // met again, and refused, when the component is written
			}
			t := target{resolved, strings.TrimSuffix(pointer, "/")}
			if _, taken := n.claimed[t]; resolved != n.entry.name && (!taken || suggested(t) == m.Name) {
				n.claimed[t] = [2]string{section.Name, m.Name}
			}
		}
	}
}

// isKept says whether a section of components is written.
func isKept(kind string) bool {
	switch kind {
	case "schemas", "responses", "parameters", "requestBodies", "headers", "securitySchemes":
		return true
	}
	return false
}

// refer turns a reference into one to a component of the normalised document, and sees to it that the component is
// written. It returns "" when it has noted a problem.
func (n *normaliser) refer(kind string, reference any, at *place) string {
	text, ok := reference.(string)
	if !ok || text == "" {
		n.problem(at, "$ref is not a text")
		return ""
	}
	t, f, err := n.resolve(at.file, text)
	if err != nil {
		n.problem(at, "%v", err)
		return ""
	}
	c := n.component(kind, t, f, at, text)
	if c == nil {
		return ""
	}
	n.queue(c)
	return "#/components/" + kind + "/" + document.Escape(c.name)
}

// component finds or makes the component that a target is written as.
func (n *normaliser) component(kind string, t target, f *file, at *place, text string) *component {
	if f.entry {
		if found, name, ok := componentOf(t.pointer); ok {
			if found != kind {
				n.problem(at, "%s stands where one of components/%s belongs", text, kind)
				return nil
			}
			if c := n.components[kind][name]; c != nil {
				return c
			}
			return n.dangling(kind, name, at, text)
		}
	}
	if claim, ok := n.claimed[t]; ok && claim[0] == kind {
		return n.components[kind][claim[1]]
	}
	if c, ok := n.bundled[t]; ok {
		if c.kind != kind {
			n.problem(at, "%s is used as one of components/%s and of components/%s", text, c.kind, kind)
			return nil
		}
		return c
	}
	value, ok := document.At(f.root, t.pointer)
	if !ok {
		n.problem(at, "%s leads nowhere", text)
		return nil
	}
	name := n.freeName(kind, t)
	if name == "" {
		n.problem(at, "%s needs a name among components/%s, but those that it suggests are taken", text, kind)
		return nil
	}
	c := n.add(kind, name, placeAt(f, t.pointer, n.rules.in("components").in(kind).in(name)), value)
	n.bundled[t] = c
	if f.entry {
		n.note(at, "refers to a part of the document that has no name: written as a component")
	}
	return c
}

// dangling makes a component for a reference to one that upstream does not define.
func (n *normaliser) dangling(kind, name string, at *place, text string) *component {
	if !componentName.MatchString(name) {
		n.problem(at, "%s leads nowhere", text)
		return nil
	}
	rule := n.rules.in("components").in(kind).in(name)
	where := placeAt(n.entry, "/components/"+document.Escape(kind)+"/"+document.Escape(name), rule)
	if old := member(member(member(n.old, "components"), kind), name); old != nil {
		n.note(at, text+" is defined nowhere: the committed definition stays")
		return n.add(kind, name, where, old)
	}
	switch kind {
	case "schemas":
		n.note(at, text+" is defined nowhere: written as a schema that allows anything")
		return n.add(kind, name, where, document.NewObject())
	case "responses":
		n.note(at, text+" is defined nowhere: written as a response without a body")
		return n.add(kind, name, where, document.NewObject())
	}
	n.problem(at, "%s leads nowhere", text)
	return nil
}

// baseName is the name of a file without its folder and endings.
func baseName(file string) string {
	base := path.Base(file)
	if u, err := url.Parse(file); err == nil {
		base = path.Base(u.Path)
	}
	for ext := path.Ext(base); ext != ""; ext = path.Ext(base) {
		base = strings.TrimSuffix(base, ext)
	}
	return base
}

// suggested is the name that a target has by itself: the last token of its pointer, or the name of the file.
func suggested(t target) string {
	if i := strings.LastIndex(t.pointer, "/"); i >= 0 {
		return document.Unescape(t.pointer[i+1:])
	}
	return baseName(t.file)
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// freeName suggests a name for what is bundled: the last token of its pointer or the name of its file, and then both.
func (n *normaliser) freeName(kind string, t target) string {
	base := baseName(t.file)
	last := suggested(t)
	var parts []string
	if t.pointer != "" {
		tokens := strings.Split(t.pointer[1:], "/")
		for i, token := range tokens {
			token = document.Unescape(token)
			if i < 2 && tokens[0] == "components" || token == "properties" || token == "$defs" || token == "definitions" {
				continue
			}
			parts = append(parts, token)
		}
	}
	for _, name := range []string{last, base + "_" + last, strings.Join(parts, "_"), base + "_" + strings.Join(parts, "_")} {
		name = strings.Trim(notInNames.ReplaceAllString(name, "_"), "_")
		numeric := strings.Trim(name, "0123456789") == ""
		if name != "" && !numeric && n.components[kind][name] == nil {
			return name
		}
	}
	return ""
}

func (n *normaliser) add(kind, name string, at *place, value any) *component {
	c := &component{kind: kind, name: name, at: at, value: value, old: member(member(member(n.old, "components"), kind), name)}
	if n.components[kind] == nil {
		n.components[kind] = map[string]*component{}
	}
	n.components[kind][name] = c
	n.sections[kind] = append(n.sections[kind], c)
	return c
}

func (n *normaliser) queue(c *component) {
	if !c.queued {
		c.queued = true
		n.waiting = append(n.waiting, c)
	}
}

// write normalises the components that are waiting, and those that they refer to.
func (n *normaliser) write() {
	for len(n.waiting) > 0 && !n.stopped() {
		c := n.waiting[0]
		n.waiting = n.waiting[1:]
		value, at := c.value, c.at
		// A component that claims a file is written from it.
		if o, ok := value.(*document.Object); ok && at.file.entry {
			if text, ok := o.Get("$ref").(string); ok && !strings.HasPrefix(text, "#") {
				t, f, err := n.resolve(at.file, text)
				if err == nil && n.claimed[t] == [2]string{c.kind, c.name} {
					var found bool
					if value, found = document.At(f.root, t.pointer); !found {
						n.problem(at, "%s leads nowhere", text)
						continue
					}
					at = placeAt(f, t.pointer, at.rule)
				}
			}
		}
		c.written = n.componentValue(c, value, at)
	}
}

func (n *normaliser) componentValue(c *component, value any, at *place) any {
	switch c.kind {
	case "schemas":
		return n.schema(value, at, c.old)
	case "responses":
		return n.response(value, at, c.old, c.name)
	case "parameters":
		return n.parameter(value, at, c.old)
	case "requestBodies":
		return n.requestBody(value, at, c.old)
	case "headers":
		return n.header(value, at, c.old)
	default:
		return n.securityScheme(value, at, c.old)
	}
}
