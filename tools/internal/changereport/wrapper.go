package changereport

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
)

// wrappers is what the hand-written packages of a service have to do with its generated ones.
type wrappers struct {
	// operations are the functions whose comment names an operation, by "METHOD /route".
	operations map[string][]string
	// uses are the functions that use a symbol of gen/, by symbol, with the lines.
	uses map[string][]use
	// exposed are the exported symbols whose type mentions a type of gen/, by that type.
	exposed map[string][]string
}

type use struct {
	function string
	file     string
	line     int
}

// operationComment stands above the methods of wrappers: //sluice:operation GET /jobs/{jobId}
const operationComment = "//sluice:operation "

// readWrappers reads type-checked packages that use the packages gen.
func readWrappers(universe *gosource.Universe, checked map[string]*gosource.Package, wrapping []string, gen ...string) *wrappers {
	w := &wrappers{operations: map[string][]string{}, uses: map[string][]use{}, exposed: map[string][]string{}}
	names := map[types.Object]string{}
	for _, importPath := range gen {
		if p := checked[importPath]; p != nil && p.Types != nil {
			name(p.Types, names)
		}
	}
	for _, importPath := range wrapping {
		p := checked[importPath]
		if p == nil || p.Types == nil {
			continue
		}
		for _, file := range p.Syntax {
			w.read(universe, p, file, names)
		}
		w.expose(p, names)
	}
	for _, list := range w.operations {
		slices.Sort(list)
	}
	for key := range w.exposed {
		slices.Sort(w.exposed[key])
		w.exposed[key] = slices.Compact(w.exposed[key])
	}
	return w
}

// name notes what the symbols of a package are called: Type, Type.Field, Type.Method.
func name(p *types.Package, names map[types.Object]string) {
	var positions []token.Pos
	for _, key := range p.Scope().Names() {
		positions = append(positions, p.Scope().Lookup(key).Pos())
	}
	slices.Sort(positions)
	// declared is the last declaration that begins before a position.
	declared := func(at token.Pos) token.Pos {
		i, found := slices.BinarySearch(positions, at)
		if !found {
			i--
		}
		if i < 0 {
			return token.NoPos
		}
		return positions[i]
	}
	for _, key := range p.Scope().Names() {
		object := p.Scope().Lookup(key)
		full := path.Base(p.Path()) + "." + key
		names[object] = full
		t, ok := object.(*types.TypeName)
		if !ok {
			continue
		}
		switch underlying := t.Type().Underlying().(type) {
		case *types.Struct:
			for field := range underlying.Fields() {
				// Types that are defined by another share its fields, which belong to the one that they stand in.
				if field.Pkg() == p && declared(field.Pos()) == t.Pos() {
					names[field] = full + "." + field.Name()
				}
			}
		case *types.Interface:
			for method := range underlying.Methods() {
				names[method] = full + "." + method.Name()
			}
		}
		if named, ok := t.Type().(*types.Named); ok {
			for method := range named.Methods() {
				names[method] = full + "." + method.Name()
			}
		}
	}
}

// read notes the operations and the uses of one file.
func (w *wrappers) read(universe *gosource.Universe, p *gosource.Package, file *ast.File, names map[types.Object]string) {
	in := path.Base(p.Path)
	for _, declaration := range file.Decls {
		if g, ok := declaration.(*ast.GenDecl); ok {
			for _, spec := range g.Specs {
				w.note(universe, p, spec, in+"."+specName(spec), names)
			}
			continue
		}
		function := in
		if f, ok := declaration.(*ast.FuncDecl); ok {
			function = in + "." + functionName(f)
			if f.Doc != nil {
				for _, comment := range f.Doc.List {
					if operation, ok := strings.CutPrefix(comment.Text, operationComment); ok {
						operation = strings.Join(strings.Fields(operation), " ")
						w.operations[operation] = append(w.operations[operation], function)
					}
				}
			}
		}
		w.note(universe, p, declaration, function, names)
	}
}

// note notes the uses of one declaration.
func (w *wrappers) note(universe *gosource.Universe, p *gosource.Package, declaration ast.Node, function string, names map[types.Object]string) {
	ast.Inspect(declaration, func(node ast.Node) bool {
		identifier, ok := node.(*ast.Ident)
		if !ok {
			return true
		}
		object := p.Info.Uses[identifier]
		// A method or a field of an instantiated type counts as that of its origin.
		switch o := object.(type) {
		case *types.Var:
			object = o.Origin()
		case *types.Func:
			object = o.Origin()
		}
		if symbol, ok := names[object]; ok {
			at, line := universe.Position(identifier.Pos())
			w.uses[symbol] = append(w.uses[symbol], use{function, at, line})
		}
		return true
	})
}

// specName is the name of a type, or the first of the variables or constants.
func specName(spec ast.Spec) string {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return s.Name.Name
	case *ast.ValueSpec:
		return s.Names[0].Name
	}
	return "import"
}

// functionName is Type.Method or Function.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
			continue
		case *ast.IndexExpr:
			receiver = r.X
			continue
		case *ast.IndexListExpr:
			receiver = r.X
			continue
		case *ast.Ident:
			return r.Name + "." + f.Name.Name
		}
		return f.Name.Name
	}
}

// expose notes which exported symbols of a package mention a type of gen/ in what they are declared as.
func (w *wrappers) expose(p *gosource.Package, names map[types.Object]string) {
	in := path.Base(p.Path)
	if slices.Contains(strings.Split(p.Path, "/"), "internal") || p.Types.Name() == "main" {
		return
	}
	note := func(symbol string, t types.Type) {
		for mentioned := range mentions(t) {
			if gen, ok := names[mentioned]; ok {
				w.exposed[gen] = append(w.exposed[gen], symbol)
			}
		}
	}
	scope := p.Types.Scope()
	for _, key := range scope.Names() {
		object := scope.Lookup(key)
		if !object.Exported() {
			continue
		}
		symbol := in + "." + key
		declared, ok := object.(*types.TypeName)
		if !ok {
			note(symbol, object.Type())
			continue
		}
		if declared.IsAlias() {
			note(symbol, types.Unalias(declared.Type()))
			continue
		}
		switch underlying := declared.Type().Underlying().(type) {
		case *types.Struct:
			for field := range underlying.Fields() {
				if field.Exported() {
					note(symbol+"."+field.Name(), field.Type())
				}
			}
		default:
			note(symbol, underlying)
		}
		if named, ok := declared.Type().(*types.Named); ok {
			for method := range named.Methods() {
				if method.Exported() {
					note(symbol+"."+method.Name(), method.Type())
				}
			}
		}
	}
}

// mentions returns the named types that a type is written with.
func mentions(t types.Type) map[types.Object]bool {
	found := map[types.Object]bool{}
	seen := map[types.Type]bool{}
	var visit func(t types.Type)
	visit = func(t types.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		switch t := t.(type) {
		case *types.Alias:
			found[t.Obj()] = true
			visit(types.Unalias(t))
		case *types.Named:
			found[t.Obj()] = true
			for t0 := range t.TypeArgs().Types() {
				visit(t0)
			}
		case *types.Pointer:
			visit(t.Elem())
		case *types.Slice:
			visit(t.Elem())
		case *types.Array:
			visit(t.Elem())
		case *types.Chan:
			visit(t.Elem())
		case *types.Map:
			visit(t.Key())
			visit(t.Elem())
		case *types.Signature:
			visit(t.Params())
			visit(t.Results())
		case *types.Tuple:
			for v := range t.Variables() {
				visit(v.Type())
			}
		case *types.Struct:
			for field := range t.Fields() {
				if field.Exported() {
					visit(field.Type())
				}
			}
		case *types.Interface:
			for method := range t.Methods() {
				visit(method.Type())
			}
		}
	}
	visit(t)
	return found
}

// users are the functions that use one of the symbols, each once, with the first line that does.
func (w *wrappers) users(symbols []string) []string {
	first := map[string]use{}
	for _, symbol := range symbols {
		for _, u := range w.uses[symbol] {
			if known, ok := first[u.function]; !ok || u.file < known.file || (u.file == known.file && u.line < known.line) {
				first[u.function] = u
			}
		}
	}
	var list []string
	for _, function := range slices.Sorted(maps.Keys(first)) {
		u := first[function]
		list = append(list, function+" ("+u.file+":"+strconv.Itoa(u.line)+")")
	}
	return list
}
