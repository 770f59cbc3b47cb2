package wire

import (
	"cmp"
	"slices"
)

// likelyRenames pairs what was removed with what was added in the same place, when alike says that they could be the same
// under two names. Of several candidates those that are equal in everything come first, then those whose names are closest;
// each is paired once.
func likelyRenames(gone, come []string, alike, equal func(from, to string) bool) map[string]string {
	type pair struct {
		from, to string
		unequal  int
		distance int
	}
	var pairs []pair
	for _, from := range gone {
		for _, to := range come {
			if alike(from, to) {
				p := pair{from, to, 1, distance(from, to)}
				if equal(from, to) {
					p.unequal = 0
				}
				pairs = append(pairs, p)
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.unequal, b.unequal), cmp.Compare(a.distance, b.distance), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	renamed, taken := map[string]string{}, map[string]bool{}
	for _, p := range pairs {
		if _, ok := renamed[p.from]; !ok && !taken[p.to] {
			renamed[p.from], taken[p.to] = p.to, true
		}
	}
	return renamed
}

// distance is the number of letters to insert, delete or replace to make one name of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// renamedSchemas finds the schemas that were renamed and say the same as before. Schemas refer to each other and to
// themselves, so all of them are paired as if every reference between them were the same, and then those that only were equal
// because of that are taken apart again.
func (c *comparison) renamedSchemas() {
	olds, news := c.old.Components("schemas"), c.new.Components("schemas")
	gone := slices.DeleteFunc(slices.Clone(olds), func(name string) bool { return slices.Contains(news, name) })
	come := slices.DeleteFunc(slices.Clone(news), func(name string) bool { return slices.Contains(olds, name) })
	ref := func(name string) string { return Unit{"schemas", name}.Ref() }
	same := func(from, to string) bool {
		return c.same(c.old.components[ref(from)], c.new.components[ref(to)])
	}
	c.open = map[string]bool{}
	for _, name := range slices.Concat(gone, come) {
		c.open[ref(name)] = true
	}
	says := func(d *Document, names []string) map[string]string { // once each: every one is compared with every other
		texts := map[string]string{}
		for _, name := range names {
			texts[name] = text(c.canonical(d, d.components[ref(name)]))
		}
		return texts
	}
	before, after := says(c.old, gone), says(c.new, come)
	pairs := likelyRenames(gone, come,
		func(from, to string) bool { return before[from] == after[to] }, func(string, string) bool { return true })
	c.open = nil
	for from, to := range pairs {
		c.renamed[ref(to)] = ref(from)
	}
	for parted := true; parted; {
		parted = false
		for from, to := range pairs {
			if !same(from, to) {
				delete(pairs, from)
				delete(c.renamed, ref(to))
				parted = true
			}
		}
	}
	for _, from := range gone {
		if to, ok := pairs[from]; ok {
			c.add(SchemaRenamed, place{unit: Unit{"schemas", from}}, from, to, nil, nil, nil,
				"schema %s likely renamed to %s; the wire is the same", from, to)
		}
	}
}
