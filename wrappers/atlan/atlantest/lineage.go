package atlantest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest/internal/elastic"
)

// graph shows the store to the walk of a lineage.
type graph struct{ f *Fake }

// Node implements elastic.LineageGraph.
func (g graph) Node(guid string) (elastic.LineageNode, bool) {
	a := g.f.store.byGUID[guid]
	if a == nil || a.hidden {
		return elastic.LineageNode{}, false
	}
	return elastic.LineageNode{Process: a.def.is("Process"), Attribute: func(name string) any { return g.f.filterValue(a, name) }}, true
}

// Edges implements elastic.LineageGraph.
func (g graph) Edges(guid string, of elastic.LineageEnd) []elastic.LineageEdge {
	a := g.f.store.byGUID[guid]
	attrs := []string{"inputs", "inputToProcesses"}
	if of == elastic.LineageOutputs {
		attrs = []string{"outputs", "outputFromProcesses"}
	}
	var out []elastic.LineageEdge
	for _, e := range a.edges {
		if o, attr := e.other(a); slices.Contains(attrs, attr) && !e.removed {
			out = append(out, elastic.LineageEdge{To: o.guid, Attribute: func(name string) any {
				if name != "__state" {
					return nil
				}
				if e.alive() {
					return "ACTIVE"
				}
				return "DELETED"
			}})
		}
	}
	return out
}

// filterValue is an attribute of an asset as filters of a lineage name it.
func (f *Fake) filterValue(a *asset, name string) any {
	switch name {
	case "__guid":
		return a.guid
	case "__typeName":
		return a.def.name
	case "__state":
		return a.status()
	case "__superTypeNames":
		return a.def.supers
	case "__traitNames":
		return tagNames(a.tags)
	case "__propagatedTraitNames":
		return tagNames(a.spread)
	case "__classificationNames":
		return tagNames(slices.Concat(a.tags, a.spread))
	case "__createdBy":
		return a.createdBy
	case "__modifiedBy":
		return a.updatedBy
	case "__timestamp":
		return a.created
	case "__modificationTimestamp":
		return a.updated
	case "__meanings":
		var names []string
		for _, e := range a.edges {
			if o, attr := e.other(a); attr == "meanings" && e.alive() {
				names = append(names, o.qualifiedName)
			}
		}
		return names
	case "__hasLineage":
		return f.hasLineage(a)
	}
	value := a.get(name)
	if value == "" {
		return nil
	}
	var out any
	if json.Unmarshal([]byte(value), &out) != nil {
		return nil
	}
	return out
}

// LineageList lists what is upstream or downstream of an asset.
func (a *service) LineageList(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		request, err := elastic.ParseLineageRequest(c.body)
		if err != nil {
			return nil, walked(err)
		}
		if x := c.store.byGUID[request.GUID]; x != nil {
			if err := c.permitted("read entity", x.qualifiedName); err != nil {
				return nil, err
			}
		}
		result, err := elastic.Lineage(graph{c.Fake}, request)
		if err != nil {
			return nil, walked(err)
		}
		var sent struct {
			RelationAttributes []string `json:"relationAttributes"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		entities := []byte{'['}
		for i, entry := range result.Entries {
			if i > 0 {
				entities = append(entities, ',')
			}
			x := c.store.byGUID[entry.GUID]
			var o object
			o.text("typeName", x.def.name)
			o.inner("attributes", func(in *object) { c.wanted(in, x, request.Attributes, sent.RelationAttributes) })
			o.text("guid", x.guid)
			o.text("status", x.status())
			o.text("displayText", x.displayText())
			o.number("depth", int64(entry.Depth))
			if entry.Upstream != nil {
				o.raw("immediateUpstream", c.lineageRefs(entry.Upstream))
			}
			if entry.Downstream != nil {
				o.raw("immediateDownstream", c.lineageRefs(entry.Downstream))
			}
			c.headerExtras(&o, x, request.ExcludeTags, request.ExcludeMeanings, false)
			entities = append(entities, o.end()...)
		}
		var o object
		o.raw("entities", string(append(entities, ']')))
		o.truth("hasMore", result.HasMore)
		o.number("entityCount", int64(result.EntityCount))
		o.raw("searchParameters", string(c.body))
		return written(o.end()), nil
	})
}

func (c *call) lineageRefs(guids []string) string {
	list := []byte{'['}
	for i, guid := range guids {
		if i > 0 {
			list = append(list, ',')
		}
		var o object
		o.text("guid", guid)
		if x := c.store.byGUID[guid]; x != nil {
			o.text("qualifiedName", x.qualifiedName)
			o.text("name", x.str("name"))
		}
		list = append(list, o.end()...)
	}
	return string(append(list, ']'))
}

func walked(err error) error {
	if e, ok := errors.AsType[*elastic.LineageError](err); ok {
		if e.NotFound {
			return metastore(http.StatusNotFound, "ATLAS-404-00-005", "%s", e.Message)
		}
		return metastore(http.StatusBadRequest, "ATLAS-400-00-029", "%s", e.Message)
	}
	return err
}

// LineageGraph answers the lineage of an asset as a graph. The service keeps it for old clients.
func (a *service) LineageGraph(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			GUID        string   `json:"guid"`
			Depth       int      `json:"depth"`
			Direction   string   `json:"direction"`
			HideProcess bool     `json:"hideProcess"`
			Attributes  []string `json:"attributes"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		base, err := c.read(sent.GUID)
		if err != nil {
			return nil, err
		}
		if sent.Depth <= 0 {
			sent.Depth = 3
		}
		var entities object
		relations := []map[string]string{}
		seen := map[*asset]bool{}
		show := func(x *asset) {
			if !seen[x] {
				seen[x] = true
				entities.raw(x.guid, string(c.hit(nil, x, &sentSearch{Attributes: sent.Attributes})))
			}
		}
		show(base)
		walk := func(into, outOf string, down bool) {
			level, been := []*asset{base}, map[*asset]bool{base: true}
			for range sent.Depth {
				var next []*asset
				for _, x := range level {
					for _, e := range x.at(into) {
						process, _ := e.other(x)
						for _, e := range process.at(outOf) {
							far, _ := e.other(process)
							if !e.alive() || been[far] && far != base {
								continue
							}
							show(far)
							from, to := x.guid, far.guid
							if !down {
								from, to = to, from
							}
							relations = append(relations, map[string]string{"fromEntityId": from, "toEntityId": to, "processId": process.guid, "relationshipId": c.relationGUID(e)})
							if !been[far] {
								been[far] = true
								next = append(next, far)
							}
						}
					}
				}
				level = next
			}
		}
		if sent.Direction != "OUTPUT" {
			walk("outputFromProcesses", "inputs", false)
		}
		if sent.Direction != "INPUT" {
			walk("inputToProcesses", "outputs", true)
		}
		if sent.Direction == "" {
			sent.Direction = "BOTH"
		}
		var o object
		o.text("baseEntityGuid", base.guid)
		o.text("lineageDirection", sent.Direction)
		o.number("lineageDepth", int64(sent.Depth))
		o.number("limit", -1)
		o.number("offset", -1)
		o.truth("hasMoreUpstreamVertices", false)
		o.truth("hasMoreDownstreamVertices", false)
		o.raw("guidEntityMap", string(entities.end()))
		o.any("relations", relations)
		return written(o.end()), nil
	})
}
