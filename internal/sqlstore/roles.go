package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type roles struct{ db *session }

func scanRole(r rows) (provisioning.Role, error) {
	var role provisioning.Role
	err := r.Scan(&role.Workspace, &role.ID, &role.Slug, &role.Name, &role.Description,
		&role.Builtin, jsonOf(&role.Permissions), instantOf(&role.CreatedAt))
	return role, err
}

func roleRow(r provisioning.Role) row {
	return row{
		"workspace": r.Workspace, "id": r.ID, "slug": r.Slug, "name": r.Name, "description": r.Description,
		"builtin": r.Builtin, "permissions": jsonText(r.Permissions), "created": r.CreatedAt.UnixMicro(),
	}
}

func (s roles) Create(ctx context.Context, roles ...provisioning.Role) error {
	n, err := s.db.exec(ctx, `
		insert into roles (workspace_id, id, slug, name, description, builtin, permissions, created_at)
		select value ->> 'workspace', value ->> 'id', value ->> 'slug', value ->> 'name', value ->> 'description',
			cast(value ->> 'builtin' as boolean), value ->> 'permissions', cast(value ->> 'created' as bigint)
		from json_each($1)
		where true
		on conflict (workspace_id, slug) do nothing`, rowsJSON(roles, roleRow))
	if err != nil {
		return err
	}
	if n < int64(len(roles)) {
		return &provisioning.TakenError{Key: provisioning.KeySlug}
	}
	return nil
}

func (s roles) List(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Role, error) {
	return list(ctx, s.db, scanRole, `
		select workspace_id, id, slug, name, description, builtin, permissions, created_at
		from roles
		where workspace_id = $1
		order by builtin desc, id`, ws)
}
