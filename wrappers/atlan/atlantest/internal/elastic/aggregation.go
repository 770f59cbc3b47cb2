package elastic

import (
	"cmp"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// aggregation is one aggregation with its name.
type aggregation struct {
	name string
	kind aggregator
}

// aggregator makes the answer of an aggregation from the records that fit.
type aggregator interface {
	aggregate(records []*record) any // or an *Error
}

func aggregate(all []aggregation, records []*record) (map[string]any, *Error) {
	out := make(map[string]any, len(all))
	for _, one := range all {
		out[one.name] = one.kind.aggregate(records)
	}
	return out, problem(out)
}

// problem finds what an aggregation answered instead of buckets.
func problem(v any) *Error {
	switch v := v.(type) {
	case *Error:
		return v
	case map[string]any:
		for _, inner := range v {
			if bad := problem(inner); bad != nil {
				return bad
			}
		}
	case []any:
		for _, inner := range v {
			if bad := problem(inner); bad != nil {
				return bad
			}
		}
	}
	return nil
}

const (
	maxAggregationDepth = 10
	maxBuckets          = 65_536 // search.max_buckets
)

func (c *compiler) aggregations(raw any, clause string, depth int) ([]aggregation, *Error) {
	o, bad := asObject(raw, clause)
	if bad != nil {
		return nil, bad
	}
	if depth > maxAggregationDepth {
		return nil, refuse(IllegalArgument, clause, "aggregations are nested too deep")
	}
	all := []aggregation{}
	for i, name := range o.keys {
		where := clause + "." + name
		if name == "" || strings.ContainsAny(name, "[]>") {
			return nil, refuse(ParsingException, clause, "Invalid aggregation name [%s]. Aggregation names can contain any character except '[', ']', and '>'", name)
		}
		body, bad := asObject(o.values[i], where)
		if bad != nil {
			return nil, bad
		}
		var kind string
		var parameters any
		var inner []aggregation
		for i, key := range body.keys {
			switch key {
			case "aggs", "aggregations":
				if inner, bad = c.aggregations(body.values[i], where+"."+key, depth+1); bad != nil {
					return nil, bad
				}
			case "meta":
				return nil, refuse(ParsingException, where, "[meta] is not supported by this index")
			default:
				if kind != "" {
					return nil, refuse(ParsingException, where, "Found two aggregation type definitions in [%s]: [%s] and [%s]", name, kind, key)
				}
				kind, parameters = key, body.values[i]
			}
		}
		if kind == "" {
			return nil, refuse(ParsingException, where, "Missing definition for aggregation [%s]", name)
		}
		made, bad := c.aggregator(kind, parameters, inner, where+"."+kind)
		if bad != nil {
			return nil, bad
		}
		all = append(all, aggregation{name, made})
	}
	return all, nil
}

func (c *compiler) aggregator(kind string, raw any, inner []aggregation, clause string) (aggregator, *Error) {
	switch kind {
	case "min", "max", "avg", "sum", "stats", "value_count", "cardinality":
		if len(inner) > 0 {
			return nil, refuse(ParsingException, clause, "Aggregator [%s] cannot accept sub-aggregations", kind)
		}
		known := []string{"field", "missing"}
		if kind == "cardinality" {
			known = append(known, "precision_threshold")
		}
		p, bad := aggregationParameters(raw, clause, kind, known...)
		if bad != nil {
			return nil, bad
		}
		source, bad := c.source(p, clause, kind)
		if bad != nil {
			return nil, bad
		}
		if kind != "value_count" && kind != "cardinality" && source.field != nil && source.field.typ.textual() {
			return nil, refuse(IllegalArgument, clause, "Field [%s] of type [%s] is not supported for aggregation [%s]", source.field.name, source.field.typ, kind)
		}
		return &metric{kind, source}, nil
	case "missing":
		p, bad := aggregationParameters(raw, clause, kind, "field")
		if bad != nil {
			return nil, bad
		}
		source, bad := c.source(p, clause, kind)
		if bad != nil {
			return nil, bad
		}
		return &filtered{func(r *record) bool { return source.field == nil || !source.field.exists(r) }, inner}, nil
	case "filter":
		q, bad := c.query(raw, clause)
		if bad != nil {
			return nil, bad
		}
		return &filtered{q.match, inner}, nil
	case "filters":
		return c.filters(raw, inner, clause)
	case "terms":
		return c.termBuckets(raw, inner, clause)
	case "range":
		return c.rangeBuckets(raw, inner, clause)
	case "date_histogram":
		return c.dateBuckets(raw, inner, clause)
	}
	return nil, refuse(ParsingException, clause, "Unknown aggregation type [%s]", kind)
}

func aggregationParameters(raw any, clause, kind string, known ...string) (parsed, *Error) {
	o, bad := asObject(raw, clause)
	if bad != nil {
		return parsed{}, bad
	}
	for _, key := range o.keys {
		if !slices.Contains(known, key) {
			return parsed{}, refuse(ParsingException, clause, "[%s] unknown field [%s]", kind, key)
		}
	}
	return parsed{o, 1}, nil
}

// source is the field that an aggregation takes values from.
type source struct {
	field   *field
	missing value
}

func (c *compiler) source(p parsed, clause, kind string) (source, *Error) {
	raw, ok := p.get("field")
	if !ok {
		return source{}, refuse(IllegalArgument, clause, "Required one of fields [field, script], but none were specified. ")
	}
	name, bad := asText(raw, clause+".field")
	if bad != nil {
		return source{}, bad
	}
	f, ok := c.fields.byName[name]
	if ok && f.typ.analysed() && kind != "missing" {
		return source{}, refuse(IllegalArgument, clause, "Fielddata is disabled on [%s]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead.", name)
	}
	made := source{field: f}
	if raw, ok := p.get("missing"); ok {
		like := f
		if like == nil {
			like = &field{typ: Keyword}
			if _, number := raw.(json.Number); number {
				like = &field{typ: Double}
			}
		}
		if made.missing, bad = literal(like, raw, clause+".missing"); bad != nil {
			return source{}, bad
		}
	}
	return made, nil
}

func (s source) values(r *record, yield func(value) bool) {
	none := true
	if s.field != nil {
		s.field.values(r, func(v value) bool {
			none = false
			return yield(v)
		})
	}
	if none && s.missing.form != formNone {
		yield(s.missing)
	}
}

type metric struct {
	kind   string
	source source
}

func (m *metric) aggregate(records []*record) any {
	count, sum := 0, 0.0
	least, most := math.Inf(1), math.Inf(-1)
	var distinct map[value]struct{}
	if m.kind == "cardinality" {
		distinct = map[value]struct{}{}
	}
	for _, r := range records {
		m.source.values(r, func(v value) bool {
			count++
			if distinct != nil {
				distinct[v] = struct{}{}
			}
			if v.form != formText {
				f := v.float()
				sum += f
				least, most = min(least, f), max(most, f)
			}
			return true
		})
	}
	// Without values there is no extreme and no mean: null.
	some := func(f float64) any {
		if count == 0 {
			return nil
		}
		return f
	}
	out := map[string]any{}
	name := func(key string, v any) {
		out[key] = v
		if f, ok := v.(float64); ok && m.source.field != nil && m.source.field.typ == Date && !strings.HasPrefix(key, "value_count") {
			out[key+"_as_string"] = dateText(int64(f))
		}
	}
	switch m.kind {
	case "min":
		name("value", some(least))
	case "max":
		name("value", some(most))
	case "avg":
		name("value", some(sum/float64(max(count, 1))))
	case "sum":
		out["value"] = sum
	case "value_count":
		out["value"] = count
	case "cardinality":
		out["value"] = len(distinct)
	case "stats":
		out["count"] = count
		name("min", some(least))
		name("max", some(most))
		name("avg", some(sum/float64(max(count, 1))))
		out["sum"] = sum
	}
	return out
}

// number is the value of the metric for ordering buckets by it.
func (m *metric) number(records []*record, part string) (float64, bool) {
	out, _ := m.aggregate(records).(map[string]any)
	switch v := out[part].(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

type filtered struct {
	fits  func(*record) bool
	inner []aggregation
}

func (a *filtered) aggregate(records []*record) any {
	var some []*record
	for _, r := range records {
		if a.fits(r) {
			some = append(some, r)
		}
	}
	return bucket(map[string]any{}, some, a.inner)
}

// bucket fills a bucket.
func bucket(into map[string]any, records []*record, inner []aggregation) map[string]any {
	into["doc_count"] = len(records)
	for _, one := range inner {
		into[one.name] = one.kind.aggregate(records)
	}
	return into
}

type filters struct {
	names   []string // nil: anonymous
	queries []query
	inner   []aggregation
}

func (c *compiler) filters(raw any, inner []aggregation, clause string) (aggregator, *Error) {
	p, bad := aggregationParameters(raw, clause, "filters", "filters")
	if bad != nil {
		return nil, bad
	}
	made := &filters{inner: inner}
	given, _ := p.get("filters")
	switch given := given.(type) {
	case *object:
		made.names = []string{}
		for i, name := range given.keys {
			q, bad := c.query(given.values[i], clause+".filters."+name)
			if bad != nil {
				return nil, bad
			}
			made.names, made.queries = append(made.names, name), append(made.queries, q)
		}
	case []any:
		for i, item := range given {
			q, bad := c.query(item, indexed(clause+".filters", i))
			if bad != nil {
				return nil, bad
			}
			made.queries = append(made.queries, q)
		}
	default:
		return nil, refuse(ParsingException, clause, "[filters] needs filters")
	}
	return made, nil
}

func (a *filters) aggregate(records []*record) any {
	named, list := map[string]any{}, []any{}
	for i, q := range a.queries {
		one := (&filtered{q.match, a.inner}).aggregate(records)
		if a.names != nil {
			named[a.names[i]] = one
		} else {
			list = append(list, one)
		}
	}
	if a.names != nil {
		return map[string]any{"buckets": named}
	}
	return map[string]any{"buckets": list}
}

type termBuckets struct {
	source           source
	size, least      int
	order            []bucketOrder
	include, exclude func(string) bool
	inner            []aggregation
}

type bucketOrder struct {
	by     string // _count, _key, or the name of an aggregation
	part   string // of its answer
	metric *metric
	desc   bool
}

func (c *compiler) termBuckets(raw any, inner []aggregation, clause string) (aggregator, *Error) {
	p, bad := aggregationParameters(raw, clause, "terms", "field", "missing", "size", "order", "min_doc_count", "include", "exclude", "shard_size", "show_term_doc_count_error")
	if bad != nil {
		return nil, bad
	}
	made := &termBuckets{inner: inner}
	if made.source, bad = c.source(p, clause, "terms"); bad != nil {
		return nil, bad
	}
	if made.size, bad = p.int("size", clause, 10); bad != nil {
		return nil, bad
	}
	if made.size <= 0 {
		return nil, refuse(IllegalArgument, clause, "[size] must be greater than 0. Found [%d] in [terms]", made.size)
	}
	if made.least, bad = p.int("min_doc_count", clause, 1); bad != nil {
		return nil, bad
	}
	if made.least < 1 {
		return nil, refuse(IllegalArgument, clause, "[min_doc_count] below 1 is not supported by this index")
	}
	if made.include, bad = terms(p, "include", clause); bad != nil {
		return nil, bad
	}
	if made.exclude, bad = terms(p, "exclude", clause); bad != nil {
		return nil, bad
	}
	if given, ok := p.get("order"); ok {
		for i, item := range list(given) {
			where := indexed(clause+".order", i)
			o, bad := asObject(item, where)
			if bad != nil {
				return nil, bad
			}
			for i, by := range o.keys {
				one := bucketOrder{by: by}
				switch direction, _ := o.values[i].(string); strings.ToLower(direction) {
				case "asc":
				case "desc":
					one.desc = true
				default:
					return nil, refuse(ParsingException, where, "Unknown order direction [%v]", o.values[i])
				}
				if by == "_term" {
					one.by = "_key"
				}
				if one.by != "_key" && one.by != "_count" {
					name, part, ok := strings.Cut(by, ".")
					if !ok {
						part = "value"
					}
					at := slices.IndexFunc(inner, func(a aggregation) bool { return a.name == name })
					if at < 0 {
						return nil, refuse(IllegalArgument, where, "Invalid aggregator order path [%s]. The provided aggregation [%s] either does not exist, or is a pipeline aggregation and cannot be used to sort the buckets.", by, name)
					}
					metric, isMetric := inner[at].kind.(*metric)
					if !isMetric || (metric.kind == "stats") == (part == "value") {
						return nil, refuse(IllegalArgument, where, "Invalid aggregation order path [%s]", by)
					}
					one.metric, one.part = metric, part
				}
				made.order = append(made.order, one)
			}
		}
	}
	if made.order == nil {
		made.order = []bucketOrder{{by: "_count", desc: true}}
	}
	return made, nil
}

// terms reads include or exclude: a regular expression or a list of values. nil if there is none.
func terms(p parsed, key, clause string) (func(string) bool, *Error) {
	given, ok := p.get(key)
	if !ok {
		return nil, nil
	}
	clause += "." + key
	switch given := given.(type) {
	case string:
		var expression *regexp.Regexp
		expression, bad := lucene(given, false, clause)
		if bad != nil {
			return nil, bad
		}
		return expression.MatchString, nil
	case []any:
		all := map[string]bool{}
		for i, item := range given {
			text, bad := asText(item, indexed(clause, i))
			if bad != nil {
				return nil, bad
			}
			all[text] = true
		}
		return func(s string) bool { return all[s] }, nil
	}
	return nil, refuse(ParsingException, clause, "expected text or a list and found [%s]", typeName(given))
}

func (a *termBuckets) aggregate(records []*record) any {
	byKey := map[value][]*record{}
	for _, r := range records {
		var seen []value // one record counts once for each of its values
		a.source.values(r, func(v value) bool {
			if slices.Contains(seen, v) {
				return true
			}
			seen = append(seen, v)
			if name := v.literal(); a.include != nil && !a.include(name) || a.exclude != nil && a.exclude(name) {
				return true
			}
			byKey[v] = append(byKey[v], r)
			return true
		})
	}
	type group struct {
		key     value
		records []*record
		metrics []float64
	}
	groups := make([]group, 0, len(byKey))
	for key, some := range byKey {
		if len(some) < a.least {
			continue
		}
		one := group{key: key, records: some}
		for _, order := range a.order {
			f := 0.0
			if order.metric != nil {
				var ok bool
				if f, ok = order.metric.number(some, order.part); !ok {
					// Buckets without the metric come last, whatever the direction.
					f = math.Inf(1)
					if order.desc {
						f = math.Inf(-1)
					}
				}
			}
			one.metrics = append(one.metrics, f)
		}
		groups = append(groups, one)
	}
	slices.SortFunc(groups, func(x, y group) int {
		for i, order := range a.order {
			var c int
			switch order.by {
			case "_count":
				c = cmp.Compare(len(x.records), len(y.records))
			case "_key":
				c = x.key.compare(y.key)
			default:
				c = cmp.Compare(x.metrics[i], y.metrics[i])
			}
			if order.desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return x.key.compare(y.key)
	})
	others := 0
	for _, one := range groups[min(a.size, len(groups)):] {
		others += len(one.records)
	}
	buckets := []any{}
	for _, one := range groups[:min(a.size, len(groups))] {
		buckets = append(buckets, bucket(a.source.keyed(one.key), one.records, a.inner))
	}
	return map[string]any{"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": buckets}
}

// keyed is a bucket with its key: booleans are 0 and 1, they and dates have a key_as_string.
func (s source) keyed(key value) map[string]any {
	switch {
	case key.form == formBoolean:
		return map[string]any{"key": key.long, "key_as_string": strconv.FormatBool(key.long == 1)}
	case s.field != nil && s.field.typ == Date:
		return map[string]any{"key": key.long, "key_as_string": dateText(key.long)}
	default:
		return map[string]any{"key": key.external()}
	}
}

type rangeBuckets struct {
	source source
	ranges []bucketRange
	keyed  bool
	inner  []aggregation
}

type bucketRange struct {
	key            string
	from, to       float64
	hasFrom, hasTo bool
}

func (c *compiler) rangeBuckets(raw any, inner []aggregation, clause string) (aggregator, *Error) {
	p, bad := aggregationParameters(raw, clause, "range", "field", "missing", "ranges", "keyed")
	if bad != nil {
		return nil, bad
	}
	made := &rangeBuckets{inner: inner}
	if made.source, bad = c.source(p, clause, "range"); bad != nil {
		return nil, bad
	}
	if f := made.source.field; f != nil && f.typ.textual() {
		return nil, refuse(IllegalArgument, clause, "Field [%s] of type [%s] is not supported for aggregation [range]", f.name, f.typ)
	}
	if made.keyed, bad = p.flag("keyed", clause, false); bad != nil {
		return nil, bad
	}
	given, _ := p.get("ranges")
	ranges, ok := given.([]any)
	if !ok || len(ranges) == 0 {
		return nil, refuse(IllegalArgument, clause, "No [ranges] specified for the aggregation")
	}
	edge := func(f float64) string {
		if f == math.Trunc(f) && math.Abs(f) < 1e7 {
			return strconv.FormatFloat(f, 'f', 1, 64)
		}
		return strings.Replace(strconv.FormatFloat(f, 'E', -1, 64), "E+", "E", 1)
	}
	for i, item := range ranges {
		where := indexed(clause+".ranges", i)
		o, bad := aggregationParameters(item, where, "range", "key", "from", "to")
		if bad != nil {
			return nil, bad
		}
		one := bucketRange{}
		low, high := "*", "*"
		if v, ok := o.get("from"); ok && v != nil {
			if one.from, bad = asFloat(v, where+".from"); bad != nil {
				return nil, bad
			}
			one.hasFrom, low = true, edge(one.from)
		}
		if v, ok := o.get("to"); ok && v != nil {
			if one.to, bad = asFloat(v, where+".to"); bad != nil {
				return nil, bad
			}
			one.hasTo, high = true, edge(one.to)
		}
		one.key = low + "-" + high
		if v, ok := o.get("key"); ok {
			if one.key, bad = asText(v, where+".key"); bad != nil {
				return nil, bad
			}
		}
		made.ranges = append(made.ranges, one)
	}
	slices.SortStableFunc(made.ranges, func(a, b bucketRange) int {
		from := func(r bucketRange) float64 {
			if r.hasFrom {
				return r.from
			}
			return math.Inf(-1)
		}
		return cmp.Compare(from(a), from(b))
	})
	return made, nil
}

func (a *rangeBuckets) aggregate(records []*record) any {
	named, list := map[string]any{}, []any{}
	for _, one := range a.ranges {
		made := (&filtered{func(r *record) bool {
			found := false
			a.source.values(r, func(v value) bool {
				f := v.float()
				found = (!one.hasFrom || f >= one.from) && (!one.hasTo || f < one.to)
				return !found
			})
			return found
		}, a.inner}).aggregate(records)
		out, _ := made.(map[string]any)
		if one.hasFrom {
			out["from"] = one.from
		}
		if one.hasTo {
			out["to"] = one.to
		}
		if a.keyed {
			named[one.key] = out
		} else {
			out["key"] = one.key
			list = append(list, out)
		}
	}
	if a.keyed {
		return map[string]any{"buckets": named}
	}
	return map[string]any{"buckets": list}
}

type dateBuckets struct {
	source   source
	calendar string // minute, hour, day, week, month, quarter, year
	fixed    int64  // ms
	zone     *time.Location
	least    int
	desc     bool
	byCount  bool
	inner    []aggregation
}

func (c *compiler) dateBuckets(raw any, inner []aggregation, clause string) (aggregator, *Error) {
	p, bad := aggregationParameters(raw, clause, "date_histogram", "field", "missing", "calendar_interval", "fixed_interval", "time_zone", "min_doc_count", "order", "format")
	if bad != nil {
		return nil, bad
	}
	made := &dateBuckets{zone: zoneUTC, inner: inner}
	if made.source, bad = c.source(p, clause, "date_histogram"); bad != nil {
		return nil, bad
	}
	if f := made.source.field; f != nil && f.typ != Date && f.typ != Long {
		return nil, refuse(IllegalArgument, clause, "Field [%s] of type [%s] is not supported for aggregation [date_histogram]", f.name, f.typ)
	}
	if _, ok := p.get("format"); ok {
		return nil, refuse(IllegalArgument, clause, "[format] is not supported by this index")
	}
	if zone, ok := p.get("time_zone"); ok {
		if made.zone, bad = timeZone(zone, clause); bad != nil {
			return nil, bad
		}
	}
	if made.least, bad = p.int("min_doc_count", clause, 0); bad != nil {
		return nil, bad
	}
	calendar, hasCalendar := p.get("calendar_interval")
	fixed, hasFixed := p.get("fixed_interval")
	switch {
	case hasCalendar == hasFixed:
		return nil, refuse(IllegalArgument, clause, "Required one of fields [calendar_interval, fixed_interval]")
	case hasCalendar:
		name, _ := calendar.(string)
		unit, ok := map[string]string{"1m": "minute", "1h": "hour", "1d": "day", "1w": "week", "1M": "month", "1q": "quarter", "1y": "year",
			"minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}[name]
		if !ok {
			return nil, refuse(IllegalArgument, clause, "The supplied interval [%s] could not be parsed as a calendar interval.", name)
		}
		made.calendar = unit
	default:
		text, _ := fixed.(string)
		if days, ok := strings.CutSuffix(text, "d"); ok {
			n, bad := asInt(days, clause)
			if bad != nil || n <= 0 || n > 100_000 {
				return nil, refuse(IllegalArgument, clause, "failed to parse setting [date_histogram.fixedInterval] with value [%s]", text)
			}
			made.fixed = int64(n) * 86_400_000
			break
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < time.Millisecond {
			return nil, refuse(IllegalArgument, clause, "failed to parse setting [date_histogram.fixedInterval] with value [%s]", text)
		}
		made.fixed = d.Milliseconds()
	}
	if order, ok := p.get("order"); ok {
		o, bad := asObject(order, clause+".order")
		if bad != nil {
			return nil, bad
		}
		if len(o.keys) != 1 || o.keys[0] != "_key" && o.keys[0] != "_count" || o.values[0] != "asc" && o.values[0] != "desc" {
			return nil, refuse(IllegalArgument, clause, "order of [date_histogram] is by _key or _count in this index")
		}
		made.desc, made.byCount = o.values[0] == "desc", o.keys[0] == "_count"
	}
	return made, nil
}

// start is the beginning of the bucket that a time is in.
func (a *dateBuckets) start(ms int64) int64 {
	t := time.UnixMilli(ms).In(a.zone)
	if a.fixed > 0 {
		_, offset := t.Zone()
		shifted := ms + int64(offset)*1000
		return shifted - (shifted%a.fixed+a.fixed)%a.fixed - int64(offset)*1000
	}
	y, m, d := t.Date()
	switch a.calendar {
	case "minute":
		return ms - (ms%60_000+60_000)%60_000
	case "hour":
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, a.zone).UnixMilli()
	case "day":
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	case "quarter":
		m, d = (m-1)/3*3+1, 1
	default:
		m, d = 1, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, a.zone).UnixMilli()
}

// next is the beginning of the bucket after one.
func (a *dateBuckets) next(ms int64) int64 {
	if a.fixed > 0 {
		return ms + a.fixed
	}
	t := time.UnixMilli(ms).In(a.zone)
	y, m, d := t.Date()
	switch a.calendar {
	case "minute":
		return ms + 60_000
	case "hour":
		return ms + 3_600_000
	case "day":
		d++
	case "week":
		d += 7
	case "month":
		m++
	case "quarter":
		m += 3
	default:
		y++
	}
	return time.Date(y, m, d, 0, 0, 0, 0, a.zone).UnixMilli()
}

func (a *dateBuckets) aggregate(records []*record) any {
	byStart := map[int64][]*record{}
	for _, r := range records {
		var seen []int64
		a.source.values(r, func(v value) bool {
			start := a.start(v.long)
			if !slices.Contains(seen, start) {
				seen = append(seen, start)
				byStart[start] = append(byStart[start], r)
			}
			return true
		})
	}
	starts := make([]int64, 0, len(byStart))
	for start := range byStart {
		starts = append(starts, start)
	}
	slices.Sort(starts)
	if a.least == 0 && len(starts) > 1 {
		// Empty buckets between the first and the last.
		for at, last := a.next(starts[0]), starts[len(starts)-1]; at < last; at = a.next(at) {
			if len(starts) >= maxBuckets {
				return refuse("too_many_buckets_exception", "", "Trying to create too many buckets. Must be less than or equal to: [%d]. This limit can be set by changing the [search.max_buckets] cluster level setting.", maxBuckets)
			}
			if _, ok := byStart[at]; !ok {
				byStart[at] = nil
				starts = append(starts, at)
			}
		}
		slices.Sort(starts)
	}
	starts = slices.DeleteFunc(starts, func(start int64) bool { return len(byStart[start]) < a.least })
	slices.SortStableFunc(starts, func(x, y int64) int {
		c := cmp.Compare(x, y)
		if a.byCount {
			c = cmp.Compare(len(byStart[x]), len(byStart[y]))
		}
		if a.desc {
			c = -c
		}
		return c
	})
	buckets := []any{}
	for _, start := range starts {
		made := bucket(map[string]any{"key": start}, byStart[start], a.inner)
		made["key_as_string"] = time.UnixMilli(start).In(a.zone).Format("2006-01-02T15:04:05.000Z07:00")
		buckets = append(buckets, made)
	}
	return map[string]any{"buckets": buckets}
}
