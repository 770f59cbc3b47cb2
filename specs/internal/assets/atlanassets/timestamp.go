package atlanassets

import "time"

// Timestamp is a point in time as Atlan stores it: milliseconds since 1970 in UTC.
type Timestamp int64

// TimestampOf returns the timestamp of a time. What is shorter than a millisecond is cut off.
func TimestampOf(t time.Time) Timestamp { return Timestamp(t.UnixMilli()) }

// Time returns the time in UTC.
func (t Timestamp) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String formats the timestamp as RFC 3339 with milliseconds.
func (t Timestamp) String() string { return t.Time().Format("2006-01-02T15:04:05.000Z07:00") }
