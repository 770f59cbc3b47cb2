package atlantest

import (
	"time"
)

type user struct {
	id, name, email, first, last, roleName string
	enabled                                bool
	since                                  time.Time
	groups                                 []*group
}

func (u *user) minimal() map[string]any {
	return map[string]any{
		"id": u.id, "username": u.name, "email": u.email, "emailVerified": true, "enabled": u.enabled, "firstName": u.first,
		"lastName": u.last, "attributes": map[string]any{}, "createdTimestamp": u.since.UnixMilli(),
	}
}

type group struct {
	id, name, alias, description string
	isDefault                    bool
	since                        time.Time
	by                           string
}

type role struct{ id, name, description string }

type oauthClient struct {
	guid, id, secret, name, description, role, by string
	personas                                      []string
	since                                         time.Time
}

func (f *Fake) userNamed(name string) *user {
	for _, u := range f.users {
		if u.name == name {
			return u
		}
	}
	return nil
}
