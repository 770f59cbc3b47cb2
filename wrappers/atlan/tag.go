package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Tag is a tag on an asset, by its human name. The zero value of the options puts the tag on the asset alone.
type Tag struct {
	// Name is the human name, [DeletedName] for a tag whose definition is gone.
	Name string
	// ID is the hashed id; [Tags.Of] fills it. Of a tag that is put on an asset it counts only when Name is empty or
	// [DeletedName]: what was read can be written again.
	ID string
	// Propagate puts the tag also on what is in the asset, on what is made from it, and on what a term is linked to.
	Propagate bool
	// KeepPropagatedOnDelete leaves the tag where it was propagated to when this asset is archived or deleted
	// (removePropagationsOnEntityDelete: false).
	KeepPropagatedOnDelete bool
	// RestrictLineage keeps the tag from being propagated along lineage.
	RestrictLineage bool
	// RestrictHierarchy keeps the tag from being propagated to what is in the asset.
	RestrictHierarchy bool
	// Attachments are the tags of a source that the tag stands for here, with their values: see [AttachmentOf]. The
	// definition of the tag must be for sources, see [TagDefinition.Source].
	Attachments []atlanassets.SourceTagAttachment

	// EntityGUID is the guid of the asset that the tag was put on: another one than the asset that was read when the tag
	// was propagated. [Tags.Of] fills it; writing ignores it.
	EntityGUID string
	// Propagated says that the tag came from another asset. [Tags.Of] fills it; writing ignores it.
	Propagated bool
}

// AttachmentOf is the attachment of a tag to a tag of a source, such as a SnowflakeTag, with values: a key may be empty when
// the source's tags have single values. It does no I/O.
func AttachmentOf(sourceTag *Entity, values ...TagValue) atlanassets.SourceTagAttachment {
	a := atlanassets.SourceTagAttachment{
		SourceTagName: atlanassets.Set(sourceTag.Name()), SourceTagQualifiedName: atlanassets.Set(sourceTag.QualifiedName()),
		SourceTagGUID: atlanassets.Set(sourceTag.GUID), SourceTagConnectorName: atlanassets.Set(textOf(sourceTag.Attribute("connectorName"))),
	}
	list := make([]atlanassets.SourceTagAttachmentValue, len(values))
	for i, v := range values {
		if v.Key != "" {
			list[i].TagAttachmentKey.Set(v.Key)
		}
		list[i].TagAttachmentValue.Set(v.Value)
	}
	a.SourceTagValue.Set(list)
	return a
}

// TagValue is a value of a tag of a source.
type TagValue struct{ Key, Value string }

// wireTag is a tag on the wire.
type wireTag struct {
	TypeName          string                     `json:"typeName"`
	EntityGUID        string                     `json:"entityGuid,omitempty"`
	Attributes        map[string]json.RawMessage `json:"attributes,omitempty"`
	Propagate         *bool                      `json:"propagate,omitempty"`
	RemoveOnDelete    *bool                      `json:"removePropagationsOnEntityDelete,omitempty"`
	RestrictLineage   *bool                      `json:"restrictPropagationThroughLineage,omitempty"`
	RestrictHierarchy *bool                      `json:"restrictPropagationThroughHierarchy,omitempty"`
}

// resolve returns the id of a tag that is to be written, and its definition when it has one.
func (t Tags) resolve(ctx context.Context, tag Tag) (string, *TagDefinition, error) {
	if tag.Name == "" || tag.Name == DeletedName {
		if tag.ID == "" {
			return "", nil, about("tag", tag.Name, notFound("the tag has neither a name nor an id"))
		}
		found, err := t.directory().lookup(ctx, cacheKey{byID, tag.ID})
		if err != nil || len(found) == 0 {
			return tag.ID, nil, about("tag", tag.ID, err)
		}
		return tag.ID, found[0], nil
	}
	d, err := t.directory().one(ctx, cacheKey{byName, tag.Name})
	if err != nil {
		return "", nil, err
	}
	return d.ID, d, nil
}

// encode writes tags for the API.
func (t Tags) encode(ctx context.Context, tags []Tag) (json.RawMessage, error) {
	list := make([]json.RawMessage, 0, len(tags))
	seen := make(map[string]bool, len(tags))
	for _, tag := range tags {
		id, definition, err := t.resolve(ctx, tag)
		if err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, about("tag", orElse(tag.Name, id), apierr.Invalid(service, "tags", "the tag is there twice"))
		}
		seen[id] = true
		remove := !tag.KeepPropagatedOnDelete
		w := wireTag{TypeName: id, Propagate: &tag.Propagate, RemoveOnDelete: &remove, RestrictLineage: &tag.RestrictLineage, RestrictHierarchy: &tag.RestrictHierarchy}
		if len(tag.Attachments) > 0 {
			if definition == nil || definition.sourceAttribute == "" {
				return nil, about("tag", orElse(tag.Name, id), apierr.Invalid(service, "Attachments", "the tag is not one that can be attached to tags of a source"))
			}
			attachments, err := encodeAttachments(tag.Attachments)
			if err != nil {
				return nil, about("tag", tag.Name, apierr.Invalid(service, "Attachments", "%s", err))
			}
			w.Attributes = map[string]json.RawMessage{definition.sourceAttribute: attachments}
		}
		text, err := encodeJSON(w)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return listText(list), nil
}

// encodeAttachments writes the values of an attribute that holds structs.
func encodeAttachments(attachments []atlanassets.SourceTagAttachment) (json.RawMessage, error) {
	list := make([]json.RawMessage, len(attachments))
	for i, a := range attachments {
		flat, err := encodeJSON(a)
		if err != nil {
			return nil, err
		}
		members := maps.Collect(membersOf(flat))
		delete(members, memberTypeName) // what was read has it here too
		list[i] = appendObject(nil, func(yield func(string, json.RawMessage) bool) {
			_ = yield(memberTypeName, appendString(nil, "SourceTagAttachment")) && yield(memberAttributes, appendObject(nil, sorted(members)))
		})
	}
	return listText(list), nil
}

// encodeNames writes tags that are to be taken away.
func (t Tags) encodeNames(ctx context.Context, names []string) (json.RawMessage, error) {
	list := make([]json.RawMessage, 0, len(names))
	for _, name := range distinct(names) {
		id, err := t.ID(ctx, name)
		if err != nil {
			return nil, err
		}
		text, err := encodeJSON(wireTag{TypeName: id})
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return listText(list), nil
}

// Tagged is what tags can be read of: an [*Entity] or an [*Asset].
type Tagged interface {
	// Member returns a member of the JSON object, see [Entity.Member].
	Member(name string) (json.RawMessage, bool)
}

// Of returns the tags of an asset that was read or found, with their human names, those that came from other assets
// included. A tag whose definition is gone has the name [DeletedName] and can be written again. An asset that was read
// without tags has none; a search that was told to leave tags out, or to give only their names, says no more than that.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (t Tags) Of(ctx context.Context, asset Tagged) ([]Tag, error) {
	var list []wireTag
	if value, ok := asset.Member(memberTags); ok && !isNull(value) {
		if err := json.Unmarshal(value, &list); err != nil {
			return nil, undecodable(memberTags, err)
		}
	} else if value, ok := asset.Member("classificationNames"); ok && !isNull(value) {
		var ids []string
		if err := json.Unmarshal(value, &ids); err != nil {
			return nil, undecodable("classificationNames", err)
		}
		for _, id := range ids {
			list = append(list, wireTag{TypeName: id})
		}
	}
	own, _ := asset.Member(memberGUID)
	tags := make([]Tag, 0, len(list))
	for _, w := range list {
		tag := Tag{
			ID: w.TypeName, Name: DeletedName, EntityGUID: w.EntityGUID, Propagated: w.EntityGUID != "" && w.EntityGUID != textOf(own, true),
			Propagate: truth(w.Propagate), KeepPropagatedOnDelete: w.RemoveOnDelete != nil && !*w.RemoveOnDelete,
			RestrictLineage: truth(w.RestrictLineage), RestrictHierarchy: truth(w.RestrictHierarchy),
		}
		found, err := t.directory().lookup(ctx, cacheKey{byID, w.TypeName})
		if err != nil {
			return nil, about("tag", w.TypeName, err)
		}
		if len(found) > 0 {
			tag.Name = found[0].Name
			if text := w.Attributes[found[0].sourceAttribute]; found[0].sourceAttribute != "" && text != nil && !isNull(text) {
				if err := json.Unmarshal(text, &tag.Attachments); err != nil {
					return nil, about("tag", tag.Name, undecodable(sourceTagAttachment, err))
				}
			}
		}
		tags = append(tags, tag)
	}
	return tags, nil
}

func truth(b *bool) bool { return b != nil && *b }

// undecodable is an error about what the server said and cannot be read.
func undecodable(what string, err error) error {
	return &apierr.Error{Service: service, Kind: apierr.KindDecode, Message: what + " is not what it has to be: " + err.Error(), Err: err}
}

// naming is a change of an entity by human names, which a save translates to ids before it sends it.
type naming func(ctx context.Context, c *Client, options SaveOptions, e *Entity) error

// translateNames makes the changes by human names into changes by ids. The entity must be a copy of the caller's.
func translateNames(ctx context.Context, e *Entity, c *Client, options SaveOptions) error {
	if len(e.namings) == 0 {
		return nil
	}
	e.top.set = maps.Clone(e.top.set)
	for _, name := range e.namings {
		if err := name(ctx, c, options, e); err != nil {
			return err
		}
	}
	e.namings = nil
	return nil
}

// whenSaved notes a change by human names.
func whenSaved(e *Entity, n naming) { e.namings = append(slices.Clip(e.namings), n) }

// AddTags puts tags on the asset, by their human names, beside those that it has; one that it has already gets these
// options. It does no I/O: [Client.Save] sends them, and is what reports a name that no tag has, as an error of category
// [ErrNotFound] and before anything is sent.
//
//go:noinline
func (e *Entity) AddTags(tags ...Tag) {
	tags = slices.Clone(tags)
	whenSaved(e, func(ctx context.Context, c *Client, options SaveOptions, e *Entity) error {
		list, err := c.Tags().encode(ctx, tags)
		if err != nil {
			return err
		}
		if _, all := e.top.set[memberTags]; !e.known && (all || options.Tags.replaces()) {
			return addWrittenTags(e, memberTags, list)
		}
		// The metastore takes these for the tags of an asset that it makes, too, and adds them to one that is there already.
		if err := dropWrittenTags(e, memberRemoveTags, list); err != nil {
			return err
		}
		return addWrittenTags(e, memberAddTags, list)
	})
}

// RemoveTags takes tags off the asset, by their human names. Tags that came from other assets stay. It does no I/O, see
// [Entity.AddTags].
//
//go:noinline
func (e *Entity) RemoveTags(names ...string) {
	names = slices.Clone(names)
	whenSaved(e, func(ctx context.Context, c *Client, options SaveOptions, e *Entity) error {
		list, err := c.Tags().encodeNames(ctx, names)
		if err == nil {
			err = dropWrittenTags(e, memberAddTags, list)
		}
		if err == nil && !e.known {
			err = dropWrittenTags(e, memberTags, list)
		}
		if err != nil || !e.known && options.Tags.replaces() {
			return err
		}
		return addWrittenTags(e, memberRemoveTags, list)
	})
}

// SetTags makes these all tags that were put on the asset itself. It does no I/O. Of an asset that exists it needs a save
// with [TagsReplace], which is refused otherwise.
func (e *Entity) SetTags(tags ...Tag) {
	tags = slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool { return t.Propagated })
	whenSaved(e, func(ctx context.Context, c *Client, _ SaveOptions, e *Entity) error {
		list, err := c.Tags().encode(ctx, tags)
		if err == nil {
			e.top.forget(memberAddTags)
			e.top.forget(memberRemoveTags)
			e.top.put(memberTags, list)
		}
		return err
	})
}

// addWrittenTags adds tags to a list of them that was written to a member.
func addWrittenTags(e *Entity, name string, list json.RawMessage) error {
	both, err := joinTags(name, e.top.set[name], list)
	if err == nil {
		e.top.put(name, both)
	}
	return err
}

// dropWrittenTags takes tags out of a list of them that was written to a member.
func dropWrittenTags(e *Entity, name string, list json.RawMessage) error {
	written, err := tagsIn(name, e.top.set[name])
	if err != nil || len(written) == 0 {
		return err
	}
	gone, err := tagsIn(name, list)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(written, func(w json.RawMessage) bool { return indexOfTag(gone, w) >= 0 })
	if len(left) == 0 {
		e.top.forget(name)
	} else {
		e.top.put(name, listText(left))
	}
	return nil
}

// joinTags writes two lists of tags as one. Of two that are of the same tag the second counts: the metastore would take
// either.
func joinTags(name string, first, second json.RawMessage) (json.RawMessage, error) {
	list, err := tagsIn(name, first)
	if err != nil {
		return nil, err
	}
	more, err := tagsIn(name, second)
	if err != nil {
		return nil, err
	}
	for _, tag := range more {
		if i := indexOfTag(list, tag); i >= 0 {
			list[i] = tag
		} else {
			list = append(list, tag)
		}
	}
	return listText(list), nil
}

// indexOfTag returns where a list has a tag, -1 when it does not.
func indexOfTag(list []json.RawMessage, tag json.RawMessage) int {
	id := textOf(memberOf(tag, memberTypeName))
	return slices.IndexFunc(list, func(t json.RawMessage) bool { return id != "" && textOf(memberOf(t, memberTypeName)) == id })
}

// tagsIn are the elements of a list, none of null and of nothing.
func tagsIn(name string, text json.RawMessage) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if len(text) > 0 && json.Unmarshal(text, &list) != nil {
		return nil, apierr.Invalid(service, name, "%s is no list", name)
	}
	return list, nil
}

// Tag puts tags on the asset, by their human names, beside those that it has; one that it has already gets these options.
// A name that no tag has is an error of category [ErrNotFound] before anything is sent.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) Tag(ctx context.Context, tags ...Tag) (SaveResult, error) {
	return h.handle.tag(ctx, tags)
}

func (h *handle) tag(ctx context.Context, tags []Tag) (SaveResult, error) {
	if _, err := h.client.Tags().encode(ctx, tags); err != nil {
		return SaveResult{}, err
	}
	return h.edit(ctx, SaveOptions{}, func(v view) error {
		if len(tags) > 0 {
			v.AddTags(tags...)
		}
		return nil
	})
}

// UpdateTags changes the options of tags that the asset has. One that it does not have is an error of category
// [ErrNotFound] or [ErrInvalidRequest], by what the server says, and nothing is changed.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation PUT /api/meta/entity/guid/{guid}/classifications
func (h *Handle[T]) UpdateTags(ctx context.Context, tags ...Tag) error {
	return h.handle.updateTags(ctx, tags)
}

func (h *handle) updateTags(ctx context.Context, tags []Tag) error {
	list, err := h.client.Tags().encode(ctx, tags)
	if err != nil || len(tags) == 0 {
		return err
	}
	guid, err := h.id(ctx)
	if err != nil {
		return err
	}
	defer h.entity.Forget()
	return about(h.typeName, h.label(), transport.Discard(h.client.raw.UpdateClassificationsWithBody(ctx, guid, jsonBody, bytes.NewReader(list))))
}

// Untag takes tags off the asset, by their human names. When it has none of them, nothing is sent. Tags that came from
// other assets stay.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) Untag(ctx context.Context, names ...string) (SaveResult, error) {
	return h.handle.untag(ctx, names)
}

func (h *handle) untag(ctx context.Context, names []string) (SaveResult, error) {
	ids, err := h.client.Tags().IDs(ctx, names...)
	if err != nil {
		return SaveResult{}, err
	}
	return h.edit(ctx, SaveOptions{}, func(v view) error {
		has := ownTags(v.Entity)
		var there []string
		for i, name := range names {
			if slices.Contains(has, ids[i]) {
				there = append(there, name)
			}
		}
		if len(there) > 0 {
			v.RemoveTags(there...)
		}
		return nil
	})
}

// ownTagsIn leaves out of a list of tags those that came from other assets: written as they were read they would become
// tags of this one.
func ownTagsIn(e *Entity, value json.RawMessage) json.RawMessage {
	list, err := tagsIn(memberTags, value)
	if err != nil {
		return value
	}
	return listText(slices.DeleteFunc(list, func(tag json.RawMessage) bool {
		guid := textOf(memberOf(tag, "entityGuid"))
		return guid != "" && guid != e.GUID
	}))
}

// ownTags are the ids of the tags that were put on the asset itself.
func ownTags(e *Entity) []string {
	value, _ := e.top.get(memberTags)
	var list []wireTag
	_ = json.Unmarshal(value, &list) // none
	var ids []string
	for _, w := range list {
		if w.EntityGUID == "" || w.EntityGUID == e.GUID {
			ids = append(ids, w.TypeName)
		}
	}
	return ids
}

// SetTags makes these all tags that were put on the asset itself; none takes all of them off. Tags of the list that came
// from other assets (Propagated) are left out, so that what [Handle.Tags] returned can be changed and set.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) SetTags(ctx context.Context, tags ...Tag) (SaveResult, error) {
	return h.handle.setTags(ctx, tags)
}

func (h *handle) setTags(ctx context.Context, tags []Tag) (SaveResult, error) {
	if _, err := h.client.Tags().encode(ctx, slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool { return t.Propagated })); err != nil {
		return SaveResult{}, err
	}
	return h.edit(ctx, SaveOptions{Tags: TagsReplace}, func(v view) error {
		v.SetTags(tags...)
		return nil
	})
}

// Tags reads the asset and returns its tags. See [Tags.Of].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation GET /api/meta/types/typedefs
func (h *Handle[T]) Tags(ctx context.Context) ([]Tag, error) { return h.handle.tags(ctx) }

func (h *handle) tags(ctx context.Context) ([]Tag, error) {
	e, err := h.read(ctx, minimalRead)
	if err != nil {
		return nil, err
	}
	return h.client.Tags().Of(ctx, e)
}

// Tag puts tags on an asset. See [Handle.Tag].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) Tag(ctx context.Context, qualifiedName string, tags ...Tag) (SaveResult, error) {
	return s.Handle(qualifiedName).Tag(ctx, tags...)
}

// UpdateTags changes the options of tags that an asset has. See [Handle.UpdateTags].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation PUT /api/meta/entity/guid/{guid}/classifications
func (s Collection[T]) UpdateTags(ctx context.Context, qualifiedName string, tags ...Tag) error {
	return s.Handle(qualifiedName).UpdateTags(ctx, tags...)
}

// Untag takes tags off an asset. See [Handle.Untag].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) Untag(ctx context.Context, qualifiedName string, names ...string) (SaveResult, error) {
	return s.Handle(qualifiedName).Untag(ctx, names...)
}

// SetTags makes these all tags that were put on an asset itself. See [Handle.SetTags].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) SetTags(ctx context.Context, qualifiedName string, tags ...Tag) (SaveResult, error) {
	return s.Handle(qualifiedName).SetTags(ctx, tags...)
}

// Tags reads an asset and returns its tags. See [Tags.Of].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/types/typedefs
func (s Collection[T]) Tags(ctx context.Context, qualifiedName string) ([]Tag, error) {
	return s.Handle(qualifiedName).Tags(ctx)
}
