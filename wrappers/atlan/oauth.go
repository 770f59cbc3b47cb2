package atlan

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// tokenLife is how long a token lives when the answer does not say (pyatlan's client/oauth.py).
const tokenLife = 10 * time.Minute

// tokenExchange makes tokens from the id and the secret of an OAuth client.
type tokenExchange struct {
	id, secret string
	raw        *atlanapi.ClientWithResponses
}

// connect makes the exchange send its requests over the client's connections and within its limits, without credentials.
func (x *tokenExchange) connect(c *Client) error {
	t, err := c.transport.With(transport.WithAuth(transport.None()), transport.WithErrorDecoder(explainExchange))
	if err != nil {
		return err
	}
	x.raw, err = atlanapi.NewClientWithResponses(c.base, atlanapi.WithHTTPClient(t))
	return err
}

// Token asks for a new token.
//
//sluice:operation POST /api/service/oauth-clients/token
func (x *tokenExchange) Token(ctx context.Context) (transport.Token, error) {
	asked := time.Now()
	// The call that needs the token may have said something about itself that is not true of this one.
	ctx = transport.WithSafety(ctx, transport.Idempotent)
	answer, err := transport.Decode[atlanapi.OAuthTokenResponse](x.raw.GetOAuthClientToken(ctx, atlanapi.OAuthTokenRequest{
		ClientID: x.id, ClientSecret: x.secret,
	}))
	if err != nil {
		return transport.Token{}, err
	}
	if answer.AccessToken == nil || *answer.AccessToken == "" {
		return transport.Token{}, &apierr.Error{Service: service, Operation: "getOAuthClientToken", Kind: apierr.KindUnexpected,
			Status: http.StatusOK, Message: "the answer holds no token"}
	}
	if answer.TokenType != nil && *answer.TokenType != "" && !strings.EqualFold(*answer.TokenType, "bearer") {
		return transport.Token{}, &apierr.Error{Service: service, Operation: "getOAuthClientToken", Kind: apierr.KindUnexpected,
			Status: http.StatusOK, Message: "the token is not a bearer token"}
	}
	life := tokenLife
	if answer.ExpiresIn != nil && *answer.ExpiresIn > 0 && *answer.ExpiresIn < int64(365*24*time.Hour/time.Second) {
		life = time.Duration(*answer.ExpiresIn) * time.Second
	}
	return transport.Token{Value: *answer.AccessToken, Expires: asked.Add(life)}, nil
}

// explainExchange reads the answer to a failed exchange: whatever the status of a refusal, the id or the secret is wrong.
func explainExchange(a *transport.ErrorAnswer) {
	explain(a)
	switch a.Error.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity:
		a.Error.Kind = apierr.KindUnauthenticated
		a.Error.Hint = "The id or the secret of the OAuth client was refused: check both, and that the client belongs to this tenant."
	}
}
