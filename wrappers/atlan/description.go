package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// Describe writes the description that people see and edit (userDescription), which stands above the one that a crawler
// found (description). An empty text takes it away. When it is the description already, nothing is sent.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) Describe(ctx context.Context, text string) (SaveResult, error) {
	return h.handle.describe(ctx, text)
}

func (h *handle) describe(ctx context.Context, text string) (SaveResult, error) {
	return h.edit(ctx, SaveOptions{}, func(v view) error { return setOrClear(v, "userDescription", text) })
}

// SetReadme writes the README of the asset, which is HTML, in the place of the one that is there.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) SetReadme(ctx context.Context, content string) (SaveResult, error) {
	return h.handle.setReadme(ctx, content)
}

func (h *handle) setReadme(ctx context.Context, content string) (SaveResult, error) {
	e, err := h.read(ctx, minimalRead)
	if err != nil {
		return SaveResult{}, err
	}
	readme, err := NewReadme(atlanassets.Ref{TypeName: e.TypeName, GUID: e.GUID}, e.Name(), content)
	if err != nil {
		return SaveResult{}, about(e.TypeName, h.label(), err)
	}
	return h.attach(ctx, readme)
}

// AddLink adds a link to a web page to the asset. A link of the same title gets the new URL.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) AddLink(ctx context.Context, title, url string) (SaveResult, error) {
	return h.handle.addLink(ctx, title, url)
}

func (h *handle) addLink(ctx context.Context, title, url string) (SaveResult, error) {
	e, err := h.read(ctx, minimalRead)
	if err != nil {
		return SaveResult{}, err
	}
	link, err := NewLink(atlanassets.Ref{TypeName: e.TypeName, GUID: e.GUID, QualifiedName: e.QualifiedName()}, title, url)
	if err != nil {
		return SaveResult{}, about(e.TypeName, h.label(), err)
	}
	return h.attach(ctx, link)
}

// attach saves something that belongs to the asset.
func (h *handle) attach(ctx context.Context, item Item) (SaveResult, error) {
	report, err := h.client.Save(ctx, item)
	h.entity.Forget()
	if err != nil {
		return SaveResult{}, err
	}
	return report.Items[0], nil
}

// Describe writes the description of an asset. See [Handle.Describe].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) Describe(ctx context.Context, qualifiedName, text string) (SaveResult, error) {
	return s.Handle(qualifiedName).Describe(ctx, text)
}
