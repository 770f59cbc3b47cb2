package job

import (
	"math"
	"math/rand/v2"
	"time"
)

// The schedule. A poll costs pollCost seconds of somebody's delay; a job of age a ends at the rate h(a). Polling with
// density sqrt(h/2c) makes c·polls + delay least (Keller's inspection problem). Where no law of durations is known,
// h(a) = 0.8/a holds well enough for anything from seconds to hours, and needs no tuning. One request that asks for
// many jobs is one poll at the sum of their rates. See docs/adr/0006-waiting-schedule.md for the figures.
const (
	pollCost    = 0.1   // seconds of delay that one request is worth
	planCost    = 0.096 // the same for a lone job whose past is known
	crowdCost   = 0.075
	hazardScale = 0.8 // h(a) = hazardScale / a
	youngest    = 5.0 // seconds; younger jobs count as this old, or h would have no bound
	jitter      = 0.1 // either way
)

func rate(age float64) float64 { return hazardScale / max(youngest, age) }

// crowdInterval is the pause before one request that asks for all jobs whose rates sum up to h.
func crowdInterval(h float64) float64 { return math.Sqrt(2 * crowdCost / h) }

// crowded is the sum of rates from which on crowdInterval is no longer than interval.
func crowded(interval float64) float64 { return 2 * crowdCost / (interval * interval) }

// lawFreeInterval is the pause before the next poll of a job of this age that shares its requests with share-1 others
// of about its age: where the integral of sqrt(share·0.8/2ca) reaches 1.
func lawFreeInterval(age, share float64) float64 {
	c := pollCost / share
	root := math.Sqrt(age) + math.Sqrt(c/hazardScale/2)
	return root*root - age
}

// pause is the time until a job that is fetched by id is asked for again.
func (p *Poller) pause(j *Job, now time.Time) time.Duration {
	st, bounds := &j.state, p.bounds()
	share := len(p.waited)
	switch {
	case p.run.feeding:
		share = 1
	case p.batch == 0 || share <= p.batch:
		if share > 1 {
			return p.crowdPause(now)
		}
	default:
		share = p.batch
	}
	age := max(0, now.Sub(st.base).Seconds())
	if share > 1 {
		return p.within(lawFreeInterval(age, float64(share)), bounds.Min, bounds.MaxAlone)
	}
	if st.law == nil {
		p.wantDurations(j)
		return p.within(lawFreeInterval(age, 1), bounds.Min, bounds.MaxAlone)
	}
	if !st.slowTold && age > st.law.p99.Seconds() {
		st.slowTold = true
		p.toldSlow(SlowJob{Last: *j.last.Load(), Age: time.Duration(age * float64(time.Second)), Usual: st.law.median})
	}
	return p.within(st.law.pause(age, p.opts.Intervals.MaxAlone.Seconds()), bounds.Min, bounds.MaxAlone)
}

// crowdPause is the time until the next call that asks for all jobs. It need not look at all of them: once their rates
// make the pause the shortest allowed, more of them change nothing.
func (p *Poller) crowdPause(now time.Time) time.Duration {
	bounds := p.bounds()
	sum, enough := 0.0, crowded(bounds.Min.Seconds())
	for _, j := range p.waited {
		if sum += rate(now.Sub(j.state.base).Seconds()); sum >= enough {
			break
		}
	}
	return p.within(crowdInterval(sum), bounds.Min, bounds.Max)
}

// bounds are the poller's intervals, or tighter ones that a wait asked for.
func (p *Poller) bounds() Intervals {
	bounds := p.opts.Intervals
	for _, i := range p.tight {
		bounds = bounds.tighter(i)
	}
	return bounds
}

// within turns a pause into one that is varied, so that pollers do not fall into step, and inside the bounds.
func (p *Poller) within(seconds float64, low, high time.Duration) time.Duration {
	d := high
	if seconds < high.Seconds() {
		d = max(low, time.Duration(seconds*float64(time.Second)))
	}
	least, most := max(low, scale(d, 1-jitter)), min(high, scale(d, 1+jitter))
	return least + scale(most-least, p.random())
}

// vary moves d by up to 10 % either way.
func (p *Poller) vary(d time.Duration) time.Duration { return scale(d, 1-jitter+2*jitter*p.random()) }

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

func randomFloat() float64 { return rand.Float64() }
