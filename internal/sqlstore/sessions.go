package sqlstore

import (
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

type sessions struct{ db *session }

const sessionColumns = `s.workspace_id, s.id, s.user_id, s.secret_hash, s.connection_id, s.identity_id, s.parent_id,
	s.user_agent, s.address, s.created_at, s.last_seen_at, s.expires_at, s.ended_at, p.idle_us, p.proved_at, p.method`

// sessionsWithParents are what [sessionColumns] are of.
const sessionsWithParents = `sessions s left join parent_sign_ins p on p.id = s.parent_id`

// sessionFields are where [sessionColumns] go.
func sessionFields(s *provisioning.Session) []any {
	return []any{
		&s.Workspace, &s.ID, &s.User, &s.SecretHash, optionalOf(&s.Connection), optionalOf(&s.Identity),
		optionalOf(&s.Parent), &s.UserAgent, &s.Address, instantOf(&s.CreatedAt), instantOf(&s.LastSeenAt),
		instantOf(&s.ExpiresAt), instantOf(&s.EndedAt), durationOf(&s.ParentIdle), instantOf(&s.ParentProvedAt),
		optionalOf(&s.ParentMethod),
	}
}

func scanSession(r rows) (provisioning.Session, error) {
	var s provisioning.Session
	err := r.Scan(sessionFields(&s)...)
	return s, err
}

// sessionOf is a session beside its user and one of the user's blocks, if any.
type sessionOf struct {
	session provisioning.Session
	user    provisioning.User
	block   provisioning.Block // without a source if there is none
}

func scanSessionOf(r rows) (sessionOf, error) {
	var s sessionOf
	fields := append(sessionFields(&s.session), userFields(&s.user)...)
	err := r.Scan(append(fields, optionalOf(&s.block.Source), instantOf(&s.block.CreatedAt))...)
	s.block.Workspace, s.block.User = s.user.Workspace, s.user.ID
	return s, err
}

func (s sessions) Create(ctx context.Context, v provisioning.Session) error {
	_, err := s.db.exec(ctx, `
		insert into sessions (workspace_id, id, user_id, secret_hash, connection_id, identity_id, parent_id,
			user_agent, address, created_at, last_seen_at, expires_at, ended_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		v.Workspace, v.ID, v.User, blob(v.SecretHash), optional(v.Connection), optional(v.Identity), optional(v.Parent),
		v.UserAgent, v.Address, v.CreatedAt.UnixMicro(), v.LastSeenAt.UnixMicro(), v.ExpiresAt.UnixMicro(), instant(v.EndedAt))
	return err
}

// Find reads session, parent, user and blocks in one statement, so that they are of
// one moment.
func (s sessions) Find(ctx context.Context, id provisioning.SessionID) (provisioning.Session, provisioning.User, error) {
	found, err := list(ctx, s.db, scanSessionOf, `
		select `+sessionColumns+`, `+userColumns+`, b.source, b.created_at
		from `+sessionsWithParents+`
		join users u on u.workspace_id = s.workspace_id and u.id = s.user_id
		left join blocks b on b.workspace_id = u.workspace_id and b.user_id = u.id
		where s.id = $1
		order by b.source`, id)
	if err == nil && len(found) == 0 {
		err = provisioning.ErrNotFound
	}
	if err != nil {
		return provisioning.Session{}, provisioning.User{}, err
	}
	user := found[0].user
	for _, f := range found {
		if f.block.Source != "" {
			user.Blocks = append(user.Blocks, f.block)
		}
	}
	return found[0].session, user, nil
}

// Touch never turns the time of activity back.
func (s sessions) Touch(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.SessionID, at time.Time) error {
	_, err := s.db.exec(ctx, `
		update sessions set last_seen_at = $3
		where workspace_id = $1 and id = $2 and last_seen_at < $3`, ws, id, at.UnixMicro())
	return err
}

func (s sessions) End(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.SessionID, at time.Time) (bool, error) {
	return s.db.touched(ctx, `
		update sessions set ended_at = $3
		where workspace_id = $1 and id = $2 and ended_at is null`, ws, id, at.UnixMicro())
}

func (s sessions) EndOfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID, at time.Time) ([]provisioning.SessionID, error) {
	ended, err := list(ctx, s.db, value[provisioning.SessionID], `
		update sessions set ended_at = $3
		where workspace_id = $1 and user_id = $2 and ended_at is null
		returning id`, ws, u, at.UnixMicro())
	slices.Sort(ended)
	return ended, err
}

func (s sessions) OfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) ([]provisioning.Session, error) {
	return list(ctx, s.db, scanSession, `
		select `+sessionColumns+` from `+sessionsWithParents+`
		where s.workspace_id = $1 and s.user_id = $2 and s.ended_at is null
		order by s.created_at desc, s.id desc`, ws, u)
}

func (s sessions) Purge(ctx context.Context, before time.Time) (int64, error) {
	return s.db.exec(ctx, `delete from sessions where expires_at < $1 or ended_at < $1`, before.UnixMicro())
}
