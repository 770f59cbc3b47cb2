package elastic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// LineageGraph is the entities that lineage is about. A process points to the assets that it reads (inputs) and
// writes (outputs).
type LineageGraph interface {
	// Node returns an entity by its guid; false if there is none.
	Node(guid string) (LineageNode, bool)
	// Edges returns the relationships of an entity in the order in which they came to be: for a process the ones of
	// the attribute inputs or outputs; for an asset those of the processes that have it as such. Relationships that
	// were deleted are left out.
	Edges(guid string, end LineageEnd) []LineageEdge
}

// LineageEnd is one of the two relationships between processes and assets.
type LineageEnd uint8

const (
	// LineageInputs is between a process and what it reads.
	LineageInputs LineageEnd = iota
	// LineageOutputs is between a process and what it writes.
	LineageOutputs
)

// LineageNode is what filters see of an entity.
type LineageNode struct {
	// Process says whether it is a process: of the type Process or one that inherits from it.
	Process bool
	// Attribute returns an attribute, __typeName, __guid, __state and the like among them; nil if it has no value.
	// Values are text, bool, numbers (float64, int64, json.Number) and lists of them.
	Attribute func(name string) any
}

// LineageEdge is a relationship.
type LineageEdge struct {
	// To is the guid at the other end.
	To string
	// Attribute returns an attribute of the relationship; nil stands for an edge that has __state ACTIVE only.
	Attribute func(name string) any
}

// LineageFilter is a condition: either AND or OR of others, or an attribute, an operator and a value.
//
// Operators do what the server's do (SearchPredicateUtil): without a value only neq, not_contains and isNull hold; like
// is a regular expression for the whole text, whatever the case; contains looks for a part of a text and for a whole
// element of a list; a timerange has both its ends. containsAny and containsAll are known to the server, which has no
// predicate for them (LineageSearchProcessor): a criterion with one of them counts for nothing, here as there. Guesses
// are what in takes (values between commas, quoted or not) and what other operators do with lists (one element is
// enough).
//
// Stricter than the server: unknown operators and keys, and criteria without a condition, are refused; the server drops
// them. An attribute that no type has is null here; the server drops the criterion.
type LineageFilter struct {
	Condition string
	Criteria  []LineageFilter
	Attribute string
	Operator  string
	Value     string

	pattern *regexp.Regexp // for like
}

// LineageRequest is the body of a lineage list, checked.
type LineageRequest struct {
	GUID                         string
	Depth                        int
	Direction                    string // INPUT or OUTPUT
	From, Size                   int
	Immediate                    bool // immediateNeighbours
	Entities                     *LineageFilter
	Traversal                    *LineageFilter
	Relations                    *LineageFilter
	Attributes                   []string
	ExcludeTags, ExcludeMeanings bool
}

// LineageEntry is one entity of the answer.
type LineageEntry struct {
	GUID string
	// Depth is how many processes away the entity is: 1 for the processes next to the asset that was asked for and for
	// the assets behind them.
	Depth int
	// Upstream and Downstream are the guids of immediateNeighbours: assets for an asset, processes for a process. nil
	// is to be left out of the answer.
	Upstream, Downstream []string
}

// LineageResult is a page of lineage.
type LineageResult struct {
	Entries []LineageEntry
	// HasMore says that another page is worth asking for. As on the server, it may be true when there is nothing more:
	// when the depth ends the walk and the last entity found was filtered or skipped.
	HasMore bool
	// EntityCount is the number of entities on the page, without the one that was asked for.
	EntityCount int
}

// LineageError is a request that the server refuses.
type LineageError struct {
	// NotFound: there is no entity of that guid (404). Otherwise the request is wrong (400).
	NotFound bool
	// Message is the server's (LineageListRequestValidator) where it is known.
	Message string
}

// Error returns the message.
func (e *LineageError) Error() string { return "lineage: " + e.Message }

// lineageOperator returns the operator of a spelling (SearchParameters.Operator).
func lineageOperator(spelling string) (string, bool) {
	switch spelling {
	case "<", "lt":
		return "lt", true
	case ">", "gt":
		return "gt", true
	case "<=", "lte":
		return "lte", true
	case ">=", "gte":
		return "gte", true
	case "=", "eq":
		return "eq", true
	case "!=", "neq":
		return "neq", true
	case "in", "IN":
		return "in", true
	case "like", "LIKE":
		return "like", true
	case "startsWith", "STARTSWITH", "begins_with", "BEGINS_WITH":
		return "startsWith", true
	case "endsWith", "ENDSWITH", "ends_with", "ENDS_WITH":
		return "endsWith", true
	case "contains", "CONTAINS":
		return "contains", true
	case "not_contains", "NOT_CONTAINS":
		return "not_contains", true
	case "containsAny", "CONTAINSANY", "contains_any", "CONTAINS_ANY":
		return "containsAny", true
	case "containsAll", "CONTAINSALL", "contains_all", "CONTAINS_ALL":
		return "containsAll", true
	case "isNull", "ISNULL", "is_null", "IS_NULL":
		return "isNull", true
	case "notNull", "NOTNULL", "not_null", "NOT_NULL":
		return "notNull", true
	case "timerange", "TIMERANGE", "time_range", "TIME_RANGE":
		return "timerange", true
	case "notEmpty", "NOTEMPTY", "not_empty", "NOT_EMPTY":
		return "notEmpty", true
	}
	return "", false
}

// ParseLineageRequest reads and checks the body of POST lineage/list. Errors are of type [*LineageError].
func ParseLineageRequest(body []byte) (*LineageRequest, error) {
	type filter struct {
		Condition      *string           `json:"condition"`
		Criterion      []json.RawMessage `json:"criterion"`
		AttributeName  string            `json:"attributeName"`
		Operator       string            `json:"operator"`
		AttributeValue any               `json:"attributeValue"`
	}
	var raw struct {
		GUID                         string          `json:"guid"`
		Depth                        *int64          `json:"depth"`
		Direction                    *string         `json:"direction"`
		From                         *int64          `json:"from"`
		Size                         *int64          `json:"size"`
		EntityFilters                json.RawMessage `json:"entityFilters"`
		EntityTraversalFilters       json.RawMessage `json:"entityTraversalFilters"`
		RelationshipTraversalFilters json.RawMessage `json:"relationshipTraversalFilters"`
		Attributes                   []string        `json:"attributes"`
		ExcludeMeanings              *bool           `json:"excludeMeanings"`
		ExcludeClassifications       *bool           `json:"excludeClassifications"`
		ImmediateNeighbours          *bool           `json:"immediateNeighbours"`
	}
	wrong := func(format string, arguments ...any) error {
		return &LineageError{Message: fmt.Sprintf(format, arguments...)}
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, wrong("the body cannot be read: %v", err)
	}
	const most = math.MaxInt32 / 2
	switch {
	case raw.GUID == "":
		return nil, wrong("guid is required")
	case raw.Size == nil:
		return nil, wrong("The 'size' parameter is missing or invalid")
	case *raw.Size < 0:
		return nil, wrong("Invalid 'size' value, 'size' should be greater than or equal to zero")
	case raw.From == nil:
		return nil, wrong("The 'from' parameter is missing or invalid")
	case *raw.From < 0:
		return nil, wrong("Invalid 'from' value, 'from' should be greater than or equal to zero")
	case raw.Depth == nil:
		return nil, wrong("The 'depth' parameter is missing or invalid")
	case *raw.Depth < 0 || *raw.Depth > most:
		return nil, wrong("Invalid 'depth' parameter, constraint not satisfied: 0 <= depth <= 1073741823 (Integer.MAX_VALUE/2)")
	case raw.Direction == nil:
		return nil, wrong("Invalid request, mandatory key 'direction' is required")
	case *raw.Direction != "INPUT" && *raw.Direction != "OUTPUT":
		return nil, wrong("Cannot deserialize value of type `LineageDirection` from String %q: not one of the values accepted for Enum class: [INPUT, OUTPUT]", *raw.Direction)
	case *raw.Size > math.MaxInt32 || *raw.From > math.MaxInt32:
		return nil, wrong("'from' and 'size' are integers of 32 bits")
	}
	r := &LineageRequest{
		GUID: raw.GUID, Depth: int(*raw.Depth), Direction: *raw.Direction, From: int(*raw.From), Size: int(*raw.Size),
		Attributes: raw.Attributes, Immediate: raw.ImmediateNeighbours != nil && *raw.ImmediateNeighbours,
		ExcludeMeanings: raw.ExcludeMeanings == nil || *raw.ExcludeMeanings,
		ExcludeTags:     raw.ExcludeClassifications == nil || *raw.ExcludeClassifications,
	}
	var read func(body json.RawMessage, place string, depth int) (*LineageFilter, error)
	read = func(body json.RawMessage, place string, depth int) (*LineageFilter, error) {
		if len(body) == 0 || string(body) == "null" {
			return nil, nil
		}
		if depth > 50 {
			return nil, wrong("%s is nested too deep", place)
		}
		var f filter
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&f); err != nil {
			return nil, wrong("%s: %v", place, err)
		}
		if f.AttributeName == "" {
			if len(f.Criterion) == 0 {
				return nil, nil
			}
			if f.Condition == nil || *f.Condition != "AND" && *f.Condition != "OR" {
				return nil, wrong("%s: the condition is AND or OR", place)
			}
			made := &LineageFilter{Condition: *f.Condition}
			for i, inner := range f.Criterion {
				one, err := read(inner, fmt.Sprintf("%s.criterion[%d]", place, i), depth+1)
				if err != nil {
					return nil, err
				}
				if one != nil {
					made.Criteria = append(made.Criteria, *one)
				}
			}
			if len(made.Criteria) == 0 {
				return nil, nil
			}
			return made, nil
		}
		operator, ok := lineageOperator(f.Operator)
		if !ok {
			return nil, wrong("%s: unknown operator %q", place, f.Operator)
		}
		if operator == "containsAny" || operator == "containsAll" {
			return nil, nil // the server knows them and has no predicate for them: such a criterion is dropped
		}
		made := &LineageFilter{Attribute: f.AttributeName, Operator: operator}
		switch v := f.AttributeValue.(type) {
		case nil:
		case string, bool, json.Number:
			made.Value = fmt.Sprint(v)
		default:
			return nil, wrong("%s: attributeValue is text", place)
		}
		if operator == "like" {
			pattern, err := regexp.Compile("(?i)^(?:" + made.Value + ")$")
			if err != nil {
				return nil, wrong("%s: %v", place, err)
			}
			made.pattern = pattern
		}
		return made, nil
	}
	var err error
	if r.Entities, err = read(raw.EntityFilters, "entityFilters", 0); err != nil {
		return nil, err
	}
	if r.Traversal, err = read(raw.EntityTraversalFilters, "entityTraversalFilters", 0); err != nil {
		return nil, err
	}
	if r.Relations, err = read(raw.RelationshipTraversalFilters, "relationshipTraversalFilters", 0); err != nil {
		return nil, err
	}
	return r, nil
}

// Match puts the filter to attributes; a nil filter lets everything pass.
func (f *LineageFilter) Match(attribute func(name string) any) bool {
	if f == nil {
		return true
	}
	if f.Attribute == "" {
		for i := range f.Criteria {
			if f.Criteria[i].Match(attribute) != (f.Condition == "AND") {
				return f.Condition == "OR"
			}
		}
		return f.Condition == "AND"
	}
	v := attribute(f.Attribute)
	switch f.Operator {
	case "isNull":
		return v == nil
	case "notNull":
		return v != nil
	case "neq":
		return v == nil || !f.any(v, "eq")
	case "not_contains":
		return v == nil || !f.any(v, "contains")
	}
	return v != nil && f.any(v, f.Operator)
}

// any says whether one of the values fits. Lists contain an element that is equal, not one that has the text in it.
func (f *LineageFilter) any(v any, operator string) bool {
	elements, isList := v.([]any)
	if texts, ok := v.([]string); ok {
		isList = true
		for _, text := range texts {
			elements = append(elements, text)
		}
	}
	if !isList {
		return f.one(v, operator)
	}
	if operator == "contains" {
		operator = "eq"
	}
	return slices.ContainsFunc(elements, func(v any) bool { return f.one(v, operator) })
}

func (f *LineageFilter) one(raw any, operator string) bool {
	v, ok := scalar(raw)
	if !ok {
		return false
	}
	have := v.literal()
	switch operator {
	case "contains":
		return v.form == formText && strings.Contains(have, f.Value)
	case "startsWith":
		return v.form == formText && strings.HasPrefix(have, f.Value)
	case "endsWith":
		return v.form == formText && strings.HasSuffix(have, f.Value)
	case "like":
		return v.form == formText && f.pattern.MatchString(have)
	case "notEmpty":
		return have != ""
	case "in":
		for one := range strings.SplitSeq(f.Value, ",") {
			if strings.Trim(strings.TrimSpace(one), `"'`) == have {
				return true
			}
		}
		return false
	case "timerange":
		low, high, ok := strings.Cut(f.Value, ",")
		first, okFirst := number(low)
		last, okLast := number(high)
		return ok && okFirst && okLast && v.form != formText && v.form != formBoolean && v.compare(first) >= 0 && v.compare(last) <= 0
	}
	want := textValue(f.Value)
	switch v.form {
	case formText:
	case formBoolean:
		want = booleanValue(strings.EqualFold(f.Value, "true")) // as Boolean.parseBoolean
	default:
		if want, ok = number(f.Value); !ok {
			return false
		}
	}
	order := v.compare(want)
	switch operator {
	case "eq":
		return order == 0
	case "lt":
		return order < 0
	case "lte":
		return order <= 0
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	}
	return false
}

// Lineage walks from an entity in one direction, breadth first, every entity once, processes and assets taking turns
// (atlas-metastore, EntityLineageService.traverseEdgesUsingBFS): the entities that pass entityFilters, after the first
// From of them, at most Size. What entityTraversalFilters or relationshipTraversalFilters refuse is not walked
// through; what entityFilters refuse is. Depth counts steps of the walk, so that an asset is two away from the next;
// the depth of an entry counts one for both.
func Lineage(graph LineageGraph, r *LineageRequest) (*LineageResult, error) {
	base, ok := graph.Node(r.GUID)
	if !ok {
		return nil, &LineageError{NotFound: true, Message: fmt.Sprintf("Given instance guid %s is invalid/not found", r.GUID)}
	}
	result := &LineageResult{Entries: []LineageEntry{}}
	visited := map[string]bool{r.GUID: true}
	var queue []string
	parents, children := map[string][]string{}, map[string][]string{}
	spread := func(guid string, node LineageNode) {
		// From an asset against the arrow: to what writes it; from a process: to what it reads. The other way round
		// with the arrow.
		end := LineageInputs
		if (r.Direction == "INPUT") != node.Process {
			end = LineageOutputs
		}
		for _, edge := range graph.Edges(guid, end) {
			attribute := edge.Attribute
			if attribute == nil {
				attribute = activeEdge
			}
			if !r.Relations.Match(attribute) {
				continue
			}
			next, ok := graph.Node(edge.To)
			if !ok || !r.Traversal.Match(next.Attribute) {
				continue
			}
			if !visited[edge.To] {
				visited[edge.To] = true
				queue = append(queue, edge.To)
			}
			if r.Immediate {
				parents[edge.To] = append(parents[edge.To], guid)
				children[guid] = append(children[guid], edge.To)
			}
		}
	}
	spread(r.GUID, base)
	level := 0
	if base.Process {
		level = 1
	}
	if r.Immediate {
		result.Entries = append(result.Entries, LineageEntry{GUID: r.GUID, Depth: level})
	}
	skipped, ended := 0, false
	for depth := 1; len(queue) > 0 && result.EntityCount < r.Size && depth <= r.Depth; depth++ {
		if base.Process == (depth%2 == 0) {
			level++
		}
		wave := len(queue)
		for i := 0; i < wave && result.EntityCount < r.Size; i++ {
			guid := queue[0]
			queue = queue[1:]
			node, ok := graph.Node(guid)
			if !ok {
				continue
			}
			spread(guid, node)
			if !r.Entities.Match(node.Attribute) {
				continue
			}
			if skipped < r.From {
				skipped++
				continue
			}
			result.EntityCount++
			result.Entries = append(result.Entries, LineageEntry{GUID: guid, Depth: level})
			ended = ended || depth == r.Depth && i == wave-1
		}
	}
	result.HasMore = len(queue) > 0 && !ended
	if r.Immediate {
		for i := range result.Entries {
			entry := &result.Entries[i]
			up, down := beyond(parents, entry.GUID), beyond(children, entry.GUID)
			if r.Direction == "INPUT" {
				up, down = down, up
			}
			entry.Upstream, entry.Downstream = up, down
		}
	}
	return result, nil
}

func activeEdge(name string) any {
	if name == "__state" {
		return "ACTIVE"
	}
	return nil
}

// beyond is what is two steps away; nil if there is not even one.
func beyond(steps map[string][]string, guid string) []string {
	first, ok := steps[guid]
	if !ok {
		return nil
	}
	all, seen := []string{}, map[string]bool{}
	for _, middle := range first {
		for _, far := range steps[middle] {
			if !seen[far] {
				seen[far] = true
				all = append(all, far)
			}
		}
	}
	return all
}
