package atlan

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
)

// CustomMetadataType is the type of an attribute of custom metadata. New ones may come.
type CustomMetadataType string

// The types. The Go type of a value follows each; with several values it is a slice of that.
const (
	CustomMetadataString   CustomMetadataType = "string"    // string
	CustomMetadataRichText CustomMetadataType = "rich_text" // string; never several
	CustomMetadataInteger  CustomMetadataType = "int"       // int64
	CustomMetadataLong     CustomMetadataType = "long"      // int64
	CustomMetadataDecimal  CustomMetadataType = "float"     // float64
	CustomMetadataBoolean  CustomMetadataType = "boolean"   // bool
	CustomMetadataDate     CustomMetadataType = "date"      // time.Time, to the millisecond
	CustomMetadataOptions  CustomMetadataType = "enum"      // string, one of the values of the enumeration
	CustomMetadataUsers    CustomMetadataType = "users"     // string, a user's name
	CustomMetadataGroups   CustomMetadataType = "groups"    // string, a group's alias
	CustomMetadataURL      CustomMetadataType = "url"       // string
	CustomMetadataSQL      CustomMetadataType = "SQL"       // string
)

// textTypes are the types whose values are text.
var textTypes = []CustomMetadataType{ //nolint:gochecknoglobals // a constant that Go has no form for
	CustomMetadataString, CustomMetadataRichText, CustomMetadataOptions, CustomMetadataUsers, CustomMetadataGroups, CustomMetadataURL, CustomMetadataSQL,
}

// CustomMetadataDefinition is a set of attributes as the tenant defines it.
type CustomMetadataDefinition struct {
	// ID is the hashed id, by which the API knows the set; the server makes it.
	ID string
	// GUID is the id of the definition.
	GUID string
	// Name is the human name.
	Name string
	// Description may be empty.
	Description string
	// Emoji, the id of an uploaded image or the name of one of Atlan's icons with its colour is the logo: one of them.
	Emoji, ImageID, Icon string
	IconColor            TagColor
	// Locked says that the set is not changed in Atlan's own pages.
	Locked bool
	// Attributes are the attributes, those that were archived included. They are archived, never removed.
	Attributes []CustomMetadataAttribute

	wire json.RawMessage
}

// CustomMetadataAttribute is an attribute of a set.
type CustomMetadataAttribute struct {
	// ID is the hashed id; the server makes it. An attribute without one is new.
	ID string
	// Name is the human name.
	Name string
	// Description may be empty.
	Description string
	// Type is the type of a value; it does not change.
	Type CustomMetadataType
	// Multiple says that there can be several values; it does not change.
	Multiple bool
	// Enum is the name of the enumeration that has the options, of an attribute of that type.
	Enum string
	// ShowInOverview shows the attribute on the first page of an asset; TimePrecision shows a date's time of day;
	// HideInFilters takes the attribute out of the filters of Atlan's pages.
	ShowInOverview, TimePrecision, HideInFilters bool
	// Applies restricts on what assets there can be values.
	Applies Applicability
	// Archived says that the attribute was removed, see [CustomMetadataSets.ArchiveAttribute]. Values of it stay on the server and are not read.
	Archived bool

	wire json.RawMessage
}

// Applicability says which assets can have values of an attribute. What is nil is not restricted: a new attribute then gets
// all that there is now, as Atlan wants lists (pyatlan fills them likewise), and later connections and glossaries have to be
// added. What is empty and not nil excludes all. The lists of domains and of AI assets that a nil becomes are not verified
// on the live service.
type Applicability struct {
	// Connections and Glossaries are qualifiedNames; Domains are those of data domains.
	Connections, Glossaries, Domains []string
	// AssetTypes, GlossaryTypes, DomainTypes, AITypes and OtherTypes are names of types: in connections, in glossaries, in
	// domains, of AI assets, and of the rest, such as File.
	AssetTypes, GlossaryTypes, DomainTypes, AITypes, OtherTypes []string
}

// lists are the lists of an applicability and what the options call them.
func (a *Applicability) lists() []struct {
	option string
	list   *[]string
} {
	return []struct {
		option string
		list   *[]string
	}{
		{"applicableConnections", &a.Connections}, {"applicableGlossaries", &a.Glossaries}, {"applicableDomains", &a.Domains},
		{"assetTypesList", &a.AssetTypes}, {"glossaryTypeList", &a.GlossaryTypes}, {"domainTypesList", &a.DomainTypes},
		{"aiAssetsTypeList", &a.AITypes}, {"otherAssetTypeList", &a.OtherTypes},
	}
}

// Wire returns the definition as the server wrote it, nil for a new one. It must not be changed.
func (d *CustomMetadataDefinition) Wire() json.RawMessage { return d.wire }

// Attribute returns an attribute that is not archived by its human name, nil when there is none.
func (d *CustomMetadataDefinition) Attribute(name string) *CustomMetadataAttribute {
	return d.attribute(name)
}

func (d *CustomMetadataDefinition) attribute(name string) *CustomMetadataAttribute {
	for i := range d.Attributes {
		if a := &d.Attributes[i]; a.Name == name && !a.Archived {
			return a
		}
	}
	return nil
}

func (d *CustomMetadataDefinition) attributeByID(id string) *CustomMetadataAttribute {
	for i := range d.Attributes {
		if a := &d.Attributes[i]; a.ID == id {
			return a
		}
	}
	return nil
}

func (d *CustomMetadataDefinition) clone() *CustomMetadataDefinition {
	return customMetadataDefinition(slices.Clone(d.wire))
}

func customMetadataDefinition(text json.RawMessage) *CustomMetadataDefinition {
	options, _ := memberOf(text, memberOptions)
	d := &CustomMetadataDefinition{
		ID: textOf(memberOf(text, attributeName)), GUID: textOf(memberOf(text, memberGUID)), Name: textOf(memberOf(text, memberDisplayName)),
		Description: textOf(memberOf(text, memberDescription)), Emoji: textOf(memberOf(options, "emoji")), ImageID: textOf(memberOf(options, "imageId")),
		Icon: textOf(memberOf(options, "iconName")), IconColor: TagColor(textOf(memberOf(options, "iconColor"))), Locked: flag(memberOf(options, "isLocked")),
		wire: text,
	}
	if d.Name == "" {
		d.Name = d.ID
	}
	defs, _ := memberOf(text, memberDefs)
	var list []json.RawMessage
	_ = json.Unmarshal(defs, &list) // none
	for _, def := range list {
		d.Attributes = append(d.Attributes, customMetadataAttribute(def))
	}
	return d
}

func customMetadataAttribute(text json.RawMessage) CustomMetadataAttribute {
	options, _ := memberOf(text, memberOptions)
	typeName := textOf(memberOf(text, memberTypeName))
	inner, array := strings.CutPrefix(typeName, "array<")
	inner = strings.TrimSuffix(inner, ">")
	a := CustomMetadataAttribute{
		ID: textOf(memberOf(text, attributeName)), Name: textOf(memberOf(text, memberDisplayName)),
		Description: orElse(textOf(memberOf(options, memberDescription)), textOf(memberOf(text, memberDescription))),
		Multiple:    array || flag(memberOf(options, "multiValueSelect")), Enum: textOf(memberOf(options, "enumType")),
		ShowInOverview: flag(memberOf(options, "showInOverview")), TimePrecision: flag(memberOf(options, "hasTimePrecision")),
		Archived: flag(memberOf(options, "isArchived")), wire: text,
	}
	if value, ok := memberOf(options, "allowFiltering"); ok {
		a.HideInFilters = !flag(value, true)
	}
	// The type of the value is more exact than the primitive type where there is one.
	switch custom := textOf(memberOf(options, "customType")); {
	case custom != "":
		a.Type = CustomMetadataType(custom)
	case flag(memberOf(options, "isEnum")):
		a.Type, a.Enum = CustomMetadataOptions, orElse(a.Enum, inner)
	case flag(memberOf(options, "isRichText")):
		a.Type = CustomMetadataRichText
	default:
		a.Type = CustomMetadataType(inner)
	}
	for _, l := range a.Applies.lists() {
		*l.list = listedNames(memberOf(options, l.option))
	}
	return a
}

// encode writes the definition: what the server wrote, with what this type has of changes.
func (d *CustomMetadataDefinition) encode() (json.RawMessage, error) {
	if err := checkName(attributeName, d.Name); err != nil {
		return nil, err
	}
	if d.Name == DeletedName {
		return nil, apierr.Invalid(service, attributeName, "%s is not a name for custom metadata", DeletedName)
	}
	kind := ""
	for logo, value := range map[string]string{"emoji": d.Emoji, "image": d.ImageID, "icon": d.Icon} {
		if value == "" {
			continue
		}
		if kind != "" {
			return nil, apierr.Invalid(service, "Emoji", "custom metadata has an emoji, an image or an icon")
		}
		kind = logo
	}
	if _, err := definedList(d.wire, memberDefs); err != nil {
		return nil, err
	}
	top := object{raw: d.wire}
	raw, _ := top.get(memberOptions)
	options := object{raw: objectOnly(raw)}
	if d.wire == nil {
		top.put(memberCategory, appendString(nil, kindCustomMetadata))
		top.put(attributeName, appendString(nil, d.Name))
	}
	was := customMetadataDefinition(orElse(d.wire, json.RawMessage("{}")))
	putText(&options, "emoji", d.Emoji)
	putText(&options, "imageId", d.ImageID)
	putText(&options, "iconName", d.Icon)
	putText(&options, "iconColor", string(d.IconColor))
	if was.Emoji != d.Emoji || was.ImageID != d.ImageID || was.Icon != d.Icon {
		putText(&options, "logoType", kind)
	}
	if d.wire == nil || was.Locked != d.Locked {
		options.put("isLocked", flagText(d.Locked))
	}
	if len(options.set) > 0 {
		top.put(memberOptions, options.text())
	}
	putText(&top, memberDisplayName, d.Name)
	putText(&top, memberDescription, d.Description)
	list := make([]json.RawMessage, len(d.Attributes))
	names := make(map[string]bool)
	for i := range d.Attributes {
		a := &d.Attributes[i]
		if !a.Archived && names[a.Name] {
			return nil, apierr.Invalid(service, "Attributes", "two attributes have the name %q", a.Name)
		}
		names[a.Name] = names[a.Name] || !a.Archived
		var err error
		if list[i], err = a.encode(); err != nil {
			return nil, err
		}
	}
	for i := range was.Attributes {
		if d.attributeByID(was.Attributes[i].ID) == nil {
			e := apierr.Invalid(service, "Attributes", "the attribute %q is gone: the server does not remove attributes", was.Attributes[i].Name)
			e.Hint = "Archive it with CustomMetadataSets.ArchiveAttribute."
			return nil, e
		}
	}
	top.put(memberDefs, listText(list))
	return top.text(), nil
}

func (a *CustomMetadataAttribute) encode() (json.RawMessage, error) {
	if err := checkName("the name of an attribute", a.Name); err != nil {
		return nil, err
	}
	top := object{raw: a.wire}
	raw, _ := top.get(memberOptions)
	options := object{raw: objectOnly(raw)}
	putFlag := func(name string, value bool) {
		if was, ok := options.get(name); !ok && a.wire == nil || flag(was, ok) != value {
			options.put(name, flagText(value))
		}
	}
	if a.wire == nil {
		if err := a.begin(&top, &options); err != nil {
			return nil, err
		}
	} else {
		was := customMetadataAttribute(a.wire)
		if was.ID != a.ID || was.Type != a.Type || was.Multiple != a.Multiple || was.Enum != a.Enum {
			return nil, apierr.Invalid(service, "Attributes", "the id, the type and the enum of the attribute %q do not change", was.Name)
		}
		if was.Archived != a.Archived {
			e := apierr.Invalid(service, "Attributes", "the attribute %q is not archived like this", was.Name)
			e.Hint = "Use CustomMetadataSets.ArchiveAttribute."
			return nil, e
		}
	}
	putText(&top, memberDisplayName, a.Name)
	if value, ok := options.get(memberDescription); a.Description != orElse(textOf(value, ok), textOf(top.get(memberDescription))) {
		if a.Description == "" {
			options.drop(memberDescription) // the metastore refuses options without a text
		} else {
			options.put(memberDescription, appendString(nil, a.Description))
		}
		putText(&top, memberDescription, a.Description)
	}
	putFlag("showInOverview", a.ShowInOverview)
	putFlag("hasTimePrecision", a.TimePrecision)
	if was, ok := options.get("allowFiltering"); a.wire == nil || ok && flag(was, ok) == a.HideInFilters || !ok && a.HideInFilters {
		options.put("allowFiltering", flagText(!a.HideInFilters))
	}
	for _, l := range a.Applies.lists() {
		if *l.list == nil || slices.Equal(*l.list, listedNames(options.get(l.option))) && a.wire != nil {
			continue
		}
		names, err := encodeJSON(*l.list)
		if err != nil {
			return nil, err
		}
		options.put(l.option, appendString(nil, string(names)))
	}
	top.put(memberOptions, options.text())
	return top.text(), nil
}

// begin writes what only a new attribute says.
func (a *CustomMetadataAttribute) begin(top, options *object) error {
	if a.ID != "" || a.Archived {
		return apierr.Invalid(service, "Attributes", "the attribute %q is new: it has no id yet and is not archived", a.Name)
	}
	base, primitive := string(a.Type), string(a.Type)
	switch a.Type {
	case CustomMetadataUsers, CustomMetadataGroups, CustomMetadataURL, CustomMetadataSQL:
		base = string(CustomMetadataString)
		options.put("customType", appendString(nil, string(a.Type)))
	case CustomMetadataOptions:
		if err := checkName("Enum of the attribute "+strconv.Quote(a.Name), a.Enum); err != nil {
			return err
		}
		base = a.Enum
		putText(options, "enumType", a.Enum)
	case CustomMetadataRichText:
		base, primitive = string(CustomMetadataString), string(CustomMetadataString)
		options.put("isRichText", flagText(true))
		if a.Multiple {
			return apierr.Invalid(service, "Attributes", "the attribute %q: rich text has one value", a.Name)
		}
	case CustomMetadataString, CustomMetadataInteger, CustomMetadataLong, CustomMetadataDecimal, CustomMetadataBoolean, CustomMetadataDate:
	case "":
		return apierr.Invalid(service, "Attributes", "the attribute %q has no type", a.Name)
	}
	if a.Enum != "" && a.Type != CustomMetadataOptions {
		return apierr.Invalid(service, "Attributes", "the attribute %q is of type %s and has an enum", a.Name, a.Type)
	}
	cardinality := "SINGLE"
	if a.Multiple {
		base, cardinality = "array<"+base+">", "SET"
	}
	for name, value := range map[string]string{
		"name": "", "typeName": base, "cardinality": cardinality, "description": "",
	} {
		top.put(name, appendString(nil, value))
	}
	for name, value := range map[string]bool{memberIsNew: true, "isIndexable": true, "isOptional": true, "isUnique": false, "includeInNotification": false} {
		top.put(name, strconv.AppendBool(nil, value))
	}
	for name, value := range map[string]string{
		"customMetadataVersion": "v2", "primitiveType": primitive, "applicableEntityTypes": `["Asset"]`, "maxStrLength": "100000000",
		"multiValueSelect": strconv.FormatBool(a.Multiple), "isEnum": strconv.FormatBool(a.Type == CustomMetadataOptions), "allowSearch": "false",
	} {
		options.put(name, appendString(nil, value))
	}
	return nil
}

// Types of assets that a new attribute is for when it does not say. Those of connections and glossaries are in pyatlan's
// typedef.py; those of domains and of AI assets are likely and not verified.
const (
	connectionTypes = "ADLSAccount ADLSContainer ADLSObject APIPath APISpec Collection Query BIProcess Badge Column ColumnProcess Connection " +
		"DataStudioAsset Database DbtColumnProcess DbtMetric DbtModel DbtModelColumn DbtProcess DbtSource Folder GCSBucket GCSObject Insight " +
		"KafkaConsumerGroup KafkaTopic LookerDashboard LookerExplore LookerField LookerFolder LookerLook LookerModel LookerProject LookerQuery " +
		"LookerTile LookerView MCIncident MCMonitor MaterialisedView MetabaseCollection MetabaseDashboard MetabaseQuestion ModeChart ModeCollection " +
		"ModeQuery ModeReport ModeWorkspace PowerBIColumn PowerBIDashboard PowerBIDataflow PowerBIDataset PowerBIDatasource PowerBIMeasure " +
		"PowerBIPage PowerBIReport PowerBITable PowerBITile PowerBIWorkspace PresetChart PresetDashboard PresetDataset PresetWorkspace Procedure " +
		"Process QlikApp QlikChart QlikDataset QlikSheet QlikSpace QlikStream QuickSightAnalysis QuickSightAnalysisVisual QuickSightDashboard " +
		"QuickSightDashboardVisual QuickSightDataset QuickSightDatasetField QuickSightFolder Readme ReadmeTemplate RedashDashboard RedashQuery " +
		"RedashVisualization S3Bucket S3Object SalesforceDashboard SalesforceField SalesforceObject SalesforceOrganization SalesforceReport Schema " +
		"SigmaDataElement SigmaDataElementField SigmaDataset SigmaDatasetColumn SigmaPage SigmaWorkbook SnowflakePipe SnowflakeStream SnowflakeTag " +
		"Table TablePartition TableauCalculatedField TableauDashboard TableauDatasource TableauDatasourceField TableauFlow TableauMetric " +
		"TableauProject TableauSite TableauWorkbook TableauWorksheet ThoughtspotAnswer ThoughtspotDashlet ThoughtspotLiveboard View"
	glossaryTypes = "AtlasGlossary AtlasGlossaryCategory AtlasGlossaryTerm"
	domainTypes   = "DataDomain DataProduct"
	aiTypes       = "AIApplication AIModel"
	otherTypes    = "File"
	allDomains    = "*/super"
)

// fill gives new attributes the lists that they do not have.
func (s CustomMetadataSets) fill(ctx context.Context, d *CustomMetadataDefinition) error {
	var connections, glossaries []string
	loaded := false
	for i := range d.Attributes {
		a := &d.Attributes[i]
		if a.wire != nil {
			continue
		}
		if !loaded && (a.Applies.Connections == nil || a.Applies.Glossaries == nil) {
			loaded = true
			names, err := s.client.connectionNames(ctx, nil) // not from the cache: none may be left out
			if err != nil {
				return err
			}
			connections, glossaries = []string{}, []string{}
			for _, n := range names {
				connections = append(connections, n.QualifiedName)
			}
			list, err := transport.Decode[[]struct {
				QualifiedName string `json:"qualifiedName"`
			}](s.client.raw.ListGlossaries(ctx, &atlanapi.ListGlossariesParams{}))
			if err != nil {
				return err
			}
			for _, g := range *list {
				glossaries = append(glossaries, g.QualifiedName)
			}
		}
		for list, all := range map[*[]string][]string{
			&a.Applies.Connections: connections, &a.Applies.Glossaries: glossaries, &a.Applies.Domains: {allDomains},
			&a.Applies.AssetTypes: strings.Fields(connectionTypes), &a.Applies.GlossaryTypes: strings.Fields(glossaryTypes),
			&a.Applies.DomainTypes: strings.Fields(domainTypes), &a.Applies.AITypes: strings.Fields(aiTypes), &a.Applies.OtherTypes: strings.Fields(otherTypes),
		} {
			if *list == nil {
				*list = all
			}
		}
	}
	return nil
}

// checkEnums refuses new attributes whose enumeration is not there.
func (s CustomMetadataSets) checkEnums(ctx context.Context, d *CustomMetadataDefinition) error {
	for i := range d.Attributes {
		if a := &d.Attributes[i]; a.wire == nil && a.Type == CustomMetadataOptions {
			if _, err := s.client.Enums().Get(ctx, a.Enum); err != nil {
				return err
			}
		}
	}
	return nil
}

// Get returns the definition of a set by its human name, as the cache has it. Errors are those of [CustomMetadataSets.ID].
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) Get(ctx context.Context, set string) (*CustomMetadataDefinition, error) {
	d, err := s.directory().one(ctx, cacheKey{byName, set})
	if err != nil {
		return nil, err
	}
	return d.clone(), nil
}

// List returns the definitions of all sets, as the cache has them.
//
//sluice:operation GET /api/meta/types/typedefs
func (s CustomMetadataSets) List(ctx context.Context) ([]*CustomMetadataDefinition, error) {
	return clones(s.directory().all(ctx))
}

// Create defines a new set with its attributes and returns it with ids. Attributes of options name an enumeration that is
// there already, see [Enums.Create]. Where Applies leaves connections or glossaries open, all of the tenant are read first.
// A name that a set has already is an error of category [ErrConflict]. See [Tags.Create] for lost answers and locks.
//
//sluice:operation POST /api/meta/types/typedefs
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/glossary
func (s CustomMetadataSets) Create(ctx context.Context, definition CustomMetadataDefinition) (*CustomMetadataDefinition, error) {
	d := definition
	d.ID, d.GUID, d.wire = "", "", nil
	d.Attributes = slices.Clone(definition.Attributes)
	for i := range d.Attributes {
		d.Attributes[i].wire = nil
	}
	made, err := s.send(ctx, &d, s.client.createDefinition)
	return made, about("custom metadata set", definition.Name, err)
}

// send checks, completes and writes a definition.
func (s CustomMetadataSets) send(ctx context.Context, d *CustomMetadataDefinition, write func(context.Context, string, json.RawMessage) (json.RawMessage, error)) (*CustomMetadataDefinition, error) {
	if _, err := d.encode(); err != nil {
		return nil, err // before the network
	}
	if err := s.checkEnums(ctx, d); err != nil {
		return nil, err
	}
	if err := s.fill(ctx, d); err != nil {
		return nil, err
	}
	text, err := d.encode()
	if err != nil {
		return nil, err
	}
	if text, err = write(ctx, kindCustomMetadata, text); err != nil {
		s.directory().unsettled(err, d.ID, d.Name)
		return nil, err
	}
	made := customMetadataDefinition(text)
	s.directory().put(made)
	return made.clone(), nil
}

// read reads the definition of the set that has a name now from the server.
func (s CustomMetadataSets) read(ctx context.Context, set string) (*CustomMetadataDefinition, error) {
	return s.directory().current(ctx, set)
}

// Update reads the definition of a set from the server, lets change do its work on it and sends it back; what this library
// does not know of it stays. Human names may be changed, and attributes added: assets keep their values. When change
// touches nothing, nothing is sent. Two updates at once overwrite each other: the server cannot tell. One that adds an
// attribute is not repeated when its answer is lost, as the server would make another attribute each time: the error then
// has MayHaveApplied, and a second call is refused if the first was carried out, as two attributes would have one name.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation PUT /api/meta/types/typedefs
func (s CustomMetadataSets) Update(ctx context.Context, set string, change func(*CustomMetadataDefinition) error) (*CustomMetadataDefinition, error) {
	if change == nil {
		return nil, about("custom metadata set", set, errNoChange())
	}
	d, err := s.read(ctx, set)
	if err != nil {
		return nil, err
	}
	id, wire := d.ID, d.wire
	if err := change(d); err != nil {
		return nil, err
	}
	d.ID, d.wire = id, wire
	sent, err := d.encode()
	if err == nil && sameJSON(sent, wire) {
		s.directory().put(customMetadataDefinition(wire))
		return d, nil
	}
	if err == nil {
		d, err = s.send(ctx, d, s.client.updateDefinition)
	}
	if err != nil {
		return nil, about("custom metadata set", set, err)
	}
	return d, nil
}

// ArchiveAttribute removes an attribute from a set: it is archived under another name, and its values are no longer shown.
// The server never deletes an attribute. One that is not there is an error of category [ErrNotFound]. Newer servers refuse
// while assets have values of it, with an error of category [ErrConflict] (atlas-metastore AtlasBusinessMetadataDefStoreV2).
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation GET /api/service/users/current
//sluice:operation PUT /api/meta/types/typedefs
func (s CustomMetadataSets) ArchiveAttribute(ctx context.Context, set, attribute string) error {
	d, err := s.read(ctx, set)
	if err != nil {
		return err
	}
	a := d.attribute(attribute)
	if a == nil {
		return about("custom metadata attribute", set+"."+attribute, notFound("the custom metadata set %q has no attribute with the name %q", set, attribute))
	}
	me, err := transport.Decode[atlanapi.UserMinimalResponse](s.client.raw.GetCurrentUser(ctx))
	if err != nil {
		return about("custom metadata set", set, err)
	}
	now := int64(atlanassets.TimestampOf(time.Now()))
	top := object{raw: a.wire}
	raw, _ := top.get(memberOptions)
	options := object{raw: objectOnly(raw)}
	options.put("isArchived", flagText(true))
	options.put("archivedAt", appendString(nil, strconv.FormatInt(now, 10)))
	options.put("archivedBy", appendString(nil, text(me.Username)))
	top.put(memberOptions, options.text())
	top.put(memberDisplayName, appendString(nil, a.Name+"-archived-"+strconv.FormatInt(now, 10)))
	*a = customMetadataAttribute(top.text())
	_, err = s.send(ctx, d, s.client.updateDefinition)
	return about("custom metadata set", set, err)
}

// Purge removes a set for good, of the sets the one that has the name now, whatever the cache says. The server refuses while
// assets have values of it, those of archived attributes included, with an error of category [ErrConflict] (atlas-metastore
// AtlasBusinessMetadataDefStoreV2).
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation DELETE /api/meta/types/typedef/name/{name}
func (s CustomMetadataSets) Purge(ctx context.Context, set string) error {
	d, err := s.read(ctx, set)
	if err != nil {
		return err
	}
	err = s.client.purgeDefinition(ctx, d.ID)
	if err == nil || isNoDefinition(err) {
		s.directory().drop(cacheKey{byID, d.ID})
	} else {
		s.directory().unsettled(err, d.ID)
	}
	return about("custom metadata set", set, err)
}
