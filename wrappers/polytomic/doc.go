// Package polytomic is a client for Polytomic: it starts bulk syncs and model syncs, waits for them, and says what became
// of every schema and record.
//
//	client, err := polytomic.FromEnv() // POLYTOMIC_API_KEY
//	if err != nil {
//		log.Fatal(err)
//	}
//	run, err := client.BulkSync(id).Run(ctx, polytomic.FailOnErrors())
//	if err != nil {
//		log.Fatal(err) // which execution, which schemas, why
//	}
//	for schema := range run.Schemas() {
//		fmt.Println(schema.Name, schema.Records, schema.Errors)
//	}
//
// # Handles
//
// [Client.BulkSync], [Client.ModelSync], [Client.Model] and [Client.Connection] return handles and do no I/O. Whatever they
// do not offer is one call away through [Client.Raw], with the same credentials, retries and errors. Every list is an
// iterator, and a list that Polytomic gives as null is empty.
//
// # Runs
//
// A run is at most one execution: each write carries an idempotency key, an answer that was lost is asked for again with
// the same one, and what remains open is looked up or reported ([StartUnknownError], MayHaveApplied). An execution that
// completed although records failed is not plain success: [BulkSyncExecution.Outcome] tells it apart and [FailOnErrors]
// makes it an error. A status that this version does not know is never an end.
//
// Waits share their requests: one asks for the state of up to 150 bulk syncs, or of all there are, and an execution is read
// by itself when it seems to have ended. [job.WaitAll] waits for any mix, and the token of a [job.Job] finds it again in
// another process ([Client.Resume]). A [WebhookReceiver] makes waits ask at once.
//
// # Deleting
//
// A deletion whose answer was lost is sent again, and what is gone then was deleted. What was not there to begin with is an
// error of kind [apierr.KindNotFound], and an error after which it is not known has MayHaveApplied.
//
// # Replacing
//
// Polytomic's updates replace the whole: what they leave out is reset. The methods named Update therefore read first, let a
// function change what was read, and refuse to write masked secrets back.
//
// # What was not tried
//
// Nothing here was run against the live service yet. What the documents leave open is chosen by an option and marked in
// its comment: the hash of webhook signatures ([WithSignatureCheck]), maps in URLs ([WithMapQuery]) and the state of
// schema caches ([WithSchemaCacheRule]).
package polytomic
