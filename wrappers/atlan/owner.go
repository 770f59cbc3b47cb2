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

// Owners returns who owns the asset. What cannot be read as a list of names is left out: see [Entity.Attribute].
func (e *Entity) Owners() Owners { return ownersOf(e.view()) }

// Owners returns who owns the asset. What cannot be read as a list of names is left out: see [Entity.Attribute].
func (a *Asset[T]) Owners() Owners { return ownersOf(a.view()) }

func ownersOf(w view) Owners {
	users, _ := namesOf(w, attributeOwnerUsers)
	groups, _ := namesOf(w, attributeOwnerGroups)
	return Owners{Users: users, Groups: groups}
}

const attributeOwnerUsers, attributeOwnerGroups = "ownerUsers", "ownerGroups"

// namesOf reads a list of names. One in a form that nobody has heard of is not the lack of one: it is an error.
func namesOf(w view, attribute string) ([]string, error) {
	value, ok := w.Attribute(attribute)
	if !ok {
		return nil, nil
	}
	var names []string
	if err := json.Unmarshal(value, &names); err != nil {
		return nil, undecodable(attribute, err)
	}
	return names, nil
}

// SetOwners makes these the owners of the asset, all of them; none takes the owners away. When they are already, nothing
// is sent. Whether they exist is for the server to say, which does not look.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) SetOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	return h.handle.changeOwners(ctx, owners, nil)
}

// AddOwners adds owners to those that the asset has. When they are among them already, nothing is sent. Owners that cannot
// be read as a list of names are an error of kind [apierr.KindDecode], and nothing is sent: they would be lost.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) AddOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	return h.handle.changeOwners(ctx, owners, withNames)
}

func withNames(now, added []string) []string { return append(slices.Clip(now), added...) }

// RemoveOwners takes owners away and leaves the others. When none of them is one, nothing is sent. Errors are those of
// [Handle.AddOwners].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) RemoveOwners(ctx context.Context, owners Owners) (SaveResult, error) {
	return h.handle.changeOwners(ctx, owners, withoutNames)
}

func withoutNames(now, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(now), func(name string) bool { return slices.Contains(gone, name) })
}

// changeOwners writes the owners that change makes of those that there are and those that were given; without change those
// that were given are all.
func (h *handle) changeOwners(ctx context.Context, owners Owners, change func(now, given []string) []string) (SaveResult, error) {
	return h.edit(ctx, SaveOptions{}, func(a view) error {
		err := changeNames(a, attributeOwnerUsers, owners.Users, change)
		if err == nil {
			err = changeNames(a, attributeOwnerGroups, owners.Groups, change)
		}
		return about(h.typeName, h.label(), err)
	})
}

// changeNames writes a list whose order does not count, when it becomes another.
func changeNames(w view, attribute string, given []string, change func(now, given []string) []string) error {
	if len(given) == 0 && change != nil {
		return nil
	}
	now, unread := namesOf(w, attribute)
	next := given
	if change != nil {
		if unread != nil {
			return unread // writing the list would take those away who are in it
		}
		next = change(now, given)
	}
	if slices.Contains(next, "") && !slices.Contains(now, "") {
		return apierr.Invalid(service, "owners", "the name of an owner is empty")
	}
	next = distinct(next)
	if unread == nil && slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(next))) {
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
