package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type workspaces struct{ db *session }

const workspaceColumns = `id, slug, name, multi_tenant, root_id, settings, tombstone_key, audit_key, created_at`

func scanWorkspace(r rows) (provisioning.Workspace, error) {
	var w provisioning.Workspace
	err := r.Scan(&w.ID, &w.Slug, &w.Name, &w.MultiTenant, &w.Root, jsonOf(&w.Settings),
		&w.TombstoneKey, &w.AuditKey, instantOf(&w.CreatedAt))
	return w, err
}

// Create also begins the audit chain, so that sealers find a head to lock and
// never race to make one.
func (s workspaces) Create(ctx context.Context, w provisioning.Workspace) error {
	err := s.db.insert(ctx, provisioning.KeySlug, `
		insert into workspaces (`+workspaceColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (slug) do nothing`,
		w.ID, w.Slug, w.Name, w.MultiTenant, w.Root, jsonText(w.Settings),
		blob(w.TombstoneKey), blob(w.AuditKey), w.CreatedAt.UnixMicro())
	if err != nil {
		return err
	}
	_, err = s.db.exec(ctx, `insert into audit_heads (workspace_id, sequence, hash) values ($1, 0, $2)`, w.ID, blob(nil))
	return err
}

func (s workspaces) Get(ctx context.Context, id provisioning.WorkspaceID) (provisioning.Workspace, error) {
	return one(ctx, s.db, scanWorkspace, `select `+workspaceColumns+` from workspaces where id = $1`, id)
}

func (s workspaces) List(ctx context.Context) ([]provisioning.Workspace, error) {
	return list(ctx, s.db, scanWorkspace, `select `+workspaceColumns+` from workspaces order by id`)
}

func (s workspaces) SetSettings(ctx context.Context, id provisioning.WorkspaceID, settings provisioning.Settings) error {
	return s.db.update(ctx, `update workspaces set settings = $2 where id = $1`, id, jsonText(settings))
}

func (s workspaces) Update(ctx context.Context, w provisioning.Workspace) error {
	return s.db.update(ctx, `update workspaces set name = $2, multi_tenant = $3 where id = $1`, w.ID, w.Name, w.MultiTenant)
}

func (s workspaces) Lock(ctx context.Context, id provisioning.WorkspaceID) error {
	_, err := one(ctx, s.db, value[provisioning.WorkspaceID],
		`select id from workspaces where id = $1`+s.db.forUpdate, id)
	return err
}
