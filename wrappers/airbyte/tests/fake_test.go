package tests_test

import (
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

// roundTrip is how long a request to the fake takes.
const roundTrip = 120 * time.Millisecond

// newFake returns a fake for a test in a bubble of virtual time.
func newFake(t *testing.T, opts ...airbytetest.Option) *airbytetest.Fake {
	t.Helper()
	return airbytetest.New(t, append([]airbytetest.Option{airbytetest.WithRoundTrip(roundTrip)}, opts...)...)
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }

// clientOf returns a client of the fake.
func clientOf(tb testing.TB, fake *airbytetest.Fake, opts ...airbyte.Option) *airbyte.Client {
	tb.Helper()
	return fake.Client(opts...)
}

// handleOf returns the handle of a connection of the fake.
func handleOf(tb testing.TB, fake *airbytetest.Fake, conn airbytetest.Connection, opts ...airbyte.Option) *airbyte.Connection {
	tb.Helper()
	return clientOf(tb, fake, opts...).Workspace(conn.Workspace).Connection(conn.ID)
}
