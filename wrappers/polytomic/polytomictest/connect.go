package polytomictest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

const (
	sessionPath = "/connect/"
	consentPath = "/oauth/"
)

// session is a page in a browser that waits for an end user: of Connect, or of the consent to one connection.
type session struct {
	name, redirectURL string
	org               *organization
	kind              *connectionType
	connection        *connection // an existing one
	by                *caller
}

func (a *service) CreateConnectSession(ctx context.Context, request srv.CreateConnectSessionRequestObject) (srv.CreateConnectSessionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	body := request.Body
	if err := own(c, body.OrganizationID); err != nil {
		return nil, err
	}
	if u, err := url.Parse(body.RedirectURL); err != nil || u.Host == "" {
		return nil, unprocessable("redirect_url is not a URL")
	}
	s := &session{name: body.Name, redirectURL: body.RedirectURL, org: c.org, by: c, kind: typeByID("salesforce")}
	if id := or(body.Connection, ""); id != "" {
		x, err := f.connection(c, id)
		if err != nil {
			return nil, err
		}
		s.connection, s.kind = x, x.kind
	}
	if err := f.nameFree(c, body.Name, s.connection); err != nil {
		return nil, err
	}
	for _, other := range f.sessions {
		if other.org == c.org && other.name == body.Name && other.connection == nil && s.connection == nil {
			return nil, unprocessable("name %q is taken", body.Name)
		}
	}
	allowed := givenOr(body.Whitelist, nil)
	if t := or(body.Type, ""); t != "" { // deprecated, and wins over the whitelist
		allowed = []string{t}
	}
	for _, t := range allowed {
		if knownType(t) == nil {
			return nil, unprocessable("unknown connection type %q", t)
		}
	}
	if len(allowed) > 0 && s.connection == nil {
		s.kind = typeByID(allowed[0])
	}
	token := f.newSecret()
	f.sessions[token] = s
	return srv.CreateConnectSession200JSONResponse{Data: &wire.ConnectCardResponse{
		RedirectURL: new(f.origin(ctx) + sessionPath + token), Token: &token,
	}}, nil
}

// finish lets the end user of a session say yes. The lock is held.
func (f *Fake) finish(token string) (*session, *connection) {
	s := f.sessions[token]
	if s == nil {
		return nil, nil
	}
	delete(f.sessions, token) // for a single use
	x := s.connection
	if x == nil {
		x = &connection{
			id: f.newID(), name: s.name, org: s.org, kind: s.kind, created: f.now, updated: f.now, createdBy: s.by,
		}
		f.connections.add(x)
	}
	if x.configuration == nil {
		x.configuration = x.kind.sample(f)
	}
	if x.kind.oauth {
		x.configuration["oauth_refresh_token"] = f.newSecret()
	}
	x.saved, x.status, x.statusError, x.healthyAt = true, statusPending, "", f.now.Add(f.config.healthyAfter)
	if f.config.healthyAfter <= 0 {
		x.status = statusHealthy
	}
	f.fill(x)
	return s, x
}

// CompleteConnect does what the end user does in the page of a Connect session, or of an OAuth consent, by its token
// (of an OAuth type, the auth_code). The connection is healthy a while later, see [HealthyAfter]. It returns its id,
// and false when there is no such session: each works once.
func (f *Fake) CompleteConnect(token string) (connectionID string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	_, x := f.finish(token)
	if x == nil {
		return "", false
	}
	return x.id, true
}

// ConnectSessions returns the tokens of the sessions that wait for an end user, sorted.
func (f *Fake) ConnectSessions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for token := range f.sessions {
		out = append(out, token)
	}
	slices.Sort(out)
	return out
}

// sessionPage is where a Connect session sends the end user. Who opens it has agreed.
func (f *Fake) sessionPage(w http.ResponseWriter, r *http.Request) {
	f.agree(w, strings.TrimPrefix(r.URL.Path, sessionPath))
}

// consentPage is where an OAuth connection sends the end user. Who opens it has agreed.
func (f *Fake) consentPage(w http.ResponseWriter, r *http.Request) {
	f.agree(w, strings.TrimPrefix(r.URL.Path, consentPath))
}

func (f *Fake) agree(w http.ResponseWriter, token string) {
	f.mu.Lock()
	f.advance(time.Now())
	s, x := f.finish(token)
	f.mu.Unlock()
	if s == nil {
		http.Error(w, "this link was used already", http.StatusGone)
		return
	}
	back, err := url.Parse(s.redirectURL)
	if err != nil {
		http.Error(w, "redirect_url is not a URL", http.StatusBadRequest)
		return
	}
	q := back.Query()
	q.Set("connection", x.id)
	q.Set("name", x.name)
	back.RawQuery = q.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}
