package polytomic

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// links are signed links to the files of a log.
type links struct {
	urls    []string
	expires time.Time
}

// files yields what links lead to.
func (c *Client) files(ctx context.Context, ask func(context.Context) (links, error)) iter.Seq2[LogFile, error] {
	renew := func(ctx context.Context, name string) (string, error) {
		l, err := ask(ctx)
		if err != nil {
			return "", err
		}
		for _, link := range l.urls {
			if fileName(link) == name {
				return link, nil
			}
		}
		return "", &apierr.Error{Service: service, Kind: apierr.KindNotFound, Message: "there is no such file any more"}
	}
	return oneCall(ctx, func(ctx context.Context) ([]LogFile, error) {
		l, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		files := make([]LogFile, len(l.urls))
		for i, link := range l.urls {
			files[i] = LogFile{Name: fileName(link), client: c, link: link, renew: renew}
		}
		return files, nil
	})
}

// LogFiles lists the files of the execution's log, to be downloaded with [LogFile.Open].
//
//sluice:operation GET /api/bulk/syncs/{sync_id}/executions/{execution_id}/logs
func (x *BulkSyncExecution) LogFiles(ctx context.Context) iter.Seq2[LogFile, error] {
	if err := checkIDs("bulk sync", x.sync, "execution", x.ID()); err != nil {
		return failing[LogFile](x.explain(err))
	}
	return x.client.files(ctx, func(ctx context.Context) (links, error) {
		l, err := dataOf[polytomicapi.BulkSyncExecutionLogs](x.client.raw.GetBulkSyncExecutionLogs(ctx, x.sync, x.ID()))
		if err != nil {
			return links{}, x.explain(err)
		}
		return links{given(l.URLs), valueOf(l.Expires)}, nil
	})
}

// exported is what a job that exports logs brings; where the link is in it is documented for the immediate answer only.
type exported struct {
	URL string `json:"url"`
}

// UnmarshalJSON takes a link by itself too.
func (e *exported) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &e.URL) == nil {
		return nil
	}
	type plain exported
	return json.Unmarshal(text, (*plain)(e))
}

// ExportLogs makes one file of the execution's log, waits for it and returns it. With notify Polytomic also mails the
// key's user when it is ready. Its link is not asked for again when it has expired: export anew. How the job carries the link was not tried on the live service: a field url, or the link by
// itself, are understood.
//
//sluice:operation POST /api/bulk/syncs/{sync_id}/executions/{execution_id}/logs/export
//sluice:operation GET /api/jobs/{type}/{id}
func (x *BulkSyncExecution) ExportLogs(ctx context.Context, notify bool, opts ...WaitOption) (LogFile, error) {
	if err := checkIDs("bulk sync", x.sync, "execution", x.ID()); err != nil {
		return LogFile{}, x.explain(err)
	}
	answer, err := transport.Decode[submitted[exported]](x.client.raw.ExportBulkSyncExecutionLogs(ctx, x.sync, x.ID(),
		&polytomicapi.ExportBulkSyncExecutionLogsParams{Notify: optional(notify)}))
	if err != nil {
		return LogFile{}, x.explain(err)
	}
	if answer.Data != nil && answer.Data.URL != "" {
		answer.Job = nil // there at once
	}
	file, err := task(x.client, "exportlogs", answer).Wait(ctx, opts...)
	if err != nil {
		return LogFile{}, x.explain(err)
	}
	if file == nil || file.URL == "" {
		return LogFile{}, x.explain(&apierr.Error{Service: service, Operation: "exportBulkSyncExecutionLogs", Kind: apierr.KindUnexpected, Message: "the export names no file"})
	}
	return LogFile{Name: fileName(file.URL), client: x.client, link: file.URL}, nil
}

// LogFiles lists the files of one log of the execution: its records, errors, warnings, inserts, updates or deletes.
//
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}/{type}
func (x *ModelSyncExecution) LogFiles(ctx context.Context, kind polytomicapi.ExecutionLogType) iter.Seq2[LogFile, error] {
	if err := x.checkLog(kind); err != nil {
		return failing[LogFile](err)
	}
	return x.client.files(ctx, func(ctx context.Context) (links, error) {
		l, err := dataOf[polytomicapi.ExecutionLogResponse](x.client.raw.GetModelSyncExecutionLogUrls(ctx, x.sync, x.ID(), kind))
		if err != nil {
			return links{}, x.explain(err)
		}
		return links{given(l.Urls), moment(l.Expires)}, nil
	})
}

func (x *ModelSyncExecution) checkLog(kind polytomicapi.ExecutionLogType) error {
	return x.explain(checkIDs("model sync", x.sync, "execution", x.ID(), "log type", string(kind)))
}

// OpenLogFile downloads one file of a log by its name; the caller closes it. The documentation speaks of the file itself
// and of a redirect to a signed link: a redirect is not followed, because the key must not go along, and the file is found
// among the links of [ModelSyncExecution.LogFiles] instead. It was not tried on the live service.
//
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}/{type}/{filename}
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}/{type}
func (x *ModelSyncExecution) OpenLogFile(ctx context.Context, kind polytomicapi.ExecutionLogType, name string) (io.ReadCloser, error) {
	if err := x.checkLog(kind); err != nil {
		return nil, err
	}
	if err := checkName("filename", name); err != nil {
		return nil, x.explain(err)
	}
	resp, err := x.client.raw.GetModelSyncExecutionLogFile(ctx, x.sync, x.ID(), kind, name)
	if err == nil {
		return resp.Body, nil
	}
	if !redirected(err) {
		return nil, x.explain(err)
	}
	for file, err := range x.LogFiles(ctx, kind) {
		if err != nil {
			return nil, err
		}
		if file.Name == name {
			return file.Open(ctx)
		}
	}
	return nil, x.explain(&apierr.Error{Service: service, Operation: "getModelSyncExecutionLogFile", Kind: apierr.KindNotFound, Message: "there is no such file"})
}
