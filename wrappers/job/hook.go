package job

import (
	"log/slog"
	"time"
)

// Hook is told what a poller does. Implement any of the small interfaces below; more may be added. Hooks are called
// from the poller's goroutines, one call at a time for one poll but several at once for one poller; they must return
// quickly and must not wait for a job of the same poller.
type Hook any

// HookPoll is called after every call to the source.
type HookPoll interface {
	OnPoll(Poll)
}

// Poll is one call to a source that has ended.
type Poll struct {
	// Service is the service's name.
	Service string
	// Call is "fetch", "changes", "unfinished" or "durations", after the method of the source.
	Call string
	// Asked is how many jobs the call asked for; for "changes" and "unfinished" how many were waited for.
	Asked int
	// Got is how many snapshots of jobs that are waited for came.
	Got int
	// Took is how long the call lasted.
	Took time.Duration
	// Err is the call's first error, nil when it succeeded.
	Err error
}

// LogValue implements [slog.LogValuer].
func (p Poll) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("service", p.Service), slog.String("call", p.Call), slog.Int("asked", p.Asked),
		slog.Int("got", p.Got), slog.Duration("took", p.Took)}
	if p.Err != nil {
		attrs = append(attrs, slog.String("error", oneLine(p.Err.Error())))
	}
	return slog.GroupValue(attrs...)
}

// HookUnknownState is called once for each state of a service that this library does not know.
type HookUnknownState interface {
	OnUnknownState(Snapshot)
}

// HookSlowJob is called once for a job that runs longer than 99 of 100 runs of its parent would, as far as the past
// runs tell. It is called only for jobs that are waited for alone: see [History].
type HookSlowJob interface {
	OnSlowJob(SlowJob)
}

// SlowJob is a job that runs unusually long.
type SlowJob struct {
	// Last is its last snapshot.
	Last Snapshot
	// Age is how long it has run, Usual the median of its parent's runs.
	Age, Usual time.Duration
}

// LogValue implements [slog.LogValuer].
func (s SlowJob) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("job", s.Last), slog.Duration("age", s.Age), slog.Duration("usual", s.Usual))
}

// told, toldUnknown and toldSlow put calls of hooks off until mu is released.
func (p *Poller) told(call string, asked, got int, took time.Duration, err error) {
	for _, h := range p.opts.Hooks {
		if h, ok := h.(HookPoll); ok {
			p.later = append(p.later, func() {
				h.OnPoll(Poll{Service: p.opts.Service, Call: call, Asked: asked, Got: got, Took: took, Err: err})
			})
		}
	}
}

func (p *Poller) toldUnknown(s *Snapshot) {
	const most = 256 // a service that makes up states must not fill the memory
	key := s.Kind + "\x00" + s.Raw
	if _, ok := p.strange[key]; ok || len(p.strange) >= most {
		return
	}
	if p.strange == nil {
		p.strange = make(map[string]struct{})
	}
	p.strange[key] = struct{}{}
	for _, h := range p.opts.Hooks {
		if h, ok := h.(HookUnknownState); ok {
			p.later = append(p.later, func() { h.OnUnknownState(*s) })
		}
	}
}

func (p *Poller) toldSlow(s SlowJob) {
	for _, h := range p.opts.Hooks {
		if h, ok := h.(HookSlowJob); ok {
			p.later = append(p.later, func() { h.OnSlowJob(s) })
		}
	}
}
