package airbyte

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// tokenLife is how long a token is taken to live when nobody says: Cloud's tokens lived three minutes once.
const tokenLife = 150 * time.Second

// tokenSource makes access tokens from an application's id and secret.
type tokenSource struct {
	raw        *airbyteapi.ClientWithResponses // a client without credentials
	id, secret string
	worked     atomic.Bool // the service has taken them
}

// Token asks for a new token. The body is JSON with two keys: self-managed versions refuse a form, and some the grant
// type (airbyte-api-python-sdk#126, terraform-provider-airbyte#113).
//
//sluice:operation POST /applications/token
func (s *tokenSource) Token(ctx context.Context) (transport.Token, error) {
	asked := time.Now()
	answer, err := transport.Decode[airbyteapi.PublicAccessTokenResponse](s.raw.CreateAccessToken(ctx, airbyteapi.ApplicationTokenRequestWithGrant{
		ClientID: s.id, ClientSecret: s.secret,
	}))
	if err != nil {
		return transport.Token{}, s.passing(err)
	}
	s.worked.Store(true)
	return transport.Token{Value: answer.AccessToken, Expires: tokenExpiry(answer, asked)}, nil
}

// passing makes a failure of the server again of a 500 that was taken for a refusal: credentials that were taken before are
// hardly wrong, and a server that restarts must not end every wait.
func (s *tokenSource) passing(err error) error {
	if e, ok := errors.AsType[*apierr.Error](err); ok && s.worked.Load() && e.Status == http.StatusInternalServerError {
		again := *e
		again.Kind = apierr.KindOfStatus(e.Status)
		return &again
	}
	return err
}

// tokenExpiry is when a token ends: as the answer says, else as the token itself says when it is a JWT, else soon.
func tokenExpiry(answer *airbyteapi.PublicAccessTokenResponse, asked time.Time) time.Time {
	if answer.ExpiresIn > 0 && answer.ExpiresIn < int64(365*24*time.Hour/time.Second) {
		return asked.Add(time.Duration(answer.ExpiresIn) * time.Second)
	}
	if exp, ok := jwtExpiry(answer.AccessToken); ok {
		return exp
	}
	return asked.Add(tokenLife)
}

// jwtExpiry reads the "exp" claim. It checks no signature: only when to renew depends on it.
func jwtExpiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expires json.Number `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return time.Time{}, false
	}
	seconds, err := claims.Expires.Float64()
	if err != nil || seconds <= 0 || seconds > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}
