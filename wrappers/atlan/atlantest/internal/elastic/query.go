package elastic

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// query is one clause, ready to be put to records.
type query interface {
	// match says whether a record fits.
	match(r *record) bool
	// score is what a record that fits gets: the sum of the boosts of the clauses that it fits (Atlan's index has
	// the similarity "boolean").
	score(r *record) float64
}

// selective is a query that can name records among which all that fit are.
type selective interface {
	// candidates returns ordinals, in no order and maybe twice; not ok when there are too many to be of use.
	candidates(ix *Index) (ordinals []uint32, ok bool)
}

// compiler turns the parsed body into queries for one index.
type compiler struct {
	fields *fields
	depth  int
}

const (
	maxNesting = 30     // indices.query.bool.max_nested_depth
	maxClauses = 1024   // indices.query.bool.max_clause_count
	maxTerms   = 65_536 // index.max_terms_count
)

// query compiles {"name": {…}}.
func (c *compiler) query(raw any, clause string) (query, *Error) {
	o, bad := asObject(raw, clause)
	if bad != nil {
		return nil, bad
	}
	if len(o.keys) == 0 {
		return nil, refuse(IllegalArgument, clause, "query malformed, empty clause found")
	}
	if len(o.keys) > 1 {
		return nil, refuse(ParsingException, clause, "[%s] malformed query, expected [END_OBJECT] but found [FIELD_NAME]", o.keys[0])
	}
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > maxNesting {
		return nil, refuse(IllegalArgument, clause, "The nested depth of the query exceeds the maximum nested depth for queries set in [indices.query.bool.max_nested_depth]")
	}
	name, body := o.keys[0], o.values[0]
	clause += "." + name
	switch name {
	case "match_all", "match_none":
		p, bad := parameters(body, clause, name, "boost")
		if bad != nil {
			return nil, bad
		}
		return constant{every: name == "match_all", boost: p.boost}, nil
	case "term":
		return c.term(body, clause)
	case "terms":
		return c.terms(body, clause)
	case "ids":
		return c.ids(body, clause)
	case "exists":
		return c.exists(body, clause)
	case "prefix", "wildcard", "regexp":
		return c.pattern(name, body, clause)
	case "fuzzy":
		return c.fuzzy(body, clause)
	case "range":
		return c.rangeOf(body, clause)
	case "match", "match_phrase":
		return c.matching(name, body, clause)
	case "multi_match":
		return c.multiMatch(body, clause)
	case "bool":
		return c.boolean(body, clause)
	case "constant_score":
		p, bad := parameters(body, clause, name, "filter", "boost")
		if bad != nil {
			return nil, bad
		}
		inner, bad := c.required(p, "filter", clause)
		if bad != nil {
			return nil, bad
		}
		return constantScore{inner, p.boost}, nil
	case "function_score":
		return c.functionScore(body, clause)
	case "nested":
		return c.nested(body, clause)
	default:
		return nil, refuse(ParsingException, clause, "unknown query [%s]", name)
	}
}

// queries compiles one query or a list of them.
func (c *compiler) queries(raw any, clause string) ([]query, *Error) {
	var all []query
	items, isList := raw.([]any)
	if !isList {
		items = []any{raw}
	}
	if len(items) > maxClauses {
		return nil, refuse(IllegalArgument, clause, "maxClauseCount is set to %d", maxClauses)
	}
	for i, item := range items {
		where := clause
		if isList {
			where = indexed(clause, i)
		}
		q, bad := c.query(item, where)
		if bad != nil {
			return nil, bad
		}
		all = append(all, q)
	}
	return all, nil
}

func (c *compiler) required(p parsed, key, clause string) (query, *Error) {
	raw, ok := p.get(key)
	if !ok {
		return nil, refuse(IllegalArgument, clause, "requires '%s' element", key)
	}
	return c.query(raw, clause+"."+key)
}

// parsed is the parameters of a clause, all of them known.
type parsed struct {
	*object
	boost float64
}

// parameters checks that an object has known keys only. Every clause may have _name, which is for highlighting.
func parameters(raw any, clause, query string, known ...string) (parsed, *Error) {
	o, bad := asObject(raw, clause)
	if bad != nil {
		return parsed{}, bad
	}
	p := parsed{o, 1}
	for i, key := range o.keys {
		if key == "_name" {
			if _, bad := asText(o.values[i], clause+"._name"); bad != nil {
				return parsed{}, bad
			}
			continue
		}
		if !slices.Contains(known, key) {
			return parsed{}, refuse(ParsingException, clause, "[%s] query does not support [%s]", query, key)
		}
		if key == "boost" {
			if p.boost, bad = asFloat(o.values[i], clause+".boost"); bad != nil {
				return parsed{}, bad
			}
			if p.boost < 0 {
				return parsed{}, refuse(IllegalArgument, clause, "negative [boost] are not allowed in [%s]", query)
			}
		}
	}
	return p, nil
}

func (p parsed) flag(key, clause string, otherwise bool) (bool, *Error) {
	raw, ok := p.get(key)
	if !ok {
		return otherwise, nil
	}
	return asBool(raw, clause+"."+key)
}

func (p parsed) int(key, clause string, otherwise int) (int, *Error) {
	raw, ok := p.get(key)
	if !ok {
		return otherwise, nil
	}
	return asInt(raw, clause+"."+key)
}

// onField reads {"field": value} or {"field": {"key": value, …}}.
func onField(raw any, clause, query, key string, known ...string) (name string, p parsed, bad *Error) {
	o, bad := asObject(raw, clause)
	if bad != nil {
		return "", parsed{}, bad
	}
	if len(o.keys) != 1 {
		return "", parsed{}, refuse(ParsingException, clause, "[%s] query needs one field, and has %d: %s", query, len(o.keys), strings.Join(o.keys, ", "))
	}
	name = o.keys[0]
	if name == "" {
		return "", parsed{}, refuse(IllegalArgument, clause, "field name is null or empty")
	}
	clause += "." + name
	switch inner := o.values[0].(type) {
	case *object:
		if key != "" {
			known = append(known, key)
		}
		if p, bad = parameters(inner, clause, query, known...); bad != nil {
			return "", parsed{}, bad
		}
		if _, ok := p.get(key); !ok && key != "" {
			return "", parsed{}, refuse(IllegalArgument, clause, "[%s] query needs a %s", query, key)
		}
	case []any:
		return "", parsed{}, refuse(ParsingException, clause, "[%s] query does not support array of values", query)
	default:
		if key == "" {
			return "", parsed{}, refuse(ParsingException, clause, "[%s] query malformed, no start_object after query name", query)
		}
		p = parsed{&object{keys: []string{key}, values: []any{inner}}, 1}
	}
	return name, p, nil
}

// constant fits everything or nothing.
type constant struct {
	every bool
	boost float64
}

func (q constant) match(*record) bool    { return q.every }
func (q constant) score(*record) float64 { return q.boost }
func (q constant) candidates(*Index) ([]uint32, bool) {
	return []uint32{}, !q.every
}

type constantScore struct {
	query
	boost float64
}

func (q constantScore) score(*record) float64 { return q.boost }
func (q constantScore) candidates(ix *Index) ([]uint32, bool) {
	return candidatesOf(ix, q.query)
}

func candidatesOf(ix *Index, q query) ([]uint32, bool) {
	if s, ok := q.(selective); ok {
		return s.candidates(ix)
	}
	return nil, false
}

// exact is term and terms: one of some values.
type exact struct {
	field   *field
	texts   []string            // for text
	lookup  map[string]struct{} // the same, when there are many
	numbers []value
	fold    bool // case_insensitive
	boost   float64
}

func (q *exact) match(r *record) bool {
	if !q.field.typ.textual() {
		for _, cell := range r.numbersOf(q.field.source) {
			v := q.field.number(cell)
			for _, n := range q.numbers {
				if v.compare(n) == 0 {
					return true
				}
			}
		}
		return false
	}
	if q.field.typ <= LowerKeyword {
		for _, cell := range r.textsOf(q.field.source) {
			if !q.field.skips(cell.text) && q.is(cell.text, q.fold || q.field.typ == LowerKeyword) {
				return true
			}
		}
		return false
	}
	found := false
	q.field.tokens(r, func(token string) bool {
		found = q.is(token, q.fold)
		return !found
	})
	return found
}

func (q *exact) is(text string, fold bool) bool {
	if q.lookup != nil {
		if fold {
			text = q.normal(text)
		}
		_, ok := q.lookup[text]
		return ok
	}
	if !fold || ascii(text) {
		for _, want := range q.texts {
			if text == want || fold && equalFold(text, want) {
				return true
			}
		}
		return false
	}
	text = q.normal(text)
	return slices.Contains(q.texts, text)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// equalFold says whether an ASCII text in lower case is another.
func equalFold(text, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// normal is a text in the case that the wanted ones are in.
func (q *exact) normal(text string) string {
	if q.field.typ == LowerKeyword {
		text = strings.ToLower(text)
	}
	if q.fold {
		text = lowerASCII(text)
	}
	return text
}

func (q *exact) score(*record) float64 { return q.boost }

func (q *exact) candidates(ix *Index) ([]uint32, bool) {
	if q.field.typ > LowerKeyword || q.fold {
		return nil, false
	}
	var all []uint32
	for _, text := range q.texts {
		some, ok := ix.posting(q.field, text)
		if !ok || len(all)+len(some) > maxCandidates {
			return nil, false
		}
		all = append(all, some...)
	}
	return all, true
}

// literal reads a value that is compared with those of a field.
func literal(f *field, raw any, clause string) (v value, bad *Error) {
	switch raw.(type) {
	case *object, []any:
		return value{}, refuse(ParsingException, clause, "expected a value and found [%s]", typeName(raw))
	case nil:
		return value{}, refuse(IllegalArgument, clause, "value cannot be null")
	}
	v, ok := scalar(raw)
	if !ok {
		return value{}, refuse(NumberFormat, clause, "For input string: \"%v\"", raw)
	}
	switch f.typ {
	case Long, Double:
		if v.form == formText {
			if v, ok = number(v.text); !ok {
				return value{}, refuse(NumberFormat, clause, "failed to create query: For input string: \"%v\"", raw)
			}
		}
		if v.form == formBoolean {
			return value{}, refuse(NumberFormat, clause, "failed to create query: For input string: \"%v\"", raw)
		}
		return v, nil
	case Boolean:
		switch {
		case v.form == formBoolean:
		case v.form == formText && (v.text == "true" || v.text == "false" || v.text == ""):
			v = booleanValue(v.text == "true")
		default:
			return value{}, refuse(QueryShard, clause, "failed to create query: Can't parse boolean value [%v], expected [true] or [false]", raw)
		}
		return v, nil
	case Date:
		if v.form == formText {
			if strings.HasPrefix(v.text, "now") || strings.Contains(v.text, "||") {
				return value{}, refuse(DateParse, clause, "date math [%s] is not supported by this index", v.text)
			}
			ms, ok := date(v.text, zoneUTC)
			if !ok {
				return value{}, refuse(DateParse, clause, "failed to parse date field [%s]", v.text)
			}
			return longValue(ms), nil
		}
		if v.form == formBoolean {
			return value{}, refuse(DateParse, clause, "failed to parse date field [%v]", raw)
		}
		return v, nil
	default:
		return textValue(v.literal()), nil
	}
}

// only returns a query for some values of a field.
func (c *compiler) only(name string, raws []any, fold bool, boost float64, clause string) (query, *Error) {
	f, ok := c.fields.byName[name]
	if !ok {
		for i, raw := range raws {
			if _, bad := literal(&field{typ: Keyword}, raw, indexed(clause, i)); bad != nil {
				return nil, bad
			}
		}
		return constant{}, nil
	}
	if fold && !f.typ.textual() {
		return nil, refuse(QueryShard, clause, "[%s] field which is of type [%s], does not support case insensitive term queries", name, f.typ)
	}
	if f.typ == Date {
		return days(f, raws, boost, clause)
	}
	q := &exact{field: f, fold: fold, boost: boost}
	for i, raw := range raws {
		v, bad := literal(f, raw, indexed(clause, i))
		if bad != nil {
			return nil, bad
		}
		if v.form == formText {
			q.texts = append(q.texts, q.normal(v.text))
		} else {
			q.numbers = append(q.numbers, v)
		}
	}
	slices.Sort(q.texts)
	q.texts = slices.Compact(q.texts)
	if len(q.texts) > 8 {
		q.lookup = make(map[string]struct{}, len(q.texts))
		for _, text := range q.texts {
			q.lookup[text] = struct{}{}
		}
	}
	return q, nil
}

// days returns a query for some dates: one without all of its parts is all the time that fits it.
func days(f *field, raws []any, boost float64, clause string) (query, *Error) {
	some := &boolean{minimum: 1, boost: 1}
	for i, raw := range raws {
		low, bad := bound(f, raw, zoneUTC, false, indexed(clause, i))
		if bad != nil {
			return nil, bad
		}
		high, bad := bound(f, raw, zoneUTC, true, indexed(clause, i))
		if bad != nil {
			return nil, bad
		}
		some.should = append(some.should, &between{field: f, low: low, high: high, hasLow: true, hasHigh: true, boost: 1})
	}
	return constantScore{some, boost}, nil
}

// bound reads an end of a range. Parts that a date leaves out are the latest when late, as for gt and lte.
func bound(f *field, raw any, zone *time.Location, late bool, clause string) (value, *Error) {
	if text, ok := raw.(string); ok && f.typ == Date {
		if first, last, ok := dates(text, zone); ok && late {
			return longValue(last), nil
		} else if ok {
			return longValue(first), nil
		}
	}
	return literal(f, raw, clause)
}

func (c *compiler) term(raw any, clause string) (query, *Error) {
	name, p, bad := onField(raw, clause, "term", "value", "boost", "case_insensitive")
	if bad != nil {
		return nil, bad
	}
	fold, bad := p.flag("case_insensitive", clause, false)
	if bad != nil {
		return nil, bad
	}
	v, _ := p.get("value")
	return c.only(name, []any{v}, fold, p.boost, clause+"."+name)
}

func (c *compiler) terms(raw any, clause string) (query, *Error) {
	o, bad := asObject(raw, clause)
	if bad != nil {
		return nil, bad
	}
	name, boost := "", 1.0
	var values []any
	for i, key := range o.keys {
		switch {
		case key == "boost":
			if boost, bad = asFloat(o.values[i], clause+".boost"); bad != nil {
				return nil, bad
			}
		case key == "_name":
		case name != "":
			return nil, refuse(ParsingException, clause, "[terms] query does not support multiple fields")
		default:
			list, ok := o.values[i].([]any)
			if !ok {
				return nil, refuse(ParsingException, clause, "[terms] query does not support [%s]", key)
			}
			name, values = key, list
		}
	}
	if name == "" {
		return nil, refuse(IllegalArgument, clause, "[terms] query requires a field name, followed by array of terms or a document lookup specification")
	}
	if len(values) > maxTerms {
		return nil, refuse(IllegalArgument, clause, "The number of terms [%d] used in the Terms Query request has exceeded the allowed maximum of [%d].", len(values), maxTerms)
	}
	if len(values) == 0 {
		return constant{}, nil
	}
	return c.only(name, values, false, boost, clause+"."+name)
}

type ids struct {
	ids   map[string]struct{}
	boost float64
}

func (q ids) match(r *record) bool {
	_, ok := q.ids[r.id]
	return ok
}
func (q ids) score(*record) float64 { return q.boost }
func (q ids) candidates(ix *Index) ([]uint32, bool) {
	var all []uint32
	for id := range q.ids {
		if ordinal, ok := ix.ordinals[id]; ok {
			all = append(all, ordinal)
		}
	}
	return all, true
}

func (c *compiler) ids(raw any, clause string) (query, *Error) {
	p, bad := parameters(raw, clause, "ids", "values", "boost")
	if bad != nil {
		return nil, bad
	}
	values, ok := p.get("values")
	if !ok {
		return nil, refuse(IllegalArgument, clause, "[ids] requires providing ids")
	}
	q := ids{map[string]struct{}{}, p.boost}
	for i, v := range list(values) {
		id, bad := asText(v, indexed(clause+".values", i))
		if bad != nil {
			return nil, bad
		}
		q.ids[id] = struct{}{}
	}
	return q, nil
}

type exists struct {
	fields []*field
	boost  float64
}

func (q exists) match(r *record) bool {
	for _, f := range q.fields {
		if f.exists(r) {
			return true
		}
	}
	return false
}
func (q exists) score(*record) float64 { return q.boost }

func (c *compiler) exists(raw any, clause string) (query, *Error) {
	p, bad := parameters(raw, clause, "exists", "field", "boost")
	if bad != nil {
		return nil, bad
	}
	v, ok := p.get("field")
	if !ok {
		return nil, refuse(ParsingException, clause, "[exists] must be provided with a [field]")
	}
	name, bad := asText(v, clause+".field")
	if bad != nil {
		return nil, bad
	}
	if f, ok := c.fields.byName[name]; ok {
		return exists{[]*field{f}, p.boost}, nil
	}
	q := exists{boost: p.boost}
	for _, other := range slices.Sorted(maps.Keys(c.fields.byName)) {
		if strings.HasPrefix(other, name+".") {
			q.fields = append(q.fields, c.fields.byName[other])
		}
	}
	return q, nil
}

// tokenwise is a query about the tokens of a text or keyword field.
type tokenwise struct {
	field *field
	fits  func(token string) bool
	boost float64
}

func (q tokenwise) match(r *record) bool {
	found := false
	q.field.tokens(r, func(token string) bool {
		found = q.fits(token)
		return !found
	})
	return found
}
func (q tokenwise) score(*record) float64 { return q.boost }

// textual finds the text or keyword field for a query; nil if there is none of the name.
func (c *compiler) textual(name, query, clause string) (*field, *Error) {
	f, ok := c.fields.byName[name]
	if ok && !f.typ.textual() {
		return nil, refuse(QueryShard, clause, "Can only use %s queries on keyword, text and wildcard fields - not on [%s] which is of type [%s]", query, name, f.typ)
	}
	return f, nil
}

func (c *compiler) pattern(kind string, raw any, clause string) (query, *Error) {
	known := []string{"boost", "case_insensitive", "rewrite"}
	key := "value"
	switch kind {
	case "wildcard":
		// The older spelling of value.
		if o, ok := raw.(*object); ok && len(o.keys) == 1 {
			if inner, ok := o.values[0].(*object); ok {
				if _, ok := inner.get("wildcard"); ok {
					key = "wildcard"
				}
			}
		}
	case "regexp":
		known = append(known, "flags", "max_determinized_states")
	}
	name, p, bad := onField(raw, clause, kind, key, known...)
	if bad != nil {
		return nil, bad
	}
	clause += "." + name
	fold, bad := p.flag("case_insensitive", clause, false)
	if bad != nil {
		return nil, bad
	}
	v, _ := p.get(key)
	text, bad := asText(v, clause+"."+key)
	if bad != nil {
		return nil, bad
	}
	if flags, ok := p.get("flags"); ok && flags != "ALL" && flags != "NONE" {
		return nil, refuse(ParsingException, clause, "flags [%v] of [regexp] are not supported by this index", flags)
	}
	f, bad := c.textual(name, kind, clause)
	if bad != nil {
		return nil, bad
	}
	if f != nil && f.typ == LowerKeyword {
		// The normalizer is applied to the whole pattern (Elasticsearch's StringFieldType), so that \W of a regexp is \w.
		text = strings.ToLower(text)
	}
	var fits func(string) bool
	switch kind {
	case "prefix":
		fits = func(token string) bool { return strings.HasPrefix(token, text) }
		if fold {
			text = lowerASCII(text)
			fits = func(token string) bool { return strings.HasPrefix(lowerASCII(token), text) }
		}
	case "wildcard":
		if fold {
			text = lowerASCII(text)
		}
		w := newWildcard(text)
		fits = w.match
		if fold {
			fits = func(token string) bool { return w.match(lowerASCII(token)) }
		}
	default:
		expression, bad := lucene(text, fold, clause)
		if bad != nil {
			return nil, bad
		}
		fits = expression.MatchString
	}
	if f == nil {
		return constant{}, nil
	}
	return tokenwise{f, fits, p.boost}, nil
}

// fuzziness is 0, 1, 2, AUTO or AUTO:low,high.
func fuzziness(raw any, text, clause string) (int, *Error) {
	s, bad := asText(raw, clause)
	if bad != nil {
		return 0, bad
	}
	switch strings.ToUpper(s) {
	case "0", "0.0":
		return 0, nil
	case "1", "1.0":
		return 1, nil
	case "2", "2.0":
		return 2, nil
	case "AUTO", "AUTO:3,6":
		switch n := utf8.RuneCountInString(text); {
		case n < 3:
			return 0, nil
		case n < 6:
			return 1, nil
		default:
			return 2, nil
		}
	}
	return 0, refuse(IllegalArgument, clause, "Invalid fuzziness [%s]", s)
}

// near says whether a token is within some edits of a text, the first letters being the same.
func near(text string, edits, same int, transpositions bool) func(string) bool {
	runes := []rune(text)
	prefix := string(runes[:min(same, len(runes))])
	return func(token string) bool {
		return strings.HasPrefix(token, prefix) && distance(text, token, transpositions, edits) <= edits
	}
}

func (c *compiler) fuzzy(raw any, clause string) (query, *Error) {
	name, p, bad := onField(raw, clause, "fuzzy", "value", "boost", "fuzziness", "max_expansions", "prefix_length", "transpositions", "rewrite")
	if bad != nil {
		return nil, bad
	}
	clause += "." + name
	v, _ := p.get("value")
	text, bad := asText(v, clause+".value")
	if bad != nil {
		return nil, bad
	}
	f, bad := c.textual(name, "fuzzy", clause)
	if bad != nil {
		return nil, bad
	}
	if f != nil && f.typ == LowerKeyword {
		text = strings.ToLower(text)
	}
	var edits any = "AUTO"
	if given, ok := p.get("fuzziness"); ok {
		edits = given
	}
	limit, bad := fuzziness(edits, text, clause+".fuzziness")
	if bad != nil {
		return nil, bad
	}
	same, bad := p.int("prefix_length", clause, 0)
	if bad != nil {
		return nil, bad
	}
	if same < 0 {
		return nil, refuse(IllegalArgument, clause, "prefixLength cannot be less than 0")
	}
	if _, bad := p.int("max_expansions", clause, 50); bad != nil {
		return nil, bad
	}
	swaps, bad := p.flag("transpositions", clause, true)
	if bad != nil {
		return nil, bad
	}
	if f == nil {
		return constant{}, nil
	}
	return tokenwise{f, near(text, limit, same, swaps), p.boost}, nil
}

type between struct {
	field             *field
	low, high         value
	hasLow, hasHigh   bool
	openLow, openHigh bool
	boost             float64
}

func (q *between) within(v value) bool {
	if q.hasLow {
		if order := v.compare(q.low); order < 0 || order == 0 && q.openLow {
			return false
		}
	}
	if q.hasHigh {
		if order := v.compare(q.high); order > 0 || order == 0 && q.openHigh {
			return false
		}
	}
	return true
}

func (q *between) match(r *record) bool {
	found := false
	if q.field.typ.textual() {
		q.field.tokens(r, func(token string) bool {
			found = q.within(textValue(token))
			return !found
		})
		return found
	}
	for _, cell := range r.numbersOf(q.field.source) {
		if q.within(q.field.number(cell)) {
			return true
		}
	}
	return false
}
func (q *between) score(*record) float64 { return q.boost }

func (c *compiler) rangeOf(raw any, clause string) (query, *Error) {
	name, p, bad := onField(raw, clause, "range", "", "gt", "gte", "lt", "lte", "boost", "format", "time_zone")
	if bad != nil {
		return nil, bad
	}
	clause += "." + name
	f, ok := c.fields.byName[name]
	if !ok {
		f = &field{name: name, typ: Keyword}
	}
	if format, ok := p.get("format"); ok {
		switch format {
		case "epoch_millis", "strict_date_optional_time", "strict_date_optional_time||epoch_millis", "yyyy-MM-dd", "date_optional_time":
		default:
			return nil, refuse(IllegalArgument, clause, "format [%v] is not supported by this index", format)
		}
	}
	zone := zoneUTC
	if raw, ok := p.get("time_zone"); ok {
		if zone, bad = timeZone(raw, clause); bad != nil {
			return nil, bad
		}
	}
	q := &between{field: f, boost: p.boost}
	for i, key := range p.keys {
		if !slices.Contains([]string{"gt", "gte", "lt", "lte"}, key) {
			continue
		}
		if p.values[i] == nil { // no bound
			continue
		}
		v, bad := bound(f, p.values[i], zone, key == "gt" || key == "lte", clause+"."+key)
		if bad != nil {
			return nil, bad
		}
		if f.typ == LowerKeyword {
			v.text = strings.ToLower(v.text)
		}
		if key[0] == 'g' {
			if q.hasLow {
				return nil, refuse(ParsingException, clause, "[range] query has both [gt] and [gte]")
			}
			q.low, q.hasLow, q.openLow = v, true, key == "gt"
		} else {
			if q.hasHigh {
				return nil, refuse(ParsingException, clause, "[range] query has both [lt] and [lte]")
			}
			q.high, q.hasHigh, q.openHigh = v, true, key == "lt"
		}
	}
	if !ok {
		return constant{}, nil
	}
	return q, nil
}

type boolean struct {
	must, filter, should, mustNot []query
	minimum                       int
	boost                         float64
}

func (q *boolean) match(r *record) bool {
	for _, inner := range q.filter {
		if !inner.match(r) {
			return false
		}
	}
	for _, inner := range q.must {
		if !inner.match(r) {
			return false
		}
	}
	for _, inner := range q.mustNot {
		if inner.match(r) {
			return false
		}
	}
	if q.minimum > 0 {
		n := 0
		for _, inner := range q.should {
			if inner.match(r) {
				if n++; n >= q.minimum {
					return true
				}
			}
		}
		return false
	}
	return true
}

func (q *boolean) score(r *record) float64 {
	sum := 0.0
	for _, inner := range q.must {
		sum += inner.score(r)
	}
	for _, inner := range q.should {
		if inner.match(r) {
			sum += inner.score(r)
		}
	}
	if len(q.must)+len(q.should)+len(q.filter) == 0 && len(q.mustNot) == 0 {
		sum = 1 // an empty bool is match_all
	}
	return sum * q.boost
}

func (q *boolean) candidates(ix *Index) ([]uint32, bool) {
	var best []uint32
	found := false
	for _, inner := range slices.Concat(q.filter, q.must) {
		if some, ok := candidatesOf(ix, inner); ok && (!found || len(some) < len(best)) {
			best, found = some, true
		}
	}
	if found || q.minimum < 1 {
		return best, found
	}
	for _, inner := range q.should {
		some, ok := candidatesOf(ix, inner)
		if !ok || len(best)+len(some) > maxCandidates {
			return nil, false
		}
		best = append(best, some...)
	}
	return best, true
}

func (c *compiler) boolean(raw any, clause string) (query, *Error) {
	p, bad := parameters(raw, clause, "bool", "must", "filter", "should", "must_not", "minimum_should_match", "boost", "adjust_pure_negative")
	if bad != nil {
		return nil, bad
	}
	q := &boolean{boost: p.boost}
	for i, key := range p.keys {
		var into *[]query
		switch key {
		case "must":
			into = &q.must
		case "filter":
			into = &q.filter
		case "should":
			into = &q.should
		case "must_not":
			into = &q.mustNot
		default:
			continue
		}
		if *into, bad = c.queries(p.values[i], clause+"."+key); bad != nil {
			return nil, bad
		}
	}
	if _, bad := p.flag("adjust_pure_negative", clause, true); bad != nil {
		return nil, bad
	}
	if least, ok := p.get("minimum_should_match"); ok {
		if q.minimum, bad = minimum(least, len(q.should), clause+".minimum_should_match"); bad != nil {
			return nil, bad
		}
	}
	required := len(q.must) + len(q.filter)
	switch {
	case len(q.should)+required+len(q.mustNot) == 0:
		q.minimum = 0 // without any clause it is match_all, whatever is asked
	case len(q.should) > 0 && required == 0:
		q.minimum = max(q.minimum, 1) // Lucene wants one of should when there is nothing else to go by
	}
	return q, nil
}

// minimum reads minimum_should_match: 2, -1, "2", "75%", "-25%".
func minimum(raw any, of int, clause string) (int, *Error) {
	text, bad := asText(raw, clause)
	if bad != nil {
		return 0, bad
	}
	text = strings.TrimSpace(text)
	digits, percent := strings.CutSuffix(text, "%")
	n, bad := asInt(digits, clause)
	if bad != nil {
		return 0, refuse(IllegalArgument, clause, "minimum_should_match [%s] is not supported by this index", text)
	}
	if percent {
		if n < -100 || n > 100 {
			return 0, refuse(IllegalArgument, clause, "minimum_should_match [%s] is more than everything", text)
		}
		n = of * n / 100
	}
	if n < 0 {
		n = max(of+n, 0)
	}
	return n, nil
}

type nested struct {
	path  string
	query query
	mode  string
	boost float64
}

func (q *nested) match(r *record) bool {
	for _, inner := range r.nested {
		if inner.path == q.path && q.query.match(inner.record) {
			return true
		}
	}
	return false
}

func (q *nested) score(r *record) float64 {
	n, sum, least, most := 0.0, 0.0, 0.0, 0.0
	for _, inner := range r.nested {
		if inner.path == q.path && q.query.match(inner.record) {
			s := q.query.score(inner.record)
			if n == 0 {
				least, most = s, s
			}
			n, sum, least, most = n+1, sum+s, min(least, s), max(most, s)
		}
	}
	switch q.mode {
	case "sum":
		return sum * q.boost
	case "min":
		return least * q.boost
	case "max":
		return most * q.boost
	case "none":
		return 0
	default:
		return sum / max(n, 1) * q.boost
	}
}

func (c *compiler) nested(raw any, clause string) (query, *Error) {
	p, bad := parameters(raw, clause, "nested", "path", "query", "score_mode", "ignore_unmapped", "boost")
	if bad != nil {
		return nil, bad
	}
	v, ok := p.get("path")
	if !ok {
		return nil, refuse(IllegalArgument, clause, "[nested] requires 'path' field")
	}
	path, bad := asText(v, clause+".path")
	if bad != nil {
		return nil, bad
	}
	inner, bad := c.required(p, "query", clause)
	if bad != nil {
		return nil, bad
	}
	unmapped, bad := p.flag("ignore_unmapped", clause, false)
	if bad != nil {
		return nil, bad
	}
	mode := "avg"
	if v, ok := p.get("score_mode"); ok {
		if mode, bad = asText(v, clause+".score_mode"); bad != nil {
			return nil, bad
		}
		if !slices.Contains([]string{"avg", "sum", "min", "max", "none"}, mode) {
			return nil, refuse(IllegalArgument, clause, "No score mode for child query [%s] found", mode)
		}
	}
	if !slices.Contains(c.fields.nested, path) {
		if unmapped {
			return constant{}, nil
		}
		return nil, refuse(QueryShard, clause, "[nested] failed to find nested object under path [%s]", path)
	}
	return &nested{path: path, query: inner, mode: mode, boost: p.boost}, nil
}

// functionScore takes the query and leaves the functions: they change scores only, and this index has no use for them.
func (c *compiler) functionScore(raw any, clause string) (query, *Error) {
	functions := []string{"weight", "field_value_factor", "random_score", "script_score", "gauss", "linear", "exp"}
	p, bad := parameters(raw, clause, "function_score", append(functions, "query", "functions", "score_mode", "boost_mode", "max_boost", "boost")...)
	if bad != nil {
		return nil, bad
	}
	if v, ok := p.get("functions"); ok {
		items, isList := v.([]any)
		if !isList {
			return nil, refuse(ParsingException, clause, "failed to parse [function_score] query: [functions] is not a list")
		}
		for i, item := range items {
			where := indexed(clause+".functions", i)
			inner, bad := parameters(item, where, "function_score", append(functions, "filter")...)
			if bad != nil {
				return nil, bad
			}
			if filter, ok := inner.get("filter"); ok {
				if _, bad := c.query(filter, where+".filter"); bad != nil {
					return nil, bad
				}
			}
		}
	}
	v, ok := p.get("query")
	if !ok {
		return constant{true, p.boost}, nil
	}
	inner, bad := c.query(v, clause+".query")
	if bad != nil {
		return nil, bad
	}
	return boosted{inner, p.boost}, nil
}

type boosted struct {
	query
	boost float64
}

func (q boosted) score(r *record) float64               { return q.query.score(r) * q.boost }
func (q boosted) candidates(ix *Index) ([]uint32, bool) { return candidatesOf(ix, q.query) }
