package elastic

import (
	"slices"
	"sort"
)

// view is the records that fit a query, in an order, kept up to date with the index. A page of a walk costs a binary
// search, and what changed since the last page.
type view struct {
	query    query
	sorting  *sorting
	ordinals []uint32
	position int // in the log of the index
	used     int
}

// view returns the up-to-date view for a key.
func (ix *Index) view(key string, q query, s *sorting) *view {
	ix.clock++
	v, ok := ix.views[key]
	if ok && v.position >= ix.logStart {
		v.used = ix.clock
		ix.refresh(v)
		return v
	}
	v = &view{query: q, sorting: s, used: ix.clock}
	ix.build(v)
	if !ok && len(ix.views) >= maxViews {
		oldest := ""
		for key, other := range ix.views {
			if oldest == "" || other.used < ix.views[oldest].used {
				oldest = key
			}
		}
		delete(ix.views, oldest)
	}
	ix.views[key] = v
	return v
}

func (ix *Index) build(v *view) {
	v.position = ix.logEnd()
	v.ordinals = nil
	if _, ok := v.query.(constant); !ok && !v.sorting.scored && len(ix.records) >= 1024 {
		if _, ok := candidatesOf(ix, v.query); !ok {
			// Everything in this order is kept once; what fits is taken from it.
			every := ix.view("\x00"+v.sorting.label, constant{every: true}, v.sorting)
			marks, n := make(marks, len(ix.records)/64+1), 0
			for ordinal, r := range ix.records {
				if r != nil && v.query.match(r) {
					marks.set(uint32(ordinal))
					n++
				}
			}
			v.ordinals = make([]uint32, 0, n)
			for _, ordinal := range every.ordinals {
				if marks.has(ordinal) {
					v.ordinals = append(v.ordinals, ordinal)
				}
			}
			return
		}
	}
	ix.each(v.query, func(ordinal uint32, _ *record) { v.ordinals = append(v.ordinals, ordinal) })
	ix.sort(v.sorting, v.ordinals)
}

// sort sorts ordinals by keys that are taken from the records once.
func (ix *Index) sort(s *sorting, ordinals []uint32) {
	n := len(s.criteria)
	type row struct {
		ordinal uint32
		at      int
	}
	keys := make([]value, 0, n*len(ordinals))
	rows := make([]row, len(ordinals))
	for i, ordinal := range ordinals {
		rows[i] = row{ordinal, len(keys)}
		keys = s.keys(ix.records[ordinal], keys)
	}
	slices.SortFunc(rows, func(a, b row) int {
		for i := range s.criteria {
			if order := s.criteria[i].compare(keys[a.at+i], keys[b.at+i]); order != 0 {
				return order
			}
		}
		if ix.records[a.ordinal].sequence < ix.records[b.ordinal].sequence {
			return -1
		}
		return 1
	})
	for i, r := range rows {
		ordinals[i] = r.ordinal
	}
}

// refresh takes out what changed and puts it in again where it belongs now.
func (ix *Index) refresh(v *view) {
	changed := ix.log[v.position-ix.logStart:]
	if len(changed) == 0 {
		return
	}
	if len(changed) > len(ix.records)/4+64 {
		ix.build(v)
		return
	}
	v.position = ix.logEnd()
	marks := make(marks, len(ix.records)/64+1)
	var in []uint32
	for _, ordinal := range changed {
		if marks.has(ordinal) {
			continue
		}
		marks.set(ordinal)
		if r := ix.records[ordinal]; r != nil && v.query.match(r) {
			in = append(in, ordinal)
		}
	}
	kept := v.ordinals[:0]
	for _, ordinal := range v.ordinals {
		if !marks.has(ordinal) {
			kept = append(kept, ordinal)
		}
	}
	ix.sort(v.sorting, in)
	// From the end: what stays moves up once, by the number of records that come before it.
	v.ordinals = append(kept, in...)
	end := len(kept)
	for i, ordinal := range slices.Backward(in) {
		r := ix.records[ordinal]
		at := sort.Search(end, func(j int) bool { return v.sorting.total(ix.records[kept[j]], r) > 0 })
		copy(v.ordinals[at+i+1:end+i+1], v.ordinals[at:end])
		v.ordinals[at+i] = ordinal
		end = at
	}
}

// page returns a page of ordinals: behind the values of search_after, or from an offset.
func (ix *Index) page(s *sorting, ordinals []uint32, after []value, from, size int) []uint32 {
	if after != nil {
		from = sort.Search(len(ordinals), func(i int) bool {
			return s.position(ix.records[ordinals[i]], after) > 0
		})
	}
	from = min(from, len(ordinals))
	return ordinals[from:min(from+size, len(ordinals))]
}

// between returns the part of a view whose first sort values are within a range, which is in one piece. The caller has
// seen to it that every record has at most one value.
func (ix *Index) between(v *view, q *between) []uint32 {
	first := &v.sorting.criteria[0]
	// Records without a value are sorted as the largest or smallest of all: they are in no range.
	beyond := func(open bool, bound value) func(r *record) bool {
		return func(r *record) bool {
			order := first.compare(first.key(r), bound)
			return order > 0 || order == 0 && open
		}
	}
	low, high, openLow, openHigh := q.low, q.high, q.openLow, q.openHigh
	if !q.hasLow {
		low, openLow = extreme(q.field.typ, false), true
	}
	if !q.hasHigh {
		high, openHigh = extreme(q.field.typ, true), true
	}
	if first.desc {
		low, high, openLow, openHigh = high, low, openHigh, openLow
	}
	search := func(fits func(*record) bool) int {
		return sort.Search(len(v.ordinals), func(i int) bool { return fits(ix.records[v.ordinals[i]]) })
	}
	start, end := search(beyond(!openLow, low)), search(beyond(openHigh, high))
	return v.ordinals[start:max(start, end)]
}

// marks is a set of ordinals.
type marks []uint64

func (m marks) set(ordinal uint32)      { m[ordinal/64] |= 1 << (ordinal % 64) }
func (m marks) has(ordinal uint32) bool { return m[ordinal/64]&(1<<(ordinal%64)) != 0 }
