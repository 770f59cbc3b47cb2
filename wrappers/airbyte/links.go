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
	return c.pageURL(workspace, "connections", connection)
}

// jobHistoryURL returns the web application's page of a connection's jobs, or "".
func (c *Client) jobHistoryURL(workspace, connection string) string {
	base := c.connectionURL(workspace, connection)
	if base == "" {
		return ""
	}
	return base + "/timeline"
}

// pageURL returns the web application's page of something in a workspace: collection is "connections", "source" or
// "destination", as the application spells them.
func (c *Client) pageURL(workspace, collection, id string) string {
	base := c.workspaceURL(workspace)
	if base == "" || checkID(collection, id) != nil {
		return ""
	}
	return base + "/" + collection + "/" + url.PathEscape(id)
}
