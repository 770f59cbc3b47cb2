package atlan

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Outcome is what a save did to an asset.
type Outcome uint8

// The outcomes.
const (
	// Unconfirmed: the server answered with success and did not mention the asset.
	Unconfirmed Outcome = iota
	// Unchanged: nothing was sent, because nothing was changed, or the server found nothing to change.
	Unchanged
	// Created: the asset is new.
	Created
	// Updated: the asset was changed.
	Updated
	// PartiallyUpdated: the asset was changed, in attributes of simple types or in relationships only. It is as good as
	// Updated: the metastore alone knows why it tells the two apart.
	PartiallyUpdated
	// Deleted: the asset was archived or deleted.
	Deleted
	// Purged: the asset is gone.
	Purged
)

var outcomeNames = [...]string{ //nolint:gochecknoglobals // a constant that Go has no form for
	Unconfirmed: "unconfirmed", Unchanged: "unchanged", Created: "created", Updated: "updated",
	PartiallyUpdated: "partially updated", Deleted: "deleted", Purged: "purged",
}

// String returns the outcome in words, such as "created".
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// SaveResult is what became of one asset.
type SaveResult struct {
	// Item is the item that was saved; nil for an asset that the save changed besides, and for deletions.
	Item Item
	// Outcome says what happened.
	Outcome Outcome
	// GUID, TypeName and QualifiedName say which asset it is, as the server has it now.
	GUID, TypeName, QualifiedName string
	// Recovered is true when the answer of the request that made the asset was lost, and a look-up found it.
	Recovered bool
	// NotWritten is nil when all of the item was written. Else the item was new and the asset there already, with other custom
	// metadata, which the save left as it is, see [CustomMetadataKeep]: an error of category [ErrInvalidRequest], or that of
	// the look which would have told. The item keeps its custom metadata as a change.
	NotWritten error
}

// SaveReport is what a save did.
type SaveReport struct {
	// Items has one result for each item, in their order.
	Items []SaveResult
	// Others are the assets that the save changed besides, such as the table that a column was added to.
	Others []SaveResult
}

// With yields the results of the items that had an outcome.
func (r *SaveReport) With(outcome Outcome) iter.Seq[SaveResult] {
	return func(yield func(SaveResult) bool) {
		for _, result := range r.Items {
			if result.Outcome == outcome && !yield(result) {
				return
			}
		}
	}
}

// Count returns how many items had an outcome.
func (r *SaveReport) Count(outcome Outcome) int {
	n := 0
	for range r.With(outcome) {
		n++
	}
	return n
}

// Changed reports whether the save changed anything.
func (r *SaveReport) Changed() bool {
	for _, result := range r.Items {
		if result.Outcome != Unchanged {
			return true
		}
	}
	return len(r.Others) > 0
}

// AmbiguousSaveError says that a save with new assets whose names the server makes got no answer, and that looking them
// up did not settle whether it was carried out. Nothing was sent twice: look at the candidates before saving again.
type AmbiguousSaveError struct {
	// Items are the new assets that were not found for certain.
	Items []Item
	// Candidates are assets of the same type and name that may be what was created. There is none when nothing of the
	// name was found so far.
	Candidates []*Entity
	// Err is why there was no answer, LookUp why the look-up did not end, nil when it did.
	Err, LookUp error
}

// Error says what is not known.
func (e *AmbiguousSaveError) Error() string {
	names := make([]string, 0, len(e.Items))
	for _, item := range e.Items {
		names = append(names, fmt.Sprintf("%q", item.Name()))
	}
	guids := make([]string, 0, len(e.Candidates))
	for _, candidate := range e.Candidates {
		guids = append(guids, candidate.GUID)
	}
	text := "atlan: it is not known whether the save created " + strings.Join(names, ", ")
	if len(guids) > 0 {
		text += " (candidates: " + strings.Join(guids, ", ") + ")"
	}
	text += ": " + e.Err.Error()
	if e.LookUp != nil {
		text += "; looking it up: " + e.LookUp.Error()
	}
	return text
}

// Unwrap returns why there was no answer, and why the look-up did not end.
func (e *AmbiguousSaveError) Unwrap() []error {
	if e.LookUp == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.LookUp}
}

// mutations is the answer of a save or a deletion.
type mutations struct {
	entities    []*Entity // the first mention of each counts
	byGUID      map[string]*Entity
	byName      map[[2]string]*Entity // by type and qualifiedName
	outcomes    map[string]Outcome
	assignments map[string]string
}

// DecodeJSON is what transport.Decode asks for.
func (m *mutations) DecodeJSON(text []byte) error {
	var answer struct {
		Mutated     map[string][]json.RawMessage `json:"mutatedEntities"`
		Assignments map[string]string            `json:"guidAssignments"`
		Partial     []json.RawMessage            `json:"partialUpdatedEntities"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	*m = mutations{
		outcomes: make(map[string]Outcome), assignments: answer.Assignments,
		byGUID: make(map[string]*Entity), byName: make(map[[2]string]*Entity),
	}
	for _, list := range []struct {
		entities []json.RawMessage
		outcome  Outcome
	}{
		{answer.Mutated["CREATE"], Created},
		{answer.Mutated["PURGE"], Purged},
		{answer.Mutated["DELETE"], Deleted},
		{answer.Mutated["UPDATE"], Updated},
		{answer.Mutated["PARTIAL_UPDATE"], PartiallyUpdated},
		{answer.Partial, PartiallyUpdated},
	} {
		for _, raw := range list.entities {
			e := new(Entity)
			if err := decodeEntity(e, raw); err != nil {
				return err
			}
			if e.GUID == "" {
				return errors.New("an entity of the answer has no guid")
			}
			if m.byGUID[e.GUID] != nil {
				continue
			}
			m.outcomes[e.GUID], m.byGUID[e.GUID] = list.outcome, e
			m.entities = append(m.entities, e)
			if name := [2]string{e.TypeName, e.QualifiedName()}; name[1] != "" && m.byName[name] == nil {
				m.byName[name] = e
			}
		}
	}
	return nil
}

// of finds what the answer says about a change.
func (m *mutations) of(c *change) (*Entity, Outcome) {
	guid := c.requestID
	if isPlaceholder(guid) {
		guid = m.assignments[c.requestID]
	}
	if guid != "" {
		if e := m.byGUID[guid]; e != nil {
			return e, m.outcomes[guid]
		}
		return &Entity{GUID: guid}, Unchanged
	}
	if e := m.byName[[2]string{c.typeName, c.qualified}]; e != nil {
		return e, m.outcomes[e.GUID]
	}
	return nil, Unconfirmed
}

// unchanged notes an asset that the answer does not mention and that is there.
func (m *mutations) unchanged(typeName string, e *Entity) {
	if name := [2]string{typeName, e.QualifiedName()}; m.byName[name] == nil {
		m.byName[name], m.outcomes[e.GUID] = &Entity{GUID: e.GUID, TypeName: typeName, Status: e.Status}, Unchanged
	}
}

// others are the entities that no item stands for.
func (m *mutations) others(items []SaveResult) []SaveResult {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		seen[item.GUID] = true
	}
	var others []SaveResult
	for _, e := range m.entities {
		if !seen[e.GUID] {
			others = append(others, resultOf(e, m.outcomes[e.GUID]))
		}
	}
	return others
}

func resultOf(e *Entity, outcome Outcome) SaveResult {
	return SaveResult{Outcome: outcome, GUID: e.GUID, TypeName: e.TypeName, QualifiedName: e.QualifiedName()}
}

// unconfirmed is the error of a success that does not mention what was to be made.
func unconfirmed(c *change) error {
	e := &apierr.Error{Service: service, Operation: "bulkSaveEntities", Kind: apierr.KindUnexpected, Status: 200, MayHaveApplied: true}
	e.Message = "the answer does not mention the asset"
	return about(c.typeName, c.label(), e)
}
