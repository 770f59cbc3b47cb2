// Package paging turns the pages of a service's lists into iterators. Service packages use it for every list, and so
// can whoever wraps a service of their own:
//
//	func (w *Workspace) Connections(ctx context.Context) iter.Seq2[Connection, error] {
//		fetch := func(ctx context.Context, offset, limit int) (paging.Page[Connection], error) {
//			list, err := transport.Decode[acmeapi.ConnectionList](w.raw.ListConnections(ctx, &acmeapi.ListConnectionsParams{
//				Offset: &offset, Limit: &limit,
//			}))
//			if err != nil {
//				return paging.Page[Connection]{}, err
//			}
//			return paging.Page[Connection]{Items: list.Data}, nil
//		}
//		return paging.Offset(ctx, fetch, paging.OffsetOptions[Connection]{Key: func(c Connection) string { return c.ID }})
//	}
//
// The iterators are lazy: nothing is asked for before the first item is, and the next page is fetched while the items
// of the present one are used, once the first of them was. Items come in the order of the pages. An error is yielded
// once, with the zero item, and ends the list. Leaving the loop cancels what is under way and waits for it, so that no
// goroutine is left; the fetch function must honour its context. An iterator can be ranged over any number of times,
// and asks anew each time.
package paging
