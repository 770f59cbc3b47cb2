package field

// NumericField is a field that holds whole numbers: counts, sizes, durations.
type NumericField string

// NewNumericField returns a numeric field. The index is the name of the field in the index, "" when it is that of the
// attribute: custom metadata has NewNumericField("<set id>.<attribute id>", "").
func NewNumericField(attribute, index string) NumericField {
	return NumericField(constant(attribute, index))
}

// Attribute is the name of the attribute.
func (f NumericField) Attribute() string { return attribute(string(f)) }

// Index is the name of the field in the index.
func (f NumericField) Index() string { return index(string(f), 0) }

// Eq matches assets with exactly this value.
func (f NumericField) Eq(value int64) Query {
	return on("term", f.Index(), map[string]any{"value": value})
}

// OneOf matches assets with exactly one of these values; no value at all matches nothing.
func (f NumericField) OneOf(values ...int64) Query {
	return on("terms", f.Index(), append([]int64{}, values...))
}

// GT matches assets with a larger value.
func (f NumericField) GT(value int64) Query {
	return on("range", f.Index(), map[string]any{"gt": value})
}

// GTE matches assets with this value or a larger one.
func (f NumericField) GTE(value int64) Query {
	return on("range", f.Index(), map[string]any{"gte": value})
}

// LT matches assets with a smaller value.
func (f NumericField) LT(value int64) Query {
	return on("range", f.Index(), map[string]any{"lt": value})
}

// LTE matches assets with this value or a smaller one.
func (f NumericField) LTE(value int64) Query {
	return on("range", f.Index(), map[string]any{"lte": value})
}

// Between matches assets with one of the two values or one between them.
func (f NumericField) Between(from, to int64) Query {
	return on("range", f.Index(), map[string]any{"gte": from, "lte": to})
}

// HasAnyValue matches assets with a value.
func (f NumericField) HasAnyValue() Query { return exists(f.Index()) }

// HasNoValue matches assets without a value.
func (f NumericField) HasNoValue() Query { return Not(exists(f.Index())) }

// Asc sorts by the value, smallest first.
func (f NumericField) Asc() Sort { return Sort{Field: f.Index()} }

// Desc sorts by the value, largest first.
func (f NumericField) Desc() Sort { return Sort{Field: f.Index(), Descending: true} }

// Terms counts the assets of each value, for the given number of most frequent values.
func (f NumericField) Terms(size int) Aggregation { return buckets(f.Index(), size) }

// Min is the smallest value.
func (f NumericField) Min() Aggregation { return metric("min", f.Index()) }

// Max is the largest value.
func (f NumericField) Max() Aggregation { return metric("max", f.Index()) }

// Avg is the average of the values.
func (f NumericField) Avg() Aggregation { return metric("avg", f.Index()) }

// Sum is the sum of the values.
func (f NumericField) Sum() Aggregation { return metric("sum", f.Index()) }

// Cardinality counts the distinct values, approximately where there are many.
func (f NumericField) Cardinality() Aggregation { return metric("cardinality", f.Index()) }

// FloatField is a field that holds numbers with fractions: averages, scores, costs.
type FloatField string

// NewFloatField returns a numeric field. The index is the name of the field in the index, "" when it is that of the
// attribute: custom metadata has NewFloatField("<set id>.<attribute id>", "").
func NewFloatField(attribute, index string) FloatField { return FloatField(constant(attribute, index)) }

// Attribute is the name of the attribute.
func (f FloatField) Attribute() string { return attribute(string(f)) }

// Index is the name of the field in the index.
func (f FloatField) Index() string { return index(string(f), 0) }

// Eq matches assets with exactly this value.
func (f FloatField) Eq(value float64) Query {
	return on("term", f.Index(), map[string]any{"value": value})
}

// OneOf matches assets with exactly one of these values; no value at all matches nothing.
func (f FloatField) OneOf(values ...float64) Query {
	return on("terms", f.Index(), append([]float64{}, values...))
}

// GT matches assets with a larger value.
func (f FloatField) GT(value float64) Query {
	return on("range", f.Index(), map[string]any{"gt": value})
}

// GTE matches assets with this value or a larger one.
func (f FloatField) GTE(value float64) Query {
	return on("range", f.Index(), map[string]any{"gte": value})
}

// LT matches assets with a smaller value.
func (f FloatField) LT(value float64) Query {
	return on("range", f.Index(), map[string]any{"lt": value})
}

// LTE matches assets with this value or a smaller one.
func (f FloatField) LTE(value float64) Query {
	return on("range", f.Index(), map[string]any{"lte": value})
}

// Between matches assets with one of the two values or one between them.
func (f FloatField) Between(from, to float64) Query {
	return on("range", f.Index(), map[string]any{"gte": from, "lte": to})
}

// HasAnyValue matches assets with a value.
func (f FloatField) HasAnyValue() Query { return exists(f.Index()) }

// HasNoValue matches assets without a value.
func (f FloatField) HasNoValue() Query { return Not(exists(f.Index())) }

// Asc sorts by the value, smallest first.
func (f FloatField) Asc() Sort { return Sort{Field: f.Index()} }

// Desc sorts by the value, largest first.
func (f FloatField) Desc() Sort { return Sort{Field: f.Index(), Descending: true} }

// Terms counts the assets of each value, for the given number of most frequent values.
func (f FloatField) Terms(size int) Aggregation { return buckets(f.Index(), size) }

// Min is the smallest value.
func (f FloatField) Min() Aggregation { return metric("min", f.Index()) }

// Max is the largest value.
func (f FloatField) Max() Aggregation { return metric("max", f.Index()) }

// Avg is the average of the values.
func (f FloatField) Avg() Aggregation { return metric("avg", f.Index()) }

// Sum is the sum of the values.
func (f FloatField) Sum() Aggregation { return metric("sum", f.Index()) }

// Cardinality counts the distinct values, approximately where there are many.
func (f FloatField) Cardinality() Aggregation { return metric("cardinality", f.Index()) }
