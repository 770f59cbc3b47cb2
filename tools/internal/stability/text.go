package stability

import (
	"fmt"
	"strings"
)

// generatedShown is how many incompatible changes of gen/ are written out.
const generatedShown = 20

// Text is the result for people.
func (r *Result) Text() string {
	var b strings.Builder
	if r.Tag == "" {
		b.WriteString("NOTHING WAS COMPARED: there is no release tag (v*) that HEAD can reach.\n")
		if r.Shallow {
			b.WriteString("This clone is shallow, so a tag may only be missing here: git fetch --unshallow --tags\n")
		} else {
			b.WriteString("From the first tag on, incompatible changes of the exported API fail here unless CHANGELOG.md announces them.\n")
		}
		return b.String()
	}
	fmt.Fprintf(&b, "Compared with %s: %d packages.\n", r.Tag, len(r.Compared))
	for _, c := range r.Changes {
		kind := "compatible"
		if !c.Compatible {
			kind = "INCOMPATIBLE"
			if c.Announced {
				kind = "incompatible, announced"
			}
		}
		fmt.Fprintf(&b, "  %s: %s (%s)\n", c.Name(), c.Text, kind)
	}
	if len(r.Changes) == 0 {
		b.WriteString("  no changes\n")
	}
	generated := 0
	for _, c := range r.Generated {
		if !c.Compatible {
			generated++
		}
	}
	if len(r.Generated) > 0 {
		fmt.Fprintf(&b, "gen/, which follows upstream and may break in minor versions: %d changes, %d of them incompatible\n", len(r.Generated), generated)
		shown := 0
		for _, c := range r.Generated {
			if !c.Compatible && shown < generatedShown {
				shown++
				fmt.Fprintf(&b, "  %s: %s\n", c.Name(), c.Text)
			}
		}
		if more := generated - shown; more > 0 {
			fmt.Fprintf(&b, "  and %d more\n", more)
		}
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(&b, "\n%d incompatible changes must not be released like this:\n", len(r.Problems))
		for _, problem := range r.Problems {
			fmt.Fprintf(&b, "  %s\n", problem)
		}
		b.WriteString("Undo them, or, before v1 and for a minor release, name each in backticks under \"### Breaking changes\" of\n" +
			"CHANGELOG.md's Unreleased section (CONTRIBUTING.md, \"API stability\").\n")
	}
	return b.String()
}
