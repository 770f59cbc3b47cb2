package tests_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestS9ConnectionIsDeletedWithItsEnds(t *testing.T) {
	f, w := workspaceOf(t)
	added := f.AddConnection()
	conn := w.Connection(added.ID)
	deletion, err := conn.Delete(t.Context(), airbyte.WithSource(), airbyte.WithDestination())
	ok(t, err)
	want := &airbyte.Deletion{Connection: added.ID, Source: added.SourceID, Destination: added.DestinationID}
	if d := cmp.Diff(want, deletion); d != "" {
		t.Errorf("Deletion (-want +got):\n%s", d)
	}
	var order []string
	for _, r := range f.Log().Records() {
		if r.Method == http.MethodDelete || r.Operation == "getConnection" {
			order = append(order, r.Operation)
		}
	}
	if d := cmp.Diff([]string{"getConnection", "deleteConnection", "deleteSource", "deleteDestination"}, order); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	if _, _, loaded := conn.Cached(); loaded {
		t.Error("the deleted connection is still cached")
	}
	for range w.Sources(t.Context()) {
		t.Error("the source is still there")
	}
}

func TestS9ConnectionAloneIsDeletedByItself(t *testing.T) {
	f, w := workspaceOf(t)
	added, other := f.AddConnection(), f.AddConnection()
	deletion, err := w.Connection(added.ID).Delete(t.Context())
	ok(t, err)
	if d := cmp.Diff(&airbyte.Deletion{Connection: added.ID}, deletion); d != "" {
		t.Errorf("Deletion (-want +got):\n%s", d)
	}
	if n := f.Log().Count("deleteSource", "deleteDestination", "listConnections"); n != 0 {
		t.Errorf("%d other calls, want 0", n)
	}
	ok(t, w.Connection(other.ID).Verify(t.Context()))
}

func TestS9DeletingSharedEndsIsRefusedUnlessTold(t *testing.T) {
	f, w := workspaceOf(t)
	added := f.AddConnection(airbytetest.ConnectionNamed("this"))
	sharesSource := f.AddConnection(airbytetest.ConnectionNamed("shares the source"), airbytetest.From(added.SourceID), airbytetest.To(f.AddDestination()))
	sharesBoth := f.AddConnection(airbytetest.ConnectionNamed("shares both"), airbytetest.From(added.SourceID), airbytetest.To(added.DestinationID))
	conn := w.Connection(added.ID)
	for name, opt := range map[string]airbyte.DeleteOption{"source": airbyte.WithSource(), "destination": airbyte.WithDestination()} {
		_, err := conn.Delete(t.Context(), opt)
		says(t, err, "shares both", sharesBoth.ID, name)
		var dependents *airbyte.DependentsError
		if !errors.Is(err, airbyte.ErrHasDependents) || !errors.As(err, &dependents) || dependents.Resource != name {
			t.Errorf("%s: %v; want a DependentsError", name, err)
		}
		for _, d := range dependents.Connections {
			if d.ID == added.ID {
				t.Errorf("%s: the connection itself is named as a dependent", name)
			}
		}
	}
	if n := f.Log().Count("deleteConnection", "deleteSource", "deleteDestination"); n != 0 {
		t.Fatalf("%d deletions were sent although it was refused", n)
	}
	deletion, err := conn.Delete(t.Context(), airbyte.WithSource(), airbyte.WithDestination(), airbyte.WithDependents())
	ok(t, err)
	gone := make(map[string]string)
	for _, d := range deletion.Connections {
		gone[d.ID] = d.Name
	}
	want := map[string]string{sharesSource.ID: "shares the source", sharesBoth.ID: "shares both"}
	if d := cmp.Diff(want, gone); d != "" || len(deletion.Connections) != 2 {
		t.Errorf("connections that went along (-want +got):\n%s", d)
	}
	for id := range want {
		if err := w.Connection(id).Verify(t.Context()); !errors.Is(err, apierr.ErrNotFound) {
			t.Errorf("%s: %v; want not found", gone[id], err)
		}
	}
}

func TestS9AHalfDoneDeletionSaysWhatIsGone(t *testing.T) {
	f, w := workspaceOf(t)
	added := f.AddConnection()
	f.Fault(airbytetest.Status("deleteSource", 403, `{"message":"no"}`))
	deletion, err := w.Connection(added.ID).Delete(t.Context(), airbyte.WithSource(), airbyte.WithDestination())
	var resource *airbyte.ResourceError
	if !errors.Is(err, apierr.ErrPermissionDenied) || !errors.As(err, &resource) || resource.Source != added.SourceID {
		t.Errorf("err = %v; want permission denied for the source", err)
	}
	if d := cmp.Diff(&airbyte.Deletion{Connection: added.ID, Destination: added.DestinationID}, deletion); d != "" {
		t.Errorf("Deletion (-want +got):\n%s", d)
	}
}

func TestS9ADeletionWhoseAnswerIsLostIsNoFailure(t *testing.T) {
	f, w := workspaceOf(t)
	f.AddWorkspace("Other")
	added := f.AddConnection()
	f.Fault(airbytetest.ResetAfterBody("deleteSource").Once(), airbytetest.ResetAfterBody("deleteDestination").Once(),
		airbytetest.ResetAfterBody("deleteConnection").Once(), airbytetest.ResetAfterBody("deleteWorkspace").Once())
	deletion, err := w.Connection(added.ID).Delete(t.Context(), airbyte.WithSource(), airbyte.WithDestination())
	ok(t, err)
	if d := cmp.Diff(&airbyte.Deletion{Connection: added.ID, Source: added.SourceID, Destination: added.DestinationID}, deletion); d != "" {
		t.Errorf("Deletion (-want +got):\n%s", d)
	}
	if n := f.Log().Count("deleteSource"); n != 2 {
		t.Errorf("%d deletions of the source were sent, want 2", n)
	}
	if _, err := w.Delete(t.Context()); err != nil {
		t.Errorf("the workspace: %v", err)
	}
	// A refusal stays one, also after a retry.
	again, w2 := workspaceOf(t)
	conn := again.AddConnection()
	again.Fault(airbytetest.ResetBefore("deleteSource").Once(), airbytetest.Status("deleteSource", 403, `{"message":"no"}`))
	if _, err := w2.Source(conn.SourceID).Delete(t.Context(), airbyte.WithDependents()); !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("a refused deletion: %v", err)
	}
}
