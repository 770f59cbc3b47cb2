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

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-no-auth", "-edition", "community"}, in, io.Discard)
	}()
	env := make(map[string]string)
	for lines := bufio.NewScanner(out); len(env) < 5 && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		env[name] = value
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(env["AIRBYTE_API_URL"] + "/connections/" + env["AIRBYTE_CONNECTION_ID"])
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 || !strings.Contains(string(body), env["AIRBYTE_WORKSPACE_ID"]) {
		t.Errorf("%d %s %v", response.StatusCode, body, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"-edition", "none"}, io.Discard, io.Discard); err == nil {
		t.Error("an unknown edition was taken")
	}
}
