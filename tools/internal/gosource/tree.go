// Package gosource type-checks the packages of a source tree from their text, with some files replaced. What they import
// from elsewhere comes from the build cache, so a tree is read once and checked as often as it is altered.
package gosource

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"
)

// Tree is a folder with one or more Go modules.
type Tree struct {
	// Dir is the folder, absolute.
	Dir string
	// Modules are the module paths by folder, with slashes, relative to Dir; the root is ".".
	Modules map[string]string
}

// Open finds the modules of a folder. Folders that go ignores (testdata, and names with a dot or an underscore in front) are
// left out.
func Open(dir string) (*Tree, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	t := &Tree{Dir: dir, Modules: map[string]string{}}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && ignored(entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if entry.Name() != "go.mod" {
			return nil
		}
		text, err := root.ReadFile(name)
		if err != nil {
			return err
		}
		module := modfile.ModulePath(text)
		if module == "" {
			return fmt.Errorf("%s names no module", name)
		}
		t.Modules[path.Dir(name)] = module
		return nil
	})
	if err == nil && t.Modules["."] == "" {
		err = fmt.Errorf("%s has no go.mod", dir)
	}
	return t, err
}

func ignored(name string) bool {
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// Packages returns the import paths of the packages of a module, sorted: folders with Go files that are not tests.
func (t *Tree) Packages(module string) ([]string, error) {
	folder, ok := t.folderOfModule(module)
	if !ok {
		return nil, fmt.Errorf("no module %s in %s", module, t.Dir)
	}
	found := map[string]bool{}
	start := filepath.Join(t.Dir, filepath.FromSlash(folder))
	err := filepath.WalkDir(start, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(t.Dir, name)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if entry.IsDir() {
			if name != start && (ignored(entry.Name()) || t.Modules[relative] != "") {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(entry.Name(), ".go") && !strings.HasSuffix(entry.Name(), "_test.go") {
			found[t.importPath(path.Dir(relative))] = true
		}
		return nil
	})
	return slices.Sorted(maps.Keys(found)), err
}

func (t *Tree) folderOfModule(module string) (string, bool) {
	for folder, path := range t.Modules {
		if path == module {
			return folder, true
		}
	}
	return "", false
}

// importPath is the import path of a folder of the tree: of the innermost module that it is in.
func (t *Tree) importPath(folder string) string {
	for at := folder; ; at = path.Dir(at) {
		if module, ok := t.Modules[at]; ok {
			if at == "." {
				return path.Join(module, folder)
			}
			return path.Join(module, strings.TrimPrefix(folder, at))
		}
	}
}

// folder is the folder of a package of the tree, false for any other.
func (t *Tree) folder(importPath string) (string, bool) {
	best, found := "", false
	for folder, module := range t.Modules {
		if rest, ok := strings.CutPrefix(importPath, module); ok && (rest == "" || rest[0] == '/') {
			candidate := path.Join(folder, rest)
			if !found || len(candidate) < len(best) {
				best, found = candidate, true
			}
		}
	}
	return best, found
}

// Files are texts that replace, or add to, the files of a tree, by path with slashes relative to it. All files of a folder
// that has one of them count as replaced when they are generated: the names end in .gen.go.
type Files map[string][]byte

// Package is a type-checked package.
type Package struct {
	Path   string
	Types  *types.Package
	Info   *types.Info
	Syntax []*ast.File
	// Errors says why the package does not compile; it is empty for one that does. What can be known of a package with
	// errors is in its types.
	Errors []Error
}

// Error is an error of the compiler.
type Error struct {
	File string // with slashes, relative to the tree
	Line int
	Text string
}

func (e Error) String() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// Universe is a tree with what its packages import from elsewhere, as one of its modules sees it.
type Universe struct {
	tree     *Tree
	fset     *token.FileSet
	external map[string]*types.Package
}

// Load reads what the packages of a module, and those of the tree that they import, need from elsewhere: from the build
// cache, which it fills where needed. Roots are the packages that matter; files are all alterations that will be checked.
func (t *Tree) Load(ctx context.Context, module string, roots []string, files ...Files) (*Universe, error) {
	folder, ok := t.folderOfModule(module)
	if !ok {
		return nil, fmt.Errorf("no module %s in %s", module, t.Dir)
	}
	needed := map[string]bool{}
	for _, altered := range append(files, nil) {
		c := &checker{universe: &Universe{tree: t, fset: token.NewFileSet()}, files: altered}
		seen := map[string]bool{}
		var visit func(importPath string) error
		visit = func(importPath string) error {
			if seen[importPath] {
				return nil
			}
			seen[importPath] = true
			if _, own := t.folder(importPath); !own {
				needed[importPath] = true
				return nil
			}
			syntax, _, err := c.parse(importPath)
			if err != nil {
				return err
			}
			for _, file := range syntax {
				for _, spec := range file.Imports {
					imported, err := strconv.Unquote(spec.Path.Value)
					if err != nil {
						return err
					}
					if err := visit(imported); err != nil {
						return err
					}
				}
			}
			return nil
		}
		for _, root := range roots {
			if err := visit(root); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	delete(needed, "unsafe")
	delete(needed, "C")

	u := &Universe{tree: t, fset: token.NewFileSet(), external: map[string]*types.Package{"unsafe": types.Unsafe}}
	if len(needed) == 0 {
		return u, nil
	}
	config := &packages.Config{
		Context: ctx,
		Dir:     filepath.Join(t.Dir, filepath.FromSlash(folder)),
		Fset:    u.fset,
		// The tree's own go.mod decides, and nothing may change it.
		Env:  append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false"),
		Mode: packages.NeedName | packages.NeedImports | packages.NeedTypes | packages.NeedExportFile,
	}
	loaded, err := packages.Load(config, slices.Sorted(maps.Keys(needed))...)
	if err != nil {
		return nil, fmt.Errorf("packages that %s imports: %w", module, err)
	}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("package %s, which %s imports: %w", p.PkgPath, module, p.Errors[0])
		}
		u.external[p.PkgPath] = p.Types
	}
	return u, nil
}

// Check type-checks packages of the tree, and those of the tree that they import. Bodies says of which packages the bodies
// of functions are checked as well; nil is none. A package that does not exist is left out of the result, one that does not compile is in it with its errors.
func (u *Universe) Check(roots []string, files Files, bodies func(importPath string) bool) (map[string]*Package, error) {
	c := &checker{universe: u, files: files, bodies: bodies, done: map[string]*Package{}, busy: map[string]bool{}}
	for _, root := range roots {
		if _, err := c.check(root); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return c.done, nil
}

// Position is where something of a checked package stands.
func (u *Universe) Position(at token.Pos) (file string, line int) {
	position := u.fset.Position(at)
	return u.relative(position.Filename), position.Line
}

func (u *Universe) relative(name string) string {
	if relative, err := filepath.Rel(u.tree.Dir, name); err == nil {
		return filepath.ToSlash(relative)
	}
	return name
}

type checker struct {
	universe *Universe
	files    Files
	bodies   func(importPath string) bool
	done     map[string]*Package
	busy     map[string]bool
}

// Import serves the type checker.
func (c *checker) Import(importPath string) (*types.Package, error) {
	if p, ok := c.universe.external[importPath]; ok {
		return p, nil
	}
	p, err := c.check(importPath)
	if err != nil {
		return nil, err
	}
	return p.Types, nil
}

func (c *checker) check(importPath string) (*Package, error) {
	if p, ok := c.done[importPath]; ok {
		return p, nil
	}
	if c.busy[importPath] {
		return nil, fmt.Errorf("%s imports itself", importPath)
	}
	c.busy[importPath] = true
	defer delete(c.busy, importPath)
	syntax, parseErrors, err := c.parse(importPath)
	if err != nil {
		return nil, err
	}
	p := &Package{Path: importPath, Syntax: syntax, Errors: parseErrors, Info: &types.Info{
		Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	config := types.Config{
		Importer:         c,
		IgnoreFuncBodies: c.bodies == nil || !c.bodies(importPath),
		Error: func(err error) {
			var e types.Error
			if errors.As(err, &e) && !e.Soft {
				// One a line, as the compiler does: the others mostly follow from the first.
				file, line := c.universe.Position(e.Pos)
				if !slices.ContainsFunc(p.Errors, func(known Error) bool { return known.File == file && known.Line == line }) {
					p.Errors = append(p.Errors, Error{file, line, e.Msg})
				}
			}
		},
	}
	// The error is the first of those that config.Error was called with.
	p.Types, _ = config.Check(importPath, c.universe.fset, syntax, p.Info)
	c.done[importPath] = p
	return p, nil
}

// parse reads the files of a package that belong to this platform, without its tests.
func (c *checker) parse(importPath string) ([]*ast.File, []Error, error) {
	folder, ok := c.universe.tree.folder(importPath)
	if !ok {
		return nil, nil, fmt.Errorf("package %s was not loaded", importPath)
	}
	texts := map[string][]byte{}
	altered := false
	for name, text := range c.files {
		if path.Dir(name) == folder {
			texts[path.Base(name)], altered = text, true
		}
	}
	dir := filepath.Join(c.universe.tree.Dir, filepath.FromSlash(folder))
	entries, err := os.ReadDir(dir)
	if err != nil && !altered {
		return nil, nil, fmt.Errorf("package %s: %w", importPath, err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if _, replaced := texts[name]; replaced || (altered && strings.HasSuffix(name, ".gen.go")) {
			continue
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if match, err := build.Default.MatchFile(dir, name); err != nil || !match {
			continue
		}
		if texts[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, nil, err
		}
	}
	if len(texts) == 0 {
		return nil, nil, fmt.Errorf("package %s has no Go files: %w", importPath, fs.ErrNotExist)
	}
	var files []*ast.File
	var failures []Error
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		full := filepath.Join(dir, name)
		file, err := parser.ParseFile(c.universe.fset, full, texts[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			failures = append(failures, Error{c.universe.relative(full), 0, err.Error()})
		}
		if file != nil {
			files = append(files, file)
		}
	}
	return files, failures, nil
}
