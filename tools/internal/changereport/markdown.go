package changereport

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
	"github.com/sluice-sdk/sluice/tools/internal/wire"
)

// most is how many entries of a list are written out; the number of the others is said.
const most = 40

// Markdown is the report for people.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Changes of %s\n\nFrom %s to %s.\n\n", r.Service, r.Old, r.New)
	if r.Empty() {
		b.WriteString("Nothing has changed: no fact of the wire, no Go symbol, and every action of the overlay has its target.\n")
		return b.String()
	}
	r.summary(&b)
	if r.NotGenerated != "" {
		fmt.Fprintf(&b, "\n## No code can be generated\n\nWhat changes in Go is unknown until this is mended:\n\n```\n%s\n```\n", strings.TrimSpace(r.NotGenerated))
	}
	number := 0
	for _, level := range []wire.Level{wire.Breaking, wire.MayBreak, wire.Compatible} {
		titled := false
		for _, f := range r.Findings {
			if f.Level != level {
				continue
			}
			if !titled {
				titled = true
				fmt.Fprintf(&b, "\n## %s\n", map[wire.Level]string{
					wire.Breaking: "Breaks the contract", wire.MayBreak: "May break programs", wire.Compatible: "Compatible",
				}[level])
			}
			number++
			f.markdown(&b, r.Service, number)
		}
	}
	if len(r.Errors) > 0 {
		b.WriteString("\n## No longer compiles, and no fact says why by itself\n\n")
		compileErrors(&b, r.Errors)
	}
	if len(r.Symbols) > 0 {
		b.WriteString("\n## Go symbols that no fact of the wire explains\n\n" +
			"The overlay or the generator's configuration has changed, names were given anew, or a schema came or went that\n" +
			"no operation carries.\n\n")
		symbolLines(&b, r.Symbols)
	}
	if loose := r.looseActions(); len(loose) > 0 {
		b.WriteString("\n## Actions of the overlay that do nothing\n\n")
		for _, action := range loose {
			fmt.Fprintf(&b, "- specs/%s/overlay.yaml:%d %s: `%s`\n", r.Service, action.Line, action.Reason, action.Target)
		}
	}
	return b.String()
}

// Write writes a report to a file, and makes its folder.
func Write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o600)
}

func (r *Report) summary(b *strings.Builder) {
	count := map[wire.Level]int{}
	uncovered, errors := 0, len(r.Errors)
	symbols := map[Symbol]bool{}
	for _, s := range r.Symbols {
		symbols[s] = true
	}
	seen := map[gosource.Error]bool{}
	for _, f := range r.Findings {
		count[f.Level]++
		if f.Uncovered {
			uncovered++
		}
		for _, e := range f.Errors {
			if !seen[e] {
				seen[e] = true
				errors++
			}
		}
		for _, s := range f.Symbols {
			symbols[s] = true
		}
	}
	incompatible := 0
	for s := range symbols {
		if !s.Compatible {
			incompatible++
		}
	}
	b.WriteString("| | |\n|---|---|\n")
	fmt.Fprintf(b, "| facts of the wire | %d: %d breaking, %d that may break, %d compatible |\n",
		len(r.Findings), count[wire.Breaking], count[wire.MayBreak], count[wire.Compatible])
	fmt.Fprintf(b, "| Go symbols | %d, %d of them incompatibly |\n", len(symbols), incompatible)
	fmt.Fprintf(b, "| places of ours that no longer compile | %d |\n", errors)
	fmt.Fprintf(b, "| actions of the overlay without a target | %d |\n", len(r.Actions))
	fmt.Fprintf(b, "| new operations without a wrapper | %d |\n", uncovered)
}

func (f *Finding) markdown(b *strings.Builder, service string, number int) {
	text := strings.ToUpper(f.Text[:1]) + f.Text[1:]
	fmt.Fprintf(b, "\n### %d. %s\n\n", number, text)
	rules := ""
	if len(f.Rules) > 0 {
		rules = " (oasdiff: " + strings.Join(f.Rules, ", ") + ")"
	}
	fmt.Fprintf(b, "- Level: %s%s\n", f.Level, rules)
	if f.Unit.Kind != "operation" && f.Unit.Kind != "document" && f.Unit.Kind != "securitySchemes" {
		if len(f.Operations) == 0 {
			b.WriteString("- Carried by no operation\n")
		} else {
			fmt.Fprintf(b, "- Carried by %s\n", list(f.Operations))
		}
	}
	if len(f.Symbols) > 0 {
		b.WriteString("- Go symbols:\n")
		var lines strings.Builder
		symbolLines(&lines, f.Symbols)
		for line := range strings.Lines(lines.String()) {
			b.WriteString("  " + line)
		}
	}
	if len(f.Carried) > 0 {
		fmt.Fprintf(b, "- Go symbols that stand for it and stay as they are: %s\n", list(f.Carried))
	}
	if len(f.Symbols) == 0 && len(f.Carried) == 0 {
		b.WriteString("- No Go symbol changes\n")
	}
	for _, part := range []struct {
		title   string
		entries []string
	}{
		{"Visible to users through", f.Exposed},
		{"Used by", f.Used},
		{"Called by", f.Callers},
	} {
		if len(part.entries) > 0 {
			fmt.Fprintf(b, "- %s %s\n", part.title, list(part.entries))
		}
	}
	if f.Uncovered {
		fmt.Fprintf(b, "- **No wrapper covers it**: no method has a comment `%s%s`, nor is it listed in wrappers/%s/%s\n",
			operationComment, f.Unit.Name, service, rawFile)
	}
	if f.Raw != nil {
		fmt.Fprintf(b, "- %s:%d lists it as raw%s\n", f.Raw.File, f.Raw.Line, f.rawAdvice())
	}
	if len(f.Errors) > 0 {
		b.WriteString("- No longer compiles:\n")
		var lines strings.Builder
		compileErrors(&lines, f.Errors)
		for line := range strings.Lines(lines.String()) {
			b.WriteString("  " + line)
		}
	}
	for _, action := range f.Actions {
		fmt.Fprintf(b, "- specs/%s/overlay.yaml:%d %s: `%s`\n", service, action.Line, action.Reason, action.Target)
	}
}

// rawAdvice is what is to be done with the line that lists an operation as raw, or why it stands there.
func (f *Finding) rawAdvice() string {
	switch {
	case f.Kind == wire.OperationRemoved:
		return ": delete the line"
	case f.Kind == wire.OperationMoved && f.Raw.operation == f.Unit.Name:
		return " under its old route: change the line"
	case f.Raw.Reason == "":
		return ""
	}
	return ": " + f.Raw.Reason
}

// list writes entries out, each as code.
func list(entries []string) string {
	shown := entries[:min(len(entries), most)]
	quoted := make([]string, len(shown))
	for i, entry := range shown {
		name, place, ok := strings.Cut(entry, " (")
		quoted[i] = "`" + entry + "`"
		if ok {
			quoted[i] = "`" + name + "` (" + place
		}
	}
	text := strings.Join(quoted, ", ")
	if more := len(entries) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// symbolLines writes a line for each package and kind of change.
func symbolLines(b *strings.Builder, symbols []Symbol) {
	type group struct {
		in, change string
	}
	var order []group
	names := map[group][]string{}
	for _, s := range symbols {
		change := s.Change
		if !s.Compatible {
			change += ", incompatible"
		}
		g := group{path.Base(s.Package), change}
		if _, ok := names[g]; !ok {
			order = append(order, g)
		}
		names[g] = append(names[g], s.String())
	}
	slices.SortStableFunc(order, func(a, b group) int { return strings.Compare(a.in, b.in) })
	for _, g := range order {
		fmt.Fprintf(b, "- %s: %s\n", g.change, list(names[g]))
	}
}

func compileErrors(b *strings.Builder, errors []gosource.Error) {
	for _, e := range errors[:min(len(errors), most)] {
		fmt.Fprintf(b, "- %s:%d: %s\n", e.File, e.Line, strings.ReplaceAll(e.Text, "\n", " "))
	}
	if more := len(errors) - most; more > 0 {
		fmt.Fprintf(b, "- and %d more\n", more)
	}
}

// looseActions are the dead actions that no finding names.
func (r *Report) looseActions() []Action {
	return slices.DeleteFunc(slices.Clone(r.Actions), func(action Action) bool {
		return slices.ContainsFunc(r.Findings, func(f *Finding) bool { return slices.Contains(f.Actions, action) })
	})
}
