package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type blocks struct{ db *session }

// Put implements [provisioning.Blocks].
func (s blocks) Put(ctx context.Context, b provisioning.Block) (bool, error) {
	return s.db.touched(ctx, `
		insert into blocks (workspace_id, user_id, source, created_at) values ($1, $2, $3, $4)
		on conflict (workspace_id, user_id, source) do nothing`,
		b.Workspace, b.User, b.Source, instant(b.CreatedAt))
}

// Lift implements [provisioning.Blocks].
func (s blocks) Lift(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID, source provisioning.BlockSource) (bool, error) {
	return s.db.touched(ctx, `delete from blocks where workspace_id = $1 and user_id = $2 and source = $3`,
		ws, u, source)
}

// scanBlock scans workspace, user, source and time.
func scanBlock(r rows) (provisioning.Block, error) {
	var b provisioning.Block
	err := r.Scan(&b.Workspace, &b.User, &b.Source, instantOf(&b.CreatedAt))
	return b, err
}
