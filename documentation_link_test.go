package sluice_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documented is what the comments of a package may link to.
type documented struct {
	page    *doc.Package
	symbols map[string]bool // "Client", "Client.Raw", "Options.Limit"
}

func readPackage(folder string) (*documented, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	var parsed []*ast.File
	symbols := source{symbols: map[string]bool{}}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		symbols.add(file)
		parsed = append(parsed, file)
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("%s holds no package", folder)
	}
	page, err := doc.NewFromFiles(files, parsed, module+"/"+folder)
	if err != nil {
		return nil, err
	}
	d := &documented{page: page, symbols: map[string]bool{}}
	for symbol := range symbols.symbols {
		d.symbols[strings.TrimPrefix(symbol, page.Name+".")] = true
	}
	return d, nil
}

// comments are the package's comment and those of its exported symbols, by symbol. Those of fields are comments of types.
func (d *documented) comments() map[string]string {
	all := map[string]string{"package " + d.page.Name: d.page.Doc}
	values := func(values []*doc.Value) {
		for _, v := range values {
			all[strings.Join(v.Names, ", ")] = v.Doc + "\n\n" + fields(v.Decl)
		}
	}
	functions := func(of string, functions []*doc.Func) {
		for _, f := range functions {
			all[of+f.Name] = f.Doc
		}
	}
	values(d.page.Consts)
	values(d.page.Vars)
	functions("", d.page.Funcs)
	for _, t := range d.page.Types {
		all[t.Name] = t.Doc + "\n\n" + fields(t.Decl)
		values(t.Consts)
		values(t.Vars)
		functions("", t.Funcs)
		functions(t.Name+".", t.Methods)
	}
	return all
}

// fields are the comments within a declaration, a paragraph each.
func fields(declaration *ast.GenDecl) string {
	var text strings.Builder
	ast.Inspect(declaration, func(node ast.Node) bool {
		var groups []*ast.CommentGroup
		switch n := node.(type) {
		case *ast.Field:
			groups = append(groups, n.Doc, n.Comment)
		case *ast.ValueSpec:
			groups = append(groups, n.Doc, n.Comment)
		}
		for _, group := range groups {
			if group != nil {
				text.WriteString(group.Text() + "\n\n")
			}
		}
		return true
	})
	return text.String()
}

// linked looks like a link that was meant: [Client], [Client.Raw], [job.Wait], [*apierr.Error].
var linked = regexp.MustCompile(`\[\*?(?:[a-z][a-z0-9]*\.)?[A-Z]\w*(?:\.[A-Z]\w*)?\]`)

// broken lists the links of a comment that lead nowhere.
func (d *documented) broken(text string, others map[string]*documented) []string {
	p := d.page.Parser()
	var problems []string
	var inspect func(texts []comment.Text)
	inspect = func(texts []comment.Text) {
		plain := ""
		for _, part := range texts {
			switch part := part.(type) {
			case comment.Plain:
				plain += string(part)
			case *comment.Link:
				inspect(part.Text)
			case *comment.DocLink:
				name := part.Name
				if part.Recv != "" {
					name = part.Recv + "." + name
				}
				target := d
				if part.ImportPath != "" {
					target = others[part.ImportPath] // nil for packages that are not ours
				}
				if target != nil && name != "" && !target.symbols[name] {
					problems = append(problems, fmt.Sprintf("[%s] of %s", name, target.page.ImportPath))
				}
			}
		}
		problems = append(problems, linked.FindAllString(plain, -1)...)
	}
	var walk func(blocks []comment.Block)
	walk = func(blocks []comment.Block) {
		for _, block := range blocks {
			switch block := block.(type) {
			case *comment.Paragraph:
				inspect(block.Text)
			case *comment.Heading:
				inspect(block.Text)
			case *comment.List:
				for _, item := range block.Items {
					walk(item.Content)
				}
			}
		}
	}
	walk(p.Parse(text).Content)
	return problems
}

// A name in brackets in a comment that users read is a link, and leads somewhere.
func TestDocLinks(t *testing.T) {
	all := map[string]*documented{}
	var errs []error
	for _, folder := range publicPackages(t) {
		d, err := readPackage(folder)
		errs = append(errs, err)
		all[module+"/"+folder] = d
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for path, d := range all {
		for symbol, text := range d.comments() {
			for _, link := range d.broken(text, all) {
				t.Errorf("%s, %s: %s leads nowhere", path, symbol, link)
			}
		}
	}
	// The check must notice what it is there for.
	d := all[module+"/wrappers/airbyte"]
	for text, want := range map[string]int{
		"See [Client.Raw], [apierr.Error] and [*Client].":                          0,
		"See [Client.Gone], [Gone], [apierr.Gone] and [gone.Error].":               4,
		"A list:\n\n  - [Gone] is one\n  - [Client] is another\n\n# [Gone]\n":      2,
		"Code is not looked into:\n\n\tx := make(map[Gone]int)\n\nand [1] is not.": 0,
	} {
		if got := d.broken(text, all); len(got) != want {
			t.Errorf("%q has the broken links %q, want %d", text, got, want)
		}
	}
}
