package atlan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// TestS4Tenants: N tenants × M goroutines, one client each, every request with the key of its own tenant.
func TestS4Tenants(t *testing.T) {
	const tenants, goroutines, calls = 8, 16, 20
	var opened, wrong atomic.Int64
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		name, _, _ := strings.Cut(r.URL.Host, ".")
		if r.Header.Get("Authorization") != "Bearer key-of-"+name {
			wrong.Add(1)
		}
		if r.Header.Get("X-Fail") != "" {
			return reply(r, 403, `{"errorCode":"ATLAS-403-00-002","errorMessage":"no `+name+`"}`), nil
		}
		return reply(r, 200, "{}"), nil
	})
	registry := NewTenants(func(_ context.Context, name string) (*Client, error) {
		opened.Add(1)
		runtime.Gosched()
		return New(WithBaseURL("https://"+name+".atlan.com"), WithAPIKey("key-of-"+name), WithRoundTripper(rt), WithRequestsPerMinute(0))
	})
	var wg sync.WaitGroup
	clients := make([][]*Client, tenants)
	for i := range tenants {
		clients[i] = make([]*Client, goroutines)
		for j := range goroutines {
			wg.Go(func() {
				for call := range calls {
					client, err := registry.Client(t.Context(), fmt.Sprintf("tenant%d", i))
					if err != nil {
						t.Error(err)
						return
					}
					clients[i][j] = client
					fail := call%4 == 3
					err = transport.Discard(client.Raw().WhoAmI(t.Context(), func(_ context.Context, r *http.Request) error {
						if fail {
							r.Header.Set("X-Fail", "yes")
						}
						return nil
					}))
					if fail != errors.Is(err, ErrPermission) || fail && !strings.Contains(err.Error(), fmt.Sprintf("no tenant%d", i)) {
						t.Errorf("tenant %d: %v", i, err)
					}
					if call == 7 {
						registry.CloseIdleConnections()
					}
				}
			})
		}
	}
	wg.Wait()
	if opened.Load() != tenants || wrong.Load() != 0 {
		t.Errorf("%d clients for %d tenants, %d requests with the key of another", opened.Load(), tenants, wrong.Load())
	}
	for i := range clients {
		for _, client := range clients[i] {
			if client != clients[i][0] {
				t.Fatalf("tenant %d has several clients", i)
			}
		}
	}
	names := ""
	for name, client := range registry.All() {
		if client != clients[int(name[6]-'0')][0] {
			t.Errorf("%s has the client of another", name)
		}
		names += name + " "
	}
	if names != "tenant0 tenant1 tenant2 tenant3 tenant4 tenant5 tenant6 tenant7 " {
		t.Error(names)
	}
	if !registry.Forget("tenant3") || registry.Forget("tenant3") || registry.Forget("") {
		t.Error("Forget")
	}
	again, err := registry.Client(t.Context(), "tenant3")
	if err != nil || again == clients[3][0] || opened.Load() != tenants+1 {
		t.Errorf("a forgotten client came back: %v", err)
	}
	for range registry.All() {
		break
	}
}

// TestS4TenantNames: a tenant is the same however its URL is written.
func TestS4TenantNames(t *testing.T) {
	var names []string
	registry := NewTenants(func(_ context.Context, name string) (*Client, error) {
		names = append(names, name)
		return New(WithBaseURL(testBaseURL), WithAPIKey("k"))
	})
	for _, name := range []string{"https://acme.atlan.com", "acme.atlan.com/", "https://ACME.atlan.com/api/meta", " acme.atlan.com"} {
		if _, err := registry.Client(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if len(names) != 1 || names[0] != testBaseURL {
		t.Error(names)
	}
	for _, name := range []string{"", "  ", "ftp://x", "http://acme.atlan.com", "https://u:p@x.example"} {
		if _, err := registry.Client(t.Context(), name); !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestS4TenantFailures: a failure is everybody's who waited, is not remembered and leaves nothing behind.
func TestS4TenantFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sorry := errors.New("the vault is sealed")
		var opened atomic.Int64
		fail := true
		registry := NewTenants(func(ctx context.Context, _ string) (*Client, error) {
			opened.Add(1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if fail {
				return nil, sorry
			}
			return New(WithBaseURL(testBaseURL), WithAPIKey("k"))
		})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := registry.Client(t.Context(), "a"); !errors.Is(err, sorry) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if opened.Load() != 1 || len(registry.tenants) != 0 {
			t.Errorf("opened %d times, %d names are kept", opened.Load(), len(registry.tenants))
		}
		// One who cannot wait so long does not spoil it for the others.
		fail = false
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		wg.Go(func() {
			if _, err := registry.Client(short, "a"); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		if _, err := registry.Client(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if opened.Load() != 2 {
			t.Errorf("opened %d times", opened.Load())
		}
	})
	nothing := NewTenants(func(context.Context, string) (*Client, error) { return nil, nil }) //nolint:nilnil // what is tested
	if _, err := nothing.Client(t.Context(), "a"); !errors.Is(err, ErrInvalidRequest) {
		t.Error(err)
	}
}
