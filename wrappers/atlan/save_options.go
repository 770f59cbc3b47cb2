package atlan

// SaveOptions says what a save does beyond attributes and relationships. The zero value is what [Client.Save] does.
type SaveOptions struct {
	// Tags says what becomes of the tags of assets that exist.
	Tags TagMode
	// CustomMetadata says what becomes of the custom metadata of assets that exist.
	CustomMetadata CustomMetadataMode
	// SkipProcessEdgeRestoration leaves the lineage edges of a process that is restored as they are.
	SkipProcessEdgeRestoration bool
}

// TagMode says what a save does with the tags of an asset that exists. A new asset gets the tags that come with it,
// whatever the mode; when it turns out to be there already the modes that do not replace add them. The metastore takes one of three flags (its EntityREST refuses two), which these are.
type TagMode uint8

// The modes.
const (
	// TagsKeep leaves the tags as they are, but for those that the items add or remove one by one. An item whose
	// classifications were changed is refused: the server would drop the change without a word.
	TagsKeep TagMode = iota
	// TagsAppend adds the tags in classifications to those that are there (appendTags). They are sent as
	// addOrUpdateClassifications, which is what the metastore reads then: classifications of an asset that exists it
	// drops without a word (its AtlasEntityComparator).
	TagsAppend
	// TagsReplace makes the tags in classifications all that the asset itself has (replaceTags).
	TagsReplace
	// ClassificationsReplace makes the classifications all that the asset has (replaceClassifications): the older flag,
	// which pyatlan sends when it replaces custom metadata.
	ClassificationsReplace
)

// replaces reports whether the tags of an item become all that the asset has.
func (m TagMode) replaces() bool { return m == TagsReplace || m == ClassificationsReplace }

// CustomMetadataMode says what a save does with the custom metadata of an asset that exists. A new asset gets the custom
// metadata that comes with it, whatever the mode. Read in atlas-metastore's EntityGraphMapper.
type CustomMetadataMode uint8

// The modes.
const (
	// CustomMetadataKeep leaves custom metadata as it is. An item whose custom metadata was changed is refused: the server
	// would drop the change without a word. Of a new item it drops it when the asset turns out to be there already: the
	// assets concerned are then read, and one whose custom metadata is not what the item has is an error, see
	// [SaveResult.NotWritten]. The other modes need no such read.
	CustomMetadataKeep CustomMetadataMode = iota
	// CustomMetadataIgnore leaves custom metadata as it is and drops what the items have of it.
	CustomMetadataIgnore
	// CustomMetadataMerge writes the attributes that are there, removes those that are null, empties a set that is {}, and
	// leaves all others.
	CustomMetadataMerge
	// CustomMetadataReplace makes what the item has all that there is: sets and attributes that it lacks are removed.
	CustomMetadataReplace
)
