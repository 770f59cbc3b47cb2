// Package changereport says what a new version of a service's OpenAPI document means for the SDK: which facts of the wire
// differ, whether they break it, which Go symbols change with each, what our own code makes of them, which actions of the
// overlay have lost their target, and which new operations nobody has wrapped.
package changereport

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
	"github.com/sluice-sdk/sluice/tools/internal/wire"
)

// Report is the comparison of two sides. All of its lists are sorted: the same sides give the same report.
type Report struct {
	Service  string
	Old, New string // names of the sides
	Findings []*Finding
	// Actions are those of the new overlay that do nothing to the new document, all of them, those of the findings included.
	Actions []Action
	// Symbols are changes of the Go API that no finding explains.
	Symbols []Symbol
	// Errors are places of our code that do not compile with the new generated code, and that no finding explains.
	Errors []gosource.Error
	// NotGenerated says why the new document gives no Go code; Symbols and Errors are then unknown.
	NotGenerated string
}

// Finding is one fact of the wire with its consequences.
type Finding struct {
	*wire.Fact
	// Symbols are the Go symbols of gen/ and wrappers/ that change.
	Symbols []Symbol
	// Carried are the symbols of gen/ that stand for the fact and do not change.
	Carried []string
	// Exposed are exported symbols of wrappers/ whose types are made of generated types that change.
	Exposed []string
	// Used are the functions of wrappers/ that use what changes, with the place.
	Used []string
	// Callers are the functions of wrappers/ whose comment names an operation that the fact is about.
	Callers []string
	// Errors are the places of our code that no longer compile.
	Errors []gosource.Error
	// Actions are actions of the overlay that aim at what has changed.
	Actions []Action
	// Raw is the line that lists the operation, under its old route or its new one, as deliberately raw; nil when none does.
	Raw *Raw
	// Uncovered says that the fact is a new operation that no wrapper calls and that is not listed as raw.
	Uncovered bool
}

// Empty reports whether there is nothing to say.
func (r *Report) Empty() bool {
	return len(r.Findings) == 0 && len(r.Actions) == 0 && len(r.Symbols) == 0 && len(r.Errors) == 0 && r.NotGenerated == ""
}

// Breaking reports whether a finding breaks the contract of the wire, or our code no longer compiles.
func (r *Report) Breaking() bool {
	return len(r.Errors) > 0 || r.NotGenerated != "" || slices.ContainsFunc(r.Findings, func(f *Finding) bool {
		return f.Level == wire.Breaking || len(f.Errors) > 0
	})
}

// Compare makes the report of a service of the repository at root, whose wrappers are read as they are now. It runs the go
// command and the generator that go.mod pins, and needs no network once the modules are downloaded.
func Compare(ctx context.Context, root, service string, before, after Side) (*Report, error) {
	r := &Report{Service: service, Old: before.Name, New: after.Name}
	if equal(before, after) {
		dead, _, err := deadActions(after.Document, after.Overlay)
		r.Actions = dead
		return r, err
	}
	oldDocument, err := wire.Parse(before.Document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", before.Name, err)
	}
	newDocument, err := wire.Parse(after.Document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", after.Name, err)
	}
	facts, err := wire.Compare(oldDocument, newDocument)
	if err != nil {
		return nil, err
	}
	for _, fact := range facts {
		r.Findings = append(r.Findings, &Finding{Fact: fact})
	}
	_, oldOverlay, err := deadActions(before.Document, before.Overlay)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", before.Name, err)
	}
	dead, newOverlay, err := deadActions(after.Document, after.Overlay)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", after.Name, err)
	}
	r.Actions = dead
	r.attachActions()

	tool, err := generator(ctx, root)
	if err != nil {
		return nil, err
	}
	var oldFiles, newFiles gosource.Files
	group, groupContext := errgroup.WithContext(ctx)
	group.Go(func() error {
		var err error
		if oldFiles, err = generate(groupContext, root, service, tool, before, oldOverlay); err != nil {
			return fmt.Errorf("%s: %w", before.Name, err)
		}
		return nil
	})
	group.Go(func() error {
		var err error
		if newFiles, err = generate(groupContext, root, service, tool, after, newOverlay); err != nil && groupContext.Err() == nil {
			r.NotGenerated = err.Error()
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.NotGenerated != "" {
		newFiles = oldFiles
	}
	return r, r.code(ctx, root, oldFiles, newFiles, newOrigins(oldDocument, newDocument))
}

func equal(a, b Side) bool {
	return bytes.Equal(a.Document, b.Document) && bytes.Equal(a.Overlay, b.Overlay) &&
		maps.EqualFunc(a.Configurations, b.Configurations, bytes.Equal)
}

// attachActions ties dead actions to the findings that took away their target.
func (r *Report) attachActions() {
	for _, action := range r.Actions {
		for _, f := range r.Findings {
			if aims(action.Target, f.Fact) {
				f.Actions = append(f.Actions, action)
			}
		}
	}
}

// aims reports whether a JSONPath leads to what a fact is about.
func aims(target string, f *wire.Fact) bool {
	var at string
	switch f.Unit.Kind {
	case "operation":
		method, route, _ := strings.Cut(f.Unit.Name, " ")
		at = "['" + route + "']." + strings.ToLower(method)
	case "document":
		return false
	default:
		at = f.Unit.Kind + "." + f.Unit.Name
	}
	rest, ok := after(target, at)
	if !ok {
		return false
	}
	if slices.Contains([]wire.Kind{wire.OperationRemoved, wire.OperationMoved, wire.OperationRenamed, wire.SchemaRenamed}, f.Kind) {
		return true
	}
	for _, field := range f.Fields() {
		if strings.Contains(rest, "'"+field+"'") {
			return true
		}
		if _, ok := after(rest, "."+field); ok {
			return true
		}
	}
	return false
}

// after returns what follows part in text, when part is not the beginning of a longer name there.
func after(text, part string) (string, bool) {
	_, rest, ok := strings.Cut(text, part)
	if !ok || (rest != "" && normal(rest[:1]) != "") {
		return "", false
	}
	return rest, true
}

// code compares the generated code and looks at our own in the light of it.
func (r *Report) code(ctx context.Context, root string, before, now gosource.Files, from *origins) error {
	tree, err := gosource.Open(root)
	if err != nil {
		return err
	}
	module := tree.Modules["."]
	all, err := tree.Packages(module)
	if err != nil {
		return err
	}
	gen := []string{module + "/gen/" + r.Service + "api", module + "/gen/" + r.Service + "server"}
	var wrapping []string
	for _, importPath := range all {
		if strings.HasPrefix(importPath+"/", module+"/wrappers/"+r.Service+"/") {
			wrapping = append(wrapping, importPath)
		}
	}
	roots := slices.Concat(gen, wrapping)
	universe, err := tree.Load(ctx, module, roots, before, now)
	if err != nil {
		return err
	}
	// Nobody but the generator writes the functions of gen/, and they are a lot.
	ours := func(importPath string) bool { return slices.Contains(wrapping, importPath) }
	checkedBefore, err := universe.Check(roots, before, ours)
	if err != nil {
		return err
	}
	own := readWrappers(universe, checkedBefore, wrapping, gen...)
	raw, err := readRaw(root, r.Service)
	if err != nil {
		return err
	}
	checkedNow := checkedBefore
	if r.NotGenerated == "" {
		if checkedNow, err = universe.Check(roots, now, ours); err != nil {
			return err
		}
	}

	for _, importPath := range gen {
		p, q := checkedBefore[importPath], checkedNow[importPath]
		for _, symbol := range apiChanges(importPath, p, q) {
			// The table of operations is a text; what it says is in the findings.
			if symbol.Name != "Operations" {
				r.attach(symbol, from, p, q)
			}
		}
		if q != nil {
			r.Errors = append(r.Errors, q.Errors...)
		}
	}
	for _, f := range r.Findings {
		f.relate(from, own, raw, path.Base(gen[0]), checkedBefore[gen[0]], checkedNow[gen[0]])
	}
	for _, importPath := range wrapping {
		p, q := checkedBefore[importPath], checkedNow[importPath]
		if p == nil || q == nil {
			continue
		}
		for _, e := range q.Errors {
			if !slices.Contains(p.Errors, e) {
				r.attachError(e, own)
			}
		}
		if len(p.Errors) == 0 && len(q.Errors) == 0 {
			for _, symbol := range apiChanges(importPath, p, q) {
				r.attachWrapper(symbol)
			}
		}
	}
	slices.SortFunc(r.Symbols, compareSymbols)
	return nil
}

// attach ties a symbol of gen/ to the findings it comes from.
func (r *Report) attach(symbol Symbol, from *origins, packages ...*gosource.Package) {
	owners, _ := from.of(symbol.Name, packages...)
	var tied []*Finding
	for _, o := range owners {
		tied = append(tied, r.ownedBy(o)...)
	}
	if len(tied) == 0 {
		for _, o := range owners {
			tied = append(tied, r.madeOf(o, symbol, from)...)
		}
	}
	if len(tied) == 0 {
		r.Symbols = append(r.Symbols, symbol)
		return
	}
	for _, f := range tied {
		if !slices.Contains(f.Symbols, symbol) {
			f.Symbols = append(f.Symbols, symbol)
		}
	}
}

// ownedBy returns the findings that explain a change of what was generated from o: those about the very field or value,
// else those about its unit, else those by which the unit came or went, else a new name or type in what the unit carries.
func (r *Report) ownedBy(o owner) []*Finding {
	var exact, unit, moved, carried []*Finding
	for _, f := range r.Findings {
		about := f.Unit == o.unit
		if f.Kind == wire.OperationMoved || f.Kind == wire.SchemaRenamed {
			about = about || (f.Unit.Kind == o.unit.Kind && f.To == o.unit.Name)
		}
		if f.Kind == wire.OperationRenamed {
			about = about || (o.unit.Kind == "operation" && strings.HasSuffix(o.unit.Name, " "+f.To))
		}
		switch {
		case about && o.isOne:
			if (f.Kind == wire.ValueAdded || f.Kind == wire.ValueRemoved) && f.From+f.To == o.value {
				exact = append(exact, f)
			}
			unit = append(unit, f)
		case about:
			if o.field != "" && slices.Contains(f.Fields(), o.field) {
				exact = append(exact, f)
			}
			unit = append(unit, f)
		case o.unit.Kind == "operation":
			// Types of the server are defined by those of the models and share their fields.
			field := o.field != "" && slices.Contains(f.Fields(), o.field)
			named := f.Kind == wire.SchemaRenamed || f.Kind == wire.TypeChanged
			if (field || (named && o.field == "")) && slices.Contains(f.Operations, o.unit.Name) {
				carried = append(carried, f)
			}
		case slices.Contains(f.Gone, o.unit.Ref()) || slices.Contains(f.Come, o.unit.Ref()):
			moved = append(moved, f)
		}
	}
	for _, found := range [][]*Finding{exact, unit, moved, carried} {
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// madeOf returns the findings about components that what was generated from o is made of, for a symbol that nothing else
// explains: those about a field of the same name, else those by which the component as a whole has another type, else those
// whose component the change names, else all of them.
func (r *Report) madeOf(o owner, symbol Symbol, from *origins) []*Finding {
	var field, whole, named, all []*Finding
	for _, f := range r.Findings {
		switch f.Unit.Kind {
		case "operation", "document", "securitySchemes":
			continue
		}
		if f.Kind == wire.ValueAdded || f.Kind == wire.ValueRemoved {
			continue // the type is the same
		}
		if o.unit.Kind == "operation" {
			if !slices.Contains(f.Operations, o.unit.Name) {
				continue
			}
		} else if !from.leads(o, f.Unit) {
			continue
		}
		if o.field != "" && slices.Contains(f.Fields(), o.field) {
			field = append(field, f)
		}
		if f.Path == "" && (f.Kind == wire.TypeChanged || f.Kind == wire.Changed) {
			whole = append(whole, f)
		}
		if strings.Contains(normal(symbol.Change), normal(f.Unit.Name)) {
			named = append(named, f)
		}
		all = append(all, f)
	}
	for _, found := range [][]*Finding{field, whole, named, all} {
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// relate finds out what our own code has to do with a finding.
func (f *Finding) relate(from *origins, own *wrappers, raw map[string]Raw, in string, before, now *gosource.Package) {
	slices.SortFunc(f.Symbols, compareSymbols)
	if len(f.Symbols) == 0 {
		for _, name := range carried(f.Fact, from, before) {
			if slices.Contains(carried(f.Fact, from, now), name) {
				f.Carried = append(f.Carried, in+"."+name)
			}
		}
	}
	watched, bases := f.watched()
	f.Used = own.users(watched)
	for _, base := range bases {
		f.Exposed = append(f.Exposed, own.exposed[base]...)
	}
	slices.Sort(f.Exposed)
	f.Exposed = slices.Compact(f.Exposed)
	if f.Unit.Kind == "operation" {
		f.Callers = slices.Concat(own.operations[f.Unit.Name], own.operations[f.To])
		slices.Sort(f.Callers)
		f.Callers = slices.Compact(f.Callers)
		for _, name := range []string{f.Unit.Name, f.To} {
			if line, ok := raw[name]; ok && f.Raw == nil {
				f.Raw = &line
			}
		}
		f.Uncovered = f.Kind == wire.OperationAdded && len(f.Callers) == 0 && f.Raw == nil
	}
}

// watched returns the symbols of gen/ whose uses a finding concerns, and the types they belong to. Where something is
// added, that is the type that it is added to.
func (f *Finding) watched() (symbols, bases []string) {
	for _, s := range f.Symbols {
		base := path.Base(s.Package) + "." + s.base
		if operationReceivers[s.base] {
			base = "" // the client as a whole does not change with one of its operations
		} else {
			bases = append(bases, base)
		}
		switch {
		case s.Change != "added":
			symbols = append(symbols, s.String())
		case base != "" && s.base != s.Name && f.Unit.Kind != "operation" && f.Kind != wire.FieldRenamed:
			symbols = append(symbols, base)
		}
	}
	for _, name := range f.Carried {
		base, _, _ := strings.Cut(name[strings.IndexByte(name, '.')+1:], ".")
		symbols = append(symbols, name)
		bases = append(bases, name[:strings.IndexByte(name, '.')+1]+base)
	}
	slices.Sort(symbols)
	slices.Sort(bases)
	return slices.Compact(symbols), slices.Compact(bases)
}

var missingMethod = regexp.MustCompile(`missing method (\w+)`)

// attachError ties an error of the compiler to findings: those whose new method an implementation lacks, else those with a
// symbol on that line that the error names, else with any symbol there, else with a type there, else those with a type that
// the error names.
func (r *Report) attachError(e gosource.Error, own *wrappers) {
	on := func(symbol string) bool {
		return slices.ContainsFunc(own.uses[symbol], func(u use) bool { return u.file == e.File && u.line == e.Line })
	}
	says := func(word string) bool {
		for text := e.Text; ; {
			_, rest, ok := strings.Cut(text, word)
			if !ok {
				return false
			}
			before := text[:len(text)-len(rest)-len(word)]
			if (rest == "" || normal(rest[:1]) == "") && (before == "" || normal(before[len(before)-1:]) == "") {
				return true
			}
			text = rest
		}
	}
	lacks := ""
	if match := missingMethod.FindStringSubmatch(e.Text); match != nil {
		lacks = "." + match[1]
	}
	for _, explains := range []func(f *Finding, symbols, bases []string) bool{
		func(f *Finding, _, _ []string) bool {
			return lacks != "" && slices.ContainsFunc(f.Symbols, func(s Symbol) bool { return strings.HasSuffix(s.Name, lacks) })
		},
		func(_ *Finding, symbols, _ []string) bool {
			return slices.ContainsFunc(symbols, func(s string) bool { return on(s) && says(s[strings.LastIndexByte(s, '.')+1:]) })
		},
		func(_ *Finding, symbols, _ []string) bool { return slices.ContainsFunc(symbols, on) },
		func(_ *Finding, _, bases []string) bool { return slices.ContainsFunc(bases, on) },
		func(_ *Finding, _, bases []string) bool { return slices.ContainsFunc(bases, says) },
	} {
		tied := false
		for _, f := range r.Findings {
			if symbols, bases := f.watched(); explains(f, symbols, bases) {
				f.Errors = append(f.Errors, e)
				tied = true
			}
		}
		if tied {
			return
		}
	}
	r.Errors = append(r.Errors, e)
}

// attachWrapper ties a change of a wrapper's API to the findings whose types it is made of.
func (r *Report) attachWrapper(symbol Symbol) {
	tied := false
	for _, f := range r.Findings {
		if slices.Contains(f.Exposed, symbol.String()) || slices.ContainsFunc(f.Exposed, func(exposed string) bool {
			return strings.HasPrefix(symbol.String(), exposed+".")
		}) {
			f.Symbols = append(f.Symbols, symbol)
			tied = true
		}
	}
	if !tied {
		r.Symbols = append(r.Symbols, symbol)
	}
}
