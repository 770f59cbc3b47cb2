// Package atlan is a client for Atlan: it reads and writes the assets of a catalog, finds them, follows their lineage and
// runs workflows.
//
//	client, err := atlan.FromEnv() // ATLAN_BASE_URL and ATLAN_API_KEY
//	if err != nil {
//		log.Fatal(err)
//	}
//	for table, err := range atlan.SearchFor[atlanassets.Table](client, field.Name.StartsWith("orders")).All(ctx) {
//		switch {
//		case errors.Is(err, atlan.ErrAuthentication):
//			log.Fatal("the API token is wrong or has expired")
//		case err != nil:
//			log.Fatal(err) // what, which request id, what to do
//		}
//		fmt.Println(table.QualifiedName())
//	}
//
// # Clients and tenants
//
// A [Client] is for one tenant and is made with [New], from options, or with [FromEnv]. It is safe for any number of
// goroutines and shares nothing with other clients; [Tenants] keeps one for each tenant of a program. [Client.Raw] is the
// generated client of all operations, with the same credentials, retries, limits and errors.
//
// # Errors
//
// Every error of a call is an [apierr.Error] and belongs to a category: [ErrAPIConnection], [ErrAuthentication],
// [ErrConflict], [ErrInvalidRequest], [ErrLogic], [ErrNotFound], [ErrPermission], [ErrRateLimit] or [ErrServer]. The HTTP
// status decides. [AnswerError] has what else the answer said: causes, details, a page to read.
//
// # Retries
//
// A failed request is repeated up to three times ([WithRetries]), after a random pause of up to 250 ms, 500 ms and 1 s.
// What is repeated is decided by the answer and by what the operation does: one that only reads, one that leaves the same
// state however often it is sent, or one that acts each time.
//
//	answer                                      reads   same state   acts
//	no connection; 423; 401 with OAuth, once    yes     yes          yes
//	429                                         yes     yes          yes
//	429 that stands for a timeout of the index  yes     yes          no, MayHaveApplied
//	502, 503, 504, 408, no complete answer      yes     yes          no, MayHaveApplied
//	500                                         yes     no           no, MayHaveApplied
//	403 within a permission window              yes     yes          yes, and not counted
//	everything else, redirects elsewhere too    no      no           no
//
// After a 429 the pause is what Retry-After says, and else the full minute for which Atlan blocks a tenant; meanwhile
// nothing else is sent either. When it asks for more than two minutes the error comes back at once.
//
// # Permissions of new connections
//
// Atlan hands out the permissions of a new connection with a delay, in which everything about it is answered 403. The
// client remembers the connections it created, and for two minutes ([WithPermissionWindow]) waits such an answer out when
// the call is about something in one of them. Any other 403 comes back at once, unless [WithRetryForbidden] says otherwise.
// [Client.WaitForPermissions] waits for a connection that another program created.
//
// # Limit of requests
//
// Atlan allows a tenant 400 requests a minute, all callers together. A client sends 388, evenly, so that it never earns a
// 429 by itself, whichever way the service counts minutes: see [WithRequestsPerMinute].
//
// # Names
//
// People know tags, custom metadata, users and connections by names, the API by ids. A client translates: [Client.Tags],
// [Client.CustomMetadata], [Client.Enums], [Client.Roles], [Client.Groups], [Client.Users] and [Client.Connections] look
// names up in caches, which load when they are first asked, once for any number of goroutines, and believe what they
// loaded for [WithCacheTTL]. A name that nothing has is an error of category [ErrNotFound] that says the name, before
// anything is sent; an id whose definition is gone has the name [DeletedName] and can be written back.
//
//	result, err := client.Tables().Tag(ctx, qualifiedName, atlan.Tag{Name: "PII", Propagate: true})
//	err = client.Tables().MergeCustomMetadata(ctx, qualifiedName, "Quality", atlan.CustomMetadata{"Score": 0.9, "Checked": time.Now()})
//
// # Apps and workflows
//
// An [App] with inputs is an [AppWorkflow]; a [Workflow] is what older tenants have. Both are run with Run, or started with
// Submit and waited for later, here or in another process; package job waits for many at once, of other services too:
//
//	run, err := client.AppWorkflow("nightly-snowflake").Run(ctx, atlan.RunOptions{OnRunning: atlan.Attach})
//	var failed *atlan.RunError
//	if errors.As(err, &failed) {
//		log.Fatal(failed.Status, " ", failed.Run)
//	}
//
// Anything but Pending and Running is the end of a run, and anything but Succeeded an error. A request to start a run is sent
// once: when its answer is lost the run is looked for, and what cannot be settled is an [AmbiguousRunError].
//
// # Proxies
//
// [FromEnv] goes through the proxies that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name, also in small letters, as
// pyatlan means to; [New] goes through none but what [WithProxy] or [WithEnvironmentProxy] say. HTTP and SOCKS5 proxies are
// understood, with a user and a password; the proxy looks the tenant's name up. A proxy that refuses the password is an
// error of category [ErrAPIConnection], and not tried again.
//
// # What was not tried
//
// Nothing here was run against a live tenant yet. The behaviour was read in the source of atlas-metastore and of pyatlan,
// and in docs.atlan.com; the comments say where.
package atlan
