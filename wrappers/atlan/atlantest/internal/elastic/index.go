package elastic

import (
	"slices"
	"strings"
	"sync"
)

// Index is a set of documents that can be searched. It is safe for use by several goroutines; a search sees the
// documents as they are when it begins, and every search of a walk sees those of its own time.
type Index struct {
	mu       sync.Mutex
	fields   *fields
	recorder recorder
	window   int

	records  []*record // by ordinal; nil is free
	ordinals map[string]uint32
	free     []uint32
	sequence uint64

	// What changed, for views that are behind: ordinals in the order of the changes, the first of them being number
	// logStart since the index was made.
	log      []uint32
	logStart int

	postings map[postingKey]*postings
	views    map[string]*view
	clock    int // counts uses of views
}

const (
	maxCandidates = 4096 // records per term and query beyond which everything is looked at instead
	maxPostings   = 24   // fields with postings
	maxViews      = 32
	maxLog        = 1 << 16
	defaultWindow = 10_000
)

// Option changes an index.
type Option func(*Index)

// WithWindow sets how far from + size may reach: index.max_result_window, 10,000 without this option. pyatlan relies
// on 100,000 for assets.
func WithWindow(n int) Option { return func(ix *Index) { ix.window = n } }

// New returns an empty index. It starts nothing and need not be closed.
func New(mapping Mapping, options ...Option) *Index {
	f := newFields(mapping)
	ix := &Index{
		fields: f, recorder: recorder{fields: f}, window: defaultWindow,
		ordinals: map[string]uint32{}, postings: map[postingKey]*postings{}, views: map[string]*view{},
	}
	for _, option := range options {
		option(ix)
	}
	return ix
}

// Put adds a document, or replaces the one of that id. Values are what encoding/json makes of JSON (numbers as float64
// or json.Number), [json.RawMessage] or []string. The document is not kept: it may be changed afterwards.
func (ix *Index) Put(id string, document map[string]any) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	id = strings.Clone(id)
	ordinal, ok := ix.ordinals[id]
	if ok {
		id = ix.records[ordinal].id
	}
	ix.sequence++
	made := ix.recorder.record(id, ix.sequence, document)
	switch {
	case ok:
		made.sequence = ix.records[ordinal].sequence
		ix.sequence--
	case len(ix.free) > 0:
		ordinal = ix.free[len(ix.free)-1]
		ix.free = ix.free[:len(ix.free)-1]
	default:
		ordinal = uint32(len(ix.records))
		ix.records = append(ix.records, nil)
	}
	for _, p := range ix.postings {
		p.replace(ordinal, ix.records[ordinal], made)
	}
	ix.records[ordinal] = made
	ix.ordinals[id] = ordinal
	ix.changed(ordinal)
}

// Delete removes a document; false if there was none of that id.
func (ix *Index) Delete(id string) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ordinal, ok := ix.ordinals[id]
	if !ok {
		return false
	}
	for _, p := range ix.postings {
		p.replace(ordinal, ix.records[ordinal], nil)
	}
	delete(ix.ordinals, id)
	ix.records[ordinal] = nil
	ix.free = append(ix.free, ordinal)
	ix.changed(ordinal)
	return true
}

// Len returns the number of documents.
func (ix *Index) Len() int {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return len(ix.ordinals)
}

func (ix *Index) changed(ordinal uint32) {
	if len(ix.views) == 0 {
		ix.logStart += len(ix.log) + 1
		ix.log = ix.log[:0]
		return
	}
	if len(ix.log) >= maxLog {
		drop := len(ix.log) / 2
		ix.log = slices.Delete(ix.log, 0, drop)
		ix.logStart += drop
	}
	ix.log = append(ix.log, ordinal)
}

func (ix *Index) logEnd() int { return ix.logStart + len(ix.log) }

// postingKey names the tokens of a keyword field.
type postingKey struct {
	source uint32
	typ    Type
	limit  int
}

// postings is the records by the values of a keyword field. Values of too many records have no list.
type postings struct {
	field *field
	lists map[string][]uint32
	often map[string]struct{}
}

// posting returns the ordinals of the records in which a keyword field has a value.
func (ix *Index) posting(f *field, text string) ([]uint32, bool) {
	if len(ix.records) < 64 {
		return nil, false
	}
	key := postingKey{f.source, f.typ, f.limit}
	p, ok := ix.postings[key]
	if !ok {
		if len(ix.postings) >= maxPostings {
			return nil, false
		}
		p = &postings{field: f, lists: map[string][]uint32{}, often: map[string]struct{}{}}
		for ordinal, r := range ix.records {
			if r != nil {
				p.replace(uint32(ordinal), nil, r)
			}
		}
		ix.postings[key] = p
	}
	if _, ok := p.often[text]; ok {
		return nil, false
	}
	return p.lists[text], true
}

func (p *postings) replace(ordinal uint32, old, now *record) {
	if old != nil && now != nil && slices.EqualFunc(old.textsOf(p.field.source), now.textsOf(p.field.source),
		func(a, b textCell) bool { return a.text == b.text }) {
		return
	}
	if old != nil {
		p.field.tokens(old, func(token string) bool {
			list := p.lists[token]
			if i := slices.Index(list, ordinal); i >= 0 {
				list[i] = list[len(list)-1]
				if list = list[:len(list)-1]; len(list) == 0 {
					delete(p.lists, token)
				} else {
					p.lists[token] = list
				}
			}
			return true
		})
	}
	if now != nil {
		p.field.tokens(now, func(token string) bool {
			if _, ok := p.often[token]; ok {
				return true
			}
			list := p.lists[token]
			if len(list) >= maxCandidates {
				p.often[token] = struct{}{}
				delete(p.lists, token)
				return true
			}
			p.lists[token] = append(list, ordinal)
			return true
		})
	}
}

// each calls yield with the records that fit, in no order.
func (ix *Index) each(q query, yield func(ordinal uint32, r *record)) {
	if some, ok := candidatesOf(ix, q); ok {
		some = slices.Clone(some)
		slices.Sort(some)
		for _, ordinal := range slices.Compact(some) {
			if r := ix.records[ordinal]; r != nil && q.match(r) {
				yield(ordinal, r)
			}
		}
		return
	}
	for ordinal, r := range ix.records {
		if r != nil && q.match(r) {
			yield(uint32(ordinal), r)
		}
	}
}
