// Package transport carries requests to a service and its answers back, for generated clients and for whoever wraps a
// service of their own. A [Client] has the Do method that generated code asks for:
//
//	const operations = `
//	GET  /jobs          listJobs   safe
//	POST /jobs          createJob  unsafe  timeout=90s
//	GET  /jobs/{jobId}  getJob     safe
//	`
//
//	func main() {
//		table, err := transport.ParseOperations(operations)
//		if err != nil {
//			log.Fatal(err)
//		}
//		client, err := transport.New("https://api.acme.example/v1", table,
//			transport.WithService("acme"), transport.WithAuth(transport.Bearer(token)))
//		if err != nil {
//			log.Fatal(err)
//		}
//		raw, err := acmeapi.NewClient(client.Base(), acmeapi.WithHTTPClient(client))
//		if err != nil {
//			log.Fatal(err)
//		}
//		job, err := transport.Decode[acmeapi.Job](raw.GetJob(ctx, 4711))
//		switch {
//		case errors.Is(err, apierr.ErrNotFound):
//			log.Fatal("there is no job 4711")
//		case err != nil:
//			log.Fatal(err)
//		}
//		fmt.Println(job.ID)
//	}
//
// # The chain
//
// Each request goes down this chain and its answer comes back up:
//
//	user agent → request id → auth → retry → idempotency key → limiter → per-try timeout → size cap → error mapping → RoundTripper
//
// There is one file for each stage. The limiter stands inside the retries because every try costs the service a
// request. Auth stands outside them: a token that the service refuses is replaced once, whatever the retries did.
//
// Every error is an [*apierr.Error], made below the generated code, which would take a 403 or an HTML page for a
// success. No error, log line or hook holds a URL, a header, a credential, a value of a secret-looking key or
// anything from a configuration object.
//
// # What is repeated
//
// The operation table says which operations are safe (they only read), idempotent or unsafe. A request that is in no
// table is unsafe. A caller that knows more about one call than the document does says so with [WithSafety].
//
//	failure                                        safe   idempotent   unsafe
//	no connection: DNS, dial, TLS, proxy           yes    yes          yes
//	HTTP/2 refused the stream unseen               yes    yes          yes
//	429, or an answer the decoder calls not        yes    yes          yes
//	processed
//	401 with a token that can be replaced, once    yes    yes          yes
//	connection broke, before or in the answer      yes    yes          no, MayHaveApplied
//	the try timed out                              yes    yes          no, MayHaveApplied
//	408, 502, 503, 504                             yes    yes          no, MayHaveApplied
//	500                                            yes    no           no, MayHaveApplied
//	an answer the decoder calls unsettled          yes    yes          no, MayHaveApplied
//	untrusted certificate, refused by the proxy,   no     no           no
//	other statuses, unreadable or too large
//	answers
//
// An operation whose table entry has idempotency-key=Header sends a key by which the service knows a repeated request:
// then a connection that broke and a try that timed out are repeated with the same key, unsafe or not, and an error
// that follows says MayHaveApplied. No answer is ever asked for again with the key that brought it.
//
// There are up to four tries with random pauses below 250 ms, 500 ms and 1 s, from 1 s after a 429. Retry-After is
// honoured; when it asks for more than a minute or more than the caller's deadline leaves, the error comes back at
// once. All calls of a client share a budget of retries: [RetryOptions]. The policy may become better in any release;
// that an unsafe request is never repeated once it may have been processed will not change. This includes the
// repetitions that http.Transport makes silently.
//
// An answer that is to be expected for a while, such as a 403 until a permission has spread, is the decoder's to tell:
// with [ErrorAnswer.RepeatAfter] it sets the pause, and neither the number of tries nor the budget count.
//
// # Answers
//
// JSON answers are read ahead, up to 1 MiB, before Do returns: an answer that breaks off in there is a failed try
// like any other, and its connection is free at once. The rest of a larger answer, and answers of operations whose
// table entry names another content, are streamed. Closing a body early reads up to 64 KiB of it to save the
// connection. An answer of more than 64 MiB is an error, never cut. So is a web page in the place of a success, also where
// no payload is expected: something before the service answered. Redirects are followed within the origin and for
// safe operations only.
//
// Requests whose path has an empty segment, a dot segment or a control character are refused before they are sent:
// generated code makes such paths of empty ids and of "..". It also makes "/groups/{id}/members" with the id ".."
// into the valid path "/members", which cannot be seen here: wrappers check their ids.
//
// # Use
//
// A Client is safe for concurrent use and holds no goroutine. One client is one set of connections, one limiter and
// one retry budget, so make one for each service and keep it. Contexts are honoured in every wait.
package transport
