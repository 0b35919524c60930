package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

const identityColumns = `workspace_id, id, user_id, connection_id, issuer, subject, created_at,
	last_login_at, retired_at`

type identities struct{ db *session }

// Create implements [provisioning.Identities].
func (s identities) Create(ctx context.Context, i provisioning.Identity) error {
	// Two indexes may refuse it and both mean KeyIdentity: no conflict target.
	return s.db.insert(ctx, provisioning.KeyIdentity, `
		insert into identities (`+identityColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict do nothing`,
		i.Workspace, i.ID, i.User, i.Connection, i.Issuer, i.Subject, instant(i.CreatedAt),
		instant(i.LastLoginAt), instant(i.RetiredAt))
}

// Find implements [provisioning.Identities].
func (s identities) Find(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.ConnectionID, issuer, subject string) (provisioning.Identity, error) {
	return one(ctx, s.db, scanIdentity, `
		select `+identityColumns+` from identities
		where workspace_id = $1 and connection_id = $2 and issuer = $3 and subject = $4`,
		ws, c, issuer, subject)
}

// OfUser implements [provisioning.Identities].
func (s identities) OfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) ([]provisioning.Identity, error) {
	return list(ctx, s.db, scanIdentity, `
		select `+identityColumns+` from identities where workspace_id = $1 and user_id = $2 order by id`,
		ws, u)
}

// Retire implements [provisioning.Identities].
func (s identities) Retire(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID, at time.Time) error {
	_, err := s.db.exec(ctx, `
		update identities set retired_at = $3 where workspace_id = $1 and user_id = $2 and retired_at is null`,
		ws, u, instant(at))
	return err
}

// Restore implements [provisioning.Identities].
func (s identities) Restore(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.IdentityID) error {
	_, err := s.db.exec(ctx, `update identities set retired_at = null where workspace_id = $1 and id = $2`, ws, id)
	return taken(err, provisioning.KeyIdentity)
}

// DeleteOfUser implements [provisioning.Identities].
func (s identities) DeleteOfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) error {
	_, err := s.db.exec(ctx, `delete from identities where workspace_id = $1 and user_id = $2`, ws, u)
	return err
}

// Touch implements [provisioning.Identities].
func (s identities) Touch(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.IdentityID, at time.Time) error {
	_, err := s.db.exec(ctx, `update identities set last_login_at = $3 where workspace_id = $1 and id = $2`,
		ws, id, instant(at))
	return err
}

func scanIdentity(r rows) (provisioning.Identity, error) {
	var i provisioning.Identity
	err := r.Scan(&i.Workspace, &i.ID, &i.User, &i.Connection, &i.Issuer, &i.Subject,
		instantOf(&i.CreatedAt), instantOf(&i.LastLoginAt), instantOf(&i.RetiredAt))
	return i, err
}
