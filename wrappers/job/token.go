package job

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	tokenPrefix  = "sl1."
	tokenVersion = 1
	// maxToken bounds what is decoded, in bytes of text; maxTokenField one field of it.
	maxToken      = 4 << 10
	maxTokenField = 512
)

// Token is a job as text that another process can resume: it goes into a database row, a queue, a workflow's
// heartbeat. It holds the job's ids, when it was created and a digest of the origin it lives at; no URL and no
// secret, so a forged one cannot make a client call another host. It is a text in JSON too. The zero Token names no
// job. Tokens are comparable.
type Token struct {
	text    string
	ref     Ref
	created time.Time
	origin  string
}

// tokenPayload is the JSON inside a token. Unknown fields are ignored; the text is kept as it came.
type tokenPayload struct {
	V       int    `json:"v"`
	Service string `json:"service"`
	Kind    string `json:"kind,omitempty"`
	ID      string `json:"id"`
	Parent  string `json:"parent,omitempty"`
	Scope   string `json:"scope,omitempty"`
	// Created is in seconds since 1970, 0 when not known.
	Created int64 `json:"created,omitempty"`
	// Origin is the first 8 bytes of the SHA-256 of the client's origin.
	Origin string `json:"origin,omitempty"`
}

var tokenText = base64.RawURLEncoding.Strict()

func newToken(ref Ref, created time.Time, origin string, key []byte) Token {
	p := tokenPayload{V: tokenVersion, Service: ref.Service, Kind: ref.Kind, ID: ref.ID, Parent: ref.Parent, Scope: ref.Scope, Origin: origin}
	if !created.IsZero() {
		p.Created = created.Unix()
	}
	raw, err := json.Marshal(p)
	if err != nil { // strings and integers always marshal
		panic(err)
	}
	text := tokenPrefix + tokenText.EncodeToString(raw)
	if len(key) > 0 {
		text += "." + tokenText.EncodeToString(tokenMAC(text, key))
	}
	t := Token{text: text, ref: ref, origin: origin}
	if p.Created != 0 {
		t.created = time.Unix(p.Created, 0).UTC()
	}
	return t
}

// ParseToken reads a token from its text. It does no I/O and accepts anything: whatever is not a token is an error
// that wraps [ErrTokenInvalid] and does not repeat the text. A token that parses may still be refused by
// [Poller.Resume].
func ParseToken(text string) (Token, error) {
	invalid := func(format string, args ...any) (Token, error) {
		return Token{}, fmt.Errorf("%w: %s", ErrTokenInvalid, fmt.Sprintf(format, args...))
	}
	if len(text) > maxToken {
		return invalid("longer than %d bytes", maxToken)
	}
	body, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok {
		return invalid("it does not begin with %q", tokenPrefix)
	}
	if strings.ContainsAny(body, "\r\n") { // the decoder would skip them
		return invalid("it is damaged")
	}
	body, mac, signed := strings.Cut(body, ".")
	raw, err := tokenText.DecodeString(body)
	if err != nil {
		return invalid("it is damaged")
	}
	if signed {
		if m, err := tokenText.DecodeString(mac); err != nil || len(m) != sha256.Size {
			return invalid("its signature is damaged")
		}
	}
	var p tokenPayload
	if err := json.Unmarshal(raw, &p); err != nil {
		return invalid("it is damaged")
	}
	if p.V != tokenVersion {
		return invalid("version %d, this library reads version %d", p.V, tokenVersion)
	}
	if p.ID == "" {
		return invalid("it names no job")
	}
	for _, s := range []string{p.Service, p.Kind, p.ID, p.Parent, p.Scope, p.Origin} {
		if len(s) > maxTokenField || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return invalid("one of its fields cannot be an id")
		}
	}
	t := Token{text: text, origin: p.Origin,
		ref: Ref{Service: p.Service, Kind: p.Kind, ID: p.ID, Parent: p.Parent, Scope: p.Scope}}
	if p.Created > 0 && p.Created < 1<<37 {
		t.created = time.Unix(p.Created, 0).UTC()
	}
	return t, nil
}

// Ref returns the job that the token names. Nothing vouches for it before [Poller.Resume] has accepted the token.
func (t Token) Ref() Ref { return t.ref }

// String returns the token's text.
func (t Token) String() string { return t.text }

// IsZero reports whether t names no job.
func (t Token) IsZero() bool { return t.text == "" }

// MarshalText implements [encoding.TextMarshaler]; the zero Token is the empty text.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.text), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] by [ParseToken]; the empty text is the zero Token.
func (t *Token) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = Token{}
		return nil
	}
	if len(text) > maxToken {
		text = text[:maxToken+1]
	}
	parsed, err := ParseToken(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// check refuses a token that is not for the client that service, origin and key describe.
func (t Token) check(service, origin string, key []byte) error {
	switch {
	case t.text == "":
		return fmt.Errorf("%w: it is empty", ErrTokenInvalid)
	case t.ref.Service != service:
		return fmt.Errorf("%w: it is for %q, this client is for %q", ErrTokenMismatch, t.ref.Service, service)
	case t.origin != origin:
		return fmt.Errorf("%w: it was made for another address of %s — resume it with the client of that address", ErrTokenMismatch, service)
	case len(key) == 0:
		return nil
	}
	body, mac := t.text, ""
	if i := strings.LastIndexByte(t.text, '.'); i >= len(tokenPrefix) {
		body, mac = t.text[:i], t.text[i+1:]
	}
	got, err := tokenText.DecodeString(mac)
	if err != nil || !hmac.Equal(got, tokenMAC(body, key)) {
		return fmt.Errorf("%w: its signature is missing or was made with another key", ErrTokenMismatch)
	}
	return nil
}

func tokenMAC(body string, key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(body))
	return h.Sum(nil)
}

// originTag is a short digest of the scheme, host and port of base, so that a token fits one installation only and
// does not say which.
func originTag(base string) string {
	if base == "" {
		return ""
	}
	origin, err := normalOrigin(base)
	if err != nil {
		origin = base
	}
	sum := sha256.Sum256([]byte(origin))
	return tokenText.EncodeToString(sum[:8])
}

func normalOrigin(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if scheme == "" || host == "" {
		return "", errors.New("no scheme or host")
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + host + ":" + port, nil
}
