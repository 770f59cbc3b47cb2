package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"slices"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	// defaultPageSize is what Atlan asks its users to stay within (docs.atlan.com, API limits).
	defaultPageSize = 100
	// maxPageSize is the most that Elasticsearch answers in one page.
	maxPageSize = 10_000
)

// Search looks for assets in the search index. It is a value: each method returns a search that differs from the one it
// was called on, which can be kept and used again, by any number of goroutines. Nothing is sent before All, First, Count or
// Aggregate.
//
//	tables := atlan.SearchFor[atlanassets.Table](client, field.Name.StartsWith("orders")).Include(field.Description)
//	for table, err := range tables.All(ctx) {
//		…
//	}
//
// The index is refreshed with a delay, so what was just saved may not be found yet: see [Client.WaitSearchable]. Assets
// come with their guid, type, status, name and qualifiedName, and with what [Search.Include] asks for; they can be changed
// and saved, and only the changes are sent.
type Search[T any] struct {
	client  *Client
	decode  func(*Entity) (T, error)
	clauses []field.Query
	sorts   []field.Sort
	states  []Status // nil: any
	types   []string // nil: any
	below   bool     // types below those too

	attributes, related []string
	pageSize            int
	paging              Paging
	request             func(*atlanapi.IndexSearchRequest) // what the knobs of options say
}

// Search looks for assets of any type that match all clauses. Without clauses it is every active asset. It does no I/O.
func (c *Client) Search(clauses ...field.Query) Search[*Entity] {
	return newSearch(c, func(e *Entity) (*Entity, error) { return e, nil }, clauses)
}

// SearchFor looks for assets of one type that match all clauses; see [Search.Subtypes] for the types below it. It does no
// I/O.
func SearchFor[T atlanassets.Type](c *Client, clauses ...field.Query) Search[*Asset[T]] {
	s := newSearch(c, func(e *Entity) (*Asset[T], error) {
		return assetOf[T](e), nil
	}, clauses)
	s.types = []string{typeNameOf[T]()}
	return s
}

func newSearch[T any](c *Client, decode func(*Entity) (T, error), clauses []field.Query) Search[T] {
	return Search[T]{client: c, decode: decode, clauses: slices.Clone(clauses), states: []Status{StatusActive}, pageSize: defaultPageSize}
}

// Where adds clauses that have to match, too.
func (s Search[T]) Where(clauses ...field.Query) Search[T] {
	s.clauses = append(slices.Clip(s.clauses), clauses...)
	return s
}

// Types narrows the search to assets of these types, such as "Table" and "View", instead of those it was for. No name at
// all takes assets of any.
func (s Search[T]) Types(names ...string) Search[T] {
	s.types = slices.Clone(names)
	return s
}

// Subtypes takes the types below those of the search as well: a search for atlanassets.SQL then finds tables and columns.
func (s Search[T]) Subtypes() Search[T] {
	s.below = true
	return s
}

// WithStatus looks for assets in these states instead of active ones, such as [StatusDeleted] for what is archived. No
// state at all takes assets of any.
func (s Search[T]) WithStatus(states ...Status) Search[T] {
	s.states = slices.Clone(states)
	return s
}

// Sort orders the results. Assets that are equal in it come by guid; without a sort all of them do. [PageByTimestamp]
// has an order of its own and refuses another.
//
// An asset that is written while [Search.All] runs, so that it moves from behind the present place in the order to before
// it, is left out. What must be complete is read without a sort, or by what does not change, such as field.CreateTime.
// With a sort All keeps the guids of what it has yielded in memory, about 100 bytes each.
func (s Search[T]) Sort(criteria ...field.Sort) Search[T] {
	s.sorts = slices.Clone(criteria)
	return s
}

// Include asks for attributes of the assets, which a search otherwise leaves out. Relationships come as references.
func (s Search[T]) Include(fields ...field.Field) Search[T] {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Attribute()
	}
	return s.IncludeNamed(names...)
}

// IncludeNamed is [Search.Include] by the names of attributes, for those that this library does not know. An attribute of
// custom metadata is <id of the set>.<id of the attribute>.
func (s Search[T]) IncludeNamed(names ...string) Search[T] {
	s.attributes = append(slices.Clip(s.attributes), names...)
	return s
}

// IncludeRelated asks for attributes of the assets that Include brings as relationships. It is costly for the service.
func (s Search[T]) IncludeRelated(fields ...field.Field) Search[T] {
	s.related = slices.Clip(s.related)
	for _, f := range fields {
		s.related = append(s.related, f.Attribute())
	}
	return s
}

// PageSize is how many assets one request asks for: 100 by default, which is what Atlan advises, and at most 10,000.
func (s Search[T]) PageSize(n int) Search[T] {
	s.pageSize = n
	return s
}

// Page chooses how the pages of a long result are walked through: [PageBySearchAfter] by default.
func (s Search[T]) Page(paging Paging) Search[T] {
	s.paging = paging
	return s
}

// SearchOptions are knobs that most searches leave alone. The zero value is the default.
type SearchOptions struct {
	// WithoutTerms and WithoutTags leave the glossary terms and the tags of the assets out of the answer, which is faster.
	WithoutTerms, WithoutTags bool
	// Persona and Purpose are qualified names: the search sees what they may see. Empty for all that the credentials may.
	Persona, Purpose string
	// FullRestriction leaves out assets that the credentials may not see, instead of showing them with everything masked
	// (see [Entity.Scrubbed]).
	FullRestriction bool
	// ArchivedRelations brings relationships to archived assets too.
	ArchivedRelations bool
	// RelationshipAttributes brings the attributes that relationships themselves have.
	RelationshipAttributes bool
	// Log writes the search into Atlan's search log, as searches of people are. Tags tell it apart there.
	Log  bool
	Tags []string
}

// With sets the knobs.
func (s Search[T]) With(o SearchOptions) Search[T] {
	o.Tags = slices.Clone(o.Tags)
	s.request = func(r *atlanapi.IndexSearchRequest) {
		yes := true
		flag := func(on bool) *bool {
			if on {
				return &yes
			}
			return nil
		}
		r.ExcludeMeanings, r.ExcludeClassifications = flag(o.WithoutTerms), flag(o.WithoutTags)
		r.EnableFullRestriction, r.AllowDeletedRelations = flag(o.FullRestriction), flag(o.ArchivedRelations)
		r.IncludeRelationshipAttributes = flag(o.RelationshipAttributes)
		if o.Persona != "" {
			r.Persona = &o.Persona
		}
		if o.Purpose != "" {
			r.Purpose = &o.Purpose
		}
		if o.Log {
			r.RequestMetadata = &atlanapi.SearchRequestMetadata{SaveSearchLog: &yes, UtmTags: o.Tags}
		}
	}
	return s
}

// All yields the assets, page after page, the next of which is fetched while the present one is used. Each asset comes
// once, and those that match from beginning to end come for sure, whatever is written meanwhile; [PageByOffset] and
// a [Search.Sort] by what changes cannot promise that. An error is yielded once, with the zero value, and ends the loop;
// leaving it cancels what is under way.
//
// A search that makes no sense is an error of category [ErrInvalidRequest] before anything is sent; more results than
// [PageByOffset] can reach are one too.
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Search[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := s.check(); err != nil {
			yield(zero, err)
			return
		}
		for e, err := range s.walk(ctx) {
			if err != nil {
				yield(zero, err)
				return
			}
			item, err := s.decode(e)
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// First returns the first asset in the order of the search. None is an error of category [ErrNotFound].
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Search[T]) First(ctx context.Context) (T, error) {
	var zero T
	if err := s.check(); err != nil {
		return zero, err
	}
	// Hits whose asset is gone are left out of a page, so the first page may be empty: walk.
	for item, err := range s.PageSize(min(s.pageSize, 10)).All(ctx) {
		return item, err
	}
	return zero, &apierr.Error{
		Service: service, Kind: apierr.KindNotFound, Operation: operationSearch, Attempts: 1,
		Message: "no asset matches the search",
	}
}

// Count returns how many assets match, exactly.
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Search[T]) Count(ctx context.Context) (int64, error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	r := s.newRequest(1) // as pyatlan does: a size of 0 is not known to work everywhere
	r.countAll()
	page, err := s.client.searchPage(ctx, r)
	if err != nil {
		return 0, err
	}
	if page.Count == nil {
		return 0, &apierr.Error{
			Service: service, Kind: apierr.KindUnexpected, Operation: operationSearch, Attempts: 1,
			Message: "the answer has no count",
		}
	}
	return *page.Count, nil
}

// Aggregate computes aggregations over all assets that match, each under the name it is given:
//
//	result, err := client.Search().Types("Table", "View").Aggregate(ctx, map[string]field.Aggregation{
//		"status": field.CertificateStatus.Terms(10),
//	})
//	for _, bucket := range result["status"].Buckets {
//		fmt.Println(bucket.Key, bucket.Count)
//	}
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Search[T]) Aggregate(ctx context.Context, aggregations map[string]field.Aggregation) (Aggregations, error) {
	if len(aggregations) == 0 {
		return nil, apierr.Invalid(service, "aggregations", "there is nothing to compute: give at least one aggregation")
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	r := s.newRequest(1)
	r.countAll()
	r.Dsl.Aggregations = make(map[string]map[string]any, len(aggregations))
	for name, aggregation := range aggregations {
		r.Dsl.Aggregations[name] = aggregation
	}
	page, err := s.client.searchPage(ctx, r)
	if err != nil {
		return nil, err
	}
	for name := range aggregations {
		if _, ok := page.Aggregations[name]; !ok {
			return nil, &apierr.Error{
				Service: service, Kind: apierr.KindUnexpected, Operation: operationSearch, Attempts: 1,
				Message: "the answer has no aggregation " + name,
			}
		}
	}
	return page.Aggregations, nil
}

// check finds what makes no sense before anything is sent.
func (s Search[T]) check() error {
	switch {
	case s.client == nil:
		return apierr.Invalid(service, "search", "the search has no client: make it with Client.Search or SearchFor")
	case s.pageSize < 1 || s.pageSize > maxPageSize:
		return apierr.Invalid(service, "PageSize", "%d is not between 1 and %d", s.pageSize, maxPageSize)
	case s.paging > PageByTimestamp:
		return apierr.Invalid(service, "Page", "%d is none of the ways to page", s.paging)
	case s.paging == PageByTimestamp && len(s.sorts) > 0:
		return apierr.Invalid(service, "Sort", "PageByTimestamp has an order of its own: leave Sort or Page out")
	}
	for i, c := range s.clauses {
		if len(c) == 0 {
			return apierr.Invalid(service, "search", "clause %d is empty", i)
		}
	}
	for i, criterion := range s.sorts {
		if criterion.Field == "" {
			return apierr.Invalid(service, "Sort", "criterion %d names no field", i)
		}
	}
	for _, names := range [...][]string{s.types, s.attributes, s.related} {
		if slices.Contains(names, "") {
			return apierr.Invalid(service, "search", "the name of a type or an attribute is empty")
		}
	}
	return nil
}

// query is everything that an asset has to match.
func (s Search[T]) query() field.Query {
	var clauses []field.Query
	if len(s.states) > 0 {
		states := make([]string, len(s.states))
		for i, state := range s.states {
			states[i] = string(state)
		}
		clauses = append(clauses, field.Status.OneOf(states...))
	}
	if len(s.types) > 0 {
		types := field.TypeName.OneOf(s.types...)
		if s.below {
			types = field.Any(types, field.SuperTypeNames.OneOf(s.types...))
		}
		clauses = append(clauses, types)
	}
	return field.All(append(clauses, s.clauses...)...)
}

// operationSearch is the id of the operation, for errors that are made here.
const operationSearch = "indexSearch"

// searchRequest is the body of a search. The sorts and the position are JSON that was made here or came from the server,
// which a decoder of numbers must not touch.
type searchRequest struct {
	atlanapi.IndexSearchRequest
	Dsl searchDSL `json:"dsl"`
}

type searchDSL struct {
	From           int                       `json:"from,omitempty"`
	Size           int                       `json:"size"`
	Query          field.Query               `json:"query"`
	Sort           []field.Sort              `json:"sort,omitempty"`
	SearchAfter    json.RawMessage           `json:"search_after,omitempty"`
	Aggregations   map[string]map[string]any `json:"aggregations,omitempty"`
	TrackTotalHits *bool                     `json:"track_total_hits,omitempty"`
}

func (r *searchRequest) countAll() {
	yes := true
	r.Dsl.TrackTotalHits = &yes
}

// showPositions asks for the sort values of the hits.
func (r *searchRequest) showPositions() {
	yes := true
	r.ShowSearchMetadata = &yes
}

func (s Search[T]) newRequest(size int) *searchRequest {
	r := &searchRequest{Dsl: searchDSL{Size: size, Query: s.query()}}
	r.Attributes, r.RelationAttributes = s.attributes, s.related
	if s.request != nil {
		s.request(&r.IndexSearchRequest)
	}
	return r
}

// searchAnswer is one page of an answer.
type searchAnswer struct {
	Entities     []*Entity                `json:"entities"`
	Count        *int64                   `json:"approximateCount"`
	Aggregations Aggregations             `json:"aggregations"`
	Metadata     map[string]searchHitData `json:"searchMetadata"`
}

// count is how many assets the service says match, 0 when it does not say.
func (a *searchAnswer) count() int64 {
	if a.Count == nil {
		return 0
	}
	return *a.Count
}

// hits is how many hits the page has: those whose asset is gone are in the metadata only.
func (a *searchAnswer) hits() int { return max(len(a.Entities), len(a.Metadata)) }

// silent reports whether the page says nothing: not even that it has no hits.
func (a *searchAnswer) silent() bool { return len(a.Entities) == 0 && a.Metadata == nil }

type searchHitData struct {
	Sort []json.RawMessage `json:"sort"`
}

// searchPage sends a search.
func (c *Client) searchPage(ctx context.Context, r *searchRequest) (*searchAnswer, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, apierr.Invalid(service, "search", "the search does not encode: %s", err)
	}
	answer, err := transport.Decode[searchAnswer](c.raw.IndexSearchWithBody(ctx, "application/json", bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	answer.Entities = slices.DeleteFunc(answer.Entities, func(e *Entity) bool { return e == nil })
	if answer.Count != nil && *answer.Count < 0 {
		answer.Count = nil // the metastore's -1 is a number that it did not find out
	}
	if answer.Count == nil && answer.Aggregations == nil && answer.silent() {
		return nil, &apierr.Error{
			Service: service, Kind: apierr.KindUnexpected, Operation: operationSearch, Attempts: 1,
			Message: "the answer has neither assets nor a count: it does not even say that nothing was found",
		}
	}
	return answer, nil
}
