package field

// RankField is a numeric field that the index also has as a rank feature: the popularity of an asset.
type RankField string

// NewRankField returns a field of an attribute that the index has under these two names.
func NewRankField(attribute, numeric, rank string) RankField {
	return RankField(constant(attribute, numeric, rank))
}

// Rank matches every asset, and gives those with a larger value a better score: for Must, beside other clauses.
func (f RankField) Rank() Query {
	return Query{"rank_feature": map[string]any{"field": index(string(f), 1)}}
}

// Attribute is the name of the attribute.
func (f RankField) Attribute() string { return attribute(string(f)) }

// Index is the name of the numeric field in the index.
func (f RankField) Index() string { return index(string(f), 0) }

// Eq matches assets with exactly this value.
func (f RankField) Eq(value float64) Query {
	return on("term", f.Index(), map[string]any{"value": value})
}

// OneOf matches assets with exactly one of these values; no value at all matches nothing.
func (f RankField) OneOf(values ...float64) Query {
	return on("terms", f.Index(), append([]float64{}, values...))
}

// GT matches assets with a larger value.
func (f RankField) GT(value float64) Query {
	return on("range", f.Index(), map[string]any{"gt": value})
}

// GTE matches assets with this value or a larger one.
func (f RankField) GTE(value float64) Query {
	return on("range", f.Index(), map[string]any{"gte": value})
}

// LT matches assets with a smaller value.
func (f RankField) LT(value float64) Query {
	return on("range", f.Index(), map[string]any{"lt": value})
}

// LTE matches assets with this value or a smaller one.
func (f RankField) LTE(value float64) Query {
	return on("range", f.Index(), map[string]any{"lte": value})
}

// Between matches assets with one of the two values or one between them.
func (f RankField) Between(from, to float64) Query {
	return on("range", f.Index(), map[string]any{"gte": from, "lte": to})
}

// HasAnyValue matches assets with a value.
func (f RankField) HasAnyValue() Query { return exists(f.Index()) }

// HasNoValue matches assets without a value.
func (f RankField) HasNoValue() Query { return Not(exists(f.Index())) }

// Asc sorts by the value, smallest first.
func (f RankField) Asc() Sort { return Sort{Field: f.Index()} }

// Desc sorts by the value, largest first.
func (f RankField) Desc() Sort { return Sort{Field: f.Index(), Descending: true} }

// Terms counts the assets of each value, for the given number of most frequent values.
func (f RankField) Terms(size int) Aggregation { return buckets(f.Index(), size) }

// Min is the smallest value.
func (f RankField) Min() Aggregation { return metric("min", f.Index()) }

// Max is the largest value.
func (f RankField) Max() Aggregation { return metric("max", f.Index()) }

// Avg is the average of the values.
func (f RankField) Avg() Aggregation { return metric("avg", f.Index()) }

// Sum is the sum of the values.
func (f RankField) Sum() Aggregation { return metric("sum", f.Index()) }

// Cardinality counts the distinct values, approximately where there are many.
func (f RankField) Cardinality() Aggregation { return metric("cardinality", f.Index()) }
