package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Restore makes an archived asset active again: it is saved once more with nothing but what identifies it, so that its
// attributes, tags and custom metadata are those that it was archived with. One that is active already is reported as
// [Unchanged] and not saved. Archiving takes effect after the call that asks for it: wait with [Client.WaitArchived]
// before restoring, or the asset may be archived after all.
//
// One that does not exist, or was purged, is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (c *Client) Restore(ctx context.Context, guid string) (SaveResult, error) {
	e, err := c.Entity(ctx, guid, ReadOptions{Minimal: true})
	if err != nil {
		return SaveResult{}, err
	}
	return c.restore(ctx, e)
}

// restore saves an entity as active.
func (c *Client) restore(ctx context.Context, e *Entity) (SaveResult, error) {
	if e.Status == StatusActive {
		return resultOf(e, Unchanged), nil
	}
	if e.Status != StatusDeleted {
		return SaveResult{}, about(e.TypeName, e.GUID, apierr.Invalid(service, memberStatus, "an asset that is %s cannot be restored", e.Status))
	}
	active, err := trimmed(e)
	if err != nil {
		return SaveResult{}, about(e.TypeName, e.GUID, err)
	}
	active.Status = StatusActive
	report, err := c.Save(ctx, active)
	if err != nil {
		return SaveResult{}, err
	}
	return report.Items[0], nil
}
