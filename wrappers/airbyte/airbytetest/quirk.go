package airbytetest

// Quirk is a way in which the real service differs from what its documentation lets one expect. All are on
// unless switched off with [Without].
type Quirk string

// The quirks. Each names the behaviour that is on; the comment says what switching it off does.
const (
	// AscendingJobs: GET /jobs without orderBy lists the oldest job first. Off: the newest.
	AscendingJobs Quirk = "ascending-jobs"
	// UnstableLists: connections, sources and destinations are read with LIMIT and OFFSET and no ORDER BY, so
	// that pages may overlap or miss rows. A list that fits one page is complete but in any order; across pages
	// a few rows change places from one request to the next. Off: in the order of creation.
	UnstableLists Quirk = "unstable-lists"
	// LossyLinks: the next link of a page drops filters (jobs: status, time bounds, order; connections: tags),
	// joins workspace ids with commas and names the host the server was configured with; previous has its limit
	// twice. Off: links keep the query and the caller's host.
	LossyLinks Quirk = "lossy-links"
	// ExtraPage: next is given whenever the page has rows, so that a last, empty page follows. Off: next is
	// empty on the last page with rows.
	ExtraPage Quirk = "extra-page"
	// RunningConflict: POST /jobs answers 409 try-again-later while a job of the connection runs. Off: it
	// answers the running job.
	RunningConflict Quirk = "running-conflict"
	// SameJob: POST /jobs answers a job that was created and has not started yet once more. Off: 409 as if it
	// ran.
	SameJob Quirk = "same-job"
	// HiddenConflict: a sync of a connection that is not active answers 409 state-conflict with no reason but
	// "Could not fulfill request". Off: the message says why.
	HiddenConflict Quirk = "hidden-conflict"
	// CancelByConnection: DELETE /jobs/{id} cancels whatever runs on that job's connection, and is a 200 that
	// does nothing when nothing runs. Off: it cancels that job, or answers 409.
	CancelByConnection Quirk = "cancel-by-connection"
	// QueuedStatus: a job passes from pending through queued to running. Off: from pending to running.
	QueuedStatus Quirk = "queued-status"
	// LateNumbers: bytesSynced and rowsSynced are absent until something was committed. Off: they are 0.
	LateNumbers Quirk = "late-numbers"
	// FinalUpdateOnly: lastUpdatedAt is given on final jobs only. Off: always.
	FinalUpdateOnly Quirk = "final-update-only"
	// DroppedSeconds: timestamps whose seconds are zero are written without seconds. Off: always with.
	DroppedSeconds Quirk = "dropped-seconds"
	// MaskedSecrets: configurations are answered with secrets as ten stars. Off: as stored.
	MaskedSecrets Quirk = "masked-secrets"
	// PatchStoresMask: PATCH stores ten stars as the new secret, where PUT restores the old one. Off: PATCH
	// restores it too.
	PatchStoresMask Quirk = "patch-stores-mask"
	// ForbiddenUnknown: an id that does not exist answers 403 forbidden. Off: 404 resource-not-found, and 409
	// for jobs, as an instance admin gets them.
	ForbiddenUnknown Quirk = "forbidden-unknown"
	// CascadingDeletes: deleting a source or a destination deletes its connections. Off: it answers 409 while
	// there are any.
	CascadingDeletes Quirk = "cascading-deletes"
	// OverwriteByDefault: a stream without a sync mode is overwritten in full. Off: 400.
	OverwriteByDefault Quirk = "overwrite-by-default"
	// QuartzOnly: cron expressions must be Quartz; the usual five fields answer 400. Off: five fields are taken.
	QuartzOnly Quirk = "quartz-only"
	// EmptyTypes: sourceType and destinationType are "" for custom connectors and for some built-in ones
	// (dev-null, motherduck). Off: the connector's name.
	EmptyTypes Quirk = "empty-types"
	// ExpiringTokens: access tokens end after 15 minutes (see [TokenLifetime]). Off: never, although expires_in
	// still says so.
	ExpiringTokens Quirk = "expiring-tokens" //nolint:gosec // a name, not a token
	// OpaqueErrors: malformed bodies and bad values answer nothing but an errorId. Off: with a message.
	OpaqueErrors Quirk = "opaque-errors"
	// WrongPathIsNotJSON: a path the server does not know answers `Object not found.` under a JSON content
	// type. Off: a problem document.
	WrongPathIsNotJSON Quirk = "wrong-path-is-not-json"
	// StaleUpdates: a job's time of update, by which GET /jobs filters and orders, moves only when its status
	// changes. Off: also when rows are committed.
	StaleUpdates Quirk = "stale-updates"
)

// Quirks returns all quirks.
func Quirks() []Quirk {
	return []Quirk{
		AscendingJobs, UnstableLists, LossyLinks, ExtraPage, RunningConflict, SameJob, HiddenConflict,
		CancelByConnection, QueuedStatus, LateNumbers, FinalUpdateOnly, DroppedSeconds, MaskedSecrets,
		PatchStoresMask, ForbiddenUnknown, CascadingDeletes, OverwriteByDefault, QuartzOnly, EmptyTypes,
		ExpiringTokens, OpaqueErrors, WrongPathIsNotJSON, StaleUpdates,
	}
}

func (f *Fake) has(q Quirk) bool { return !f.config.off[q] }
