package transport

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const keyedOperations = `
POST /things      createThing  unsafe      idempotency-key=Idempotency-Key
PUT  /things/{id} putThing     idempotent  idempotency-key=Idempotency-Key
POST /plain       createPlain  unsafe
GET  /things      listThings   safe
`

// The outcomes of tries, and with which keys they were sent: 1 is the first key that was seen, 2 the next, 0 none.
func TestIdempotencyKey(t *testing.T) {
	const reset = -1
	for name, tt := range map[string]struct {
		method, path string
		outcomes     []int
		keys         []int
		ok           bool
		maybe        bool
	}{
		"success":                  {"POST", "/things", []int{200}, []int{1}, true, false},
		"not taken":                {"POST", "/plain", []int{200}, []int{0}, true, false},
		"read":                     {"GET", "/things", []int{200}, []int{0}, true, false},
		"reset, then success":      {"POST", "/things", []int{reset, reset, 200}, []int{1, 1, 1}, true, false},
		"reset without a key":      {"POST", "/plain", []int{reset}, []int{0}, false, true},
		"reset all the time":       {"POST", "/things", []int{reset, reset, reset, reset}, []int{1, 1, 1, 1}, false, true},
		"500":                      {"POST", "/things", []int{500}, []int{1}, false, true},
		"503":                      {"POST", "/things", []int{503}, []int{1}, false, true},
		"409":                      {"POST", "/things", []int{409}, []int{1}, false, false},
		"reset, then 409":          {"POST", "/things", []int{reset, 409}, []int{1, 1}, false, true},
		"reset, then 422":          {"POST", "/things", []int{reset, 422}, []int{1, 1}, false, true},
		"reset, then 500":          {"POST", "/things", []int{reset, 500}, []int{1, 1}, false, true},
		"429, then success":        {"POST", "/things", []int{429, 200}, []int{1, 2}, true, false},
		"reset, then 429":          {"POST", "/things", []int{reset, 429, 200}, []int{1, 1, 1}, true, false},
		"put: 503, then success":   {"PUT", "/things/1", []int{503, 200}, []int{1, 2}, true, false},
		"put: reset, 503, success": {"PUT", "/things/1", []int{reset, 503, 200}, []int{1, 1, 2}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var keys []int
				seen := map[string]int{}
				c := newClient(t, "https://api.example.com", keyedOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
					if len(r.Header["Idempotency-Key"]) > 0 {
						t.Error("http.Transport would take the header as leave to repeat the request")
					}
					key := strings.Join(r.Header[strings.ToLower("Idempotency-Key")], " ")
					switch {
					case key == "":
						keys = append(keys, 0)
					case seen[key] == 0:
						seen[key] = len(seen) + 1
						fallthrough
					default:
						keys = append(keys, seen[key])
					}
					status := tt.outcomes[len(keys)-1]
					if status == reset {
						return nil, errors.New("connection reset by peer")
					}
					return answer(r, status, "application/json", "{}"), nil
				})))
				resp, err := c.Do(newRequest(t, tt.method, "https://api.example.com"+tt.path, "{}"))
				if err == nil {
					_ = resp.Body.Close()
				}
				if (err == nil) != tt.ok {
					t.Fatalf("error %v, want success %t", err, tt.ok)
				}
				if diff := cmp.Diff(tt.keys, keys); diff != "" {
					t.Errorf("keys -want +got\n%s", diff)
				}
				var e *apierr.Error
				if errors.As(err, &e) && e.MayHaveApplied != tt.maybe {
					t.Errorf("MayHaveApplied %t: %v", e.MayHaveApplied, err)
				}
			})
		})
	}
}

func TestIdempotencyKeyOfTheCaller(t *testing.T) {
	var keys []string
	c := newClient(t, "https://api.example.com", keyedOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		keys = append(keys, strings.Join(r.Header[strings.ToLower("Idempotency-Key")], " "))
		return answer(r, 200, "application/json", "{}"), nil
	})))
	send := func(change func(*http.Request) *http.Request) error {
		resp, err := c.Do(change(newRequest(t, "POST", "https://api.example.com/things", "{}")))
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	inContext := func(key string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request { return r.WithContext(WithIdempotencyKey(r.Context(), key)) }
	}
	if err := send(inContext("order-4711")); err != nil {
		t.Fatal(err)
	}
	if err := send(func(r *http.Request) *http.Request { r.Header.Set("Idempotency-Key", "order-4712"); return r }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"order-4711", "order-4712"}, keys); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, bad := range []string{"short", "with a space", strings.Repeat("k", 256), ""} {
		if err := send(inContext(bad)); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("key %q: %v, want an invalid request", bad, err)
		}
	}
	if key, ok := IdempotencyKey(WithIdempotencyKey(t.Context(), "order-4711")); key != "order-4711" || !ok {
		t.Errorf("IdempotencyKey = %q, %t", key, ok)
	}
	if key, ok := IdempotencyKey(t.Context()); ok {
		t.Errorf("IdempotencyKey = %q of a context without one", key)
	}
	if len(keys) != 2 {
		t.Errorf("%d requests were sent, want 2", len(keys))
	}
}
