package atlan

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// The name of a process is what it was: it is stored in catalogs.
func TestN2ProcessNameStays(t *testing.T) {
	parts := ProcessParts{Name: "load", ConnectionQualifiedName: conn,
		Inputs:  []atlanassets.Ref{refTo("Table", table), atlanassets.RefByGUID("Table", "g1")},
		Outputs: []atlanassets.Ref{refTo("View", schema+"/V")}, Extra: map[string]string{"schedule": "daily"}}
	got, err := ProcessQualifiedName(parts)
	if err != nil {
		t.Fatal(err)
	}
	if want := conn + "/88aa0178206c560ef9da3a1042a86718"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// The guid does not count where there is a qualifiedName: a table that was read and one that is only named make the
	// same process.
	parts.Inputs[0].GUID = "g-orders"
	if again, err := ProcessQualifiedName(parts); err != nil || again != got {
		t.Errorf("with a guid besides: %s, %v", again, err)
	}
}

// anyParts draws parts from few letters, so that ones that look alike are drawn.
func anyParts() *rapid.Generator[ProcessParts] {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("ab/-")), 1, 4, -1)
	ref := rapid.Custom(func(t *rapid.T) atlanassets.Ref {
		r := atlanassets.Ref{TypeName: rapid.SampledFrom([]string{"Table", "View"}).Draw(t, "type")}
		if rapid.Bool().Draw(t, "by guid") {
			r.GUID = "g" + word.Draw(t, "guid")
		} else {
			r.QualifiedName = word.Draw(t, "qualifiedName")
		}
		return r
	})
	return rapid.Custom(func(t *rapid.T) ProcessParts {
		p := ProcessParts{Name: word.Draw(t, "name"), ConnectionQualifiedName: "default/a/" + rapid.SampledFrom([]string{"1", "2"}).Draw(t, "connection"),
			Inputs: rapid.SliceOfN(ref, 1, 3).Draw(t, "inputs"), Outputs: rapid.SliceOfN(ref, 1, 3).Draw(t, "outputs"),
			Extra: rapid.MapOfN(word, word, 0, 2).Draw(t, "extra")}
		if rapid.Bool().Draw(t, "has a parent") {
			parent := ref.Draw(t, "parent")
			p.Parent = &parent
		}
		return p
	})
}

// meaning is all that a process is, written so that no two are the same.
func meaning(p ProcessParts) string {
	quote := func(refs []atlanassets.Ref) string {
		var list []string
		for _, r := range refs {
			if r.QualifiedName != "" {
				list = append(list, strings.Join([]string{"q", r.TypeName, r.QualifiedName}, " "))
			} else {
				list = append(list, "g "+r.GUID)
			}
		}
		slices.Sort(list)
		return strings.Join(slices.Compact(list), ", ")
	}
	parent := ""
	if p.Parent != nil {
		parent = quote([]atlanassets.Ref{*p.Parent})
	}
	var extra []string
	for k, v := range p.Extra {
		extra = append(extra, k+" = "+v)
	}
	slices.Sort(extra)
	return strings.Join([]string{p.Name, p.ConnectionQualifiedName, parent, quote(p.Inputs), quote(p.Outputs), strings.Join(extra, ", ")}, " | ")
}

// Two processes have the same name if and only if they are the same.
func TestN2ProcessNames(t *testing.T) {
	shape := regexp.MustCompile(`^default/a/[12]/[0-9a-f]{32}$`)
	names := make(map[string]string) // name → meaning, of all that were drawn
	rapid.Check(t, func(t *rapid.T) {
		p := anyParts().Draw(t, "parts")
		name, err := ProcessQualifiedName(p)
		if err != nil || !shape.MatchString(name) {
			t.Fatalf("%q, %v", name, err)
		}
		if was, ok := names[name]; ok && was != meaning(p) {
			t.Fatalf("%s is the name of %s and of %s", name, was, meaning(p))
		}
		names[name] = meaning(p)
		// In another order, and with one twice, it is the same process.
		q := p
		q.Inputs = append(slices.Clone(p.Inputs), p.Inputs[0])
		q.Outputs = slices.Clone(p.Outputs)
		for _, refs := range [][]atlanassets.Ref{q.Inputs, q.Outputs} {
			rand.Shuffle(len(refs), func(i, j int) { refs[i], refs[j] = refs[j], refs[i] })
		}
		if again, err := ProcessQualifiedName(q); err != nil || again != name {
			t.Fatalf("in another order: %s, %v", again, err)
		}
		// Inputs and outputs are not the same thing.
		q.Inputs, q.Outputs = p.Outputs, p.Inputs
		if swapped, err := ProcessQualifiedName(q); err != nil || (swapped == name) != (meaning(p) == meaning(q)) {
			t.Fatalf("swapped: %s, %v", swapped, err)
		}
	})
	seen := make(map[string]string)
	for name, m := range names {
		if other, ok := seen[m]; ok {
			t.Errorf("%s is called %s and %s", m, name, other)
		}
		seen[m] = name
	}
}
