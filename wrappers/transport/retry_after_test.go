package transport

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"0", "", 0},
		{"1", "", time.Second},
		{" 120 ", "", 2 * time.Minute},
		{"0.5", "", 500 * time.Millisecond},
		{"1.25", "", 1250 * time.Millisecond},
		{"3600", "", time.Hour},
		{"-1", "", 0},
		{"+1", "", 0},
		{"1e3", "", 0},
		{"soon", "", 0},
		{".", "", 0},
		{"1.", "", 0},
		{"99999999999999999999999999", "", maxRetryAfter},
		{"Fri, 20 Nov 2026 12:00:30 GMT", "", 30 * time.Second},
		{"Fri, 20 Nov 2026 11:00:00 GMT", "", 0},
		{"Friday, 20-Nov-26 12:00:30 GMT", "", 30 * time.Second},
		{"Fri, 20 Nov 9999 12:00:30 GMT", "", maxRetryAfter},
		// The service's clock is an hour behind ours.
		{"Fri, 20 Nov 2026 11:00:30 GMT", "Fri, 20 Nov 2026 11:00:00 GMT", 30 * time.Second},
		{"Fri, 20 Nov 2026 12:00:30 GMT", "yesterday", 30 * time.Second},
	} {
		h := http.Header{}
		h.Set("Retry-After", test.value)
		h.Set("Date", test.date)
		if got := retryAfter(h, now); got != test.want {
			t.Errorf("%q with date %q: %s, want %s", test.value, test.date, got, test.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "1", "-1", "0.5", "Fri, 20 Nov 2026 12:00:30 GMT", "999999999999999999"} {
		f.Add(value, "Fri, 20 Nov 2026 12:00:00 GMT")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		h := http.Header{"Retry-After": {value}, "Date": {date}}
		if d := retryAfter(h, time.Now()); d < 0 || d > maxRetryAfter {
			t.Fatalf("%q: %s", value, d)
		}
	})
}
