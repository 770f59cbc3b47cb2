// Package polytomictest is a fake of Polytomic for tests and demonstrations: a stateful server with the whole API
// (version 2025-09-18, 128 operations), the service's quirks, faults on demand, and a check of every exchange against
// the OpenAPI document.
//
//	func TestNightly(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			fake := polytomictest.New(t)                               // in-memory network, contract-checked
//			sync := fake.AddBulkSync(
//				polytomictest.SyncTakes(6*time.Hour),
//				polytomictest.RecordErrors(12, 0))                     // it completes all the same
//			fake.Fault(polytomictest.ResetAfterBody("startBulkSync").Once()) // the answer to the start is lost
//
//			runNightly(t.Context(), fake.HTTPClient(), fake.BaseURL(), fake.UserKey(), sync.ID) // the code under test
//
//			if n := fake.SyncsStarted(sync.ID); n != 1 {               // six hours passed in milliseconds
//				t.Errorf("%d executions were started", n)
//			}
//		})
//	}
//
// Outside of Go, the program in cmd/polytomicfake serves it on a port; see also [Serve].
//
// # Keys
//
// A fake comes with one organization and one user. [Fake.UserKey] is a bearer token for everything in that
// organization; [Fake.PartnerKey] and [Fake.DeploymentKey] are bearer tokens for organizations and their users, and
// with the id of an organization before them (basic) keys for everything in that one. The wrong class answers 403, an
// unknown key 401.
//
// # Time
//
// Executions, jobs, queries and schema caches go by the clock of whoever looks: real, or virtual in a
// testing/synctest bubble. None of them has a goroutine or a timer, so a day of ten thousand executions is cheap. How
// an execution goes is said per sync, with [SyncTakes], [SyncEnds], [RecordErrors], [SchemaFails], [ReportsEvery] or,
// for everything at once, [Runs]; [EverySync] does so for syncs that the code under test makes, and [Fake.Configure]
// for one that is there. Bulk executions pass through created, scheduled, running, exporting and processing, their
// schemas too, one after the other; model syncs through created, scheduled, queued, waiting, running and processing.
// They end completed, failed, canceled, interrupted or, bulk syncs only, errors. Schedules are kept and answered, and
// start nothing: [Fake.StartSync] does.
//
// With [WithRoundTrip] a request takes time too, and the fake reads its state when half of it has passed. The one
// goroutine that the fake starts by itself is for webhooks, when [DeliverWebhooks] or [WebhookHandler] asks for them.
//
// # Contract
//
// Every request and every answer is checked with kin-openapi against the document in specs/polytomic with its
// overlay; a violation fails the test that caused it, with the operation and the place in the body. The document is
// changed in two places for it: errors of the declared shape may come from every operation with every status, and a
// log file may be a redirect. Faults are outside of the check. A test that sends nonsense on purpose says so with
// [Tolerate]; a load test may want [SampleContract].
//
// # Quirks
//
// All are on. [Without] switches them off, one by one; the constants say what happens then.
//
//   - [NullLists]: a list without rows is null
//   - [PagedLists]: bulk syncs and models are paged although the SDKs do not know it
//   - [EmptyToken]: the last page has a token of ""
//   - [IdempotencyReplay]: the first outcome of a key is replayed, a 500 too; 409 while it is at work
//   - [VersionEcho]: answers name the version that served them
//   - [MaskedSecrets]: secrets are answered as stars
//   - [StoresMask]: PUT stores stars as the new secret
//   - [PutClears]: PUT of a connection clears what is left out
//   - [PutSelectsAll]: PUT of a bulk sync without schemas selects all
//   - [PatchEnablesFields]: PATCH of a schema without fields enables all of them
//   - [FreshCache]: new connections answer 422 and 400 until their schema cache is filled
//   - [RunningConflict]: 409 for a sync that runs
//   - [SlowCancel]: canceling comes before canceled
//   - [ManyStates]: all the states between created and the end
//   - [ActivateCancels]: switching a bulk sync off cancels it; a model sync goes on
//   - [FrameworkErrors]: errors of sign-in and decoding have a text for their status
//   - [WrongPathIsText]: unknown paths answer text
//   - [TrailingSlash]: one path needs its slash
//   - [DoubleSlash]: two slashes in a row are redirected, and a POST is lost
//   - [ShortURLs]: 414 beyond 8 KiB, which SQL in a URL reaches
//   - [InUse]: 422 for the deletion of a connection that is used
//   - [OwnQueries]: a query is another key's 404
//   - [RelativeLinks]: links between pages of query results have no host
//   - [RedirectedFiles]: log files are redirects to a storage
//   - [StorageRefusesTokens]: which answers 400 to a token
//   - [EventsExpire]: events are listed for 48 hours
//   - [UnorderedWebhooks]: deliveries overtake each other
//   - [OddJSON]: booleans for schemas in the forms of connection types
//
// Always so: names of properties are in the case in which the service has them (nextExecutionTime and
// next_execution_time, URLs and urls); schedules have no ids at their own endpoints; the boolean resync answers 400,
// and so does test with resync_mode; an execution completes with record errors; bulk events end in _error and those
// of model syncs in _errors; async models answer a job and no data; a webhook that was disabled misses what happens
// meanwhile; console logs keep 50 lines; a proxied call has 30 seconds and 1 MiB; updates replace; maps in URLs are
// understood in all the ways in which the official SDKs send them; 429s carry Retry-After and X-RateLimit-Reset, see
// [LimitRate] and [RateLimitReset].
//
// Rare, and therefore only where a test asks for it: statuses nobody has heard of ([UnknownStatus]), a page token
// that leads to itself ([RepeatToken]), 500s that are outcomes ([Fails], [FailsAfter]), requests that are at work
// when their client has left ([Slow]), another version in the echo ([ServeVersion]), schema caches that do not fill
// ([NeverFills]), events delivered twice ([Fake.Redeliver]); proxies' HTML, resets and the other faults.
//
// # What is not verified
//
// Nothing was compared with the live service. What is known was read in Polytomic's SDKs and documentation. Guesses
// are: the hash and the encoding of webhook signatures ([SignWebhooks]) and the body of a delivery, which is the event
// as GET /api/events lists it; the words of cache_status ([CacheStatus]); the order of events ([NewestEventsFirst])
// and of lists; the statuses of a connection but "healthy"; the stars for a secret, and that webhooks' secrets are
// masked, too; 422 for a key that belongs to another request; 409 for a model sync that runs; 400 for starting one
// that is not active; force for API keys; the texts and keys of errors; the forms of connection types.
//
// # What it is not
//
// It moves no data, knows eleven connection types, checks no permissions beyond the class of the key, and speaks the
// newest version only: older ones are answered by it, and the echo says so.
package polytomictest
