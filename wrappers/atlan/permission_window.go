package atlan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// When a connection is created its policies are there at once, but the servers read them with a delay: until then even
// its creator is answered 403 with the code ATLAS-403-00-001, about the connection and about everything in it
// (atlas-metastore's ConnectionPreProcessor; pyatlan waits for each connection it creates, client/asset.py). Such an
// answer is not the same as a permission that is missing, and the time since the creation is what tells them apart.

const (
	// defaultPermissionWindow is twice the minute that pyatlan waits for a new connection.
	defaultPermissionWindow = 2 * time.Minute
	// The pauses between tries, pyatlan's too.
	shortestPause = time.Second
	longestPause  = 8 * time.Second
	// longestWait bounds [Client.WaitForPermissions] when the caller's context does not.
	longestWait = 5 * time.Minute
	// maxRemembered bounds how many new connections are remembered, maxInside how many assets in them.
	maxRemembered = 1024
	maxInside     = 100_000
)

// permissionWindow remembers the connections that the client created, by qualified name and by guid.
type permissionWindow struct {
	length time.Duration

	mu      sync.Mutex
	created []createdConnection // the oldest first
	inside  map[string]string   // connections of assets that were saved while a window was open, by guid
}

type createdConnection struct {
	qualifiedName, guid string
	at                  time.Time
}

// remember notes a connection that was just created. Either name may be empty.
func (w *permissionWindow) remember(qualifiedName, guid string) {
	if w.length <= 0 || qualifiedName == "" && guid == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.created = slices.DeleteFunc(w.created, func(c createdConnection) bool { return !now.Before(c.at.Add(w.length)) })
	if len(w.created) >= maxRemembered {
		w.created = slices.Delete(w.created, 0, len(w.created)-maxRemembered+1)
	}
	if len(w.created) == 0 {
		w.inside = nil
	}
	w.created = append(w.created, createdConnection{qualifiedName, guid, now})
}

// add notes an asset that was saved, if it is in a new connection: it is known by its guid from now on, too.
func (w *permissionWindow) add(qualifiedName, guid string) {
	connection := connectionOf(qualifiedName)
	if connection == "" || guid == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.created) == 0 || len(w.inside) >= maxInside {
		return
	}
	for _, c := range slices.Backward(w.created) {
		if c.qualifiedName == connection {
			if w.inside == nil {
				w.inside = make(map[string]string)
			}
			w.inside[guid] = connection
			return
		}
	}
}

// covers reports whether the name of a connection, which ends in the second in which it was made up, is so young that its
// window would be open.
func (w *permissionWindow) covers(qualifiedName string) bool {
	second, err := strconv.ParseInt(qualifiedName[strings.LastIndexByte(qualifiedName, '/')+1:], 10, 64)
	return err == nil && time.Since(time.Unix(second, 0)).Abs() < w.length
}

// end is when the last of the windows closes that something is in: named by its own qualified name, by that of its
// connection, or by the connection's guid. It is zero when there is none.
func (w *permissionWindow) end(names []string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var end time.Time
	for _, c := range slices.Backward(w.created) {
		for _, name := range names {
			if connection := w.inside[name]; connection != "" {
				name = connection
			}
			if name != "" && (name == c.guid || c.qualifiedName != "" && connectionOf(name) == c.qualifiedName) {
				end = c.at.Add(w.length)
				if time.Now().Before(end) {
					return end
				}
				return time.Time{}
			}
		}
	}
	return end
}

// connectionOf returns the qualified name of the connection that an asset is in: the first three parts of its own, such
// as default/snowflake/1700000000. It is empty when there are not so many.
func connectionOf(qualifiedName string) string {
	slashes := 0
	for i := range len(qualifiedName) {
		if qualifiedName[i] != '/' {
			continue
		}
		if slashes++; slashes == 3 {
			return qualifiedName[:i]
		}
	}
	if slashes == 2 && !strings.HasSuffix(qualifiedName, "/") {
		return qualifiedName
	}
	return ""
}

type windowKey struct{}

// openWindow is what a context says of a window.
type openWindow struct {
	end      time.Time
	notFirst bool // it does not hold for the first try
}

// connectionCreated notes that this client created a connection. From now on, for the time of [WithPermissionWindow], calls
// under it wait a 403 out: see underConnection. Either name may be empty.
func (c *Client) connectionCreated(qualifiedName, guid string) {
	c.window.remember(qualifiedName, guid)
}

// underConnection returns the context for a call about these assets, each named by its qualified name, that of its
// connection, the guid of the connection, or its own when this client saved it in there. When one of them is in a connection that this client has just created, a 403
// with the code ATLAS-403-00-001 is repeated until the connection's window closes; else the context is ctx.
func (c *Client) underConnection(ctx context.Context, names ...string) context.Context {
	end := c.window.end(names)
	if end.IsZero() {
		return ctx
	}
	return context.WithValue(ctx, windowKey{}, openWindow{end: end})
}

// afterFirstTry returns the context for a call that makes a connection: a 403 is waited out as by underConnection, but one
// to the first try, which means what it says.
func (c *Client) afterFirstTry(ctx context.Context) context.Context {
	if c.window.length <= 0 {
		return ctx
	}
	return context.WithValue(ctx, windowKey{}, openWindow{end: time.Now().Add(c.window.length), notFirst: true})
}

// explain reads an error answer, and decides whether a 403 is waited out.
func (c *Client) explain(a *transport.ErrorAnswer) {
	explain(a)
	if a.Error.Status != http.StatusForbidden {
		return
	}
	var end time.Time
	if open, ok := a.Context.Value(windowKey{}).(openWindow); ok && a.Error.Code == codeForbidden && (!open.notFirst || a.Attempt > 1) {
		end = open.end
		var p *AnswerError
		if !errors.As(a.Error.Err, &p) {
			p = &AnswerError{}
			a.Error.Err = p
		}
		p.Reason = ErrPermissionsPending
		a.Error.Hint = "The connection is new: Client.WaitForPermissions waits until its permissions have spread."
	}
	if d := c.settings.forbidden; d > 0 && end.Before(a.Started.Add(d)) {
		end = a.Started.Add(d)
	}
	left := time.Until(end)
	if left <= 0 {
		return
	}
	a.NotProcessed = true
	a.RepeatAfter = min(permissionPause(a.Attempt), left)
}

// permissionPause is the pause after so many tries: 1 s, 2 s, 4 s and then 8 s, less up to a quarter, so that callers who
// were refused together do not return together.
func permissionPause(tries int) time.Duration {
	pause := longestPause
	if tries <= 3 {
		pause = shortestPause << max(0, tries-1)
	}
	return pause - rand.N(pause/4)
}

// WaitForPermissions returns when a connection, named by its qualified name or its guid, can be read: with a new one that
// takes some seconds, in which everything about it is answered 403. Call it after the connection was created by another
// program; what this client created itself it waits for by itself, for the time of [WithPermissionWindow].
//
// It reads as little as can be read, with pauses of 1 to 8 seconds, until ctx ends, and for 5 minutes when ctx has no
// deadline. The error then is of category [ErrPermission], carries the last 403 and what ended the wait
// (context.DeadlineExceeded, context.Canceled). Any other failure ends the wait at once.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
func (c *Client) WaitForPermissions(ctx context.Context, connection string) error {
	const resource = "Connection"
	read, err := c.minimalRead(connection)
	if err != nil {
		return about(resource, connection, err)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, longestWait)
		defer cancel()
	}
	var last error
	for try := 1; ; try++ {
		err := read(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && last != nil:
			return about(resource, connection, waitEnded(ctx, last))
		case !errors.Is(err, ErrPermission):
			return about(resource, connection, err)
		}
		last = err
		timer := time.NewTimer(permissionPause(try))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return about(resource, connection, waitEnded(ctx, last))
		}
	}
}

func waitEnded(ctx context.Context, last error) error {
	return fmt.Errorf("the permissions of the connection had not spread when the wait ended: %w; the last answer: %w", context.Cause(ctx), last)
}

// minimalRead returns a call that reads as little of a connection as there is to read.
func (c *Client) minimalRead(connection string) (func(context.Context) error, error) {
	yes := true
	switch {
	case connection == "":
		return nil, apierr.Invalid(service, "connection", "the connection has no name: give its qualified name or its guid")
	case isGUID(connection):
		return func(ctx context.Context) error {
			return transport.Discard(c.raw.GetEntityByGUID(ctx, connection, &atlanapi.GetEntityByGUIDParams{
				MinExtInfo: &yes, IgnoreRelationships: &yes,
			}))
		}, nil
	case connectionOf(connection) == connection:
		return func(ctx context.Context) error {
			return transport.Discard(c.raw.GetEntityByUniqueAttribute(ctx, "Connection", &atlanapi.GetEntityByUniqueAttributeParams{
				AttrQualifiedName: &connection, MinExtInfo: &yes, IgnoreRelationships: &yes,
			}))
		}, nil
	}
	return nil, apierr.Invalid(service, "connection", "neither a guid nor the qualified name of a connection, such as default/snowflake/1700000000")
}

// isGUID reports whether s has the form of a guid: 8-4-4-4-12 hexadecimal digits.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}
