package job

import (
	"math"
	"testing"
	"time"
)

func TestPastsAreBounded(t *testing.T) {
	var m pasts
	for i := range 10 * pastParents {
		m.of(Ref{Kind: "sync", Parent: itoa(i)}).learn(time.Minute)
		m.of(Ref{Kind: "sync", Parent: "0"})
	}
	if len(m.byKey) != pastParents || m.recent.Len() != pastParents || len(m.of(Ref{Kind: "sync", Parent: "0"}).durations) != 1 {
		t.Error(len(m.byKey), m.recent.Len())
	}
	if m.of(Ref{ID: "1"}) != nil || m.of(Ref{Kind: "clear", Parent: "0"}).durations != nil {
		t.Error("runs of different kinds are mixed up")
	}
	p := m.of(Ref{Kind: "sync", Parent: "0"})
	for i := range 100 {
		p.learn(time.Duration(i)*time.Second, -time.Second)
	}
	if len(p.durations) != pastRuns || p.durations[0] != 99*time.Second || p.law == nil {
		t.Error(p.durations)
	}
}

// Whatever the past, a plan moves forward, and its pauses are finite.
func TestPlansMoveForward(t *testing.T) {
	for _, runs := range [][]time.Duration{
		{time.Minute, time.Minute, time.Minute},
		{time.Millisecond, time.Millisecond, time.Nanosecond},
		{time.Second, time.Hour, 1000 * time.Hour},
		{1000 * time.Hour, 2000 * time.Hour, 1000 * time.Hour, 1 << 62},
	} {
		l := newLaw(runs)
		for age := 0.0; age < 1e8; age = age*1.01 + 0.01 {
			if pause := l.pause(age, 120); !(pause >= 0) || math.IsInf(pause, 0) {
				t.Fatalf("%v: pause %v at %v", runs, pause, age)
			}
		}
	}
	if newLaw([]time.Duration{time.Minute, time.Minute}) != nil {
		t.Error("two runs make no law")
	}
}

// A parent's runs are asked for once, by the first lone wait, and what waits see is learnt without asking.
func TestHistoryIsAskedOnce(t *testing.T) {
	s := &withPast{script: &script{latency: latency, fetch: phases(PhaseRunning, PhaseSucceeded)}}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		for i := range 3 {
			s.script.calls = nil
			if _, err := p.Job(Snapshot{Ref: ref(itoa(i)), Created: time.Now(), Observed: time.Now()}).Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if s.asked != 1 {
			t.Error(s.asked)
		}
	})
}
