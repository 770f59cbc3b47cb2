package field

import "strings"

// KeywordField is a field that holds a value as it is: names, ids, qualifiedNames, enumerations. Of an attribute with
// several values, each counts.
type KeywordField string

// NewKeywordField returns a keyword field. The index is the name of the field in the index, "" when it is that of the
// attribute: custom metadata has NewKeywordField("<set id>.<attribute id>", "").
func NewKeywordField(attribute, index string) KeywordField {
	return KeywordField(constant(attribute, index))
}

// Attribute is the name of the attribute.
func (f KeywordField) Attribute() string { return attribute(string(f)) }

// Index is the name of the field in the index.
func (f KeywordField) Index() string { return index(string(f), 0) }

// Eq matches assets whose value is exactly this one.
func (f KeywordField) Eq(value string) Query {
	return on("term", f.Index(), map[string]any{"value": value})
}

// EqFold is Eq without regard to case.
func (f KeywordField) EqFold(value string) Query { return on("term", f.Index(), fold(value)) }

// OneOf matches assets whose value is exactly one of these; no value at all matches nothing.
func (f KeywordField) OneOf(values ...string) Query {
	return on("terms", f.Index(), append([]string{}, values...))
}

// StartsWith matches assets whose value begins with the prefix.
func (f KeywordField) StartsWith(prefix string) Query {
	return on("prefix", f.Index(), map[string]any{"value": prefix})
}

// StartsWithFold is StartsWith without regard to case.
func (f KeywordField) StartsWithFold(prefix string) Query {
	return on("prefix", f.Index(), fold(prefix))
}

// Contains matches assets with the text anywhere in the value. Elasticsearch looks at every value for that: slow.
func (f KeywordField) Contains(text string) Query { return f.Wildcard("*" + literally(text) + "*") }

// ContainsFold is Contains without regard to case.
func (f KeywordField) ContainsFold(text string) Query {
	return f.WildcardFold("*" + literally(text) + "*")
}

// Wildcard matches the whole value with a pattern: * is any text, ? any character, \ takes the meaning from the next one.
func (f KeywordField) Wildcard(pattern string) Query {
	return on("wildcard", f.Index(), map[string]any{"value": pattern})
}

// WildcardFold is Wildcard without regard to case.
func (f KeywordField) WildcardFold(pattern string) Query {
	return on("wildcard", f.Index(), fold(pattern))
}

// Regexp matches the whole value with a regular expression of Lucene.
func (f KeywordField) Regexp(pattern string) Query {
	return on("regexp", f.Index(), map[string]any{"value": pattern})
}

// RegexpFold is Regexp without regard to case.
func (f KeywordField) RegexpFold(pattern string) Query { return on("regexp", f.Index(), fold(pattern)) }

// GT matches assets whose value comes after this one, byte by byte.
func (f KeywordField) GT(value string) Query {
	return on("range", f.Index(), map[string]any{"gt": value})
}

// GTE matches assets whose value is this one or comes after it, byte by byte.
func (f KeywordField) GTE(value string) Query {
	return on("range", f.Index(), map[string]any{"gte": value})
}

// LT matches assets whose value comes before this one, byte by byte.
func (f KeywordField) LT(value string) Query {
	return on("range", f.Index(), map[string]any{"lt": value})
}

// LTE matches assets whose value is this one or comes before it, byte by byte.
func (f KeywordField) LTE(value string) Query {
	return on("range", f.Index(), map[string]any{"lte": value})
}

// Between matches assets whose value is one of the two or between them, byte by byte.
func (f KeywordField) Between(from, to string) Query {
	return on("range", f.Index(), map[string]any{"gte": from, "lte": to})
}

// HasAnyValue matches assets with a value.
func (f KeywordField) HasAnyValue() Query { return exists(f.Index()) }

// HasNoValue matches assets without a value.
func (f KeywordField) HasNoValue() Query { return Not(exists(f.Index())) }

// Asc sorts by the value, smallest first.
func (f KeywordField) Asc() Sort { return Sort{Field: f.Index()} }

// Desc sorts by the value, largest first.
func (f KeywordField) Desc() Sort { return Sort{Field: f.Index(), Descending: true} }

// Terms counts the assets of each value, for the given number of most frequent values.
func (f KeywordField) Terms(size int) Aggregation { return buckets(f.Index(), size) }

// Cardinality counts the distinct values, approximately where there are many.
func (f KeywordField) Cardinality() Aggregation { return metric("cardinality", f.Index()) }

// fold is the body of a clause that disregards case.
func fold(value string) map[string]any {
	return map[string]any{"value": value, "case_insensitive": true}
}

// literally is a pattern that matches nothing but the text.
func literally(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(text)
}
