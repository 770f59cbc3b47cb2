package transport

import (
	"errors"
	"fmt"
	"slices"
)

// With returns a client that differs from c in the given options and shares its connections and its limits: for the
// many accounts that one service holds for a partner. Its retry budget is its own. Options that concern the connections
// or the limits make clients of their own and are errors here.
func (c *Client) With(opts ...Option) (*Client, error) {
	d := &Client{settings: c.settings, base: c.base, origin: c.origin, path: c.path, routes: c.routes, limits: c.limits}
	d.header = c.header.Clone()
	d.hooks = c.hooks.clone()
	d.roundTripper, d.proxy, d.tls = nil, nil, nil
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt(&d.settings); err != nil {
			return nil, fmt.Errorf("transport: %w", err)
		}
	}
	if d.roundTripper != nil || d.proxy != nil || d.tls != nil || d.idle != c.idle || d.limit != c.limit {
		return nil, errors.New("transport: connections and limits are shared with the first client: make one with New instead")
	}
	d.roundTripper = c.roundTripper
	var err error
	if d.retry, err = d.retry.withDefaults(); err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	d.budget.init(d.retry.Budget)
	d.link()
	return d, nil
}

func (h *hooks) clone() hooks {
	return hooks{
		start: slices.Clone(h.start), end: slices.Clone(h.end), attempt: slices.Clone(h.attempt),
		retry: slices.Clone(h.retry), throttle: slices.Clone(h.throttle), token: slices.Clone(h.token),
	}
}
