package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRunServesAndPrintsWhatAClientNeeds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-listen", "127.0.0.1:0", "-record-errors", "3"}, w, io.Discard)
		_ = w.Close()
	}()
	settings := make(map[string]string)
	lines := bufio.NewScanner(r)
	for len(settings) < 5 && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		settings[name] = value
	}
	transport := &http.Transport{DisableKeepAlives: true}
	for path, use := range map[string]func(*http.Request){
		"/api/me":            func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+settings["POLYTOMIC_API_KEY"]) },
		"/api/organizations": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+settings["POLYTOMICFAKE_PARTNER_KEY"]) },
		"/api/connections": func(r *http.Request) {
			r.SetBasicAuth(settings["POLYTOMICFAKE_ORGANIZATION_ID"], settings["POLYTOMICFAKE_DEPLOYMENT_KEY"])
		},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, settings["POLYTOMIC_DEPLOYMENT_URL"]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		use(req)
		resp, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("the printed key for %s gets %s, want 200", path, resp.Status)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run returned %v after its context ended", err)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"an address others can reach": {"-listen", "0.0.0.0:0"},
		"an address without a port":   {"-listen", "127.0.0.1"},
		"a stray argument":            {"-listen", "127.0.0.1:0", "start"},
		"an unknown flag":             {"-port", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
				t.Error("no error")
			}
		})
	}
}
