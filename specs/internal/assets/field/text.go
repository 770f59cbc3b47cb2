package field

// TextField is a field that holds a text in words, for searching like a person does: descriptions, messages. It cannot be
// sorted by or counted, and it has no exact comparison.
type TextField string

// NewTextField returns a text field. The index is the name of the field in the index, "" when it is that of the attribute.
func NewTextField(attribute, index string) TextField { return TextField(constant(attribute, index)) }

// Attribute is the name of the attribute.
func (f TextField) Attribute() string { return attribute(string(f)) }

// Index is the name of the field in the index.
func (f TextField) Index() string { return index(string(f), 0) }

// Match matches assets whose text has at least one of the words, in the forms that the index keeps them. What has more
// of them has a better score.
func (f TextField) Match(words string) Query {
	return on("match", f.Index(), map[string]any{"query": words})
}

// MatchPhrase matches assets whose text has the words one after the other.
func (f TextField) MatchPhrase(phrase string) Query {
	return on("match_phrase", f.Index(), map[string]any{"query": phrase})
}

// HasAnyValue matches assets with a text.
func (f TextField) HasAnyValue() Query { return exists(f.Index()) }

// HasNoValue matches assets without a text.
func (f TextField) HasNoValue() Query { return Not(exists(f.Index())) }

// StemmedField is a field that holds a text in words without their endings: "ordering" finds "orders". It has nothing to
// compare with but whole words.
type StemmedField string

// NewStemmedField returns a stemmed field. The index is the name of the field in the index.
func NewStemmedField(attribute, index string) StemmedField {
	return StemmedField(constant(attribute, index))
}

// Attribute is the name of the attribute.
func (f StemmedField) Attribute() string { return attribute(string(f)) }

// Index is the name of the field in the index.
func (f StemmedField) Index() string { return index(string(f), 0) }

// Match matches assets whose text has at least one of the words, in the forms that the index keeps them. What has more
// of them has a better score.
func (f StemmedField) Match(words string) Query {
	return on("match", f.Index(), map[string]any{"query": words})
}

// MatchPhrase matches assets whose text has the words one after the other.
func (f StemmedField) MatchPhrase(phrase string) Query {
	return on("match_phrase", f.Index(), map[string]any{"query": phrase})
}
