package sqlstore

import (
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

type accountSessions struct{ db *session }

// OfAccount implements [provisioning.SessionsOfAccounts].
func (s accountSessions) OfAccount(ctx context.Context, a provisioning.AccountID) ([]provisioning.Session, error) {
	return list(ctx, s.db, scanSession, `
		select `+sessionColumns+` from `+sessionsWithParents+`
		where p.account_id = $1 and s.ended_at is null
		order by s.created_at desc, s.id desc`, a)
}

// EndOfParents implements [provisioning.SessionsOfAccounts].
func (s accountSessions) EndOfParents(ctx context.Context, ids []provisioning.ParentID, at time.Time) ([]provisioning.SessionID, error) {
	return s.end(ctx, `parent_id in (select key from json_each($2))`, at, set(ids))
}

// EndOfAccount implements [provisioning.SessionsOfAccounts].
func (s accountSessions) EndOfAccount(ctx context.Context, a provisioning.AccountID, keep provisioning.ParentID, at time.Time) ([]provisioning.SessionID, error) {
	return s.end(ctx, `(workspace_id, user_id) in (select u.workspace_id, u.id from users u where u.account_id = $2)
		and (parent_id is null or parent_id <> $3)`, at, a, keep)
}

// end ends the sessions of which the condition holds, at the time $1.
func (s accountSessions) end(ctx context.Context, condition string, at time.Time, args ...any) ([]provisioning.SessionID, error) {
	ended, err := list(ctx, s.db, value[provisioning.SessionID],
		`update sessions set ended_at = $1 where ended_at is null and `+condition+` returning id`,
		append([]any{at.UnixMicro()}, args...)...)
	slices.Sort(ended)
	return ended, err
}

// TouchParent implements [provisioning.SessionsOfAccounts].
func (s accountSessions) TouchParent(ctx context.Context, id provisioning.ParentID, at time.Time) error {
	_, err := s.db.exec(ctx, `update parent_sign_ins set last_seen_at = $2 where id = $1 and last_seen_at < $2`,
		id, at.UnixMicro())
	return err
}
