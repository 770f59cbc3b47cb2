package tests_test

import (
	"errors"
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
