package job

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func tokenPoller(origin string, key string) *Poller {
	return NewPoller(&script{}, Options{Service: "sim", Origin: origin, TokenKey: []byte(key)})
}

func TestTokenRoundTrip(t *testing.T) {
	for _, key := range []string{"", "secret"} {
		p := tokenPoller("https://API.example.com/v1", key)
		created := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
		for _, phase := range []Phase{PhaseUnknown, PhaseRunning, PhaseFailed} {
			token := p.Job(Snapshot{Ref: ref("4711"), Created: created, Phase: phase}).Token()
			row, err := json.Marshal(struct{ Token Token }{token})
			if err != nil {
				t.Fatal(err)
			}
			var back struct{ Token Token }
			if err := json.Unmarshal(row, &back); err != nil || back.Token != token {
				t.Fatalf("%s: %v", row, err)
			}
			// The same address, spelled otherwise, in another process.
			j, err := tokenPoller("https://api.example.com:443", key).Resume(back.Token)
			if err != nil {
				t.Fatal(err)
			}
			if got := j.Last(); got.Ref != ref("4711") || !got.Created.Equal(created) || got.Phase != PhaseUnknown || j.Token() != token {
				t.Errorf("%+v", got)
			}
		}
	}
}

func TestTokenHoldsNoURLAndNoSecret(t *testing.T) {
	token := tokenPoller("https://user:pass@api.example.com/v1?token=abc", "sign").Job(Snapshot{Ref: ref("4711")}).Token()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token.String(), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"example", "http", "pass", "abc", "sign"} {
		if strings.Contains(string(raw), bad) {
			t.Errorf("%s holds %q", raw, bad)
		}
	}
}

func TestTokenMismatch(t *testing.T) {
	const here = "https://api.example.com"
	mine := tokenPoller(here, "").Job(Snapshot{Ref: ref("1")}).Token()
	signed := tokenPoller(here, "key").Job(Snapshot{Ref: ref("1")}).Token()
	other := signed.String()
	forged, err := ParseToken(mine.String() + other[strings.LastIndex(other, "."):])
	if err != nil {
		t.Fatal(err)
	}
	changed := ref("1")
	changed.Service = "other"
	for name, tt := range map[string]struct {
		p     *Poller
		token Token
		want  error
	}{
		"another host":    {tokenPoller("https://evil.example.com", ""), mine, ErrTokenMismatch},
		"another scheme":  {tokenPoller("http://api.example.com", ""), mine, ErrTokenMismatch},
		"another port":    {tokenPoller("https://api.example.com:8000", ""), mine, ErrTokenMismatch},
		"no origin":       {tokenPoller("", ""), mine, ErrTokenMismatch},
		"another service": {tokenPoller(here, ""), tokenPoller(here, "").Job(Snapshot{Ref: changed}).Token(), ErrTokenMismatch},
		"not signed":      {tokenPoller(here, "key"), mine, ErrTokenMismatch},
		"another key":     {tokenPoller(here, "other key"), signed, ErrTokenMismatch},
		"empty":           {tokenPoller(here, ""), Token{}, ErrTokenInvalid},
	} {
		if _, err := tt.p.Resume(tt.token); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A signature over the same text is a signature; one that is not asked for does no harm.
	if _, err := tokenPoller(here, "key").Resume(forged); err != nil {
		t.Error(err)
	}
	if _, err := tokenPoller(here, "").Resume(signed); err != nil {
		t.Error(err)
	}
}

func encode(payload string) string {
	return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(payload))
}

func TestParseToken(t *testing.T) {
	for text, ok := range map[string]bool{
		encode(`{"v":1,"service":"sim","id":"1"}`):                                true,
		encode(`{"v":1,"service":"sim","id":"1","later":{"more":[1]}}`):           true,
		encode(`{"v":2,"service":"sim","id":"1"}`):                                false,
		encode(`{"v":1,"service":"sim"}`):                                         false,
		encode(`{"v":1,"service":"sim","id":"a\nb"}`):                             false,
		encode(`{"v":1,"service":"sim","id":"` + strings.Repeat("x", 600) + `"}`): false,
		encode(`{"v":1,"service":"sim","id":7}`):                                  false,
		encode(`[]`):                                                              false,
		encode(`{"v":1,"service":"sim","id":"1"}`) + ".AAAA":                      false,
		encode(`{"v":1,"service":"sim","id":"1"}`) + "\n":                         false,
		encode(`{"v":1,"id":"` + strings.Repeat("x", 5000) + `"}`):                false,
		"":        false,
		"sl1.":    false,
		"sl1.!!!": false,
		"sl2." + strings.TrimPrefix(encode(`{"v":1,"service":"sim","id":"1"}`), tokenPrefix): false,
	} {
		token, err := ParseToken(text)
		if (err == nil) != ok || err != nil && (!errors.Is(err, ErrTokenInvalid) || token != Token{}) {
			t.Errorf("%.80q: %v", text, err)
		}
	}
	var token Token
	if err := token.UnmarshalText(make([]byte, 1<<20)); !errors.Is(err, ErrTokenInvalid) {
		t.Error(err)
	}
	if err := token.UnmarshalText(nil); err != nil || !token.IsZero() {
		t.Error(err)
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(encode(`{"v":1,"service":"sim","kind":"sync","id":"4711","parent":"c","scope":"w","created":1795000000,"origin":"AAAAAAAAAAA"}`))
	f.Add(tokenPoller("https://api.example.com", "key").Job(Snapshot{Ref: ref("1")}).Token().String())
	f.Add("sl1.e30")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text)
		if err != nil {
			if !errors.Is(err, ErrTokenInvalid) || !token.IsZero() {
				t.Fatal(err)
			}
			if len(text) > 20 && strings.Contains(err.Error(), text) {
				t.Fatal("the error repeats the text")
			}
			return
		}
		if token.String() != text || token.Ref().ID == "" || len(text) > maxToken {
			t.Fatalf("%+v", token)
		}
		marshaled, err := token.MarshalText()
		var back Token
		if err != nil || back.UnmarshalText(marshaled) != nil || back != token {
			t.Fatal("it does not survive")
		}
		// Whatever it says, only a token of this address resumes, and a signed client takes none that it did not sign.
		if _, err := tokenPoller("https://api.example.com", "another key").Resume(token); err == nil {
			t.Fatal("resumed a forged token")
		}
	})
}
