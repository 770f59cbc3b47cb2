// Package job is one way to wait for jobs that run at a service, whatever the service: start them through its package,
// then wait for one or for hundreds, of one service or of several, with a few calls a minute.
//
//	jobs := []*job.Job{sync.Job(), refresh.Job(), crawl.Job()} // from three services
//	for done, err := range job.WaitAll(ctx, jobs, job.OnSnapshot(table.Update)) {
//		var failed *job.FailedError
//		switch {
//		case err == nil:
//			fmt.Println(done.Job.Ref(), "succeeded")
//		case errors.As(err, &failed):
//			fmt.Println(err) // airbyte sync 4711 failed: source: password authentication failed (config_error)
//		default: // the wait ended, not the job: its token finds it again, in another process too
//			save(done.Job.Token())
//		}
//	}
//
// # Errors
//
// Wait returns nil for a job that succeeded, and for no other.
//
//   - [FailedError]: the job failed, or was cancelled at the service (errors.Is(err, [ErrCanceledRemotely])).
//   - [WaitError]: the wait ended before the job. It has the last snapshot, and wraps the reason: context.Cause of the
//     context, [ErrMaxWait], [ErrGone], an [UnknownStateError], or the poll error that was not tolerated any longer.
//
// A failing poll is not a failing job. Errors that may pass, such as an unavailable service or an answer that cannot be
// read, are tolerated until five polls in a row and two minutes have gone by ([Tolerance]). Wrong credentials, missing
// permission and invalid or unsupported requests end the wait at once. "Not found" ends it at once for a job that was
// seen before, and after [Options.NotFoundGrace] for one that was not. Retry-After holds all calls of the poller, from
// one second up to two minutes. One job's error never ends the wait for another.
//
// A state this version does not know is neither the end nor success: polling goes on, a [HookUnknownState] is told once,
// and the wait gives up after [Options.UnknownGrace] of nothing else. A job that was final stays final, whatever is
// answered later.
//
// # Contexts
//
// When its context ends a wait returns at once, though a poll may be in flight, and leaves the job alone; [CancelOnDone]
// asks for the other. A poll in flight goes on while others wait for it.
//
// # What it costs
//
// All waits of a [Poller] share its calls. One goroutine schedules them, and runs only while somebody waits. The more
// jobs are due to end, the denser the calls: with density sqrt(H/2c), where H is how many ends a second are to be
// expected and c what a call is worth in seconds of delay. Two or more jobs of a service with a [Feed] share the call
// that asks it what has changed; without a feed they are fetched in batches; a lone job whose parent's earlier runs are
// known ([History]) is asked for when it is likely to end. In a simulation with ten thousand jobs in an hour that makes
// 1/219 of the calls of asking for each every two seconds, and ends are noticed sooner. A parked wait costs less than
// 3 KB, its goroutine included, when the waits share a context. The pages behind that are in
// docs/adr/0006-waiting-schedule.md.
//
// # Writing a source
//
// A service package implements [Source], and [Feed], [History] and [Canceler] where the service can, makes one [Poller]
// for each client, and hands out a [Job] for each job it starts. See the example of [NewPoller].
package job
