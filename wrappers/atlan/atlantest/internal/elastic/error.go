package elastic

import (
	"encoding/json"
	"fmt"
)

// Types of errors, by the names that Elasticsearch gives them.
const (
	// ParsingException: the body is not the DSL, or not the subset that this package evaluates.
	ParsingException = "parsing_exception"
	// IllegalArgument: the body is the DSL, and a value in it cannot be used.
	IllegalArgument = "illegal_argument_exception"
	// QueryShard: a clause does not fit the field it is about.
	QueryShard = "query_shard_exception"
	// NumberFormat: text where the field holds numbers.
	NumberFormat = "number_format_exception"
	// DateParse: text where the field holds dates.
	DateParse = "parse_exception"
)

// Error is a search that was refused: what Elasticsearch answers with status 400. Marshalled to JSON it has the shape
// of Elasticsearch's answer.
type Error struct {
	// Type is the name of the error, such as [ParsingException].
	Type string
	// Clause is where in the body, such as "query.bool.filter[1].terms".
	Clause string
	// Reason is a sentence about it, worded like Elasticsearch's where that is known.
	Reason string
}

// Error returns type, reason and clause.
func (e *Error) Error() string {
	if e.Clause == "" {
		return "elasticsearch: " + e.Type + ": " + e.Reason
	}
	return "elasticsearch: " + e.Type + ": " + e.Reason + " (at " + e.Clause + ")"
}

// MarshalJSON writes the body of Elasticsearch's answer: {"error":{"root_cause":[…],"type":…,"reason":…},"status":400}.
func (e *Error) MarshalJSON() ([]byte, error) {
	type cause struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	}
	reason := e.Reason
	if e.Clause != "" {
		reason += " (at " + e.Clause + ")"
	}
	this := cause{e.Type, reason}
	return json.Marshal(map[string]any{
		"error":  map[string]any{"root_cause": []cause{this}, "type": e.Type, "reason": reason},
		"status": 400,
	})
}

func refuse(kind, clause, format string, arguments ...any) *Error {
	return &Error{Type: kind, Clause: clause, Reason: fmt.Sprintf(format, arguments...)}
}
