package atlan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/paging"
)

// Paging is a way to walk through the pages of a search.
type Paging uint8

// The ways.
const (
	// PageBySearchAfter continues after the last asset of a page, wherever that stands by then: any length, any order,
	// nothing twice and nothing left out while others write. Atlan hands the search to Elasticsearch as it is, which has
	// this (atlas-metastore, docs/api/search-indexsearch.md); that the service answers the positions it needs was read in
	// EntityDiscoveryService and not tried live. A service that does not is noticed and is an error.
	PageBySearchAfter Paging = iota
	// PageByOffset counts: the first 10,000 assets at most, and assets that are written meanwhile may move others to a page
	// that was read already or will be read again. What comes again is left out.
	PageByOffset
	// PageByTimestamp walks along the times at which the assets were created, as pyatlan does for long results. It has no
	// other order.
	PageByTimestamp
)

const (
	// window is how far Elasticsearch counts, unless a tenant was configured otherwise (atlas-metastore,
	// docs/api/search-indexsearch.md).
	window = 10_000

	indexGUID    = "__guid"
	indexCreated = "__timestamp"
	memberTime   = "createTime"
)

// ErrSearchWindow: there are more results than [PageByOffset] can reach.
const ErrSearchWindow = stateError("the results are more than can be counted through")

// ErrNoPositions: the service did not say where the assets of a page stand, so that [PageBySearchAfter] cannot go on.
// [PageByTimestamp] can.
const ErrNoPositions = stateError("the service did not answer the positions of the assets")

// walk yields the assets of all pages.
func (s Search[T]) walk(ctx context.Context) iter.Seq2[*Entity, error] {
	return func(yield func(*Entity, error) bool) {
		var fetch func(context.Context, string) (paging.CursorPage[*Entity], error)
		switch s.paging {
		case PageByOffset:
			fetch = (&offsetPages[T]{search: s}).fetch
		case PageByTimestamp:
			fetch = (&timestampPages[T]{search: s}).fetch
		case PageBySearchAfter:
			fetch = (&positionPages[T]{search: s, order: s.order()}).fetch
		}
		for e, err := range paging.Cursor(ctx, "", fetch) { // the pages are fetched one after the other
			if errors.Is(err, paging.ErrStuck) {
				err = &apierr.Error{
					Service: service, Kind: apierr.KindUnexpected, Operation: operationSearch, Attempts: 1,
					Message: "the search does not move on", Err: err,
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// order is the order of the search, made total by the guid.
func (s Search[T]) order() []field.Sort {
	byGUID := func(criterion field.Sort) bool { return criterion.Field == indexGUID }
	if i := slices.IndexFunc(s.sorts, byGUID); i >= 0 {
		return s.sorts[:i+1] // what comes after decides nothing
	}
	return append(slices.Clip(s.sorts), field.Sort{Field: indexGUID})
}

// positionPages walks with search_after. The cursor is the position of the last hit, as the service wrote it.
type positionPages[T any] struct {
	search Search[T]
	order  []field.Sort
	found  int64               // entities so far
	tells  bool                // the service answers positions
	seen   map[string]struct{} // the guids so far; of the last page when nothing but the guid sorts
}

func (p *positionPages[T]) fetch(ctx context.Context, cursor string) (page paging.CursorPage[*Entity], err error) {
	r := p.search.newRequest(p.search.pageSize)
	yes := true
	r.ShowSearchMetadata = &yes
	r.Dsl.Sort = p.order
	if cursor != "" {
		r.Dsl.SearchAfter = json.RawMessage(cursor)
	}
	answer, err := p.search.client.searchPage(ctx, r)
	if err != nil {
		return page, err
	}
	p.found += int64(len(answer.Entities))
	page.Items = p.fresh(answer.Entities)
	if p.tells = p.tells || answer.Metadata != nil; p.tells {
		// A hit whose asset is gone is in the metadata and not among the entities, so few entities are not the end: few
		// hits are.
		if len(answer.Metadata) >= p.search.pageSize {
			page.Next = string(lastPosition(answer, p.order))
		}
	} else {
		page.Next = p.lastGUID(answer)
		if page.Next == "" && (len(answer.Entities) > 0 || p.found+int64(p.search.pageSize) <= answer.Count) {
			return page, errNoPositions("the answer has no sort values")
		}
	}
	return page, nil
}

// lastGUID is the position of the last entity of a page without positions, which is its guid when nothing else is sorted
// by; empty when there is none. Such a page is the last one when it is empty.
func (p *positionPages[T]) lastGUID(answer *searchAnswer) string {
	if len(p.order) != 1 {
		return ""
	}
	for _, e := range slices.Backward(answer.Entities) {
		if !e.Scrubbed() {
			return string(listText([]json.RawMessage{appendString(nil, e.GUID)}))
		}
	}
	return ""
}

// fresh returns the entities that did not come before. An asset comes again when it was changed in what the search sorts
// by.
func (p *positionPages[T]) fresh(entities []*Entity) []*Entity {
	before := p.seen
	if p.seen == nil || len(p.order) == 1 { // the guid does not change: no need to keep all of them
		p.seen = make(map[string]struct{}, len(entities))
	}
	list := make([]*Entity, 0, len(entities))
	for _, e := range entities {
		if !e.Scrubbed() {
			_, again := before[e.GUID]
			p.seen[e.GUID] = struct{}{}
			if again {
				continue
			}
		}
		list = append(list, e)
	}
	return list
}

func errNoPositions(message string) error {
	return &apierr.Error{
		Service: service, Kind: apierr.KindUnexpected, Operation: operationSearch, Attempts: 1, Err: ErrNoPositions,
		Message: message, Hint: "Choose another way with Search.Page.",
	}
}

// lastPosition is the position of the hit that comes last in the order. It is not always that of the last entity: hits
// without an asset are left out of the entities, and those that are hidden have no guid there. A wrong choice among the
// hits of the page would lead to reading some again, never to leaving one out.
func lastPosition(answer *searchAnswer, order []field.Sort) json.RawMessage {
	var last []json.RawMessage
	for _, hit := range answer.Metadata {
		if len(hit.Sort) == len(order) && (last == nil || comparePositions(hit.Sort, last, order) > 0) {
			last = hit.Sort
		}
	}
	if last == nil {
		return nil
	}
	return listText(last)
}

// comparePositions compares two hits as Elasticsearch sorted them.
func comparePositions(a, b []json.RawMessage, order []field.Sort) int {
	for i, criterion := range order {
		x, y := parseSortValue(a[i]), parseSortValue(b[i])
		switch {
		case x.missing && y.missing:
		case x.missing != y.missing:
			if x.missing == criterion.MissingFirst {
				return -1
			}
			return 1
		default:
			c := x.compare(y)
			if criterion.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
	}
	return 0
}

// sortValue is one value of a position: a number, a text, or the lack of one.
type sortValue struct {
	missing bool
	number  float64
	exact   int64
	text    string
	kind    uint8 // 0: a number, 1: a text
}

func parseSortValue(value json.RawMessage) sortValue {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || string(value) == "null" {
		return sortValue{missing: true}
	}
	if value[0] == '"' {
		return sortValue{kind: 1, text: textOf(value, true)}
	}
	if exact, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		// A number that is missing is the smallest or the largest there is, which says where it was sorted to.
		return sortValue{exact: exact, number: float64(exact)}
	}
	if number, err := strconv.ParseFloat(string(value), 64); err == nil {
		return sortValue{number: number, exact: int64(max(min(number, math.MaxInt64/2), math.MinInt64/2))}
	}
	return sortValue{kind: 1, text: string(value)} // true, false
}

func (v sortValue) compare(o sortValue) int {
	if v.kind != o.kind {
		return cmp.Compare(v.kind, o.kind)
	}
	if v.kind == 1 {
		return cmp.Compare(v.text, o.text)
	}
	return cmp.Or(cmp.Compare(v.number, o.number), cmp.Compare(v.exact, o.exact))
}

// offsetPages counts. The cursor is the number of hits before the page.
type offsetPages[T any] struct {
	search Search[T]
	seen   map[string]struct{}
}

func (p *offsetPages[T]) fetch(ctx context.Context, cursor string) (page paging.CursorPage[*Entity], err error) {
	from := 0
	if cursor != "" {
		if from, err = strconv.Atoi(cursor); err != nil {
			return page, err
		}
	}
	size := min(p.search.pageSize, window-from)
	if size <= 0 {
		return page, &apierr.Error{
			Service: service, Kind: apierr.KindInvalid, Operation: operationSearch, Attempts: 1, Err: ErrSearchWindow,
			Message: "there are more than " + strconv.Itoa(window) + " results", Hint: "PageBySearchAfter has no such bound.",
		}
	}
	r := p.search.newRequest(size)
	r.Dsl.From, r.Dsl.Sort = from, p.search.order()
	r.countAll()
	answer, err := p.search.client.searchPage(ctx, r)
	if err != nil {
		return page, err
	}
	if p.seen == nil {
		p.seen = make(map[string]struct{})
	}
	for _, e := range answer.Entities {
		if _, again := p.seen[e.GUID]; !again || e.Scrubbed() || e.GUID == "" {
			p.seen[e.GUID] = struct{}{}
			page.Items = append(page.Items, e)
		}
	}
	// The service counts hits, and hits without an asset count: the page after is size further, however short this one is.
	if next := from + size; int64(next) < answer.Count {
		page.Next = strconv.Itoa(next)
	}
	return page, nil
}

// timestampPages walks along the creation times: each page begins with the time at which the last one ended. While all
// assets of a page have the same time it counts within that time.
type timestampPages[T any] struct {
	search Search[T]
	since  int64
	recent map[string]struct{} // the assets created at since that were there already
}

// timestampCursor is where a page begins.
type timestampCursor struct {
	Since int64 `json:"since"`
	From  int   `json:"from"`
}

func (p *timestampPages[T]) fetch(ctx context.Context, cursor string) (page paging.CursorPage[*Entity], err error) {
	var at timestampCursor
	search := p.search
	if cursor != "" {
		if err := json.Unmarshal([]byte(cursor), &at); err != nil {
			return page, err
		}
		search = search.Where(field.Query{"range": map[string]any{indexCreated: map[string]any{"gte": at.Since}}})
	}
	if at.From+search.pageSize > window {
		return page, &apierr.Error{
			Service: service, Kind: apierr.KindInvalid, Operation: operationSearch, Attempts: 1, Err: ErrSearchWindow,
			Message: "more than " + strconv.Itoa(window-search.pageSize) + " assets were created in the same millisecond",
			Hint:    "PageBySearchAfter has no such bound.",
		}
	}
	r := search.newRequest(search.pageSize)
	r.Dsl.From, r.Dsl.Sort = at.From, []field.Sort{{Field: indexCreated}, {Field: indexGUID}}
	r.countAll()
	answer, err := search.client.searchPage(ctx, r)
	if err != nil {
		return page, err
	}
	newest, known := at.Since, len(answer.Entities) > 0
	for _, e := range answer.Entities {
		if value, ok := e.top.get(memberTime); ok {
			if created, err := strconv.ParseInt(string(value), 10, 64); err == nil {
				newest = max(newest, created)
				continue
			}
		}
		known = known && e.Scrubbed() // a hidden asset says no time; the others of the page do
	}
	if !known && len(answer.Entities) > 0 {
		return page, errNoPositions("an asset has no creation time")
	}
	page.Items = p.fresh(answer.Entities, newest)
	if int64(at.From+search.pageSize) >= answer.Count {
		return page, nil
	}
	next := timestampCursor{Since: newest}
	if newest == at.Since || len(answer.Entities) == 0 { // a whole page of one time, or of assets that are gone: count on
		next = timestampCursor{Since: at.Since, From: at.From + search.pageSize}
	}
	text, err := json.Marshal(next)
	page.Next = string(text)
	return page, err
}

// fresh returns the entities that did not come before, and remembers those of the newest time, with which the next page
// begins.
func (p *timestampPages[T]) fresh(entities []*Entity, newest int64) []*Entity {
	list := make([]*Entity, 0, len(entities))
	before := p.recent
	if p.recent == nil || newest != p.since {
		p.since, p.recent = newest, make(map[string]struct{})
	}
	moment := strconv.FormatInt(newest, 10)
	for _, e := range entities {
		_, again := before[e.GUID]
		if created, _ := e.top.get(memberTime); string(created) == moment && !e.Scrubbed() {
			p.recent[e.GUID] = struct{}{}
		}
		if !again {
			list = append(list, e)
		}
	}
	return list
}
