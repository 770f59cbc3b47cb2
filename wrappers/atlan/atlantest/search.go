package atlantest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest/internal/elastic"
)

// searched turns an error of the index into one of the metastore.
func searched(err error) error {
	if e, ok := errors.AsType[*elastic.Error](err); ok {
		out := metastore(http.StatusBadRequest, "ATLAS-400-00-029", "%s", e.Error())
		if body, ok := out.body.(map[string]any); ok {
			body["errorCause"] = must(e)
		}
		return out
	}
	return err
}

// sentSearch is the body of an index search.
type sentSearch struct {
	DSL                           json.RawMessage `json:"dsl"`
	Attributes                    []string        `json:"attributes"`
	RelationAttributes            []string        `json:"relationAttributes"`
	ShowSearchScore               bool            `json:"showSearchScore"`
	ShowSearchMetadata            bool            `json:"showSearchMetadata"`
	ExcludeMeanings               bool            `json:"excludeMeanings"`
	ExcludeClassifications        bool            `json:"excludeClassifications"`
	IncludeClassificationNames    bool            `json:"includeClassificationNames"`
	AllowDeletedRelations         bool            `json:"allowDeletedRelations"`
	IncludeRelationshipAttributes bool            `json:"includeRelationshipAttributes"`
	SuppressLogs                  bool            `json:"suppressLogs"`
	RequestMetadata               struct {
		SaveSearchLog bool     `json:"saveSearchLog"`
		UTMTags       []string `json:"utmTags"`
	} `json:"requestMetadata"`
}

// IndexSearch searches the catalog.
func (a *service) IndexSearch(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent sentSearch
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		result, err := c.assets.Search(sent.DSL)
		if err != nil {
			return nil, searched(err)
		}
		c.logSearch(r, &sent, result)
		return c.found(&sent, result), nil
	})
}

// found writes the answer to an index search. Hits whose asset is missing are left out of the entities and of nothing
// else; those that the caller may not see are masked after their metadata was written.
func (c *call) found(sent *sentSearch, result *elastic.Result) written {
	o := object{b: make([]byte, 0, 1024+len(c.body)+1024*len(result.Hits))}
	o.text("queryType", "INDEX")
	o.raw("searchParameters", string(c.body))
	scores, metadata := object{}, object{}
	some := false
	for _, hit := range result.Hits {
		if sent.ShowSearchScore && result.Scored {
			scores.any(hit.ID, hit.Score)
		}
		if sent.ShowSearchMetadata && hit.Sort != nil {
			metadata.raw(hit.ID, `{"sort":`+must(hit.Sort)+`}`)
		}
		x := c.store.byGUID[hit.ID]
		if x == nil || x.hidden {
			continue
		}
		if some {
			o.b = append(o.b, ',')
		} else {
			o.key("entities")
			o.b = append(o.b, '[')
			some = true
		}
		o.b = c.hit(o.b, x, sent)
	}
	if some {
		o.b = append(o.b, ']')
	}
	if result.Relation != "" {
		o.number("approximateCount", int64(result.Total))
	} else {
		o.number("approximateCount", 0)
	}
	if result.Aggregations != nil {
		o.any("aggregations", result.Aggregations)
	}
	if sent.ShowSearchScore && result.Scored {
		o.raw("searchScore", string(scores.end()))
	}
	if sent.ShowSearchMetadata {
		o.raw("searchMetadata", string(metadata.end()))
	}
	return o.end()
}

// hit appends an asset as a search finds it: a header and the attributes that were asked for.
func (f *Fake) hit(b []byte, a *asset, sent *sentSearch) []byte {
	o := object{b: b}
	o.text("typeName", a.def.name)
	if a.masked {
		o.raw("attributes", `{"qualifiedName":"********","name":"********"}`)
		o.text("guid", "-1")
		o.text("status", a.status())
		o.text("displayText", "********")
		o.truth("scrubbed", true)
		return o.end()
	}
	o.inner("attributes", func(in *object) { f.wanted(in, a, sent.Attributes, sent.RelationAttributes) })
	o.text("guid", a.guid)
	o.text("status", a.status())
	o.text("displayText", a.displayText())
	f.headerExtras(&o, a, sent.ExcludeClassifications, sent.ExcludeMeanings, sent.IncludeClassificationNames)
	o.texts("superTypeNames", a.def.supers)
	return o.end()
}

func (f *Fake) headerExtras(o *object, a *asset, noTags, noMeanings, tagNamesToo bool) {
	tags := slices.Concat(a.tags, a.spread)
	if !noTags || tagNamesToo {
		o.texts("classificationNames", tagNames(tags))
	}
	if !noTags {
		o.raw("classifications", tagList(tags))
	}
	if !noMeanings {
		meanings, names := f.meanings(a)
		o.raw("meanings", meanings)
		o.texts("meaningNames", names)
	}
	o.truth("isIncomplete", a.incomplete)
	o.texts("labels", a.labels)
	o.text("createdBy", a.createdBy)
	o.text("updatedBy", a.updatedBy)
	o.number("createTime", a.created)
	o.number("updateTime", a.updated)
}

// wanted writes the attributes that a list asks for; names come unasked. Values of custom metadata are flat, by the ids
// of their set and their attribute, and relationships are among the attributes.
func (f *Fake) wanted(o *object, a *asset, names, relations []string) {
	o.text("qualifiedName", a.qualifiedName)
	if name := a.get("name"); name != "" {
		o.raw("name", name)
	}
	for i, name := range names {
		if name == "name" || name == "qualifiedName" || slices.Contains(names[:i], name) {
			continue
		}
		if i, ok := a.find(name); ok {
			o.raw(name, a.attrs[i].value)
			continue
		}
		if set, attr, ok := strings.Cut(name, "."); ok {
			if value, ok := a.business[set][attr]; ok {
				o.raw(name, value)
			}
			continue
		}
		switch name {
		case "__hasLineage":
			o.truth(name, f.hasLineage(a))
			continue
		case "__guid":
			o.text(name, a.guid)
			continue
		case "__typeName":
			o.text(name, a.def.name)
			continue
		case "__state":
			o.text(name, a.status())
			continue
		case "__createdBy":
			o.text(name, a.createdBy)
			continue
		case "__modifiedBy":
			o.text(name, a.updatedBy)
			continue
		case "__timestamp":
			o.number(name, a.created)
			continue
		case "__modificationTimestamp":
			o.number(name, a.updated)
			continue
		}
		if def := a.def.relations[name]; def != nil && a.def.attrs[name] == "" {
			f.related(o, a, def, relations)
		}
	}
}

// related writes a relationship of a search result, with the attributes of the other ends that were asked for.
func (f *Fake) related(o *object, a *asset, def *relationDef, attributes []string) {
	var list []string
	for _, e := range a.edges {
		to, attr := e.other(a)
		if attr != def.attr || !e.alive() {
			continue
		}
		var r object
		r.text("guid", to.guid)
		r.text("typeName", to.def.name)
		r.text("entityStatus", to.status())
		r.text("displayText", to.displayText())
		r.inner("attributes", func(in *object) { f.wanted(in, to, attributes, nil) })
		r.raw("uniqueAttributes", `{"qualifiedName":`+quoted(to.qualifiedName)+`}`)
		list = append(list, string(r.end()))
	}
	switch {
	case def.many:
		o.raw(def.attr, "["+strings.Join(list, ",")+"]")
	case len(list) > 0:
		o.raw(def.attr, list[0])
	}
}
