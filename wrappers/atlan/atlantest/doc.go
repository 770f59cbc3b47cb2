// Package atlantest is a fake of an Atlan tenant for tests and demonstrations: a stateful server with the whole API
// (132 operations), the service's quirks, faults on demand, and a check of every exchange against the OpenAPI document.
//
//	func TestNightly(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			fake := atlantest.New(t)                                       // in-memory network, contract-checked
//			connection, _ := fake.AddConnection("snowflake", "Warehouse")
//			database := fake.AddTo(connection, "Database", "SALES", nil)
//			fake.Fault(atlantest.ResetAfterBody("bulkSaveEntities").Once()) // the answer to the first save is lost
//
//			runNightly(t.Context(), fake.HTTPClient(), fake.BaseURL(), fake.APIKey(), database) // the code under test
//
//			if n := fake.CountAssets("DataDomain"); n != 1 {
//				t.Errorf("%d domains were made", n)
//			}
//		})
//	}
//
// Outside of Go, the program in cmd/atlanfake serves it on a port; see also [Serve].
//
// # Assets
//
// The store knows the 485 types of specs/atlan/typedefs.json, with what they inherit, and [DefineType] and
// [AcceptUnknown] make it a server that knows more. Values are kept byte for byte. A relationship is one thing with two
// ends: whichever end it is set at, the other one shows it, and an end that takes one asset lets go of the one before.
// The typedefs do not say which attributes belong together, so that was worked out from their types and names; where
// that was not possible, a relationship has one end only. Assets can be put in past the API with [Fake.Add], [Fake.AddConnection],
// [Fake.AddTo] and, 200,000 of them in seconds, [Fake.Seed], and be looked at with [Fake.Asset].
//
// Searches are evaluated, aggregations included, as far as Elasticsearch's query language is what clients of Atlan send:
// queries match_all, term, terms, exists, prefix, wildcard, regexp, fuzzy, range, match, match_phrase, multi_match,
// bool, nested and some more; anything else is refused with 400 and never passed over. from and size reach 100,000
// assets and 10,000 audit entries.
//
// # Time
//
// Everything that takes time goes by the clock of whoever looks, real or virtual in a testing/synctest bubble, without a
// goroutine or a timer: what searches see ([SearchTakes]), archiving ([ArchiveTakes]), permissions for a new connection
// ([PermissionsTake]), runs ([RunsTake], [Fake.PlanRuns]), tokens ([TokensLive]), links ([LinksLive]) and the limit of
// requests ([LimitRate]). The index shows an asset as it is when its write is seen, later writes included. Schedules are
// kept and start nothing. With [WithRoundTrip] a request takes time, too.
//
// # Contract
//
// Every request and every answer is checked with kin-openapi against the document in specs/atlan with its overlay; a
// violation fails the test that caused it. For it, three enumerations that grow are any text (states of runs, actions of
// audits), and streams of query results are not looked into. Faults are outside of the check. A test that sends nonsense
// on purpose says so with [Tolerate]; a load test may want [SampleContract].
//
// # Quirks
//
// All are on. [Without] switches them off, one by one; the constants say what happens then.
//
//   - [PermissionWindow]: a new connection, and what is below it, answers 403 for a while, to its creator, too
//   - [SearchDelay]: searches see a write later than reads do
//   - [SlowArchive]: an archived asset is ACTIVE for a while
//   - [RateLimited]: beyond 400 requests a minute none is let in for a minute
//   - [NoRetryAfter]: which a 429 does not say
//   - [ServerNames]: the server names glossaries, terms, domains, policies and their like, so that repeats are new ones
//   - [UniqueByIndex]: and notices a name that is taken only when searches see it
//   - [PartialUpdates]: changes of one kind only are PARTIAL_UPDATE, not UPDATE
//   - [TrimmedAnswers]: saved assets are answered with their names only
//   - [NullAttributes]: reads answer all attributes of a type
//   - [AttributesRequired]: no attributes object is a 500
//   - [UnknownIgnored]: unknown attributes are ignored
//   - [TagsNeedFlag]: updates ignore tags without a flag
//   - [CustomMetadataNeedsFlag]: and custom metadata, too
//   - [UntouchedSetsChecked]: merging custom metadata can be refused for a set that was not sent
//   - [UsedMetadataStays]: custom metadata of which an asset has values cannot be purged, nor its attribute archived
//   - [CategoriesStay]: glossary categories cannot be archived
//   - [PolicyRules]: policies come with their persona or purpose, its actions and below its connection, and go with it
//   - [ShortParameters]: query parameters end at 4,096 characters
//   - [CodelessConflict]: the 409 of a workflow has no code
//   - [OneRunOfAnApp]: a workflow of an app that runs cannot be submitted again
//   - [InputsHidden]: reading a workflow of an app does not tell its inputs
//   - [StorageRefusesTokens]: a presigned URL refuses the API's token
//
// Always so: an asset is found by guid, else by type and qualifiedName, and DELETED ones come back when they are saved; a
// save that changes nothing reports nothing; an asset without a guid gets one like "-1766…" in guidAssignments; a
// request that is wrong in one place saves nothing; null clears an attribute and what is left out stays; a search without
// hits has no entities at all, and its request is echoed; paths with a slash at the end are served; a bulk of more than
// 10,000 is refused; the qualifiedName of another asset is a 409; strings end at 100,000 characters, labels and names of
// custom attributes at 50; values of custom metadata have the type of their attribute; tags and custom metadata have
// hashed ids; lists of users and their like take filters of JSON; API
// tokens act as service-account-…, and their secrets are shown once; a stopped run of an app ends Stopped, one of a legacy
// workflow Failed, as in Argo.
//
// Rare, and therefore only where a test asks for it: short pages ([Fake.Hide], [EmptyPage]), masked assets
// ([Fake.Scrub]), pages without end ([MoreForever]), counts that are wrong ([WrongCount]), empty typedefs for an expired
// token ([EmptyTypeDefs]), the lock of typedefs ([TypeDefLock]), errors of every service's shape ([MetastoreError],
// [InternalError], [HeraclesError], [GatewayError], [KeycloakError], [HTML]), states of runs that nobody has heard of
// ([RunsEnd], [RunPlan]), what one may not see or write ([Fake.Deny], [Fake.OpenWindow], [Fake.ProtectCustomMetadata]).
//
// # What is not verified
//
// Nothing was compared with a live tenant. What is known was read in pyatlan, in atlas-metastore and in Atlan's
// documentation; the services for users, workflows, apps and SQL are closed, and known from pyatlan only. Guesses are:
// what exactly counts as a partial update, and that the other end of a relationship is one; that an asset which comes
// back is an UPDATE; the names of relationships but the best known; the pattern of the names that folders, queries,
// policies and contracts get; uniqueness of the names of domains, personas and purposes; how the minute of the limit is
// measured, and that a refusal does not lengthen it; attributes that a search answers unasked; what a masked asset looks
// like; the order in which adding and removing tags in one request goes; 409 for a tag that is used; numeric codes and
// texts of errors; the state of a cancelled run; how long anything takes.
//
// # What it is not
//
// Policies are kept and grant nothing: permissions are connection windows and what a test denies, for reads and writes
// and not for searches. It runs no workflow and no SQL ([Fake.AnswerQuery] says what a statement answers), sends no
// webhooks, and derives no assets from OpenLineage events, which it keeps. Tags spread at once; the tasks for it are
// there and done.
package atlantest
