package tests_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/polytomic"
	"github.com/sluice-sdk/sluice/wrappers/polytomic/polytomictest"
)

// roundTrip is how long a request to the fake takes.
const roundTrip = 120 * time.Millisecond

// newFake returns a fake for a test in a bubble of virtual time.
func newFake(t *testing.T, opts ...polytomictest.Option) *polytomictest.Fake {
	t.Helper()
	return polytomictest.New(t, append([]polytomictest.Option{polytomictest.WithRoundTrip(roundTrip)}, opts...)...)
}

// clientOf returns a client of the fake's first user.
func clientOf(t testing.TB, f *polytomictest.Fake, opts ...polytomic.Option) *polytomic.Client {
	t.Helper()
	return connect(t, f, append([]polytomic.Option{polytomic.WithAPIKey(f.UserKey())}, opts...)...)
}

// partnerOf returns a client of the fake's partner.
func partnerOf(t testing.TB, f *polytomictest.Fake, opts ...polytomic.Option) *polytomic.Client {
	t.Helper()
	return connect(t, f, append([]polytomic.Option{polytomic.WithPartnerKey(f.PartnerKey())}, opts...)...)
}

func connect(t testing.TB, f *polytomictest.Fake, opts ...polytomic.Option) *polytomic.Client {
	t.Helper()
	transport := f.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := polytomic.New(append([]polytomic.Option{polytomic.WithOrigin(f.URL()), polytomic.WithRoundTripper(http.RoundTripper(transport)),
		polytomic.RequireVersion()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }
