package elastic

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// form is what a value is made of.
type form uint8

const (
	formNone form = iota
	formText
	formLong
	formDouble
	formBoolean
)

// value is one value of a field. Booleans are long 0 and 1.
type value struct {
	form   form
	long   int64
	double float64
	text   string
}

func textValue(s string) value    { return value{form: formText, text: s} }
func longValue(n int64) value     { return value{form: formLong, long: n} }
func doubleValue(f float64) value { return value{form: formDouble, double: f} }
func booleanValue(b bool) value {
	v := value{form: formBoolean}
	if b {
		v.long = 1
	}
	return v
}

// float is the value as a number.
func (v value) float() float64 {
	if v.form == formDouble {
		return v.double
	}
	return float64(v.long)
}

// compare orders values of one field: text by code units of UTF-8, longs exactly, everything else as numbers.
func (v value) compare(other value) int {
	switch {
	case v.form == formText && other.form == formText:
		return strings.Compare(v.text, other.text)
	case v.form == formText:
		return 1
	case other.form == formText:
		return -1
	case v.form == formDouble || other.form == formDouble:
		return cmp.Compare(v.float(), other.float())
	default:
		return cmp.Compare(v.long, other.long)
	}
}

// external is the value as Elasticsearch writes it: the key of a bucket, the value of a sort.
func (v value) external() any {
	switch v.form {
	case formText:
		return v.text
	case formLong:
		return v.long
	case formDouble:
		if math.IsInf(v.double, 1) {
			return "Infinity"
		}
		if math.IsInf(v.double, -1) {
			return "-Infinity"
		}
		return v.double
	case formBoolean:
		return v.long == 1
	default:
		return nil
	}
}

// number reads a JSON number: long if it is an integer that fits, else double.
func number(text string) (value, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return longValue(n), true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return value{}, false
	}
	return doubleValue(f), true
}

// long turns a number into a long, cutting off what is behind the point as Elasticsearch does with coerce.
func (v value) asLong() (value, bool) {
	switch v.form {
	case formLong:
		return v, true
	case formDouble:
		if v.double < -(1<<63) || v.double >= 1<<63 {
			return value{}, false
		}
		return longValue(int64(v.double)), true
	default:
		return value{}, false
	}
}

// The forms of date that strict_date_optional_time covers and clients send, with how long what they name lasts. A second
// without a fraction lasts one, too.
var dateLayouts = [...]struct {
	layout string
	lasts  time.Duration
}{
	{time.RFC3339Nano, time.Second}, {"2006-01-02T15:04:05.999999999-0700", time.Second}, {"2006-01-02T15:04:05.999999999", time.Second},
	{"2006-01-02T15:04Z07:00", time.Minute}, {"2006-01-02T15:04", time.Minute},
	// A month or a year that is left out is the first, and the hour the first or the last.
	{time.DateOnly, 24 * time.Hour}, {"2006-01", 24 * time.Hour}, {"2006", 24 * time.Hour},
}

// dates reads a date, strict_date_optional_time or milliseconds since 1970, and returns the first and the last
// millisecond that it names.
func dates(text string, zone *time.Location) (first, last int64, ok bool) {
	if len(text) < 4 {
		return 0, 0, false
	}
	for _, form := range dateLayouts {
		if t, err := time.ParseInLocation(form.layout, text, zone); err == nil {
			end := t
			if form.lasts > time.Second || !strings.Contains(text, ".") {
				end = t.Add(form.lasts - time.Millisecond)
			}
			return t.UnixMilli(), end.UnixMilli(), true
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, n, err == nil
}

// date reads a date; what it leaves out is the earliest.
func date(text string, zone *time.Location) (int64, bool) {
	first, _, ok := dates(text, zone)
	return first, ok
}

// dateText writes a date the way buckets of date_histogram name it.
func dateText(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// scalar turns what encoding/json gives into a value; anything that is not text, a number or a boolean is not ok.
func scalar(raw any) (value, bool) {
	switch raw := raw.(type) {
	case string:
		return textValue(raw), true
	case bool:
		return booleanValue(raw), true
	case json.Number:
		return number(raw.String())
	case float64:
		if raw == math.Trunc(raw) && math.Abs(raw) < 1<<53 {
			return longValue(int64(raw)), true
		}
		if math.IsNaN(raw) || math.IsInf(raw, 0) {
			return value{}, false
		}
		return doubleValue(raw), true
	case int:
		return longValue(int64(raw)), true
	case int64:
		return longValue(raw), true
	default:
		return value{}, false
	}
}

// literal is a value as text: what a keyword field makes of it.
func (v value) literal() string {
	switch v.form {
	case formText:
		return v.text
	case formLong:
		return strconv.FormatInt(v.long, 10)
	case formDouble:
		return strconv.FormatFloat(v.double, 'g', -1, 64)
	case formBoolean:
		return strconv.FormatBool(v.long == 1)
	default:
		return ""
	}
}
