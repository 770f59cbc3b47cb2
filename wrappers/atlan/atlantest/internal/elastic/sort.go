package elastic

import (
	"math"
	"slices"
	"strings"
)

// sorting is an order of records.
type sorting struct {
	criteria []criterion
	scored   bool   // one of them is _score
	given    bool   // the request said so
	label    string // tells sortings apart
}

type criterion struct {
	field   *field // nil: _score, or _doc
	score   query  // for _score
	desc    bool
	mode    string // min or max
	missing value  // what records without a value are sorted as; form none: before or after all others
	first   bool   // before
	typ     Type
}

// key is what a record is sorted by.
func (c *criterion) key(r *record) value {
	if c.score != nil {
		return doubleValue(c.score.score(r))
	}
	if c.field == nil {
		return longValue(int64(r.sequence))
	}
	found := value{}
	c.field.values(r, func(v value) bool {
		if order := v.compare(found); found.form == formNone || c.mode == "min" && order < 0 || c.mode == "max" && order > 0 {
			found = v
		}
		return true
	})
	if found.form == formNone {
		return c.missing
	}
	return found
}

func (c *criterion) compare(a, b value) int {
	switch {
	case a.form == formNone && b.form == formNone:
		return 0
	case a.form == formNone:
		if c.first {
			return -1
		}
		return 1
	case b.form == formNone:
		if c.first {
			return 1
		}
		return -1
	}
	if c.desc {
		return b.compare(a)
	}
	return a.compare(b)
}

func (s *sorting) keys(r *record, into []value) []value {
	for i := range s.criteria {
		into = append(into, s.criteria[i].key(r))
	}
	return into
}

// compare orders records by what their keys are, without a tie-break.
func (s *sorting) compare(a, b *record) int {
	for i := range s.criteria {
		c := &s.criteria[i]
		if order := c.compare(c.key(a), c.key(b)); order != 0 {
			return order
		}
	}
	return 0
}

// total is compare with ties broken by the order in which documents came.
func (s *sorting) total(a, b *record) int {
	if order := s.compare(a, b); order != 0 {
		return order
	}
	switch {
	case a.sequence < b.sequence:
		return -1
	case a.sequence > b.sequence:
		return 1
	default:
		return 0
	}
}

// position compares a record with the values of search_after.
func (s *sorting) position(r *record, after []value) int {
	for i := range s.criteria {
		c := &s.criteria[i]
		if order := c.compare(c.key(r), after[i]); order != 0 {
			return order
		}
	}
	return 0
}

// external is the sort values of a hit.
func (s *sorting) external(r *record) []any {
	out := make([]any, len(s.criteria))
	for i := range s.criteria {
		out[i] = s.criteria[i].key(r).external()
	}
	return out
}

// sorting compiles sort.
func (c *compiler) sorting(raw any, q query) (*sorting, *Error) {
	s := &sorting{given: raw != nil}
	if raw != nil {
		for i, item := range list(raw) {
			where := indexed("sort", i)
			if name, ok := item.(string); ok {
				item = &object{keys: []string{name}, values: []any{&object{}}}
			}
			o, bad := asObject(item, where)
			if bad != nil {
				return nil, bad
			}
			for i, name := range o.keys {
				one, bad := c.criterion(name, o.values[i], q, where+"."+name)
				if bad != nil {
					return nil, bad
				}
				s.criteria = append(s.criteria, one)
				s.scored = s.scored || one.score != nil
			}
		}
	}
	if len(s.criteria) == 0 {
		s.given = false
		s.scored = true
		s.criteria = []criterion{{score: q, desc: true, typ: Double}, {typ: Long}}
	}
	return s, nil
}

func (c *compiler) criterion(name string, raw any, q query, clause string) (criterion, *Error) {
	if order, ok := raw.(string); ok {
		raw = &object{keys: []string{"order"}, values: []any{order}}
	}
	p, bad := asObject(raw, clause)
	if bad != nil {
		return criterion{}, bad
	}
	one := criterion{desc: name == "_score"}
	var missing any
	var unmapped string
	for i, key := range p.keys {
		v, where := p.values[i], clause+"."+key
		switch key {
		case "order":
			order, _ := v.(string)
			switch strings.ToLower(order) {
			case "asc":
				one.desc = false
			case "desc":
				one.desc = true
			default:
				return one, refuse(IllegalArgument, where, "Unknown SortOrder [%v]", v)
			}
		case "missing":
			missing = v
		case "mode":
			one.mode, _ = v.(string)
			if one.mode != "min" && one.mode != "max" {
				return one, refuse(IllegalArgument, where, "sort mode [%v] is not supported by this index", v)
			}
		case "unmapped_type":
			unmapped, _ = v.(string)
		case "nested":
			o, bad := asObject(v, where)
			if bad != nil {
				return one, bad
			}
			for i, inner := range o.keys {
				if inner != "path" {
					return one, refuse(ParsingException, where, "[nested] of a sort does not support [%s]", inner)
				}
				path, bad := asText(o.values[i], where)
				if bad != nil {
					return one, bad
				}
				if !slices.Contains(c.fields.nested, path) {
					return one, refuse(QueryShard, where, "[nested] failed to find nested object under path [%s]", path)
				}
			}
		default:
			return one, refuse(ParsingException, clause, "[field_sort] unknown field [%s]", key)
		}
	}
	switch name {
	case "_score", "_doc":
		if missing != nil || one.mode != "" {
			return one, refuse(ParsingException, clause, "[%s] does not support [missing] and [mode]", name)
		}
		one.typ = Long
		if name == "_score" {
			one.score, one.typ = q, Double
		}
		return one, nil
	}
	f, ok := c.fields.byName[name]
	switch {
	case !ok && unmapped == "":
		return one, refuse(QueryShard, clause, "No mapping found for [%s] in order to sort on", name)
	case !ok:
		typ, known := map[string]Type{"keyword": Keyword, "long": Long, "integer": Long, "double": Double, "float": Double, "date": Date, "boolean": Boolean}[unmapped]
		if !known {
			return one, refuse(IllegalArgument, clause, "No mapper found for type [%s]", unmapped)
		}
		f = &field{name: name, source: math.MaxUint32, typ: typ}
	case f.typ.analysed():
		return one, refuse(IllegalArgument, clause, "Fielddata is disabled on [%s]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead.", name)
	}
	one.field, one.typ = f, f.typ
	if one.mode == "" {
		one.mode = "min"
		if one.desc {
			one.mode = "max"
		}
	}
	switch missing {
	case nil, "_last", "_first":
		one.first = missing == "_first"
		// Numbers have no place for "none": the largest or smallest of all stands for it, in sort values too.
		if !f.typ.textual() {
			one.missing = extreme(f.typ, one.first == one.desc)
		}
	default:
		v, bad := literal(f, missing, clause+".missing")
		if bad != nil {
			return one, bad
		}
		one.missing = v
	}
	return one, nil
}

// extreme is the largest or smallest value of all.
func extreme(typ Type, largest bool) value {
	switch {
	case typ == Double && largest:
		return doubleValue(math.Inf(1))
	case typ == Double:
		return doubleValue(math.Inf(-1))
	case largest:
		return longValue(math.MaxInt64)
	default:
		return longValue(math.MinInt64)
	}
}

// after reads search_after.
func (s *sorting) after(raw any, clause string) ([]value, *Error) {
	given, ok := raw.([]any)
	if !ok {
		return nil, refuse(ParsingException, clause, "Expected [START_ARRAY] in [search_after] but found [%s]", typeName(raw))
	}
	if len(given) == 0 {
		return nil, refuse(IllegalArgument, clause, "Values must contains at least one value.")
	}
	if !s.given {
		return nil, refuse(IllegalArgument, clause, "Sort must contain at least one field.")
	}
	if len(given) != len(s.criteria) {
		return nil, refuse(IllegalArgument, clause, "search_after has %d value(s) but sort has %d.", len(given), len(s.criteria))
	}
	values := make([]value, len(given))
	for i, v := range given {
		where, c := indexed(clause, i), &s.criteria[i]
		if v == nil {
			values[i] = c.missing
			continue
		}
		if text, ok := v.(string); ok && c.typ == Double && (text == "Infinity" || text == "-Infinity") {
			values[i] = doubleValue(math.Inf(1))
			if text[0] == '-' {
				values[i] = doubleValue(math.Inf(-1))
			}
			continue
		}
		read, bad := literal(&field{typ: c.typ}, v, where)
		if bad != nil && c.typ == Boolean {
			read, bad = literal(&field{typ: Long}, v, where)
		}
		if bad != nil {
			return nil, refuse(IllegalArgument, where, "Failed to parse search_after value for field: %s", bad.Reason)
		}
		values[i] = read
	}
	return values, nil
}
