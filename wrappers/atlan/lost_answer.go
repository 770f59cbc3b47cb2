package atlan

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// A save that makes assets whose names the server chooses must not be sent again when its answer is lost. What it made
// is looked for instead: where the parent lists its children by reading it, which sees a write at once, otherwise by the
// search index, which sees it later.

// The look-up asks again after pauses that grow, until it has lasted so long: the request may still be carried out, and
// the index follows the store with a delay.
const (
	lookUpShortest = time.Second
	lookUpLongest  = 8 * time.Second
	lookUpFor      = 45 * time.Second
)

// recover looks for the new assets of a save whose answer was lost. When it returns nil, each change has the guid of what
// was made of it.
func (s *saving) recover(ctx context.Context, minted []int, cause error) error {
	l := lookUp{saving: s, ctx: ctx}
	missing, lost := minted, time.Now()
	for pause := lookUpShortest; ; pause = min(2*pause, lookUpLongest) {
		l.candidates, l.err = nil, nil
		missing = slices.DeleteFunc(slices.Clone(missing), l.settled)
		if len(missing) == 0 {
			return nil
		}
		if len(l.candidates) > 0 || time.Since(lost) >= lookUpFor || !sleep(ctx, pause) {
			break
		}
	}
	ambiguous := &AmbiguousSaveError{Candidates: l.candidates, Err: cause, LookUp: l.err}
	if l.err == nil && ctx.Err() != nil {
		ambiguous.LookUp = context.Cause(ctx)
	}
	for _, i := range missing {
		ambiguous.Items = append(ambiguous.Items, s.items[i])
	}
	return ambiguous
}

// sleep waits, and reports whether it came to its end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lookUp is one look at what there is.
type lookUp struct {
	saving     *saving
	ctx        context.Context //nolint:containedctx // it does not outlive the call
	candidates []*Entity       // that may be what was created, when it is not certain
	err        error
}

// settled reports whether it is certain what was made of a change, and gives the change its guid.
func (l *lookUp) settled(i int) bool {
	change := l.saving.changes[i]
	if change.typeName == "DataContract" {
		l.err = apierr.Invalid(service, "", "each save of a contract makes a version: it cannot be told which one is meant")
		return false
	}
	found, skew, err := l.named(change)
	if err != nil {
		l.err = err
		return false
	}
	var made, perhaps []*Entity
	for _, e := range found {
		switch {
		case l.taken(e.GUID):
		case e.CreatedAt().Before(l.saving.began.Add(skew).Truncate(time.Millisecond)):
			// It was there before.
		case change.matches(e):
			made = append(made, e)
		default:
			perhaps = append(perhaps, e)
		}
	}
	if len(made) != 1 {
		l.candidates = append(append(l.candidates, made...), perhaps...)
		return false
	}
	change.guid, change.recovered = made[0].GUID, made[0]
	return true
}

// taken reports whether another change is known to have made an asset.
func (l *lookUp) taken(guid string) bool {
	for _, change := range l.saving.changes {
		if change != nil && change.guid == guid {
			return true
		}
	}
	return false
}

// matches reports whether an asset has what was to be sent: the texts, numbers and truths of it, which the server stores as
// they are.
func (c *change) matches(e *Entity) bool {
	for name, value := range c.attributes {
		if name == attributeQualifiedName || len(value) == 0 || value[0] == '{' || value[0] == '[' {
			continue
		}
		now, ok := e.attributes.get(name)
		if isNull(value) && (!ok || isNull(now)) {
			continue
		}
		if !ok || !sameJSON(value, now) {
			return false
		}
	}
	return true
}

// named returns the assets of a change's type, name and parent that are active, and by how much the server's clock is
// ahead of ours, less than it may be off.
func (l *lookUp) named(c *change) (found []*Entity, skew time.Duration, err error) {
	var guids []string
	parent, children := c.parent()
	switch {
	case c.typeName == "AtlasGlossary":
		guids, skew, err = l.glossaries(c.name)
	case parent != nil:
		if guids, skew, err = l.children(c, parent, children); err == nil && len(guids) == 0 {
			guids, skew, err = l.search(c) // a parent may have more children than it lists
		}
	default:
		guids, skew, err = l.search(c)
	}
	if err != nil {
		return nil, 0, err
	}
	for _, guid := range guids {
		e, err := l.saving.client.Entity(l.ctx, guid, ReadOptions{Minimal: true})
		switch {
		case isNoAsset(err):
		case err != nil:
			return nil, 0, err
		case e.TypeName == c.typeName && e.Name() == c.name && e.Status != StatusDeleted && !l.elsewhere(c, e):
			found = append(found, e)
		}
	}
	return found, skew, nil
}

// elsewhere reports whether an asset has another parent than a change.
func (l *lookUp) elsewhere(c *change, e *Entity) bool {
	want, _ := c.parent()
	got, ok := e.Relationship(c.parentRelation())
	if !ok || isNull(got) {
		return false
	}
	if want == nil {
		return c.typeName == "DataDomain" // which may have none
	}
	if guid := l.resolved(textOf(memberOf(want, memberGUID))); guid != "" {
		return textOf(memberOf(got, memberGUID)) != guid
	}
	unique, _ := memberOf(want, memberUnique)
	is, _ := memberOf(got, memberUnique)
	name := textOf(memberOf(is, attributeQualifiedName))
	return name != "" && name != textOf(memberOf(unique, attributeQualifiedName))
}

// resolved gives a placeholder the guid that was found for it, if any.
func (l *lookUp) resolved(guid string) string {
	if isPlaceholder(guid) {
		for _, other := range l.saving.changes {
			if other != nil && other.entity.GUID == guid {
				return other.guid
			}
		}
	}
	return guid
}

// parentRelation is the relationship of a type that leads to the asset that lists it, "" for none.
func (c *change) parentRelation() string {
	switch c.typeName {
	case "AtlasGlossaryTerm", "AtlasGlossaryCategory":
		return "anchor"
	case "DataDomain":
		return "parentDomain"
	case "DataProduct":
		return "dataDomain"
	case "AuthPolicy":
		return "accessControl"
	case "Folder", "Query":
		return "parent"
	}
	return ""
}

// parent is the reference to the asset that lists a new one, and the relationship that it does it in; nil for none.
func (c *change) parent() (ref json.RawMessage, children string) {
	switch c.typeName {
	case "AtlasGlossaryTerm":
		children = "terms"
	case "AtlasGlossaryCategory":
		children = "categories"
	case "DataDomain":
		children = "subDomains"
	case "DataProduct":
		children = "dataProducts"
	case "AuthPolicy":
		children = "policies"
	case "Folder":
		children = "childrenFolders"
	case "Query":
		children = "childrenQueries"
	}
	if ref = c.relations[c.parentRelation()]; len(ref) == 0 || ref[0] != '{' {
		return nil, ""
	}
	return ref, children
}

// children returns the guids of a parent's children that bear the name of a change.
func (l *lookUp) children(c *change, parent json.RawMessage, relation string) ([]string, time.Duration, error) {
	guid := l.resolved(textOf(memberOf(parent, memberGUID)))
	if isPlaceholder(guid) {
		return nil, 0, nil // the parent was not found either
	}
	var resp *http.Response
	var err error
	if guid != "" {
		resp, err = l.saving.client.raw.GetEntityByGUID(l.ctx, guid, &atlanapi.GetEntityByGUIDParams{})
	} else {
		unique, _ := memberOf(parent, memberUnique)
		qualifiedName := textOf(memberOf(unique, attributeQualifiedName))
		resp, err = l.saving.client.raw.GetEntityByUniqueAttribute(l.ctx, textOf(memberOf(parent, memberTypeName)),
			&atlanapi.GetEntityByUniqueAttributeParams{AttrQualifiedName: &qualifiedName})
	}
	skew := skewOf(resp)
	answer, err := transport.Decode[entityAnswer](resp, err)
	if err != nil {
		return nil, 0, err
	}
	value, _ := answer.entity.Relationship(relation)
	var refs []struct {
		GUID        string `json:"guid"`
		DisplayText string `json:"displayText"`
	}
	if len(value) > 0 {
		if err := json.Unmarshal(value, &refs); err != nil {
			return nil, 0, err
		}
	}
	var guids []string
	for _, ref := range refs {
		if ref.DisplayText == "" || ref.DisplayText == c.name {
			guids = append(guids, ref.GUID)
		}
	}
	return guids, skew, nil
}

// glossaries returns the guids of the glossaries of a name.
func (l *lookUp) glossaries(name string) ([]string, time.Duration, error) {
	resp, err := l.saving.client.raw.ListGlossaries(l.ctx, &atlanapi.ListGlossariesParams{})
	skew := skewOf(resp)
	list, err := transport.Decode[[]struct {
		GUID string `json:"guid"`
		Name string `json:"name"`
	}](resp, err)
	if err != nil {
		return nil, 0, err
	}
	var guids []string
	for _, glossary := range *list {
		if glossary.Name == name || glossary.Name == "" {
			guids = append(guids, glossary.GUID)
		}
	}
	return guids, skew, nil
}

// search returns the guids of the assets of a type and name by the search index.
func (l *lookUp) search(c *change) ([]string, time.Duration, error) {
	return l.saving.client.searchExactly(l.ctx, map[string]string{"__typeName.keyword": c.typeName, "name.keyword": c.name, "__state": "ACTIVE"})
}

// skewOf is how much the clock that an answer was made by is ahead of ours: never more, less by the time that the answer
// took and the second that a Date is exact to. Without a Date the clocks are taken to be together.
func skewOf(resp *http.Response) time.Duration {
	if resp == nil {
		return 0
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return time.Until(date)
}
