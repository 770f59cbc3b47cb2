package polytomictest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/sluice-sdk/sluice/gen/polytomicserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

const (
	versionHeader = "X-Polytomic-Version"
	newestVersion = "2025-09-18"
	connectPath   = "/api/connections/connect"
	longestURL    = 8 << 10
)

// versions are those that the service supports. The fake serves the newest in any case, and says so in the echo.
var versions = []string{newestVersion, "2024-02-08", "2023-04-25", "2022-12-12", "2021-05-23"}

// route maps a path to one of the document.
func (f *Fake) route(p string) (string, bool) {
	if strings.Contains(p, "//") {
		if f.has(DoubleSlash) {
			return "", false
		}
		p = cleaned(p)
	}
	if p == connectPath && !f.has(TrailingSlash) {
		p += "/"
	}
	return p, true
}

func cleaned(p string) string {
	slash := strings.HasSuffix(p, "/")
	if p = path.Clean("/" + p); slash && p != "/" {
		p += "/"
	}
	return p
}

// elsewhere answers requests for paths that the API does not have: pages in a browser, stored files, mistakes.
func (f *Fake) elsewhere(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	switch {
	case strings.Contains(p, "//"): // what net/http's ServeMux does
		u := *r.URL
		u.Path, u.RawPath = cleaned(p), ""
		w.Header().Set("Location", u.RequestURI())
		w.WriteHeader(http.StatusMovedPermanently)
	case strings.HasPrefix(p, storagePath):
		f.storage(w, r)
	case strings.HasPrefix(p, sessionPath):
		f.sessionPage(w, r)
	case strings.HasPrefix(p, consentPath):
		f.consentPage(w, r)
	case f.has(WrongPathIsText):
		(&failure{status: http.StatusNotFound, raw: "404 page not found\n", text: "not found"}).write(w)
	default:
		notFound("path", p).write(w)
	}
}

type requestKey struct{}

// received is a request with its body, which was read already.
type received struct {
	*http.Request
	body []byte
}

func requestOf(ctx context.Context) received {
	r, _ := ctx.Value(requestKey{}).(received)
	return r
}

func (f *Fake) handler() http.Handler {
	strict := polytomicserver.NewStrictHandlerWithOptions(&service{f}, nil, polytomicserver.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			f.invalid(err.Error()).write(w)
		},
		ResponseErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			if e, ok := errors.AsType[*failure](err); ok {
				e.write(w)
				return
			}
			if r.Context().Err() != nil || f.ctx.Err() != nil {
				servicetest.Cut(w, r)
				return
			}
			internalError().write(w)
		},
	})
	routes := polytomicserver.HandlerWithOptions(strict, polytomicserver.ChiServerOptions{
		BaseRouter: chi.NewRouter(), ErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			f.invalid(err.Error()).write(w)
		},
	})
	work := f.withOutcomes(routes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.has(VersionEcho) {
			w.Header().Set(versionHeader, f.config.version)
		}
		c, e := f.admitted(r)
		if e != nil {
			e.write(w)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			servicetest.Cut(w, r)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		ctx := context.WithValue(r.Context(), callerKey{}, c)
		r = r.WithContext(context.WithValue(ctx, requestKey{}, received{r, body}))
		f.once(w, r, c, body, work)
	})
}

// admitted says who may send a request, or why nobody may now.
func (f *Fake) admitted(r *http.Request) (*caller, *failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	c, e := f.authenticate(r)
	if e != nil {
		return nil, e
	}
	if v := r.Header.Get(versionHeader); v != "" && !slices.Contains(versions, v) {
		return nil, badRequest("unsupported API version %q", v)
	}
	if e := f.limited(now); e != nil {
		return nil, e
	}
	if e := admit(r.Context(), c); e != nil {
		return nil, e
	}
	return c, nil
}

// limited says whether a request is one too many in its minute. The lock is held.
func (f *Fake) limited(now time.Time) *failure {
	if f.config.perMinute <= 0 {
		return nil
	}
	minute := now.Unix() / 60
	if minute != f.minute {
		f.minute, f.inMinute = minute, 0
	}
	if f.inMinute++; f.inMinute <= f.config.perMinute {
		return nil
	}
	return tooMany(now, time.Unix((minute+1)*60, 0))
}

func tooMany(now, reset time.Time) *failure {
	e := problem(http.StatusTooManyRequests, "rate_limited", "too many requests", nil)
	seconds := max(1, int64((reset.Sub(now)+time.Second-1)/time.Second))
	e.header = http.Header{
		"Retry-After":       {strconv.FormatInt(seconds, 10)},
		"X-Ratelimit-Reset": {strconv.FormatInt(reset.Unix(), 10)},
	}
	return e
}

func internalError() *failure {
	return problem(http.StatusInternalServerError, "internal_error", "internal server error", nil)
}

// service implements the strict server. Its methods take the fake's lock, except where they wait.
type service struct{ f *Fake }

// enter takes the lock, brings the world up to the present and says who calls.
func (a *service) enter(ctx context.Context) (*Fake, *caller) {
	a.f.mu.Lock()
	a.f.advance(time.Now())
	return a.f, callerOf(ctx)
}

func (a *service) leave() { a.f.mu.Unlock() }

// pause lets time pass without the lock, as a call to a far system does: it goes on when the client has left, and
// ends with the fake.
func (a *service) pause(d time.Duration) error { return servicetest.Sleep(a.f.ctx, d) }
