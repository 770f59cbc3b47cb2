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
	// nothing twice and nothing left out while others write what is not sorted by. Atlan hands the search to Elasticsearch as it is, which has
	// this (atlas-metastore, docs/api/search-indexsearch.md); that the service answers the positions it needs was read in
	// EntityDiscoveryService and not tried live. A service that does not is noticed and is an error.
	PageBySearchAfter Paging = iota
	// PageByOffset counts: the first 10,000 assets at most, and assets that are written meanwhile may move others to a page
	// that was read already or will be read again. What comes again is left out.
	PageByOffset
	// PageByTimestamp walks along the times at which the assets were created, as pyatlan does for long results. It has no
	// other order, and needs no positions. Where the service answers none, hidden assets may come more than once, and
	// 10,000 of them in a row are an error.
	PageByTimestamp
)

const (
	// window is how far Elasticsearch counts, unless a tenant was configured otherwise (atlas-metastore,
	// docs/api/search-indexsearch.md).
	window = 10_000

	// idlePages is how many pages in a row may show nothing new before a search that counts is taken to be stuck.
	idlePages = 100

	indexGUID    = "__guid"
	indexCreated = "__timestamp"
	memberTime   = "createTime"
)

// ErrSearchWindow says that there are more results than [PageByOffset] can reach.
const ErrSearchWindow = stateError("the results are more than can be counted through")

// ErrNoPositions says that the service did not tell where the assets of a page stand, so that [PageBySearchAfter] cannot
// go on. [PageByTimestamp] can.
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
	passed int64               // hits so far, as far as they are known
	seen   map[string]struct{} // the guids so far; of the last page when nothing but the guid sorts
}

func (p *positionPages[T]) fetch(ctx context.Context, cursor string) (page paging.CursorPage[*Entity], err error) {
	r := p.request(p.search)
	if cursor != "" {
		r.Dsl.SearchAfter = json.RawMessage(cursor)
	}
	answer, err := p.search.client.searchPage(ctx, r)
	if err != nil {
		return page, err
	}
	if answer.silent() {
		if answer, err = p.confirm(ctx, r, cursor, answer); answer == nil || err != nil {
			return page, err
		}
	}
	hits := answer.hits()
	p.passed += int64(hits)
	page.Items = p.fresh(answer.Entities)
	switch {
	case hits == 0:
	case answer.Metadata != nil && hits < p.search.pageSize && p.passed >= answer.count():
		// A hit whose asset is gone is in the metadata and not among the entities, so few entities are not the end: few
		// hits are. When there should be more than came the page was cut short, or assets were added: the next one says.
	default:
		if page.Next = string(lastPosition(answer, p.order)); page.Next == "" {
			page.Next = p.lastGUID(answer)
		}
		if page.Next == "" {
			return page, errNoPositions("the answer has no sort values")
		}
	}
	return page, nil
}

func (p *positionPages[T]) request(search Search[T]) *searchRequest {
	r := search.newRequest(search.pageSize)
	r.showPositions()
	r.Dsl.Sort = p.order
	return r
}

// confirm looks once more at a page with neither assets nor positions. It may be the end, which some versions of the
// service may answer so, or a page whose assets are all gone in an answer that lacks the positions. The answer is nil at
// the end, and that of the second look when it has anything.
func (p *positionPages[T]) confirm(ctx context.Context, r *searchRequest, cursor string, answer *searchAnswer) (*searchAnswer, error) {
	size := int64(p.search.pageSize)
	left := answer.count() // of a first page
	if cursor != "" {
		var err error
		var last []json.RawMessage
		ranged := len(p.order) == 1 && json.Unmarshal([]byte(cursor), &last) == nil && len(last) == 1
		if ranged { // counted are then those that are left
			than := "gt"
			if p.order[0].Descending {
				than = "lt"
			}
			r = p.request(p.search.Where(field.Query{"range": map[string]any{indexGUID: map[string]any{than: last[0]}}}))
		}
		r.countAll()
		if answer, err = p.search.client.searchPage(ctx, r); err != nil || !answer.silent() {
			return answer, err
		}
		if left = answer.count(); !ranged {
			left -= p.passed
		}
	}
	if left > size { // not all of them can have been on this page
		return nil, errNoPositions("the answer has neither assets nor sort values, and says that there are more")
	}
	return nil, nil
}

// lastGUID is the position of the last entity of a page without positions, which is its guid when nothing else is sorted
// by; empty when there is none.
func (p *positionPages[T]) lastGUID(answer *searchAnswer) string {
	if len(p.order) != 1 {
		return ""
	}
	for _, e := range slices.Backward(answer.Entities) {
		if !e.Scrubbed() && e.GUID != "" {
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
		if !e.Scrubbed() && e.GUID != "" {
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
	idle   idle
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
		return page, errWindow("there are more than " + strconv.Itoa(window) + " results")
	}
	r := p.search.newRequest(size)
	r.Dsl.From, r.Dsl.Sort = from, p.search.order()
	r.showPositions()
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
	if err := p.idle.after(page.Items); err != nil {
		return page, err
	}
	// Hits without an asset count: the page after is size further, however short this one is. At the end of the window
	// nothing but the count is left to go by.
	next := from + size
	if answer.last(size, int64(from)) || next >= window && int64(next) == answer.count() {
		return page, nil
	}
	page.Next = strconv.Itoa(next)
	return page, nil
}

// idle counts the pages in a row that brought nothing, or nothing but hidden assets, which cannot be told apart.
type idle int

func (i *idle) after(items []*Entity) error {
	if *i++; slices.ContainsFunc(items, func(e *Entity) bool { return !e.Scrubbed() }) {
		*i = 0
	}
	if *i < idlePages {
		return nil
	}
	return &apierr.Error{
		Service: service, Kind: apierr.KindUnexpected, Operation: operationSearch, Attempts: 1, Err: paging.ErrStuck,
		Message: strconv.Itoa(idlePages) + " pages in a row brought nothing", Hint: "Larger pages help when so many assets are hidden or gone.",
	}
}

func errWindow(message string) error {
	return &apierr.Error{
		Service: service, Kind: apierr.KindInvalid, Operation: operationSearch, Attempts: 1, Err: ErrSearchWindow,
		Message: message, Hint: "PageBySearchAfter has no such bound.",
	}
}

// last reports whether a page that was asked for with a size, behind so many other hits, is the last one. Neither few
// assets nor a low count are enough for that: hits whose asset is gone are left out, and counts have been wrong.
func (a *searchAnswer) last(size int, before int64) bool {
	hits := a.hits()
	switch {
	case a.Metadata != nil: // it has all hits
		return hits == 0 || hits < size && before+int64(hits) >= a.count()
	default:
		return hits == 0 && before+int64(size) >= a.count()
	}
}

// timestampPages walks along the creation times, and along the guids of those that have the same time: each page is asked
// for with what comes after the last asset of the one before. Neither the positions that [PageBySearchAfter] needs nor
// counting is needed for that, but on pages that show no asset: those are counted over.
type timestampPages[T any] struct {
	search Search[T]
	seen   map[string]struct{} // the guids of the page before
	idle   idle
}

// timestampCursor is where a page begins: after the asset that was created then, and at its guid, and that many hits
// further.
type timestampCursor struct {
	Created json.Number `json:"created"`
	GUID    string      `json:"guid"`
	From    int         `json:"from"`
}

func (p *timestampPages[T]) fetch(ctx context.Context, cursor string) (page paging.CursorPage[*Entity], err error) {
	var at timestampCursor
	search := p.search
	size := search.pageSize
	if cursor != "" {
		if err := json.Unmarshal([]byte(cursor), &at); err != nil {
			return page, err
		}
	}
	if at.GUID != "" {
		after := func(name string, than string, value any) field.Query {
			return field.Query{"range": map[string]any{name: map[string]any{than: value}}}
		}
		search = search.Where(after(indexCreated, "gte", at.Created),
			field.Any(after(indexCreated, "gt", at.Created), after(indexGUID, "gt", at.GUID)))
	}
	if at.From+size > window {
		return page, errWindow("more than " + strconv.Itoa(window-size) + " results in a row show no asset")
	}
	r := search.newRequest(size)
	r.Dsl.From, r.Dsl.Sort = at.From, []field.Sort{{Field: indexCreated}, {Field: indexGUID}}
	r.showPositions()
	r.countAll()
	answer, err := search.client.searchPage(ctx, r)
	if err != nil {
		return page, err
	}
	next, err := answer.lastCreated(r.Dsl.Sort)
	if err != nil {
		return page, err
	}
	before := p.seen
	p.seen = make(map[string]struct{}, len(answer.Entities))
	for _, e := range answer.Entities {
		if _, again := before[e.GUID]; !again || e.Scrubbed() || e.GUID == "" {
			page.Items = append(page.Items, e)
		}
		p.seen[e.GUID] = struct{}{}
	}
	if answer.last(size, int64(at.From)) {
		return page, nil
	}
	if err := p.idle.after(page.Items); err != nil {
		return page, err
	}
	if next.GUID == "" { // hidden assets, or none: count on
		next = timestampCursor{Created: at.Created, GUID: at.GUID, From: at.From + size}
	}
	text, err := json.Marshal(next)
	page.Next = string(text)
	return page, err
}

// lastCreated is the place of the last hit that can be told, empty when none of the page can. An asset that is not hidden
// and says no time is an error.
func (a *searchAnswer) lastCreated(order []field.Sort) (last timestampCursor, err error) {
	if position := lastPosition(a, order); position != nil {
		var values []json.RawMessage
		if err := json.Unmarshal(position, &values); err != nil {
			return last, err
		}
		if created, err := strconv.ParseInt(string(values[0]), 10, 64); err == nil {
			return timestampCursor{Created: json.Number(strconv.FormatInt(created, 10)), GUID: textOf(values[1], true)}, nil
		}
	}
	for _, e := range a.Entities {
		if e.Scrubbed() {
			continue
		}
		value, _ := e.top.get(memberTime)
		created, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || e.GUID == "" {
			return last, errNoPositions("an asset has no creation time")
		}
		last = timestampCursor{Created: json.Number(strconv.FormatInt(created, 10)), GUID: e.GUID}
	}
	return last, nil
}
