package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

type roles struct{ db *session }

const roleColumns = `workspace_id, id, slug, name, description, builtin, permissions, created_at, deleted_at`

func scanRole(r rows) (provisioning.Role, error) {
	var role provisioning.Role
	err := r.Scan(&role.Workspace, &role.ID, &role.Slug, &role.Name, &role.Description,
		&role.Builtin, jsonOf(&role.Permissions), instantOf(&role.CreatedAt), instantOf(&role.DeletedAt))
	return role, err
}

func roleRow(r provisioning.Role) row {
	return row{
		"workspace": r.Workspace, "id": r.ID, "slug": r.Slug, "name": r.Name, "description": r.Description,
		"builtin": r.Builtin, "permissions": jsonText(r.Permissions), "created": r.CreatedAt.UnixMicro(), "deleted": instant(r.DeletedAt),
	}
}

func (s roles) Create(ctx context.Context, roles ...provisioning.Role) error {
	n, err := s.db.exec(ctx, `
		insert into roles (`+roleColumns+`)
		select value ->> 'workspace', value ->> 'id', value ->> 'slug', value ->> 'name', value ->> 'description',
			cast(value ->> 'builtin' as boolean), value ->> 'permissions', cast(value ->> 'created' as bigint),
			cast(value ->> 'deleted' as bigint)
		from json_each($1)
		where true
		on conflict (workspace_id, slug) where deleted_at is null do nothing`, rowsJSON(roles, roleRow))
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
		select `+roleColumns+` from roles
		where workspace_id = $1 and deleted_at is null
		order by builtin desc, id`, ws)
}

func (s roles) Hold(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.RoleID) error {
	return hold(ctx, s.db, "roles", ws, ids)
}

func (s roles) Lock(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.RoleID) error {
	return lockWhole(ctx, s.db, "roles", ws, id)
}

func (s roles) Update(ctx context.Context, r provisioning.Role) error {
	return s.db.update(ctx, `
		update roles set name = $3, description = $4, permissions = $5
		where workspace_id = $1 and id = $2 and deleted_at is null`,
		r.Workspace, r.ID, r.Name, r.Description, jsonText(r.Permissions))
}

func (s roles) Uses(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.RoleID) (provisioning.Uses, error) {
	return uses(ctx, s.db, ws, string(id), "role_id", `
		select count(*) from connections where workspace_id = $1 and default_role_id = $2`)
}

func (s roles) Delete(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.RoleID, at time.Time) error {
	if err := s.Lock(ctx, ws, id); err != nil {
		return err
	}
	return s.db.batch(ctx, statement{
		sql: `
			delete from invitation_roles
			where workspace_id = $1 and role_id = $2 and invitation_id in (select i.id from invitations i
				where i.workspace_id = $1
					and (i.accepted_at is not null or i.cancelled_at is not null or i.expires_at <= $3))`,
		args: []any{ws, id, at.UnixMicro()},
	}, statement{
		sql:  `update roles set deleted_at = $3 where workspace_id = $1 and id = $2`,
		args: []any{ws, id, at.UnixMicro()},
	})
}
