package sqlstore

import (
	"cmp"
	"context"

	"drawbridge/provisioning"
)

type inactivity struct{ db *session }

// Due implements [provisioning.Inactivity].
func (s inactivity) Due(ctx context.Context, q provisioning.InactivityQuery) ([]provisioning.UserID, error) {
	return list(ctx, s.db, value[provisioning.UserID], `
		select u.id from users u
		where u.workspace_id = $1 and u.id > $2 and u.removed_at is null and u.break_glass = false
			and coalesce(u.last_seen_at, u.created_at) < $3
			and (u.reactivated_at is null or u.reactivated_at < $4)
			and not exists (select 1 from blocks b
				where b.workspace_id = u.workspace_id and b.user_id = u.id and b.source = $5)
		order by u.id limit $6`,
		q.Workspace, q.After, q.SeenBefore.UnixMicro(), q.Today.UnixMicro(), provisioning.BlockInactivity,
		cmp.Or(q.Limit, defaultPage))
}
