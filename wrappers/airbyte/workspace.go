package airbyte

// Workspace is the handle of a workspace. It holds no data and is safe for concurrent use.
type Workspace struct {
	client *Client
	id     string
}

// ID returns the workspace's id.
func (w *Workspace) ID() string { return w.id }

// Connection returns the handle of a connection in this workspace. It does no I/O.
func (w *Workspace) Connection(id string) *Connection {
	return &Connection{workspace: w, id: id}
}
