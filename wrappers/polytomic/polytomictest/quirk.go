package polytomictest

// Quirk is a way in which the service differs from what its documentation lets one expect. All are on unless
// switched off with [Without].
type Quirk string

// The quirks. Each names the behaviour that is on; the comment says what switching it off does.
const (
	// NullLists: a list without rows is null. Off: [].
	NullLists Quirk = "null-lists"
	// PagedLists: bulk syncs and models come in pages of at most 50, as the text of the documentation says and the
	// SDKs' signatures do not. Off: they come whole.
	PagedLists Quirk = "paged-lists"
	// EmptyToken: the last page has a next_page_token of "". Off: it has none.
	EmptyToken Quirk = "empty-token"
	// IdempotencyReplay: the first outcome of an Idempotency-Key, a 500 included, is the answer to every later
	// request with it, for a day; one that is still at work answers 409. Off: keys do nothing.
	IdempotencyReplay Quirk = "idempotency-replay"
	// VersionEcho: every answer names the version that served it. Off: none does.
	VersionEcho Quirk = "version-echo"
	// MaskedSecrets: configurations are answered with secrets as stars. Off: as stored.
	MaskedSecrets Quirk = "masked-secrets"
	// StoresMask: PUT stores stars as the new secret. Off: it restores the old one.
	StoresMask Quirk = "stores-mask"
	// PutClears: PUT of a connection clears what its configuration leaves out. Off: it keeps it.
	PutClears Quirk = "put-clears"
	// PutSelectsAll: PUT of a bulk sync without schemas selects all of them. Off: it leaves the selection alone.
	PutSelectsAll Quirk = "put-selects-all"
	// PatchEnablesFields: PATCH of schemas enables all fields of a schema that is sent without any. Off: it leaves
	// them alone.
	PatchEnablesFields Quirk = "patch-enables-fields"
	// FreshCache: a connection that was just made answers 422 to bulk syncs and 400 to its schemas until its schema
	// cache is filled. Off: the cache is filled at once.
	FreshCache Quirk = "fresh-cache"
	// RunningConflict: starting a sync that runs answers 409. Off: it answers the running execution.
	RunningConflict Quirk = "running-conflict"
	// SlowCancel: an execution is canceling for a while before it is canceled. Off: it is canceled at once.
	SlowCancel Quirk = "slow-cancel"
	// ManyStates: executions pass through scheduled, queued, waiting, exporting and processing. Off: created,
	// running and the end.
	ManyStates Quirk = "many-states"
	// ActivateCancels: switching a bulk sync off cancels what runs, which is not so for a model sync. Off: neither.
	ActivateCancels Quirk = "activate-cancels"
	// FrameworkErrors: errors of sign-in and decoding have a text for their status and no key. Off: they look like
	// all others.
	FrameworkErrors Quirk = "framework-errors"
	// WrongPathIsText: a path the server does not know answers "404 page not found" as text. Off: JSON.
	WrongPathIsText Quirk = "wrong-path-is-text"
	// TrailingSlash: POST /api/connections/connect/ needs its slash. Off: it is found without, too.
	TrailingSlash Quirk = "trailing-slash"
	// DoubleSlash: a path with two slashes in a row, as a base URL with one at its end makes it, answers a redirect
	// that turns a POST into a GET. Off: it is served.
	DoubleSlash Quirk = "double-slash"
	// ShortURLs: a URL beyond 8 KiB answers 414 with a proxy's page. Off: up to the megabyte that net/http takes.
	ShortURLs Quirk = "short-urls"
	// InUse: a connection that syncs or models use is not deleted without force; with it they go, too. Off: they go
	// in any case.
	InUse Quirk = "in-use"
	// OwnQueries: a query is answered only to the key that ran it, 404 to others. Off: to the organization.
	OwnQueries Quirk = "own-queries"
	// RelativeLinks: the links between pages of query results have no host. Off: they have.
	RelativeLinks Quirk = "relative-links"
	// RedirectedFiles: a log file is a redirect to where it is stored. Off: its content.
	RedirectedFiles Quirk = "redirected-files"
	// StorageRefusesTokens: where log files are stored, a request with an Authorization header answers 400. Off: it
	// is ignored.
	StorageRefusesTokens Quirk = "storage-refuses-tokens"
	// EventsExpire: events are listed for 48 hours. Off: for ever.
	EventsExpire Quirk = "events-expire"
	// UnorderedWebhooks: deliveries of webhooks overtake each other. Off: they begin in the order of their events.
	UnorderedWebhooks Quirk = "unordered-webhooks"
	// OddJSON: JSON schemas of connection types hold booleans where schemas are expected, and vendors' keys. Off:
	// plain ones.
	OddJSON Quirk = "odd-json"
)

// Quirks returns all quirks.
func Quirks() []Quirk {
	return []Quirk{
		NullLists, PagedLists, EmptyToken, IdempotencyReplay, VersionEcho, MaskedSecrets, StoresMask, PutClears,
		PutSelectsAll, PatchEnablesFields, FreshCache, RunningConflict, SlowCancel, ManyStates, ActivateCancels,
		FrameworkErrors, WrongPathIsText, TrailingSlash, DoubleSlash, ShortURLs, InUse, OwnQueries,
		RelativeLinks, RedirectedFiles, StorageRefusesTokens, EventsExpire, UnorderedWebhooks, OddJSON,
	}
}

func (f *Fake) has(q Quirk) bool { return !f.config.off[q] }
