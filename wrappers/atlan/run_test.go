package atlan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// unsent fails the test when a request is made.
func unsent(t *testing.T) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s %s was sent", r.Method, r.URL.Path)
		return reply(r, 500, ""), nil
	})
}

// TestT10BadInput: what cannot be right is refused before the network is touched.
func TestT10BadInput(t *testing.T) {
	client, ctx := testClient(t, unsent(t)), t.Context()
	definition := func(name string) NewWorkflow {
		return NewWorkflow{Definition: atlanapi.Workflow{Metadata: &atlanapi.WorkflowMetadata{Name: &name}}}
	}
	for what, call := range map[string]func(id string) error{
		"app":       func(id string) error { _, err := client.App(id).Info(ctx); return err },
		"contract":  func(id string) error { _, err := client.App(id).InputContract(ctx, ""); return err },
		"create":    func(id string) error { _, err := client.App(id).Create(ctx, NewAppWorkflow{Name: "n"}); return err },
		"info":      func(id string) error { _, err := client.AppWorkflow(id).Info(ctx); return err },
		"update":    func(id string) error { _, err := client.AppWorkflow(id).Update(ctx, map[string]any{}, ""); return err },
		"edit":      func(id string) error { _, err := client.AppWorkflow(id).Edit(ctx, nil); return err },
		"delete":    func(id string) error { return client.AppWorkflow(id).Delete(ctx) },
		"submit":    func(id string) error { _, err := client.AppWorkflow(id).Submit(ctx); return err },
		"run":       func(id string) error { _, err := client.AppWorkflow(id).Run(ctx); return err },
		"runs":      func(id string) error { _, err := client.AppWorkflow(id).Runs(ctx); return err },
		"schedules": func(id string) error { _, err := client.AppWorkflow(id).Schedules(ctx); return err },
		"add schedule": func(id string) error {
			_, err := client.AppWorkflow(id).AddSchedule(ctx, Schedule{Cron: "* * * * *"})
			return err
		},
		"remove schedule": func(id string) error { return client.AppWorkflow("s").RemoveSchedule(ctx, id) },
		"wait":            func(id string) error { return client.AppRun(id).Wait(ctx) },
		"refresh":         func(id string) error { _, err := client.AppRun(id).Refresh(ctx); return err },
		"cancel":          func(id string) error { return client.AppRun(id).Cancel(ctx) },
		"workflow":        func(id string) error { _, err := client.Workflow(id).Info(ctx); return err },
		"new workflow":    func(id string) error { _, err := client.CreateWorkflow(ctx, definition(id)); return err },
		"rerun":           func(id string) error { _, err := client.Workflow(id).Run(ctx); return err },
		"owner":           func(id string) error { return client.Workflow(id).SetOwner(ctx, "u") },
		"archive":         func(id string) error { return client.Workflow(id).Archive(ctx) },
		"set schedule":    func(id string) error { return client.Workflow(id).SetSchedule(ctx, Schedule{Cron: "* * * * *"}) },
		"end schedule":    func(id string) error { return client.Workflow(id).RemoveSchedule(ctx) },
		"legacy wait":     func(id string) error { return client.WorkflowRun(id).Wait(ctx) },
		"legacy stop":     func(id string) error { return client.WorkflowRun(id).Cancel(ctx) },
		"legacy runs": func(id string) error {
			for _, err := range client.Workflow(id).Runs(ctx) {
				return err
			}
			return nil
		},
	} {
		for _, id := range []string{"", " ", "a/b", "..", "a b", "a?b", "a\nb", strings.Repeat("x", 600)} {
			if err := call(id); !errors.Is(err, ErrInvalidRequest) {
				t.Errorf("%s %q: %v", what, id, err)
			}
		}
	}
	list := func(filter AppWorkflowFilter) (err error) {
		for _, err = range client.AppWorkflows(ctx, filter) {
			break
		}
		return err
	}
	workflows := func(filter WorkflowFilter) (err error) {
		for _, err = range client.Workflows(ctx, filter) {
			break
		}
		return err
	}
	_, noName := client.App("a").Create(ctx, NewAppWorkflow{})
	_, badCron := client.App("a").Create(ctx, NewAppWorkflow{Name: "n", Schedule: &Schedule{Cron: "daily"}})
	_, noInputs := client.AppWorkflow("s").Update(ctx, nil, "")
	_, policy := client.AppWorkflow("s").Submit(ctx, RunOptions{OnRunning: 9})
	_, twice := client.AppWorkflow("s").Submit(ctx, RunOptions{}, RunOptions{})
	_, schedule := client.AppWorkflow("s").AddSchedule(ctx, Schedule{Cron: "* * * * *", Timezone: "nowhere at all"})
	_, routes := New(WithBaseURL("acme.atlan.com"), WithAPIKey("k"), WithWorkflowRoutes(9))
	for i, err := range []error{
		noName, badCron, noInputs, policy, twice, schedule, routes, list(AppWorkflowFilter{PageSize: -1}), workflows(WorkflowFilter{PageSize: -1}),
		workflows(WorkflowFilter{Package: "a.*"}), client.Workflow("w").SetOwner(ctx, ""), client.Workflow("w").SetSchedule(ctx, Schedule{}),
		client.Workflow("w").Update(ctx, atlanapi.Workflow{}), client.Workflow("w").Update(ctx, definition("other").Definition),
	} {
		if !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestT10Phases(t *testing.T) {
	for status, want := range map[string]job.Phase{
		"": job.PhaseUnknown, "Pending": job.PhasePending, "Running": job.PhaseRunning, "RUNNING": job.PhaseRunning, "Succeeded": job.PhaseSucceeded,
		"Failed": job.PhaseFailed, "Error": job.PhaseFailed, "Skipped": job.PhaseFailed, "Stopped": job.PhaseCanceled, "Terminated": job.PhaseCanceled,
		"Succeeded?": job.PhaseFailed, "Omitted": job.PhaseFailed, "pending": job.PhasePending, "SUCCEEDED": job.PhaseSucceeded, "terminated": job.PhaseCanceled,
	} {
		if got := phaseOf(status); got != want {
			t.Errorf("%q is %s", status, got)
		}
		if failure := failureOf(status, ""); (failure != nil) != (want == job.PhaseFailed || want == job.PhaseCanceled) {
			t.Errorf("%q: %+v", status, failure)
		}
	}
}

// TestT10WhyRunsEnd: the service's reason goes first; without one it is said what is odd about the state.
func TestT10WhyRunsEnd(t *testing.T) {
	for _, c := range []struct{ status, message, want string }{
		{"Failed", "out of memory", "out of memory"}, {"Failed", "", ""}, {"Skipped", "nothing new", "nothing new"}, {"Skipped", "", "it was skipped: it did nothing"},
		{"Exploded", "", "it ended in a state that is not known"}, {"Exploded", "boom", "boom"}, {"Stopped", "", ""},
	} {
		if got := failureOf(c.status, c.message); got == nil || got.Message != c.want || got.Type != c.status {
			t.Errorf("%s, %q: %+v", c.status, c.message, got)
		}
	}
	for message, phase := range map[string]job.Phase{
		"Stopped with strategy 'Stop'": job.PhaseCanceled, "the task said: Stopped with strategy 'Stop'": job.PhaseFailed, "": job.PhaseFailed,
	} {
		text := strconv.Quote(message)
		s := workflowSnapshot(parseAnswer([]byte(`{"metadata":{"name":"r"},"status":{"phase":"Failed","message":` + text + `,"finishedAt":" 2026-01-02T03:04:05Z "}}`)))
		if s.Phase != phase || s.Finished.IsZero() {
			t.Errorf("%q: %+v", message, s)
		}
	}
	if at := " 2026-01-02T03:04:05Z"; moment(&at).IsZero() || !moment(nil).IsZero() {
		t.Error("a time is not read")
	}
}

// TestT10WhoUsesWhichRoutes: an API key uses the paths for tokens without asking; whose token it is otherwise is asked once.
func TestT10WhoUsesWhichRoutes(t *testing.T) {
	for _, c := range []struct {
		roles string
		token bool
		want  string
		asked int
	}{
		{token: false, want: "/api/service/workflows/submit"},
		{`[{"name":"$member"}]`, true, "/api/service/package-workflows/submit", 1},
		{`[]`, true, "/api/service/package-workflows/submit", 1},
		{`[{"name":"$guest"},{"name":"$api-token-default-access"}]`, true, "/api/service/workflows/submit", 1},
		{`[{"name":"$admin"}]`, true, "/api/service/workflows/submit", 1},
	} {
		asked, used := 0, ""
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/whoami") {
				asked++
				return reply(r, 200, `{"id":"1","username":"u","roles":`+c.roles+`}`), nil
			}
			used = r.URL.Path
			return reply(r, 200, `{"metadata":{"name":"w-abcde"},"status":{}}`), nil
		})
		client := testClient(t, rt)
		if c.token {
			var err error
			client, err = New(WithBaseURL("acme.atlan.com"), WithRoundTripper(rt), WithTokenSource(transport.TokenSourceFunc(func(context.Context) (transport.Token, error) {
				return transport.Token{Value: "a-token-of-a-user"}, nil
			})))
			if err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if _, err := client.Workflow("w").Submit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if asked != c.asked || used != c.want {
			t.Errorf("%+v: %s, asked %d times", c, used, asked)
		}
	}
}

// TestT10TakenNames: a name that is taken, in all forms of the answer.
func TestT10TakenNames(t *testing.T) {
	for _, c := range []struct {
		name, body, list string
		slugs            string
		reused           bool
	}{
		{"one", `{"message":"exists","slug":"flow","version":7}`, `{}`, "[flow]", true},
		{"several", `{"message":"exists","slugs":["a","b"]}`, `{}`, "[a b]", false},
		{"none, and one of the name", `{"message":"exists"}`, `{"workflows":[{"slug":"x","name":"N2"},{"slug":"flow","name":"N","version":7}]}`, "[flow]", true},
		{"none, and one of another app", `{"message":"exists"}`, `{"workflows":[{"slug":"x","name":"N","app_id":"other"},{"slug":"flow","name":"N","app_id":"app","version":7}]}`, "[flow]", true},
		{"none, and none of the name", `exists`, `{"workflows":[]}`, "[]", false},
		{"a list of one", `{"message":"exists","slugs":["flow"],"version":7}`, `{}`, "[flow]", true},
		{"none, and several of the name", `{"message":"exists"}`, `{"workflows":[{"slug":"a","name":"N","version":3},{"slug":"b","name":"N","version":4}]}`, "[a b]", false},
		{"a slug that is none", `{"message":"exists","slug":"../../x"}`, `{"workflows":[{"slug":"flow","name":"N","app_id":"app","version":7}]}`, "[flow]", true},
	} {
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return reply(r, 200, c.list), nil
			}
			return reply(r, 409, c.body), nil
		})
		app := testClient(t, rt).App("app")
		_, err := app.Create(t.Context(), NewAppWorkflow{Name: "N"})
		var exists *WorkflowExistsError
		if !errors.As(err, &exists) || fmt.Sprint(exists.Slugs) != c.slugs || !errors.Is(err, ErrConflict) || (exists.Slug != "") != (len(exists.Slugs) == 1) || exists.Slug == "" && exists.Version != 0 {
			t.Errorf("%s: %v", c.name, err)
		}
		created, err := app.Create(t.Context(), NewAppWorkflow{Name: "N", Reuse: true})
		if c.reused != (err == nil) || c.reused && (created.Workflow.Slug() != "flow" || created.Version != 7 || !created.Reused) {
			t.Errorf("%s: %+v, %v", c.name, created, err)
		}
	}
}

// TestT10ReuseOfAnother: a workflow of another app that has the name is not taken for one of this app.
func TestT10ReuseOfAnother(t *testing.T) {
	for of, reused := range map[string]bool{"app": true, "other": false, "": true} {
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return reply(r, 200, `{"slug":"flow","name":"N","app_id":"`+of+`"}`), nil
			}
			return reply(r, 409, `{"message":"exists","slug":"flow","version":7}`), nil
		}))
		created, err := client.App("app").Create(t.Context(), NewAppWorkflow{Name: "N", Reuse: true})
		var exists *WorkflowExistsError
		if reused != (err == nil) || !reused && (!errors.As(err, &exists) || exists.Slug != "flow" || !strings.Contains(err.Error(), "other")) {
			t.Errorf("%s: %+v, %v", of, created, err)
		}
	}
}

// TestT10CreateWhileLocked: a lock is not a name that is taken.
func TestT10CreateWhileLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return reply(r, 200, `{"workflows":[{"slug":"flow","name":"N"}]}`), nil
			}
			return reply(r, 423, `{"message":"locked"}`), nil
		})).App("app")
		for _, reuse := range []bool{false, true} {
			var exists *WorkflowExistsError
			if created, err := app.Create(t.Context(), NewAppWorkflow{Name: "N", Reuse: reuse}); !errors.Is(err, ErrLocked) || errors.As(err, &exists) {
				t.Errorf("%+v, %v", created, err)
			}
		}
	})
}

// TestT10Unchanged: a schedule is set without a change to anything else of a workflow, byte for byte.
func TestT10Unchanged(t *testing.T) {
	const spec = `{"new":{"b":1.50,"a":[]},"entrypoint":"main"}`
	var sent []byte
	client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		if strings.HasSuffix(r.URL.Path, "indexsearch") {
			return reply(r, 200, `{"hits":{"hits":[{"_source":{"metadata":{"name":"w","future":{"x":1e400},"annotations":{"other":"o","orchestration.atlan.com/schedule":"0 0 * * *"}},"spec":`+spec+`}}]}}`), nil
		}
		sent = body
		return reply(r, 200, `{}`), nil
	}))
	if err := client.Workflow("w").SetSchedule(t.Context(), Schedule{Cron: "0 6 * * *", Timezone: "Asia/Tokyo"}); err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{"annotations":{"orchestration.atlan.com/schedule":"0 6 * * *","orchestration.atlan.com/timezone":"Asia/Tokyo","other":"o"},"future":{"x":1e400},"name":"w"},"spec":` + spec + `}`
	if string(sent) != want {
		t.Errorf("%s", sent)
	}
	if err := client.Workflow("w").RemoveSchedule(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := `{"metadata":{"annotations":{"other":"o"},"future":{"x":1e400},"name":"w"},"spec":` + spec + `}`; string(sent) != want {
		t.Errorf("%s", sent)
	}
}

// TestT10WhatIsOff: a 404 with a code of the service's is about one workflow, one without is about all of them.
func TestT10WhatIsOff(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		off    bool
	}{
		{404, `{"message":"no Route matched with those values"}`, true}, {404, `<html>404</html>`, true}, {404, ``, true}, {410, ``, true}, {501, ``, true}, {405, ``, true},
		{404, `{"code":1006,"message":"workflow w was not found"}`, false}, {403, `{"message":"no"}`, false}, {400, `{"code":1000}`, false}, {409, ``, false},
	} {
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) { return reply(r, c.status, c.body), nil }))
		_, err := client.Workflow("w").Submit(t.Context())
		if errors.Is(err, ErrWorkflowsOff) != c.off || errors.Is(err, apierr.ErrUnsupported) != c.off {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
	}
}

// TestT10OnlyWhatIsAsked: a poll reads the fields that matter of the runs that are waited for, and takes no other run for
// one of them.
func TestT10OnlyWhatIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		polls := 0
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			var body searchBody
			text, _ := io.ReadAll(r.Body)
			if err := json.Unmarshal(text, &body); err != nil || len(body.Source) == 0 || strings.Contains(string(text), "nodes") {
				t.Errorf("%s", text)
			}
			hit := func(name, phase string) string {
				return fmt.Sprintf(`{"_source":{"metadata":{"name":%q},"status":{"phase":%q,"startedAt":"2000-01-01T00:00:00Z"}}}`, name, phase)
			}
			if polls++; polls == 1 {
				return reply(r, 200, `{"hits":{"hits":[`+hit("other", "Succeeded")+`]}}`), nil
			}
			return reply(r, 200, `{"hits":{"hits":[`+hit("other", "Succeeded")+`,`+hit("mine", "Failed")+`]}}`), nil
		}))
		run := client.WorkflowRun("mine")
		var failed *RunError
		if err := run.Wait(t.Context()); !errors.As(err, &failed) || failed.Run != "mine" || polls < 2 {
			t.Errorf("%v after %d polls", err, polls)
		}
	})
}

// TestT10CanceledAtOnce: a wait ends with its context although a poll is in flight.
func TestT10CanceledAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		var ended *job.WaitError
		if err := client.AppRun("r").Wait(ctx); !errors.As(err, &ended) || !errors.Is(err, context.DeadlineExceeded) || ended.Last.ID != "r" || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		// A look-up that is cut short says that it is not known what happened.
		ctx, stop = context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		lost := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/submit") {
				return nil, io.ErrUnexpectedEOF
			}
			return reply(r, 200, `{"entities":[]}`), nil
		}))
		var ambiguous *AmbiguousRunError
		if _, err := lost.AppWorkflow("s").Submit(ctx); !errors.As(err, &ambiguous) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// TestT10AnothersRun: what the index calls a run of the workflow, and the service one of another, is not taken for ours; one
// that both agree about is.
func TestT10AnothersRun(t *testing.T) {
	for slug, found := range map[string]bool{"mine": true, "other": false} {
		synctest.Test(t, func(t *testing.T) {
			submits := 0
			client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/submit"):
					submits++
					return nil, io.ErrUnexpectedEOF
				case strings.HasSuffix(r.URL.Path, "/indexsearch"):
					return reply(r, 200, fmt.Sprintf(`{"entities":[{"guid":"1","typeName":"AppWorkflowRun","attributes":{"qualifiedName":"%smine/1/runs/r-9",
						"appWorkflowRunStatus":"Running","appWorkflowRunStartedAt":%d}}]}`, appRunsPrefix, time.Now().UnixMilli())), nil
				}
				return reply(r, 200, `{"run_id":"r-9","status":"Running","slug":"`+slug+`"}`), nil
			}))
			run, err := client.AppWorkflow("mine").Submit(t.Context())
			var ambiguous *AmbiguousRunError
			switch {
			case found && (err != nil || run.ID() != "r-9" || !run.Recovered()):
				t.Errorf("%v", err)
			case !found && (!errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 1 || ambiguous.LookUp == nil):
				t.Errorf("%v", err)
			}
			if submits != 1 {
				t.Errorf("%d requests", submits)
			}
		})
	}
}

// TestT10GatewayWhilePolling: what a gateway answers while a service is replaced ends no wait; what the service says of a run
// that it does not know any more does.
func TestT10GatewayWhilePolling(t *testing.T) {
	const page, absent = `<html><title>404 Not Found</title></html>`, `{"code":1006,"message":"no such run"}`
	const kong = `{"message":"no Route matched with those values","request_id":"1f0c"}`
	for _, c := range []struct {
		name   string
		run    func(*Client) *Run
		status int
		body   string
		ends   bool
	}{
		{"an app's, a page", func(c *Client) *Run { return c.AppRun("r") }, 404, page, false},
		{"an app's, a text", func(c *Client) *Run { return c.AppRun("r") }, 404, "default backend - 404", false},
		{"an app's, Kong", func(c *Client) *Run { return c.AppRun("r") }, 404, kong, false},
		{"an app's, the service", func(c *Client) *Run { return c.AppRun("r") }, 404, absent, true},
		{"a workflow's, a page", func(c *Client) *Run { return c.WorkflowRun("r") }, 404, page, false},
		{"a workflow's, nothing", func(c *Client) *Run { return c.WorkflowRun("r") }, 404, "", false},
		{"a workflow's, a method", func(c *Client) *Run { return c.WorkflowRun("r") }, 405, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					status := "Running"
					switch since := time.Since(began); {
					case since > 90*time.Second:
						status = "Succeeded"
					case since > 5*time.Second:
						return reply(r, c.status, c.body), nil
					}
					if strings.HasSuffix(r.URL.Path, "/runs/indexsearch") {
						return reply(r, 200, `{"hits":{"hits":[{"_source":{"metadata":{"name":"r"},"spec":{"workflowTemplateRef":{"name":"w"}},"status":{"phase":"`+status+`"}}}]}}`), nil
					}
					if strings.HasSuffix(r.URL.Path, "/indexsearch") {
						return reply(r, 200, `{"entities":[]}`), nil
					}
					return reply(r, 200, `{"run_id":"r","status":"`+status+`","slug":"w"}`), nil
				}))
				err := c.run(client).Wait(t.Context())
				if took := time.Since(began); c.ends != errors.Is(err, job.ErrGone) || !c.ends && (err != nil || took < 90*time.Second) {
					t.Errorf("%v after %s", err, took)
				}
			})
		})
	}
}

// TestT10OneOddRun: a run whose document has members of other types than expected does not spoil the waits for others, nor the
// answer to the request that started it.
func TestT10OneOddRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const odd = `{"metadata":{"name":"odd","labels":{"n":1}},"spec":{"workflowTemplateRef":{"name":"w","clusterScope":true}},"status":{"phase":%s,"resourcesDuration":"1h"}}`
		phase := `{"a":1}`
		began := time.Now()
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/submit"):
				return reply(r, 200, fmt.Sprintf(odd, `null`)), nil
			case time.Since(began) > time.Minute:
				phase = `"Succeeded"`
			}
			return reply(r, 200, `{"hits":{"hits":[{"_source":`+fmt.Sprintf(odd, phase)+`},{"_source":{"metadata":{"name":"plain"},"status":{"phase":"Succeeded"}}}]}}`), nil
		}))
		run, err := client.Workflow("w").Submit(t.Context())
		if err != nil || run.ID() != "odd" || run.Recovered() {
			t.Fatalf("%v", err)
		}
		took := map[string]time.Duration{}
		for done, err := range job.WaitAll(t.Context(), []*job.Job{run.Job(), client.WorkflowRun("plain").Job()}) {
			if err != nil {
				t.Error(err)
			}
			took[done.Job.Ref().ID] = time.Since(began)
		}
		if took["plain"] > 30*time.Second || took["odd"] < time.Minute {
			t.Errorf("%v", took)
		}
	})
}

// TestT10LiveRunBehindGateway: a run that the index knows as live, and about which a gateway answers, is not taken for one that
// is not there: nothing is started.
func TestT10LiveRunBehindGateway(t *testing.T) {
	for body, starts := range map[string]bool{`<html>404</html>`: false, `{"message":"no Route matched with those values"}`: false, `{"code":1006,"message":"no such run"}`: true} {
		synctest.Test(t, func(t *testing.T) {
			submits := 0
			client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/submit"):
					submits++
					return reply(r, 200, `{"run_id":"r-2","status":"Pending","slug":"mine"}`), nil
				case strings.HasSuffix(r.URL.Path, "/indexsearch"):
					return reply(r, 200, `{"entities":[{"guid":"1","typeName":"AppWorkflowRun","attributes":{"qualifiedName":"`+appRunsPrefix+`mine/1/runs/r-1",
						"appWorkflowRunStatus":"Running"}}]}`), nil
				}
				return reply(r, 404, body), nil
			}))
			_, err := client.AppWorkflow("mine").Submit(t.Context(), RunOptions{OnRunning: FailWhenRunning})
			if (submits == 1) != starts || (err == nil) != starts {
				t.Errorf("%s: %d requests, %v", body, submits, err)
			}
		})
	}
}

// TestT10RunWithoutATime: after a lost answer a run that nobody can say the beginning of is a candidate, and not ours.
func TestT10RunWithoutATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/submit") {
				return nil, io.ErrUnexpectedEOF
			}
			return reply(r, 200, `{"hits":{"hits":[{"_source":{"metadata":{"name":"old"},"spec":{"workflowTemplateRef":{"name":"w"}},"status":{"phase":"Running","startedAt":"soon"}}}]}}`), nil
		}))
		run, err := client.Workflow("w").Submit(t.Context())
		var ambiguous *AmbiguousRunError
		if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 1 || run != nil {
			t.Errorf("%v, %v", run, err)
		}
	})
}

// TestT10RemovalPauses: a removal is sent as often as retries are allowed, after pauses that grow, and not before the service
// wants it.
func TestT10RemovalPauses(t *testing.T) {
	for _, c := range []struct {
		header []string
		took   time.Duration
	}{{nil, 7 * time.Second}, {[]string{"Retry-After", "20"}, time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			began, tries := time.Now(), 0
			client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				tries++
				return reply(r, 503, "", c.header...), nil
			}))
			err := client.AppWorkflow("w").Delete(t.Context())
			if took := time.Since(began); tries != 4 || took.Round(time.Second) != c.took || !errors.Is(err, ErrServer) || !mayHaveApplied(err) {
				t.Errorf("%d tries in %s: %v", tries, took, err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer stop()
			began = time.Now()
			if err := client.AppWorkflow("w").Delete(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrServer) || time.Since(began) != 500*time.Millisecond {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		})
	}
}

// TestT10OtherClock: the service's clock is ahead or behind: what began before the request there is not taken for what it
// started, and what began after is.
func TestT10OtherClock(t *testing.T) {
	for _, ahead := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
		for _, ago := range []time.Duration{5 * time.Minute, 0} {
			synctest.Test(t, func(t *testing.T) {
				var began time.Time
				client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					now := time.Now().Add(ahead).UTC()
					if strings.HasSuffix(r.URL.Path, "/submit") {
						began = now.Add(-ago)
						return nil, io.ErrUnexpectedEOF
					}
					return reply(r, 200, `{"hits":{"hits":[{"_source":{"metadata":{"name":"r"},"spec":{"workflowTemplateRef":{"name":"w"}},"status":{"phase":"Running","startedAt":"`+
						began.Format(time.RFC3339)+`"}}}]}}`, "Date", now.Format(http.TimeFormat)), nil
				}))
				run, err := client.Workflow("w").Submit(t.Context())
				var ambiguous *AmbiguousRunError
				if ours := ago == 0; ours != (err == nil) || ours && run.ID() != "r" || !ours && (!errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 0) {
					t.Errorf("%s ahead, begun %s ago: %v", ahead, ago, err)
				}
			})
		}
	}
}

// TestT10EndedMeanwhile: a run that the index calls live and the service ended stands in nobody's way; an answer that is no
// refusal is not taken for one.
func TestT10EndedMeanwhile(t *testing.T) {
	for _, c := range []struct {
		state  string
		submit int
		starts bool
	}{{"Succeeded", 200, true}, {"Running", 200, false}, {"Running", 502, false}} {
		synctest.Test(t, func(t *testing.T) {
			submits := 0
			options := RunOptions{OnRunning: FailWhenRunning}
			if c.submit != 200 {
				options.OnRunning = StartAnother
			}
			client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/submit"):
					submits++
					return reply(r, c.submit, `{"run_id":"r-2","status":"Pending","slug":"mine"}`), nil
				case strings.HasSuffix(r.URL.Path, "/indexsearch"):
					return reply(r, 200, `{"entities":[{"guid":"1","typeName":"AppWorkflowRun","attributes":{"qualifiedName":"`+appRunsPrefix+`mine/1/runs/r-1",
						"appWorkflowRunStatus":"Running","appWorkflowRunStartedAt":1000}}]}`), nil
				}
				return reply(r, 200, `{"run_id":"r-1","status":"`+c.state+`","slug":"mine"}`), nil
			}))
			_, err := client.AppWorkflow("mine").Submit(t.Context(), options)
			var ambiguous *AmbiguousRunError
			switch {
			case c.submit != 200:
				if !errors.As(err, &ambiguous) || errors.Is(err, ErrAlreadyRunning) || submits != 1 {
					t.Errorf("%+v: %v", c, err)
				}
			case c.starts != (err == nil) || c.starts != (submits == 1) || !c.starts && !errors.Is(err, ErrAlreadyRunning):
				t.Errorf("%+v: %d requests, %v", c, submits, err)
			}
		})
	}
}

// TestT10LostSchedule: of the schedules that are there after a lost answer only a new one of the same times is taken for it.
func TestT10LostSchedule(t *testing.T) {
	const old, fresh, other = `{"trigger_id":"old","cron":"0 6 * * *","timezone":"UTC"}`, `{"trigger_id":"new","cron":"0 6 * * *"}`, `{"trigger_id":"other","cron":"0 7 * * *","timezone":"UTC"}`
	for after, want := range map[string]string{
		old: "", old + "," + fresh: "new", old + "," + other: "", old + "," + other + "," + fresh: "new",
		old + "," + fresh + "," + strings.Replace(fresh, "new", "newer", 1): "",
	} {
		synctest.Test(t, func(t *testing.T) {
			now := old
			client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost {
					now = after
					return nil, io.ErrUnexpectedEOF
				}
				return reply(r, 200, `{"slug":"w","schedules":[`+now+`]}`), nil
			}))
			added, err := client.AppWorkflow("w").AddSchedule(t.Context(), Schedule{Cron: "0 6 * * *"})
			if (want == "") != (err != nil) || err == nil && added.TriggerID != want || err != nil && !mayHaveApplied(err) {
				t.Errorf("%s: %+v, %v", after, added, err)
			}
		})
	}
}
