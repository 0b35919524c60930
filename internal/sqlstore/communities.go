package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type communities struct{ db *session }

const communityColumns = `workspace_id, id, slug, name, description, is_root, created_at`

func scanCommunity(r rows) (provisioning.Community, error) {
	var c provisioning.Community
	err := r.Scan(&c.Workspace, &c.ID, &c.Slug, &c.Name, &c.Description, &c.Root, instantOf(&c.CreatedAt))
	return c, err
}

func (s communities) Create(ctx context.Context, c provisioning.Community) error {
	return s.db.insert(ctx, provisioning.KeySlug, `
		insert into communities (`+communityColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (workspace_id, slug) do nothing`,
		c.Workspace, c.ID, c.Slug, c.Name, c.Description, c.Root, c.CreatedAt.UnixMicro())
}

func (s communities) List(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Community, error) {
	return list(ctx, s.db, scanCommunity, `
		select `+communityColumns+` from communities
		where workspace_id = $1
		order by is_root desc, id`, ws)
}
