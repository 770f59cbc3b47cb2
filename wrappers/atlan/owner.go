package atlan

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Owners are who owns an asset.
type Owners struct {
	// Users are user names, Groups the internal names of groups.
	Users, Groups []string
}

// Owners returns who owns the asset.
func (e *Entity) Owners() Owners { return ownersOf(e.view()) }

// Owners returns who owns the asset.
func (a *Asset[T]) Owners() Owners { return ownersOf(a.view()) }

func ownersOf(v view) Owners {
	return Owners{Users: namesOf(v.Attribute("ownerUsers")), Groups: namesOf(v.Attribute("ownerGroups"))}
}

func namesOf(value json.RawMessage, ok bool) []string {
	var names []string
	if ok && json.Unmarshal(value, &names) != nil {
		return nil
	}
	return names
}

// SetOwners makes these the owners of the asset, all of them; none takes the owners away. When they are already, nothing
// is sent. Whether they exist is for the server to say, which does not look.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) SetOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	return h.handle.changeOwners(ctx, owners, func(_, these Owners) Owners { return these })
}

// AddOwners adds owners to those that the asset has. When they are among them already, nothing is sent.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) AddOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	return h.handle.changeOwners(ctx, owners, Owners.and)
}

func (o Owners) and(more Owners) Owners {
	return Owners{Users: append(slices.Clip(o.Users), more.Users...), Groups: append(slices.Clip(o.Groups), more.Groups...)}
}

// RemoveOwners takes owners away and leaves the others. When none of them is one, nothing is sent.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) RemoveOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	return h.handle.changeOwners(ctx, owners, Owners.without)
}

func (o Owners) without(gone Owners) Owners {
	without := func(names, gone []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(gone, name) })
	}
	return Owners{Users: without(o.Users, gone.Users), Groups: without(o.Groups, gone.Groups)}
}

func (h *handle) changeOwners(ctx context.Context, owners Owners, change func(now, owners Owners) Owners) (SaveResult, error) {
	return h.edit(ctx, SaveOptions{}, func(a view) error {
		now := ownersOf(a)
		next := change(now, owners)
		if slices.Contains(next.Users, "") && !slices.Contains(now.Users, "") || slices.Contains(next.Groups, "") && !slices.Contains(now.Groups, "") {
			return about(h.typeName, h.label(), apierr.Invalid(service, "owners", "the name of an owner is empty"))
		}
		if err := setNames(a, "ownerUsers", now.Users, next.Users); err != nil {
			return err
		}
		return setNames(a, "ownerGroups", now.Groups, next.Groups)
	})
}

// setNames writes a list whose order does not count, when it is another.
func setNames(v view, attribute string, now, next []string) error {
	next = distinct(next)
	if slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(next))) {
		return nil
	}
	return v.SetAttribute(attribute, next)
}

// SetOwners makes these the owners of an asset. See [Handle.SetOwners].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) SetOwners(ctx context.Context, qualifiedName string, owners Owners) (SaveResult, error) {
	return s.Handle(qualifiedName).SetOwners(ctx, owners)
}

// AddOwners adds owners to those that an asset has. See [Handle.AddOwners].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) AddOwners(ctx context.Context, qualifiedName string, owners Owners) (SaveResult, error) {
	return s.Handle(qualifiedName).AddOwners(ctx, owners)
}

// RemoveOwners takes owners of an asset away. See [Handle.RemoveOwners].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) RemoveOwners(ctx context.Context, qualifiedName string, owners Owners) (SaveResult, error) {
	return s.Handle(qualifiedName).RemoveOwners(ctx, owners)
}
