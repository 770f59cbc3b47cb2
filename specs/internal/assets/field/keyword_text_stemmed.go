package field

// KeywordTextStemmedField is an attribute that the index has three times: as it is, in words, and in words without their
// endings. Comparisons, sorts and counts are made on the first, Match and MatchPhrase on the second; Stemmed gives the
// third.
type KeywordTextStemmedField string

// NewKeywordTextStemmedField returns a field of an attribute that the index has under these three names.
func NewKeywordTextStemmedField(attribute, keyword, text, stemmed string) KeywordTextStemmedField {
	return KeywordTextStemmedField(constant(attribute, keyword, text, stemmed))
}

// Attribute is the name of the attribute.
func (f KeywordTextStemmedField) Attribute() string { return attribute(string(f)) }

// Keyword is the field that holds the value as it is.
func (f KeywordTextStemmedField) Keyword() KeywordField {
	return NewKeywordField(f.Attribute(), index(string(f), 0))
}

// Text is the field that holds the value in words.
func (f KeywordTextStemmedField) Text() TextField {
	return NewTextField(f.Attribute(), index(string(f), 1))
}

// Stemmed is the field that holds the value in words without their endings.
func (f KeywordTextStemmedField) Stemmed() StemmedField {
	return NewStemmedField(f.Attribute(), index(string(f), 2))
}

// Eq matches assets whose value is exactly this one.
func (f KeywordTextStemmedField) Eq(value string) Query { return f.Keyword().Eq(value) }

// EqFold is Eq without regard to case.
func (f KeywordTextStemmedField) EqFold(value string) Query { return f.Keyword().EqFold(value) }

// OneOf matches assets whose value is exactly one of these; no value at all matches nothing.
func (f KeywordTextStemmedField) OneOf(values ...string) Query { return f.Keyword().OneOf(values...) }

// StartsWith matches assets whose value begins with the prefix.
func (f KeywordTextStemmedField) StartsWith(prefix string) Query {
	return f.Keyword().StartsWith(prefix)
}

// StartsWithFold is StartsWith without regard to case.
func (f KeywordTextStemmedField) StartsWithFold(prefix string) Query {
	return f.Keyword().StartsWithFold(prefix)
}

// Contains matches assets with the text anywhere in the value. Elasticsearch looks at every value for that: slow.
func (f KeywordTextStemmedField) Contains(text string) Query { return f.Keyword().Contains(text) }

// ContainsFold is Contains without regard to case.
func (f KeywordTextStemmedField) ContainsFold(text string) Query {
	return f.Keyword().ContainsFold(text)
}

// Wildcard matches the whole value with a pattern: * is any text, ? any character, \ takes the meaning from the next one.
func (f KeywordTextStemmedField) Wildcard(pattern string) Query { return f.Keyword().Wildcard(pattern) }

// WildcardFold is Wildcard without regard to case.
func (f KeywordTextStemmedField) WildcardFold(pattern string) Query {
	return f.Keyword().WildcardFold(pattern)
}

// Regexp matches the whole value with a regular expression of Lucene.
func (f KeywordTextStemmedField) Regexp(pattern string) Query { return f.Keyword().Regexp(pattern) }

// RegexpFold is Regexp without regard to case.
func (f KeywordTextStemmedField) RegexpFold(pattern string) Query {
	return f.Keyword().RegexpFold(pattern)
}

// GT matches assets whose value comes after this one, byte by byte.
func (f KeywordTextStemmedField) GT(value string) Query { return f.Keyword().GT(value) }

// GTE matches assets whose value is this one or comes after it, byte by byte.
func (f KeywordTextStemmedField) GTE(value string) Query { return f.Keyword().GTE(value) }

// LT matches assets whose value comes before this one, byte by byte.
func (f KeywordTextStemmedField) LT(value string) Query { return f.Keyword().LT(value) }

// LTE matches assets whose value is this one or comes before it, byte by byte.
func (f KeywordTextStemmedField) LTE(value string) Query { return f.Keyword().LTE(value) }

// Between matches assets whose value is one of the two or between them, byte by byte.
func (f KeywordTextStemmedField) Between(from, to string) Query { return f.Keyword().Between(from, to) }

// HasAnyValue matches assets with a value.
func (f KeywordTextStemmedField) HasAnyValue() Query { return f.Keyword().HasAnyValue() }

// HasNoValue matches assets without a value.
func (f KeywordTextStemmedField) HasNoValue() Query { return f.Keyword().HasNoValue() }

// Asc sorts by the value, smallest first.
func (f KeywordTextStemmedField) Asc() Sort { return f.Keyword().Asc() }

// Desc sorts by the value, largest first.
func (f KeywordTextStemmedField) Desc() Sort { return f.Keyword().Desc() }

// Terms counts the assets of each value, for the given number of most frequent values.
func (f KeywordTextStemmedField) Terms(size int) Aggregation { return f.Keyword().Terms(size) }

// Cardinality counts the distinct values, approximately where there are many.
func (f KeywordTextStemmedField) Cardinality() Aggregation { return f.Keyword().Cardinality() }

// Match matches assets whose text has at least one of the words, in the forms that the index keeps them. What has more
// of them has a better score.
func (f KeywordTextStemmedField) Match(words string) Query { return f.Text().Match(words) }

// MatchPhrase matches assets whose text has the words one after the other.
func (f KeywordTextStemmedField) MatchPhrase(phrase string) Query {
	return f.Text().MatchPhrase(phrase)
}
