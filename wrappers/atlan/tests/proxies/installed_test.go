package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

// TestS6InstalledProxies: the same through proxies that others wrote, where they are installed (Debian: tinyproxy,
// microsocks). make test installs them where it can, and says when they are missing.
func TestS6InstalledProxies(t *testing.T) {
	const secret = "pass-w0rd-1"
	for _, program := range []struct {
		name    string
		schemes []string
		command func(t *testing.T, binary string, port int) *exec.Cmd
	}{
		{"tinyproxy", []string{"http"}, func(t *testing.T, binary string, port int) *exec.Cmd {
			t.Helper()
			config := filepath.Join(t.TempDir(), "tinyproxy.conf")
			text := fmt.Sprintf("Listen 127.0.0.1\nPort %d\nAllow 127.0.0.1\nBasicAuth me %s\nTimeout 60\nLogLevel Critical\n", port, secret)
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return exec.CommandContext(t.Context(), binary, "-d", "-c", config)
		}},
		{"microsocks", []string{"socks5", "socks5h"}, func(t *testing.T, binary string, port int) *exec.Cmd {
			t.Helper()
			return exec.CommandContext(t.Context(), binary, "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-u", "me", "-P", secret)
		}},
	} {
		t.Run(program.name, func(t *testing.T) {
			binary, err := exec.LookPath(program.name)
			if err != nil {
				t.Logf("LEFT OUT: %s is not installed", program.name)
				return
			}
			address := launch(t, func(port int) *exec.Cmd { return program.command(t, binary, port) })
			w := newWorld(t)
			for _, scheme := range program.schemes {
				for _, base := range []string{w.base("http", "0.0.0.0"), w.base("https", "0.0.0.0")} {
					served := w.served.Load()
					t.Setenv("ALL_PROXY", (&url.URL{Scheme: scheme, User: url.UserPassword("me", secret), Host: address}).String())
					if err := w.call(t, base); err != nil {
						t.Errorf("%s to %s: %v", scheme, base, err)
					}
					t.Setenv("ALL_PROXY", (&url.URL{Scheme: scheme, User: url.UserPassword("me", "wrong-pass-w0rd"), Host: address}).String())
					err := w.call(t, base)
					if err == nil || strings.Contains(err.Error(), "wrong-pass") {
						t.Errorf("%s to %s with a wrong password: %v", scheme, base, err)
					}
					// Tinyproxy answers 401, which without TLS cannot be told from the tenant's.
					told := scheme != "http" || strings.HasPrefix(base, "https:")
					if told && (!errors.Is(err, atlan.ErrAPIConnection) || !strings.Contains(err.Error(), "the proxy refused the user or the password")) {
						t.Errorf("%s to %s with a wrong password: %v", scheme, base, err)
					}
					if n := w.served.Load() - served; n != 1 {
						t.Errorf("%s to %s: the tenant was asked %d times", scheme, base, n)
					}
				}
			}
			// A name that this process does not know, and the proxy does.
			name, err := os.Hostname()
			if err != nil || !resolves(t, name) {
				t.Logf("LEFT OUT: this machine's own name leads nowhere")
				return
			}
			for _, scheme := range program.schemes {
				t.Setenv("ALL_PROXY", (&url.URL{Scheme: scheme, User: url.UserPassword("me", secret), Host: address}).String())
				before := w.names.asked.Load()
				// Whether the tenant listens where the name leads does not matter.
				if err := w.call(t, w.base("http", name)); err != nil && strings.Contains(err.Error(), "no such host") || w.names.asked.Load() != before {
					t.Errorf("%s: this process resolved the name: %v", scheme, err)
				}
			}
		})
	}
}

// resolves reports whether a program of this machine can look the name up.
func resolves(t *testing.T, name string) bool {
	t.Helper()
	return exec.CommandContext(t.Context(), "getent", "hosts", name).Run() == nil
}

// launch starts a server on some free port and returns its address.
func launch(t *testing.T, command func(port int) *exec.Cmd) string {
	t.Helper()
	for range 20 {
		// Ports from 32768 on belong to outgoing connections on Linux.
		port := 20000 + rand.N(12000)
		server := command(port)
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = server.Wait()
			close(ended)
		}()
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if listens(t, address, ended) {
			t.Cleanup(func() {
				_ = server.Process.Kill()
				<-ended
			})
			return address
		}
		_ = server.Process.Kill()
		<-ended
	}
	t.Fatal("it does not start")
	return ""
}

// listens waits until a server takes connections, or has ended.
func listens(t *testing.T, address string, ended <-chan struct{}) bool {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		select {
		case <-ended:
			return false
		case <-tick.C:
		}
		var dialer net.Dialer
		if conn, err := dialer.DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			return true
		}
	}
	return false
}
