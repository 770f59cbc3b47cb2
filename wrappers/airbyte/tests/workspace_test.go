package tests_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func workspaceNames(t *testing.T, client *airbyte.Client, filters ...airbyte.WorkspaceFilter) []string {
	t.Helper()
	var names []string
	for w, err := range client.Workspaces(t.Context(), filters...) {
		ok(t, err)
		names = append(names, must(w.Name(t.Context()))(t))
	}
	return sorted(names)
}

func TestT1WorkspacesAreListedAndFiltered(t *testing.T) {
	f := airbytetest.New(t)
	for _, name := range []string{"Finance", "finance staging", "Sales"} {
		f.AddWorkspace(name)
	}
	client := clientOf(t, f)
	for _, tt := range []struct {
		filter airbyte.WorkspaceFilter
		want   string
	}{
		{airbyte.WorkspaceFilter{}, "Default Workspace,Finance,Sales,finance staging"},
		{airbyte.WorkspaceFilter{Name: "Finance"}, "Finance"},
		{airbyte.WorkspaceFilter{NameContains: "FINANCE"}, "Finance,finance staging"},
		{airbyte.WorkspaceFilter{NameContains: "finance", Where: func(w *airbyteapi.WorkspaceResponse) bool { return w.Name != "Finance" }}, "finance staging"},
		{airbyte.WorkspaceFilter{Name: "nobody"}, ""},
	} {
		if got := strings.Join(workspaceNames(t, client, tt.filter), ","); got != tt.want {
			t.Errorf("Workspaces(%+v) = %s, want %s", tt.filter, got, tt.want)
		}
	}
	if n := f.Log().Count("getWorkspace"); n != 0 {
		t.Errorf("%d reads of listed workspaces, want 0: a list brings their descriptions", n)
	}
	w, err := client.WorkspaceByName(t.Context(), "Sales")
	ok(t, err)
	if got, _, loaded := w.Cached(); !loaded || got.Name != "Sales" || got.WorkspaceID != w.ID() {
		t.Errorf("Cached = %+v, %v", got, loaded)
	}
	if _, err := client.WorkspaceByName(t.Context(), "nobody"); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("a name that does not exist: %v", err)
	}
	f.AddWorkspace("Sales")
	if _, err := client.WorkspaceByName(t.Context(), "Sales"); !errors.Is(err, apierr.ErrConflict) {
		t.Errorf("a name that two have: %v", err)
	}
}

func TestT1WorkspaceIsCreatedRenamedAndDeleted(t *testing.T) {
	f := airbytetest.New(t)
	client := clientOf(t, f)
	w, err := client.CreateWorkspace(t.Context(), airbyte.WorkspaceSpec{Name: "Research", OrganizationID: f.OrganizationID(), UniqueName: true})
	ok(t, err)
	if name := must(w.Name(t.Context()))(t); name != "Research" || f.Log().Count("getWorkspace") != 0 {
		t.Errorf("Name = %q after %d reads; want Research, and none", name, f.Log().Count("getWorkspace"))
	}
	_, err = client.CreateWorkspace(t.Context(), airbyte.WorkspaceSpec{Name: "Research", UniqueName: true})
	if !errors.Is(err, airbyte.ErrAlreadyExists) || !errors.Is(err, apierr.ErrConflict) {
		t.Errorf("the same name again: %v; want ErrAlreadyExists", err)
	}
	ok(t, w.Rename(t.Context(), "R & D"))
	if name := must(w.Name(t.Context()))(t); name != "R & D" {
		t.Errorf("Name = %q after Rename", name)
	}
	if got := w.WebURL(); got != f.URL()+"/workspaces/"+w.ID() {
		t.Errorf("WebURL = %q", got)
	}
	deletion, err := w.Delete(t.Context())
	ok(t, err)
	if deletion.Workspace != w.ID() || len(deletion.Connections) != 0 {
		t.Errorf("Deletion = %+v", deletion)
	}
	if err := w.Connect(t.Context()); err == nil {
		t.Error("the deleted workspace is still there")
	}
}

func TestT1WorkspaceWithConnectionsIsNotDeletedUnlessTold(t *testing.T) {
	f, w := workspaceOf(t)
	conn := f.AddConnection(airbytetest.ConnectionNamed("nightly"))
	_, err := w.Delete(t.Context())
	says(t, err, "nightly", conn.ID, "WithDependents")
	var dependents *airbyte.DependentsError
	if !errors.Is(err, airbyte.ErrHasDependents) || !errors.Is(err, apierr.ErrConflict) || !errors.As(err, &dependents) ||
		len(dependents.Connections) != 1 || dependents.Resource != "workspace" {
		t.Errorf("err = %v; want a DependentsError with the connection", err)
	}
	if n := f.Log().Count("deleteWorkspace"); n != 0 {
		t.Fatalf("%d deletions were sent", n)
	}
	deletion, err := w.Delete(t.Context(), airbyte.WithDependents())
	ok(t, err)
	if len(deletion.Connections) != 1 || deletion.Connections[0] != (airbyte.Dependent{ID: conn.ID, Name: "nightly"}) {
		t.Errorf("Deletion = %+v; want the connection in it", deletion)
	}
}

func TestT1Organizations(t *testing.T) {
	f := airbytetest.New(t)
	other := f.AddOrganization("Second", "second@airbyte.test")
	client := clientOf(t, f)
	var names []string
	for o, err := range client.Organizations(t.Context()) {
		ok(t, err)
		names = append(names, o.OrganizationName)
	}
	if got := strings.Join(sorted(names), ","); got != "Default Organization,Second" {
		t.Errorf("Organizations = %s", got)
	}
	o, err := client.Organization(t.Context(), other)
	ok(t, err)
	if o.OrganizationName != "Second" {
		t.Errorf("Organization = %+v", o)
	}
	if _, err := client.Organization(t.Context(), f.WorkspaceID()); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("an organization that does not exist: %v", err)
	}
}

func TestT1MoreWorkspacesThanAPage(t *testing.T) {
	f := airbytetest.New(t)
	for i := range 130 {
		f.AddWorkspace(fmt.Sprint("w", i))
	}
	if n := len(workspaceNames(t, clientOf(t, f))); n != 131 {
		t.Errorf("%d workspaces, want 131", n)
	}
	f.Fault(airbytetest.Status("listWorkspaces", 403, `{"message":"no"}`))
	if _, err := clientOf(t, f).WorkspaceByName(t.Context(), "w1"); !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("a list that cannot be read: %v", err)
	}
	if _, err := clientOf(t, f).CreateWorkspace(t.Context(), airbyte.WorkspaceSpec{Name: "new", UniqueName: true}); !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("a list that cannot be read: %v", err)
	}
	if n := f.Log().Count("createWorkspace"); n != 0 {
		t.Error("a workspace was created although nobody knows whether its name is taken")
	}
}

// Pages that overlap and miss rows hide no connection from a deletion.
func TestT1DependentsOfMoreThanAPage(t *testing.T) {
	f, w := workspaceOf(t)
	source, destination := f.AddSource(), f.AddDestination()
	for i := range 230 {
		f.AddConnection(airbytetest.From(source), airbytetest.To(destination), airbytetest.ConnectionNamed(fmt.Sprint("c", i)))
	}
	dependents := must(w.Dependents(t.Context()))(t)
	names := make(map[string]int)
	for _, d := range dependents {
		names[d.Name]++
	}
	if len(dependents) != 230 || len(names) != 230 {
		t.Errorf("%d dependents of %d names, want 230", len(dependents), len(names))
	}
	if pages := f.Log().Count("listConnections"); pages < 6 || pages > 20 {
		t.Errorf("the list was read with %d requests; want it to be read until a pass brings nothing new", pages)
	}
}

func TestT1WhatIsSaidOfAWorkspaceIsSent(t *testing.T) {
	var bodies, queries []string
	client := clientFor(t, func(r *http.Request) (int, string) {
		queries = append(queries, r.URL.RawQuery)
		if r.Body != nil {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
		}
		if r.Method == http.MethodGet {
			return 200, `{"data":[]}`
		}
		return 200, `{"workspaceId":"w","name":"n","dataResidency":"auto","notifications":{}}`
	}, airbyte.WithNoAuth())
	yes := true
	_, err := client.CreateWorkspace(t.Context(), airbyte.WorkspaceSpec{Name: "n", OrganizationID: "o-1", RegionID: "r-1",
		Notifications: &airbyteapi.NotificationsConfig{Failure: &airbyteapi.NotificationConfig{Email: &airbyteapi.EmailNotificationConfig{Enabled: &yes}}}})
	ok(t, err)
	for _, want := range []string{`"name":"n"`, `"organizationId":"o-1"`, `"regionId":"r-1"`, `"failure":{"email":{"enabled":true}`} {
		if !strings.Contains(bodies[len(bodies)-1], want) {
			t.Errorf("%s is not in %s", want, bodies[len(bodies)-1])
		}
	}
	for _, spec := range []airbyte.WorkspaceSpec{{Name: " "}, {Name: "n", OrganizationID: "../o"}, {Name: "n", RegionID: "../r"}} {
		if _, err := client.CreateWorkspace(t.Context(), spec); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%+v: %v", spec, err)
		}
	}
	for range client.Workspaces(t.Context(), airbyte.WorkspaceFilter{IncludeDeleted: true}) {
		t.Error("there is none")
	}
	if last := queries[len(queries)-1]; !strings.Contains(last, "includeDeleted=true") {
		t.Errorf("the query is %s", last)
	}
}

func TestT1AWorkspaceThatCannotBeChanged(t *testing.T) {
	f, w := workspaceOf(t)
	if _, _, loaded := w.Cached(); loaded {
		t.Error("something is cached before anything was read")
	}
	ok(t, w.Connect(t.Context()))
	if _, at, loaded := w.Cached(); !loaded || at.IsZero() {
		t.Errorf("cached at %v, %t", at, loaded)
	}
	f.Fault(airbytetest.Status("updateWorkspace", 403, `{"message":"no"}`), airbytetest.Status("deleteWorkspace", 403, `{"message":"no"}`))
	var resource *airbyte.ResourceError
	if err := w.Rename(t.Context(), "x"); !errors.Is(err, apierr.ErrPermissionDenied) || !errors.As(err, &resource) || resource.Workspace != w.ID() {
		t.Errorf("Rename: %v", err)
	}
	if _, _, loaded := w.Cached(); loaded {
		t.Error("the description is still cached after a change that nobody knows the outcome of")
	}
	if deletion, err := w.Delete(t.Context()); deletion != nil || !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("Delete: %+v, %v", deletion, err)
	}
	f.Fault(airbytetest.Status("getWorkspace", 403, `{"message":"no"}`))
	if name, err := clientOf(t, f).Workspace(w.ID()).Name(t.Context()); name != "" || !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("Name: %q, %v", name, err)
	}
	if _, err := clientOf(t, f).CreateWorkspace(t.Context(), airbyte.WorkspaceSpec{Name: "lost"}); err != nil {
		t.Error(err)
	}
	f.Fault(airbytetest.ResetAfterBody("createWorkspace"))
	var unknown *airbyte.CreateUnknownError
	if _, err := clientOf(t, f).CreateWorkspace(t.Context(), airbyte.WorkspaceSpec{Name: "unclear"}); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "unclear") || len(unknown.Candidates) != 1 {
		t.Errorf("CreateWorkspace whose answer is lost: %v", err)
	}
}
