package job

import (
	"container/list"
	"math"
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
	for _, d := range append(durations[:len(durations):len(durations)], p.durations...) {
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
	runWeight  = 4.0  // how many runs the belief in runSigma is worth
	lawStrange = 0.05 // weight left for a run that is unlike the earlier ones
)

// law is the distribution of the next run's duration, given the earlier ones: lognormal around them, with a weight on
// the population because the next run may be unlike any before.
type law struct {
	mu, sigma float64
	median    time.Duration
	p99       time.Duration
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

// hazard is the rate at which a run that has lasted age seconds ends.
func (l *law) hazard(age float64) float64 {
	if age <= 0 {
		return 0
	}
	x := math.Log(age)
	z1, z0 := (x-l.mu)/l.sigma, (x-popMu)/popSigma
	f := (1-lawStrange)*density(z1)/l.sigma + lawStrange*density(z0)/popSigma
	s := (1-lawStrange)*survival(z1) + lawStrange*survival(z0)
	if s < 1e-12 {
		return hazardScale / age
	}
	return f / (s * age)
}

func density(z float64) float64  { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
func survival(z float64) float64 { return 0.5 * math.Erfc(z/math.Sqrt2) }
