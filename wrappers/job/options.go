package job

import "time"

// Options configure a [Poller]. The zero value of each field but Service means its default.
type Options struct {
	// Service is the service's name, the one in the Refs of its jobs.
	Service string
	// Origin is the base URL of the client. Its scheme, host and port bind tokens to one installation; only a digest
	// of them is kept.
	Origin string
	// TokenKey signs tokens with HMAC-SHA-256 when it is not empty, and Resume then refuses those not signed with it.
	TokenKey []byte
	// Intervals bound the pauses between polls.
	Intervals Intervals
	// UnknownGrace is how long nothing but unknown states, or nothing at all, is accepted for a job before its wait
	// ends with an [UnknownStateError], or with [ErrGone]. Default: 10 minutes.
	UnknownGrace time.Duration
	// NotFoundGrace is how long "not found" is accepted for a job that no poll has seen yet, because a service may
	// answer from a replica that lags. Default: 30 seconds.
	NotFoundGrace time.Duration
	// Tolerance is how many failing polls are accepted.
	Tolerance Tolerance
	// AuditEvery is how often a [Feed] is checked against the list of unfinished jobs, and how long a feed that was
	// refused is left alone. Default: 10 minutes.
	AuditEvery time.Duration
	// CallTimeout bounds one call to the source, all its pages included; a Fetch, which may read many jobs one by one, for
	// as long as it brings nothing. Default: 2 minutes.
	CallTimeout time.Duration
	// Hooks are told what the poller does.
	Hooks []Hook
}

// Intervals bound the pauses between polls. Within them the pause follows from how many jobs are due to end: see the
// package documentation. All pauses are varied by 10 % either way.
type Intervals struct {
	// Min is the shortest pause. Default: 1 second.
	Min time.Duration
	// Max is the longest pause while one call tells about all the jobs that are waited for. Default: 5 seconds.
	Max time.Duration
	// MaxAlone is the longest pause for a job that takes a call of its own. Default: 2 minutes.
	MaxAlone time.Duration
}

// Tolerance is how many failing polls in a row are accepted before a wait ends with their error: it takes both,
// Polls of them and For since the first. Errors that will not pass by themselves are not tolerated: wrong
// credentials, missing permission, an invalid or unsupported request.
type Tolerance struct {
	// Polls is how many polls fail in a row. Default: 5.
	Polls int
	// For is how long they go on. Default: 2 minutes.
	For time.Duration
}

func (o Options) withDefaults() Options {
	o.Intervals = o.Intervals.or(Intervals{Min: time.Second, Max: 5 * time.Second, MaxAlone: 2 * time.Minute})
	o.UnknownGrace = orDefault(o.UnknownGrace, 10*time.Minute)
	o.NotFoundGrace = orDefault(o.NotFoundGrace, 30*time.Second)
	o.Tolerance.For = orDefault(o.Tolerance.For, 2*time.Minute)
	o.AuditEvery = orDefault(o.AuditEvery, 10*time.Minute)
	o.CallTimeout = orDefault(o.CallTimeout, 2*time.Minute)
	if o.Tolerance.Polls <= 0 {
		o.Tolerance.Polls = 5
	}
	return o
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// or fills what is not set in i from d, and keeps the bounds in order.
func (i Intervals) or(d Intervals) Intervals {
	i.Min = orDefault(i.Min, d.Min)
	i.Max = max(orDefault(i.Max, d.Max), i.Min)
	i.MaxAlone = max(orDefault(i.MaxAlone, d.MaxAlone), i.Min)
	return i
}

// tighter returns the shorter bound of each pair.
func (i Intervals) tighter(o Intervals) Intervals {
	return Intervals{Min: min(i.Min, o.Min), Max: min(i.Max, o.Max), MaxAlone: min(i.MaxAlone, o.MaxAlone)}
}
