package atlan

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// TagColor is the colour of a tag. New ones may come.
type TagColor string

// The colours.
const (
	TagColorGreen  TagColor = "Green"
	TagColorYellow TagColor = "Yellow"
	TagColorRed    TagColor = "Red"
	TagColorGray   TagColor = "Gray"
)

// sourceTagAttachment is the human name of the attribute of a tag that holds what it is attached to in a source.
const sourceTagAttachment = "sourceTagAttachment"

// TagDefinition is a tag as the tenant defines it.
type TagDefinition struct {
	// ID is the hashed id, by which the API knows the tag; the server makes it.
	ID string
	// GUID is the id of the definition.
	GUID string
	// Name is the human name.
	Name string
	// Description may be empty.
	Description string
	// Color is the colour; gray when it is empty.
	Color TagColor
	// Icon is the name of one of Atlan's icons, such as "PhShieldCheck"; "atlanTags" when Icon, Emoji and ImageID are empty.
	Icon string
	// Emoji, or the id of an uploaded image, is shown in the place of an icon.
	Emoji, ImageID string
	// Source says that the tag can be attached to tags of a source with values, see [Tag.Attachments].
	Source bool

	sourceAttribute string // hashed id of the attribute that holds attachments
	wire            json.RawMessage
}

// Wire returns the definition as the server wrote it, nil for a new one. It must not be changed.
func (d *TagDefinition) Wire() json.RawMessage { return d.wire }

func tagDefinition(text json.RawMessage) *TagDefinition {
	options, _ := memberOf(text, memberOptions)
	d := &TagDefinition{
		ID: textOf(memberOf(text, attributeName)), GUID: textOf(memberOf(text, memberGUID)), Name: textOf(memberOf(text, memberDisplayName)),
		Description: textOf(memberOf(text, memberDescription)), Color: TagColor(textOf(memberOf(options, "color"))),
		Icon: textOf(memberOf(options, "iconName")), Emoji: textOf(memberOf(options, "emoji")), ImageID: textOf(memberOf(options, "imageID")),
		wire: text,
	}
	if d.Name == "" {
		d.Name = d.ID
	}
	defs, _ := memberOf(text, memberDefs)
	var list []json.RawMessage
	if json.Unmarshal(defs, &list) == nil {
		for _, def := range list {
			if textOf(memberOf(def, memberDisplayName)) == sourceTagAttachment {
				d.Source, d.sourceAttribute = true, textOf(memberOf(def, attributeName))
			}
		}
	}
	return d
}

// encode writes the definition: what the server wrote, with what this type has of changes.
func (d *TagDefinition) encode() (json.RawMessage, error) {
	if err := checkName(attributeName, d.Name); err != nil {
		return nil, err
	}
	if d.Name == DeletedName {
		return nil, apierr.Invalid(service, attributeName, "%s is not a name for a tag", DeletedName)
	}
	if d.Emoji != "" && d.ImageID != "" {
		return nil, apierr.Invalid(service, "ImageID", "a tag has an emoji or an image, not both")
	}
	top := object{raw: d.wire}
	raw, _ := top.get(memberOptions)
	options := object{raw: objectOnly(raw)}
	if d.wire == nil {
		top.put(memberCategory, appendString(nil, kindTag))
		top.put(attributeName, appendString(nil, d.Name))
		top.put("skipDisplayNameUniquenessCheck", json.RawMessage("false"))
		putText(&options, "color", string(orElse(d.Color, TagColorGray)))
	} else {
		putText(&options, "color", string(d.Color))
	}
	icon, kind := d.Icon, "icon"
	switch {
	case d.ImageID != "":
		kind = "image"
	case d.Emoji != "":
		kind = "emoji"
	case d.wire == nil:
		icon = orElse(icon, "atlanTags")
	}
	was := tagDefinition(orElse(d.wire, json.RawMessage("{}")))
	putText(&options, "iconName", icon)
	putText(&options, "emoji", d.Emoji)
	putText(&options, "imageID", d.ImageID)
	if d.wire == nil || was.Icon != d.Icon || was.Emoji != d.Emoji || was.ImageID != d.ImageID {
		putText(&options, "iconType", kind)
	}
	if len(options.set) > 0 {
		top.put(memberOptions, options.text())
	}
	putText(&top, memberDisplayName, d.Name)
	putText(&top, memberDescription, d.Description)
	switch {
	case d.Source && d.sourceAttribute == "":
		list, err := definedList(d.wire, memberDefs)
		if err != nil {
			return nil, err
		}
		top.put(memberDefs, listText(append(list, sourceAttributeDef)))
	case !d.Source && d.sourceAttribute != "":
		return nil, apierr.Invalid(service, "Source", "the server does not take attributes of a tag away")
	}
	return top.text(), nil
}

// sourceAttributeDef is the attribute that a new tag for sources has.
var sourceAttributeDef = json.RawMessage(`{"name":"` + sourceTagAttachment + `","displayName":"` + sourceTagAttachment + //nolint:gochecknoglobals // a constant that Go has no form for
	`","typeName":"array<SourceTagAttachment>","cardinality":"SET","isOptional":true,"isUnique":false,"isIndexable":false,"isNew":true}`)

// orElse is the first of two values that is not empty.
func orElse[T ~string | ~[]byte](value, otherwise T) T {
	if len(value) == 0 {
		return otherwise
	}
	return value
}

func (d *TagDefinition) clone() *TagDefinition {
	c := *d
	c.wire = slices.Clone(d.wire)
	return &c
}

// Get returns the definition of a tag by its human name, as the cache has it. Errors are those of [Tags.ID].
//
//sluice:operation GET /api/meta/types/typedefs
func (t Tags) Get(ctx context.Context, name string) (*TagDefinition, error) {
	d, err := t.directory().one(ctx, cacheKey{byName, name})
	if err != nil {
		return nil, err
	}
	return d.clone(), nil
}

// List returns the definitions of all tags, as the cache has them.
//
//sluice:operation GET /api/meta/types/typedefs
func (t Tags) List(ctx context.Context) ([]*TagDefinition, error) {
	return clones(t.directory().all(ctx))
}

func clones[V interface{ clone() V }](list []V, err error) ([]V, error) {
	for i, v := range list {
		list[i] = v.clone()
	}
	return list, err
}

// Create defines a new tag and returns it with its id. A name that a tag has already is an error of category [ErrConflict].
// The request is not repeated when its answer is lost: the error then has MayHaveApplied, and a second call says
// [ErrConflict] if the first was carried out. While another change of type definitions is under way the server answers
// 423, which is repeated.
//
//sluice:operation POST /api/meta/types/typedefs
func (t Tags) Create(ctx context.Context, definition TagDefinition) (*TagDefinition, error) {
	definition.ID, definition.GUID, definition.sourceAttribute, definition.wire = "", "", "", nil
	text, err := definition.encode()
	if err == nil {
		text, err = t.client.createDefinition(ctx, kindTag, text)
	}
	if err != nil {
		t.directory().unsettled(err, definition.Name)
		return nil, about("tag", definition.Name, err)
	}
	made := tagDefinition(text)
	t.directory().put(made)
	return made.clone(), nil
}

// Update reads the definition of a tag from the server, lets change do its work on it and sends it back; what this library
// does not know of it stays. Its human name may be changed: assets keep the tag. When change touches nothing, nothing is
// sent. Two updates at once overwrite each other: the server cannot tell. Errors are those of [Tags.ID] and, for a new
// name that another tag has, of category [ErrConflict]. An update that makes a tag one for sources is not repeated when its
// answer is lost; the error then has MayHaveApplied.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation PUT /api/meta/types/typedefs
func (t Tags) Update(ctx context.Context, name string, change func(*TagDefinition) error) (*TagDefinition, error) {
	if change == nil {
		return nil, about("tag", name, errNoChange())
	}
	d, err := t.directory().current(ctx, name)
	if err != nil {
		return nil, err
	}
	id, text := d.ID, d.wire
	if err := change(d); err != nil {
		return nil, err
	}
	d.ID, d.wire = id, text
	sent, err := d.encode()
	if err == nil && !sameJSON(sent, text) {
		text, err = t.client.updateDefinition(ctx, kindTag, sent)
	}
	if err != nil {
		t.directory().unsettled(err, id)
		return nil, about("tag", name, err)
	}
	d = tagDefinition(text)
	t.directory().put(d)
	return d.clone(), nil
}

// Purge removes the definition of a tag for good, of the tag that has the name now, whatever the cache says. The server
// refuses while assets have the tag, with an error of category [ErrConflict].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation DELETE /api/meta/types/typedef/name/{name}
func (t Tags) Purge(ctx context.Context, name string) error {
	d, err := t.directory().current(ctx, name)
	if err != nil {
		return err
	}
	err = t.client.purgeDefinition(ctx, d.ID)
	if err == nil || isNoDefinition(err) {
		t.directory().drop(cacheKey{byID, d.ID})
	} else {
		t.directory().unsettled(err, d.ID)
	}
	return about("tag", name, err)
}
