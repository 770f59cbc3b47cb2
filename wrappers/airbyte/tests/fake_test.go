package tests_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

// roundTrip is how long a request to the fake takes.
const roundTrip = 120 * time.Millisecond

// inBubble runs a test with a fake, in virtual time.
func inBubble(t *testing.T, test func(t *testing.T, fake *airbytetest.Fake), opts ...airbytetest.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, airbytetest.New(t, append([]airbytetest.Option{airbytetest.WithRoundTrip(roundTrip)}, opts...)...))
	})
}

// clientOf returns a client of the fake.
func clientOf(t testing.TB, fake *airbytetest.Fake, opts ...airbyte.Option) *airbyte.Client {
	t.Helper()
	return fake.Client(opts...)
}

// handleOf returns the handle of a connection of the fake.
func handleOf(t testing.TB, fake *airbytetest.Fake, conn airbytetest.Connection, opts ...airbyte.Option) *airbyte.Connection {
	t.Helper()
	return clientOf(t, fake, opts...).Workspace(conn.Workspace).Connection(conn.ID)
}
