package sqlstore

import (
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

const linkColumns = `id, purpose, account_id, workspace_id, email, shown, secret_hash, created_at, expires_at, used_at`

// fewLinks is how many links of one purpose are read.
const fewLinks = 10

type links struct{ db *session }

// Create implements [provisioning.Links].
func (s links) Create(ctx context.Context, l provisioning.Link) error {
	_, err := s.db.exec(ctx, `
		insert into links (`+linkColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		l.ID, l.Purpose, optional(l.Account), optional(l.Workspace), l.Email, l.Shown, blob(l.SecretHash),
		l.CreatedAt.UnixMicro(), l.ExpiresAt.UnixMicro(), instant(l.UsedAt))
	return err
}

// Find implements [provisioning.Links].
func (s links) Find(ctx context.Context, id provisioning.LinkID) (provisioning.Link, error) {
	return one(ctx, s.db, scanLink, `select `+linkColumns+` from links where id = $1`, id)
}

// Use implements [provisioning.Links].
func (s links) Use(ctx context.Context, id provisioning.LinkID, at time.Time) (bool, error) {
	return s.db.touched(ctx, `update links set used_at = $2 where id = $1 and used_at is null`, id, at.UnixMicro())
}

// OfAccount implements [provisioning.Links].
func (s links) OfAccount(ctx context.Context, a provisioning.AccountID, p provisioning.LinkPurpose) ([]provisioning.Link, error) {
	args := parameters{values: []any{p}}
	return list(ctx, s.db, scanLink, `
		select `+linkColumns+` from links
		where purpose = $1 and `+args.orNull("account_id", string(a))+`
		order by created_at desc, id desc limit `+args.add(fewLinks), args.values...)
}

// Cancel implements [provisioning.Links].
func (s links) Cancel(ctx context.Context, a provisioning.AccountID, purposes []provisioning.LinkPurpose, at time.Time) ([]provisioning.LinkID, error) {
	args := parameters{values: []any{at.UnixMicro(), set(purposes)}}
	cancelled, err := list(ctx, s.db, value[provisioning.LinkID], `
		update links set used_at = $1
		where used_at is null and purpose in (select key from json_each($2))
			and `+args.orNull("account_id", string(a))+`
		returning id`, args.values...)
	slices.Sort(cancelled)
	return cancelled, err
}

// Purge implements [provisioning.Links].
func (s links) Purge(ctx context.Context, before time.Time) (int64, error) {
	return s.db.exec(ctx, `delete from links where expires_at < $1 or used_at < $1`, before.UnixMicro())
}

func scanLink(r rows) (provisioning.Link, error) {
	var l provisioning.Link
	err := r.Scan(&l.ID, &l.Purpose, optionalOf(&l.Account), optionalOf(&l.Workspace), &l.Email, &l.Shown,
		&l.SecretHash, instantOf(&l.CreatedAt), instantOf(&l.ExpiresAt), instantOf(&l.UsedAt))
	return l, err
}
