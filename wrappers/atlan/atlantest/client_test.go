package atlantest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// answer is what the fake said.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   any
}

// at returns what a path of keys and places leads to, nil when it leads nowhere.
func (a answer) at(path string) any {
	x := a.body
	for key := range strings.SplitSeq(path, "/") {
		switch v := x.(type) {
		case map[string]any:
			x = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				return nil
			}
			x = v[i]
		default:
			return nil
		}
	}
	return x
}

func (a answer) text(path string) string {
	s, _ := a.at(path).(string)
	return s
}

func (a answer) length(path string) int {
	list, _ := a.at(path).([]any)
	return len(list)
}

// client sends requests to a fake.
type client struct {
	t     testing.TB
	fake  *Fake
	http  *http.Client
	token string
	heard func(method, path string, a answer) // is told of every answer, when it is there
}

func newClient(t testing.TB, f *Fake) *client {
	c := f.HTTPClient()
	t.Cleanup(c.CloseIdleConnections)
	return &client{t: t, fake: f, http: c, token: f.APIKey()}
}

func (c *client) send(method, path, body string, header ...string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.fake.URL()+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	a := answer{status: response.StatusCode, header: response.Header, raw: raw}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") && len(raw) > 0 {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
	if c.heard != nil {
		c.heard(method, path, a)
	}
	return a
}

// want sends a request and ends the test when its status is another.
func (c *client) want(status int, method, path, body string, header ...string) answer {
	c.t.Helper()
	a := c.send(method, path, body, header...)
	if a.status != status {
		c.t.Fatalf("%s %s answers %d, not %d: %s", method, path, a.status, status, a.raw)
	}
	return a
}

const bulk = "/api/meta/entity/bulk"

// save saves entities, given as JSON without the list around them.
func (c *client) save(entities string, query ...string) answer {
	c.t.Helper()
	return c.want(200, "POST", bulk+strings.Join(query, ""), `{"entities":[`+entities+`]}`)
}

func (c *client) get(guid string) answer {
	c.t.Helper()
	return c.want(200, "GET", "/api/meta/entity/guid/"+guid, "")
}

// inBubble runs a test with a fake in virtual time.
func inBubble(t *testing.T, test func(t *testing.T, f *Fake, c *client), opts ...Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := New(t, opts...)
		test(t, f, newClient(t, f))
	})
}

func pass(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

// nonsense is what a test sends on purpose.
func nonsense(v *servicetest.Violation) bool { return v.Direction == servicetest.Request }
