package atlan

import (
	"context"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// Announcement is what is shown to everybody who looks at an asset.
type Announcement struct {
	// Type is information, warning or issue; new ones may come.
	Type atlanassets.AnnouncementType
	// Title is needed, Message may be empty.
	Title, Message string
	// UpdatedAt and UpdatedBy say when and by whom it was made; the server fills them.
	UpdatedAt time.Time
	UpdatedBy string
}

// Announcement returns the announcement on the asset, and whether there is one.
func (e *Entity) Announcement() (Announcement, bool) { return announcementOf(e.view()) }

// Announcement returns the announcement on the asset, and whether there is one.
func (a *Asset[T]) Announcement() (Announcement, bool) { return announcementOf(a.view()) }

func announcementOf(v view) (Announcement, bool) {
	kind := textOf(v.Attribute("announcementType"))
	if kind == "" {
		return Announcement{}, false
	}
	return Announcement{
		Type: atlanassets.AnnouncementType(kind), Title: textOf(v.Attribute("announcementTitle")), Message: textOf(v.Attribute("announcementMessage")),
		UpdatedAt: momentOf(v.Attribute("announcementUpdatedAt")), UpdatedBy: textOf(v.Attribute("announcementUpdatedBy")),
	}, true
}

// Announce puts an announcement on the asset, in the place of the one that is there. When it is there already, nothing is
// sent. An empty type or title is an error of category [ErrInvalidRequest]; UpdatedAt and UpdatedBy do not count.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) Announce(ctx context.Context, announcement Announcement) (SaveResult, error) {
	return h.handle.announce(ctx, announcement)
}

func (h *handle) announce(ctx context.Context, announcement Announcement) (SaveResult, error) {
	if err := required("type", string(announcement.Type), "title", announcement.Title); err != nil {
		return SaveResult{}, about(h.typeName, h.label(), err)
	}
	return h.edit(ctx, SaveOptions{}, func(v view) error {
		if err := v.SetAttribute("announcementType", announcement.Type); err != nil {
			return err
		}
		if err := v.SetAttribute("announcementTitle", announcement.Title); err != nil {
			return err
		}
		return setOrClear(v, "announcementMessage", announcement.Message)
	})
}

// RemoveAnnouncement takes the announcement away. When there is none, nothing is sent.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) RemoveAnnouncement(ctx context.Context) (SaveResult, error) {
	return h.handle.clear(ctx, "announcementType", "announcementTitle", "announcementMessage")
}

// Announce puts an announcement on an asset. See [Handle.Announce].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) Announce(ctx context.Context, qualifiedName string, announcement Announcement) (SaveResult, error) {
	return s.Handle(qualifiedName).Announce(ctx, announcement)
}

// RemoveAnnouncement takes the announcement of an asset away. See [Handle.RemoveAnnouncement].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) RemoveAnnouncement(ctx context.Context, qualifiedName string) (SaveResult, error) {
	return s.Handle(qualifiedName).RemoveAnnouncement(ctx)
}
