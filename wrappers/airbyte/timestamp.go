package airbyte

import (
	"fmt"
	"time"
)

// withoutSeconds is how Java's OffsetDateTime.toString writes a moment whose seconds are zero.
const withoutSeconds = "2006-01-02T15:04Z07:00"

// parseTimestamp reads a time as Airbyte writes it: RFC 3339, or RFC 3339 without seconds, which one timestamp in
// sixty is ("2023-03-25T01:30Z"; airbyte-platform JobResponseMapper.kt prints OffsetDateTime.toString). Anything
// else is the zero time and an error.
func parseTimestamp(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err == nil {
		return t, nil
	}
	if t, short := time.Parse(withoutSeconds, s); short == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("airbyte: %.40q is not a timestamp: %w", s, err)
}

// timestampOrZero is parseTimestamp for fields that may be absent or broken and that nothing depends on.
func timestampOrZero(s *string) time.Time {
	if s == nil || *s == "" {
		return time.Time{}
	}
	t, err := parseTimestamp(*s)
	if err != nil {
		return time.Time{}
	}
	return t
}
