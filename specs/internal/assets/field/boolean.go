package field

// BooleanField is a field that holds true or false.
type BooleanField string

// NewBooleanField returns a boolean field. The index is the name of the field in the index, "" when it is that of the
// attribute: custom metadata has NewBooleanField("<set id>.<attribute id>", "").
func NewBooleanField(attribute, index string) BooleanField {
	return BooleanField(constant(attribute, index))
}

// Attribute is the name of the attribute.
func (f BooleanField) Attribute() string { return attribute(string(f)) }

// Index is the name of the field in the index.
func (f BooleanField) Index() string { return index(string(f), 0) }

// Eq matches assets with this value. An asset that has no value matches neither true nor false.
func (f BooleanField) Eq(value bool) Query {
	return on("term", f.Index(), map[string]any{"value": value})
}

// HasAnyValue matches assets with a value.
func (f BooleanField) HasAnyValue() Query { return exists(f.Index()) }

// HasNoValue matches assets without a value.
func (f BooleanField) HasNoValue() Query { return Not(exists(f.Index())) }

// Asc sorts by the value, false first.
func (f BooleanField) Asc() Sort { return Sort{Field: f.Index()} }

// Desc sorts by the value, true first.
func (f BooleanField) Desc() Sort { return Sort{Field: f.Index(), Descending: true} }

// Terms counts the assets with true and with false.
func (f BooleanField) Terms() Aggregation { return buckets(f.Index(), 2) }
