package job

import "math"

// The schedule. A poll costs pollCost seconds of somebody's delay; a job of age a ends at the rate h(a). Polling with
// density sqrt(h/2c) makes c·polls + delay least (Keller's inspection problem). Where no law of durations is known,
// h(a) = 0.8/a holds well enough for anything from seconds to hours, and needs no tuning. One request that asks for
// many jobs is one poll at the sum of their rates. See docs/adr/waiting-schedule.md for the figures.
const (
	pollCost    = 0.1 // seconds of delay that one request is worth
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
