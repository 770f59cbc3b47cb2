package atlan

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// forest builds a hierarchy of categories whose parents are given by index, -1 for none and -2 for one that is not there.
// Some parents are named by qualifiedName.
func forest(parents []int, byName func(i int) bool) *Hierarchy[atlanassets.AtlasGlossaryCategory] {
	assets := make([]*Asset[atlanassets.AtlasGlossaryCategory], len(parents))
	for i := range parents {
		a := NewAsset[atlanassets.AtlasGlossaryCategory]()
		a.GUID = "g" + strconv.Itoa(i)
		a.Attributes.Name.Set("name " + strconv.Itoa(i%7))
		a.Attributes.QualifiedName.Set("q" + strconv.Itoa(i))
		assets[i] = a
	}
	return newHierarchy(assets, func(a *Asset[atlanassets.AtlasGlossaryCategory]) (guid, qualifiedName string) {
		i, _ := strconv.Atoi(a.GUID[1:])
		switch p := parents[i]; {
		case p == -1:
			return "", ""
		case p == -2:
			return "gone", "gone@g"
		case byName(i):
			return "", "q" + strconv.Itoa(p)
		default:
			return "g" + strconv.Itoa(p), ""
		}
	})
}

// For every set of assets, whatever they say about their parents: each asset comes once in every walk, parents before their
// children, levels one after the other in breadth; roots, children, parents and paths agree; and what is no circle and
// whose parents are there is as the server has it.
func TestT7Hierarchies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "assets")
		wild := rapid.Bool().Draw(t, "wild") // circles and parents that are gone
		parents := make([]int, n)
		for i := range parents {
			low, high := -1, i-1
			if wild {
				low, high = -2, n-1
			}
			parents[i] = rapid.IntRange(low, high).Draw(t, "parent")
		}
		named := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "named")
		h := forest(parents, func(i int) bool { return named[i] })
		if h.Len() != n {
			t.Fatalf("%d of %d", h.Len(), n)
		}
		depth := func(guid string) int { return len(h.Path(guid)) }
		check := func(kind string, walk iter.Seq[*Asset[atlanassets.AtlasGlossaryCategory]]) []string {
			var order []string
			for a := range walk {
				if len(order) > n {
					t.Fatalf("%s does not end", kind)
				}
				if parent := h.Parent(a.GUID); parent != nil && !slices.Contains(order, parent.GUID) {
					t.Fatalf("%s: %s comes before %s", kind, a.GUID, parent.GUID)
				}
				order = append(order, a.GUID)
			}
			if seen := slices.Compact(slices.Sorted(slices.Values(order))); len(seen) != n || len(order) != n {
				t.Fatalf("%s: %d of %d: %v", kind, len(seen), n, order)
			}
			return order
		}
		breadth := check("breadth first", h.BreadthFirst())
		for i := range breadth[:max(0, n-1)] {
			if depth(breadth[i]) > depth(breadth[i+1]) {
				t.Fatalf("%s comes before %s", breadth[i], breadth[i+1])
			}
		}
		deep := check("depth first", h.DepthFirst())
		detached := make(map[string]bool)
		for _, a := range h.Detached() {
			detached[a.GUID] = true
		}
		for i, guid := range deep {
			below := 0
			for a := range h.Below(guid) {
				below++
				if deep[i+below] != a.GUID { // everything in it follows at once
					t.Fatalf("%s is below %s, and %s follows", a.GUID, guid, deep[i+below])
				}
				if !slices.ContainsFunc(h.Path(a.GUID), func(p *Asset[atlanassets.AtlasGlossaryCategory]) bool { return p.GUID == guid }) {
					t.Fatalf("%s is below %s, its path is not", a.GUID, guid)
				}
			}
			for _, child := range h.Children(guid) {
				if h.Parent(child.GUID).GUID != guid {
					t.Fatalf("%s", child.GUID)
				}
			}
			number, _ := strconv.Atoi(guid[1:])
			parent, isRoot := h.Parent(guid), slices.ContainsFunc(h.Roots(), func(a *Asset[atlanassets.AtlasGlossaryCategory]) bool { return a.GUID == guid })
			switch {
			case isRoot != (parent == nil):
				t.Fatalf("%s is a root and has a parent, or neither", guid)
			case parent != nil && parent.GUID != fmt.Sprint("g", parents[number]):
				t.Fatalf("%s is in %s, want %d", guid, parent.GUID, parents[number])
			case parent == nil && (parents[number] != -1) != detached[guid]:
				t.Fatalf("%s is a root, detached %v", guid, detached[guid])
			case parent == nil && parents[number] >= 0 && !circle(parents, number):
				t.Fatalf("%s lost its parent", guid)
			}
		}
		if !wild && len(detached) > 0 {
			t.Fatalf("detached: %v", detached)
		}
	})
}

// circle reports whether an asset is in itself.
func circle(parents []int, i int) bool {
	at := parents[i]
	for range parents {
		if at < 0 || at == i {
			break
		}
		at = parents[at]
	}
	return at == i
}

// One asset of a circle is opened, not more.
func TestT7CircleIsOpenedOnce(t *testing.T) {
	h := forest([]int{1, 2, 0, 0, 3, 5}, func(int) bool { return false })
	if roots := h.Roots(); len(roots) != 2 || roots[0].GUID != "g0" || roots[1].GUID != "g5" || len(h.Detached()) != 2 {
		t.Errorf("%v", roots)
	}
	var path []string
	for _, a := range h.Path("g4") {
		path = append(path, a.GUID)
	}
	if fmt.Sprint(path) != "[g0 g3 g4]" {
		t.Errorf("%v", path)
	}
	if h.Get("g9") != nil || h.Parent("g9") != nil || h.Path("g9") != nil || h.Children("g9") != nil {
		t.Error("it has what it has not")
	}
	for range h.Below("g9") {
		t.Error("it has what it has not")
	}
}

// Walks can be left, and a chain of any depth is walked.
func TestT7HierarchyOfAnyDepth(t *testing.T) {
	parents := make([]int, 20_000)
	for i := range parents {
		parents[i] = i - 1
	}
	h := forest(parents, func(int) bool { return false })
	for _, walk := range []iter.Seq[*Asset[atlanassets.AtlasGlossaryCategory]]{h.BreadthFirst(), h.DepthFirst(), h.Below("g0")} {
		n := 0
		for range walk {
			if n++; n == 15_000 {
				break
			}
		}
		if n != 15_000 {
			t.Errorf("%d", n)
		}
	}
	if path := h.Path("g19999"); len(path) != 20_000 || path[0].GUID != "g0" {
		t.Errorf("%d", len(path))
	}
}
