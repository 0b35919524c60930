package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type domains struct{ db *session }

const domainColumns = `workspace_id, name, token, verified_at, verified_by, created_at`

func scanDomain(r rows) (provisioning.Domain, error) {
	var d provisioning.Domain
	err := r.Scan(&d.Workspace, &d.Name, &d.Token, instantOf(&d.VerifiedAt), &d.VerifiedBy, instantOf(&d.CreatedAt))
	return d, err
}

func (s domains) Put(ctx context.Context, d provisioning.Domain) error {
	_, err := s.db.exec(ctx, `
		insert into domains (`+domainColumns+`)
		values ($1, $2, $3, $4, $5, $6)
		on conflict (workspace_id, name) do update set
			token = excluded.token, verified_at = excluded.verified_at,
			verified_by = excluded.verified_by, created_at = excluded.created_at`,
		d.Workspace, d.Name, d.Token, instant(d.VerifiedAt), d.VerifiedBy, d.CreatedAt.UnixMicro())
	return err
}

func (s domains) List(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Domain, error) {
	return list(ctx, s.db, scanDomain, `select `+domainColumns+` from domains where workspace_id = $1 order by name`, ws)
}

func (s domains) Delete(ctx context.Context, ws provisioning.WorkspaceID, name string) error {
	return s.db.update(ctx, `delete from domains where workspace_id = $1 and name = $2`, ws, name)
}

func (s domains) Verified(ctx context.Context, ws provisioning.WorkspaceID, name string) (bool, error) {
	n, err := one(ctx, s.db, value[int], `
		select count(*) from domains
		where workspace_id = $1 and name = $2 and verified_at is not null`, ws, name)
	return n > 0, err
}

func (s domains) Connections(ctx context.Context, name string) ([]provisioning.Connection, error) {
	return loadConnections(ctx, s.db, `
		c.disabled_at is null and exists (
			select 1 from domains d
			where d.workspace_id = c.workspace_id and d.name = $1 and d.verified_at is not null)`, name)
}
