package transport

import (
	"net/http"
	"strings"
	"time"
)

// maxRetryAfter is what longer values of Retry-After are taken for.
const maxRetryAfter = 365 * 24 * time.Hour

// retryAfter reads a Retry-After header: seconds or a date (RFC 9110, 10.2.3). A date counts from the Date of the
// same answer when it has one, so that a wrong clock on either side does no harm. What cannot be read, is negative or
// lies in the past is 0.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, ok := digits(value); ok {
		return seconds
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	return min(max(0, at.Sub(now)), maxRetryAfter)
}

// digits reads a number of seconds, which may have a fraction: some gateways send one.
func digits(value string) (time.Duration, bool) {
	whole, fraction, dotted := strings.Cut(value, ".")
	if whole == "" || dotted && fraction == "" {
		return 0, false
	}
	var d time.Duration
	for _, c := range []byte(whole) {
		if c < '0' || c > '9' {
			return 0, false
		}
		d = min(d*10+time.Duration(c-'0')*time.Second, maxRetryAfter)
	}
	unit := time.Second
	for _, c := range []byte(fraction) {
		if c < '0' || c > '9' {
			return 0, false
		}
		unit /= 10
		d += time.Duration(c-'0') * unit
	}
	return min(d, maxRetryAfter), true
}
