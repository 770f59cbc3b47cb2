package airbyte

import (
	"context"
	"iter"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Who may do what: applications, users, groups and permissions. What is not here is one call away with [Client.Raw].

// Application is an id and a secret that access tokens are made from. ClientSecret is the secret itself on creation; take
// care not to log it.
type Application = airbyteapi.ApplicationRead

// Applications lists the applications of the credentials' user, in one call.
//
//sluice:operation GET /applications
func (c *Client) Applications(ctx context.Context) iter.Seq2[Application, error] {
	return oneCall(ctx, func(ctx context.Context) ([]Application, error) {
		answer, err := transport.Decode[airbyteapi.ApplicationReadList](c.raw.ListApplications(ctx))
		if err != nil {
			return nil, err
		}
		return answer.Applications, nil
	})
}

// User is a user of an organization.
type User = airbyteapi.UserResponse

// Users lists the users of an organization, in one call.
//
//sluice:operation GET /users
func (c *Client) Users(ctx context.Context, organizationID string) iter.Seq2[User, error] {
	return oneCall(ctx, func(ctx context.Context) ([]User, error) {
		if err := checkID("organization", organizationID); err != nil {
			return nil, err
		}
		answer, err := transport.Decode[airbyteapi.UsersResponse](c.raw.ListUsersWithinAnOrganization(ctx,
			&airbyteapi.ListUsersWithinAnOrganizationParams{OrganizationID: organizationID}))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	})
}

// Group is a group of users of an organization.
type Group = airbyteapi.GroupResponse

// Groups lists the groups of an organization. Pages are read as the loop goes on. Older servers have no groups, and
// answer with [apierr.ErrNotFound].
//
//sluice:operation GET /groups
func (c *Client) Groups(ctx context.Context, organizationID string) iter.Seq2[Group, error] {
	if err := checkID("organization", organizationID); err != nil {
		return failed[Group](err)
	}
	return pages(ctx, func(ctx context.Context, limit, offset int32) ([]Group, error) {
		answer, err := transport.Decode[airbyteapi.GroupsResponse](c.raw.ListGroups(ctx,
			&airbyteapi.ListGroupsParams{OrganizationID: organizationID, Limit: &limit, Offset: &offset}))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	}, func(g Group) string { return g.GroupID })
}

// GroupMember is a user in a group.
type GroupMember = airbyteapi.GroupMemberResponse

// GroupMembers lists the members of a group. Pages are read as the loop goes on.
//
//sluice:operation GET /groups/{groupId}/members
func (c *Client) GroupMembers(ctx context.Context, groupID string) iter.Seq2[GroupMember, error] {
	if err := checkID("group", groupID); err != nil {
		return failed[GroupMember](err)
	}
	return pages(ctx, func(ctx context.Context, limit, offset int32) ([]GroupMember, error) {
		answer, err := transport.Decode[airbyteapi.GroupMembersResponse](c.raw.ListGroupMembers(ctx, groupID,
			&airbyteapi.ListGroupMembersParams{Limit: &limit, Offset: &offset}))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	}, func(m GroupMember) string { return m.UserID })
}

// GroupPermission is what a group may do.
type GroupPermission = airbyteapi.GroupPermissionResponse

// GroupPermissions lists what a group may do, in one call.
//
//sluice:operation GET /groups/{groupId}/permissions
func (c *Client) GroupPermissions(ctx context.Context, groupID string) iter.Seq2[GroupPermission, error] {
	return oneCall(ctx, func(ctx context.Context) ([]GroupPermission, error) {
		if err := checkID("group", groupID); err != nil {
			return nil, err
		}
		answer, err := transport.Decode[airbyteapi.GroupPermissionsResponse](c.raw.ListGroupPermissions(ctx, groupID))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	})
}

// Permission is what a user may do, and where.
type Permission = airbyteapi.PermissionResponseRead

// PermissionFilter says whose permissions are listed. The zero filter means the credentials' own user.
type PermissionFilter struct {
	// UserID is a user; OrganizationID limits the list to one organization.
	UserID, OrganizationID string
}

// Permissions lists what a user may do, in one call.
//
//sluice:operation GET /permissions
func (c *Client) Permissions(ctx context.Context, filter PermissionFilter) iter.Seq2[Permission, error] {
	return oneCall(ctx, func(ctx context.Context) ([]Permission, error) {
		for field, id := range map[string]string{"user": filter.UserID, "organization": filter.OrganizationID} {
			if id == "" {
				continue
			}
			if err := checkID(field, id); err != nil {
				return nil, err
			}
		}
		answer, err := transport.Decode[airbyteapi.PermissionsResponse](c.raw.ListPermissions(ctx,
			&airbyteapi.ListPermissionsParams{UserID: optional(filter.UserID), OrganizationID: optional(filter.OrganizationID)}))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	})
}
