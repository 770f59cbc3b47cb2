package atlan

import (
	"cmp"
	"iter"
	"slices"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// Hierarchy is assets of one type that are in one another, such as the categories of a glossary, as they were when it was
// made. Each asset is in it once, siblings in the order of their names. It does no I/O and is safe for concurrent use.
//
// An asset whose parent is not among them (archived meanwhile, or not to be seen by the caller) is a root here. So is one
// of each circle of assets that are in one another, which the server should not have but may: [Hierarchy.Detached] lists
// both sorts.
type Hierarchy[T atlanassets.Type] struct {
	byGUID   map[string]*Asset[T]
	parents  map[string]*Asset[T]
	children map[string][]*Asset[T]
	roots    []*Asset[T]
	detached []*Asset[T]
}

// newHierarchy builds a hierarchy. ParentOf says what the server takes for the parent of an asset, by guid or
// qualifiedName; both are empty for none.
func newHierarchy[T atlanassets.Type](assets []*Asset[T], parentOf func(*Asset[T]) (guid, qualifiedName string)) *Hierarchy[T] {
	h := &Hierarchy[T]{
		byGUID: make(map[string]*Asset[T], len(assets)), parents: make(map[string]*Asset[T]), children: make(map[string][]*Asset[T]),
	}
	names := make(map[*Asset[T]]string, len(assets))
	for _, a := range assets {
		names[a] = a.Name()
	}
	order := func(a, b *Asset[T]) int { return cmp.Or(cmp.Compare(names[a], names[b]), cmp.Compare(a.GUID, b.GUID)) }
	sorted := slices.SortedFunc(slices.Values(assets), order)
	byName := make(map[string]*Asset[T], len(assets))
	for _, a := range sorted {
		h.byGUID[a.GUID], byName[a.QualifiedName()] = a, a
	}
	detached := make(map[string]bool)
	for _, a := range sorted {
		guid, qualifiedName := parentOf(a)
		parent := h.byGUID[guid]
		if parent == nil && qualifiedName != "" {
			parent = byName[qualifiedName]
		}
		switch {
		case parent != nil:
			h.parents[a.GUID] = parent
		case guid != "" || qualifiedName != "":
			detached[a.GUID] = true
		}
	}
	// Circles are opened at the asset that comes first in the order.
	const walking, done = 1, 2
	state := make(map[string]int, len(assets))
	for _, a := range sorted {
		var path []*Asset[T]
		at := a
		for at != nil && state[at.GUID] == 0 {
			state[at.GUID] = walking
			path = append(path, at)
			at = h.parents[at.GUID]
		}
		if at != nil && state[at.GUID] == walking {
			first := slices.MinFunc(path[slices.Index(path, at):], order)
			delete(h.parents, first.GUID)
			detached[first.GUID] = true
		}
		for _, at := range path {
			state[at.GUID] = done
		}
	}
	for _, a := range sorted {
		if h.byGUID[a.GUID] != a {
			continue // it is there twice
		}
		if parent := h.parents[a.GUID]; parent != nil {
			h.children[parent.GUID] = append(h.children[parent.GUID], a)
		} else {
			h.roots = append(h.roots, a)
		}
		if detached[a.GUID] {
			h.detached = append(h.detached, a)
		}
	}
	return h
}

// Len returns how many assets there are.
func (h *Hierarchy[T]) Len() int { return len(h.byGUID) }

// Get returns an asset by its guid, nil when it is not there.
func (h *Hierarchy[T]) Get(guid string) *Asset[T] { return h.byGUID[guid] }

// Roots returns the assets that are in no other.
func (h *Hierarchy[T]) Roots() []*Asset[T] { return slices.Clone(h.roots) }

// Detached returns the roots that have a parent as far as the server is concerned: one that is not there, or that is below
// them.
func (h *Hierarchy[T]) Detached() []*Asset[T] { return slices.Clone(h.detached) }

// Parent returns what an asset is directly in, nil for roots and for guids that are not there.
func (h *Hierarchy[T]) Parent(guid string) *Asset[T] { return h.parents[guid] }

// Children returns what is directly in an asset; nothing for guids that are not there.
func (h *Hierarchy[T]) Children(guid string) []*Asset[T] { return slices.Clone(h.children[guid]) }

// Path returns what leads to an asset, from a root to the asset itself; nothing for guids that are not there.
func (h *Hierarchy[T]) Path(guid string) []*Asset[T] {
	var path []*Asset[T]
	for a := h.byGUID[guid]; a != nil; a = h.parents[a.GUID] {
		path = append(path, a)
	}
	slices.Reverse(path)
	return path
}

// BreadthFirst yields all assets, level by level: parents before their children.
func (h *Hierarchy[T]) BreadthFirst() iter.Seq[*Asset[T]] {
	return func(yield func(*Asset[T]) bool) {
		queue := slices.Clone(h.roots)
		for len(queue) > 0 {
			a := queue[0]
			if !yield(a) {
				return
			}
			queue = append(queue[1:], h.children[a.GUID]...)
		}
	}
}

// DepthFirst yields all assets, each followed by everything that is in it.
func (h *Hierarchy[T]) DepthFirst() iter.Seq[*Asset[T]] { return h.walk(h.roots) }

// Below yields everything that is in an asset, directly or not, each followed by what is in it; nothing for guids that are
// not there.
func (h *Hierarchy[T]) Below(guid string) iter.Seq[*Asset[T]] { return h.walk(h.children[guid]) }

func (h *Hierarchy[T]) walk(from []*Asset[T]) iter.Seq[*Asset[T]] {
	return func(yield func(*Asset[T]) bool) {
		stack := slices.Clone(from)
		slices.Reverse(stack)
		for len(stack) > 0 {
			a := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !yield(a) {
				return
			}
			for _, child := range slices.Backward(h.children[a.GUID]) {
				stack = append(stack, child)
			}
		}
	}
}
