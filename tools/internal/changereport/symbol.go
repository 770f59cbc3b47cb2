package changereport

import (
	"cmp"
	"go/constant"
	"go/types"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
	"github.com/sluice-sdk/sluice/tools/internal/wire"
)

// Symbol is a Go symbol that changes.
type Symbol struct {
	Package string // import path
	Name    string // JobResponse.JobType, Client.DeleteTag
	Change  string // as apidiff says it: removed, added, changed from int to string
	// Compatible says that programs that use the package still compile.
	Compatible bool

	base string // the type that the symbol belongs to: of a field, a method, a constant
}

func (s Symbol) String() string { return path.Base(s.Package) + "." + s.Name }

func compareSymbols(a, b Symbol) int {
	return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Change, b.Change))
}

// apiChanges compares the exported API of a package, nil where it does not exist.
func apiChanges(importPath string, before, after *gosource.Package) []Symbol {
	if before == nil || before.Types == nil || after == nil || after.Types == nil {
		return nil
	}
	var symbols []Symbol
	for _, change := range apidiff.Changes(before.Types, after.Types).Changes {
		name, text, ok := strings.Cut(change.Message, ": ")
		if !ok {
			name, text = "", change.Message
		}
		name, _, _ = strings.Cut(name, ", method set of ") // said of the interface as well
		name = strings.NewReplacer("(*", "", ")", "").Replace(name)
		// apidiff repeats paths of packages, which makes texts long; the last element is enough here.
		text = importPaths.ReplaceAllString(text, "$1")
		base, _, _ := strings.Cut(name, ".")
		for _, p := range []*gosource.Package{before, after} {
			base = typeOf(p, base)
		}
		symbols = append(symbols, Symbol{importPath, name, text, change.Compatible, base})
	}
	slices.SortFunc(symbols, compareSymbols)
	return slices.Compact(symbols)
}

// typeOf is the named type of a constant, and any other name as it is.
func typeOf(p *gosource.Package, name string) string {
	if constant, ok := p.Types.Scope().Lookup(name).(*types.Const); ok {
		if named, ok := types.Unalias(constant.Type()).(*types.Named); ok {
			return named.Obj().Name()
		}
	}
	return name
}

var importPaths = regexp.MustCompile(`(?:[\w.~-]+/)+([\w-]+\.)`)

// owner is what a symbol of gen/ was generated from.
type owner struct {
	unit  wire.Unit
	field string // the name on the wire of the struct field that the symbol is
	value string // the enum value that the symbol is
	isOne bool   // there is a value
}

// origins tells from what a symbol was generated, by the names that the generator derives.
type origins struct {
	schemas    map[string]string    // by normalised name
	others     map[string]wire.Unit // the other components, by normalised name
	operations map[string][]string  // "METHOD /route", by normalised operationId
	documents  []*wire.Document
}

func newOrigins(documents ...*wire.Document) *origins {
	o := &origins{map[string]string{}, map[string]wire.Unit{}, map[string][]string{}, documents}
	for _, d := range documents {
		for _, name := range d.Components("schemas") {
			o.schemas[normal(name)] = name
		}
		for _, kind := range []string{"headers", "parameters", "requestBodies", "responses"} {
			for _, name := range d.Components(kind) {
				o.others[normal(name)] = wire.Unit{Kind: kind, Name: name}
			}
		}
		ids := d.OperationIDs()
		for _, name := range d.Operations() {
			key := normal(ids[name])
			if key != "" && !slices.Contains(o.operations[key], name) {
				o.operations[key] = append(o.operations[key], name)
			}
		}
	}
	return o
}

// normal is a name without what the generator changes about it: capitals and punctuation.
func normal(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// What the generator puts behind the name of an operation.
var operationSuffix = regexp.MustCompile(`^(params.*|.*body|withbody.*|withresponse|request|requestobject|response|responseobject|[1-5][0-9x][0-9x].*|default.*|)$`)

// Types whose methods are operations.
var operationReceivers = map[string]bool{
	"Client": true, "ClientInterface": true, "ClientWithResponses": true, "ClientWithResponsesInterface": true,
	"ServerInterface": true, "ServerInterfaceWrapper": true, "StrictServerInterface": true, "Unimplemented": true,
}

// of returns where a symbol comes from; false when its name tells nothing. There are several owners only for operations
// that share an operationId over time.
func (o *origins) of(name string, packages ...*gosource.Package) ([]owner, bool) {
	base, member, _ := strings.Cut(name, ".")
	member, _, _ = strings.Cut(member, ",")
	member, _, _ = strings.Cut(member, ".")
	base, _, _ = strings.Cut(base, ",")
	var field, value string
	var isValue bool
	for _, p := range packages {
		if p == nil || p.Types == nil {
			continue
		}
		switch object := p.Types.Scope().Lookup(base).(type) {
		case *types.Const:
			if named, ok := types.Unalias(object.Type()).(*types.Named); ok {
				isValue, value = true, plainConstant(object.Val())
				base = named.Obj().Name()
			}
		case *types.TypeName:
			if wireName, ok := fieldName(object.Type(), member); ok {
				field = wireName
			}
		}
	}

	wanted := normal(base)
	if schema, ok := o.schemas[wanted]; ok {
		return []owner{{wire.Unit{Kind: "schemas", Name: schema}, field, value, isValue}}, true
	}
	if operationReceivers[base] && member != "" {
		wanted, field = normal(member), ""
	}
	for _, prefix := range []string{"new", "parse", ""} {
		if rest, ok := strings.CutPrefix(wanted, prefix); ok {
			if names := o.operation(rest); len(names) > 0 {
				var owners []owner
				for _, name := range names {
					owners = append(owners, owner{wire.Unit{Kind: "operation", Name: name}, field, value, isValue})
				}
				return owners, true
			}
		}
	}
	if unit, ok := o.others[strings.TrimSuffix(wanted, "jsonresponse")]; ok {
		return []owner{{unit, field, value, isValue}}, true
	}
	// A schema without a name of its own is called after the one that it stands in.
	longest := ""
	for key := range o.schemas {
		if strings.HasPrefix(wanted, key) && len(key) > len(longest) {
			longest = key
		}
	}
	if longest != "" {
		return []owner{{wire.Unit{Kind: "schemas", Name: o.schemas[longest]}, field, value, isValue}}, true
	}
	return nil, false
}

// leads reports whether what was generated from an owner is made of a component, before or after.
func (o *origins) leads(from owner, to wire.Unit) bool {
	return slices.ContainsFunc(o.documents, func(d *wire.Document) bool { return d.Reaches(from.unit, from.field)[to.Ref()] })
}

// operation returns the operations with the longest operationId that a name begins with.
func (o *origins) operation(name string) []string {
	longest := ""
	for key := range o.operations {
		if rest, ok := strings.CutPrefix(name, key); ok && len(key) > len(longest) && operationSuffix.MatchString(rest) {
			longest = key
		}
	}
	return o.operations[longest]
}

func plainConstant(value constant.Value) string {
	if value.Kind() == constant.String {
		return constant.StringVal(value)
	}
	return value.ExactString()
}

// fieldName is the name on the wire of a field of a struct.
func fieldName(t types.Type, name string) (string, bool) {
	structure, ok := t.Underlying().(*types.Struct)
	if !ok || name == "" {
		return "", false
	}
	for i := range structure.NumFields() {
		if structure.Field(i).Name() == name {
			tag, _, _ := strings.Cut(reflect.StructTag(structure.Tag(i)).Get("json"), ",")
			return tag, tag != ""
		}
	}
	return "", false
}

// carried returns the Go symbols of a place in a schema that are there before and after: the field, or the type.
func carried(fact *wire.Fact, o *origins, p *gosource.Package) []string {
	if p == nil || p.Types == nil || fact.Unit.Kind != "schemas" {
		return nil
	}
	fields := map[string]bool{}
	for _, field := range fact.Fields() {
		fields[field] = true
	}
	var found []string
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		object, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || !object.Exported() || o.schemas[normal(name)] != fact.Unit.Name {
			continue
		}
		structure, ok := object.Type().Underlying().(*types.Struct)
		if !ok || len(fields) == 0 {
			found = append(found, name)
			continue
		}
		for field := range structure.Fields() {
			if wireName, ok := fieldName(object.Type(), field.Name()); ok && fields[wireName] {
				found = append(found, name+"."+field.Name())
			}
		}
	}
	return found
}
