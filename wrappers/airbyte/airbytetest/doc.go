// Package airbytetest is a fake of Airbyte for tests and demonstrations: a stateful server with the whole public
// API, the real service's quirks, faults on demand, and a check of every exchange against the OpenAPI document.
//
//	func TestNightly(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			fake := airbytetest.New(t)                                 // in-memory network, contract-checked
//			conn := fake.AddConnection(airbytetest.SyncTakes(6 * time.Hour))
//			fake.Fault(airbytetest.ResetAfterBody("createJob").Once()) // the trigger's answer is lost
//
//			runNightly(t.Context(), fake.HTTPClient(), fake.BaseURL(), fake.APIKey(), conn.ID) // the code under test
//
//			if n := fake.SyncsStarted(conn.ID); n != 1 {               // six hours passed in milliseconds
//				t.Errorf("%d syncs were started", n)
//			}
//		})
//	}
//
// Outside of Go, the program in cmd/airbytefake serves it on a port; see also [Serve].
//
// # Time
//
// Jobs run on the clock of whoever looks: real, or virtual in a testing/synctest bubble. They go from pending
// through queued to running, through incomplete and running again for every attempt that fails, to succeeded,
// failed or cancelled. How long that takes, how it ends and what is committed on the way is said per connection,
// with [SyncTakes], [SyncFails], [AttemptsFail], [SyncMoves], [CommitsEvery] or, for everything at once, [Runs].
// No job has a goroutine or a timer of its own, so a day of ten thousand syncs is cheap. With [WithRoundTrip] a
// request takes time too, and the fake reads its state when half of it has passed.
//
// The exception are jobs that a [Mover] runs, which move data for real.
//
// # Contract
//
// Every request and every answer is checked with kin-openapi against the document in specs/airbyte with its
// overlay; a violation fails the test that caused it, with the operation and the place in the body. Faults are
// outside of the check. A test that sends nonsense on purpose says so with [Tolerate]; a load test may want
// [SampleContract].
//
// # Quirks
//
// All are on. [Without] switches them off, one by one; the constants say what happens then. Most were read in the
// source of airbyte-platform (the files are named at the code) and none was compared with the live service.
//
//   - [AscendingJobs]: GET /jobs lists the oldest job first unless told otherwise
//   - [UnstableLists]: pages of connections, sources and destinations overlap or miss rows
//   - [LossyLinks]: next links drop filters and name another host
//   - [ExtraPage]: an empty page follows the last one with rows; the links are "" then, never null
//   - [RunningConflict]: 409 try-again-later while a job of the connection runs
//   - [SameJob]: a second trigger before the job has started answers the same job
//   - [HiddenConflict]: a sync of an inactive connection answers 409 without the reason
//   - [CancelByConnection]: cancelling a job cancels whatever runs on its connection
//   - [QueuedStatus]: the status queued
//   - [LateNumbers]: no rows and bytes before something was committed
//   - [FinalUpdateOnly]: lastUpdatedAt on final jobs only
//   - [DroppedSeconds]: timestamps lose their seconds when these are zero
//   - [MaskedSecrets]: secrets are answered as ten stars
//   - [PatchStoresMask]: PATCH merges, and takes ten stars for the new secret; PUT restores the old one
//   - [ForbiddenUnknown]: 403 for ids that do not exist
//   - [CascadingDeletes]: deleting a source or destination deletes its connections
//   - [OverwriteByDefault]: a stream without a sync mode is overwritten in full
//   - [QuartzOnly]: five-field cron expressions answer 400
//   - [EmptyTypes]: sourceType and destinationType may be ""
//   - [ExpiringTokens]: tokens end after 15 minutes, and 401s are HAL documents
//   - [OpaqueErrors]: 400s and 422s that consist of an errorId
//   - [WrongPathIsNotJSON]: `Object not found.` under a JSON content type
//   - [StaleUpdates]: a job's time of update moves only with its status
//
// Always so, because nothing sensible would be the opposite: limits are 1 to 100, 20 when absent; lists may be
// filtered by repeated or comma-joined ids, and the singular workspaceId is ignored; deletions are soft, so that
// what was deleted is still answered by its id; timestamps of jobs are whole seconds and durations ISO-8601
// without days; refreshes answer 422; a reset cancels the sync in its way; schedules of type basic are answered
// and not taken; schedules, streams, keys and cursors are validated as by the real server; a PATCH of a locked
// connection answers 409. The token endpoint takes JSON and forms and is also found at the root of the host,
// where the Python SDK looks for it.
//
// Rare, and therefore only where a test asks for it: a trigger that is answered with a 409 after a minute although
// the job begins, perhaps even later ([LateAnswers], [LateConflict]); a connection whose workspace is the word
// "null" ([NullWorkspace]); statuses nobody has heard of ([UnknownStatus]); lists with duplicate or missing rows
// ([DuplicateRows], [MissingRows]); proxies' HTML, rate limits, resets and the other faults.
//
// # What it is not
//
// It has no Config API (/api/v1, but for the token), no permission checks beyond authentication, no quotas, and
// knows secrets by the names of their properties, because it has no connector specifications.
package airbytetest
