// Package airbyte starts, watches and administers what runs on Airbyte: Cloud, Enterprise and self-managed.
//
//	client, err := airbyte.FromEnv() // the error names the variable that is missing
//	if err != nil {
//		return err
//	}
//	conn := client.Workspace(workspaceID).Connection(connectionID) // no I/O
//	result, err := conn.RunSync(ctx)                               // starts and waits; a failed sync is an error
//	if err != nil {
//		return err
//	}
//	fmt.Println(result.JobURL(), result.RecordsSynced())
//	for row, err := range result.Dataset("users", db).OfThisSync().Rows(ctx) { // only what this sync loaded
//		if err != nil {
//			return err
//		}
//		fmt.Println(row.Value("email"))
//	}
//
// # Handles
//
// [Client.Workspace], [Workspace.Connection], [Workspace.Source] and [Workspace.Destination] give handles and do no I/O.
// The first accessor that needs the description of a resource reads it, once for all accessors and goroutines. It is kept
// until Refresh, or until a change made through the same handle, whose answer replaces it; a failed read is not
// remembered. Cached never does I/O. A resource that turns out to be in another workspace than the handle says is a
// [WorkspaceMismatchError]: nothing is changed across workspaces by mistake. Lists are iterators of loaded handles. They
// read the next page as the loop goes on, yield nothing twice although the server's pages overlap, and end with an error
// that is yielded once.
//
// Whatever the handles do not offer is one call away with [Client.Raw], with the same credentials, retries, limits and
// errors.
//
// # Credentials
//
//	WithClientCredentials(id, secret)   an application of Settings → Applications; tokens are renewed by themselves
//	WithBearer(token)                   one access token, which lives 15 minutes
//	WithBasic(user, password)           older self-managed versions
//	WithTokenSource(source)             tokens from elsewhere, such as an identity-aware proxy
//	WithNoAuth()                        self-managed with authentication switched off
//
// Exactly one of them is needed; [FromEnv] takes the first two from the environment. An application has the permissions of
// the user who made it. Tokens are made from JSON (self-managed versions refuse forms), renewed before they end, once for
// all goroutines, and again when the server refuses one.
//
// # Origins
//
// Without [WithOrigin] the client talks to Airbyte Cloud. With it, the origin of the web application is enough; an origin
// with one of the API's paths is understood too:
//
//	https://api.airbyte.com, https://cloud.airbyte.com   Cloud: https://api.airbyte.com/v1
//	https://airbyte.example.com                          https://airbyte.example.com/api/public/v1
//	http://localhost:8000/api/public/v1                  the same of http://localhost:8000
//
// A wrong one is recognized by what answers, a web page or "Object not found.", and reported as [ErrWrongRoot] with a hint.
//
// # Errors
//
// Every failed call is an [apierr.Error]: its kind is found with errors.Is, and Error, in one line, says what happened and
// what to do. Around it a [ResourceError] carries the ids and a link to the web application. Beside the kinds of package
// apierr there are exact reasons:
//
//	ErrSyncRunning          a job already runs on the connection
//	ErrConnectionInactive   it is switched off
//	ErrConnectionLocked     Airbyte has locked it
//	ErrBilling              credits or payment do not allow it
//	ErrWorkspaceMismatch    a handle's resource is in another workspace
//	ErrHasDependents        connections would be deleted too: DependentsError names them
//	ErrAlreadyExists        the name is taken, and was to be unique
//	ErrUnknownStream        the source has no such stream
//	ErrMaskedSecret         the ten stars shown for a secret would become the secret
//	ErrCreateUnknown        a creation may have taken place: CreateUnknownError names the candidates
//	ErrWrongRoot            what answered is not the public API
//
// A sync that failed is a [SyncError], one that is still running when the wait ends a [SyncTimeoutError].
// Bad input is of kind [apierr.KindInvalid] and found before any request. Airbyte answers 403 for ids that do not exist,
// except to instance administrators. No error shows a secret, a filled URL or the body of a request.
//
// # Retries and limits
//
// Reads, and writes that leave the same state however often they are sent, are repeated on connection errors, 408, 429,
// 502, 503 and 504 with growing, random pauses; what creates or starts something never is, unless the answer proves that
// nothing was done. A lost answer to a creation or a start is settled by looking: [Connection.RunSync],
// [Workspace.CreateConnection]. A self-managed Airbyte serves its public API from five threads, so at most 4 requests are
// in flight there, and 16 on Cloud. [WithTransport] changes all of this.
//
// # Waiting
//
// All waits of one client share one poller, which asks for many jobs in one call and more seldom while none is due to end:
// see package job, and [WithPolling].
//
// # Concurrency
//
// Everything but a [StreamEditor] is safe for concurrent use. No goroutine runs and no connection is used between calls;
// [Client.CloseIdleConnections] closes the idle ones. Changes that read before they write (streams, tags, configurations)
// are not atomic, because Airbyte has no versions to compare: two programs that do them at once overwrite each other.
//
// # What was not seen live
//
// The behaviour was read in the sources of airbyte-platform (2026-08) and in the public documents, and is tested against
// package airbytetest, which has its quirks. None of it has been verified on a live server yet; docs/coverage.md of the
// repository keeps count.
package airbyte
