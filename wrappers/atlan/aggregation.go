package atlan

import "encoding/json"

// Aggregations are results of [Search.Aggregate] by the names they were asked for.
type Aggregations map[string]AggregationResult

// AggregationResult is what one aggregation came to.
type AggregationResult struct {
	// Buckets are the groups of an aggregation that makes groups, in the order of the service: for values that of the
	// numbers of their assets.
	Buckets []Bucket
	// Others is how many assets are in groups that are not in Buckets, because there are more than were asked for.
	Others int64
	// Value is that of an aggregation that computes one number; nil for groups, and when there was nothing to compute from.
	Value *float64
	// Raw is the whole result as it was written.
	Raw json.RawMessage
}

// Bucket is one group.
type Bucket struct {
	// Key is what the assets of the group have in common, as text: a value, the beginning of an interval.
	Key string
	// Count is how many assets are in the group.
	Count int64
	// Aggregations are those inside the group, by name.
	Aggregations Aggregations
	// Raw is the whole group as it was written.
	Raw json.RawMessage
}

// UnmarshalJSON reads a result as Elasticsearch writes it.
func (a *AggregationResult) UnmarshalJSON(text []byte) error {
	var wire struct {
		Buckets json.RawMessage `json:"buckets"`
		Others  int64           `json:"sum_other_doc_count"`
		Value   json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*a = AggregationResult{Others: wire.Others, Raw: append(json.RawMessage(nil), text...)}
	var number float64
	if len(wire.Value) > 0 && !isNull(wire.Value) && json.Unmarshal(wire.Value, &number) == nil { // a script's may be anything
		a.Value = &number
	}
	if len(wire.Buckets) > 0 && wire.Buckets[0] == '{' { // groups with names of their own: filters
		for name, value := range membersOf(wire.Buckets) {
			var b Bucket
			if err := json.Unmarshal(value, &b); err != nil {
				return err
			}
			b.Key = name
			a.Buckets = append(a.Buckets, b)
		}
		return nil
	}
	if len(wire.Buckets) > 0 {
		return json.Unmarshal(wire.Buckets, &a.Buckets)
	}
	return nil
}

// UnmarshalJSON reads a group as Elasticsearch writes it.
func (b *Bucket) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '{' {
		return errNotObject
	}
	*b = Bucket{Raw: append(json.RawMessage(nil), text...)}
	for name, value := range membersOf(b.Raw) {
		switch name {
		case "doc_count":
			if err := json.Unmarshal(value, &b.Count); err != nil {
				return err
			}
		case "key":
			if b.Key == "" {
				b.Key = keyText(value)
			}
		case "key_as_string":
			b.Key = keyText(value)
		default:
			if len(value) == 0 || value[0] != '{' {
				continue // a bound of a range, an error bound
			}
			var inner AggregationResult
			if err := json.Unmarshal(value, &inner); err != nil {
				return err
			}
			if b.Aggregations == nil {
				b.Aggregations = make(Aggregations)
			}
			b.Aggregations[name] = inner
		}
	}
	return nil
}

// keyText is the key of a group as text: a string without its quotes, anything else as it was written.
func keyText(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}
