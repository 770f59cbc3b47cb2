package atlantest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// QueryAnswer is what a SQL query is answered with.
type QueryAnswer struct {
	Columns []string
	Rows    [][]string
	// RowsPerEvent is how many rows an event of the stream has. Default 2.
	RowsPerEvent int
	// Error ends the stream with an error of this message, after the rows.
	Error string
}

// AnswerQuery says what a SQL statement is answered with. Others are answered with one row.
func (f *Fake) AnswerQuery(sql string, answer QueryAnswer) {
	f.locked(func() { f.queries[sql] = answer })
}

// StreamQuery runs a SQL query: a stream of events, each with some of the rows.
func (a *service) StreamQuery(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct{ SQL, DataSourceName, DefaultSchema string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		if _, err := c.named("Connection", sent.DataSourceName); err != nil {
			return nil, heracles(http.StatusNotFound, 1006, "no connection %s", sent.DataSourceName)
		}
		answer, ok := c.queries[sent.SQL]
		if !ok {
			answer = QueryAnswer{Columns: []string{"RESULT"}, Rows: [][]string{{"1"}}}
		}
		if answer.RowsPerEvent <= 0 {
			answer.RowsPerEvent = 2
		}
		id := c.newID()
		var stream strings.Builder
		event := func(fields map[string]any, status string) {
			fields["requestId"], fields["queryId"] = id, id
			fields["details"] = map[string]any{"status": status, "totalRowsStreamed": len(answer.Rows)}
			stream.WriteString("data: " + must(fields) + "\n\n")
		}
		event(map[string]any{}, "started")
		columns := []map[string]any{}
		for i, name := range answer.Columns {
			columns = append(columns, map[string]any{"ordinal": i + 1, "label": name, "columnName": name, "type": map[string]any{"id": 12, "name": "VARCHAR", "rep": "STRING"}})
		}
		for from := 0; from < len(answer.Rows); from += answer.RowsPerEvent {
			fields := map[string]any{"rows": answer.Rows[from:min(from+answer.RowsPerEvent, len(answer.Rows))]}
			if from == 0 {
				fields["columns"] = columns
			}
			event(fields, "in-progress")
		}
		if answer.Error != "" {
			event(map[string]any{"errorName": "QUERY_ERROR", "errorMessage": answer.Error, "errorCode": "1"}, "error")
		} else {
			event(map[string]any{}, "completed")
		}
		return text{http.StatusOK, "text/event-stream", stream.String()}, nil
	})
}

// ParseQuery parses SQL, as far as names of tables after FROM, JOIN and INTO go.
func (a *service) ParseQuery(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct{ SQL, DefaultDatabase, DefaultSchema string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		objects, words := []map[string]any{}, strings.Fields(sent.SQL)
		for i, word := range words {
			switch strings.ToUpper(word) {
			case "FROM", "JOIN", "INTO":
				if i+1 < len(words) {
					name := strings.Trim(words[i+1], `";,()`)
					objects = append(objects, map[string]any{"id": must(i), "name": name, "displayName": name, "type": "table", "database": sent.DefaultDatabase, "schema": sent.DefaultSchema})
				}
			}
		}
		return map[string]any{"dbobjs": objects, "relationships": []any{}, "errors": []any{}}, nil
	})
}

// SearchTasks searches the queue of background tasks: the spreading of tags.
func (a *service) SearchTasks(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		result, err := c.searchIn(c.taskIndex)
		if err != nil {
			return nil, err
		}
		tasks := []json.RawMessage{}
		for _, hit := range result.Hits {
			tasks = append(tasks, c.tasks[hit.ID])
		}
		out := map[string]any{"tasks": tasks, "approximateCount": result.Total}
		if result.Aggregations != nil {
			out["aggregations"] = result.Aggregations
		}
		return out, nil
	})
}

// addTask notes a task that is done as soon as it is there.
func (f *Fake) addTask(kind string, a *asset, tag, by string) {
	id, ms := f.newID(), f.now.UnixMilli()
	f.tasks[id] = json.RawMessage(must(map[string]any{
		"type": kind, "guid": id, "createdBy": by, "createdTime": ms, "updatedTime": ms, "startTime": ms, "endTime": ms,
		"timeTakenInSeconds": 0, "attemptCount": 0, "status": "COMPLETE", "entityGuid": a.guid, "tagTypeName": tag,
		"parameters": map[string]any{"entityGuid": a.guid},
	}))
	f.taskIndex.Put(id, map[string]any{
		"__task_type": kind, "__task_guid": id, "__task_createdBy": by, "__task_status": "COMPLETE", "__task_entityGuid": a.guid,
		"__task_timestamp": ms, "__task_modificationTimestamp": ms, "__task_startTime": ms, "__task_endTime": ms,
		"__task_timeTakenInSeconds": 0, "__task_attemptCount": 0, "__task_classificationTypeName": tag,
	})
}
