package atlan

import (
	"encoding/json"
	"iter"
	"maps"
	"math/rand/v2"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// The lengths of a string that the metastore takes, counted in UTF-16 as Java does (its EntityREST).
const (
	maxText     = 100_000
	maxLongText = 2_000_000
)

// longText reports whether an attribute may be long.
func longText(name string) bool {
	switch name {
	case "rawQueryText", "variablesSchemaBase64", "visualBuilderSchemaBase64", "dataContractSpec", "dataContractJson":
		return true
	}
	return false
}

// sendable are the members of an entity that a save may carry, beside its attributes and relationships.
func sendable(name string) bool {
	switch name {
	case memberTags, memberAddTags, memberRemoveTags, memberBusiness, memberCustom, memberLabels:
		return true
	}
	return false
}

// change is what a save sends of one asset.
type change struct {
	entity     *Entity // as it is now
	guid       string  // of the asset; empty or a placeholder while it is new
	requestID  string  // the guid that the request gives it
	typeName   string
	name       string
	qualified  string
	attributes map[string]json.RawMessage
	relations  map[string]json.RawMessage
	appended   map[string][]json.RawMessage
	removed    map[string][]json.RawMessage
	members    map[string]json.RawMessage
	recovered  *Entity // what an earlier try made, whose answer was lost; nil for none
	left       error   // why its custom metadata was not written, nil when it was
}

// changeOf is what is to be sent of an entity, nil when nothing in it was changed.
func changeOf(e *Entity, options SaveOptions) (*change, error) {
	if e.TypeName == "" {
		return nil, apierr.Invalid(service, memberTypeName, "the asset has no type")
	}
	if e.Scrubbed() {
		return nil, apierr.Invalid(service, memberGUID, "the server hid the values of the asset: it cannot be saved")
	}
	c := &change{entity: e, guid: e.GUID, typeName: e.TypeName, name: e.Name(), qualified: e.QualifiedName(),
		attributes: e.attributes.changes(), relations: e.relations.changes(), appended: e.appended, removed: e.removed,
		members: make(map[string]json.RawMessage)}
	for name, value := range e.top.changes() {
		if !sendable(name) {
			return nil, apierr.Invalid(service, name, "a save cannot write %s", name)
		}
		c.members[name] = value
	}
	if was, ok := e.top.get(memberStatus); e.Status != "" && textOf(was, ok) != string(e.Status) {
		c.members[memberStatus] = appendString(nil, string(e.Status))
	}
	if err := c.checkTags(options.Tags); err != nil {
		return nil, err
	}
	if err := c.appendTags(options.Tags); err != nil {
		return nil, err
	}
	if err := c.checkCustomMetadata(options.CustomMetadata); err != nil {
		return nil, err
	}
	if e.known && len(c.attributes)+len(c.relations)+len(c.appended)+len(c.removed)+len(c.members) == 0 {
		return nil, nil
	}
	if err := c.complete(options); err != nil {
		return nil, err
	}
	return c, c.checkLengths()
}

// minted reports whether the server would make a second asset if the change were sent twice.
func (c *change) minted() bool {
	return serverMinted(c.typeName) && (c.guid == "" || isPlaceholder(c.guid))
}

func (c *change) checkTags(mode TagMode) error {
	if c.members[memberTags] != nil && c.entity.known && mode == TagsKeep {
		e := apierr.Invalid(service, memberTags, "the classifications of an asset that exists are not changed by a plain save")
		e.Hint = "Use SaveOptions.Tags, or write addOrUpdateClassifications and removeClassifications instead."
		return e
	}
	if (c.members[memberAddTags] != nil || c.members[memberRemoveTags] != nil) && mode != TagsKeep && mode != TagsAppend {
		return apierr.Invalid(service, memberTags, "adding and removing single tags does not go with replacing all of them")
	}
	return nil
}

// appendTags writes tags that are to be added to those that are there where the metastore looks for them. Those of a new
// asset are, too: it may be there already, and classifications would be dropped then.
func (c *change) appendTags(mode TagMode) error {
	tags, ok := c.members[memberTags]
	if !ok || mode.replaces() || mode == TagsKeep && c.entity.known {
		return nil
	}
	both, err := joinTags(memberTags, tags, c.members[memberAddTags])
	if err != nil {
		return err
	}
	delete(c.members, memberTags)
	c.members[memberAddTags] = both
	return nil
}

func (c *change) checkCustomMetadata(mode CustomMetadataMode) error {
	if c.members[memberBusiness] == nil || !c.entity.known {
		return nil
	}
	switch mode {
	case CustomMetadataIgnore:
		delete(c.members, memberBusiness)
	case CustomMetadataKeep:
		e := apierr.Invalid(service, memberBusiness, "the custom metadata of an asset that exists is not changed by a plain save")
		e.Hint = "Use SaveOptions.CustomMetadata to merge or replace it."
		return e
	case CustomMetadataMerge, CustomMetadataReplace:
	}
	return nil
}

// complete adds what the server wants to see although it did not change.
func (c *change) complete(options SaveOptions) error {
	e := c.entity
	if options.CustomMetadata == CustomMetadataReplace {
		if err := c.include(memberBusiness, "custom metadata"); err != nil {
			return err
		}
	}
	if options.Tags.replaces() {
		if err := c.include(memberTags, "tags"); err != nil {
			return err
		}
	}
	for _, name := range [...]string{attributeQualifiedName, attributeName} {
		if value, ok := e.attributes.get(name); ok && !isNull(value) {
			c.attributes[name] = value
		}
	}
	if c.qualified == "" && c.guid == "" && !c.minted() {
		return apierr.Invalid(service, attributeQualifiedName, "a %s needs a qualifiedName", c.typeName)
	}
	if !e.known && c.name == "" && c.minted() {
		return apierr.Invalid(service, attributeName, "a new %s needs a name", c.typeName)
	}
	return c.identify()
}

// include adds a member that the server replaces as a whole.
func (c *change) include(name, what string) error {
	if c.members[name] != nil || !c.entity.known {
		return nil
	}
	if value, ok := c.entity.top.get(name); ok {
		if name == memberTags {
			value = ownTagsIn(c.entity, value)
		}
		c.members[name] = value
		return nil
	}
	if c.entity.complete {
		return nil // there is none
	}
	e := apierr.Invalid(service, name, "the asset was read without its %s: replacing would remove all of it", what)
	e.Hint = "Read the asset with Get, or set an empty value if that is meant."
	return e
}

// identify adds the attributes and relationships that an update of some types must carry (pyatlan's updaters).
func (c *change) identify() error {
	e := c.entity
	switch c.typeName {
	case "AtlasGlossaryTerm", "AtlasGlossaryCategory":
		if value, ok := e.relations.get("anchor"); ok && !isNull(value) {
			c.relations["anchor"] = bareRef(value)
		} else if value, ok := e.attributes.get("anchor"); ok && !isNull(value) {
			delete(c.attributes, "anchor")
			c.relations["anchor"] = bareRef(value)
		} else {
			err := apierr.Invalid(service, "anchor", "a %s needs its glossary", c.typeName)
			err.Hint = "Set the relationship anchor, or read the asset with its relationships."
			return err
		}
	case "Folder", "Query":
		for _, name := range [...]string{"collectionQualifiedName", "parentQualifiedName"} {
			c.keep(name)
		}
		if value, ok := e.relations.get("parent"); ok && !isNull(value) {
			c.relations["parent"] = bareRef(value)
		}
	case "Persona", "Purpose":
		c.keep("isAccessControlEnabled")
	case "AuthPolicy":
		return c.identifyPolicy()
	}
	return nil
}

func (c *change) keep(name string) {
	if value, ok := c.entity.attributes.get(name); ok && !isNull(value) {
		c.attributes[name] = value
	}
}

// bareRef takes what only answers have out of a reference.
func bareRef(value json.RawMessage) json.RawMessage {
	bare := make(map[string]json.RawMessage)
	for name, v := range membersOf(value) {
		if name == memberTypeName || name == memberGUID {
			bare[name] = v
		}
		if name == memberUnique && !isNull(v) {
			bare[name] = v
		}
	}
	if _, ok := bare[memberGUID]; ok {
		delete(bare, memberUnique)
	}
	if len(bare) == 0 {
		return value
	}
	return appendObject(nil, sorted(bare))
}

// trimmed is the entity with nothing but what identifies it.
func trimmed(e *Entity) (*Entity, error) {
	c := &change{entity: e, guid: e.GUID, typeName: e.TypeName, attributes: make(map[string]json.RawMessage), relations: make(map[string]json.RawMessage)}
	for _, name := range [...]string{attributeQualifiedName, attributeName} {
		value, ok := e.attributes.get(name)
		if name == attributeQualifiedName && !ok && e.QualifiedName() != "" {
			value, ok = appendString(nil, e.QualifiedName()), true
		}
		if textOf(value, ok) == "" {
			return nil, apierr.Invalid(service, name, "the %s has no %s", e.TypeName, name)
		}
		c.attributes[name] = value
	}
	if err := c.identify(); err != nil {
		return nil, err
	}
	top := map[string]json.RawMessage{
		memberTypeName: appendString(nil, e.TypeName), memberAttributes: appendObject(nil, sorted(c.attributes)),
	}
	if !isNew(e) {
		top[memberGUID] = appendString(nil, e.GUID)
	}
	if len(c.relations) > 0 {
		top[memberRelationships] = appendObject(nil, sorted(c.relations))
	}
	bare := new(Entity)
	return bare, decodeEntity(bare, appendObject(nil, sorted(top)))
}

// checkLengths refuses strings that the metastore refuses, before they are sent.
func (c *change) checkLengths() error {
	for name, value := range c.attributes {
		limit := maxText
		if longText(name) {
			limit = maxLongText
		}
		if len(value) <= limit || value[0] != '"' {
			continue
		}
		text := textOf(value, true)
		if n := lengthUTF16(text); n > limit {
			return apierr.Invalid(service, name, "the %s of %s has %d characters, the server takes %d", name, strconv.Quote(c.qualified), n, limit)
		}
	}
	return nil
}

func lengthUTF16(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if utf16.RuneLen(r) == 2 {
			n++
		}
	}
	return n
}

// entity of the request in JSON. There are always attributes: the metastore fails without.
func (c *change) append(dst []byte, refs *references) ([]byte, error) {
	relations := make(map[string]json.RawMessage)
	for _, group := range []struct {
		name   string
		values iter.Seq2[string, json.RawMessage]
	}{
		{memberRelationships, sorted(c.relations)},
		{memberAppended, membersOf(lists(c.appended))},
		{memberRemoved, membersOf(lists(c.removed))},
	} {
		var resolved map[string]json.RawMessage
		for name, value := range group.values {
			value, err := refs.resolve(name, value)
			if err != nil {
				return nil, about(c.typeName, c.label(), err)
			}
			if resolved == nil {
				resolved = make(map[string]json.RawMessage)
			}
			resolved[name] = value
		}
		if len(resolved) > 0 {
			relations[group.name] = appendObject(nil, sorted(resolved))
		}
	}
	return appendObject(dst, func(yield func(string, json.RawMessage) bool) {
		attributes := c.attributes
		if c.minted() && c.qualified == "" {
			// The type wants a qualifiedName, and the server puts its own in the place of whatever it gets.
			attributes = maps.Clone(c.attributes)
			attributes[attributeQualifiedName] = appendString(nil, c.requestID)
		}
		_ = yield(memberTypeName, appendString(nil, c.typeName)) &&
			yield(memberGUID, appendString(nil, c.requestID)) &&
			yield(memberAttributes, appendObject(nil, sorted(attributes))) &&
			all(sorted(relations), yield) && all(sorted(c.members), yield)
	}), nil
}

func all(members iter.Seq2[string, json.RawMessage], yield func(string, json.RawMessage) bool) bool {
	for name, value := range members {
		if !yield(name, value) {
			return false
		}
	}
	return true
}

// label is how errors call the asset.
func (c *change) label() string {
	switch {
	case c.qualified != "":
		return c.qualified
	case c.name != "":
		return c.name
	}
	return c.guid
}

// references resolves references among the items of a request.
type references struct {
	placeholders map[string]string    // guid of an asset that was not saved yet → guid in the request, or of the server
	new          map[[2]string]string // type and qualifiedName of a new asset → guid in the request
}

// resolve gives the references in a relationship the guids of the request.
func (r *references) resolve(field string, value json.RawMessage) (json.RawMessage, error) {
	switch {
	case len(value) == 0:
		return value, nil
	case value[0] == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil {
			return nil, err
		}
		changed := false
		for i, ref := range list {
			resolved, err := r.resolve(field, ref)
			if err != nil {
				return nil, err
			}
			changed = changed || len(resolved) != len(ref) || &resolved[0] != &ref[0]
			list[i] = resolved
		}
		if !changed {
			return value, nil
		}
		return listText(list), nil
	case value[0] != '{':
		return value, nil
	}
	guid := textOf(memberOf(value, memberGUID))
	if guid == "" {
		unique, _ := memberOf(value, memberUnique)
		typeName := textOf(memberOf(value, memberTypeName))
		if guid = r.new[[2]string{typeName, textOf(memberOf(unique, attributeQualifiedName))}]; guid == "" {
			return value, nil
		}
	} else {
		if !isPlaceholder(guid) {
			return value, nil
		}
		known, ok := r.placeholders[guid]
		if !ok {
			e := apierr.Invalid(service, field, "a reference leads to an asset that is neither saved nor in this request")
			e.Hint = "Save both together, or take the reference after the asset was saved."
			return nil, e
		}
		guid = known
	}
	return appendObject(nil, func(yield func(string, json.RawMessage) bool) {
		if !yield(memberGUID, appendString(nil, guid)) {
			return
		}
		for name, v := range membersOf(value) {
			if name != memberGUID && name != memberUnique && !yield(name, v) {
				return
			}
		}
	}), nil
}

// newPlaceholder returns a guid for an asset that is not saved yet. No two are the same, in practice.
func newPlaceholder() string {
	return "-" + strconv.FormatUint(rand.Uint64(), 10)
}
