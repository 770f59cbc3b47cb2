package atlantest

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// checkBusiness validates custom metadata and whether the caller may write it. Without a flag an update ignores it.
func (s *saver) checkBusiness(x *saving) error {
	if !x.isNew && !s.writesBusiness() {
		return nil
	}
	if err := s.checkSets(x.sent.Business); err != nil {
		return err
	}
	touched := slices.Collect(maps.Keys(x.sent.Business))
	if x.target != nil && s.has(UntouchedSetsChecked) {
		touched = slices.AppendSeq(touched, maps.Keys(x.target.business))
	}
	slices.Sort(touched)
	for _, set := range touched {
		if s.protected[set] {
			return notPermitted("update business metadata " + set)
		}
	}
	return nil
}

func (s *saver) writesBusiness() bool {
	return s.flags.replaceBusiness || !s.has(CustomMetadataNeedsFlag)
}

// checkSets sees that sets and their attributes are defined, and that the values fit them.
func (f *Fake) checkSets(sets map[string]map[string]json.RawMessage) error {
	for _, set := range slices.Sorted(maps.Keys(sets)) {
		def := f.typedef("BUSINESS_METADATA", set)
		if def == nil {
			return invalidParameters("%s: business metadata does not exist", set)
		}
		for _, attr := range slices.Sorted(maps.Keys(sets[set])) {
			a := def.attribute(attr)
			if a == nil {
				return invalidParameters("%s.%s: business attribute does not exist", set, attr)
			}
			if kind := unquoted(string(a["typeName"])); !f.fitsBusiness(kind, sets[set][attr], longestBusiness(a)) {
				return badInstance("Invalid instance creation/updation parameters passed : %s.%s: invalid value for type %s", set, attr, kind)
			}
		}
	}
	return nil
}

// fitsBusiness is fits for custom metadata, whose enumerations are those of the tenant, and whose lists are lists.
func (f *Fake) fitsBusiness(kind string, raw json.RawMessage, longest int) bool {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return true
	}
	if inner := element(kind); inner != kind && raw[0] == '[' {
		var list []json.RawMessage
		return json.Unmarshal(raw, &list) == nil && !slices.ContainsFunc(list, func(item json.RawMessage) bool { return !f.fitsBusiness(inner, item, longest) })
	} else if inner != kind {
		kind = inner // one value for a list of one
	}
	if kind == "string" && lengthUTF16(unquoted(string(raw))) > longest {
		return false
	}
	if def := f.typedef("ENUM", kind); def != nil {
		var elements []map[string]json.RawMessage
		_ = json.Unmarshal(def.fields["elementDefs"], &elements)
		return slices.ContainsFunc(elements, func(e map[string]json.RawMessage) bool {
			return raw[0] == '"' && unquoted(string(e["value"])) == unquoted(string(raw))
		})
	}
	return fits(kind, raw)
}

// longestBusiness is how long the text of an attribute may be.
func longestBusiness(attribute map[string]json.RawMessage) int {
	var options map[string]json.RawMessage
	_ = json.Unmarshal(attribute["options"], &options)
	if n, err := strconv.Atoi(unquoted(string(options["maxStrLength"]))); err == nil && n > 0 {
		return n
	}
	return math.MaxInt
}

// setBusiness writes one value; null takes it away.
func (a *asset) setBusiness(set, attr string, value json.RawMessage) bool {
	old, had := a.business[set][attr]
	if string(value) == "null" || len(value) == 0 {
		if !had {
			return false
		}
		delete(a.business[set], attr)
		if len(a.business[set]) == 0 {
			delete(a.business, set)
		}
		return true
	}
	if had && sameJSON(old, string(value)) {
		return false
	}
	if a.business == nil {
		a.business = make(map[string]map[string]string)
	}
	if a.business[set] == nil {
		a.business[set] = make(map[string]string)
	}
	a.business[set][attr] = string(value)
	return true
}

func (a *asset) clearBusiness(set string) bool {
	if _, had := a.business[set]; !had {
		return false
	}
	delete(a.business, set)
	return true
}

// applyBusiness ignores, merges or replaces custom metadata (atlas-metastore EntityGraphMapper).
func (s *saver) applyBusiness(x *saving, ch *change) {
	if !x.isNew && !s.writesBusiness() {
		return
	}
	t, changed := x.target, false
	if !x.isNew && s.flags.overwriteThose {
		for _, set := range slices.Sorted(maps.Keys(t.business)) {
			for _, attr := range slices.Sorted(maps.Keys(t.business[set])) {
				if _, kept := x.sent.Business[set][attr]; !kept && t.setBusiness(set, attr, nil) {
					changed = true
				}
			}
		}
	}
	for _, set := range slices.Sorted(maps.Keys(x.sent.Business)) {
		if len(x.sent.Business[set]) == 0 && t.clearBusiness(set) {
			changed = true
		}
		for _, attr := range slices.Sorted(maps.Keys(x.sent.Business[set])) {
			if t.setBusiness(set, attr, x.sent.Business[set][attr]) {
				changed = true
			}
		}
	}
	if changed {
		ch.rest = true
		if !x.isNew {
			s.audit(t, "BUSINESS_ATTRIBUTE_UPDATE", s.who.name, written(businessOf(t)))
		}
	}
}

// business changes custom metadata of an asset through its own endpoints.
func (c *call) business(guid string, sets map[string]map[string]json.RawMessage, overwrite, remove bool) (any, error) {
	x, err := c.asset(guid)
	if err != nil {
		return nil, err
	}
	if err := c.permitted("update business metadata", x.qualifiedName); err != nil {
		return nil, err
	}
	if err := c.checkSets(sets); err != nil {
		return nil, err
	}
	for set := range sets {
		if c.protected[set] {
			return nil, notPermitted("update business metadata " + set)
		}
	}
	changed := false
	if overwrite {
		for _, set := range slices.Sorted(maps.Keys(x.business)) {
			if sets[set] == nil {
				changed = x.clearBusiness(set) || changed
			}
		}
	}
	for _, set := range slices.Sorted(maps.Keys(sets)) {
		if remove && len(sets[set]) == 0 {
			changed = x.clearBusiness(set) || changed
		}
		for _, attr := range slices.Sorted(maps.Keys(sets[set])) {
			value := sets[set][attr]
			if remove {
				value = nil
			}
			changed = x.setBusiness(set, attr, value) || changed
		}
	}
	if changed {
		c.changed(x)
		c.audit(x, "BUSINESS_ATTRIBUTE_UPDATE", c.who.name, written(businessOf(x)))
	}
	return nothing, nil
}

// SetBusinessAttributes sets custom metadata of several sets.
func (a *service) SetBusinessAttributes(w http.ResponseWriter, r *http.Request, guid string, params wire.SetBusinessAttributesParams) {
	a.do(w, r, func(c *call) (any, error) {
		var sets map[string]map[string]json.RawMessage
		if err := c.decode(&sets); err != nil {
			return nil, err
		}
		return c.business(guid, sets, truth(params.IsOverwrite), false)
	})
}

// DeleteBusinessAttributes removes custom metadata of several sets.
func (a *service) DeleteBusinessAttributes(w http.ResponseWriter, r *http.Request, guid string) {
	a.do(w, r, func(c *call) (any, error) {
		var sets map[string]map[string]json.RawMessage
		if err := c.decode(&sets); err != nil {
			return nil, err
		}
		return c.business(guid, sets, false, true)
	})
}

// SetBusinessAttributesByName sets custom metadata of one set.
func (a *service) SetBusinessAttributesByName(w http.ResponseWriter, r *http.Request, guid, set string) {
	a.do(w, r, func(c *call) (any, error) {
		var values map[string]json.RawMessage
		if err := c.decode(&values); err != nil {
			return nil, err
		}
		return c.business(guid, map[string]map[string]json.RawMessage{set: values}, false, false)
	})
}

// DeleteBusinessAttributesByName removes custom metadata of one set.
func (a *service) DeleteBusinessAttributesByName(w http.ResponseWriter, r *http.Request, guid, set string) {
	a.do(w, r, func(c *call) (any, error) {
		var values map[string]json.RawMessage
		if err := c.decode(&values); err != nil {
			return nil, err
		}
		return c.business(guid, map[string]map[string]json.RawMessage{set: values}, false, true)
	})
}
