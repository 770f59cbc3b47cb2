package atlan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const (
	// The pauses between looks into the search index. Atlan refreshes it about every second.
	firstLook = 500 * time.Millisecond
	lastLook  = 5 * time.Second
	// longestIndexWait bounds [Client.WaitSearchable] when the caller's context does not.
	longestIndexWait = 2 * time.Minute
	// guidsPerSearch is how many guids Atlan asks to put into one search at most (docs.atlan.com, API limits).
	guidsPerSearch = 100
)

// NotSearchableError says which assets a search did not find before the wait ended.
type NotSearchableError struct {
	// GUIDs are those of the assets.
	GUIDs []string
	// Err is what ended the wait: the context's error, or that of a search.
	Err error
}

// Error names the first of the assets.
func (e *NotSearchableError) Error() string {
	more := ""
	if n := len(e.GUIDs) - 1; n > 0 {
		more = " and " + strconv.Itoa(n) + " more"
	}
	return fmt.Sprintf("asset %s%s could not be found by a search before the wait ended: %v", e.GUIDs[0], more, e.Err)
}

// Unwrap returns what ended the wait.
func (e *NotSearchableError) Unwrap() error { return e.Err }

// WaitSearchable returns when searches find the assets with these guids, active or archived: what was just saved can be
// read by its guid at once, and is found by searches after a moment. It asks about every guid that is missing, a hundred in
// one request, with pauses of half a second to five, until ctx ends, and for 2 minutes when ctx has no deadline. The
// error is then a [NotSearchableError] with those that are missing; a search that fails ends the wait with one, too.
//
//sluice:operation POST /api/meta/search/indexsearch
func (c *Client) WaitSearchable(ctx context.Context, guids ...string) error {
	for i, guid := range guids {
		if !isGUID(guid) {
			return apierr.Invalid(service, "guids", "guid %d is none: an asset has one when it was saved", i)
		}
	}
	missing := slices.Compact(slices.Sorted(slices.Values(guids)))
	if len(missing) == 0 {
		return nil
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, longestIndexWait)
		defer cancel()
	}
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		var err error
		if missing, err = c.unsearchable(ctx, missing); len(missing) == 0 {
			return nil
		}
		if err == nil && !sleep(ctx, pause) {
			err = context.Cause(ctx)
		}
		if err != nil {
			if ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
				err = errors.Join(context.Cause(ctx), err)
			}
			return &NotSearchableError{GUIDs: missing, Err: err}
		}
	}
}

// unsearchable returns those of the guids that searches do not find.
func (c *Client) unsearchable(ctx context.Context, guids []string) (missing []string, err error) {
	found := make(map[string]struct{}, len(guids))
	defer func() {
		missing = slices.DeleteFunc(slices.Clone(guids), func(guid string) bool {
			_, ok := found[guid]
			return ok
		})
	}()
	for chunk := range slices.Chunk(guids, guidsPerSearch) {
		r := c.Search(field.GUID.OneOf(chunk...)).WithStatus().With(SearchOptions{WithoutTerms: true, WithoutTags: true}).newRequest(len(chunk))
		r.showPositions()
		answer, err := c.searchPage(ctx, r)
		if err != nil {
			return nil, err
		}
		for _, e := range answer.Entities {
			found[e.GUID] = struct{}{}
		}
		for guid := range answer.Metadata { // of hidden assets it has the real guids
			found[guid] = struct{}{}
		}
	}
	return nil, nil
}
