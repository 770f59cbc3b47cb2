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
func (e *Entity) Owners() Owners { return ownersOf(e) }

// Owners returns who owns the asset.
func (a *Asset[T]) Owners() Owners { return ownersOf(a) }

func ownersOf(w attributeWriter) Owners {
	return Owners{Users: namesOf(w.Attribute("ownerUsers")), Groups: namesOf(w.Attribute("ownerGroups"))}
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
	return h.changeOwners(ctx, func(Owners) Owners { return owners })
}

// AddOwners adds owners to those that the asset has. When they are among them already, nothing is sent.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) AddOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	return h.changeOwners(ctx, func(now Owners) Owners {
		return Owners{Users: append(slices.Clip(now.Users), owners.Users...), Groups: append(slices.Clip(now.Groups), owners.Groups...)}
	})
}

// RemoveOwners takes owners away and leaves the others. When none of them is one, nothing is sent.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) RemoveOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	without := func(names, gone []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(gone, name) })
	}
	return h.changeOwners(ctx, func(now Owners) Owners {
		return Owners{Users: without(now.Users, owners.Users), Groups: without(now.Groups, owners.Groups)}
	})
}

func (h *Handle[T]) changeOwners(ctx context.Context, change func(Owners) Owners) (SaveResult, error) {
	return h.edit(ctx, h.little(), SaveOptions{}, func(a *Asset[T]) error {
		now := a.Owners()
		next := change(now)
		if slices.Contains(next.Users, "") && !slices.Contains(now.Users, "") || slices.Contains(next.Groups, "") && !slices.Contains(now.Groups, "") {
			return about(typeNameOf[T](), h.label(), apierr.Invalid(service, "owners", "the name of an owner is empty"))
		}
		if err := setNames(a, "ownerUsers", now.Users, next.Users); err != nil {
			return err
		}
		return setNames(a, "ownerGroups", now.Groups, next.Groups)
	})
}

// setNames writes a list whose order does not count, when it is another.
func setNames(w attributeWriter, attribute string, now, next []string) error {
	next = distinct(next)
	if slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(next))) {
		return nil
	}
	return w.SetAttribute(attribute, next)
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
