package tidemark

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"time"

	"example.com/tidemark/tidemarkapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/paging"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// ErrBackupRunning is a database that is being backed up already. It comes inside an error of kind conflict.
var ErrBackupRunning = errors.New("a backup of the database is running")

// Backups returns the backups of a database, the newest first.
//
//sluice:operation GET /backups
func (c *Client) Backups(ctx context.Context, database string) iter.Seq2[tidemarkapi.Backup, error] {
	return paging.Cursor(ctx, "", func(ctx context.Context, cursor string) (page paging.CursorPage[tidemarkapi.Backup], err error) {
		if err := transport.CheckID(service, "database", database); err != nil {
			return page, err
		}
		params := &tidemarkapi.ListBackupsParams{DatabaseID: &database, Cursor: paging.Param(cursor)}
		list, err := transport.Decode[tidemarkapi.BackupList](c.raw.ListBackups(ctx, params))
		if err == nil {
			page.Items, page.Next = list.Backups, list.NextCursor
		}
		return page, err
	})
}

// Backup reads one backup: wait for it, watch it, cancel it, or keep its token.
//
//sluice:operation GET /backups/{backup_id}
func (c *Client) Backup(ctx context.Context, id string) (*job.Job, error) {
	if err := transport.CheckID(service, kind, id); err != nil {
		return nil, err
	}
	backup, err := transport.Decode[tidemarkapi.Backup](c.raw.GetBackup(ctx, id))
	if err != nil {
		return nil, err
	}
	return c.backups.Job(snapshot(backup)), nil
}

// Resume returns the backup that a token names, without I/O. The error is that of [job.Poller.Resume].
func (c *Client) Resume(token job.Token) (*job.Job, error) { return c.backups.Resume(token) }

// StartBackup starts a backup of a database, once: all its requests carry one idempotency key, by which the service knows
// them for the same. When it gives up, [apierr.Error.MayHaveApplied] says whether a backup may have been started; who may
// want to ask again then, from any process, brings a key: [transport.WithIdempotencyKey]. See also [ErrBackupRunning].
//
//sluice:operation POST /backups
func (c *Client) StartBackup(ctx context.Context, database string) (*job.Job, error) {
	if err := transport.CheckID(service, "database", database); err != nil {
		return nil, err
	}
	if _, own := transport.IdempotencyKey(ctx); !own {
		ctx = transport.WithIdempotencyKey(ctx, rand.Text())
	}
	for pause, doubt := time.Second, false; ; pause, doubt = 4*pause, true {
		backup, err := transport.Decode[tidemarkapi.Backup](c.raw.CreateBackup(ctx, nil, tidemarkapi.BackupRequest{DatabaseID: database}))
		if err == nil {
			return c.backups.Job(snapshot(backup)), nil
		}
		e, _ := errors.AsType[*apierr.Error](err) // as every error of the transport
		if e.MayHaveApplied = e.MayHaveApplied || doubt; !e.MayHaveApplied || pause > time.Minute {
			return nil, e
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), e)
		}
	}
}

// RunBackup starts a backup and waits for it: one that failed is a [job.FailedError], a wait that ended before the backup
// is a [job.WaitError], and the backup comes with both.
func (c *Client) RunBackup(ctx context.Context, database string, opts ...job.WaitOption) (*job.Job, error) {
	backup, err := c.StartBackup(ctx, database)
	if err == nil {
		_, err = backup.Wait(ctx, opts...)
	}
	return backup, err
}
