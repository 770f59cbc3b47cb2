package atlantest

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest/internal/elastic"
)

const mostLoggedHits = 300

// logSearch notes a search that asks for it.
func (c *call) logSearch(r *http.Request, sent *sentSearch, result *elastic.Result) {
	if !sent.RequestMetadata.SaveSearchLog {
		return
	}
	var guids, names, types []string
	for i, hit := range result.Hits {
		if a := c.store.byGUID[hit.ID]; a != nil && i < mostLoggedHits {
			guids, names, types = append(guids, a.guid), append(names, a.qualifiedName), append(types, a.def.name)
		}
	}
	ms := c.now.UnixMilli()
	entry := map[string]any{
		"userAgent": r.UserAgent(), "host": r.Host, "ipAddress": "127.0.0.1", "userName": c.who.name,
		"entityGuidsAll": nonNil(guids), "entityQFNamesAll": nonNil(names), "entityTypeNamesAll": nonNil(types),
		"entityGuidsAllowed": nonNil(guids), "entityQFNamesAllowed": nonNil(names), "entityTypeNamesAllowed": nonNil(types),
		"utmTags": nonNil(sent.RequestMetadata.UTMTags), "hasResult": len(guids) > 0, "resultsCount": result.Total,
		"responseTime": 1, "createdAt": ms, "timestamp": ms, "failed": false, "request.dslText": string(sent.DSL),
		"request.attributes": nonNil(sent.Attributes), "request.relationAttributes": nonNil(sent.RelationAttributes),
	}
	id := strconv.Itoa(len(c.searches))
	c.searches[id] = json.RawMessage(must(entry))
	var indexed map[string]any
	if json.Unmarshal(c.searches[id], &indexed) == nil {
		delete(indexed, "request.dslText")
		c.searchLog.Put(id, indexed)
	}
}

// SearchLogSearch searches the searches that were made.
func (a *service) SearchLogSearch(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		result, err := c.searchIn(c.searchLog)
		if err != nil {
			return nil, err
		}
		logs := []json.RawMessage{}
		for _, hit := range result.Hits {
			logs = append(logs, c.searches[hit.ID])
		}
		out := map[string]any{"logs": logs, "approximateCount": result.Total, "searchParameters": json.RawMessage(c.body)}
		if result.Aggregations != nil {
			out["aggregations"] = result.Aggregations
		}
		return out, nil
	})
}
