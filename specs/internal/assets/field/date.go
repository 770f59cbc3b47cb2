package field

import "time"

// DateField is a field that holds points in time. Atlan keeps them as milliseconds since 1970: what is shorter does not
// count.
type DateField string

// NewDateField returns a date field. The index is the name of the field in the index, "" when it is that of the
// attribute: custom metadata has NewDateField("<set id>.<attribute id>", "").
func NewDateField(attribute, index string) DateField { return DateField(constant(attribute, index)) }

// Attribute is the name of the attribute.
func (f DateField) Attribute() string { return attribute(string(f)) }

// Index is the name of the field in the index.
func (f DateField) Index() string { return index(string(f), 0) }

// Eq matches assets with exactly this time, to the millisecond.
func (f DateField) Eq(value time.Time) Query {
	return on("term", f.Index(), map[string]any{"value": value.UnixMilli()})
}

// OneOf matches assets with exactly one of these times; no time at all matches nothing.
func (f DateField) OneOf(values ...time.Time) Query {
	milliseconds := make([]int64, len(values))
	for i, value := range values {
		milliseconds[i] = value.UnixMilli()
	}
	return on("terms", f.Index(), milliseconds)
}

// GT matches assets with a later time.
func (f DateField) GT(value time.Time) Query {
	return on("range", f.Index(), map[string]any{"gt": value.UnixMilli()})
}

// GTE matches assets with this time or a later one.
func (f DateField) GTE(value time.Time) Query {
	return on("range", f.Index(), map[string]any{"gte": value.UnixMilli()})
}

// LT matches assets with an earlier time.
func (f DateField) LT(value time.Time) Query {
	return on("range", f.Index(), map[string]any{"lt": value.UnixMilli()})
}

// LTE matches assets with this time or an earlier one.
func (f DateField) LTE(value time.Time) Query {
	return on("range", f.Index(), map[string]any{"lte": value.UnixMilli()})
}

// Between matches assets with one of the two times or one between them.
func (f DateField) Between(from, to time.Time) Query {
	return on("range", f.Index(), map[string]any{"gte": from.UnixMilli(), "lte": to.UnixMilli()})
}

// HasAnyValue matches assets with a value.
func (f DateField) HasAnyValue() Query { return exists(f.Index()) }

// HasNoValue matches assets without a value.
func (f DateField) HasNoValue() Query { return Not(exists(f.Index())) }

// Asc sorts by the value, earliest first.
func (f DateField) Asc() Sort { return Sort{Field: f.Index()} }

// Desc sorts by the value, latest first.
func (f DateField) Desc() Sort { return Sort{Field: f.Index(), Descending: true} }

// Terms counts the assets of each value, for the given number of most frequent values.
func (f DateField) Terms(size int) Aggregation { return buckets(f.Index(), size) }

// Min is the earliest time, in milliseconds since 1970.
func (f DateField) Min() Aggregation { return metric("min", f.Index()) }

// Max is the latest time, in milliseconds since 1970.
func (f DateField) Max() Aggregation { return metric("max", f.Index()) }
