package atlan

import (
	"context"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
)

// Handle is one asset, known by its qualifiedName or its guid, that is read when something of it is asked for. It is safe
// for concurrent use and must not be copied.
type Handle[T atlanassets.Type] struct{ handle handle }

// handle does the work of a [Handle], once for all types of assets: the compiler makes each method of [Handle] anew for
// every type.
type handle struct {
	client        *Client
	typeName      string
	asset         func(*Entity) Item // gives an entity the type
	qualifiedName string
	guid          string
	byGUID        bool
	entity        lazy.Value[*Entity]
}

func newHandle[T atlanassets.Type](c *Client, qualifiedName, guid string, byGUID bool) *Handle[T] {
	return &Handle[T]{handle{
		client: c, typeName: typeNameOf[T](), asset: func(e *Entity) Item { return assetOf[T](e) },
		qualifiedName: qualifiedName, guid: guid, byGUID: byGUID,
	}}
}

// Asset returns the asset, reading it first when that was not done yet, once for all who ask. Each call returns a copy of
// its own, which may be changed and saved. A failed read is not remembered. Errors are those of [Get] and [GetByGUID].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
func (h *Handle[T]) Asset(ctx context.Context) (*Asset[T], error) {
	return assetFrom[T](h.handle.get(ctx))
}

func (h *handle) get(ctx context.Context) (*Entity, error) { return copied(h.entity.Get(ctx, h.load)) }

// Refresh reads the asset again and returns it.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
func (h *Handle[T]) Refresh(ctx context.Context) (*Asset[T], error) {
	return assetFrom[T](h.handle.refresh(ctx))
}

func (h *handle) refresh(ctx context.Context) (*Entity, error) {
	return copied(h.entity.Refresh(ctx, h.load))
}

// copied is a copy of what was read, which the caller may change.
func copied(e *Entity, err error) (*Entity, error) {
	if err != nil {
		return nil, err
	}
	return cloned(e), nil
}

// Cached returns the asset as it was last read, and when that was. It does no I/O and reports false when the asset was
// not read yet, or was changed through the handle since.
func (h *Handle[T]) Cached() (*Asset[T], time.Time, bool) {
	e, at, ok := h.handle.cached()
	if !ok {
		return nil, time.Time{}, false
	}
	return assetOf[T](e), at, true
}

func (h *handle) cached() (*Entity, time.Time, bool) {
	e, at, ok := h.entity.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	return cloned(e), at, true
}

func (h *handle) load(ctx context.Context) (*Entity, error) { return h.read(ctx, ReadOptions{}) }

func (h *handle) read(ctx context.Context, o ReadOptions) (*Entity, error) {
	var e *Entity
	var err error
	if h.byGUID {
		e, err = h.client.Entity(ctx, h.guid, o)
	} else {
		e, err = h.client.EntityByQualifiedName(ctx, h.typeName, h.qualifiedName, o)
	}
	if err != nil {
		return nil, err
	}
	if err := mustBe(e, h.typeName); err != nil {
		return nil, about(h.typeName, h.label(), err)
	}
	return e, nil
}

func (h *handle) label() string {
	if h.byGUID {
		return h.guid
	}
	return h.qualifiedName
}

// Update reads the asset, lets change do its work on it and saves what it changed. When change touches nothing there is no
// save and the outcome is [Unchanged]. An error of change is returned as it is. Two updates at once overwrite each other in
// the attributes that both change: the server cannot tell.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) Update(ctx context.Context, change func(*Asset[T]) error) (SaveResult, error) {
	return h.handle.update(ctx, ReadOptions{}, SaveOptions{}, func(e *Entity) (Item, error) {
		a := assetOf[T](e)
		return a, change(a)
	})
}

// edit changes the attributes of an asset, of which it reads little.
func (h *handle) edit(ctx context.Context, save SaveOptions, change func(view) error) (SaveResult, error) {
	return h.update(ctx, h.little(), save, func(e *Entity) (Item, error) {
		item := h.asset(e)
		return item, change(item.view())
	})
}

// update reads the asset and saves what change makes of it.
func (h *handle) update(ctx context.Context, read ReadOptions, save SaveOptions, change func(*Entity) (Item, error)) (SaveResult, error) {
	e, err := h.read(ctx, read)
	if err != nil {
		return SaveResult{}, err
	}
	item, err := change(e)
	if err != nil {
		return SaveResult{}, err
	}
	report, err := h.client.SaveWith(ctx, save, item)
	if err != nil {
		h.entity.Forget() // who knows
		return SaveResult{}, err
	}
	if report.Changed() {
		h.entity.Forget()
	}
	return report.Items[0], nil
}

// little is how much has to be read of an asset to change an attribute of it.
func (h *handle) little() ReadOptions {
	switch h.typeName {
	case "AtlasGlossaryTerm", "AtlasGlossaryCategory", "Folder", "Query", "AuthPolicy", "Asset", "Referenceable":
		return ReadOptions{Minimal: true} // a save needs their glossary, folder or persona
	}
	return minimalRead
}

// Ref returns a reference to the asset: by the guid or the qualifiedName that the handle was made with. It does no I/O.
func (h *Handle[T]) Ref() atlanassets.Ref { return h.handle.ref() }

func (h *handle) ref() atlanassets.Ref {
	return atlanassets.Ref{TypeName: h.typeName, GUID: h.guid, QualifiedName: h.qualifiedName}
}

// id returns the guid of the asset, reading it when the handle knows the qualifiedName only.
func (h *handle) id(ctx context.Context) (string, error) {
	if h.byGUID {
		return h.guid, nil
	}
	e, err := h.read(ctx, minimalRead)
	if err != nil {
		return "", err
	}
	return e.GUID, nil
}

// Archive archives the asset and waits until it is. See [Client.Archive].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation DELETE /api/meta/entity/bulk
func (h *Handle[T]) Archive(ctx context.Context) (*DeleteReport, error) {
	return h.handle.archive(ctx)
}

func (h *handle) archive(ctx context.Context) (*DeleteReport, error) {
	defer h.entity.Forget()
	guid, err := h.id(ctx)
	if err != nil {
		return nil, err
	}
	return h.client.Archive(ctx, guid)
}

// Delete archives or removes the asset. See [Client.Delete].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation DELETE /api/meta/entity/bulk
func (h *Handle[T]) Delete(ctx context.Context, mode DeleteMode) (*DeleteReport, error) {
	return h.handle.remove(ctx, mode)
}

func (h *handle) remove(ctx context.Context, mode DeleteMode) (*DeleteReport, error) {
	defer h.entity.Forget()
	guid, err := h.id(ctx)
	if err != nil {
		return nil, err
	}
	return h.client.Delete(ctx, mode, guid)
}

// Restore makes the asset active again. See [Client.Restore].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) Restore(ctx context.Context) (SaveResult, error) { return h.handle.restore(ctx) }

func (h *handle) restore(ctx context.Context) (SaveResult, error) {
	defer h.entity.Forget()
	e, err := h.read(ctx, ReadOptions{Minimal: true})
	if err != nil {
		return SaveResult{}, err
	}
	return h.client.restore(ctx, e)
}
