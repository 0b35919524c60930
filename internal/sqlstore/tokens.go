package sqlstore

import (
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

type tokens struct{ db *session }

const tokenColumns = `t.workspace_id, t.directory_id, t.id, t.name, t.secret_hash, t.last_four, t.created_at, ` +
	`t.expires_at, t.revoked_at, t.last_used_at`

// tokenFields are where [tokenColumns] go.
func tokenFields(t *provisioning.DirectoryToken) []any {
	return []any{
		&t.Workspace, &t.Directory, &t.ID, &t.Name, &t.SecretHash, &t.LastFour, instantOf(&t.CreatedAt),
		instantOf(&t.ExpiresAt), instantOf(&t.RevokedAt), instantOf(&t.LastUsedAt),
	}
}

func scanToken(r rows) (provisioning.DirectoryToken, error) {
	var t provisioning.DirectoryToken
	err := r.Scan(tokenFields(&t)...)
	return t, err
}

// tokenOf is a token beside its directory.
type tokenOf struct {
	token     provisioning.DirectoryToken
	directory provisioning.Directory
}

func scanTokenOf(r rows) (tokenOf, error) {
	var t tokenOf
	err := r.Scan(append(tokenFields(&t.token), directoryFields(&t.directory)...)...)
	return t, err
}

func (s tokens) Create(ctx context.Context, t provisioning.DirectoryToken) error {
	_, err := s.db.exec(ctx, `
		insert into directory_tokens (workspace_id, directory_id, id, name, secret_hash, last_four,
			created_at, expires_at, revoked_at, last_used_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.Workspace, t.Directory, t.ID, t.Name, blob(t.SecretHash), t.LastFour,
		t.CreatedAt.UnixMicro(), t.ExpiresAt.UnixMicro(), instant(t.RevokedAt), instant(t.LastUsedAt))
	return err
}

func (s tokens) Find(ctx context.Context, id provisioning.TokenID) (provisioning.DirectoryToken, provisioning.Directory, error) {
	found, err := one(ctx, s.db, scanTokenOf, `
		select `+tokenColumns+`, `+directoryColumns+`
		from directory_tokens t
		join directories d on d.workspace_id = t.workspace_id and d.id = t.directory_id
		where t.id = $1`, id)
	return found.token, found.directory, err
}

func (s tokens) List(ctx context.Context, ws provisioning.WorkspaceID, d provisioning.DirectoryID) ([]provisioning.DirectoryToken, error) {
	return list(ctx, s.db, scanToken, `
		select `+tokenColumns+` from directory_tokens t
		where t.workspace_id = $1 and t.directory_id = $2
		order by t.id`, ws, d)
}

func (s tokens) Revoke(ctx context.Context, ws provisioning.WorkspaceID, d provisioning.DirectoryID, ids []provisioning.TokenID, at time.Time) ([]provisioning.TokenID, error) {
	text := `update directory_tokens set revoked_at = $3 where workspace_id = $1 and directory_id = $2 and revoked_at is null`
	args := []any{ws, d, at.UnixMicro()}
	if ids != nil {
		text += ` and id in (select key from json_each($4))`
		args = append(args, set(ids))
	}
	revoked, err := list(ctx, s.db, value[provisioning.TokenID], text+` returning id`, args...)
	slices.Sort(revoked)
	return revoked, err
}

// Touch never turns the time of use back.
func (s tokens) Touch(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.TokenID, at time.Time) error {
	_, err := s.db.exec(ctx, `
		update directory_tokens set last_used_at = $3
		where workspace_id = $1 and id = $2 and coalesce(last_used_at, 0) < $3`, ws, id, at.UnixMicro())
	return err
}
