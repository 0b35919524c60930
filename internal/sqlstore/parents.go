package sqlstore

import (
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

const parentColumns = `p.id, p.account_id, p.secret_hash, p.method, p.only_workspace_id, p.factor_at, p.proved_at,
	p.idle_us, p.user_agent, p.created_at, p.last_seen_at, p.expires_at, p.ended_at`

type parents struct{ db *session }

// parentOf is a parent sign-in beside its account.
type parentOf struct {
	parent  provisioning.ParentSignIn
	account provisioning.Account
}

func scanParentOf(r rows) (parentOf, error) {
	var found parentOf
	p := &found.parent
	fields := []any{
		&p.ID, &p.Account, &p.SecretHash, &p.Method, optionalOf(&p.Only), instantOf(&p.FactorAt), instantOf(&p.ProvedAt),
		durationOf(&p.Idle), &p.UserAgent, instantOf(&p.CreatedAt), instantOf(&p.LastSeenAt), instantOf(&p.ExpiresAt),
		instantOf(&p.EndedAt),
	}
	err := r.Scan(append(fields, accountFields(&found.account)...)...)
	return found, err
}

// Create implements [provisioning.ParentSignIns].
func (s parents) Create(ctx context.Context, p provisioning.ParentSignIn) error {
	_, err := s.db.exec(ctx, `
		insert into parent_sign_ins (id, account_id, secret_hash, method, only_workspace_id, factor_at, proved_at,
			idle_us, user_agent, created_at, last_seen_at, expires_at, ended_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		p.ID, p.Account, blob(p.SecretHash), p.Method, optional(p.Only), instant(p.FactorAt), instant(p.ProvedAt),
		p.Idle.Microseconds(), p.UserAgent, p.CreatedAt.UnixMicro(), p.LastSeenAt.UnixMicro(), p.ExpiresAt.UnixMicro(),
		instant(p.EndedAt))
	return err
}

// Find implements [provisioning.ParentSignIns].
func (s parents) Find(ctx context.Context, id provisioning.ParentID) (provisioning.ParentSignIn, provisioning.Account, error) {
	found, err := one(ctx, s.db, scanParentOf, `
		select `+parentColumns+`, `+accountColumns+`
		from parent_sign_ins p
		join accounts a on a.id = p.account_id
		where p.id = $1`, id)
	return found.parent, found.account, err
}

// Update implements [provisioning.ParentSignIns].
func (s parents) Update(ctx context.Context, p provisioning.ParentSignIn) error {
	return s.db.update(ctx, `
		update parent_sign_ins set secret_hash = $2, only_workspace_id = $3, factor_at = $4, proved_at = $5,
			idle_us = $6, last_seen_at = $7, expires_at = $8
		where id = $1 and ended_at is null`,
		p.ID, blob(p.SecretHash), optional(p.Only), instant(p.FactorAt), instant(p.ProvedAt), p.Idle.Microseconds(),
		p.LastSeenAt.UnixMicro(), p.ExpiresAt.UnixMicro())
}

// End implements [provisioning.ParentSignIns].
func (s parents) End(ctx context.Context, id provisioning.ParentID, at time.Time) (bool, error) {
	return s.db.touched(ctx, `update parent_sign_ins set ended_at = $2 where id = $1 and ended_at is null`,
		id, at.UnixMicro())
}

// EndOfAccount implements [provisioning.ParentSignIns].
func (s parents) EndOfAccount(ctx context.Context, a provisioning.AccountID, keep provisioning.ParentID, at time.Time) ([]provisioning.ParentID, error) {
	ended, err := list(ctx, s.db, value[provisioning.ParentID], `
		update parent_sign_ins set ended_at = $3
		where account_id = $1 and id <> $2 and ended_at is null
		returning id`, a, keep, at.UnixMicro())
	slices.Sort(ended)
	return ended, err
}

// Purge implements [provisioning.ParentSignIns].
func (s parents) Purge(ctx context.Context, before time.Time) (int64, error) {
	return s.db.exec(ctx, `
		delete from parent_sign_ins
		where (expires_at < $1 or ended_at < $1)
			and not exists (select 1 from sessions s where s.parent_id = parent_sign_ins.id)`, before.UnixMicro())
}
