package tests_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

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
	synctest.Test(t, func(t *testing.T) {
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
		gold := must(w.CreateTag(t.Context(), "gold", "FFD700"))(t)
		f.Fault(airbytetest.ResetAfterBody("deleteTag").Once())
		if err := w.DeleteTag(t.Context(), gold.TagID); err != nil {
			t.Errorf("the tag: %v", err)
		}
		if _, err := w.Delete(t.Context()); err != nil {
			t.Errorf("the workspace: %v", err)
		}
		// What was not there was not deleted, also when the service was too busy to say so at first.
		f.Fault(airbytetest.RateLimit("deleteTag", "1").Once(), airbytetest.RateLimit("deleteWorkspace", "1").Once())
		if err := w.DeleteTag(t.Context(), gold.TagID); !errors.Is(err, apierr.ErrPermissionDenied) {
			t.Errorf("a tag that is not there: %v", err)
		}
		const nobody = "00000000-0000-4000-8000-000000000000"
		if d, err := clientOf(t, f).Workspace(nobody).Delete(t.Context(), airbyte.WithDependents()); err == nil {
			t.Errorf("a workspace that is not there was deleted: %+v", d)
		}
		// A refusal stays one, also after a retry.
		again, w2 := workspaceOf(t)
		conn := again.AddConnection()
		again.Fault(airbytetest.ResetBefore("deleteSource").Once(), airbytetest.Status("deleteSource", 403, `{"message":"no"}`))
		if _, err := w2.Source(conn.SourceID).Delete(t.Context(), airbyte.WithDependents()); !errors.Is(err, apierr.ErrPermissionDenied) {
			t.Errorf("a refused deletion: %v", err)
		}
	})
}

// UUIDs are the same in capital letters: a connection does not stand in the way of its own deletion, and what is still in
// the list was not deleted.
func TestS9DeletionByIDsInCapitals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const connection = `{"connectionId":"c1","name":"n","sourceId":"s1","destinationId":"d1","workspaceId":"w1","status":"active","schedule":{"scheduleType":"manual"},"configurations":{"streams":[]},"createdAt":1,"tags":[]}`
		const source = `{"sourceId":"s1","name":"n","sourceType":"file","definitionId":"f","workspaceId":"w1","configuration":{},"createdAt":1}`
		const destination = `{"destinationId":"d1","name":"n","destinationType":"duckdb","definitionId":"f","workspaceId":"w1","configuration":{},"createdAt":1}`
		var gone string // what a deletion of it is answered with, after a failure of the gateway
		var deletions int
		client := clientFor(t, func(r *http.Request) (int, string) {
			path := r.URL.Path[strings.LastIndex(r.URL.Path, "/v1/")+3:]
			switch {
			case r.Method == http.MethodDelete && gone != "":
				if deletions++; deletions%2 == 1 {
					return 502, ""
				}
				return 404, gone
			case r.Method == http.MethodDelete:
				return 204, ""
			case path == "/connections":
				return 200, `{"data":[` + connection + `]}`
			case path == "/sources":
				return 200, `{"data":[` + source + `]}`
			case path == "/destinations":
				return 200, `{"data":[` + destination + `]}`
			case path == "/workspaces":
				return 200, `{"data":[{"workspaceId":"w1","name":"n","dataResidency":"auto","notifications":{}}]}`
			case strings.HasPrefix(path, "/connections/"):
				return 200, connection
			case strings.HasPrefix(path, "/sources/"):
				return 200, source
			}
			return 200, destination
		}, airbyte.WithNoAuth())
		w := client.Workspace("W1")
		deletion, err := w.Connection("C1").Delete(t.Context(), airbyte.WithSource(), airbyte.WithDestination())
		if err != nil || len(deletion.Connections) != 0 {
			t.Errorf("%+v, %v", deletion, err)
		}
		gone = `{"status":404,"type":"https://reference.airbyte.com/reference/errors#resource-not-found","title":"resource-not-found"}`
		for name, remove := range map[string]func() error{
			"connection":  func() error { _, err := w.Connection("C1").Delete(t.Context()); return err },
			"source":      func() error { _, err := w.Source("S1").Delete(t.Context(), airbyte.WithDependents()); return err },
			"destination": func() error { _, err := w.Destination("D1").Delete(t.Context(), airbyte.WithDependents()); return err },
			"workspace":   func() error { _, err := w.Delete(t.Context(), airbyte.WithDependents()); return err },
		} {
			if err := remove(); !errors.Is(err, apierr.ErrNotFound) {
				t.Errorf("%s: %v, although it is still in the list", name, err)
			}
		}
	})
}

// What cannot be looked at first is not deleted.
func TestS9NothingIsDeletedBlindly(t *testing.T) {
	for _, operation := range []string{"getConnection", "listConnections"} {
		for end, opt := range map[string]airbyte.DeleteOption{"source": airbyte.WithSource(), "destination": airbyte.WithDestination()} {
			f, w := workspaceOf(t)
			added := f.AddConnection()
			f.Fault(airbytetest.Status(operation, 403, `{"message":"no"}`))
			deletion, err := w.Connection(added.ID).Delete(t.Context(), opt, airbyte.WithDependents())
			if deletion != nil || !errors.Is(err, apierr.ErrPermissionDenied) {
				t.Errorf("%s, with the %s: %+v, %v", operation, end, deletion, err)
			}
			if operation == "listConnections" {
				if _, err := w.Delete(t.Context(), airbyte.WithDependents()); !errors.Is(err, apierr.ErrPermissionDenied) {
					t.Errorf("the workspace: %v", err)
				}
			}
			if n := f.Log().Count("deleteConnection", "deleteSource", "deleteDestination", "deleteWorkspace"); n != 0 {
				t.Errorf("%s, with the %s: %d deletions were sent", operation, end, n)
			}
		}
	}
	f, w := workspaceOf(t)
	for _, opts := range [][]airbyte.DeleteOption{{nil}, {airbyte.WithSource()}, {airbyte.WithDestination()}} {
		if _, err := w.Delete(t.Context(), opts...); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("options that are none of a workspace's: %v", err)
		}
	}
	if _, err := w.Connection(f.AddConnection().ID).Delete(t.Context(), nil); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("a nil option: %v", err)
	}
	if n := f.Log().Total(); n != 0 {
		t.Errorf("%d requests, want 0", n)
	}
}

func TestS9ARefusalNamesTheEnd(t *testing.T) {
	f, w := workspaceOf(t)
	added := f.AddConnection()
	f.AddConnection(airbytetest.From(added.SourceID), airbytetest.To(added.DestinationID))
	var dependents *airbyte.DependentsError
	if _, err := w.Connection(added.ID).Delete(t.Context(), airbyte.WithSource()); !errors.As(err, &dependents) || dependents.ID != added.SourceID {
		t.Errorf("%v", err)
	}
	if _, err := w.Connection(added.ID).Delete(t.Context(), airbyte.WithDestination()); !errors.As(err, &dependents) || dependents.ID != added.DestinationID {
		t.Errorf("%v", err)
	}
	if _, err := w.Delete(t.Context()); !errors.As(err, &dependents) || dependents.ID != w.ID() {
		t.Errorf("%v", err)
	}
}

func TestS9EveryStepOfADeletionMayFail(t *testing.T) {
	for operation, want := range map[string]func(airbytetest.Connection) airbyte.Deletion{
		"deleteConnection": func(airbytetest.Connection) airbyte.Deletion { return airbyte.Deletion{} },
		"deleteSource": func(c airbytetest.Connection) airbyte.Deletion {
			return airbyte.Deletion{Connection: c.ID, Destination: c.DestinationID}
		},
		"deleteDestination": func(c airbytetest.Connection) airbyte.Deletion {
			return airbyte.Deletion{Connection: c.ID, Source: c.SourceID}
		},
	} {
		f, w := workspaceOf(t)
		added := f.AddConnection()
		f.Fault(airbytetest.Status(operation, 403, `{"message":"no"}`))
		deletion, err := w.Connection(added.ID).Delete(t.Context(), airbyte.WithSource(), airbyte.WithDestination())
		if !errors.Is(err, apierr.ErrPermissionDenied) || deletion == nil {
			t.Fatalf("%s: %+v, %v", operation, deletion, err)
		}
		if d := cmp.Diff(want(added), *deletion); d != "" {
			t.Errorf("%s (-want +got):\n%s", operation, d)
		}
	}
	// A connection that goes along with the destination alone is named, and one that goes with both ends once.
	f, w := workspaceOf(t)
	added := f.AddConnection()
	both := f.AddConnection(airbytetest.From(added.SourceID), airbytetest.To(added.DestinationID))
	one := f.AddConnection(airbytetest.From(f.AddSource()), airbytetest.To(added.DestinationID))
	deletion, err := w.Connection(added.ID).Delete(t.Context(), airbyte.WithSource(), airbyte.WithDestination(), airbyte.WithDependents())
	ok(t, err)
	var gone []string
	for _, d := range deletion.Connections {
		gone = append(gone, d.ID)
	}
	if d := cmp.Diff(sorted([]string{both.ID, one.ID}), sorted(gone)); d != "" {
		t.Errorf("connections that went along (-want +got):\n%s", d)
	}
}

// Only a deletion that was sent more than once, and whose thing is surely gone, has taken place in spite of its answer.
func TestS9AnUnclearDeletionStaysAFailure(t *testing.T) {
	const missing = `{"status":404,"type":"https://reference.airbyte.com/reference/errors#resource-not-found","title":"resource-not-found"}`
	for name, tt := range map[string]struct {
		answers    []int // of the deletion, the last again and again
		list       int
		takesPlace bool
	}{
		"never there":           {[]int{404}, 200, false},
		"lost, then not found":  {[]int{502, 404}, 200, true},
		"lost, then forbidden":  {[]int{502, 403}, 200, true},
		"lost, then a conflict": {[]int{502, 409}, 200, false},
		"nobody can look":       {[]int{502, 404}, 403, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			client := clientFor(t, func(r *http.Request) (int, string) {
				switch {
				case r.Method == http.MethodDelete:
					sent++
					return tt.answers[min(sent, len(tt.answers))-1], missing
				case strings.HasSuffix(r.URL.Path, "/connections"):
					return tt.list, `{"data":[]}`
				}
				return 200, `{"connectionId":"c","name":"n","sourceId":"s","destinationId":"d","workspaceId":"w","status":"active"}`
			}, airbyte.WithNoAuth())
			deletion, err := client.Workspace("w").Connection("c").Delete(t.Context())
			if (err == nil) != tt.takesPlace || deletion == nil || (deletion.Connection == "c") != tt.takesPlace {
				t.Errorf("%s: %+v, %v", name, deletion, err)
			}
		})
	}
}
