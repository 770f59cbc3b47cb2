package tests_test

import (
	"errors"
	"iter"
	"testing"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

func collect[T any](t *testing.T, list iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for item, err := range list {
		ok(t, err)
		out = append(out, item)
	}
	return out
}

func TestT8TagsAreCreatedListedChangedAndDeleted(t *testing.T) {
	f, w := workspaceOf(t)
	other := clientOf(t, f).Workspace(f.AddWorkspace("Other"))
	must(other.CreateTag(t.Context(), "elsewhere", "000000"))(t)
	tag := must(w.CreateTag(t.Context(), "gold", "#FFD700"))(t)
	if tag.Color != "FFD700" || tag.WorkspaceID != w.ID() {
		t.Errorf("tag = %+v", tag)
	}
	_, err := w.CreateTag(t.Context(), "gold", "000000")
	if !errors.Is(err, airbyte.ErrAlreadyExists) || !errors.Is(err, apierr.ErrConflict) {
		t.Errorf("the same name again: %v", err)
	}
	conn := w.Connection(f.AddConnection().ID)
	ok(t, conn.SetTags(t.Context(), tag))
	changed := must(w.UpdateTag(t.Context(), tag.TagID, "platinum", "E5E4E2"))(t)
	if changed.Name != "platinum" || changed.TagID != tag.TagID {
		t.Errorf("changed = %+v", changed)
	}
	if tags := collect(t, w.Tags(t.Context())); len(tags) != 1 || tags[0] != changed {
		t.Errorf("Tags = %+v", tags)
	}
	ok(t, w.DeleteTag(t.Context(), tag.TagID))
	if info := must(conn.Refresh(t.Context()))(t); len(info.Tags) != 0 {
		t.Errorf("the connection still has %+v", info.Tags)
	}
}

func TestT8ListsOfWhoAndWhere(t *testing.T) {
	f, w := workspaceOf(t)
	f.AddUser("Grace", "grace@airbyte.test")
	client := clientOf(t, f)
	ctx := t.Context()
	if apps := collect(t, client.Applications(ctx)); len(apps) != 1 || apps[0].ClientID != f.Credentials().ClientID {
		t.Errorf("%d applications", len(apps))
	}
	if users := collect(t, client.Users(ctx, f.OrganizationID())); len(users) != 2 {
		t.Errorf("Users = %+v", users)
	}
	users := collect(t, client.Users(ctx, f.OrganizationID()))
	if permissions := collect(t, client.Permissions(ctx, airbyte.PermissionFilter{})); len(permissions) != 1 || permissions[0].UserID != users[0].ID {
		t.Errorf("Permissions = %+v", permissions)
	}
	if permissions := collect(t, client.Permissions(ctx, airbyte.PermissionFilter{UserID: users[1].ID, OrganizationID: f.OrganizationID()})); len(permissions) != 1 || permissions[0].UserID != users[1].ID {
		t.Errorf("Permissions of another user = %+v", permissions)
	}
	regions := collect(t, client.Regions(ctx, f.OrganizationID()))
	if len(regions) != 1 || regions[0].Name != "US" {
		t.Errorf("Regions = %+v", regions)
	}
	plane, err := transport.Decode[airbyteapi.DataplaneCreateResponseBody](client.Raw().CreateDataplane(ctx,
		airbyteapi.DataplaneCreateRequest{Name: "mine", RegionID: regions[0].RegionID}))
	ok(t, err)
	if planes := collect(t, client.Dataplanes(ctx, regions[0].RegionID)); len(planes) != 1 || planes[0].DataplaneID != plane.DataplaneID {
		t.Errorf("Dataplanes = %+v", planes)
	}
	var groupID string
	for range 120 {
		group, err := transport.Decode[airbyteapi.GroupResponse](client.Raw().CreateGroup(ctx,
			airbyteapi.GroupCreateRequest{Name: "group " + string(rune('A'+len(groupID)%26)) + groupID, OrganizationID: f.OrganizationID()}))
		ok(t, err)
		groupID = group.GroupID
	}
	if groups := collect(t, client.Groups(ctx, f.OrganizationID())); len(groups) != 120 {
		t.Errorf("%d groups, want 120", len(groups))
	}
	_, err = transport.Decode[airbyteapi.GroupMemberResponse](client.Raw().AddGroupMember(ctx, groupID, airbyteapi.GroupMemberAddRequest{UserID: users[1].ID}))
	ok(t, err)
	if members := collect(t, client.GroupMembers(ctx, groupID)); len(members) != 1 || members[0].UserID != users[1].ID {
		t.Errorf("GroupMembers = %+v", members)
	}
	_, err = transport.Decode[airbyteapi.GroupPermissionResponse](client.Raw().CreateGroupPermission(ctx, groupID,
		airbyteapi.GroupPermissionCreateRequest{PermissionType: airbyteapi.PermissionTypeWorkspaceReader, WorkspaceID: nullable.NewNullableWithValue(w.ID())}))
	ok(t, err)
	if permissions := collect(t, client.GroupPermissions(ctx, groupID)); len(permissions) != 1 {
		t.Errorf("GroupPermissions = %+v", permissions)
	}
}

func TestT8EmbeddedTokensThroughRaw(t *testing.T) {
	f, w := workspaceOf(t)
	client := clientOf(t, f)
	_, err := transport.Decode[airbyteapi.EmbeddedScopedTokenResponse](
		client.Raw().GenerateEmbeddedScopedToken(t.Context(), airbyteapi.EmbeddedScopedTokenRequest{WorkspaceID: w.ID()}))
	if err != nil && !errors.Is(err, apierr.ErrUnsupported) && !errors.Is(err, apierr.ErrUnexpected) {
		t.Errorf("GenerateEmbeddedScopedToken: %v", err)
	}
	_, err = transport.Decode[airbyteapi.WorkspaceResponse](client.Raw().GetWorkspace(t.Context(), "5a1f8b1e-0000-4000-8000-000000000000"))
	if !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("an error through Raw: %v; want it mapped like all others", err)
	}
	community := airbytetest.New(t, airbytetest.WithEdition(airbytetest.Community))
	_, err = transport.Decode[airbyteapi.ApplicationRead](clientOf(t, community).Raw().CreateApplication(t.Context(), airbyteapi.ApplicationCreate{Name: "x"}))
	if !errors.Is(err, apierr.ErrUnsupported) {
		t.Errorf("an application on Community: %v; want unsupported", err)
	}
}
