package atlantest

// Quirk is a way in which the service differs from what its documentation lets one expect. All are on unless
// switched off with [Without].
type Quirk string

// The quirks. Each names the behaviour that is on; the comment says what switching it off does.
const (
	// PermissionWindow: requests for a new connection, and for what is below it, answer 403 ATLAS-403-00-001 until
	// its policies have spread, to its creator, too; see [PermissionsTake]. Off: they are allowed at once.
	PermissionWindow Quirk = "permission-window"
	// SearchDelay: a search sees a write only after a while, a read by guid or name at once; see [SearchTakes]. Off:
	// both do.
	SearchDelay Quirk = "search-delay"
	// SlowArchive: an archived asset is ACTIVE for a while yet; see [ArchiveTakes]. Off: it is DELETED at once.
	SlowArchive Quirk = "slow-archive"
	// RateLimited: 400 requests within a minute are allowed, and then none for a minute; see [LimitRate]. Off: any
	// number.
	RateLimited Quirk = "rate-limited"
	// NoRetryAfter: a 429 does not say how long to wait. Off: it has Retry-After.
	NoRetryAfter Quirk = "no-retry-after"
	// ServerNames: glossaries, terms, categories, domains, products, personas, purposes, policies, contracts,
	// collections, folders and queries get their qualifiedName from the server, whatever was sent, and so a repeated
	// creation makes a second one. Off: the name that was sent is kept where there is one.
	ServerNames Quirk = "server-names"
	// UniqueByIndex: that a glossary, a term, a category, a domain, a persona or a purpose of the same name exists is
	// noticed (409) by searching, so only once the other one is indexed. Off: at once.
	UniqueByIndex Quirk = "unique-by-index"
	// PartialUpdates: a save that changes nothing but primitive attributes, or nothing but relationships, is reported
	// as PARTIAL_UPDATE, and so is the other end of a relationship. Off: as UPDATE.
	PartialUpdates Quirk = "partial-updates"
	// TrimmedAnswers: saved assets are answered with their names only. Off: in full.
	TrimmedAnswers Quirk = "trimmed-answers"
	// NullAttributes: an asset is read with every attribute and relationship of its type, null or [] where there is
	// nothing. Off: with those it has.
	NullAttributes Quirk = "null-attributes"
	// AttributesRequired: an asset that is saved without an attributes object, even an empty one, answers 500. Off: it
	// changes no attribute.
	AttributesRequired Quirk = "attributes-required"
	// UnknownIgnored: an attribute that the type does not have is ignored. Off: it is 400 ATLAS-400-00-023.
	UnknownIgnored Quirk = "unknown-ignored"
	// TagsNeedFlag: an update ignores tags without one of replaceClassifications, replaceTags and appendTags. Off: it
	// replaces them.
	TagsNeedFlag Quirk = "tags-need-flag"
	// CustomMetadataNeedsFlag: an update ignores custom metadata without replaceBusinessAttributes. Off: it merges it.
	CustomMetadataNeedsFlag Quirk = "custom-metadata-needs-flag"
	// UntouchedSetsChecked: a merge of custom metadata is refused for a set that the asset has, the request omits and
	// the caller may not write; see [Fake.ProtectCustomMetadata]. Off: only sets in the request are checked.
	UntouchedSetsChecked Quirk = "untouched-sets-checked"
	// UsedMetadataStays: a custom metadata set of which an asset has values, those of archived attributes included, is not
	// purged, and an attribute of which one has them is not archived, both 409 ATLAS-409-00-002 (atlas-metastore
	// AtlasBusinessMetadataDefStoreV2). Off: the values go with the set, and stay with the attribute.
	UsedMetadataStays Quirk = "used-metadata-stays"
	// CategoriesStay: a glossary category cannot be archived, only purged. Off: it can.
	CategoriesStay Quirk = "categories-stay"
	// ShortParameters: a query parameter longer than 4,096 characters answers 400. Off: it is served.
	ShortParameters Quirk = "short-parameters"
	// PolicyRules: a purpose needs tags of its own, a policy its persona or purpose in every request, the actions of its
	// kind, assets below its connection, and its persona names 1,000 assets at most; policies are enabled with their
	// persona or purpose and are deleted with it. Off: they are assets as all others.
	PolicyRules Quirk = "policy-rules"
	// CodelessConflict: the 409 of a workflow whose name exists has neither a code nor a category. Off: it looks like
	// all others.
	CodelessConflict Quirk = "codeless-conflict"
	// OneRunOfAnApp: submitting a workflow of an app whose run has not ended answers 500, and starts nothing (pyatlan
	// client/app.py). Off: a second run starts.
	OneRunOfAnApp Quirk = "one-run-of-an-app"
	// InputsHidden: the answers about a workflow of an app do not tell its inputs. Off: reading one does.
	InputsHidden Quirk = "inputs-hidden"
	// StorageRefusesTokens: a presigned URL answers 400 to a request with an Authorization header. Off: it is ignored.
	StorageRefusesTokens Quirk = "storage-refuses-tokens"
)

// Quirks returns all quirks.
func Quirks() []Quirk {
	return []Quirk{
		PermissionWindow, SearchDelay, SlowArchive, RateLimited, NoRetryAfter, ServerNames, UniqueByIndex, PartialUpdates,
		TrimmedAnswers, NullAttributes, AttributesRequired, UnknownIgnored, TagsNeedFlag, CustomMetadataNeedsFlag,
		UntouchedSetsChecked, CategoriesStay, ShortParameters, CodelessConflict, OneRunOfAnApp,
		InputsHidden, StorageRefusesTokens, PolicyRules, UsedMetadataStays,
	}
}

func (f *Fake) has(q Quirk) bool { return !f.config.off[q] }
