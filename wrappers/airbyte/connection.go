package airbyte

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
)

// Connection is the handle of a connection: a source, a destination and the streams between them. It loads its
// description once, when an accessor first needs it. It is safe for concurrent use.
type Connection struct {
	workspace *Workspace
	id        string
	info      lazy.Value[*airbyteapi.ConnectionResponse]
}

// ID returns the connection's id.
func (c *Connection) ID() string { return c.id }

// load returns the connection's description, reading it once for all accessors and goroutines.
func (c *Connection) load(ctx context.Context) (*airbyteapi.ConnectionResponse, error) {
	return c.info.Get(ctx, c.fetch)
}

func (c *Connection) fetch(ctx context.Context) (*airbyteapi.ConnectionResponse, error) {
	return nil, nil
}
