package elastic

import (
	"slices"
	"strings"
)

// words is match: some or all of the tokens of a text.
type words struct {
	field   *field
	fits    []func(token string) bool
	minimum int
	boost   float64
}

func (q *words) count(r *record, enough int) int {
	found := make([]bool, len(q.fits))
	n := 0
	q.field.tokens(r, func(token string) bool {
		for i, fits := range q.fits {
			if !found[i] && fits(token) {
				found[i] = true
				n++
			}
		}
		return n < enough
	})
	return n
}

func (q *words) match(r *record) bool    { return q.count(r, q.minimum) >= q.minimum }
func (q *words) score(r *record) float64 { return float64(q.count(r, len(q.fits))) * q.boost }

// phrase is match_phrase: the tokens one after the other in one value.
type phrase struct {
	field  *field
	tokens []string
	boost  float64
}

func (q *phrase) match(r *record) bool {
	for _, cell := range r.textsOf(q.field.source) {
		have := q.field.typ.analysis().list(cell.text)
		for i := 0; i+len(q.tokens) <= len(have); i++ {
			if slices.Equal(have[i:i+len(q.tokens)], q.tokens) {
				return true
			}
		}
	}
	return false
}
func (q *phrase) score(*record) float64 { return float64(len(q.tokens)) * q.boost }

// fullText is the parameters of match and match_phrase.
type fullText struct {
	text      string
	and       bool
	all       bool // zero_terms_query: all
	minimum   any
	fuzziness any
	same      int
	swaps     bool
	phrase    bool
	boost     float64
}

func readFullText(p parsed, clause string) (t fullText, bad *Error) {
	t.boost, t.swaps = p.boost, true
	for i, key := range p.keys {
		v, where := p.values[i], clause+"."+key
		switch key {
		case "query":
			t.text, bad = asText(v, where)
		case "operator":
			var operator string
			if operator, bad = asText(v, where); bad != nil {
				break
			}
			switch strings.ToLower(operator) {
			case "and":
				t.and = true
			case "or":
			default:
				bad = refuse(IllegalArgument, where, "operator needs to be either OR or AND, but not [%s]", operator)
			}
		case "minimum_should_match":
			t.minimum = v
		case "fuzziness":
			t.fuzziness = v
		case "prefix_length":
			if t.same, bad = asInt(v, where); bad == nil && t.same < 0 {
				bad = refuse(IllegalArgument, where, "[match] requires prefix length to be non-negative.")
			}
		case "fuzzy_transpositions":
			t.swaps, bad = asBool(v, where)
		case "zero_terms_query":
			switch v {
			case "all":
				t.all = true
			case "none":
			default:
				bad = refuse(ParsingException, where, "Unsupported zero_terms_query value [%v]", v)
			}
		case "slop":
			var slop int
			if slop, bad = asInt(v, where); bad == nil && slop != 0 {
				bad = refuse(IllegalArgument, where, "slop is not supported by this index")
			}
		}
		if bad != nil {
			return t, bad
		}
	}
	return t, nil
}

func (c *compiler) matching(kind string, raw any, clause string) (query, *Error) {
	known := []string{"boost", "zero_terms_query"}
	if kind == "match" {
		known = append(known, "operator", "minimum_should_match", "fuzziness", "prefix_length", "max_expansions",
			"fuzzy_transpositions", "fuzzy_rewrite", "lenient", "auto_generate_synonyms_phrase_query")
	} else {
		known = append(known, "slop")
	}
	name, p, bad := onField(raw, clause, kind, "query", known...)
	if bad != nil {
		return nil, bad
	}
	clause += "." + name
	t, bad := readFullText(p, clause)
	if bad != nil {
		return nil, bad
	}
	t.phrase = kind == "match_phrase"
	return c.text(name, t, clause)
}

func (c *compiler) text(name string, t fullText, clause string) (query, *Error) {
	f, ok := c.fields.byName[name]
	if !ok {
		return constant{}, nil
	}
	if !f.typ.textual() {
		return c.only(name, []any{t.text}, false, t.boost, clause)
	}
	tokens := f.typ.analysis().list(t.text)
	if len(tokens) == 0 {
		return constant{t.all, t.boost}, nil
	}
	if t.phrase {
		return &phrase{f, tokens, t.boost}, nil
	}
	q := &words{field: f, minimum: 1, boost: t.boost}
	for _, token := range tokens {
		edits := 0
		if t.fuzziness != nil {
			var bad *Error
			if edits, bad = fuzziness(t.fuzziness, token, clause+".fuzziness"); bad != nil {
				return nil, bad
			}
		}
		if edits == 0 {
			q.fits = append(q.fits, func(other string) bool { return other == token })
		} else {
			q.fits = append(q.fits, near(token, edits, t.same, t.swaps))
		}
	}
	if t.and {
		q.minimum = len(q.fits)
	} else if t.minimum != nil {
		least, bad := minimum(t.minimum, len(q.fits), clause+".minimum_should_match")
		if bad != nil {
			return nil, bad
		}
		q.minimum = max(least, 1)
	}
	return q, nil
}

// multiMatch is the best (best_fields, phrase) or the sum (most_fields) of the same text in several fields.
func (c *compiler) multiMatch(raw any, clause string) (query, *Error) {
	p, bad := parameters(raw, clause, "multi_match", "query", "fields", "type", "operator", "minimum_should_match",
		"fuzziness", "prefix_length", "max_expansions", "fuzzy_transpositions", "lenient", "zero_terms_query", "tie_breaker", "boost")
	if bad != nil {
		return nil, bad
	}
	if _, ok := p.get("query"); !ok {
		return nil, refuse(ParsingException, clause, "No text specified for multi_match query")
	}
	v, ok := p.get("fields")
	if !ok {
		return nil, refuse(ParsingException, clause, "No fields specified for multi_match query")
	}
	t, bad := readFullText(p, clause)
	if bad != nil {
		return nil, bad
	}
	made := &best{}
	switch kind, _ := p.get("type"); kind {
	case nil, "best_fields":
	case "most_fields":
		made.sum = true
	case "phrase":
		t.phrase = true
	default:
		return nil, refuse(ParsingException, clause, "type [%v] of [multi_match] is not supported by this index", kind)
	}
	if tie, ok := p.get("tie_breaker"); ok {
		if _, bad := asFloat(tie, clause+".tie_breaker"); bad != nil {
			return nil, bad
		}
	}
	for i, item := range list(v) {
		where := indexed(clause+".fields", i)
		name, bad := asText(item, where)
		if bad != nil {
			return nil, bad
		}
		one := t
		if field, weight, ok := strings.Cut(name, "^"); ok {
			n, ok := number(weight)
			if !ok {
				return nil, refuse(NumberFormat, where, "For input string: \"%s\"", weight)
			}
			name, one.boost = field, t.boost*n.float()
		}
		if strings.ContainsAny(name, "*") {
			return nil, refuse(ParsingException, where, "patterns of fields are not supported by this index")
		}
		q, bad := c.text(name, one, where)
		if bad != nil {
			return nil, bad
		}
		made.queries = append(made.queries, q)
	}
	return made, nil
}

type best struct {
	queries []query
	sum     bool
}

func (q *best) match(r *record) bool {
	for _, inner := range q.queries {
		if inner.match(r) {
			return true
		}
	}
	return false
}

func (q *best) score(r *record) float64 {
	most, sum := 0.0, 0.0
	for _, inner := range q.queries {
		if inner.match(r) {
			s := inner.score(r)
			most, sum = max(most, s), sum+s
		}
	}
	if q.sum {
		return sum
	}
	return most
}
