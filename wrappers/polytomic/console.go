package polytomic

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// ConsoleEntry is one line of an execution's console.
type ConsoleEntry = polytomicapi.ExecutionConsoleLogEntry

const (
	consolePage = 50 // the most there is, and all that the service keeps
	// consolePause is the time between looks for new lines; it doubles up to consoleMost while none come.
	consolePause = 2 * time.Second
	consoleMost  = 30 * time.Second
)

// ConsoleOption changes how a console is read.
type ConsoleOption func(*consoleSettings)

type consoleSettings struct{ follow bool }

// Follow goes on until the execution has ended, like tail -f. The service keeps the newest 50 lines only: when more come
// between two looks, those between are lost.
func Follow() ConsoleOption { return func(s *consoleSettings) { s.follow = true } }

// Console yields the lines of the execution's console that there are, and with [Follow] those that come, until the
// execution has ended.
//
//sluice:operation GET /api/bulk/syncs/{sync_id}/executions/{execution_id}/consolelog
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (x *BulkSyncExecution) Console(ctx context.Context, opts ...ConsoleOption) iter.Seq2[ConsoleEntry, error] {
	return x.console(ctx, opts, func(ctx context.Context, limit *int, after *string) (*http.Response, error) {
		return x.client.raw.GetBulkSyncExecutionConsoleLogs(ctx, x.sync, x.ID(), &polytomicapi.GetBulkSyncExecutionConsoleLogsParams{Limit: limit, After: after})
	})
}

// SchemaConsole is [BulkSyncExecution.Console] for one schema.
//
//sluice:operation GET /api/bulk/syncs/{sync_id}/executions/{execution_id}/schemas/{schema_id}/consolelog
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (x *BulkSyncExecution) SchemaConsole(ctx context.Context, schema string, opts ...ConsoleOption) iter.Seq2[ConsoleEntry, error] {
	if err := checkName("schema", schema); err != nil {
		return failing[ConsoleEntry](x.explain(err))
	}
	return x.console(ctx, opts, func(ctx context.Context, limit *int, after *string) (*http.Response, error) {
		return x.client.raw.GetBulkSyncExecutionSchemaConsoleLogs(ctx, x.sync, x.ID(), schema,
			&polytomicapi.GetBulkSyncExecutionSchemaConsoleLogsParams{Limit: limit, After: after})
	})
}

// Console is [BulkSyncExecution.Console] for an execution of a model sync.
//
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}/consolelog
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
func (x *ModelSyncExecution) Console(ctx context.Context, opts ...ConsoleOption) iter.Seq2[ConsoleEntry, error] {
	return x.console(ctx, opts, func(ctx context.Context, limit *int, after *string) (*http.Response, error) {
		return x.client.raw.GetModelSyncExecutionConsoleLogs(ctx, x.sync, x.ID(), &polytomicapi.GetModelSyncExecutionConsoleLogsParams{Limit: limit, After: after})
	})
}

func (x *execution) console(ctx context.Context, opts []ConsoleOption, call func(ctx context.Context, limit *int, after *string) (*http.Response, error)) iter.Seq2[ConsoleEntry, error] {
	if err := checkIDs(x.resource, x.sync, "execution", x.job.Ref().ID); err != nil {
		return failing[ConsoleEntry](x.explain(err))
	}
	var s consoleSettings
	for _, o := range opts {
		o(&s)
	}
	return func(yield func(ConsoleEntry, error) bool) {
		var cursor string
		var seen begun // the ids of lines, the oldest forgotten first
		limit := consolePage
		pause := consolePause
		last := x.job.Last().Phase.Final() // this look is the last one
		if s.follow && !last {
			if snapshot, err := x.job.Refresh(ctx); err == nil {
				last = snapshot.Phase.Final()
			}
		}
		for {
			page, err := dataOf[polytomicapi.ExecutionConsoleLogsResponse](call(ctx, &limit, optional(cursor)))
			if err != nil && (!s.follow || !tooSlow(err)) {
				yield(ConsoleEntry{}, x.explain(err))
				return
			}
			fresh, moved := 0, false
			if err == nil {
				for _, entry := range given(page.Entries) {
					id := valueOf(entry.ID)
					if id != "" && seen.has(id) {
						continue
					}
					if id != "" {
						seen.add(id)
					}
					fresh++
					if !yield(entry, nil) {
						return
					}
				}
				if next := given(page.NextCursor); next != "" && next != cursor {
					cursor, moved = next, true
				}
			}
			if moved && fresh > 0 {
				pause = consolePause
				continue // there may be more
			}
			if !s.follow || last && err == nil {
				return
			}
			if fresh > 0 {
				pause = consolePause
			}
			if !sleep(ctx, pause) {
				yield(ConsoleEntry{}, x.explain(context.Cause(ctx)))
				return
			}
			pause = min(2*pause, consoleMost)
			snapshot, err := x.job.Refresh(ctx)
			if err != nil && !transient(err) {
				yield(ConsoleEntry{}, x.explain(err))
				return
			}
			last = snapshot.Phase.Final()
		}
	}
}

// tooSlow reports whether the service gave up reading the console, which passes.
func tooSlow(err error) bool {
	return errors.Is(err, apierr.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, apierr.ErrUnavailable)
}

// transient reports whether a failure may pass by itself.
func transient(err error) bool {
	switch kind, ok := apierr.KindOf(err); kind {
	case apierr.KindUnavailable, apierr.KindRateLimited, apierr.KindTimeout:
		return ok && !errors.Is(err, context.DeadlineExceeded)
	default:
		return false
	}
}

// redirected reports whether an answer was a redirect, which the chain does not follow to another origin.
func redirected(err error) bool {
	var e *apierr.Error
	return errors.As(err, &e) && e.Status >= 300 && e.Status < 400
}
