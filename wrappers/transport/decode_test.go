package transport

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

type item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// fast has a decoder of its own.
type fast struct{ text string }

func (f *fast) DecodeJSON(text []byte) error {
	if string(text) == `"bad"` {
		return errors.New("bad")
	}
	f.text = string(text)
	return nil
}

func answering(t *testing.T, contentType, body string) *Client {
	return newClient(t, "https://api.example.com", testOperations, WithService("acme"), WithRoundTripper(roundTripper(
		func(r *http.Request) (*http.Response, error) {
			return answer(r, 200, contentType, body, "X-Request-Id", "id-1"), nil
		})))
}

func TestDecode(t *testing.T) {
	do := func(body string) (*http.Response, error) {
		return answering(t, "application/json", body).Do(newRequest(t, "GET", "https://api.example.com/jobs/7", ""))
	}
	if got, err := Decode[item](do(` {"id":7,"name":"x","new":true} `)); err != nil || *got != (item{7, "x"}) {
		t.Error(got, err)
	}
	if got, err := Decode[[]item](do(`[{"id":1},{"id":2}]`)); err != nil || len(*got) != 2 {
		t.Error(got, err)
	}
	if got, err := Decode[[]item](do(`null`)); err != nil || *got != nil {
		t.Error(got, err)
	}
	if got, err := Decode[json.RawMessage](do(`{"a": 1}`)); err != nil || string(*got) != `{"a": 1}` {
		t.Error(got, err)
	}
	if got, err := Decode[fast](do(`{"a": 1}`)); err != nil || got.text != `{"a": 1}` {
		t.Error(got, err)
	}
	large := `[` + strings.Repeat(`{"id":1,"name":"some text to fill the page with"},`, 60_000) + `{"id":2}]`
	if got, err := Decode[[]item](do(large)); err != nil || len(*got) != 60_001 {
		t.Error(err)
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, test := range []struct {
		body, contentType string
		kind              apierr.Kind
	}{
		{``, "application/json", apierr.KindUnexpected},
		{`  `, "application/json", apierr.KindUnexpected},
		{`null`, "application/json", apierr.KindUnexpected},
		{`{"id":`, "application/json", apierr.KindDecode},
		{`{"id":"seven"}`, "application/json", apierr.KindDecode},
		{`{} {}`, "application/json", apierr.KindDecode},
		{`<html><title>x</title>`, "application/json", apierr.KindDecode},
		{`<html><title>x</title>`, "text/html", apierr.KindDecode},
	} {
		for path, mayHaveApplied := range map[string]bool{"/jobs/7": false, "/trigger": true, "/no/table": true} {
			resp, err := answering(t, test.contentType, test.body).Do(newRequest(t, "GET", "https://api.example.com"+path, ""))
			_, err = Decode[item](resp, err)
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != test.kind || e.Status != 200 || e.Service != "acme" || e.RequestID != "id-1" || e.Attempts != 1 {
				t.Errorf("%s %s: %#v", test.body, path, err)
				continue
			}
			if path == "/jobs/7" && (e.Operation != "getJob" || e.Route != "/jobs/{jobId}") {
				t.Errorf("%#v", e)
			}
			if e.MayHaveApplied != mayHaveApplied || strings.HasPrefix(test.body, "<") != (e.Hint != "") {
				t.Errorf("%s: %s: %#v", path, test.body, e)
			}
			if resp != nil {
				if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
					t.Errorf("%s: the body was left open", test.body)
				}
			}
		}
	}
	if _, err := Decode[fast](answering(t, "application/json", `"bad"`).Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))); !errors.Is(err, apierr.ErrDecode) {
		t.Error(err)
	}
	// The text of a decoding error may quote the answer.
	secret := `{"password":"planted-secret-1","id":` + `"planted-secret-1"}`
	req := newRequest(t, "POST", "https://api.example.com/search", `{"password":"planted-secret-1"}`)
	_, err := Decode[quoting](answering(t, "application/json", secret).Do(req))
	if !errors.Is(err, apierr.ErrDecode) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "planted") {
		t.Error(err)
	}
	var e *apierr.Error
	if !errors.As(err, &e) || strings.Contains(string(e.Body()), "planted") || len(e.Body()) == 0 {
		t.Errorf("%s", e.Body())
	}
}

type quoting struct{}

func (*quoting) DecodeJSON(text []byte) error { return fmt.Errorf("cannot read %s", text) }

func TestDecodePassesErrors(t *testing.T) {
	own := &apierr.Error{Kind: apierr.KindNotFound}
	if _, err := Decode[item](nil, own); !errors.Is(err, error(own)) {
		t.Error(err)
	}
	if err := Discard(nil, own); !errors.Is(err, error(own)) {
		t.Error(err)
	}
	wrapped := fmt.Errorf("wrapped: %w", own)
	if _, err := Decode[item](nil, wrapped); !errors.Is(err, wrapped) {
		t.Error(err)
	}
	// Errors of generated code become ours.
	for _, err := range []error{errors.New("x"), &url.Error{Op: "parse", URL: "https://x/?k=planted", Err: errors.New("bad")}} {
		_, got := Decode[item](nil, err)
		if !errors.Is(got, apierr.ErrInvalid) || strings.Contains(got.Error(), "planted") {
			t.Error(got)
		}
		if got := Discard(nil, err); !errors.Is(got, apierr.ErrInvalid) {
			t.Error(got)
		}
	}
	if _, err := Decode[item](nil, nil); !errors.Is(err, apierr.ErrUnexpected) {
		t.Error(err)
	}
	if err := Discard(nil, nil); !errors.Is(err, apierr.ErrUnexpected) {
		t.Error(err)
	}
	c := answering(t, "application/json", `{}`)
	raw, err := airbyteapi.NewClient(c.Base(), airbyteapi.WithHTTPClient(c))
	if err != nil {
		t.Fatal(err)
	}
	nan := map[string]any{"x": math.NaN()}
	_, err = Decode[item](raw.CreateSource(t.Context(), airbyteapi.SourceCreateRequest{Configuration: nan}))
	if !errors.Is(err, apierr.ErrInvalid) {
		t.Error(err)
	}
}

// TestDecodeForeign: an answer that did not come from a Client is read too.
func TestDecodeForeign(t *testing.T) {
	answer := func(status int, body io.Reader) *http.Response {
		return &http.Response{StatusCode: status, Body: io.NopCloser(body)}
	}
	if got, err := Decode[item](answer(200, strings.NewReader(`{"id":7}`)), nil); err != nil || got.ID != 7 {
		t.Error(got, err)
	}
	for _, test := range []struct {
		status int
		body   io.Reader
		want   error
	}{
		{200, strings.NewReader(`{`), apierr.ErrDecode},
		{200, strings.NewReader(``), apierr.ErrUnexpected},
		{404, strings.NewReader(`{}`), apierr.ErrNotFound},
		{200, io.LimitReader(zeros{}, 1<<40), apierr.ErrTooLarge},
		{200, &brokenBody{strings.NewReader("{"), io.ErrUnexpectedEOF}, apierr.ErrUnavailable},
	} {
		if raceEnabled && errors.Is(test.want, apierr.ErrTooLarge) {
			continue // 64 MiB take long
		}
		if _, err := Decode[item](answer(test.status, test.body), nil); !errors.Is(err, test.want) {
			t.Errorf("%v, want %v", err, test.want)
		}
	}
}

func TestDiscard(t *testing.T) {
	s := &spy{Reader: strings.NewReader("{}")}
	if err := Discard(spyClient(t, s, "application/json").Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))); err != nil || s.closed != 1 || !s.eof {
		t.Error(err, s.closed, s.eof)
	}
}
