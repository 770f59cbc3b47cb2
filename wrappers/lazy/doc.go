// Package lazy loads a value once for any number of goroutines: it is what handles such as an Airbyte connection or
// an Atlan cache keep their data in.
//
//	type Connection struct{ info lazy.Value[Info] }
//
//	func (c *Connection) Name(ctx context.Context) (string, error) {
//		info, err := c.info.Get(ctx, c.fetch) // one call to fetch, however many ask
//		return info.Name, err
//	}
//
// A failed or cancelled load is not remembered, and a caller who gives up does not fail the others.
package lazy
