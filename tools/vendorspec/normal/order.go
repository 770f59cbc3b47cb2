package normal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// member is what the committed document has at a member of old, or nil.
func member(old any, name string) any {
	if o, ok := old.(*document.Object); ok {
		return o.Get(name)
	}
	return nil
}

// element is what the committed document has at an index of old, or nil.
func element(old any, i int) any {
	if a, ok := old.([]any); ok && i < len(a) {
		return a[i]
	}
	return nil
}

// arrange brings the members into the order of the committed document. New ones follow in the order they were
// published, or stand where the alphabet puts them when the committed ones are sorted.
func arrange(o *document.Object, old any) *document.Object {
	committed, _ := old.(*document.Object)
	if committed.Len() == 0 {
		return o
	}
	rank := make(map[string]int, committed.Len())
	sorted := committed.Len() > 1
	last := ""
	for i, m := range committed.Members() {
		rank[m.Name] = i
		sorted = sorted && (i == 0 || last < m.Name)
		last = m.Name
	}
	if sorted {
		o.Sort(func(a, b document.Member) int { return strings.Compare(a.Name, b.Name) })
		return o
	}
	place := func(name string) int {
		if i, ok := rank[name]; ok {
			return i
		}
		return len(rank)
	}
	o.Sort(func(a, b document.Member) int { return cmp.Compare(place(a.Name), place(b.Name)) })
	return o
}

// arrangeSet brings an array whose order means nothing into the order of the committed document; new elements follow
// in the order they were published. An element that is there twice is there once.
func arrangeSet(elements []any, old any, identity func(any) string) []any {
	committed, _ := old.([]any)
	rank := make(map[string]int, len(committed))
	for i, e := range committed {
		if id := identity(e); id != "" {
			if _, twice := rank[id]; !twice {
				rank[id] = i
			}
		}
	}
	type ranked struct {
		rank  int
		value any
	}
	seen := make(map[string]bool, len(elements))
	list := make([]ranked, 0, len(elements))
	for _, e := range elements {
		id := identity(e)
		if id != "" && seen[id] {
			continue
		}
		seen[id] = true
		i, ok := rank[id]
		if !ok {
			i = len(committed)
		}
		list = append(list, ranked{i, e})
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	arranged := make([]any, 0, len(list))
	for _, r := range list {
		arranged = append(arranged, r.value)
	}
	return arranged
}

// counterpart finds the element of a committed set that has the identity of e.
func counterpart(old any, e any, identity func(any) string) any {
	id := identity(e)
	committed, _ := old.([]any)
	for _, c := range committed {
		if id != "" && identity(c) == id {
			return c
		}
	}
	return nil
}

// opaque copies a value that is a fact as a whole, with the members of its objects in the committed order.
func opaque(value, old any) any {
	switch v := value.(type) {
	case *document.Object:
		o := &document.Object{}
		for _, m := range v.Members() {
			o.Set(m.Name, opaque(m.Value, member(old, m.Name)))
		}
		return arrange(o, old)
	case []any:
		a := make([]any, 0, len(v))
		for i, e := range v {
			a = append(a, opaque(e, element(old, i)))
		}
		return a
	default:
		return value
	}
}
