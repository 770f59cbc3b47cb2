package atlan

import (
	"context"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
)

// Handle is one asset, known by its qualifiedName or its guid, that is read when something of it is asked for. It is safe
// for concurrent use and must not be copied.
type Handle[T atlanassets.Type] struct {
	client        *Client
	qualifiedName string
	guid          string
	byGUID        bool
	entity        lazy.Value[*Entity]
}

// Asset returns the asset, reading it first when that was not done yet, once for all who ask. Each call returns a copy of
// its own, which may be changed and saved. A failed read is not remembered. Errors are those of [Get] and [GetByGUID].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
func (h *Handle[T]) Asset(ctx context.Context) (*Asset[T], error) {
	e, err := h.entity.Get(ctx, h.load)
	if err != nil {
		return nil, err
	}
	return h.asset(e)
}

// Refresh reads the asset again and returns it.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
func (h *Handle[T]) Refresh(ctx context.Context) (*Asset[T], error) {
	e, err := h.entity.Refresh(ctx, h.load)
	if err != nil {
		return nil, err
	}
	return h.asset(e)
}

// Cached returns the asset as it was last read, and when that was. It does no I/O and reports false when the asset was
// not read yet, or was changed through the handle since.
func (h *Handle[T]) Cached() (*Asset[T], time.Time, bool) {
	e, at, ok := h.entity.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	a, err := h.asset(e)
	return a, at, err == nil
}

func (h *Handle[T]) load(ctx context.Context) (*Entity, error) { return h.read(ctx, ReadOptions{}) }

func (h *Handle[T]) read(ctx context.Context, o ReadOptions) (*Entity, error) {
	var e *Entity
	var err error
	if h.byGUID {
		e, err = h.client.Entity(ctx, h.guid, o)
	} else {
		e, err = h.client.EntityByQualifiedName(ctx, typeNameOf[T](), h.qualifiedName, o)
	}
	if err != nil {
		return nil, err
	}
	if want := typeNameOf[T](); !e.is(want) {
		_, err = assetOf[T](e)
		return nil, about(want, h.label(), err)
	}
	return e, nil
}

func (h *Handle[T]) asset(e *Entity) (*Asset[T], error) {
	own, err := e.whole()
	if err != nil {
		return nil, err
	}
	return assetOf[T](own)
}

func (h *Handle[T]) label() string {
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
	return h.edit(ctx, ReadOptions{}, SaveOptions{}, change)
}

// edit is Update with a read of a size.
func (h *Handle[T]) edit(ctx context.Context, read ReadOptions, save SaveOptions, change func(*Asset[T]) error) (SaveResult, error) {
	e, err := h.read(ctx, read)
	if err != nil {
		return SaveResult{}, err
	}
	a, err := assetOf[T](e)
	if err != nil {
		return SaveResult{}, about(typeNameOf[T](), h.label(), err)
	}
	if err := change(a); err != nil {
		return SaveResult{}, err
	}
	report, err := h.client.SaveWith(ctx, save, a)
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
func (h *Handle[T]) little() ReadOptions {
	switch typeNameOf[T]() {
	case "AtlasGlossaryTerm", "AtlasGlossaryCategory", "Folder", "Query", "AuthPolicy", "Asset", "Referenceable":
		return ReadOptions{Minimal: true} // a save needs their glossary, folder or persona
	}
	return minimalRead
}

// Ref returns a reference to the asset: by the guid or the qualifiedName that the handle was made with. It does no I/O.
func (h *Handle[T]) Ref() atlanassets.Ref {
	return atlanassets.Ref{TypeName: typeNameOf[T](), GUID: h.guid, QualifiedName: h.qualifiedName}
}

// id returns the guid of the asset, reading it when the handle knows the qualifiedName only.
func (h *Handle[T]) id(ctx context.Context) (string, error) {
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
func (h *Handle[T]) Restore(ctx context.Context) (SaveResult, error) {
	defer h.entity.Forget()
	e, err := h.read(ctx, ReadOptions{Minimal: true})
	if err != nil {
		return SaveResult{}, err
	}
	return h.client.restore(ctx, e)
}
