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
			for _, ordinal := range every.ordinals {
				if v.query.match(ix.records[ordinal]) {
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
	marks := make([]uint64, len(ix.records)/64+1)
	var in []uint32
	for _, ordinal := range changed {
		word, bit := ordinal/64, uint64(1)<<(ordinal%64)
		if marks[word]&bit != 0 {
			continue
		}
		marks[word] |= bit
		if r := ix.records[ordinal]; r != nil && v.query.match(r) {
			in = append(in, ordinal)
		}
	}
	kept := v.ordinals[:0]
	for _, ordinal := range v.ordinals {
		if marks[ordinal/64]&(1<<(ordinal%64)) == 0 {
			kept = append(kept, ordinal)
		}
	}
	ix.sort(v.sorting, in)
	// From the end: what stays moves up once, by the number of records that come before it.
	v.ordinals = append(kept, in...)
	end := len(kept)
	for i := len(in) - 1; i >= 0; i-- {
		r := ix.records[in[i]]
		at := sort.Search(end, func(j int) bool { return v.sorting.total(ix.records[kept[j]], r) > 0 })
		copy(v.ordinals[at+i+1:end+i+1], v.ordinals[at:end])
		v.ordinals[at+i] = in[i]
		end = at
	}
}

// page returns the ordinals of a page: behind the values of search_after, or from an offset.
func (ix *Index) page(v *view, after []value, from, size int) []uint32 {
	if after != nil {
		from = sort.Search(len(v.ordinals), func(i int) bool {
			return v.sorting.position(ix.records[v.ordinals[i]], after) > 0
		})
	}
	from = min(from, len(v.ordinals))
	return v.ordinals[from:min(from+size, len(v.ordinals))]
}
