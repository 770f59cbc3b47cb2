package atlan

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// DeleteMode is how thorough a deletion is.
type DeleteMode string

// The modes.
const (
	// DeleteArchive hides the asset: its status is DELETED, and [Client.Restore] brings it back.
	DeleteArchive DeleteMode = "SOFT"
	// DeleteHard removes the asset and keeps its audit events.
	DeleteHard DeleteMode = "HARD"
	// DeletePurge removes the asset and everything about it.
	DeletePurge DeleteMode = "PURGE"
)

// deletedAtOnce is how many assets one request deletes; the server does the work inside the call.
const deletedAtOnce = 50

// DeleteReport is what a deletion did.
type DeleteReport struct {
	// Assets are those that are archived or gone, those included that went with another, such as the columns of a table.
	Assets []SaveResult
}

// Has reports whether the asset of a guid is among those that were deleted.
func (r *DeleteReport) Has(guid string) bool {
	return slices.ContainsFunc(r.Assets, func(result SaveResult) bool { return result.GUID == guid })
}

// Delete archives or removes assets, 50 in a request, one request after the other: an error in the middle leaves those
// before deleted, which the report that comes with it says. It may be repeated: what is gone already is no error and not
// in the report. Archiving takes effect some time after the call: [Client.Archive] waits for it.
//
// Archiving a glossary category is an error of category [ErrInvalidRequest], as the server has no such thing (the assets
// are read first, to see their types, and one that does not exist is [ErrNotFound]). So is a mode that is none of the
// three, and an empty guid.
//
// Purge a connection while it is active: of one that was archived before, the server leaves the role of its admins and its
// policies behind (atlas-metastore's ConnectionPreProcessor).
//
//sluice:operation DELETE /api/meta/entity/bulk
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) Delete(ctx context.Context, mode DeleteMode, guids ...string) (*DeleteReport, error) {
	switch mode {
	case DeleteArchive, DeleteHard, DeletePurge:
	default:
		return nil, apierr.Invalid(service, "mode", "the mode %q is none of SOFT, HARD and PURGE", mode)
	}
	guids = distinct(guids)
	for _, guid := range guids {
		if err := checkGUID(guid); err != nil {
			return nil, about("asset", guid, err)
		}
	}
	if mode == DeleteArchive {
		if err := c.checkArchive(ctx, guids); err != nil {
			return nil, err
		}
	}
	report := &DeleteReport{}
	for chunk := range slices.Chunk(guids, deletedAtOnce) {
		if err := c.deleteInto(ctx, report, mode, chunk); err != nil {
			return report, err
		}
	}
	return report, nil
}

// deleteInto deletes assets in one request. A server that refuses the whole because one of them is gone is asked for the
// halves: gone is what was wanted, and what a lost answer leaves.
func (c *Client) deleteInto(ctx context.Context, report *DeleteReport, mode DeleteMode, guids []string) error {
	kind := atlanapi.AtlanDeleteType(mode)
	answer, err := transport.Decode[mutations](c.raw.DeleteEntitiesByGuids(c.underConnection(ctx, guids...), &atlanapi.DeleteEntitiesByGuidsParams{GUID: guids, DeleteType: &kind}))
	switch {
	case isNoAsset(err) && len(guids) == 1:
		return nil
	case isNoAsset(err):
		half := len(guids) / 2
		if err := c.deleteInto(ctx, report, mode, guids[:half]); err != nil {
			return err
		}
		return c.deleteInto(ctx, report, mode, guids[half:])
	case err != nil && len(guids) == 1:
		return about("asset", guids[0], err)
	case err != nil:
		return err
	}
	for _, e := range answer.entities {
		if outcome := answer.outcomes[e.GUID]; outcome == Deleted || outcome == Purged {
			report.Assets = append(report.Assets, resultOf(e, outcome))
		}
	}
	return nil
}

// checkArchive refuses what cannot be archived (pyatlan's core/atlas_glossary_category.py).
func (c *Client) checkArchive(ctx context.Context, guids []string) error {
	found, missing, err := c.Entities(ctx, guids, minimalRead)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return about("asset", missing[0], notFound("there is no asset with this guid"))
	}
	for _, e := range found {
		if e.TypeName == "AtlasGlossaryCategory" {
			refused := apierr.Invalid(service, "mode", "a glossary category cannot be archived")
			refused.Hint = "Use DeleteHard or DeletePurge."
			return about(e.TypeName, e.QualifiedName(), refused)
		}
	}
	return nil
}

// Archive archives assets and waits until they are: [Client.Delete] with [DeleteArchive], then [Client.WaitArchived].
//
//sluice:operation DELETE /api/meta/entity/bulk
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) Archive(ctx context.Context, guids ...string) (*DeleteReport, error) {
	report, err := c.Delete(ctx, DeleteArchive, guids...)
	if err != nil {
		return report, err
	}
	return report, c.WaitArchived(ctx, guids...)
}

// The pauses between two looks of [Client.WaitArchived].
const (
	archiveShortest = 500 * time.Millisecond
	archiveLongest  = 5 * time.Second
)

// WaitArchived waits until each of these assets has the status DELETED: the server archives behind the call that asks for
// it. It reads them again and again and ends with ctx, whose cause it then returns. An asset that does not exist, purged
// meanwhile for example, is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) WaitArchived(ctx context.Context, guids ...string) error {
	left := distinct(guids)
	for pause := archiveShortest; len(left) > 0; pause = min(2*pause, archiveLongest) {
		found, missing, err := c.Entities(ctx, left, minimalRead)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return about("asset", missing[0], notFound("there is no asset with this guid"))
		}
		left = left[:0]
		for _, e := range found {
			if e.Status != StatusDeleted {
				left = append(left, e.GUID)
			}
		}
		if len(left) > 0 && !sleep(ctx, pause) {
			return about("asset", left[0], canceled(ctx))
		}
	}
	return nil
}

// canceled is the error of a wait that ended with its context.
func canceled(ctx context.Context) error {
	e := &apierr.Error{Service: service, Kind: apierr.KindCanceled, Message: "the wait ended", Err: context.Cause(ctx)}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind = apierr.KindTimeout
	}
	return e
}
