package polytomictest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// keptLines is how many of the newest lines a console log has; the service keeps them in Redis.
const keptLines = 50

type logLine struct {
	at                  time.Time
	level, text, schema string
	payload             map[string]any
}

// lines are what an execution has written to its console by a time, oldest first.
func (e *execution) lines(now time.Time) []logLine {
	var out []logLine
	say := func(p *progress, schema, what string) {
		for _, x := range p.phases {
			if x.at.After(now) {
				continue
			}
			line := logLine{at: x.at, level: "info", text: what + " " + x.status, schema: schema, payload: map[string]any{"status": x.status}}
			switch x.status {
			case Failed, Errors, Interrupted:
				line.level = "error"
				if p.message != "" {
					line.text += ": " + p.message
				}
			case Canceled, "canceling":
				line.level = "warn"
			}
			out = append(out, line)
		}
	}
	say(&e.progress, "", "execution")
	for _, x := range e.schemas {
		say(&x.progress, x.schema, "schema "+x.schema)
	}
	end := e.created.Add(e.run.Duration)
	for i := range e.run.LogLines {
		at := e.begin.Add(end.Sub(e.begin) * time.Duration(i+1) / time.Duration(e.run.LogLines+1))
		if at.After(now) || !e.completedAt(now).IsZero() && at.After(e.completedAt(now)) {
			break
		}
		line := logLine{at: at, level: "debug", text: fmt.Sprintf("batch %d written", i+1)}
		if n := len(e.schemas); n > 0 {
			line.schema = e.schemas[i%n].schema
		}
		out = append(out, line)
	}
	slices.SortStableFunc(out, func(a, b logLine) int { return a.at.Compare(b.at) })
	return out
}

// console answers the lines after a cursor, which is the id of a line as Redis streams have them: milliseconds and a
// number. Only the newest are kept. The cursor is null when there is no line at all.
func (f *Fake) console(e *execution, schema string, after *string, limit *int) (*wire.ExecutionConsoleLogsResponse, error) {
	since, number := int64(-1), 0
	if cursor := or(after, ""); cursor != "" {
		if n, err := fmt.Sscanf(cursor, "%d-%d", &since, &number); err != nil || n != 2 {
			return nil, badRequest("invalid cursor")
		}
	}
	most := or(limit, keptLines)
	if most <= 0 || most > keptLines {
		most = keptLines
	}
	lines := e.lines(f.now)
	var out []wire.ExecutionConsoleLogEntry
	last, k := int64(-1), 0
	for i, x := range lines {
		ms := x.at.UnixMilli()
		if k++; ms != last {
			last, k = ms, 0
		}
		if i < len(lines)-keptLines || schema != "" && x.schema != schema || ms < since || ms == since && k <= number || len(out) == most {
			continue
		}
		entry := wire.ExecutionConsoleLogEntry{
			ID: new(strconv.FormatInt(ms, 10) + "-" + strconv.Itoa(k)), Level: &x.level, Message: &x.text, Timestamp: moment(x.at),
			Payload: nullable.NewNullNullable[map[string]any](),
		}
		if x.payload != nil {
			entry.Payload = value(x.payload)
		}
		out = append(out, entry)
	}
	answer := &wire.ExecutionConsoleLogsResponse{Entries: rows(f, out), NextCursor: nullable.NewNullNullable[string]()}
	switch {
	case len(out) > 0:
		answer.NextCursor = value(*out[len(out)-1].ID)
	case or(after, "") != "":
		answer.NextCursor = value(*after)
	}
	return answer, nil
}

func (a *service) GetBulkSyncExecutionConsoleLogs(ctx context.Context, request srv.GetBulkSyncExecutionConsoleLogsRequestObject) (srv.GetBulkSyncExecutionConsoleLogsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.bulkExecution(c, request.SyncID, request.ExecutionID)
	if err != nil {
		return nil, err
	}
	out, err := f.console(e, "", request.Params.After, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	return srv.GetBulkSyncExecutionConsoleLogs200JSONResponse{Data: out}, nil
}

func (a *service) GetBulkSyncExecutionSchemaConsoleLogs(ctx context.Context, request srv.GetBulkSyncExecutionSchemaConsoleLogsRequestObject) (srv.GetBulkSyncExecutionSchemaConsoleLogsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.bulkExecution(c, request.SyncID, request.ExecutionID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(e.schemas, func(x *schemaExecution) bool { return x.schema == request.SchemaID }) {
		return nil, notFound("schema", request.SchemaID)
	}
	out, err := f.console(e, request.SchemaID, request.Params.After, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	return srv.GetBulkSyncExecutionSchemaConsoleLogs200JSONResponse{Data: out}, nil
}

func (a *service) GetModelSyncExecutionConsoleLogs(ctx context.Context, request srv.GetModelSyncExecutionConsoleLogsRequestObject) (srv.GetModelSyncExecutionConsoleLogsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.modelExecution(c, request.SyncID, request.ID)
	if err != nil {
		return nil, err
	}
	out, err := f.console(e, "", request.Params.After, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	return srv.GetModelSyncExecutionConsoleLogs200JSONResponse{Data: out}, nil
}
