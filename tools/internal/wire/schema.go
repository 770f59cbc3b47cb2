package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schema compares two schemas.
func (c *comparison) schema(p place, before, after any) {
	if c.sameReference(before, after) || c.same(before, after) {
		return
	}
	o, okBefore := before.(object)
	n, okAfter := after.(object)
	if !okBefore || !okAfter || reference(o) != "" || reference(n) != "" || shape(o) != shape(n) {
		from, to := describe(before), describe(after)
		edits := []edit{{at: p.at, value: after, drop: after == nil}}
		c.add(TypeChanged, p, from, to, before, after, edits, "type of %s changed from %s to %s", p.of(), from, to)
		return
	}
	for _, key := range keys(o, n) {
		switch key {
		case "properties":
			c.properties(p, o, n)
		case "required":
			c.required(p, o, n)
		case "enum":
			c.enum(p, o, n)
		case "items", "not":
			suffix := map[string]string{"items": "[]", "not": " (not)"}[key]
			c.schema(p.down(p.path+suffix, key), o[key], n[key])
		case "additionalProperties":
			_, both := o[key].(object)
			if _, also := n[key].(object); both && also {
				c.schema(p.down(p.path+"{}", key), o[key], n[key])
			} else {
				c.keyword(p, key, o[key], n[key])
			}
		case "allOf", "anyOf", "oneOf":
			c.variants(p, key, o, n)
		case "discriminator":
			c.keyword(p, key, c.discriminator(c.old, o[key]), c.discriminator(c.new, n[key]))
		default:
			c.keyword(p, key, o[key], n[key])
		}
	}
}

// shape is what must be equal for a comparison of the rest to make sense: type and format, and what a list is of.
func shape(node object) string {
	shape := object{"type": node["type"], "format": node["format"]}
	if list, ok := node["type"].([]any); ok {
		shape["type"] = sorted(list)
	}
	if items, ok := node["items"].(object); ok {
		shape["items"] = object{"type": items["type"], "format": items["format"], "$ref": items["$ref"]}
	}
	return text(shape)
}

func (c *comparison) properties(p place, o, n object) {
	olds, _ := o["properties"].(object)
	news, _ := n["properties"].(object)
	var gone, come []string
	for _, field := range union(slices.Collect(maps.Keys(olds)), slices.Collect(maps.Keys(news))) {
		_, was := olds[field]
		_, is := news[field]
		switch {
		case !is:
			gone = append(gone, field)
		case !was:
			come = append(come, field)
		default:
			c.schema(p.down(join(p.path, field), "properties", field), olds[field], news[field])
		}
	}
	pairs := likelyRenames(gone, come,
		func(from, to string) bool { return c.same(olds[from], news[to]) },
		func(from, to string) bool { return requires(o, from) == requires(n, to) })
	for _, field := range gone {
		if to, ok := pairs[field]; ok {
			come = slices.DeleteFunc(come, func(field string) bool { return field == to })
			required := slices.DeleteFunc(requiredOf(o), func(name any) bool { return name == field })
			note := ""
			if requires(n, to) {
				required = append(required, to)
				if !requires(o, field) {
					note = ", which is required"
				}
			} else if requires(o, field) {
				note = ", which is optional"
			}
			edits := []edit{c.drop(p, "properties", field), c.set(p, news[to], "properties", to), c.require(p, required)}
			c.add(FieldRenamed, p, field, to, nil, nil, edits, "field `%s` of %s likely renamed to `%s`%s (both are %s)",
				join(p.path, field), p.unit, join(p.path, to), note, describe(news[to]))
			continue
		}
		required := slices.DeleteFunc(requiredOf(o), func(name any) bool { return name == field })
		c.add(FieldRemoved, p, field, "", olds[field], nil, []edit{c.drop(p, "properties", field), c.require(p, required)},
			"field `%s` of %s removed (it was %s)", join(p.path, field), p.unit, describe(olds[field]))
	}
	for _, field := range come {
		kind, edits := "optional", []edit{c.set(p, news[field], "properties", field)}
		if requires(n, field) {
			kind, edits = "required", append(edits, c.require(p, append(requiredOf(o), field)))
		}
		c.add(FieldAdded, p, "", field, nil, news[field], edits,
			"%s field `%s` of %s added (%s)", kind, join(p.path, field), p.unit, describe(news[field]))
	}
}

func (c *comparison) drop(p place, keys ...any) edit {
	return edit{at: slices.Concat(p.at, keys), drop: true}
}

// require sets the list of required fields; OpenAPI 3.0 knows no empty one.
func (c *comparison) require(p place, fields []any) edit {
	return edit{at: slices.Concat(p.at, []any{"required"}), value: fields, drop: len(fields) == 0}
}

func requiredOf(node object) []any {
	list, _ := node["required"].([]any)
	return slices.Clone(list)
}

func requires(node object, field string) bool {
	return slices.ContainsFunc(requiredOf(node), func(name any) bool { return name == field })
}

// required compares which of the fields that both have must be there.
func (c *comparison) required(p place, o, n object) {
	olds, _ := o["properties"].(object)
	news, _ := n["properties"].(object)
	for _, field := range union(slices.Collect(maps.Keys(olds)), slices.Collect(maps.Keys(news))) {
		_, was := olds[field]
		_, is := news[field]
		if !was || !is || requires(o, field) == requires(n, field) {
			continue
		}
		at := p.down(join(p.path, field))
		if requires(n, field) {
			c.add(FieldRequired, at, field, field, nil, nil, []edit{c.require(p, append(requiredOf(o), field))},
				"field %s is required now", at.of())
		} else {
			left := slices.DeleteFunc(requiredOf(o), func(name any) bool { return name == field })
			c.add(FieldOptional, at, field, field, nil, nil, []edit{c.require(p, left)}, "field %s is optional now", at.of())
		}
	}
	// A list can name fields that the schema does not describe.
	undescribed := func(node object) []string {
		var names []string
		for _, name := range requiredOf(node) {
			name, _ := name.(string)
			_, was := olds[name]
			_, is := news[name]
			if !was && !is {
				names = append(names, name)
			}
		}
		return union(names, nil)
	}
	before, after := undescribed(o), undescribed(n)
	for _, name := range union(before, after) {
		if was, is := slices.Contains(before, name), slices.Contains(after, name); was != is {
			verb := map[bool]string{true: "is required now", false: "is no longer required"}[is]
			c.add(Changed, p, "", name, nil, nil, nil, "field `%s`, which %s does not describe, %s", join(p.path, name), p.unit, verb)
		}
	}
}

func (c *comparison) enum(p place, o, n object) {
	olds, was := o["enum"].([]any)
	news, is := n["enum"].([]any)
	if !was || !is {
		c.keyword(p, "enum", o["enum"], n["enum"])
		return
	}
	has := func(list []any, value any) bool {
		return slices.ContainsFunc(list, func(v any) bool { return text(v) == text(value) })
	}
	for _, value := range sorted(olds) {
		if !has(news, value) {
			left := slices.DeleteFunc(slices.Clone(olds), func(v any) bool { return text(v) == text(value) })
			c.add(ValueRemoved, p, plain(value), "", nil, nil, []edit{c.set(p, left, "enum")}, "value `%s` of enum %s removed", plain(value), p.of())
		}
	}
	for _, value := range sorted(news) {
		if !has(olds, value) {
			c.add(ValueAdded, p, "", plain(value), nil, nil, []edit{c.set(p, append(slices.Clone(olds), value), "enum")},
				"value `%s` of enum %s added", plain(value), p.of())
		}
	}
}

// plain is a value without the quotes of a string.
func plain(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	return text(value)
}

// variants compares the members of allOf, anyOf and oneOf. Members without a counterpart are compared in their order when
// there are as many on either side.
func (c *comparison) variants(p place, key string, o, n object) {
	olds, _ := o[key].([]any)
	news, _ := n[key].([]any)
	taken := map[int]bool{}
	var gone, come []int
	for i := range olds {
		j := slices.IndexFunc(news, func(member any) bool { return c.sameReference(olds[i], member) || c.same(olds[i], member) })
		for j >= 0 && taken[j] {
			next := slices.IndexFunc(news[j+1:], func(member any) bool { return c.sameReference(olds[i], member) || c.same(olds[i], member) })
			if next < 0 {
				j = -1
			} else {
				j += 1 + next
			}
		}
		if j < 0 {
			gone = append(gone, i)
		} else {
			taken[j] = true
		}
	}
	for j := range news {
		if !taken[j] {
			come = append(come, j)
		}
	}
	inline := func(list []any, at []int) bool {
		return !slices.ContainsFunc(at, func(i int) bool { return reference(list[i]) != "" })
	}
	if len(gone) == len(come) && inline(olds, gone) && inline(news, come) {
		for k := range gone {
			c.schema(p.down(fmt.Sprintf("%s(%s %d)", p.path, key, gone[k]+1), key, gone[k]), olds[gone[k]], news[come[k]])
		}
		return
	}
	for _, i := range gone {
		what := describe(olds[i])
		c.add(VariantRemoved, p, what, "", olds[i], nil, []edit{c.set(p, slices.Delete(slices.Clone(olds), i, i+1), key)},
			"%s of %s no longer has %s", key, p.of(), what)
	}
	for _, j := range come {
		what := describe(news[j])
		c.add(VariantAdded, p, "", what, nil, news[j], []edit{c.set(p, append(slices.Clone(olds), news[j]), key)},
			"%s of %s has %s as well", key, p.of(), what)
	}
}

// describe says in a few words what a schema is.
func describe(node any) string {
	o, ok := node.(object)
	if !ok {
		if node == nil {
			return "nothing"
		}
		return text(node)
	}
	if ref := reference(o); ref != "" {
		return ref[strings.LastIndexByte(ref, '/')+1:]
	}
	var words string
	switch kind := o["type"].(type) {
	case string:
		words = kind
	case []any:
		words = strings.Trim(text(sorted(kind)), "[]")
	}
	switch {
	case words == "array":
		words = "array of " + describe(o["items"])
	case words == "" && o["allOf"] != nil:
		words = "allOf"
	case words == "" && o["oneOf"] != nil:
		words = "oneOf"
	case words == "" && o["anyOf"] != nil:
		words = "anyOf"
	case words == "":
		words = "anything"
	}
	if format, ok := o["format"].(string); ok {
		words += " (" + format + ")"
	}
	if _, ok := o["enum"]; ok {
		words = "enum of " + words
	}
	if o["nullable"] == true {
		words += " or null"
	}
	return words
}

// same reports whether two schemas say the same about the wire.
func (c *comparison) same(before, after any) bool {
	return text(c.canonical(c.old, before)) == text(c.canonical(c.new, after))
}

// canonical is a schema without prose, with lists that are sets in one order, and with the old names of renamed schemas.
func (c *comparison) canonical(d *Document, node any) any {
	o, ok := node.(object)
	if !ok {
		return node
	}
	if ref := reference(o); ref != "" {
		return object{"$ref": c.known(d, ref)}
	}
	result := object{}
	for key, value := range o {
		switch {
		case prose(key):
		case key == "properties":
			fields, _ := value.(object)
			canonical := object{}
			for name, field := range fields {
				canonical[name] = c.canonical(d, field)
			}
			result[key] = canonical
		case key == "items" || key == "not" || key == "additionalProperties":
			result[key] = c.canonical(d, value)
		case key == "allOf" || key == "anyOf" || key == "oneOf":
			members, _ := value.([]any)
			var canonical []any
			for _, member := range members {
				canonical = append(canonical, c.canonical(d, member))
			}
			result[key] = sorted(canonical)
		case key == "required" || key == "enum" || key == "type":
			if list, ok := value.([]any); ok {
				value = sorted(list)
			}
			result[key] = value
		case key == "discriminator":
			result[key] = facts(c.discriminator(d, value))
		default:
			result[key] = facts(value)
		}
	}
	return result
}

// known is a reference by the name that the old document has for it.
func (c *comparison) known(d *Document, ref string) string {
	if c.open[ref] {
		return "any of those that may have changed their name"
	}
	if renamed, ok := c.renamed[ref]; ok && d == c.new {
		return renamed
	}
	return ref
}

// discriminator is a discriminator that leads to schemas by their old names.
func (c *comparison) discriminator(d *Document, node any) any {
	o, _ := node.(object)
	mapping, ok := o["mapping"].(object)
	if !ok {
		return node
	}
	o, mapping = maps.Clone(o), maps.Clone(mapping)
	for value, ref := range mapping {
		if ref, ok := ref.(string); ok {
			mapping[value] = c.known(d, ref)
		}
	}
	o["mapping"] = mapping
	return o
}

func sorted(list []any) []any {
	return slices.SortedFunc(slices.Values(list), func(a, b any) int { return strings.Compare(text(a), text(b)) })
}
