package airbytetest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

// Credentials are a client id and secret of an application.
type Credentials struct{ ClientID, ClientSecret string }

// Credentials returns those of the application that the fake comes with.
func (f *Fake) Credentials() Credentials {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Credentials{f.applications[0].ClientID, f.applications[0].ClientSecret}
}

// BearerToken returns a new access token that lives as long as those of the token endpoint.
func (f *Fake) BearerToken() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newToken(time.Now(), f.applications[0].ClientID)
}

// APIKey returns a token that never expires, like the keys of Airbyte's old API.
func (f *Fake) APIKey() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.apiKey
}

// ExpireTokens ends every access token given out so far; API keys stay.
func (f *Fake) ExpireTokens() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.tokens)
}

// newToken returns a signed JSON Web Token, so that clients that look inside for the expiry find it. The lock is
// held.
func (f *Fake) newToken(now time.Time, subject string) string {
	ends := now.Add(f.config.tokenLifetime)
	claims, _ := json.Marshal(struct { //nolint:errchkjson // strings and numbers cannot fail
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
		Issued  int64  `json:"iat"`
		Expires int64  `json:"exp"`
		ID      string `json:"jti"`
	}{"http://airbyte.test", subject, now.Unix(), ends.Unix(), f.newID()})
	encode := base64.RawURLEncoding.EncodeToString
	body := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(f.signingKey))
	mac.Write([]byte(body))
	token := body + "." + encode(mac.Sum(nil))
	for t, end := range f.tokens {
		if len(f.tokens) > 256 && !now.Before(end) && f.has(ExpiringTokens) {
			delete(f.tokens, t)
		}
	}
	f.tokens[token] = ends
	return token
}

// open are the operations that need no credentials.
var open = map[string]bool{"POST /applications/token": true, "GET /health": true, "GET /oauth/callback": true}

func (f *Fake) authenticate(r *http.Request) *failure {
	if f.config.noAuth || open[r.Method+" "+r.URL.Path] {
		return nil
	}
	if user, password, ok := r.BasicAuth(); ok && f.config.basicUser != "" &&
		same(user, f.config.basicUser) && same(password, f.config.basicPassword) {
		return nil
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if ok {
		f.mu.Lock()
		ends, known := f.tokens[token]
		good := same(token, f.apiKey) || known && (time.Now().Before(ends) || !f.has(ExpiringTokens))
		f.mu.Unlock()
		if good {
			return nil
		}
	}
	return hal(http.StatusUnauthorized, r.URL.Path, "Unauthorized")
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// CreateAccessToken answers POST /applications/token, with a JSON or a form body.
func (a *service) CreateAccessToken(_ context.Context, request srv.CreateAccessTokenRequestObject) (srv.CreateAccessTokenResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	var id, secret string
	switch {
	case request.JSONBody != nil:
		id, secret = request.JSONBody.ClientID, request.JSONBody.ClientSecret
	case request.FormdataBody != nil:
		id, secret = request.FormdataBody.ClientID, request.FormdataBody.ClientSecret
	}
	for _, app := range f.applications {
		if same(app.ClientID, id) && same(app.ClientSecret, secret) {
			return srv.CreateAccessToken200JSONResponse{
				AccessToken: f.newToken(time.Now(), app.ClientID),
				ExpiresIn:   int64(f.config.tokenLifetime / time.Second),
				TokenType:   wire.PublicAccessTokenResponseTokenTypeBearer,
			}, nil
		}
	}
	switch f.config.edition {
	case SelfManaged:
		return nil, f.opaque(http.StatusInternalServerError, "Invalid client id or token")
	case Community:
		return nil, hal(http.StatusBadRequest, "/api/public/v1/applications/token", "Invalid client id or token")
	default:
		return nil, f.opaque(http.StatusUnauthorized, "Invalid client id or token")
	}
}
