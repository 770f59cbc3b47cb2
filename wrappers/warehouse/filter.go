package warehouse

import (
	"fmt"
	"strconv"
	"strings"
)

// Filter is a condition on rows. Values are always bind parameters, columns are
// always checked against the table and quoted.
type Filter struct {
	build func(*statement) (string, error)
}

// Equal keeps rows whose field equals value; a nil value means IS NULL.
func Equal(field string, value any) Filter {
	if value == nil {
		return IsNull(field)
	}
	return compare(field, "=", value)
}

// NotEqual keeps rows whose field has another value than value, NULL not
// included; a nil value means IS NOT NULL.
func NotEqual(field string, value any) Filter {
	if value == nil {
		return NotNull(field)
	}
	return compare(field, "<>", value)
}

// Less keeps rows whose field is less than value.
func Less(field string, value any) Filter { return compare(field, "<", value) }

// AtMost keeps rows whose field is less than or equal to value.
func AtMost(field string, value any) Filter { return compare(field, "<=", value) }

// Greater keeps rows whose field is greater than value.
func Greater(field string, value any) Filter { return compare(field, ">", value) }

// AtLeast keeps rows whose field is greater than or equal to value.
func AtLeast(field string, value any) Filter { return compare(field, ">=", value) }

// IsNull keeps rows whose field is NULL.
func IsNull(field string) Filter { return postfix(field, " IS NULL") }

// NotNull keeps rows whose field is not NULL.
func NotNull(field string) Filter { return postfix(field, " IS NOT NULL") }

// In keeps rows whose field equals one of the values. Without values no row is
// kept.
func In[T any](field string, values ...T) Filter {
	return Filter{func(s *statement) (string, error) {
		column, err := s.column(field)
		if err != nil {
			return "", err
		}
		if len(values) == 0 {
			return "1 = 0", nil
		}
		marks := make([]string, len(values))
		for i, v := range values {
			marks[i] = s.bind(v)
		}
		return column + " IN (" + strings.Join(marks, ", ") + ")", nil
	}}
}

// Any keeps rows that pass at least one of the filters. Without filters no row
// is kept.
func Any(filters ...Filter) Filter {
	return Filter{func(s *statement) (string, error) {
		parts := make([]string, len(filters))
		for i, f := range filters {
			part, err := f.sql(s)
			if err != nil {
				return "", err
			}
			parts[i] = "(" + part + ")"
		}
		if len(parts) == 0 {
			return "1 = 0", nil
		}
		return strings.Join(parts, " OR "), nil
	}}
}

// Not keeps rows the filter does not; a condition that is unknown because of a
// NULL keeps neither.
func Not(filter Filter) Filter {
	return Filter{func(s *statement) (string, error) {
		part, err := filter.sql(s)
		return "NOT (" + part + ")", err
	}}
}

// SQL is a condition in the engine's own SQL, with a question mark for every
// argument, whatever the engine's own sign for a parameter is; the arguments
// are bound. A question mark that is no parameter is written twice; those in
// quotes and comments are left alone. The text is trusted: build it from
// constants, and quote identifiers with [Destination.QuoteIdentifier].
func SQL(condition string, args ...any) Filter {
	return Filter{func(s *statement) (string, error) {
		return s.rewrite(condition, args)
	}}
}

func (f Filter) sql(s *statement) (string, error) {
	if f.build == nil {
		return "", &InputError{Field: "filter", Reason: "is the zero Filter"}
	}
	return f.build(s)
}

func compare(field, operator string, value any) Filter {
	return Filter{func(s *statement) (string, error) {
		column, err := s.column(field)
		if err != nil {
			return "", err
		}
		if value == nil {
			return "", &InputError{Field: "filter on " + strconv.Quote(field), Reason: "compares with nil, which no row satisfies"}
		}
		return column + " " + operator + " " + s.bind(value), nil
	}}
}

func postfix(field, test string) Filter {
	return Filter{func(s *statement) (string, error) {
		column, err := s.column(field)
		return column + test, err
	}}
}

// rewrite puts the dialect's parameters in place of question marks.
func (s *statement) rewrite(condition string, args []any) (string, error) {
	var b strings.Builder
	used := 0
	for i := 0; i < len(condition); {
		switch c := condition[i]; {
		case c == '\'' || c == '"' || c == '`':
			end := i + 1
			for end < len(condition) && condition[end] != c {
				if condition[end] == '\\' && s.dialect.backslash(c) {
					end++
				}
				end++
			}
			end = min(end+1, len(condition))
			b.WriteString(condition[i:end])
			i = end
		case strings.HasPrefix(condition[i:], "--"):
			end := strings.IndexByte(condition[i:], '\n')
			if end < 0 {
				end = len(condition) - i
			}
			b.WriteString(condition[i : i+end])
			b.WriteByte('\n') // what follows must not become part of the comment
			i = min(i+end+1, len(condition))
		case strings.HasPrefix(condition[i:], "/*"):
			end := strings.Index(condition[i+2:], "*/")
			if end < 0 {
				return "", &InputError{Field: "SQL filter", Reason: "has a comment that does not end"}
			}
			b.WriteString(condition[i : i+2+end+2])
			i += 2 + end + 2
		case strings.HasPrefix(condition[i:], "??"):
			b.WriteByte('?')
			i += 2
		case c == '?':
			if used == len(args) {
				return "", &InputError{Field: "SQL filter", Reason: fmt.Sprintf("has more question marks than the %d arguments", len(args))}
			}
			b.WriteString(s.bind(args[used]))
			used++
			i++
		default:
			b.WriteByte(c)
			i++
		}
	}
	if used != len(args) {
		return "", &InputError{Field: "SQL filter", Reason: fmt.Sprintf("has %d question marks for %d arguments", used, len(args))}
	}
	if strings.TrimSpace(b.String()) == "" {
		return "", &InputError{Field: "SQL filter", Reason: "is empty"}
	}
	return b.String(), nil
}

// backslash says whether a backslash escapes inside this kind of quotes.
func (d dialect) backslash(quote byte) bool {
	switch d.kind {
	case BigQuery, ClickHouse:
		return true
	case MySQL, Databricks, Snowflake:
		return quote == '\''
	default:
		return false
	}
}
