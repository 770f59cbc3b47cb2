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

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestRunServesAndPrintsWhatAClientNeeds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-listen", "127.0.0.1:0", "-folder", t.TempDir()}, w, io.Discard)
		_ = w.Close()
	}()
	settings := make(map[string]string)
	lines := bufio.NewScanner(r)
	for len(settings) < 4 && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		settings[name] = value
	}
	body := `{"client_id":"` + settings["AIRBYTE_CLIENT_ID"] + `","client_secret":"` + settings["AIRBYTE_CLIENT_SECRET"] + `"}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, settings["AIRBYTE_API_URL"]+"/applications/token", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the printed credentials get %s, want 200", resp.Status)
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
