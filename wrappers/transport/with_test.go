package transport

import (
	"net/http"
	"testing"
	"time"
)

func TestWith(t *testing.T) {
	var sent []string
	shared := roundTripper(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.Header.Get("Authorization")+" "+r.Header.Get("X-Version"))
		return answer(r, 200, "application/json", "{}"), nil
	})
	first := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(shared), WithAuth(Bearer("first")),
		WithHeader("X-Version", "1"), WithLimits(LimitOptions{InFlight: 3}))
	second, err := first.With(WithAuth(Bearer("second")), WithTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Client{first, second} {
		resp, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if len(sent) != 2 || sent[0] != "Bearer first 1" || sent[1] != "Bearer second 1" {
		t.Errorf("sent %q", sent)
	}
	if first.limits != second.limits {
		t.Error("the limits are not shared")
	}
	if first.timeout == second.timeout {
		t.Error("the option changed the first client too")
	}
	for name, opt := range map[string]Option{
		"connections": WithHTTPClient(&http.Client{Transport: http.DefaultTransport}),
		"limits":      WithLimits(LimitOptions{InFlight: 4}),
		"no auth":     WithAuth(nil),
	} {
		if c, err := first.With(opt); err == nil {
			t.Errorf("%s: With = %v, want an error", name, c)
		}
	}
}
