package wire

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Compare returns what has changed from one document to the other, what breaks first. Two documents that differ in the
// order of keys, in prose or in examples have no facts.
func Compare(before, after *Document) ([]*Fact, error) {
	c := &comparison{old: before, new: after, renamed: map[string]string{}}
	c.renamedSchemas()
	c.document()
	c.allOperations()
	c.allComponents()
	for _, fact := range c.facts {
		fact.Operations = c.carriedBy(fact.Unit)
		if err := c.judge(fact); err != nil {
			return nil, fmt.Errorf("%s: %w", fact.Text, err)
		}
	}
	slices.SortFunc(c.facts, compare)
	return c.facts, nil
}

type comparison struct {
	old, new *Document
	renamed  map[string]string // new reference to the old one, of schemas that only changed their name
	open     map[string]bool   // references of schemas that may have changed their name, while that is found out
	facts    []*Fact
}

// place is where the comparison stands: in a unit, at a pointer of the old document, with a path for people.
type place struct {
	unit Unit
	at   []any
	path string
}

func (p place) down(path string, keys ...any) place {
	p.at = slices.Concat(p.at, keys)
	p.path = path
	return p
}

// of is the place as it stands in a sentence: "schedule.cronExpression of schema Connection".
func (p place) of() string {
	if p.path == "" {
		return p.unit.String()
	}
	return "`" + p.path + "` of " + p.unit.String()
}

// join puts the name of a field behind a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// add notes a fact; gone and come are the parts of the documents that went and came with it.
func (c *comparison) add(kind Kind, p place, from, to string, gone, come any, edits []edit, format string, args ...any) {
	c.facts = append(c.facts, &Fact{
		Kind: kind, Unit: p.unit, Path: p.path, From: from, To: to, Text: fmt.Sprintf(format, args...), edits: edits,
		Gone: slices.Sorted(maps.Keys(c.old.closure(gone))), Come: slices.Sorted(maps.Keys(c.new.closure(come))),
	})
}

func (c *comparison) set(p place, value any, keys ...any) edit {
	return edit{at: slices.Concat(p.at, keys), value: value}
}

// document compares what stands outside of operations and components that are compared by themselves.
func (c *comparison) document() {
	p := place{unit: Unit{Kind: "document"}}
	for _, key := range []string{"servers", "security"} {
		c.keyword(p, key, c.old.root[key], c.new.root[key])
	}
	extensions := map[string]bool{}
	for _, root := range []object{c.old.root, c.new.root} {
		for key := range root {
			extensions[key] = strings.HasPrefix(key, "x-")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(extensions)) {
		if extensions[key] {
			c.keyword(p, key, c.old.root[key], c.new.root[key])
		}
	}
}

func (c *comparison) allOperations() {
	olds, news := maps.Clone(c.old.operations), maps.Clone(c.new.operations)
	for _, name := range slices.Sorted(maps.Keys(olds)) {
		if n, ok := news[name]; ok {
			c.operation(olds[name], n)
			delete(olds, name)
			delete(news, name)
		}
	}
	// The names of path parameters are not on the wire.
	for _, name := range slices.Sorted(maps.Keys(olds)) {
		o := olds[name]
		for _, other := range slices.Sorted(maps.Keys(news)) {
			n := news[other]
			if o.method == n.method && anonymous(o.route) == anonymous(n.route) {
				c.add(OperationRenamed, place{unit: Unit{"operation", name}}, o.route, n.route, nil, nil, nil,
					"path parameters of %s are named otherwise: `%s`", name, n.route)
				c.operation(o, &operation{n.method, o.route, withParameterNames(n.node, n.route, o.route)})
				delete(olds, name)
				delete(news, other)
				break
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(olds)) {
		o := olds[name]
		p := place{unit: Unit{"operation", name}}
		if id, _ := o.node["operationId"].(string); id != "" {
			moved := slices.IndexFunc(slices.Sorted(maps.Keys(news)), func(other string) bool { return news[other].node["operationId"] == id })
			if moved >= 0 {
				to := slices.Sorted(maps.Keys(news))[moved]
				c.add(OperationMoved, p, name, to, o.node, news[to].node, []edit{{drop: true}},
					"operation %s (`%s`) is now %s", name, id, to)
				delete(news, to)
				continue
			}
		}
		c.add(OperationRemoved, p, name, "", o.node, nil, []edit{{drop: true}}, "operation %s removed", name)
	}
	for _, name := range slices.Sorted(maps.Keys(news)) {
		n := news[name]
		c.add(OperationAdded, place{unit: Unit{"operation", name}}, "", name, nil, n.node, []edit{{value: n.node}}, "operation %s added", name)
	}
}

var placeholder = regexp.MustCompile(`\{[^{}/]*\}`)

// anonymous is a route without the names of its parameters. What stands beside them stays: /jobs/{id}:cancel is not
// /jobs/{id}:pause.
func anonymous(route string) string { return placeholder.ReplaceAllString(route, "{}") }

// withParameterNames returns the operation with the names of its path parameters as another route has them.
func withParameterNames(node object, from, to string) object {
	names := map[string]string{}
	as, bs := placeholder.FindAllString(from, -1), placeholder.FindAllString(to, -1)
	for i := range as {
		names[strings.Trim(as[i], "{}")] = strings.Trim(bs[i], "{}")
	}
	node = clone(node).(object)
	parameters, _ := node["parameters"].([]any)
	for _, parameter := range parameters {
		if parameter, ok := parameter.(object); ok && parameter["in"] == "path" {
			name, _ := parameter["name"].(string)
			parameter["name"] = names[name]
		}
	}
	return node
}

func (c *comparison) allComponents() {
	for _, ref := range slices.Sorted(maps.Keys(c.new.components)) {
		before := ref
		if renamed, ok := c.renamed[ref]; ok {
			before = renamed
		}
		o, ok := c.old.components[before]
		if !ok {
			continue // whoever refers to it is a fact
		}
		kind, name, _ := strings.Cut(strings.TrimPrefix(before, "#/components/"), "/")
		p := place{unit: Unit{kind, name}}
		n := c.new.components[ref]
		switch kind {
		case "schemas":
			c.schema(p, o, n)
		case "responses":
			c.response(p, o, n)
		case "parameters", "headers":
			c.parameter(p, o, n)
		case "requestBodies":
			c.requestBody(p, o, n)
		case "examples", "links":
		default:
			c.keyword(p, "", o, n)
		}
	}
	// Security schemes have no references: nobody else tells.
	for _, kind := range []string{"securitySchemes"} {
		for _, name := range union(c.old.Components(kind), c.new.Components(kind)) {
			p := place{unit: Unit{kind, name}}
			ref := p.unit.Ref()
			_, before := c.old.components[ref]
			_, after := c.new.components[ref]
			switch {
			case before && !after:
				c.add(Changed, p, name, "", nil, nil, nil, "%s removed", p.unit)
			case after && !before:
				c.add(Changed, p, "", name, nil, nil, nil, "%s added", p.unit)
			}
		}
	}
}

func (c *comparison) operation(o, n *operation) {
	p := place{unit: Unit{"operation", o.String()}}
	for _, key := range union(slices.Collect(maps.Keys(o.node)), slices.Collect(maps.Keys(n.node))) {
		before, after := o.node[key], n.node[key]
		switch key {
		case "operationId":
			if before != after {
				c.add(OperationRenamed, p, fmt.Sprint(before), fmt.Sprint(after), nil, nil, nil,
					"operationId of %s changed from `%v` to `%v`", p.unit, before, after)
			}
		case "parameters":
			c.parameters(p.down("", key), before, after)
		case "requestBody":
			c.requestBody(p.down("request body", key), before, after)
		case "responses":
			c.responses(p.down("", key), before, after)
		case "deprecated":
			c.keyword(p, key, before, after)
		case "tags":
		default:
			if !prose(key) {
				c.keyword(p, key, before, after)
			}
		}
	}
}

func (c *comparison) parameters(p place, before, after any) {
	olds, _ := before.([]any)
	news, _ := after.([]any)
	index := func(d *Document, list []any) map[string]int {
		found := map[string]int{}
		for i, parameter := range list {
			found[d.parameterKey(parameter)] = i
		}
		return found
	}
	oldAt, newAt := index(c.old, olds), index(c.new, news)
	without := func(at int) []any { return slices.Delete(slices.Clone(olds), at, at+1) }
	var gone, come []string
	for _, key := range union(slices.Collect(maps.Keys(oldAt)), slices.Collect(maps.Keys(newAt))) {
		i, was := oldAt[key]
		j, is := newAt[key]
		switch {
		case !is:
			gone = append(gone, key)
		case !was:
			come = append(come, key)
		case c.sameReference(olds[i], news[j]):
		default:
			o, n := olds[i], news[j]
			// A parameter that moved into a component or out of one is compared as what it is.
			if reference(o) != "" || reference(n) != "" {
				o, n = c.old.resolve(o), c.new.resolve(n)
			}
			c.parameter(p.down(label(key), i), o, n)
		}
	}
	body := func(d *Document, parameter any) string {
		node := maps.Clone(d.resolve(parameter).(object))
		delete(node, "name")
		delete(node, "required")
		node["schema"] = c.canonical(d, node["schema"])
		return text(facts(node))
	}
	pairs := likelyRenames(gone, come, func(from, to string) bool {
		return strings.Fields(from)[0] == strings.Fields(to)[0] && body(c.old, olds[oldAt[from]]) == body(c.new, news[newAt[to]])
	}, func(from, to string) bool { return false })
	for _, key := range gone {
		at := oldAt[key]
		if to, ok := pairs[key]; ok {
			c.add(ParameterRenamed, p.down(label(key)), name(key), name(to), nil, nil, []edit{c.set(p, append(without(at), news[newAt[to]]))},
				"%s of %s likely renamed to `%s`", label(key), p.unit, name(to))
			come = slices.DeleteFunc(come, func(key string) bool { return key == to })
			continue
		}
		c.add(ParameterRemoved, p.down(label(key)), name(key), "", olds[at], nil, []edit{c.set(p, without(at))},
			"%s of %s removed", label(key), p.unit)
	}
	for _, key := range come {
		n := news[newAt[key]]
		required := ""
		if node, _ := c.new.resolve(n).(object); node["required"] == true {
			required = "required "
		}
		c.add(ParameterAdded, p.down(label(key)), "", name(key), nil, n, []edit{c.set(p, append(slices.Clone(olds), n))},
			"%s%s of %s added", required, label(key), p.unit)
	}
}

func name(key string) string { return key[strings.IndexByte(key, ' ')+1:] }

// label is a parameter as it stands in a sentence: "query parameter limit".
func label(key string) string {
	in, name, _ := strings.Cut(key, " ")
	return in + " parameter " + name
}

func (c *comparison) parameter(p place, before, after any) {
	o, _ := before.(object)
	n, _ := after.(object)
	for _, key := range keys(o, n) {
		switch key {
		case "schema":
			c.schema(p.down(p.path, key), o[key], n[key])
		case "content":
			c.content(p.down(p.path, key), o[key], n[key])
		case "required":
			if (o[key] == true) != (n[key] == true) {
				c.keyword(p, key, o[key], n[key])
			}
		default:
			c.keyword(p, key, o[key], n[key])
		}
	}
}

func (c *comparison) requestBody(p place, before, after any) {
	if c.sameReference(before, after) {
		return
	}
	if reference(before) != "" || reference(after) != "" {
		before, after = c.old.resolve(before), c.new.resolve(after)
	}
	o, _ := before.(object)
	n, _ := after.(object)
	if o == nil || n == nil {
		c.keyword(p, "", before, after)
		return
	}
	for _, key := range keys(o, n) {
		if key == "content" {
			c.content(p.down(p.path, key), o[key], n[key])
		} else {
			c.keyword(p, key, o[key], n[key])
		}
	}
}

func (c *comparison) responses(p place, before, after any) {
	o, _ := before.(object)
	n, _ := after.(object)
	for _, status := range keys(o, n) {
		at := p.down(status+" response", status)
		switch {
		case n[status] == nil:
			c.add(ResponseRemoved, at, status, "", o[status], nil, []edit{{at: at.at, drop: true}}, "%s of %s removed", at.path, p.unit)
		case o[status] == nil:
			c.add(ResponseAdded, at, "", status, nil, n[status], []edit{c.set(at, n[status])}, "%s of %s added", at.path, p.unit)
		case c.sameReference(o[status], n[status]):
		default:
			c.response(at, c.old.resolve(o[status]), c.new.resolve(n[status]))
		}
	}
}

func (c *comparison) response(p place, before, after any) {
	o, _ := before.(object)
	n, _ := after.(object)
	for _, key := range keys(o, n) {
		switch key {
		case "content":
			c.content(p.down(p.path, key), o[key], n[key])
		case "headers":
			c.headers(p.down(p.path, key), o[key], n[key])
		case "links":
		default:
			c.keyword(p, key, o[key], n[key])
		}
	}
}

// headers compares the headers of a response, whose names are the document's own.
func (c *comparison) headers(p place, before, after any) {
	o, _ := before.(object)
	n, _ := after.(object)
	for _, name := range union(slices.Collect(maps.Keys(o)), slices.Collect(maps.Keys(n))) {
		at := p.down(strings.TrimSpace(p.path+" header "+name), name)
		switch {
		case n[name] == nil:
			c.add(Changed, at, name, "", o[name], nil, []edit{{at: at.at, drop: true}}, "header `%s` of %s removed", name, p.of())
		case o[name] == nil:
			c.add(Changed, at, "", name, nil, n[name], []edit{c.set(at, n[name])}, "header `%s` of %s added", name, p.of())
		case c.sameReference(o[name], n[name]):
		default:
			c.parameter(at, c.old.resolve(o[name]), c.new.resolve(n[name]))
		}
	}
}

func (c *comparison) content(p place, before, after any) {
	o, _ := before.(object)
	n, _ := after.(object)
	for _, media := range keys(o, n) {
		at := p.down(p.path, media)
		old, _ := o[media].(object)
		now, _ := n[media].(object)
		switch {
		case n[media] == nil:
			c.add(Changed, at, media, "", o[media], nil, []edit{{at: at.at, drop: true}}, "media type `%s` of %s removed", media, p.of())
		case o[media] == nil:
			c.add(Changed, at, "", media, nil, n[media], []edit{c.set(at, n[media])}, "media type `%s` of %s added", media, p.of())
		default:
			for _, key := range keys(old, now) {
				if key == "schema" {
					c.schema(at.down(at.path, key), old[key], now[key])
				} else {
					c.keyword(at, key, old[key], now[key])
				}
			}
		}
	}
}

// keyword compares what has no rules of its own.
func (c *comparison) keyword(p place, key string, before, after any) {
	before, after = facts(before), facts(after)
	if text(before) == text(after) {
		return
	}
	at, what := p, p.of()
	if key != "" {
		at, what = p.down(p.path, key), "`"+key+"` of "+p.of()
	}
	from, to := short(before), short(after)
	edits := []edit{{at: at.at, value: after, drop: after == nil}}
	switch {
	case before == nil:
		c.add(Changed, p, "", to, nil, after, edits, "%s added: %s", what, to)
	case after == nil:
		c.add(Changed, p, from, "", before, nil, edits, "%s removed, it was %s", what, from)
	default:
		c.add(Changed, p, from, to, before, after, edits, "%s changed from %s to %s", what, from, to)
	}
}

// short is a value for a sentence.
func short(node any) string {
	const limit = 120
	runes := []rune(text(node))
	if len(runes) > limit {
		runes = append(runes[:limit], '…')
	}
	return "`" + string(runes) + "`"
}

// facts returns a value without prose. It is for values that hold no fields by name.
func facts(node any) any {
	switch node := node.(type) {
	case []any:
		list := make([]any, len(node))
		for i, element := range node {
			list[i] = facts(element)
		}
		return list
	case object:
		kept := object{}
		for key, value := range node {
			if !prose(key) {
				kept[key] = facts(value)
			}
		}
		return kept
	}
	return node
}

// prose reports whether a keyword says nothing about the wire.
func prose(key string) bool {
	switch key {
	case "description", "summary", "title", "example", "examples", "externalDocs", "xml", "$comment":
		return true
	}
	return false
}

// keys are the keywords of two objects that are not prose, sorted.
func keys(a, b object) []string {
	return slices.DeleteFunc(union(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b))), prose)
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// sameReference reports whether two nodes refer to the same component, which is then compared by itself.
func (c *comparison) sameReference(before, after any) bool {
	from, to := reference(before), reference(after)
	if renamed, ok := c.renamed[to]; ok {
		to = renamed
	}
	return from != "" && from == to
}

// carriedBy returns the operations that carry a unit, before or after.
func (c *comparison) carriedBy(u Unit) []string {
	switch u.Kind {
	case "operation":
		return []string{u.Name}
	case "document", "securitySchemes":
		return nil
	}
	requests, responses := c.directions(u)
	return union(slices.Collect(maps.Keys(requests)), slices.Collect(maps.Keys(responses)))
}

// directions returns the operations whose requests and whose responses carry a component, before or after.
func (c *comparison) directions(u Unit) (requests, responses map[string]bool) {
	requests, responses = map[string]bool{}, map[string]bool{}
	for _, d := range []*Document{c.old, c.new} {
		if at := d.carriers[u.Ref()]; at != nil {
			maps.Copy(requests, at.requests)
			maps.Copy(responses, at.responses)
		}
	}
	return requests, responses
}
