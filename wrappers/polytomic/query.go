package polytomic

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// maxQuery is how many bytes the SQL may take in the URL that carries it. Servers and proxies take lines of 8 KiB; the
// rest is for the host, the path and headers that count with it.
const maxQuery = 7 << 10

// Query is the handle of a statement that Polytomic runs on a connection. Only the user who started it may read it, and
// its results expire. It is safe for concurrent use.
type Query struct {
	client *Client
	id     string
	job    *job.Job
	cell   *cell
}

// StartQuery runs a statement on the connection, in the language of the system behind it, and returns its handle without
// waiting. The statement travels in the URL: when it would not fit, the error wraps [ErrQueryTooLong] and nothing is
// sent. It may write; it is not sent twice.
//
//sluice:operation POST /api/connections/{connection_id}/query
func (c *Connection) StartQuery(ctx context.Context, statement string) (*Query, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if statement == "" {
		return nil, c.about(apierr.Invalid(service, "query", "the statement is empty"))
	}
	if n := len(url.QueryEscape(statement)); n > maxQuery {
		e := invalidBecause(ErrQueryTooLong, "query", "the statement takes %d bytes in the URL, more than the %d that fit", n, maxQuery)
		e.Hint = "Make it shorter, or put it into a view or a model."
		return nil, c.about(e)
	}
	answer, err := dataOf[polytomicapi.RunQueryResult](c.client.raw.RunQuery(ctx, c.id, &polytomicapi.RunQueryParams{Query: &statement}, polytomicapi.RunQueryRequest{}))
	if err != nil {
		return nil, c.about(err)
	}
	if valueOf(answer.ID) == "" {
		return nil, c.about(&apierr.Error{Service: service, Operation: "runQuery", Kind: apierr.KindUnexpected, Message: "the answer names no query", MayHaveApplied: true})
	}
	return c.client.query(querySnapshot(*answer.ID, answer)), nil
}

// Query runs a statement on the connection and waits until it is done. Errors are those of [Connection.StartQuery] and
// [Query.Wait].
//
//sluice:operation POST /api/connections/{connection_id}/query
//sluice:operation GET /api/queries/{id}
func (c *Connection) Query(ctx context.Context, statement string, opts ...WaitOption) (*Query, error) {
	q, err := c.StartQuery(ctx, statement)
	if err != nil {
		return nil, err
	}
	return q, q.Wait(ctx, opts...)
}

// Query returns the handle of a query by its id. It does no I/O.
func (c *Client) Query(id string) *Query {
	return c.query(job.Snapshot{Ref: job.Ref{Service: service, Kind: kindQuery, ID: id}})
}

func (c *Client) query(last job.Snapshot) *Query {
	return &Query{client: c, id: last.ID, job: c.tasks.Job(last), cell: c.answers.of(last.Ref)}
}

func querySnapshot(id string, r *polytomicapi.RunQueryResult) job.Snapshot {
	s := job.Snapshot{Ref: job.Ref{Service: service, Kind: kindQuery, ID: id}, Raw: string(valueOf(r.Status)), Phase: taskPhase(string(valueOf(r.Status)))}
	s.Progress.Records = r.Count
	if s.Phase == job.PhaseFailed {
		s.Failure = &job.Failure{Type: "query", Message: valueOf(r.Error)}
	}
	return s
}

// ID returns the query's id.
func (q *Query) ID() string { return q.id }

// Job returns the query for package job.
func (q *Query) Job() *job.Job { return q.job }

// Wait waits until the query is done. The error is a [job.FailedError] with the system's own message when it failed, and a
// [job.WaitError] when the wait ended first; each inside a [ResourceError].
//
//sluice:operation GET /api/queries/{id}
func (q *Query) Wait(ctx context.Context, opts ...WaitOption) error {
	if err := checkID("query", q.id); err != nil {
		return about("query", q.id, err)
	}
	_, err := q.job.Wait(ctx, bulkSettings(opts).jobOptions(false)...)
	return about("query", q.id, err)
}

// queryAnswer is one page of results.
type queryAnswer struct {
	Data  *polytomicapi.RunQueryResult
	Links *polytomicapi.RunQueryPagination
}

// DecodeJSON is what transport.Decode asks for.
func (a *queryAnswer) DecodeJSON(text []byte) error {
	var envelope struct {
		Data  *polytomicapi.RunQueryResult     `json:"data"`
		Links *polytomicapi.RunQueryPagination `json:"links"`
	}
	if err := decodeExact(text, &envelope); err != nil {
		return err
	}
	if envelope.Data == nil {
		return errNoData
	}
	a.Data, a.Links = envelope.Data, envelope.Links
	return nil
}

// queryPage reads one page of a query by its token, the first for "".
func (c *Client) queryPage(ctx context.Context, id, page string) (*queryAnswer, error) {
	if err := checkID("query", id); err != nil {
		return nil, err
	}
	answer, err := transport.Decode[queryAnswer](c.raw.GetQuery(ctx, id, &polytomicapi.GetQueryParams{Page: optional(page)}))
	if err != nil {
		return nil, err
	}
	if page == "" {
		c.answers.put(job.Ref{Kind: kindQuery, ID: id}, taskPhase(string(valueOf(answer.Data.Status))), answer)
	}
	return answer, nil
}

// Fields returns the names of the columns, in their order; nil before the query is done. It does no I/O.
func (q *Query) Fields() []string {
	if a := read[queryAnswer](q.cell); a != nil {
		return a.Data.Fields
	}
	return nil
}

// Rows yields the rows of a query that is done, page by page, as maps from column to value; numbers are
// [encoding/json.Number]. A query that is not done, or failed, is an error.
//
//sluice:operation GET /api/queries/{id}
func (q *Query) Rows(ctx context.Context) iter.Seq2[map[string]any, error] {
	return pages(ctx, func(ctx context.Context, token string) ([]map[string]any, string, error) {
		var answer *queryAnswer
		if token == "" {
			answer = read[queryAnswer](q.cell) // the poll that saw the end read the first page
			if answer != nil && taskPhase(string(valueOf(answer.Data.Status))) != job.PhaseSucceeded {
				answer = nil
			}
		}
		if answer == nil {
			var err error
			if answer, err = q.client.queryPage(ctx, q.id, token); err != nil {
				return nil, "", about("query", q.id, err)
			}
		}
		switch s := querySnapshot(q.id, answer.Data); s.Phase {
		case job.PhaseSucceeded:
		case job.PhaseFailed:
			return nil, "", about("query", q.id, &job.FailedError{Snapshot: s})
		default:
			return nil, "", about("query", q.id, &apierr.Error{Service: service, Kind: apierr.KindConflict, Message: "the query is not done",
				Hint: "Query.Wait waits for it."})
		}
		next, err := q.nextPage(answer.Links)
		return answer.Data.Results, next, about("query", q.id, err)
	})
}

var errForeignLink = errors.New("the link to the next page leads to another query or host")

// nextPage takes the token out of the link to the next page, which may lack the host. A link that leads elsewhere is not
// followed.
func (q *Query) nextPage(links *polytomicapi.RunQueryPagination) (string, error) {
	if links == nil || valueOf(links.Next) == "" {
		return "", nil
	}
	base, err := url.Parse(q.client.base)
	if err != nil {
		return "", err
	}
	next, err := base.Parse(*links.Next)
	token := ""
	if err == nil {
		token = next.Query().Get("page")
	}
	if err != nil || next.Host != base.Host || token == "" {
		return "", &apierr.Error{Service: service, Operation: "getQuery", Kind: apierr.KindUnexpected, Method: http.MethodGet, Route: "/api/queries/{id}", Err: errForeignLink}
	}
	return token, nil
}
