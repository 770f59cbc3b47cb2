package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	assets "github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

var update = flag.Bool("update", false, "write testdata/types.golden again")

const (
	module     = "../../.."
	configured = "specs/atlan/assets.yaml"
)

// jsonNames yields the names of the fields of a struct as encoding/json sees them, embedded ones included.
func jsonNames(t reflect.Type) iter.Seq2[string, reflect.StructField] {
	return func(yield func(string, reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.Anonymous && name != "" && name != "-" && !yield(name, f) {
				return
			}
		}
	}
}

// written is what the source says: the JSON names of the members that a struct of gen/atlanassets adds, and its parent.
type written struct {
	parent                    string
	attributes, relationships []string
}

// readGenerated reads the asset types from the source that is in the repository.
func readGenerated(t *testing.T) map[string]*written {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(module, "gen/atlanassets/*.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	structs, types := map[string]*written{}, map[string]*written{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "TypeName" && d.Recv != nil {
					if receiver, ok := d.Recv.List[0].Type.(*ast.Ident); ok {
						types[receiver.Name] = nil
					}
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok {
						if structure, ok := s.Type.(*ast.StructType); ok {
							structs[s.Name.Name] = readStruct(t, structure)
						}
					}
				}
			}
		}
	}
	for name := range types {
		types[name] = structs[name]
	}
	return types
}

func readStruct(t *testing.T, structure *ast.StructType) *written {
	t.Helper()
	w := &written{}
	for _, f := range structure.Fields.List {
		if len(f.Names) == 0 {
			if parent, ok := f.Type.(*ast.Ident); ok {
				w.parent = parent.Name
			}
			continue
		}
		if f.Tag == nil {
			continue
		}
		name, options, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		if name == "-" {
			continue
		}
		attribute, ok := f.Type.(*ast.IndexExpr)
		if !ok || options != "omitzero" {
			continue
		}
		element, ok := attribute.Index.(*ast.Ident)
		if array, isArray := attribute.Index.(*ast.ArrayType); isArray {
			element, ok = array.Elt.(*ast.Ident)
		}
		if ok && element.Name == "Ref" {
			w.relationships = append(w.relationships, name)
		} else {
			w.attributes = append(w.attributes, name)
		}
	}
	return w
}

// A type or an attribute that gets lost is noticed: by the list of types with their counts, and by the totals.
func TestTypes(t *testing.T) {
	types := readGenerated(t)
	var list strings.Builder
	attributes, relationships := 0, 0
	for _, name := range slices.Sorted(maps.Keys(types)) {
		w := types[name]
		if w == nil {
			t.Fatalf("%s has the method of an asset type and is no struct", name)
		}
		fmt.Fprintf(&list, "%s %s %d %d\n", name, w.parent, len(w.attributes), len(w.relationships))
		attributes += len(w.attributes)
		relationships += len(w.relationships)
	}
	const golden = "testdata/types.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(list.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(list.String(), "\n")); diff != "" {
		t.Errorf("type, parent, attributes and relationships changed (go test -update writes them down):\n%s", diff)
	}
	// DbtProcess and DbtColumnProcess have copies of the relationships that Catalog has and Process does not.
	const copied = 2 * 10
	if len(types) != 485 || attributes != 2998 || relationships != 1158+copied {
		t.Errorf("%d types, %d attributes, %d relationships", len(types), attributes, relationships)
	}
}

func definitionsOf(t *testing.T) *definitions {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(module, "specs/atlan/typedefs.json"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEnumsAndStructs(t *testing.T) {
	d := definitionsOf(t)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(module, "gen/atlanassets", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	enums, ref, structs := read("enums.gen.go"), read("ref.gen.go"), read("structs.gen.go")
	values := 0
	for name, of := range d.Enums {
		source := enums
		if name == semantic {
			source = ref
		}
		if !strings.Contains(source, "\ntype "+name+" string\n") {
			t.Errorf("there is no enumeration %s", name)
		}
		for _, value := range of {
			if !strings.Contains(source, fmt.Sprintf(" %s = %q", name, value)) && !strings.Contains(source, fmt.Sprintf(" %s  = %q", name, value)) {
				t.Errorf("%s has no constant for %q", name, value)
			}
		}
		values += len(of)
	}
	for name := range d.Structs {
		if !strings.Contains(structs, "\ntype "+name+" struct {\n") {
			t.Errorf("there is no struct %s", name)
		}
	}
	if len(d.Enums) != 157 || len(d.Structs) != 53 || values < 2000 {
		t.Errorf("%d enumerations with %d values, %d structs", len(d.Enums), values, len(d.Structs))
	}
	if n := strings.Count(structs, "\n\tUnknown map[string]json.RawMessage"); n != 53 {
		t.Errorf("%d structs keep unknown keys", n)
	}
}

// What is in gen/ is what the generator writes.
func TestUpToDate(t *testing.T) {
	files, err := generate(os.DirFS(module), configured)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what go generate writes", name)
		}
	}
	again, err := generate(os.DirFS(module), configured)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(files, again, bytes.Equal) {
		t.Error("two runs differ")
	}
}

// encoding/json decodes and encodes every attribute of every type, those of its ancestors included: none is dropped
// because two structs have it. The program is built here, since nothing in the repository may name all types.
func TestEveryAttributeOfEveryType(t *testing.T) {
	d := definitionsOf(t)
	var program strings.Builder
	program.WriteString(`package main

import (
	"encoding/json"
	"os"
	"reflect"

	assets "github.com/sluice-sdk/sluice/gen/atlanassets"
)

func main() {
	var all map[string]json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		panic(err)
	}
	for _, t := range []assets.Type{
`)
	all, want := map[string]map[string]any{}, map[string][]string{}
	for name := range d.Types {
		fmt.Fprintf(&program, "\t\tassets.%s{},\n", name)
		all[name] = map[string]any{}
		for _, from := range append(d.ancestors(name), d.Types[name].InferredSuperTypes...) {
			for _, ancestor := range d.ancestors(from) {
				for attribute := range d.Types[ancestor].Attributes {
					all[name][attribute] = nil
				}
				for relationship := range d.Types[ancestor].RelationshipAttributes {
					all[name][relationship] = nil
				}
			}
		}
		want[name] = slices.Sorted(maps.Keys(all[name]))
	}
	program.WriteString(`	} {
		decoded := reflect.New(reflect.TypeOf(t))
		if err := json.Unmarshal(all[t.TypeName()], decoded.Interface()); err != nil {
			panic(err)
		}
		text, err := json.Marshal(decoded.Interface())
		if err != nil {
			panic(err)
		}
		all[t.TypeName()] = text
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		panic(err)
	}
}
`)
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(program.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "run", "-ldflags=-s -w", path)
	var problems bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(input), &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &problems)
	}
	var encoded map[string]map[string]any
	if err := json.Unmarshal(output, &encoded); err != nil {
		t.Fatal(err)
	}
	fields := 0
	for name := range want {
		got := slices.Sorted(maps.Keys(encoded[name]))
		if diff := cmp.Diff(want[name], got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		fields += len(got)
	}
	if len(encoded) != 485 || fields < 100_000 {
		t.Errorf("%d types with %d attributes", len(encoded), fields)
	}
}

// The fields have the names that gen/atlanapi has for them, wherever it has the type.
func TestNamesOfTheRawClient(t *testing.T) {
	names := func(pattern, suffix string) map[string]string {
		files, err := filepath.Glob(filepath.Join(module, pattern))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(node ast.Node) bool {
				spec, ok := node.(*ast.TypeSpec)
				if !ok {
					return true
				}
				structure, ok := spec.Type.(*ast.StructType)
				typeName, has := strings.CutSuffix(spec.Name.Name, suffix)
				if !ok || !has {
					return true
				}
				for _, f := range structure.Fields.List {
					if f.Tag == nil || len(f.Names) == 0 {
						continue
					}
					tag, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
					found[typeName+"."+tag] = f.Names[0].Name
				}
				return true
			})
		}
		return found
	}
	ours, compared := names("gen/atlanassets/*.gen.go", ""), 0
	for _, suffix := range []string{"Attributes", "RelationshipAttributes"} {
		for member, theirs := range names("gen/atlanapi/types.gen.go", suffix) {
			name, ok := ours[member]
			if !ok {
				continue
			}
			compared++
			theirs = strings.TrimPrefix(theirs, "UnderscoreUnderscore")
			if name != theirs && name != theirs+"Relationship" {
				t.Errorf("%s is %s here and %s there", member, name, theirs)
			}
		}
	}
	if compared < 1000 {
		t.Errorf("only %d names were compared", compared)
	}
}

// The irregular names of the index, and what tells a field's kind.
func TestFields(t *testing.T) {
	for _, c := range []struct {
		attribute, index, wantAttribute, wantIndex string
	}{
		{field.Name.Attribute(), field.Name.Keyword().Index(), "name", "name.keyword"},
		{field.Name.Attribute(), field.Name.Text().Index(), "name", "name"},
		{field.Name.Attribute(), field.Name.Stemmed().Index(), "name", "name.stemmed"},
		{field.DisplayName.Attribute(), field.DisplayName.Text().Index(), "displayName", "displayName.delimiter"},
		{field.QualifiedName.Attribute(), field.QualifiedName.Keyword().Index(), "qualifiedName", "qualifiedName"},
		{field.QualifiedName.Attribute(), field.QualifiedName.Text().Index(), "qualifiedName", "qualifiedName.text"},
		{field.HasLineage.Attribute(), field.HasLineage.Index(), "__hasLineage", "__hasLineage"},
		{field.PopularityScore.Attribute(), field.PopularityScore.Index(), "popularityScore", "popularityScore"},
		{field.Meanings.Attribute(), field.Meanings.Keyword().Index(), "meanings", "__meanings"},
		{field.Meanings.Attribute(), field.Meanings.Text().Index(), "meanings", "__meaningsText"},
		{field.Anchor.Attribute(), field.Anchor.Index(), "anchor", "__glossary"},
		{field.ParentCategory.Attribute(), field.ParentCategory.Index(), "parentCategory", "__parentCategory"},
		{field.Categories.Attribute(), field.Categories.Index(), "categories", "__categories"},
		{field.NestedColumnOrder.Attribute(), field.NestedColumnOrder.Index(), "nestedColumnOrder", "nestedColumnOrder.order"},
		{field.InlineHelpText.Attribute(), field.InlineHelpText.Index(), "inlineHelpText", "inlineHelpText.text"},
		{field.GUID.Attribute(), field.GUID.Index(), "guid", "__guid"},
		{field.TypeName.Attribute(), field.TypeName.Keyword().Index(), "typeName", "__typeName.keyword"},
		{field.SuperTypeNames.Attribute(), field.SuperTypeNames.Keyword().Index(), "typeName", "__superTypeNames.keyword"},
		{field.Tags.Attribute(), field.Tags.Keyword().Index(), "classificationNames", "__traitNames"},
		{field.PropagatedTags.Attribute(), field.PropagatedTags.Keyword().Index(), "classificationNames", "__propagatedTraitNames"},
		{field.Status.Attribute(), field.Status.Index(), "status", "__state"},
		{field.CreateTime.Attribute(), field.CreateTime.Index(), "createTime", "__timestamp"},
		{field.UpdateTime.Attribute(), field.UpdateTime.Index(), "updateTime", "__modificationTimestamp"},
		{field.CreatedBy.Attribute(), field.CreatedBy.Index(), "createdBy", "__createdBy"},
		{field.UpdatedBy.Attribute(), field.UpdatedBy.Index(), "updatedBy", "__modifiedBy"},
		{field.Code.Attribute(), field.Code.Index(), "code", "code"},
		{field.CodeSAPProcess.Attribute(), field.CodeSAPProcess.Index(), "code", "code"},
		{field.Columns.Attribute(), "", "columns", ""},
	} {
		if c.attribute != c.wantAttribute || c.index != c.wantIndex {
			t.Errorf("%s in %q, want %s in %q", c.attribute, c.index, c.wantAttribute, c.wantIndex)
		}
	}
	isOf[field.DateField](field.CertificateUpdatedAt)
	isOf[field.NumericField](field.RowCount)
	isOf[field.FloatField](field.SourceTotalCost)
	isOf[field.RankField](field.ViewScore)
	isOf[field.TextField](field.Code) // that of Process, which most types inherit
	isOf[field.KeywordField](field.CodeSAPProcess)

	// Every attribute that the index has is a field.
	d := definitionsOf(t)
	text, err := os.ReadFile(filepath.Join(module, "gen/atlanassets/field/fields.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	constants := string(text)
	names := map[string]bool{}
	for typeName, of := range d.Types {
		for attribute := range of.Index {
			names[attribute] = true
			if !strings.Contains(constants, `"`+attribute+`"`) && !strings.Contains(constants, `"`+attribute+`:`) {
				t.Errorf("there is no field for %s.%s", typeName, attribute)
			}
		}
	}
	if len(names) != 2050 {
		t.Errorf("the index has %d names", len(names))
	}
}

// isOf compiles when the constant is of this kind.
func isOf[T field.Field](T) {}

func TestConnectors(t *testing.T) {
	d := definitionsOf(t)
	for connector, want := range d.Connectors {
		if got, known := assets.AtlanConnectorType(connector).Category(); string(got) != want || !known {
			t.Errorf("%s is of %q, %t, want %q", connector, got, known, want)
		}
	}
	if got, known := assets.AtlanConnectorType("unheard-of").Category(); known {
		t.Errorf("an unknown connector is of %q", got)
	}
}

// A relationship is told from an attribute by its Go type.
func TestRelationshipsByType(t *testing.T) {
	relations := 0
	for name, f := range jsonNames(reflect.TypeFor[assets.Column]()) {
		switch reflect.Zero(f.Type).Interface().(type) {
		case assets.Attribute[assets.Ref], assets.Attribute[[]assets.Ref]:
			relations++
			if name == "name" || name == "dataType" {
				t.Errorf("%s is a relationship", name)
			}
		default:
			if name == "table" || name == "nestedColumns" {
				t.Errorf("%s is not a relationship", name)
			}
		}
	}
	if relations != 21+10+10+19+3 {
		t.Errorf("a column has %d relationships", relations)
	}
}
