package atlan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strconv"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/paging"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	operationLineage = "lineageList"
	// allDepths is deeper than any lineage; pyatlan asks for as much.
	allDepths = 1_000_000
	// emptyLineagePages is how many pages in a row may bring nothing, or nothing new, although the service says that more
	// follow: it says so too when what would follow was filtered out (atlas-metastore's EntityLineageService). After an
	// empty page ten times as much is asked for, so that such an end was looked far behind.
	// hiddenLineagePages is how many may bring nothing but hidden assets, which cannot be told apart.
	emptyLineagePages  = 3
	hiddenLineagePages = 100
)

// Lineage asks what an asset is made from or what is made from it. Like [Search] it is a value whose methods return a
// changed one. Nothing is sent before All.
//
//	for asset, err := range client.Lineage(table.GUID).Downstream().Depth(2).All(ctx) {
//		fmt.Println(asset.Depth, asset.TypeName, asset.Name())
//	}
type Lineage struct {
	client              *Client
	guid                string
	direction           atlanapi.LineageListRequestDirection
	depth, pageSize     int
	attributes, related []string
	results, traversed  *LineageFilter
	relationships       *LineageFilter
	neighbours          bool
	withTerms, withTags bool
}

// Lineage begins at the asset with this guid and leads downstream. It does no I/O.
func (c *Client) Lineage(guid string) Lineage {
	return Lineage{
		client: c, guid: guid, direction: atlanapi.LineageListRequestDirectionOUTPUT, depth: allDepths, pageSize: defaultPageSize,
	}
}

// Downstream leads to what is made from the asset. It is the default.
func (l Lineage) Downstream() Lineage {
	l.direction = atlanapi.LineageListRequestDirectionOUTPUT
	return l
}

// Upstream leads to what the asset is made from.
func (l Lineage) Upstream() Lineage {
	l.direction = atlanapi.LineageListRequestDirectionINPUT
	return l
}

// Depth is how many steps to follow, as the service counts them; all by default.
func (l Lineage) Depth(n int) Lineage {
	l.depth = n
	return l
}

// PageSize is how many assets one request asks for, 100 by default.
func (l Lineage) PageSize(n int) Lineage {
	l.pageSize = n
	return l
}

// Include asks for attributes of the assets, which are otherwise left out.
func (l Lineage) Include(fields ...field.Field) Lineage {
	l.attributes = slices.Clip(l.attributes)
	for _, f := range fields {
		l.attributes = append(l.attributes, f.Attribute())
	}
	return l
}

// IncludeRelated asks for attributes of the assets that Include brings as relationships.
func (l Lineage) IncludeRelated(fields ...field.Field) Lineage {
	l.related = slices.Clip(l.related)
	for _, f := range fields {
		l.related = append(l.related, f.Attribute())
	}
	return l
}

// Where yields only assets that pass the filter. What lies behind the others is yielded all the same: see Through.
func (l Lineage) Where(filter LineageFilter) Lineage {
	l.results = &filter
	return l
}

// Through follows only assets that pass the filter: what lies behind the others is left out with them.
func (l Lineage) Through(filter LineageFilter) Lineage {
	l.traversed = &filter
	return l
}

// Along follows only relationships that pass the filter.
func (l Lineage) Along(filter LineageFilter) Lineage {
	l.relationships = &filter
	return l
}

// Neighbours fills [LineageAsset.Upstream] and [LineageAsset.Downstream].
func (l Lineage) Neighbours() Lineage {
	l.neighbours = true
	return l
}

// WithTerms brings the glossary terms of the assets, which are left out by default.
func (l Lineage) WithTerms() Lineage {
	l.withTerms = true
	return l
}

// WithTags brings the tags of the assets, which are left out by default.
func (l Lineage) WithTags() Lineage {
	l.withTags = true
	return l
}

// LineageAsset is an asset on the way.
type LineageAsset struct {
	*Entity
	// Depth is how many steps it is away from the asset that the lineage began at.
	Depth int
	// Upstream and Downstream are its neighbours, when [Lineage.Neighbours] asked for them.
	Upstream, Downstream []LineageNeighbour
}

// LineageNeighbour is an asset next to another one. The service leaves fields empty that it does not know.
type LineageNeighbour struct {
	GUID          string `json:"guid"`
	Name          string `json:"name"`
	QualifiedName string `json:"qualifiedName"`
}

// All yields the assets of the lineage, each once, nearest first as the service orders them, page after page, the next of
// which is fetched while the present one is used. It comes to an end whatever the service answers: one that promises more
// and brings the same again and again is an error that wraps [paging.ErrStuck]. An error is yielded once, with the zero
// value, and ends the loop; leaving it cancels what is under way.
//
// An empty or malformed guid, a depth or a page size below 1 and a filter that is incomplete are errors of category
// [ErrInvalidRequest] before anything is sent.
//
//sluice:operation POST /api/meta/lineage/list
func (l Lineage) All(ctx context.Context) iter.Seq2[LineageAsset, error] {
	return func(yield func(LineageAsset, error) bool) {
		request, err := l.request()
		if err != nil {
			yield(LineageAsset{}, err)
			return
		}
		pages := &lineagePages{lineage: l, request: request, seen: map[string]struct{}{l.guid: {}}}
		for asset, err := range paging.Cursor(ctx, "0", pages.fetch) {
			if !yield(asset, err) || err != nil {
				return
			}
		}
	}
}

func (l Lineage) request() (*atlanapi.LineageListRequest, error) {
	switch {
	case l.client == nil:
		return nil, apierr.Invalid(service, "lineage", "the lineage has no client: make it with Client.Lineage")
	case !isGUID(l.guid):
		return nil, apierr.Invalid(service, "guid", "not the guid of an asset: an asset has one when it was saved")
	case l.depth < 1:
		return nil, apierr.Invalid(service, "Depth", "%d is not a number of steps", l.depth)
	case l.pageSize < 1 || l.pageSize > maxPageSize:
		return nil, apierr.Invalid(service, "PageSize", "%d is not between 1 and %d", l.pageSize, maxPageSize)
	}
	yes, noTerms, noTags := true, !l.withTerms, !l.withTags
	r := &atlanapi.LineageListRequest{
		GUID: l.guid, Direction: l.direction, Depth: int64(l.depth), Size: int64(l.pageSize),
		Attributes: l.attributes, RelationAttributes: l.related, ExcludeMeanings: &noTerms, ExcludeClassifications: &noTags,
	}
	if l.neighbours {
		r.ImmediateNeighbours = &yes
	}
	for _, f := range [...]struct {
		name   string
		filter *LineageFilter
		list   **atlanapi.FilterList
	}{
		{"Where", l.results, &r.EntityFilters},
		{"Through", l.traversed, &r.EntityTraversalFilters},
		{"Along", l.relationships, &r.RelationshipTraversalFilters},
	} {
		if f.filter == nil {
			continue
		}
		list, err := f.filter.list(f.name)
		if err != nil {
			return nil, err
		}
		*f.list = list
	}
	return r, nil
}

// lineagePages walks through a lineage. The cursor is the number of assets before the page.
type lineagePages struct {
	lineage Lineage
	request *atlanapi.LineageListRequest
	seen    map[string]struct{}
	// Pages in a row that brought nothing, nothing new, and nothing but hidden assets.
	empty, idle, hidden int
}

type lineageAnswer struct {
	Entities []*lineageEntity `json:"entities"`
	HasMore  *bool            `json:"hasMore"`
}

type lineageEntity struct{ asset LineageAsset }

// UnmarshalJSON reads an asset and where it stands.
func (e *lineageEntity) UnmarshalJSON(text []byte) error {
	var place struct {
		Depth      int                `json:"depth"`
		Upstream   []LineageNeighbour `json:"immediateUpstream"`
		Downstream []LineageNeighbour `json:"immediateDownstream"`
	}
	if err := json.Unmarshal(text, &place); err != nil {
		return err
	}
	e.asset = LineageAsset{Entity: new(Entity), Depth: place.Depth, Upstream: place.Upstream, Downstream: place.Downstream}
	return e.asset.Entity.UnmarshalJSON(text)
}

func (p *lineagePages) fetch(ctx context.Context, cursor string) (page paging.CursorPage[LineageAsset], err error) {
	from, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return page, err
	}
	r := *p.request
	r.From = from
	for range p.empty {
		r.Size = min(10*r.Size, maxPageSize)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return page, apierr.Invalid(service, "lineage", "the request does not encode: %s", err)
	}
	answer, err := transport.Decode[lineageAnswer](p.lineage.client.raw.LineageListWithBody(ctx, "application/json", bytes.NewReader(body)))
	if err != nil {
		return page, err
	}
	if answer.HasMore == nil {
		return page, &apierr.Error{
			Service: service, Kind: apierr.KindUnexpected, Operation: operationLineage, Attempts: 1, Message: "the answer does not say whether there is more",
		}
	}
	came, fresh, hidden := 0, false, false
	for _, e := range answer.Entities {
		if e == nil || e.asset.GUID == p.lineage.guid {
			continue // with the neighbours of each the asset itself comes first on every page, and is not counted
		}
		came++
		if e.asset.Scrubbed() {
			hidden = true
		} else if _, again := p.seen[e.asset.GUID]; again {
			continue
		} else {
			p.seen[e.asset.GUID] = struct{}{}
			fresh = true
		}
		page.Items = append(page.Items, e.asset)
	}
	switch {
	case !*answer.HasMore:
		return page, nil
	case fresh:
		p.empty, p.idle, p.hidden = 0, 0, 0
	case hidden:
		p.hidden++
	case came > 0:
		p.idle++
	default:
		p.empty++
	}
	switch {
	case p.empty >= emptyLineagePages && r.Size >= maxPageSize:
		return page, nil
	case p.idle >= emptyLineagePages || p.hidden >= hiddenLineagePages:
		return page, &apierr.Error{
			Service: service, Kind: apierr.KindUnexpected, Operation: operationLineage, Attempts: 1, Err: paging.ErrStuck,
			Message: "the service promises more and brings the same again",
		}
	}
	// The service counts what it answered. An asset that it left out of a page may or may not be counted: going on from
	// what came reads some again, and leaves none out. When all of a page was read before, they are counted.
	step := int64(came)
	if !fresh && !hidden {
		step = r.Size
	}
	page.Next = strconv.FormatInt(from+step, 10)
	return page, nil
}

// Operator compares an attribute with a value in a [LineageFilter].
type Operator string

// The operators that the service knows (pyatlan's AtlanComparisonOperator, atlas-metastore's SearchParameters). It accepts
// containsAny and containsAll too and then ignores the comparison (its LineageSearchProcessor), so they are not offered.
const (
	OperatorEqual       Operator = "="
	OperatorNotEqual    Operator = "!="
	OperatorLess        Operator = "<"
	OperatorAtMost      Operator = "<="
	OperatorGreater     Operator = ">"
	OperatorAtLeast     Operator = ">="
	OperatorIn          Operator = "in"
	OperatorLike        Operator = "like"
	OperatorStartsWith  Operator = "startsWith"
	OperatorEndsWith    Operator = "endsWith"
	OperatorContains    Operator = "contains"
	OperatorNotContains Operator = "not_contains"
	OperatorIsNull      Operator = "isNull"
	OperatorNotNull     Operator = "notNull"
	OperatorNotEmpty    Operator = "notEmpty"
	OperatorTimeRange   Operator = "timerange"
)

// needsValue reports whether the operator compares with a value.
func (o Operator) needsValue() bool {
	return o != OperatorIsNull && o != OperatorNotNull && o != OperatorNotEmpty
}

// LineageFilter is a condition on the assets or relationships of a lineage: a comparison, or several filters of which all
// or any have to hold. Exactly one of Attribute, All and Any is set.
//
//	atlan.LineageFilter{All: []atlan.LineageFilter{
//		{Attribute: "__state", Value: "ACTIVE"},
//		{Attribute: "name", Operator: atlan.OperatorStartsWith, Value: "orders"},
//	}}
type LineageFilter struct {
	// Attribute is the attribute to compare, such as "name" or "__state".
	Attribute string
	// Operator compares it: [OperatorEqual] when it is empty.
	Operator Operator
	// Value is what it is compared with, empty for the operators that compare with nothing.
	Value string
	// All and Any are filters of which all, or any, have to hold.
	All, Any []LineageFilter
}

// list writes the filter as the service takes it: a list of comparisons, or of lists.
func (f LineageFilter) list(option string) (*atlanapi.FilterList, error) {
	c, err := f.criterion(option)
	if err != nil {
		return nil, err
	}
	if f.Attribute == "" {
		return &atlanapi.FilterList{Condition: (*atlanapi.FilterListCondition)(c.Condition), Criterion: c.Criterion}, nil
	}
	and := atlanapi.FilterListConditionAND
	return &atlanapi.FilterList{Condition: &and, Criterion: []atlanapi.FilterCriterion{c}}, nil
}

func (f LineageFilter) criterion(option string) (c atlanapi.FilterCriterion, err error) {
	inner, condition := f.All, atlanapi.FilterCriterionConditionAND
	if len(f.Any) > 0 {
		inner, condition = f.Any, atlanapi.FilterCriterionConditionOR
	}
	if f.Attribute != "" {
		operator := cmp.Or(f.Operator, OperatorEqual)
		switch {
		case len(f.All)+len(f.Any) > 0:
			return c, apierr.Invalid(service, option, "the filter on %q has filters inside, too: use one of Attribute, All and Any", f.Attribute)
		case !operator.needsValue() && f.Value != "":
			return c, apierr.Invalid(service, option, "the filter on %q has a value, which %s does not compare with", f.Attribute, operator)
		case operator.needsValue() && f.Value == "":
			return c, apierr.Invalid(service, option, "the filter on %q has no value", f.Attribute)
		}
		c.AttributeName, c.Operator = &f.Attribute, (*atlanapi.AtlanComparisonOperator)(&operator)
		if operator.needsValue() {
			c.AttributeValue = &f.Value
		}
		return c, nil
	}
	if len(f.All) > 0 == (len(f.Any) > 0) || f.Operator != "" || f.Value != "" {
		return c, apierr.Invalid(service, option, "a filter needs exactly one of Attribute, All and Any")
	}
	c.Condition = &condition
	for _, f := range inner {
		one, err := f.criterion(option)
		if err != nil {
			return c, err
		}
		c.Criterion = append(c.Criterion, one)
	}
	return c, nil
}
