package tests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

func TestHostileAnswersAreTypedErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  *airbytetest.Fault
		kind   apierr.Kind
		status int
	}{
		"10 GiB":        {airbytetest.Endless("getConnection", 0), apierr.KindTooLarge, 200},
		"half":          {airbytetest.InvalidJSON("getConnection"), apierr.KindDecode, 200},
		"web page":      {airbytetest.HTML("getConnection", 200), apierr.KindDecode, 200},
		"content type":  {airbytetest.ContentType("getConnection", "text/plain"), apierr.KindDecode, 200},
		"other origin":  {airbytetest.Redirect("getConnection", "https://evil.example.com/login"), apierr.KindUnexpected, 302},
		"empty":         {airbytetest.RewriteBody("getConnection", func([]byte) []byte { return nil }), apierr.KindUnexpected, 200},
		"another shape": {airbytetest.RewriteBody("getConnection", func([]byte) []byte { return []byte(`{"name":{"first":"x"}}`) }), apierr.KindDecode, 200},
		"a list":        {airbytetest.RewriteBody("getConnection", func([]byte) []byte { return []byte(`[]`) }), apierr.KindDecode, 200},
	} {
		t.Run(name, func(t *testing.T) {
			f, w := workspaceOf(t, airbytetest.WithoutContract())
			conn := w.Connection(f.AddConnection().ID)
			f.Fault(tt.fault)
			_, err := conn.Info(t.Context())
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || (e.Status != tt.status && e.Status/100 != tt.status/100) {
				t.Fatalf("err = %v; want kind %v and status %d", err, tt.kind, tt.status)
			}
			if hosts := f.Log().Hosts(); len(hosts) != 1 {
				t.Errorf("requests went to %v", hosts)
			}
			f.ClearFaults()
			if _, err := conn.Info(t.Context()); err != nil {
				t.Errorf("the handle is broken afterwards: %v", err)
			}
		})
	}
}

// listener keeps everything that hooks are given.
type listener struct {
	mu   sync.Mutex
	seen strings.Builder
}

func (l *listener) add(v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.seen, "%v %+v %#v\n", v, v, v)
	if text, err := json.Marshal(v); err == nil {
		l.seen.Write(text)
	}
}

func (l *listener) OnCallStart(ctx context.Context, c transport.Call) context.Context {
	l.add(c)
	return ctx
}
func (l *listener) OnCallEnd(_ context.Context, e transport.CallEnd)           { l.add(e) }
func (l *listener) OnAttempt(_ context.Context, a transport.Attempt)           { l.add(a) }
func (l *listener) OnRetry(_ context.Context, r transport.Retry)               { l.add(r) }
func (l *listener) OnThrottle(_ context.Context, x transport.Throttle)         { l.add(x) }
func (l *listener) OnTokenRefresh(_ context.Context, r transport.TokenRefresh) { l.add(r) }

func TestPlantedSecretsAppearNowhere(t *testing.T) {
	const password, key = "planted-password-4711", "planted-key-4712"
	f := airbytetest.New(t)
	credentials := f.Credentials()
	var log bytes.Buffer
	hooks := &listener{}
	client, err := airbyte.New(airbyte.WithOrigin(f.URL()), airbyte.WithRoundTripper(f.Transport()),
		airbyte.WithClientCredentials(credentials.ClientID, credentials.ClientSecret),
		airbyte.WithTransport(
			transport.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			transport.WithHooks(hooks), transport.WithHeader("X-Proxy-Token", key)))
	ok(t, err)
	w := client.Workspace(f.WorkspaceID())
	var texts []string
	note := func(err error) {
		if err == nil {
			return
		}
		texts = append(texts, err.Error(), fmt.Sprintf("%+v %#v", err, err))
		var line bytes.Buffer
		slog.New(slog.NewJSONHandler(&line, nil)).Error("failed", slog.Any("err", err))
		texts = append(texts, line.String())
		if e, ok := errors.AsType[*apierr.Error](err); ok {
			texts = append(texts, string(e.Body()), e.LogValue().String())
		}
	}
	configuration := map[string]any{"host": "db", "password": password, "tunnel_method": map[string]any{"ssh_key": key}}
	source, err := w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "crm", Type: "postgres", Configuration: configuration})
	ok(t, err)
	echo := `{"type":"error:x","detail":"bad value ` + password + `","data":{"message":"{\"password\":\"` + password + `\",\"ssh_key\":\"` + key + `\"}"}}`
	for _, status := range []int{400, 401, 403, 404, 409, 422, 500} {
		f.Fault(airbytetest.Status("createSource|putSource|patchSource", status, echo))
		note(second(w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "again", Type: "postgres", Configuration: configuration})))
		note(source.PatchConfiguration(t.Context(), configuration))
		note(source.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error {
			c["password"], c["tunnel_method"] = password, configuration["tunnel_method"]
			return nil
		}))
		f.ClearFaults()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	note(source.PatchConfiguration(ctx, configuration))
	note(second(w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "x", Type: "postgres", DefinitionID: password, Configuration: configuration})))
	c := must(source.Configuration(t.Context()))(t)
	var wrong struct{ Host int }
	note(c.Decode(&wrong))
	if len(texts) < 60 {
		t.Fatalf("only %d texts were looked at", len(texts))
	}
	if log.Len() == 0 || hooks.seen.Len() == 0 {
		t.Fatal("nothing was logged, or no hook was called")
	}
	texts = append(texts, log.String(), hooks.seen.String(), fmt.Sprintf("%v %+v %#v", client, client, client), fmt.Sprintf("%+v %#v", w, source))
	for _, text := range texts {
		for name, secret := range map[string]string{
			"the password": password, "the key": key, "the client secret": credentials.ClientSecret, "the API key": f.APIKey(),
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %q", name, text)
			}
		}
	}
}
