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

func TestT2DestinationsAreListedAndFiltered(t *testing.T) {
	f, w := workspaceOf(t)
	f.AddDestination(airbytetest.Named("warehouse"))
	f.AddDestination(airbytetest.Named("warehouse staging"))
	f.AddDestination(airbytetest.Named("lake"), airbytetest.Definition(airbytetest.DestinationDuckDB))
	f.AddDestination(airbytetest.Named("own"), airbytetest.Definition("9f1d0a5e-0000-4000-8000-00000000c0de"))
	for _, tt := range []struct {
		filter airbyte.DestinationFilter
		want   string
	}{
		{airbyte.DestinationFilter{}, "lake,own,warehouse,warehouse staging"},
		{airbyte.DestinationFilter{Name: "warehouse"}, "warehouse"},
		{airbyte.DestinationFilter{NameContains: "WAREHOUSE"}, "warehouse,warehouse staging"},
		{airbyte.DestinationFilter{Type: "destination-duckdb"}, "lake"},
		{airbyte.DestinationFilter{DefinitionID: airbytetest.DestinationDuckDB}, "lake"},
		{airbyte.DestinationFilter{Where: func(d *airbyteapi.DestinationResponse) bool { return d.Configuration["host"] == nil }}, ""},
	} {
		var names []string
		for d, err := range w.Destinations(t.Context(), tt.filter) {
			ok(t, err)
			names = append(names, must(d.Name(t.Context()))(t))
		}
		if got := strings.Join(sorted(names), ","); got != tt.want {
			t.Errorf("Destinations(%+v) = %s, want %s", tt.filter, got, tt.want)
		}
	}
	d, err := w.DestinationByName(t.Context(), "own")
	ok(t, err)
	kind, definition := must(d.Type(t.Context()))(t), must(d.DefinitionID(t.Context()))(t)
	if definition != "9f1d0a5e-0000-4000-8000-00000000c0de" || d.Workspace() != w {
		t.Errorf("type %q, definition %q", kind, definition)
	}
	if n := f.Log().Count("getDestination"); n != 0 {
		t.Errorf("%d reads of listed destinations, want 0", n)
	}
	info, err := d.Refresh(t.Context())
	ok(t, err)
	if cached, at, loaded := d.Cached(); !loaded || at.IsZero() || cached.Name != info.Name || f.Log().Count("getDestination") != 1 {
		t.Errorf("Cached = %+v, %v after %d reads", cached, loaded, f.Log().Count("getDestination"))
	}
	if d.WebURL() != f.URL()+"/workspaces/"+w.ID()+"/destination/"+d.ID() {
		t.Errorf("WebURL = %q", d.WebURL())
	}
}

func TestT2MaskedSecretsOfADestination(t *testing.T) {
	f, w := workspaceOf(t)
	d := w.Destination(f.AddDestination())
	for name, err := range map[string]error{
		"patch": d.PatchConfiguration(t.Context(), map[string]any{"password": "**********"}),
		"elsewhere": d.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error {
			c["tunnel_method"] = map[string]any{"ssh_key": c["password"]}
			return nil
		}),
	} {
		if !errors.Is(err, airbyte.ErrMaskedSecret) || !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%s: %v; want ErrMaskedSecret", name, err)
		}
	}
	ok(t, d.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error { c["schema"] = "raw"; return nil }))
	if n := f.Log().Count("putDestination", "patchDestination"); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
	f.Fault(airbytetest.Status("putDestination", 422, `{"message":"Invalid schema"}`))
	err := d.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error { c["schema"] = ""; return nil })
	says(t, err, "Invalid schema", d.ID())
	if _, _, loaded := d.Cached(); loaded {
		t.Error("after a failed write the handle still believes what it knew")
	}
}

func TestS9DestinationWhoseAnswerIsLost(t *testing.T) {
	f, w := workspaceOf(t)
	f.Fault(airbytetest.ResetAfterBody("createDestination"))
	_, err := w.CreateDestination(t.Context(), airbyte.DestinationSpec{Name: "lake", Type: "duckdb", Configuration: `{"destination_path":"/x"}`})
	var unknown *airbyte.CreateUnknownError
	if !errors.As(err, &unknown) || len(unknown.Candidates) != 1 || unknown.Resource != "destination" {
		t.Errorf("err = %v; want a CreateUnknownError with one candidate", err)
	}
	_, err = w.CreateDestination(t.Context(), airbyte.DestinationSpec{Name: "lake", Type: "duckdb", Configuration: `{}`, UniqueName: true})
	if !errors.Is(err, airbyte.ErrAlreadyExists) {
		t.Errorf("err = %v; want ErrAlreadyExists", err)
	}
	d, err := w.CreateDestination(t.Context(), airbyte.DestinationSpec{Name: "pond", Type: "duckdb", Configuration: `{}`, UniqueName: true})
	ok(t, err)
	if must(d.Name(t.Context()))(t) != "pond" {
		t.Error("another destination was adopted")
	}
}

func TestRealConnectionsAreClosed(t *testing.T) {
	f := airbytetest.New(t)
	origin, err := f.Listen(t.Context(), "127.0.0.1:0")
	ok(t, err)
	credentials := f.Credentials()
	client, err := airbyte.New(airbyte.WithOrigin(origin), airbyte.WithClientCredentials(credentials.ClientID, credentials.ClientSecret),
		airbyte.WithDefaultWorkspace(f.WorkspaceID()))
	ok(t, err)
	w, err := client.DefaultWorkspace()
	ok(t, err)
	ok(t, w.Connect(t.Context()))
	for range w.Connections(t.Context()) {
		break
	}
	client.CloseIdleConnections() // goleak would find what is left
	if info := must(w.Info(t.Context()))(t); info.WorkspaceID != w.ID() {
		t.Errorf("Info = %+v", info)
	}
	client.CloseIdleConnections()
}
