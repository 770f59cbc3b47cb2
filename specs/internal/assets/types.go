package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// writeAreas adds a file for each area.
func (m *model) writeAreas(areas []area, sources map[string]string) error {
	output := map[string]string{} // by the type that an area is of
	for _, a := range areas {
		for _, name := range a.Of {
			if m.Types[name] == nil {
				return fmt.Errorf("%s: there is no type %s", a.Output, name)
			}
			if output[name] != "" {
				return fmt.Errorf("%s is in two areas", name)
			}
			output[name] = a.Output
		}
	}
	types := map[string][]string{} // by output
	for _, name := range slices.Sorted(maps.Keys(m.Types)) {
		ancestors := m.ancestors(name)
		i := slices.IndexFunc(ancestors, func(ancestor string) bool { return output[ancestor] != "" })
		if i < 0 {
			return fmt.Errorf("%s is in no area", name)
		}
		types[output[ancestors[i]]] = append(types[output[ancestors[i]]], name)
	}
	for name, of := range types {
		sources[name] = m.area(of)
	}
	return nil
}

// area is the text of a file of asset types.
func (m *model) area(types []string) string {
	var b, body strings.Builder
	for _, name := range types {
		m.writeType(&body, name)
	}
	m.start(&b, body.String())
	b.WriteString("// Names of the types on the wire.\nconst (\n")
	for _, name := range types {
		fmt.Fprintf(&b, "Type%s = %q\n", name, name)
	}
	b.WriteString(")\n")
	b.WriteString(body.String())
	return b.String()
}

// start writes the head of a file with this body.
func (m *model) start(b *strings.Builder, body string) {
	b.WriteString(header("specs/atlan/typedefs.json"))
	b.WriteString("package atlanassets\n\n")
	if strings.Contains(body, "json.") {
		b.WriteString("import \"encoding/json\"\n\n")
	}
}

// writeType writes a struct and its method.
func (m *model) writeType(b *strings.Builder, name string) {
	t := m.Types[name]
	about := m.about[name]
	switch {
	case about != "":
	case len(t.SuperTypes) > 0 && len(m.children[name]) > 0:
		about = "is what the types below it have in common"
	default:
		about = "is an asset of the type " + name
	}
	text := name + " " + about + "."
	if len(t.SuperTypes) > 0 {
		text += " It is a kind of [" + t.SuperTypes[0] + "]"
		if len(t.InferredSuperTypes) > 0 {
			text += ", and also of [" + strings.Join(t.InferredSuperTypes, "], [") + "], whose members it has itself"
		}
		text += "."
	}
	if children := m.children[name]; len(children) > 0 {
		const most = 12
		shown := children
		if len(children) > most {
			shown = children[:most]
		}
		text += " Kinds of it: [" + strings.Join(shown, "], [") + "]"
		if len(shown) < len(children) {
			text += fmt.Sprintf(" and %d more", len(children)-len(shown))
		}
		text += "."
	}
	b.WriteString("\n")
	comment(b, text)
	b.WriteString("//\n")
	origin := m.Source.Package + " " + m.Source.Version
	if t.Origin != "model" {
		origin += " (" + t.Origin + ")"
	}
	comment(b, fmt.Sprintf("%d attributes and %d relationships of its own, as %s has them.", len(t.Attributes), len(t.RelationshipAttributes), origin))
	fmt.Fprintf(b, "type %s struct {\n", name)
	for _, parent := range t.SuperTypes {
		fmt.Fprintf(b, "%s\n", parent)
	}
	writeMembers(b, m.members[name], len(t.SuperTypes) > 0)
	fmt.Fprintf(b, "}\n\n// TypeName is %q.\nfunc (%s) TypeName() string { return Type%s }\n", name, name, name)
}

// writeMembers writes the fields of a struct: attributes first.
func writeMembers(b *strings.Builder, members []member, apart bool) {
	for _, relation := range []bool{false, true} {
		first := true
		for _, own := range members {
			if own.relation != relation {
				continue
			}
			if first && apart {
				b.WriteString("\n")
			}
			first, apart = false, true
			fmt.Fprintf(b, "%s Attribute[%s] `json:\"%s,omitzero\"`", own.field, own.goType, own.name)
			if own.comment != "" {
				fmt.Fprintf(b, " // %s", own.comment)
			}
			b.WriteString("\n")
		}
	}
}

// comment writes a text as a comment in lines of a decent length.
func comment(b *strings.Builder, text string) {
	const width = 118
	line := "//"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = "//"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// enums is the text of the file of enumerations.
func (m *model) enums() string {
	var b strings.Builder
	m.start(&b, "")
	for _, name := range slices.Sorted(maps.Keys(m.Enums)) {
		if name == semantic {
			continue
		}
		values := m.Enums[name]
		comment(&b, fmt.Sprintf("%s is an enumeration of %d known values. A server may send others, which are kept.", name, len(values)))
		fmt.Fprintf(&b, "type %s string\n\n// Values of %s.\nconst (\n", name, name)
		for _, value := range values {
			fmt.Fprintf(&b, "%s %s = %q\n", m.constant(name, value), name, value)
		}
		b.WriteString(")\n\n")
	}
	m.categories(&b)
	return b.String()
}

// constant declares the name of a value: with a number behind it when another value has it already.
func (m *model) constant(enum, value string) string {
	name := enum + valueName(value)
	unique := name
	for n := 2; m.declared[unique]; n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	m.declared[unique] = true
	return unique
}

// categories writes the category of every connector.
func (m *model) categories(b *strings.Builder) {
	by := map[string][]string{}
	for connector, category := range m.Connectors {
		by[category] = append(by[category], connector)
	}
	b.WriteString("// Category is the category of connections of a connector, and whether the connector is known.\n" +
		"func (c AtlanConnectorType) Category() (category AtlanConnectionCategory, known bool) {\nswitch c {\n")
	for _, category := range slices.Sorted(maps.Keys(by)) {
		slices.Sort(by[category])
		b.WriteString("case ")
		for i, connector := range by[category] {
			if i > 0 {
				b.WriteString(", ")
				if i%8 == 0 {
					b.WriteString("\n")
				}
			}
			fmt.Fprintf(b, "%q", connector)
		}
		fmt.Fprintf(b, ":\nreturn %q, true\n", category)
	}
	b.WriteString("}\nreturn \"\", false\n}\n")
}

// structs is the text of the file of structs.
func (m *model) structs() string {
	var b strings.Builder
	m.start(&b, "json.")
	for _, name := range slices.Sorted(maps.Keys(m.Structs)) {
		fmt.Fprintf(&b, "// %s is a value that attributes hold.\ntype %s struct {\n", name, name)
		writeMembers(&b, m.members[name], false)
		fmt.Fprintf(&b, `
	// Unknown holds the keys that are not fields. They are sent back.
	Unknown map[string]json.RawMessage `+"`json:\"-\"`"+`
}

// UnmarshalJSON decodes the value, flat or as {typeName, attributes}.
func (s *%[1]s) UnmarshalJSON(data []byte) error {
	type plain %[1]s
	unknown, err := decodeStructure(data, (*plain)(s))
	s.Unknown = unknown
	return err
}

// MarshalJSON encodes the value flat.
func (s %[1]s) MarshalJSON() ([]byte, error) {
	type plain %[1]s
	return encodeStructure(plain(s), s.Unknown)
}

`, name)
	}
	return b.String()
}
