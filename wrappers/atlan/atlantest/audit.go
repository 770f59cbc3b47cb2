package atlantest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest/internal/elastic"
)

// auditEntry is what happened to an asset.
type auditEntry struct {
	guid, name, typeName, action, user string
	at                                 int64
	key                                string
	detail                             written
}

// audit notes what happened to an asset. Searches see it when they see what happened.
func (f *Fake) audit(a *asset, action, by string, detail written) {
	f.auditNumber++
	e := &auditEntry{
		guid: a.guid, name: a.qualifiedName, typeName: a.def.name, action: action, user: by, at: f.now.UnixMilli(),
		key: a.guid + ":" + strconv.FormatInt(f.now.UnixMilli(), 10) + ":" + strconv.Itoa(f.auditNumber), detail: detail,
	}
	f.audits[e.key] = e
	f.auditsOf[e.guid] = append(f.auditsOf[e.guid], e)
	see := func(time.Time) {
		if f.audits[e.key] == e {
			f.auditIndex.Put(e.key, map[string]any{
				"entityId": e.guid, "entityQualifiedName": e.name, "typeName": e.typeName, "action": e.action, "user": e.user,
				"created": e.at, "timestamp": e.at, "eventKey": e.key,
			})
		}
	}
	if !f.has(SearchDelay) || f.config.searchDelay <= 0 {
		see(f.now)
		return
	}
	f.schedule(f.now.Add(f.config.searchDelay), see)
}

// forget drops the entries of a purged asset.
func (f *Fake) forget(a *asset) {
	for _, e := range f.auditsOf[a.guid] {
		delete(f.audits, e.key)
		f.auditIndex.Delete(e.key)
	}
	delete(f.auditsOf, a.guid)
}

func (e *auditEntry) write() json.RawMessage {
	out := map[string]any{
		"entityId": e.guid, "entityQualifiedName": e.name, "typeName": e.typeName, "action": e.action, "user": e.user,
		"created": e.at, "timestamp": e.at, "eventKey": e.key, "headers": map[string]string{"x-atlan-agent": "sdk"},
	}
	if e.detail != nil {
		out["detail"] = json.RawMessage(e.detail)
	}
	return json.RawMessage(must(out))
}

// AuditSearch searches what happened to assets.
func (a *service) AuditSearch(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		result, err := c.searchIn(c.auditIndex)
		if err != nil {
			return nil, err
		}
		list := []json.RawMessage{}
		for _, hit := range result.Hits {
			if e := c.audits[hit.ID]; e != nil {
				list = append(list, e.write())
			}
		}
		out := map[string]any{"entityAudits": list, "count": len(list), "totalCount": result.Total}
		if result.Aggregations != nil {
			out["aggregations"] = result.Aggregations
		}
		return out, nil
	})
}

// searchIn evaluates the dsl of a request in an index.
func (c *call) searchIn(index *elastic.Index) (*elastic.Result, error) {
	var sent struct {
		DSL json.RawMessage `json:"dsl"`
	}
	if err := c.decode(&sent); err != nil {
		return nil, err
	}
	result, err := index.Search(sent.DSL)
	if err != nil {
		return nil, searched(err)
	}
	return result, nil
}

// ListEntityAuditEvents lists what happened to an asset, newest first.
func (a *service) ListEntityAuditEvents(w http.ResponseWriter, r *http.Request, guid string, params wire.ListEntityAuditEventsParams) {
	a.do(w, r, func(c *call) (any, error) {
		list := []json.RawMessage{}
		for _, e := range slices.Backward(c.auditsOf[guid]) {
			if params.Count != nil && len(list) >= int(*params.Count) {
				break
			}
			list = append(list, e.write())
		}
		return list, nil
	})
}

// AuditEntry is something that happened to an asset.
type AuditEntry struct {
	GUID, QualifiedName, TypeName string
	// Action is such as ENTITY_CREATE.
	Action string
	User   string
	At     time.Time
}

// Audit returns what happened to an asset, oldest first.
func (f *Fake) Audit(guid string) (out []AuditEntry) {
	f.locked(func() {
		for _, e := range f.auditsOf[guid] {
			out = append(out, AuditEntry{e.guid, e.name, e.typeName, e.action, e.user, time.UnixMilli(e.at)})
		}
	})
	return out
}
