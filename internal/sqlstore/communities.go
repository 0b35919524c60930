package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

type communities struct{ db *session }

const communityColumns = `workspace_id, id, slug, name, description, is_root, created_at, deleted_at`

func scanCommunity(r rows) (provisioning.Community, error) {
	var c provisioning.Community
	err := r.Scan(&c.Workspace, &c.ID, &c.Slug, &c.Name, &c.Description, &c.Root, instantOf(&c.CreatedAt),
		instantOf(&c.DeletedAt))
	return c, err
}

func (s communities) Create(ctx context.Context, c provisioning.Community) error {
	return s.db.insert(ctx, provisioning.KeySlug, `
		insert into communities (`+communityColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (workspace_id, slug) where deleted_at is null do nothing`,
		c.Workspace, c.ID, c.Slug, c.Name, c.Description, c.Root, c.CreatedAt.UnixMicro(), instant(c.DeletedAt))
}

func (s communities) List(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Community, error) {
	return list(ctx, s.db, scanCommunity, `
		select `+communityColumns+` from communities
		where workspace_id = $1 and deleted_at is null
		order by is_root desc, id`, ws)
}

func (s communities) Hold(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.CommunityID) error {
	return hold(ctx, s.db, "communities", ws, ids)
}

func (s communities) Lock(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.CommunityID) error {
	return lockWhole(ctx, s.db, "communities", ws, id)
}

func (s communities) Update(ctx context.Context, c provisioning.Community) error {
	return s.db.update(ctx, `
		update communities set name = $3, description = $4
		where workspace_id = $1 and id = $2 and deleted_at is null`, c.Workspace, c.ID, c.Name, c.Description)
}

func (s communities) Uses(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.CommunityID) (provisioning.Uses, error) {
	return uses(ctx, s.db, ws, string(id), "community_id", `
		select count(*) from connection_communities where workspace_id = $1 and community_id = $2`)
}

func (s communities) Delete(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.CommunityID, at time.Time) ([]provisioning.UserID, error) {
	if err := s.Lock(ctx, ws, id); err != nil {
		return nil, err
	}
	statements := []statement{{
		sql:  `update communities set deleted_at = $3 where workspace_id = $1 and id = $2`,
		args: []any{ws, id, at.UnixMicro()},
	}}
	for _, table := range []string{"grants", "mappings", "set_aside", "connection_communities", "invitation_roles"} {
		statements = append(statements, statement{
			sql: "delete from " + table + " where workspace_id = $1 and community_id = $2", args: []any{ws, id},
		})
	}
	var members []provisioning.UserID
	err := s.db.batch(ctx, append(statements, statement{
		sql: `
			select distinct user_id from memberships
			where workspace_id = $1 and community_id = $2 and ended_at is null order by user_id`,
		args: []any{ws, id},
		scan: gather(&members, value[provisioning.UserID]),
	})...)
	return members, err
}
