package tests_test

import (
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// roundTrip is how long a request to the fake takes.
const roundTrip = 120 * time.Millisecond

// newFake returns a fake for a test in a bubble of virtual time.
func newFake(t *testing.T, opts ...atlantest.Option) *atlantest.Fake {
	t.Helper()
	return atlantest.New(t, append([]atlantest.Option{atlantest.WithRoundTrip(roundTrip)}, opts...)...)
}

// clientOf returns a client of the fake.
func clientOf(t testing.TB, f *atlantest.Fake, opts ...atlan.Option) *atlan.Client {
	t.Helper()
	transport := f.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := atlan.New(append([]atlan.Option{atlan.WithBaseURL(f.URL()), atlan.WithAPIKey(f.APIKey()), atlan.WithRoundTripper(transport)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// ok fails the test on an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns the value of a call that has to succeed.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return value
	}
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }
