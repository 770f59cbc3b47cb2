package tests_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// first returns the error of a list's first item.
func first[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		return err
	}
	return nil
}

func second[T any](_ T, err error) error { return err }

func TestBadInputIsRefusedBeforeAnyRequest(t *testing.T) {
	f, w := workspaceOf(t)
	client := clientOf(t, f)
	good := f.AddConnection()
	edit := func(airbyte.Configuration) error { return nil }
	spec := func(change func(*airbyte.ConnectionSpec)) airbyte.ConnectionSpec {
		s := airbyte.ConnectionSpec{Name: "x", SourceID: good.SourceID, DestinationID: good.DestinationID}
		change(&s)
		return s
	}
	tests := map[string]func(context.Context) error{
		"empty workspace name":   func(ctx context.Context) error { return w.Rename(ctx, " ") },
		"nameless workspace":     func(ctx context.Context) error { return second(client.CreateWorkspace(ctx, airbyte.WorkspaceSpec{})) },
		"workspace by no name":   func(ctx context.Context) error { return second(client.WorkspaceByName(ctx, "")) },
		"source by no name":      func(ctx context.Context) error { return second(w.SourceByName(ctx, "")) },
		"destination by no name": func(ctx context.Context) error { return second(w.DestinationByName(ctx, "")) },
		"connection by no name":  func(ctx context.Context) error { return second(w.ConnectionByName(ctx, "")) },
		"nil delete option":      func(ctx context.Context) error { return second(w.Delete(ctx, nil)) },
		"nil edit":               func(ctx context.Context) error { return w.Source(good.SourceID).UpdateConfiguration(ctx, nil) },
		"nil stream edit":        func(ctx context.Context) error { return w.Connection(good.ID).EditStreams(ctx, nil) },
		"source without a type": func(ctx context.Context) error {
			return second(w.CreateSource(ctx, airbyte.SourceSpec{Name: "x", Configuration: "{}"}))
		},
		"source with both": func(ctx context.Context) error {
			return second(w.CreateSource(ctx, airbyte.SourceSpec{Name: "x", Type: "postgres", DefinitionID: "d", Configuration: "{}"}))
		},
		"source without configuration": func(ctx context.Context) error {
			return second(w.CreateSource(ctx, airbyte.SourceSpec{Name: "x", Type: "postgres"}))
		},
		"nameless source": func(ctx context.Context) error {
			return second(w.CreateSource(ctx, airbyte.SourceSpec{Type: "postgres", Configuration: "{}"}))
		},
		"nameless destination": func(ctx context.Context) error {
			return second(w.CreateDestination(ctx, airbyte.DestinationSpec{Type: "postgres", Configuration: "{}"}))
		},
		"masked destination": func(ctx context.Context) error {
			return second(w.CreateDestination(ctx, airbyte.DestinationSpec{Name: "x", Type: "postgres", Configuration: `{"password":"**********"}`}))
		},
		"masked patch": func(ctx context.Context) error {
			return w.Destination(good.DestinationID).PatchConfiguration(ctx, `{"password":"**********"}`)
		},
		"patch that is no object": func(ctx context.Context) error { return w.Source(good.SourceID).PatchConfiguration(ctx, "[]") },
		"replace with nothing":    func(ctx context.Context) error { return w.Source(good.SourceID).ReplaceConfiguration(ctx, nil) },
		"nameless connection": func(ctx context.Context) error {
			return second(w.CreateConnection(ctx, spec(func(s *airbyte.ConnectionSpec) { s.Name = "" })))
		},
		"five fields": func(ctx context.Context) error {
			return second(w.CreateConnection(ctx, spec(func(s *airbyte.ConnectionSpec) { s.Cron = "0 6 * * *" })))
		},
		"stream twice": func(ctx context.Context) error {
			return second(w.CreateConnection(ctx, spec(func(s *airbyte.ConnectionSpec) { s.Streams = []airbyte.StreamSelection{{Name: "a"}, {Name: "a"}} })))
		},
		"nameless stream": func(ctx context.Context) error {
			return second(w.CreateConnection(ctx, spec(func(s *airbyte.ConnectionSpec) { s.Streams = []airbyte.StreamSelection{{}} })))
		},
		"format without custom_format": func(ctx context.Context) error {
			return second(w.CreateConnection(ctx, spec(func(s *airbyte.ConnectionSpec) { s.Namespace.Format = "x" })))
		},
		"tag without id":       func(ctx context.Context) error { return w.Connection(good.ID).SetTags(ctx, airbyte.Tag{Name: "x"}) },
		"added tag without id": func(ctx context.Context) error { return w.Connection(good.ID).AddTags(ctx, airbyte.Tag{Name: "x"}) },
		"cron":                 func(ctx context.Context) error { return w.Connection(good.ID).SetCron(ctx, "*/5 * * * *") },
		"custom format of none": func(ctx context.Context) error {
			return w.Connection(good.ID).SetNamespace(ctx, airbyte.Namespace{Definition: "custom_format"})
		},
		"no namespace":       func(ctx context.Context) error { return w.Connection(good.ID).SetNamespace(ctx, airbyte.Namespace{}) },
		"color":              func(ctx context.Context) error { return second(w.CreateTag(ctx, "x", "red")) },
		"nameless tag":       func(ctx context.Context) error { return second(w.CreateTag(ctx, "", "FFFFFF")) },
		"color of an update": func(ctx context.Context) error { return second(w.UpdateTag(ctx, "t", "x", "12345")) },
	}
	for _, id := range []string{"", "..", "../../x", "a/b", "a?b=c", "a b", "a\x00", "https://cloud.airbyte.com/workspaces/1"} {
		for what, call := range map[string]func(context.Context) error{
			"workspace":        func(ctx context.Context) error { return client.Workspace(id).Connect(ctx) },
			"workspace rename": func(ctx context.Context) error { return client.Workspace(id).Rename(ctx, "x") },
			"workspace delete": func(ctx context.Context) error {
				return second(client.Workspace(id).Delete(ctx, airbyte.WithDependents()))
			},
			"connections": func(ctx context.Context) error { return first(client.Workspace(id).Connections(ctx)) },
			"connections by tag": func(ctx context.Context) error {
				return first(w.Connections(ctx, airbyte.ConnectionFilter{TagIDs: []string{id}}))
			},
			"sources":              func(ctx context.Context) error { return first(client.Workspace(id).Sources(ctx)) },
			"destinations":         func(ctx context.Context) error { return first(client.Workspace(id).Destinations(ctx)) },
			"tags":                 func(ctx context.Context) error { return first(client.Workspace(id).Tags(ctx)) },
			"connection":           func(ctx context.Context) error { return second(w.Connection(id).Name(ctx)) },
			"connection elsewhere": func(ctx context.Context) error { return second(client.Workspace(id).Connection(good.ID).Name(ctx)) },
			"connection rename":    func(ctx context.Context) error { return w.Connection(id).Rename(ctx, "x") },
			"connection enable":    func(ctx context.Context) error { return second(w.Connection(id).Enable(ctx)) },
			"connection delete":    func(ctx context.Context) error { return second(w.Connection(id).Delete(ctx)) },
			"connection tags":      func(ctx context.Context) error { return w.Connection(id).SetTags(ctx) },
			"connection streams": func(ctx context.Context) error {
				return w.Connection(id).SelectStreams(ctx, airbyte.StreamDescriptor{Name: "x"})
			},
			"connection verify":  func(ctx context.Context) error { return w.Connection(id).Verify(ctx) },
			"source":             func(ctx context.Context) error { return second(w.Source(id).Info(ctx)) },
			"source rename":      func(ctx context.Context) error { return w.Source(id).Rename(ctx, "x") },
			"source update":      func(ctx context.Context) error { return w.Source(id).UpdateConfiguration(ctx, edit) },
			"source patch":       func(ctx context.Context) error { return w.Source(id).PatchConfiguration(ctx, "{}") },
			"source streams":     func(ctx context.Context) error { return second(w.Source(id).Streams(ctx, "")) },
			"source dependents":  func(ctx context.Context) error { return second(w.Source(id).Dependents(ctx)) },
			"source delete":      func(ctx context.Context) error { return second(w.Source(id).Delete(ctx)) },
			"destination":        func(ctx context.Context) error { return second(w.Destination(id).Info(ctx)) },
			"destination update": func(ctx context.Context) error { return w.Destination(id).UpdateConfiguration(ctx, edit) },
			"destination delete": func(ctx context.Context) error { return second(w.Destination(id).Delete(ctx)) },
			"spec source": func(ctx context.Context) error {
				return second(w.CreateConnection(ctx, spec(func(s *airbyte.ConnectionSpec) { s.SourceID = id })))
			},
			"spec destination": func(ctx context.Context) error {
				return second(w.CreateConnection(ctx, spec(func(s *airbyte.ConnectionSpec) { s.DestinationID = id })))
			},
			"organization":      func(ctx context.Context) error { return second(client.Organization(ctx, id)) },
			"users":             func(ctx context.Context) error { return first(client.Users(ctx, id)) },
			"groups":            func(ctx context.Context) error { return first(client.Groups(ctx, id)) },
			"group members":     func(ctx context.Context) error { return first(client.GroupMembers(ctx, id)) },
			"group permissions": func(ctx context.Context) error { return first(client.GroupPermissions(ctx, id)) },
			"regions":           func(ctx context.Context) error { return first(client.Regions(ctx, id)) },
			"dataplanes":        func(ctx context.Context) error { return first(client.Dataplanes(ctx, id)) },
			"tag update":        func(ctx context.Context) error { return second(w.UpdateTag(ctx, id, "x", "FFFFFF")) },
			"tag delete":        func(ctx context.Context) error { return w.DeleteTag(ctx, id) },
			"tag removal":       func(ctx context.Context) error { return w.Connection(good.ID).RemoveTags(ctx, id) },
		} {
			tests[what+" "+id] = call
		}
		if id != "" {
			tests["streams of "+id] = func(ctx context.Context) error { return second(w.Source(good.SourceID).Streams(ctx, id)) }
			tests["permissions of "+id] = func(ctx context.Context) error {
				return first(client.Permissions(ctx, airbyte.PermissionFilter{UserID: id}))
			}
			tests["workspace in "+id] = func(ctx context.Context) error {
				return second(client.CreateWorkspace(ctx, airbyte.WorkspaceSpec{Name: "x", OrganizationID: id}))
			}
		}
	}
	for name, call := range tests {
		if err := call(t.Context()); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%q: %v; want an invalid request", name, err)
		}
		if n := f.Log().Total(); n != 0 {
			t.Fatalf("%q: %d requests were made: %v", name, n, f.Requests())
		}
	}
}

func TestCancelledContextsReturnAtOnce(t *testing.T) {
	f, w := workspaceOf(t)
	conn := w.Connection(f.AddConnection().ID)
	mine := errors.New("gone for lunch")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(mine)
	for name, call := range map[string]func() error{
		"load":   func() error { return second(conn.Name(ctx)) },
		"list":   func() error { return first(w.Connections(ctx)) },
		"write":  func() error { return conn.Rename(ctx, "x") },
		"delete": func() error { return second(conn.Delete(ctx)) },
	} {
		if err := call(); !errors.Is(err, context.Canceled) && !errors.Is(err, mine) {
			t.Errorf("%s: %v; want the cancellation", name, err)
		}
	}
	if n := f.Log().Total(); n != 0 {
		t.Errorf("%d requests with a cancelled context", n)
	}
}
