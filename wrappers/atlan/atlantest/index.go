package atlantest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sluice-sdk/sluice/specs"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest/internal/elastic"
)

var indexModel = elastic.SharedModel(specs.AtlanTypedefs())

// mostWindow is how far from and size of a search of assets reach (pyatlan client/asset.py), and mostAudits those of
// audits (model/audit.py).
const (
	mostWindow = 100_000
	mostAudits = 10_000
)

// touch has the index see an asset as it is, after a while.
func (f *Fake) touch(a *asset) {
	if a.queued || a.gone {
		return
	}
	if !f.has(SearchDelay) || f.config.searchDelay <= 0 {
		f.reindex(a)
		return
	}
	a.queued = true
	f.schedule(f.now.Add(f.config.searchDelay), func(time.Time) {
		a.queued = false
		f.reindex(a)
	})
}

// unindex takes an asset out of the index, after a while.
func (f *Fake) unindex(a *asset) {
	drop := func(time.Time) { f.assets.Delete(a.guid) }
	a.indexed = false
	if !f.has(SearchDelay) || f.config.searchDelay <= 0 {
		drop(f.now)
		return
	}
	f.schedule(f.now.Add(f.config.searchDelay), drop)
}

// reindex has the index see an asset as it is, at once.
func (f *Fake) reindex(a *asset) {
	if a.gone {
		return
	}
	a.indexed = true
	d := elastic.Document{
		TypeName: a.def.name, SuperTypeNames: a.def.supers, Status: a.status(), CreatedBy: a.createdBy, UpdatedBy: a.updatedBy,
		CreateTime: a.created, UpdateTime: a.updated, Tags: tagNames(a.tags), PropagatedTags: tagNames(a.spread), Labels: a.labels,
		Attributes: make(map[string]any, len(a.attrs)+1),
	}
	for _, x := range a.attrs {
		d.Attributes[x.name] = indexValue(x.value)
	}
	for _, t := range slices.Concat(d.Tags, d.PropagatedTags) {
		if def := f.tagDef(t); def != nil {
			d.TagNames = append(d.TagNames, def.text("displayName"))
		}
	}
	if f.hasLineage(a) {
		d.Attributes["__hasLineage"] = true
	}
	if len(a.custom) > 0 {
		d.CustomAttributes = must(a.custom)
	}
	for set, values := range a.business {
		for attr, raw := range values {
			if d.CustomMetadata == nil {
				d.CustomMetadata = make(map[string]any)
			}
			d.CustomMetadata[set+"."+attr] = json.RawMessage(raw)
		}
	}
	for _, e := range a.edges {
		o, attr := e.other(a)
		switch {
		case !e.alive() && !a.deleted:
		case attr == "meanings":
			d.Meanings = append(d.Meanings, o.qualifiedName)
			d.MeaningNames = append(d.MeaningNames, o.displayText())
		case attr == "anchor" || attr == "categories" || attr == "parentCategory":
			if d.Relationships == nil {
				d.Relationships = make(map[string][]string)
			}
			d.Relationships[attr] = append(d.Relationships[attr], o.qualifiedName)
		}
	}
	f.assets.Put(a.guid, d)
}

// indexValue decodes what is cheap to decode.
func indexValue(value string) any {
	switch {
	case value == "true":
		return true
	case value == "false":
		return false
	case len(value) > 1 && value[0] == '"':
		return unquoted(value)
	}
	return json.RawMessage(value)
}

// hasLineage says whether an asset is the input or the output of a process, or a process that has either.
func (f *Fake) hasLineage(a *asset) bool {
	for _, e := range a.edges {
		_, attr := e.other(a)
		switch attr {
		case "inputToProcesses", "outputFromProcesses":
			if e.alive() {
				return true
			}
		case "inputs", "outputs":
			if a.def.is("Process") && e.alive() {
				return true
			}
		}
	}
	return false
}
