package airbyte

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

func TestJobStatuses(t *testing.T) {
	for status, want := range map[JobStatus]struct {
		final, failed bool
		phase         job.Phase
	}{
		JobPending:    {false, false, job.PhasePending},
		JobQueued:     {false, false, job.PhasePending},
		JobRunning:    {false, false, job.PhaseRunning},
		JobIncomplete: {false, false, job.PhaseRunning},
		JobSucceeded:  {true, false, job.PhaseSucceeded},
		JobFailed:     {true, true, job.PhaseFailed},
		JobCancelled:  {true, true, job.PhaseCanceled},
		"":            {false, false, job.PhaseUnknown},
		"SUCCEEDED":   {false, false, job.PhaseUnknown},
		"hibernating": {false, false, job.PhaseUnknown},
	} {
		if status.Final() != want.final || status.Failed() != want.failed || status.phase() != want.phase {
			t.Errorf("%q: final %v, failed %v, phase %v", status, status.Final(), status.Failed(), status.phase())
		}
	}
	// The document has the same ones.
	for _, status := range append(unfinishedStatuses[:], finalStatuses[:]...) {
		if !airbyteapi.JobStatusEnum(status).Valid() || status.phase() == job.PhaseUnknown {
			t.Errorf("%q is not in the document, or has no phase", status)
		}
	}
	if len(unfinishedStatuses)+len(finalStatuses) != 7 {
		t.Error("a status is missing")
	}
}

func TestSnapshotOf(t *testing.T) {
	created := time.Date(2023, 3, 25, 1, 30, 0, 0, time.UTC)
	count := func(n int64) *int64 { return &n }
	ref := job.Ref{Service: "airbyte", Kind: "sync", ID: "4711", Parent: "c", Scope: "w"}
	for name, test := range map[string]struct {
		text string
		want job.Snapshot
	}{
		"ended": {
			`{"jobId":4711,"status":"succeeded","jobType":"sync","connectionId":"c","startTime":"2023-03-25T01:30Z","lastUpdatedAt":"2023-03-25T02:30:05Z","duration":"PT1H5S","bytesSynced":0,"rowsSynced":12}`,
			job.Snapshot{Ref: ref, Phase: job.PhaseSucceeded, Raw: "succeeded", Created: created, Updated: created.Add(time.Hour + 5*time.Second), Finished: created.Add(time.Hour + 5*time.Second),
				Progress: job.Progress{Records: count(12), Bytes: count(0)}},
		},
		"running": {
			`{"jobId":4711,"status":"running","jobType":"sync","connectionId":"c","startTime":"2023-03-25T01:30Z","duration":"PT4S"}`,
			job.Snapshot{Ref: ref, Phase: job.PhaseRunning, Raw: "running", Created: created, Updated: created.Add(4 * time.Second)},
		},
		"ended, without the time of the end": {
			`{"jobId":4711,"status":"failed","jobType":"sync","connectionId":"c","startTime":"2023-03-25T01:30Z","duration":"PT1M"}`,
			job.Snapshot{Ref: ref, Phase: job.PhaseFailed, Raw: "failed", Created: created, Updated: created.Add(time.Minute), Finished: created.Add(time.Minute)},
		},
		"times that nobody can read": {
			`{"jobId":4711,"status":"cancelled","jobType":"sync","connectionId":"c","startTime":"yesterday","lastUpdatedAt":"1679707800","duration":"P1Y"}`,
			job.Snapshot{Ref: ref, Phase: job.PhaseCanceled, Raw: "cancelled"},
		},
		"unknown": {
			`{"jobId":4711,"status":"hibernating","connectionId":"c","startTime":""}`,
			job.Snapshot{Ref: ref, Phase: job.PhaseUnknown, Raw: "hibernating"},
		},
	} {
		var answer airbyteapi.JobResponse
		if err := json.Unmarshal([]byte(test.text), &answer); err != nil {
			t.Fatal(err)
		}
		got := snapshotOf("w", &answer)
		if got.Observed.IsZero() {
			t.Errorf("%s: it does not say when it was read", name)
		}
		got.Observed = time.Time{}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestCount(t *testing.T) {
	n := int64(0)
	zero, unknown := countOf(&n), countOf(nil)
	for _, c := range []struct {
		count      Count
		known      bool
		text, json string
		or         int64
	}{{zero, true, "0", "0", 0}, {unknown, false, "unknown", "null", 9}} {
		n, known := c.count.Int64()
		text, err := json.Marshal(c.count)
		if n != 0 || known != c.known || c.count.String() != c.text || string(text) != c.json || err != nil || c.count.Or(9) != c.or {
			t.Errorf("%v: %d, %v, %s, %v", c.count, n, known, text, err)
		}
	}
}

func TestProgressFraction(t *testing.T) {
	for _, test := range []struct {
		p    Progress
		want float64
	}{
		{Progress{Status: JobRunning, Elapsed: time.Minute}, 0},
		{Progress{Status: JobRunning, Elapsed: time.Minute, Usual: 4 * time.Minute}, 0.25},
		{Progress{Status: JobRunning, Elapsed: time.Hour, Usual: time.Minute}, 0.99},
		{Progress{Status: JobFailed, Elapsed: time.Second, Usual: time.Hour}, 1},
	} {
		if got := test.p.Fraction(); got != test.want {
			t.Errorf("%+v: %v, want %v", test.p, got, test.want)
		}
	}
}

// The server's clock is known better with every answer, and never thought to be ahead of what it is.
func TestServerClock(t *testing.T) {
	var c serverClock
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := c.at(at); !got.Equal(at) {
		t.Errorf("%v before anything is known", got)
	}
	const ahead = 90*time.Second + 300*time.Millisecond
	for i := range 50 {
		sent := at.Add(time.Duration(i) * 1370 * time.Millisecond)
		received := sent.Add(120 * time.Millisecond)
		c.observe(sent.Add(60*time.Millisecond).Add(ahead).Truncate(time.Second), sent, received)
		if got := c.at(received).Sub(received); got > ahead {
			t.Fatalf("after %d answers the clock is thought to be %v ahead, it is %v", i+1, got, ahead)
		}
	}
	if got := c.at(at).Sub(at); ahead-got > 200*time.Millisecond {
		t.Errorf("the clock is thought to be %v ahead, it is %v", got, ahead)
	}
	// It is set back: the next answer counts.
	now := at.Add(time.Hour)
	c.observe(now.Truncate(time.Second), now, now)
	if got := c.at(now).Sub(now); got > 0 || got < -time.Second {
		t.Errorf("the clock is thought to be %v ahead after it was set", got)
	}
	c.observe(time.Time{}, now, now)
}
