package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

const mappingColumns = `workspace_id, id, group_id, community_id, role_id, held, created_at`

type mappings struct{ db *session }

// Create implements [provisioning.Mappings].
func (s mappings) Create(ctx context.Context, m provisioning.Mapping) error {
	return s.db.insert(ctx, provisioning.KeyMapping, `
		insert into mappings (`+mappingColumns+`) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (workspace_id, group_id, community_id, role_id) do nothing`,
		m.Workspace, m.ID, m.Group, m.Community, m.Role, m.Held, instant(m.CreatedAt))
}

// Get implements [provisioning.Mappings].
func (s mappings) Get(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.MappingID) (provisioning.Mapping, error) {
	return one(ctx, s.db, scanMapping, `
		select `+mappingColumns+` from mappings where workspace_id = $1 and id = $2`, ws, id)
}

// List implements [provisioning.Mappings].
func (s mappings) List(ctx context.Context, ws provisioning.WorkspaceID, g provisioning.GroupID) ([]provisioning.Mapping, error) {
	p := parameters{values: []any{ws}}
	where := " where workspace_id = $1"
	if g != "" {
		where += " and group_id = " + p.add(g)
	}
	return list(ctx, s.db, scanMapping, `select `+mappingColumns+` from mappings`+where+` order by id`, p.values...)
}

// Release implements [provisioning.Mappings].
func (s mappings) Release(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.MappingID) error {
	_, err := s.db.exec(ctx, `update mappings set held = false where workspace_id = $1 and id = $2`, ws, id)
	return err
}

// Delete implements [provisioning.Mappings].
func (s mappings) Delete(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.MappingID) error {
	return s.db.update(ctx, `delete from mappings where workspace_id = $1 and id = $2`, ws, id)
}

func scanMapping(r rows) (provisioning.Mapping, error) {
	var m provisioning.Mapping
	err := r.Scan(&m.Workspace, &m.ID, &m.Group, &m.Community, &m.Role, &m.Held, instantOf(&m.CreatedAt))
	return m, err
}
