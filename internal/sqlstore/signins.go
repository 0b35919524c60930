package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

type signIns struct{ db *session }

const signInColumns = `workspace_id, id, connection_id, issuer, state_hash, browser_hash, return_to, invitation_id, created_at, expires_at`

func scanSignIn(r rows) (provisioning.PendingSignIn, error) {
	var s provisioning.PendingSignIn
	err := r.Scan(&s.Workspace, &s.ID, &s.Connection, &s.Issuer, &s.StateHash, &s.BrowserHash, &s.ReturnTo,
		optionalOf(&s.Invitation), instantOf(&s.CreatedAt), instantOf(&s.ExpiresAt))
	return s, err
}

func (s signIns) Create(ctx context.Context, p provisioning.PendingSignIn, keep int) error {
	return s.db.batch(ctx, statement{
		sql: `insert into sign_ins (` + signInColumns + `) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		args: []any{
			p.Workspace, p.ID, p.Connection, p.Issuer, blob(p.StateHash), blob(p.BrowserHash), p.ReturnTo,
			optional(p.Invitation), p.CreatedAt.UnixMicro(), p.ExpiresAt.UnixMicro(),
		},
	}, statement{
		sql: `
			delete from sign_ins
			where workspace_id = $1 and browser_hash = $2 and id not in (
				select id from sign_ins
				where workspace_id = $1 and browser_hash = $2
				order by created_at desc, id desc
				limit $3)`,
		args: []any{p.Workspace, blob(p.BrowserHash), keep},
	})
}

func (s signIns) Take(ctx context.Context, id provisioning.SignInID) (provisioning.PendingSignIn, error) {
	return one(ctx, s.db, scanSignIn, `delete from sign_ins where id = $1 returning `+signInColumns, id)
}

func (s signIns) Purge(ctx context.Context, before time.Time) (int64, error) {
	return s.db.exec(ctx, `delete from sign_ins where expires_at < $1`, before.UnixMicro())
}
