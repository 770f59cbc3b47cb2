package airbyte

import "net/url"

// workspaceURL returns the web application's page of a workspace, or "" when the web root is not known or the id could
// not be one.
func (c *Client) workspaceURL(workspace string) string {
	if c.roots.web == "" || checkID("workspace", workspace) != nil {
		return ""
	}
	return c.roots.web + "/workspaces/" + url.PathEscape(workspace)
}

// connectionURL returns the web application's page of a connection, or "".
func (c *Client) connectionURL(workspace, connection string) string {
	base := c.workspaceURL(workspace)
	if base == "" || checkID("connection", connection) != nil {
		return ""
	}
	return base + "/connections/" + url.PathEscape(connection)
}

// jobHistoryURL returns the web application's page of a connection's jobs, or "".
func (c *Client) jobHistoryURL(workspace, connection string) string {
	base := c.connectionURL(workspace, connection)
	if base == "" {
		return ""
	}
	return base + "/timeline"
}
