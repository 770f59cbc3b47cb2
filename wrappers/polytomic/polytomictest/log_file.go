package polytomictest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// jsonLines are the console lines of an execution, one JSON object a line.
func (e *execution) jsonLines(now time.Time, schema string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	for _, x := range e.lines(now) {
		if schema == "" || x.schema == schema {
			_ = encoder.Encode(map[string]any{"timestamp": x.at.UTC(), "level": x.level, "message": x.text, "schema": x.schema}) //nolint:errchkjson // text
		}
	}
	return b.String()
}

func (a *service) GetBulkSyncExecutionLogs(ctx context.Context, request srv.GetBulkSyncExecutionLogsRequestObject) (srv.GetBulkSyncExecutionLogsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.bulkExecution(c, request.SyncID, request.ExecutionID)
	if err != nil {
		return nil, err
	}
	out := &wire.BulkSyncExecutionLogs{}
	var urls []string
	for _, x := range e.schemas {
		if !x.terminalAt(f.now) {
			continue // written when the schema ends
		}
		u, expires := f.link(ctx, e.id+"/"+x.output+".jsonl", "application/x-ndjson", e.jsonLines(f.now, x.schema))
		urls, out.Expires = append(urls, u), moment(expires)
	}
	out.URLs = rows(f, urls)
	return srv.GetBulkSyncExecutionLogs200JSONResponse{Data: out}, nil
}

func (a *service) ExportBulkSyncExecutionLogs(ctx context.Context, request srv.ExportBulkSyncExecutionLogsRequestObject) (srv.ExportBulkSyncExecutionLogsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.bulkExecution(c, request.SyncID, request.ExecutionID)
	if err != nil {
		return nil, err
	}
	export := func() string {
		u, _ := f.link(ctx, e.id+"/export.jsonl", "application/x-ndjson", e.jsonLines(f.now, ""))
		return u
	}
	j := f.submit(c, "exportlogs", func() any { return map[string]any{"url": export()} })
	out := srv.ExportBulkSyncExecutionLogs200JSONResponse{Job: f.jobWire(j)}
	if j.doneAt(f.now) && j.problem == "" {
		out.Data = &wire.ExportSyncLogsResponse{URL: new(export())}
	}
	return out, nil
}

// rowsOf is how many rows a log file of an execution of a model sync has.
func (e *execution) rowsOf(kind wire.ExecutionLogType, now time.Time) int64 {
	counts := e.modelCounts(now)
	switch kind {
	case wire.ExecutionLogTypeErrors:
		return *counts.Error
	case wire.ExecutionLogTypeWarnings:
		return *counts.Warnings
	case wire.ExecutionLogTypeInserts:
		return *counts.Insert
	case wire.ExecutionLogTypeUpdates:
		return *counts.Update
	case wire.ExecutionLogTypeDeletes:
		return *counts.Delete
	case wire.ExecutionLogTypeRecords:
	}
	return *counts.Total
}

// csv is a log file of an execution of a model sync.
func (e *execution) csv(kind wire.ExecutionLogType, now time.Time) string {
	var b strings.Builder
	b.WriteString("id,email,message\n")
	for i := range min(e.rowsOf(kind, now), 1000) {
		message := ""
		if kind == wire.ExecutionLogTypeErrors || kind == wire.ExecutionLogTypeWarnings {
			message = "value of email is not valid"
		}
		fmt.Fprintf(&b, "%d,user%d@example.com,%s\n", i+1, i+1, message)
	}
	return b.String()
}

func (a *service) GetModelSyncExecutionLogUrls(ctx context.Context, request srv.GetModelSyncExecutionLogUrlsRequestObject) (srv.GetModelSyncExecutionLogUrlsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.modelExecution(c, request.SyncID, request.ID)
	if err != nil {
		return nil, err
	}
	if !request.Type.Valid() {
		return nil, badRequest("unknown log type %q", request.Type)
	}
	out := &wire.ExecutionLogResponse{Expires: nullable.NewNullNullable[time.Time]()}
	var urls []string
	if e.terminalAt(f.now) && e.rowsOf(request.Type, f.now) > 0 {
		u, expires := f.link(ctx, e.id+"/"+string(request.Type)+".csv", "text/csv", e.csv(request.Type, f.now))
		urls, out.Expires = []string{u}, momentOrNull(expires)
	}
	out.Urls = rows(f, urls)
	return srv.GetModelSyncExecutionLogUrls200JSONResponse{Data: out}, nil
}

// storedElsewhere is an answer that says where a file is.
type storedElsewhere struct{ url string }

func (s storedElsewhere) VisitGetModelSyncExecutionLogFileResponse(w http.ResponseWriter) error {
	w.Header().Set("Location", s.url)
	w.WriteHeader(http.StatusFound)
	return nil
}

func (a *service) GetModelSyncExecutionLogFile(ctx context.Context, request srv.GetModelSyncExecutionLogFileRequestObject) (srv.GetModelSyncExecutionLogFileResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.modelExecution(c, request.SyncID, request.ID)
	if err != nil {
		return nil, err
	}
	if !request.Type.Valid() {
		return nil, badRequest("unknown log type %q", request.Type)
	}
	if request.Filename != string(request.Type)+".csv" || !e.terminalAt(f.now) {
		return nil, notFound("file", request.Filename)
	}
	content := e.csv(request.Type, f.now)
	if f.has(RedirectedFiles) {
		u, _ := f.link(ctx, e.id+"/"+request.Filename, "text/csv", content)
		return storedElsewhere{u}, nil
	}
	return srv.GetModelSyncExecutionLogFile200AsteriskResponse{
		Body: strings.NewReader(content), ContentType: "text/csv", ContentLength: int64(len(content)),
	}, nil
}
