package changereport

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
)

// AssetModel is one of the two states of a service's asset model, which has no OpenAPI document.
type AssetModel struct {
	// Name is how the report calls it: a revision of git, a file.
	Name string
	// Typedefs is typedefs.json, Configuration the assets.yaml beside it.
	Typedefs, Configuration []byte
}

// AssetReport is the comparison of two asset models. Its lists are sorted.
type AssetReport struct {
	Service  string
	Old, New string
	Facts    []*AssetFact
	// Symbols are changes of gen/ that no fact explains.
	Symbols []AssetSymbol
	// Errors are places of our code that do not compile with the new generated code.
	Errors []gosource.Error
	// NotGenerated says why the new model gives no Go code; Symbols and Errors are then unknown.
	NotGenerated string
}

// AssetFact is one difference of the models.
type AssetFact struct {
	Text    string
	Symbols []AssetSymbol

	of, member string   // the type, enumeration or struct, and its attribute or value; "" where it is about all of it
	members    []string // what a type that came or went has
}

// AssetSymbol is a Go symbol that changes, where it is declared: types that embed it change with it.
type AssetSymbol struct {
	Name   string // atlanassets.Table.RowCount
	Change string // removed, added, changed from … to …

	of, member string // the Go type that it belongs to, and what it is on the wire
}

// AssetsFromFolder reads the asset model of a folder such as specs/atlan. [ErrNoDocument] says that it has none.
func AssetsFromFolder(name, folder string) (AssetModel, error) {
	return readAssets(name, func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, file)) })
}

// AssetsFromRevision reads the asset model of a service as it is in a revision of the git repository at root.
func AssetsFromRevision(ctx context.Context, root, service, revision string) (AssetModel, error) {
	file, err := revised(ctx, root, service, revision)
	if err != nil {
		return AssetModel{}, err
	}
	return readAssets(revision, file)
}

func readAssets(name string, file func(name string) ([]byte, error)) (AssetModel, error) {
	m := AssetModel{Name: name}
	var err error
	if m.Typedefs, err = file("typedefs.json"); errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%s: %w", name, ErrNoDocument)
	}
	if err == nil {
		m.Configuration, err = file("assets.yaml")
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// CompareAssets makes the report of a service of the repository at root. It runs the go command, and needs no network once
// the modules are downloaded.
func CompareAssets(ctx context.Context, root, service string, before, after AssetModel) (*AssetReport, error) {
	r := &AssetReport{Service: service, Old: before.Name, New: after.Name}
	if bytes.Equal(before.Typedefs, after.Typedefs) && bytes.Equal(before.Configuration, after.Configuration) {
		return r, nil
	}
	was, err := readDefinitions(before)
	if err != nil {
		return nil, err
	}
	is, err := readDefinitions(after)
	if err != nil {
		return nil, err
	}
	r.Facts = was.compare(is)

	folder, err := os.MkdirTemp("", "sluice-assets-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	tool := filepath.Join(folder, "assets")
	//nolint:gosec // a generator of ours, built in a folder of ours
	command := exec.CommandContext(ctx, "go", "build", "-o", tool, "./specs/internal/assets")
	command.Dir, command.Env = root, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	if _, err := command.Output(); err != nil {
		return nil, failure(command, err)
	}
	old, err := generateAssets(ctx, tool, filepath.Join(folder, "old"), service, before)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", before.Name, err)
	}
	now, err := generateAssets(ctx, tool, filepath.Join(folder, "new"), service, after)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.NotGenerated = err.Error()
		return r, nil
	}
	symbols, err := compareDeclarations(old, now)
	if err != nil {
		return nil, err
	}
	for _, symbol := range symbols {
		r.attach(symbol)
	}
	return r, r.check(ctx, root, old, now)
}

// generateAssets runs the generator in a folder of its own and returns what it wrote by its place in the repository.
func generateAssets(ctx context.Context, tool, folder, service string, m AssetModel) (gosource.Files, error) {
	specs := filepath.Join(folder, "specs", service)
	if err := os.MkdirAll(specs, 0o750); err != nil {
		return nil, err
	}
	for name, text := range map[string][]byte{"typedefs.json": m.Typedefs, "assets.yaml": m.Configuration} {
		if err := os.WriteFile(filepath.Join(specs, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, generateTimeout)
	defer cancel()
	//nolint:gosec // the generator that was just built, and a service that is the name of a folder
	command := exec.CommandContext(ctx, tool, "specs/"+service+"/assets.yaml")
	command.Dir = folder
	if _, err := command.Output(); err != nil {
		return nil, failure(command, err)
	}
	files := gosource.Files{}
	written := os.DirFS(folder)
	return files, fs.WalkDir(written, "gen", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(written, name)
		return err
	})
}

// check compiles our own code with the new generated code.
func (r *AssetReport) check(ctx context.Context, root string, before, now gosource.Files) error {
	tree, err := gosource.Open(root)
	if err != nil {
		return err
	}
	module := tree.Modules["."]
	all, err := tree.Packages(module)
	if err != nil {
		return err
	}
	ours := slices.DeleteFunc(all, func(importPath string) bool {
		return !strings.HasPrefix(importPath+"/", module+"/wrappers/"+r.Service+"/")
	})
	universe, err := tree.Load(ctx, module, ours, before, now)
	if err != nil {
		return err
	}
	bodies := func(importPath string) bool { return slices.Contains(ours, importPath) }
	old, err := universe.Check(ours, before, bodies)
	if err != nil {
		return err
	}
	checked, err := universe.Check(ours, now, bodies)
	if err != nil {
		return err
	}
	for _, importPath := range slices.Sorted(maps.Keys(checked)) {
		for _, e := range checked[importPath].Errors {
			if p := old[importPath]; p == nil || !slices.Contains(p.Errors, e) {
				r.Errors = append(r.Errors, e)
			}
		}
	}
	return nil
}

// attach ties a symbol to the facts about the same member of the same type, else about that type as a whole, else about a
// member of that name: what further parents have is copied, and the search has one constant for all types.
func (r *AssetReport) attach(symbol AssetSymbol) {
	var exact, whole, named []*AssetFact
	for _, f := range r.Facts {
		same := normal(f.of) == normal(symbol.of)
		switch {
		case same && f.member == symbol.member:
			exact = append(exact, f)
		case same && f.member == "", symbol.of == "" && f.member == "" && f.of == symbol.member:
			whole = append(whole, f)
		case symbol.member != "" && (f.member == symbol.member || slices.Contains(f.members, symbol.member)):
			named = append(named, f)
		}
	}
	for _, found := range [][]*AssetFact{exact, whole, named} {
		for _, f := range found {
			f.Symbols = append(f.Symbols, symbol)
		}
		if len(found) > 0 {
			return
		}
	}
	r.Symbols = append(r.Symbols, symbol)
}

// definitions is what typedefs.json says. What follows from the rest (subTypes) or is said of the whole (counts) is left out.
type definitions struct {
	Enums   map[string][]string `json:"enums"`
	Structs map[string]struct {
		Attributes map[string]string `json:"attributes"`
	} `json:"structs"`
	Connectors map[string]string    `json:"connectors"`
	Types      map[string]assetType `json:"types"`
}

type assetType struct {
	SuperTypes         []string                   `json:"superTypes"`
	InferredSuperTypes []string                   `json:"inferredSuperTypes"`
	Attributes         map[string]string          `json:"attributes"`
	Relationships      map[string]string          `json:"relationshipAttributes"`
	Index              map[string]json.RawMessage `json:"index"`
	HeaderIndex        map[string]json.RawMessage `json:"headerIndex"`
}

func readDefinitions(m AssetModel) (*definitions, error) {
	d := &definitions{}
	if err := json.Unmarshal(m.Typedefs, d); err != nil {
		return nil, fmt.Errorf("%s: typedefs.json: %w", m.Name, err)
	}
	return d, nil
}

// compare lists the facts by type, enumeration and struct.
func (d *definitions) compare(now *definitions) []*AssetFact {
	var facts []*AssetFact
	add := func(of, member, format string, args ...any) *AssetFact {
		f := &AssetFact{Text: fmt.Sprintf(format, args...), of: of, member: member}
		facts = append(facts, f)
		return f
	}
	// members compares what types and structs have by name; what says what it is.
	members := func(of, what string, before, after map[string]string) {
		for _, name := range either(before, after) {
			was, old := before[name]
			is, present := after[name]
			switch {
			case !present:
				add(of, name, "%s `%s` of %s removed (it was %s)", what, name, of, was)
			case !old:
				add(of, name, "%s `%s` of %s added (%s)", what, name, of, is)
			case was != is:
				add(of, name, "%s `%s` of %s changed from %s to %s", what, name, of, was, is)
			}
		}
	}
	for _, name := range either(d.Types, now.Types) {
		was, old := d.Types[name]
		is, present := now.Types[name]
		switch {
		case !present:
			add(name, "", "type %s removed", name).members = either(was.Attributes, was.Relationships)
			continue
		case !old:
			add(name, "", "type %s added, a kind of %s", name, strings.Join(is.SuperTypes, " and ")).members = either(is.Attributes, is.Relationships)
			continue
		}
		for _, parents := range []struct {
			what          string
			before, after []string
		}{{"parents", was.SuperTypes, is.SuperTypes}, {"further parents", was.InferredSuperTypes, is.InferredSuperTypes}} {
			if before, after := strings.Join(parents.before, ", "), strings.Join(parents.after, ", "); before != after {
				add(name, "", "%s of type %s changed from %s to %s", parents.what, name, cmp.Or(before, "none"), cmp.Or(after, "none"))
			}
		}
		members(name, "attribute", was.Attributes, is.Attributes)
		members(name, "relationship", was.Relationships, is.Relationships)
		// The index of an attribute that came or went, came or went with it.
		for _, index := range []struct{ before, after map[string]json.RawMessage }{{was.Index, is.Index}, {was.HeaderIndex, is.HeaderIndex}} {
			before, after := texts(index.before), texts(index.after)
			for _, member := range either(before, after) {
				_, oldAttribute := was.Attributes[member]
				_, newAttribute := is.Attributes[member]
				if oldAttribute == newAttribute && before[member] != after[member] {
					add(name, member, "index of `%s` of %s changed from %s to %s", member, name, cmp.Or(before[member], "none"), cmp.Or(after[member], "none"))
				}
			}
		}
	}
	for _, name := range either(d.Enums, now.Enums) {
		was, old := d.Enums[name]
		is, present := now.Enums[name]
		switch {
		case !present:
			add(name, "", "enumeration %s removed", name)
		case !old:
			add(name, "", "enumeration %s added", name)
		}
		for _, value := range was {
			if present && !slices.Contains(is, value) {
				add(name, value, "value `%s` of enumeration %s removed", value, name)
			}
		}
		for _, value := range is {
			if old && !slices.Contains(was, value) {
				add(name, value, "value `%s` of enumeration %s added", value, name)
			}
		}
	}
	for _, name := range either(d.Structs, now.Structs) {
		was, old := d.Structs[name]
		is, present := now.Structs[name]
		switch {
		case !present:
			add(name, "", "struct %s removed", name)
		case !old:
			add(name, "", "struct %s added", name)
		default:
			members(name, "attribute", was.Attributes, is.Attributes)
		}
	}
	members("the model", "connector", d.Connectors, now.Connectors)
	return facts
}

// either is the names of both, sorted.
func either[V any](a, b map[string]V) []string {
	return slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, m := range []map[string]V{a, b} {
			for name := range m {
				if !yield(name) {
					return
				}
			}
		}
	}))
}

// texts are values in one line each, whatever the order of their members.
func texts(raw map[string]json.RawMessage) map[string]string {
	m := map[string]string{}
	for name, value := range raw {
		var v any
		if json.Unmarshal(value, &v) != nil {
			continue
		}
		if text, err := json.Marshal(v); err == nil {
			m[name] = strings.Trim(string(text), `"`)
		}
	}
	return m
}

// A declaration is an exported symbol of generated code, where it stands.
type declaration struct {
	text       string
	of, member string
	within     string // the type whose coming or going says it all
}

// compareDeclarations tells which declarations of generated code differ, embedded fields included but not what they promote:
// an attribute that is gone from Asset is one symbol and not one for each of five hundred types.
func compareDeclarations(before, now gosource.Files) ([]AssetSymbol, error) {
	old, err := declarations(before)
	if err != nil {
		return nil, err
	}
	current, err := declarations(now)
	if err != nil {
		return nil, err
	}
	var symbols []AssetSymbol
	for _, name := range either(old, current) {
		was, wasThere := old[name]
		is, isThere := current[name]
		d := was
		var change string
		switch {
		case !isThere:
			if _, kept := current[was.within]; was.within != "" && !kept {
				continue
			}
			change = "removed"
		case !wasThere:
			d = is
			if _, known := old[is.within]; is.within != "" && !known {
				continue
			}
			change = "added"
		case was.text == is.text:
			continue
		default:
			change = "changed from " + was.text + " to " + is.text
		}
		symbols = append(symbols, AssetSymbol{name, change, d.of, d.member})
	}
	return symbols, nil
}

// declarations are the exported symbols of files, by name: package.Type.Field.
func declarations(files gosource.Files) (map[string]declaration, error) {
	found := map[string]declaration{}
	fset := token.NewFileSet()
	text := func(node ast.Node) string {
		var b bytes.Buffer
		if node == nil || printer.Fprint(&b, fset, node) != nil {
			return ""
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := parser.ParseFile(fset, name, files[name], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		in := path.Base(path.Dir(name)) + "."
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				function := functionName(d)
				of, _, _ := strings.Cut(function, ".")
				if d.Recv == nil {
					of = ""
				}
				found[in+function] = declaration{text: text(d.Type), of: of, within: within(in, of)}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						declareType(found, in, s, text)
					case *ast.ValueSpec:
						for i, n := range s.Names {
							v := declaration{text: text(s.Type)}
							if i < len(s.Values) {
								v.text += " = " + text(s.Values[i])
								v.member = plainValue(s.Values[i])
							}
							switch {
							case s.Type == nil:
							case in == "field.": // one for all types: "typeName:__typeName.keyword,__typeName"
								v.member, _, _ = strings.Cut(v.member, ":")
							default:
								v.of = text(s.Type)
								v.within = within(in, v.of)
							}
							found[in+n.Name] = v
						}
					}
				}
			}
		}
	}
	maps.DeleteFunc(found, func(name string, _ declaration) bool {
		return !ast.IsExported(name[strings.LastIndexByte(name, '.')+1:])
	})
	return found, nil
}

func within(in, of string) string {
	if of == "" {
		return ""
	}
	return in + of
}

func declareType(found map[string]declaration, in string, s *ast.TypeSpec, text func(ast.Node) string) {
	structure, ok := s.Type.(*ast.StructType)
	if !ok {
		found[in+s.Name.Name] = declaration{text: text(s.Type), of: s.Name.Name}
		return
	}
	found[in+s.Name.Name] = declaration{text: "struct", of: s.Name.Name}
	for _, field := range structure.Fields.List {
		f := declaration{text: text(field.Type), of: s.Name.Name, within: in + s.Name.Name}
		if field.Tag != nil {
			tag, _ := strconv.Unquote(field.Tag.Value)
			f.member, _, _ = strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		}
		for _, n := range field.Names {
			found[in+s.Name.Name+"."+n.Name] = f
		}
		if len(field.Names) == 0 {
			f.text = "embedded"
			found[in+s.Name.Name+"."+text(field.Type)] = f
		}
	}
}

// plainValue is the text of a constant that is a text.
func plainValue(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return value
}

// Empty reports whether there is nothing to say.
func (r *AssetReport) Empty() bool {
	return len(r.Facts) == 0 && len(r.Symbols) == 0 && len(r.Errors) == 0 && r.NotGenerated == ""
}

// Markdown is the report for people.
func (r *AssetReport) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Changes of the asset model of %s\n\nFrom %s to %s.\n\n", r.Service, r.Old, r.New)
	if r.Empty() {
		b.WriteString("Nothing has changed: no type, no attribute, no relationship, no enumeration, no Go symbol.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "%d facts; %d places of ours no longer compile.\n", len(r.Facts), len(r.Errors))
	if r.NotGenerated != "" {
		fmt.Fprintf(&b, "\n## No code can be generated\n\nWhat changes in Go is unknown until this is mended:\n\n```\n%s\n```\n", strings.TrimSpace(r.NotGenerated))
	}
	if len(r.Facts) > 0 {
		b.WriteString("\n## Facts\n\n")
	}
	for _, f := range r.Facts {
		fmt.Fprintf(&b, "- %s%s\n", strings.ToUpper(f.Text[:1]), f.Text[1:])
		assetSymbolLines(&b, "  ", f.Symbols)
	}
	if len(r.Errors) > 0 {
		b.WriteString("\n## No longer compiles\n\n")
		compileErrors(&b, r.Errors)
	}
	if len(r.Symbols) > 0 {
		b.WriteString("\n## Go symbols that no fact explains\n\nThe generator or its configuration has changed, or names were given anew.\n\n")
		assetSymbolLines(&b, "", r.Symbols)
	}
	return b.String()
}

func assetSymbolLines(b *strings.Builder, indent string, symbols []AssetSymbol) {
	for _, s := range symbols[:min(len(symbols), most)] {
		fmt.Fprintf(b, "%s- `%s` %s\n", indent, s.Name, s.Change)
	}
	if more := len(symbols) - most; more > 0 {
		fmt.Fprintf(b, "%s- and %d more\n", indent, more)
	}
}
