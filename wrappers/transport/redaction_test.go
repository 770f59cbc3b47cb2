package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// dump prints whatever hooks are given, in every way.
type dump struct{ out *bytes.Buffer }

func (d dump) any(v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(d.out, verb+"\n", v)
	}
	text, err := json.Marshal(v)
	fmt.Fprintln(d.out, string(text), err)
}
func (d dump) OnCallStart(ctx context.Context, c Call) context.Context { d.any(c); return ctx }
func (d dump) OnCallEnd(_ context.Context, e CallEnd)                  { d.any(e) }
func (d dump) OnAttempt(_ context.Context, a Attempt)                  { d.any(a) }
func (d dump) OnRetry(_ context.Context, r Retry)                      { d.any(r) }
func (d dump) OnThrottle(_ context.Context, th Throttle)               { d.any(th) }
func (d dump) OnTokenRefresh(_ context.Context, r TokenRefresh)        { d.any(r) }

// err prints an error and all that it wraps.
func (d dump) err(err error) {
	d.any(err)
	if e, ok := errors.AsType[*apierr.Error](err); ok {
		d.out.Write(e.Body())
		d.any(e.Fields)
		d.any(e.LogValue())
	}
	var visible interface{ Unwrap() error } // what As gives must not show more than what Unwrap does
	if errors.As(err, &visible) {
		d.any(visible)
	}
	if network, ok := errors.AsType[net.Error](err); ok {
		d.any(network)
	}
	switch u := err.(type) { //nolint:errorlint // every part, one after the other
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			d.err(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range u.Unwrap() {
			d.err(inner)
		}
	}
}

// secretText draws values as credentials are: with quotes, slashes, ampersands and all that gets escaped.
func secretText(label string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return "S3C" + rapid.StringOfN(rapid.RuneFrom([]rune(`abcXYZ0189/+=&<>"'\ %é.-_:;{}[],`)), 6, 40, -1).Draw(t, label) + "T9z"
	})
}

// TestRedaction plants secrets in credentials, headers, queries and configurations, lets the service and the network
// send them back in every place there is, and looks for them in everything that a program can print.
func TestRedaction(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		token := "tok" + rapid.StringMatching(`[A-Za-z0-9_./+=-]{8,40}`).Draw(rt, "token") + "en"
		key := "key" + rapid.StringMatching(`[A-Za-z0-9_./+=-]{8,40}`).Draw(rt, "key") + "ey"
		query := secretText("query").Draw(rt, "q")
		password := secretText("password").Draw(rt, "p")
		deep := secretText("deep").Draw(rt, "d")
		secrets := []string{token, key, query, password, deep}

		var body []byte
		if rapid.Bool().Draw(rt, "form") {
			body = []byte(url.Values{"client_secret": {password}, "refresh_token": {deep}, "name": {"x"}}.Encode())
		} else {
			body, _ = json.Marshal(map[string]any{
				"name": "a source", "client_secret": password,
				"configuration": map[string]any{"host": deep, "nested": []any{map[string]any{"x": deep}}},
			})
		}
		echo := rapid.SampledFrom(secrets).Draw(rt, "echo")
		quoted, _ := json.Marshal(echo)
		text := rapid.SampledFrom([]string{
			echo, "wrong password " + echo + " for user", `{"message":` + string(quoted) + `}`,
			`{"detail":"x","configuration":{"a":` + string(quoted) + `}}`, `{"errors":[{"message":` + string(quoted) + `}],"code":` + string(quoted) + `}`,
			"<html><title>" + echo + "</title>", "<p>" + url.QueryEscape(echo) + "</p>", `{"message":"cut ` + echo,
			strings.Repeat("x", maxErrorBody-len(echo)/2) + echo, fmt.Sprintf("%q", echo), "Bearer " + token,
			`{"id":` + string(quoted) + `}`,
		}).Draw(rt, "text")
		status := rapid.SampledFrom([]int{200, 302, 400, 401, 409, 429, 500, 503, 0, 1, 2}).Draw(rt, "status")
		contentType := rapid.SampledFrom([]string{"application/json", "text/html", ""}).Draw(rt, "type")

		out := &bytes.Buffer{}
		d := dump{out}
		log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		auth := rapid.SampledFrom([]Auth{Bearer(token), Tokens(TokenSourceFunc(func(context.Context) (Token, error) {
			return Token{Value: token}, nil
		})), Basic("me", token), APIKey("X-Api-Key", token)}).Draw(rt, "auth")
		decode := func(a *ErrorAnswer) {
			if rapid.Bool().Draw(rt, "decoder") {
				a.Error.Message, a.Error.Code, a.Error.Hint = string(a.Body), echo, echo
				a.Error.Fields = []apierr.FieldError{{Field: echo, Message: "bad " + echo}}
			}
		}
		operations, _ := ParseOperations(testOperations)
		c, err := New("https://api.example.com", operations, WithAuth(auth), WithHeader("X-Auth-Token", key), WithLogger(log),
			WithHooks(d), WithErrorDecoder(decode), WithRetry(RetryOptions{MaxAttempts: 2, Base: 1, ThrottleBase: 1}),
			WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				switch status {
				case 0:
					return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New("broken: " + echo)}
				case 1:
					return nil, fmt.Errorf("wrapped: %w", &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New("x")})
				case 2:
					return nil, fmt.Errorf("sending %s with %v failed", r.URL, r.Header)
				}
				return answer(r, status, contentType, text, "X-Request-Id", "id "+echo, "Location", "https://e.example/"+url.PathEscape(echo)), nil
			})))
		if err != nil {
			rt.Fatal(err)
		}
		method, path := "POST", rapid.SampledFrom([]string{"/search", "/jobs", "/other"}).Draw(rt, "path")
		req, err := http.NewRequestWithContext(t.Context(), method, "https://api.example.com"+path+"?api_key="+url.QueryEscape(query), bytes.NewReader(body))
		if err != nil {
			rt.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if bytes.HasPrefix(body, []byte("client_secret")) {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		_, err = Decode[struct {
			ID int `json:"id"`
		}](c.Do(req))
		if err != nil {
			d.err(err)
			log.Error("failed", "err", err)
		}
		d.any(c)
		d.any(auth)
		printed := out.String()
		for _, secret := range secrets {
			forms := []string{secret, url.QueryEscape(secret), fmt.Sprintf("%x", secret)}
			if marshalled, err := json.Marshal(secret); err == nil {
				forms = append(forms, string(marshalled[1:len(marshalled)-1]))
			}
			for _, form := range forms {
				if i := strings.Index(printed, form); i >= 0 {
					rt.Fatalf("%q is shown: …%s", form, printed[max(0, i-200):min(len(printed), i+len(form)+50)])
				}
			}
		}
	})
}
