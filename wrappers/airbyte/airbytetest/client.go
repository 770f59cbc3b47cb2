package airbytetest

import (
	"github.com/sluice-sdk/sluice/wrappers/airbyte"
)

// Client returns a client of the fake over its in-memory network, with an API key that never expires. Options come
// after that, such as [airbyte.WithTransport]; for other credentials call [airbyte.New] with the fake's URL and Transport.
// It does no I/O. An option that airbyte.New refuses fails the test, or panics where there is none.
func (f *Fake) Client(opts ...airbyte.Option) *airbyte.Client {
	if f.config.TB != nil {
		f.config.TB.Helper()
	}
	client, err := airbyte.New(append([]airbyte.Option{
		airbyte.WithOrigin(f.BaseURL()), airbyte.WithBearer(f.APIKey()), airbyte.WithRoundTripper(f.Transport()),
	}, opts...)...)
	if err != nil {
		if f.config.TB != nil {
			f.config.TB.Errorf("airbytetest: %v", err)
		}
		panic(err)
	}
	return client
}
