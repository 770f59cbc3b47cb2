package atlan

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// ConnectionAdmins are who may do everything with a connection. There must be at least one: nobody could use it
// otherwise, and the server refuses it.
type ConnectionAdmins struct {
	// Users are user names.
	Users []string
	// Groups are the names of groups as people see them (their aliases).
	Groups []string
	// Roles are the guids of roles, such as that of $admin.
	Roles []string
}

// connectionEpoch gives the connections of a client names that differ: they end in a second of time.
type connectionEpoch struct{ last atomic.Int64 }

func (e *connectionEpoch) next() int64 {
	for {
		last := e.last.Load()
		next := max(time.Now().Unix(), last+1)
		if e.last.CompareAndSwap(last, next) {
			return next
		}
	}
}

// NewConnection returns a new connection of a connector, such as "snowflake" (atlanassets has those that are known).
// Its qualifiedName is default/connector/second: two connections of one client never have the same, also when they are
// made in the same second. The server appends whoever saves it to the admins.
//
// Errors of kind [apierr.KindInvalid]: an empty name, a connector that is not made of small letters, digits and hyphens
// (imports refuse what lies under such a connection), no admins. It does no I/O; whether the admins exist is for the
// server to say.
func (c *Client) NewConnection(name, connector string, admins ConnectionAdmins) (*Asset[atlanassets.Connection], error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	if err := checkConnector("connector", connector); err != nil {
		return nil, err
	}
	if len(admins.Users)+len(admins.Groups)+len(admins.Roles) == 0 {
		return nil, apierr.Invalid(service, "admins", "a connection needs at least one admin: a user, a group or a role")
	}
	for field, list := range map[string][]string{"adminUsers": admins.Users, "adminGroups": admins.Groups, "adminRoles": admins.Roles} {
		for _, admin := range list {
			if err := checkName(field, admin); err != nil {
				return nil, err
			}
		}
	}
	a := NewAsset[atlanassets.Connection]()
	t := &a.Attributes
	t.Name.Set(name)
	t.QualifiedName.Set("default/" + connector + "/" + strconv.FormatInt(c.epoch.next(), 10))
	t.ConnectorName.Set(connector)
	if category, known := atlanassets.AtlanConnectorType(connector).Category(); known {
		t.Category.Set(string(category))
	} else {
		t.Category.Set(string(atlanassets.AtlanConnectionCategoryCustom))
	}
	for list, to := range map[*[]string]*atlanassets.Attribute[[]string]{
		&admins.Users: &t.AdminUsers, &admins.Groups: &t.AdminGroups, &admins.Roles: &t.AdminRoles,
	} {
		if len(*list) > 0 {
			to.Set(distinct(*list))
		}
	}
	return a, nil
}
