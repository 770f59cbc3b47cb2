package field

// KeywordTextField is an attribute that the index has twice: as it is, and in words. Comparisons, sorts and counts are
// made on the one, Match and MatchPhrase on the other.
type KeywordTextField string

// NewKeywordTextField returns a field of an attribute that the index has under these two names.
func NewKeywordTextField(attribute, keyword, text string) KeywordTextField {
	return KeywordTextField(constant(attribute, keyword, text))
}

// Attribute is the name of the attribute.
func (f KeywordTextField) Attribute() string { return attribute(string(f)) }

// Keyword is the field that holds the value as it is.
func (f KeywordTextField) Keyword() KeywordField {
	return NewKeywordField(f.Attribute(), index(string(f), 0))
}

// Text is the field that holds the value in words.
func (f KeywordTextField) Text() TextField { return NewTextField(f.Attribute(), index(string(f), 1)) }

// Eq matches assets whose value is exactly this one.
func (f KeywordTextField) Eq(value string) Query { return f.Keyword().Eq(value) }

// EqFold is Eq without regard to case.
func (f KeywordTextField) EqFold(value string) Query { return f.Keyword().EqFold(value) }

// OneOf matches assets whose value is exactly one of these; no value at all matches nothing.
func (f KeywordTextField) OneOf(values ...string) Query { return f.Keyword().OneOf(values...) }

// StartsWith matches assets whose value begins with the prefix.
func (f KeywordTextField) StartsWith(prefix string) Query { return f.Keyword().StartsWith(prefix) }

// StartsWithFold is StartsWith without regard to case.
func (f KeywordTextField) StartsWithFold(prefix string) Query {
	return f.Keyword().StartsWithFold(prefix)
}

// Contains matches assets with the text anywhere in the value. Elasticsearch looks at every value for that: slow.
func (f KeywordTextField) Contains(text string) Query { return f.Keyword().Contains(text) }

// ContainsFold is Contains without regard to case.
func (f KeywordTextField) ContainsFold(text string) Query { return f.Keyword().ContainsFold(text) }

// Wildcard matches the whole value with a pattern: * is any text, ? any character, \ takes the meaning from the next one.
func (f KeywordTextField) Wildcard(pattern string) Query { return f.Keyword().Wildcard(pattern) }

// WildcardFold is Wildcard without regard to case.
func (f KeywordTextField) WildcardFold(pattern string) Query {
	return f.Keyword().WildcardFold(pattern)
}

// Regexp matches the whole value with a regular expression of Lucene.
func (f KeywordTextField) Regexp(pattern string) Query { return f.Keyword().Regexp(pattern) }

// RegexpFold is Regexp without regard to case.
func (f KeywordTextField) RegexpFold(pattern string) Query { return f.Keyword().RegexpFold(pattern) }

// GT matches assets whose value comes after this one, byte by byte.
func (f KeywordTextField) GT(value string) Query { return f.Keyword().GT(value) }

// GTE matches assets whose value is this one or comes after it, byte by byte.
func (f KeywordTextField) GTE(value string) Query { return f.Keyword().GTE(value) }

// LT matches assets whose value comes before this one, byte by byte.
func (f KeywordTextField) LT(value string) Query { return f.Keyword().LT(value) }

// LTE matches assets whose value is this one or comes before it, byte by byte.
func (f KeywordTextField) LTE(value string) Query { return f.Keyword().LTE(value) }

// Between matches assets whose value is one of the two or between them, byte by byte.
func (f KeywordTextField) Between(from, to string) Query { return f.Keyword().Between(from, to) }

// HasAnyValue matches assets with a value.
func (f KeywordTextField) HasAnyValue() Query { return f.Keyword().HasAnyValue() }

// HasNoValue matches assets without a value.
func (f KeywordTextField) HasNoValue() Query { return f.Keyword().HasNoValue() }

// Asc sorts by the value, smallest first.
func (f KeywordTextField) Asc() Sort { return f.Keyword().Asc() }

// Desc sorts by the value, largest first.
func (f KeywordTextField) Desc() Sort { return f.Keyword().Desc() }

// Terms counts the assets of each value, for the given number of most frequent values.
func (f KeywordTextField) Terms(size int) Aggregation { return f.Keyword().Terms(size) }

// Cardinality counts the distinct values, approximately where there are many.
func (f KeywordTextField) Cardinality() Aggregation { return f.Keyword().Cardinality() }

// Match matches assets whose text has at least one of the words, in the forms that the index keeps them. What has more
// of them has a better score.
func (f KeywordTextField) Match(words string) Query { return f.Text().Match(words) }

// MatchPhrase matches assets whose text has the words one after the other.
func (f KeywordTextField) MatchPhrase(phrase string) Query { return f.Text().MatchPhrase(phrase) }
