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
		done <- run(ctx, []string{"-listen", "127.0.0.1:0", "-assets", "30", "-accept-unknown"}, w, io.Discard)
		_ = w.Close()
	}()
	settings := make(map[string]string)
	lines := bufio.NewScanner(r)
	for len(settings) < 4 && lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "# "), "=")
		settings[name] = value
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, body := range map[string]string{
		"/api/service/oauth-clients/token":    `{"clientId":"` + settings["ATLAN_OAUTH_CLIENT_ID"] + `","clientSecret":"` + settings["ATLAN_OAUTH_CLIENT_SECRET"] + `"}`,
		"/api/meta/search/indexsearch":        `{"dsl":{"query":{"match_all":{}}}}`,
		"/api/service/workflows/indexsearch/": `{"query":{"match_all":{}}}`,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, settings["ATLAN_BASE_URL"]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+settings["ATLAN_API_KEY"])
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s gets %s: %s", path, response.Status, answer)
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
