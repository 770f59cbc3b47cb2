package polytomictest

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

const resultsLive = 24 * time.Hour

// query is SQL that was run on a connection.
type query struct {
	id            string
	by            *caller
	created, ends time.Time
	rows          []map[string]any
	fields        []string
	problem       string
}

func (q *query) identity() string { return q.id }

func (q *query) statusAt(now time.Time) wire.WorkTaskStatus {
	switch {
	case now.Before(q.created.Add(q.ends.Sub(q.created) / 4)):
		return wire.WorkTaskStatusCreated
	case now.Before(q.ends):
		return wire.WorkTaskStatusRunning
	case q.problem != "":
		return wire.WorkTaskStatusFailed
	}
	return wire.WorkTaskStatusDone
}

func (a *service) RunQuery(ctx context.Context, request srv.RunQueryRequestObject) (srv.RunQueryResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ConnectionID)
	if err != nil {
		return nil, err
	}
	sql := strings.TrimSpace(or(request.Params.Query, ""))
	switch {
	case sql == "":
		return nil, badRequest("query is required")
	case !x.kind.sql:
		return nil, badRequest("%s does not support queries", x.kind.name)
	}
	q := &query{id: f.newID(), by: c, created: f.now, ends: f.now.Add(f.config.queryTakes)}
	answer := x.answer
	if answer == nil {
		answer = x.sampleAnswer
	}
	if list, err := answer(sql); err != nil {
		q.problem = err.Error()
	} else {
		q.rows = list
		seen := make(map[string]bool)
		for _, row := range list {
			for name := range row {
				if !seen[name] {
					seen[name] = true
					q.fields = append(q.fields, name)
				}
			}
		}
		slices.Sort(q.fields)
	}
	f.queries.add(q)
	return srv.RunQuery200JSONResponse{Data: &wire.RunQueryResult{ID: &q.id, Status: new(q.statusAt(f.now))}}, nil
}

// sampleAnswer is the records of the first schema that the SQL names.
func (c *connection) sampleAnswer(sql string) ([]map[string]any, error) {
	for _, s := range c.schemas {
		_, short, _ := strings.Cut(s.id, ".")
		if strings.Contains(sql, s.id) || short != "" && strings.Contains(sql, short) {
			return mapped(s.records, copyTree), nil
		}
	}
	return []map[string]any{{"result": 1}}, nil
}

func (a *service) GetQuery(ctx context.Context, request srv.GetQueryRequestObject) (srv.GetQueryResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	q := f.queries.byID[request.ID]
	if q == nil || q.by.org != c.org || f.has(OwnQueries) && q.by.key != c.key || !f.now.Before(q.ends.Add(resultsLive)) {
		return nil, notFound("query", request.ID)
	}
	out := &wire.RunQueryResult{ID: &q.id, Status: new(q.statusAt(f.now))}
	if q.statusAt(f.now) == wire.WorkTaskStatusFailed {
		out.Error = &q.problem
	}
	if q.statusAt(f.now) != wire.WorkTaskStatusDone {
		return srv.GetQuery200JSONResponse{Data: out}, nil
	}
	from := 0
	if p := or(request.Params.Page, ""); p != "" {
		place, last, ok := readToken(p)
		if !ok || last != q.id || place > len(q.rows) {
			return nil, badRequest("invalid page")
		}
		from = place
	}
	size := f.config.queryPage
	out.Count, out.Fields = new(int64(len(q.rows))), q.fields
	out.Expires = new(q.ends.Add(resultsLive).UTC().Format(time.RFC3339))
	for _, row := range q.rows[from:min(from+size, len(q.rows))] {
		out.Results = append(out.Results, copyTree(row))
	}
	links := &wire.RunQueryPagination{}
	if from+size < len(q.rows) {
		links.Next = new(f.queryLink(ctx, q, from+size))
	}
	if from > 0 {
		links.Previous = new(f.queryLink(ctx, q, from-size))
	}
	return srv.GetQuery200JSONResponse{Data: out, Links: links}, nil
}

func (f *Fake) queryLink(ctx context.Context, q *query, place int) string {
	link := "/api/queries/" + q.id
	if place > 0 {
		link += "?page=" + url.QueryEscape(writeToken(place, q.id))
	}
	if !f.has(RelativeLinks) {
		link = f.origin(ctx) + link
	}
	return link
}

// Rows makes n rows with the columns id and name, for [AnswersQueries].
func Rows(n int) []map[string]any {
	out := make([]map[string]any, n)
	for i := range out {
		out[i] = map[string]any{"id": i + 1, "name": "row " + strconv.Itoa(i+1)}
	}
	return out
}
