package atlantest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	srv "github.com/sluice-sdk/sluice/gen/atlanserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

const longestParameter = 4096

// route maps a path to one of the document: clients also send it with a slash at its end.
func (f *Fake) route(p string) (string, bool) {
	if len(p) > 1 {
		p = strings.TrimSuffix(p, "/")
	}
	return p, true
}

// elsewhere answers requests for paths that the API does not have: stored files, mistakes.
func (f *Fake) elsewhere(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, storagePath) {
		f.storage(w, r)
		return
	}
	meta := strings.HasPrefix(r.URL.Path, "/api/meta/")
	if methods := f.methods(r.URL.Path); len(methods) > 0 {
		e := gateway(http.StatusMethodNotAllowed, "Method Not Allowed")
		if meta {
			e = metastore(http.StatusMethodNotAllowed, "ATLAS-405-00-001",
				"Error 405 - The request method %s is inappropriate for the URL: %s", r.Method, r.URL.Path)
		}
		e.header = http.Header{"Allow": {strings.Join(methods, ", ")}}
		e.write(w)
		return
	}
	if meta {
		metastore(http.StatusNotFound, "ATLAS-404-00-016", "no such path: %s", r.URL.Path).write(w)
		return
	}
	gateway(http.StatusNotFound, "no Route matched with those values").write(w)
}

// methods returns those that a path has.
func (f *Fake) methods(path string) (all []string) {
	doc, err := document()
	path, ok := f.route(path)
	if err != nil || !ok {
		return nil
	}
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPost, http.MethodPut} {
		if _, ok := doc.Find(method, path); ok {
			all = append(all, method)
		}
	}
	return all
}

type callKey struct{}

func (f *Fake) handler() http.Handler {
	invalid := func(w http.ResponseWriter, r *http.Request, err error) {
		if strings.HasPrefix(r.URL.Path, "/api/meta/") {
			invalidParameters("%v", err).write(w)
			return
		}
		heracles(http.StatusBadRequest, 1000, "%v", err).write(w)
	}
	routes := srv.HandlerWithOptions(&service{f: f}, srv.ChiServerOptions{BaseRouter: chi.NewRouter(), ErrorHandlerFunc: invalid})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, e := f.admitted(r)
		if e != nil {
			e.write(w)
			return
		}
		if f.config.noLegacy && isWorkflowPath(r.URL.Path) {
			gateway(http.StatusNotFound, "no Route matched with those values").write(w)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			servicetest.Cut(w, r)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.body = body
		if e := f.readable(r); e != nil {
			e.write(w)
			return
		}
		routes.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
	})
}

// readable refuses what the metastore's filter for requests refuses.
func (f *Fake) readable(r *http.Request) *failure {
	if !f.has(ShortParameters) || !strings.HasPrefix(r.URL.Path, "/api/meta/") {
		return nil
	}
	for name, values := range r.URL.Query() {
		for _, v := range values {
			if len(v) > longestParameter {
				return metastore(http.StatusBadRequest, "ATLAS-400-00-057", "Length of query param %s exceeds the limit", name)
			}
		}
	}
	return nil
}

// admitted says who may send a request, or why nobody may now.
func (f *Fake) admitted(r *http.Request) (*call, *failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.advance(now)
	if f.has(RateLimited) {
		if wait := f.limit.admit(now); wait > 0 {
			return nil, f.tooMany(wait)
		}
	}
	who, e := f.authenticate(r)
	if e != nil {
		return nil, e
	}
	return &call{Fake: f, who: who}, nil
}

// call is one request at work.
type call struct {
	*Fake
	who  *principal
	body []byte
}

// decode reads the body of the request, which the contract has checked already.
func (c *call) decode(v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		return invalidParameters("%v", err)
	}
	return nil
}

// service implements the server, all of its operations; see TestEveryOperation.
type service struct {
	srv.Unimplemented
	f *Fake
}

// answered is an answer with another status than 200.
type answered struct {
	status int
	body   any
}

// nothing is an answer without a body.
var nothing = answered{status: http.StatusNoContent}

// empty is an answer 200 without a body.
var empty = answered{status: http.StatusOK}

// document is JSON that is written as it is.
type written []byte

// text is an answer that is no JSON.
type text struct {
	status            int
	contentType, body string
}

// do runs an operation with the fake's lock held, at the present, and answers what it returns: a failure, an answered,
// a text, or what is to be written as JSON.
func (a *service) do(w http.ResponseWriter, r *http.Request, work func(c *call) (any, error)) {
	c, ok := r.Context().Value(callKey{}).(*call)
	if !ok {
		internal("java.lang.IllegalStateException", "no caller").write(w)
		return
	}
	status := http.StatusOK
	body, err := func() ([]byte, error) {
		a.f.mu.Lock()
		defer a.f.mu.Unlock()
		a.f.advance(time.Now())
		out, err := work(c)
		if err != nil {
			return nil, err
		}
		if t, ok := out.(text); ok {
			status = t.status
			w.Header().Set("Content-Type", t.contentType)
			return []byte(t.body), nil
		}
		if x, ok := out.(answered); ok {
			if status, out = x.status, x.body; out == nil {
				return nil, nil
			}
		}
		w.Header().Set("Content-Type", "application/json")
		if raw, ok := out.(written); ok {
			return raw, nil
		}
		return json.Marshal(out)
	}()
	if err != nil {
		if e, ok := errors.AsType[*failure](err); ok {
			e.write(w)
			return
		}
		internal("java.lang.RuntimeException", err.Error()).write(w)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// limiter counts requests within the last minute, and blocks for one when there were too many.
type limiter struct {
	most    int
	times   []time.Time // ring of the last requests that were let in
	next    int
	blocked time.Time
	refused int
}

// admit lets a request in, or says how long none is.
func (l *limiter) admit(now time.Time) time.Duration {
	if l.most <= 0 {
		return 0
	}
	if now.Before(l.blocked) {
		l.refused++
		return l.blocked.Sub(now)
	}
	if len(l.times) < l.most {
		l.times = append(l.times, now)
		return 0
	}
	if now.Sub(l.times[l.next]) < time.Minute {
		l.refused++
		l.blocked = now.Add(time.Minute)
		return time.Minute
	}
	l.times[l.next] = now
	l.next = (l.next + 1) % len(l.times)
	return 0
}
