package job

import (
	"cmp"
	"container/list"
	"context"
	"math"
	"slices"
	"time"
)

const (
	pastParents = 512 // parents whose past durations a poller remembers, the least recently used dropped first
	pastRuns    = 8   // runs remembered for each
	pastEnough  = 3   // runs that make a law
)

// pastKey is what runs are comparable within: one connection's syncs, not its clears.
type pastKey struct{ kind, parent string }

// past is how long the runs of one parent took, newest first.
type past struct {
	key       pastKey
	durations []time.Duration
	asked     bool // the source was asked for more
	law       *law
}

// pasts is a bounded memory of the durations of runs. The zero value is ready; it is not safe for concurrent use.
type pasts struct {
	byKey  map[pastKey]*list.Element
	recent list.List
}

// of returns what is known about the parent of ref, nil when the job has no parent.
func (m *pasts) of(ref Ref) *past {
	if ref.Parent == "" {
		return nil
	}
	key := pastKey{ref.Kind, ref.Parent}
	if el, ok := m.byKey[key]; ok {
		m.recent.MoveToFront(el)
		return el.Value.(*past)
	}
	if m.byKey == nil {
		m.byKey = make(map[pastKey]*list.Element)
	}
	p := &past{key: key}
	m.byKey[key] = m.recent.PushFront(p)
	if m.recent.Len() > pastParents {
		last := m.recent.Back()
		m.recent.Remove(last)
		delete(m.byKey, last.Value.(*past).key)
	}
	return p
}

// learn puts durations in front, newest first.
func (p *past) learn(durations ...time.Duration) {
	known := make([]time.Duration, 0, pastRuns)
	for _, d := range append(slices.Clip(durations), p.durations...) {
		if d > 0 && len(known) < pastRuns {
			known = append(known, d)
		}
	}
	p.durations, p.law = known, newLaw(known)
}

// What is believed about durations before any is known: lognormal, a median of three minutes, a factor e either way.
// Within one parent runs differ by about 30 %.
const (
	popMu      = 5.193 // ln 180 s
	popSigma   = 1.0
	runSigma   = 0.3
	runWeight  = 16.0 // how many runs the belief in runSigma is worth
	lawStrange = 0.02 // weight left for a run that is unlike the earlier ones
)

// law is the distribution of the next run's duration, given the earlier ones: lognormal around them, with a weight on
// the population because the next run may be unlike any before.
type law struct {
	mu, sigma float64
	median    time.Duration
	p99       time.Duration

	plan []step // made when it is needed first
}

// newLaw fits a law, nil when the durations are too few.
func newLaw(durations []time.Duration) *law {
	n := float64(len(durations))
	if len(durations) < pastEnough {
		return nil
	}
	var mu float64
	for _, d := range durations {
		mu += math.Log(d.Seconds())
	}
	mu /= n
	ss := runWeight * runSigma * runSigma
	for _, d := range durations {
		x := math.Log(d.Seconds()) - mu
		ss += x * x
	}
	sigma := math.Sqrt(ss / (runWeight + n - 1) * (1 + 1/n))
	seconds := func(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }
	return &law{mu: mu, sigma: sigma, median: seconds(math.Exp(mu)), p99: seconds(math.Exp(mu + 2.326*sigma))}
}

// survival is the share of runs that last longer than age seconds.
func (l *law) survival(age float64) float64 {
	if age <= 0 {
		return 1
	}
	normal := func(z float64) float64 { return 0.5 * math.Erfc(z/math.Sqrt2) }
	x := math.Log(age)
	return (1-lawStrange)*normal((x-l.mu)/l.sigma) + lawStrange*normal((x-popMu)/popSigma)
}

// step is a moment of a plan: a job that still runs at age is best asked for again at next, both in seconds.
type step struct{ age, next float64 }

// The plan's moments: steps of them, spread evenly over the logarithm from planFrom to planTo standard deviations.
// Beyond them the law says little, and the law-free rule goes on.
const (
	planSteps        = 600
	planFrom, planTo = -3, 3.0
)

// makePlan finds the polls for which the expected polls·planCost + delay is least, by dynamic programming from the
// oldest age down: V(i) = min over j of planCost·S(i) + expected delay of ends between i and j + V(j), where S is the
// survival. No pause is longer than limit. It takes a tenth of a millisecond.
func (l *law) makePlan(limit float64) []step {
	plan := make([]step, planSteps)
	var s, area, cost [planSteps]float64 // survival, its integral, and V
	s[0] = 1
	for i := 1; i < planSteps; i++ {
		z := planFrom + (planTo-planFrom)*float64(i-1)/(planSteps-2)
		plan[i].age = math.Exp(l.mu + z*l.sigma)
		s[i] = l.survival(plan[i].age)
		area[i] = area[i-1] + (plan[i].age-plan[i-1].age)*(s[i]+s[i-1])/2
	}
	last := &plan[planSteps-1]
	last.next = last.age + lawFreeInterval(last.age, 1)
	cost[planSteps-1] = s[planSteps-1] * (planCost + 2*math.Sqrt(2*planCost*last.age/hazardScale))
	for i := planSteps - 2; i >= 0; i-- {
		cost[i] = math.Inf(1)
		for j := i + 1; j < planSteps; j++ {
			pause := plan[j].age - plan[i].age
			if pause > limit && j > i+1 {
				break
			}
			if v := planCost*s[i] + pause*s[i] - (area[j] - area[i]) + cost[j]; v < cost[i] {
				cost[i], plan[i].next = v, plan[j].age
			}
		}
	}
	return plan
}

// pause is the seconds until the next poll of a job of this age, at most about limit.
func (l *law) pause(age, limit float64) float64 {
	if l.plan == nil {
		l.plan = l.makePlan(limit)
	}
	i, exact := slices.BinarySearchFunc(l.plan, age, func(s step, age float64) int { return cmp.Compare(s.age, age) })
	switch {
	case i == len(l.plan):
		return lawFreeInterval(age, 1)
	case exact:
		return l.plan[i].next - age
	}
	a, b := l.plan[i-1], l.plan[i]
	part := (age - a.age) / (b.age - a.age)
	return a.next + part*(b.next-a.next) - age
}

// startDurations asks how long earlier runs of a job's parent took.
func (p *Poller) startDurations(j *Job) {
	p.run.calls++
	go p.durations(p.run, j, j.last.Load().Ref)
}

func (p *Poller) durations(r *run, j *Job, ref Ref) {
	ctx, stop := context.WithTimeout(r.ctx, p.opts.CallTimeout)
	defer stop()
	began := time.Now()
	durations, err := p.history.Durations(ctx, ref)
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	p.told("durations", 1, 0, now.Sub(began), err)
	if p.run == r {
		r.calls--
		defer r.nudge()
	}
	known := p.pasts.of(ref)
	if err != nil {
		known.asked = known.asked && p.run == r // a call that was cut off may be made again
		return
	}
	known.learn(durations...)
	if st := &j.state; p.run == r && p.waited[j.key] == j && st.law == nil && known.law != nil {
		st.law = known.law
		if st.heapAt >= 0 && st.pause > 0 {
			p.schedule(j, now)
		}
	}
}

// wantDurations asks for the past of a job's parent, once for each parent.
func (p *Poller) wantDurations(j *Job) {
	if p.history == nil || p.run.feeding {
		return
	}
	known := p.pasts.of(j.last.Load().Ref)
	if known == nil || known.asked {
		return
	}
	known.asked = true
	p.run.ask = append(p.run.ask, j)
	p.run.nudge()
}
