package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

const grantColumns = `workspace_id, id, user_id, community_id, role_id, source, source_id, held, held_reason, created_at`

type grants struct{ db *session }

// Add implements [provisioning.Grants]. Of grants that repeat one another the
// first is stored.
func (s grants) Add(ctx context.Context, grants []provisioning.Grant) ([]provisioning.Grant, error) {
	if len(grants) == 0 {
		return nil, nil
	}
	ids, err := list(ctx, s.db, value[provisioning.GrantID], `
		insert into grants (`+grantColumns+`)
		select value ->> 'workspace', value ->> 'id', value ->> 'user', value ->> 'community', value ->> 'role',
			value ->> 'source', value ->> 'source_id', cast(value ->> 'held' as boolean), value ->> 'reason',
			cast(value ->> 'at' as bigint)
		from json_each($1) where true order by cast(key as bigint)
		on conflict (workspace_id, user_id, community_id, role_id, source) do nothing
		returning id`, rowsJSON(grants, grantRow))
	if err != nil {
		return nil, err
	}
	return stored(grants, ids), nil
}

// stored returns the grants among ids.
func stored(grants []provisioning.Grant, ids []provisioning.GrantID) []provisioning.Grant {
	among := make(map[provisioning.GrantID]bool, len(ids))
	for _, id := range ids {
		among[id] = true
	}
	var all []provisioning.Grant
	for _, g := range grants {
		if among[g.ID] {
			all = append(all, g)
		}
	}
	return all
}

func grantRow(g provisioning.Grant) row {
	return row{
		"workspace": g.Workspace, "id": g.ID, "user": g.User, "community": g.Community, "role": g.Role,
		"source": g.Source, "source_id": g.SourceID, "held": g.Held, "reason": g.HeldReason,
		"at": instant(g.CreatedAt),
	}
}

// OfUser implements [provisioning.Grants].
func (s grants) OfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) ([]provisioning.Grant, error) {
	return list(ctx, s.db, scanGrant, `
		select `+grantColumns+` from grants where workspace_id = $1 and user_id = $2 order by id`, ws, u)
}

// Delete implements [provisioning.Grants].
func (s grants) Delete(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.GrantID) error {
	_, err := s.db.exec(ctx, chosen+`
		delete from grants where (workspace_id, id) in (select workspace_id, id from chosen)`, ws, set(ids))
	return err
}

// Hold implements [provisioning.Grants].
func (s grants) Hold(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.GrantID, reason string) error {
	_, err := s.db.exec(ctx, chosen+`
		update grants set held = $3, held_reason = $4
		where (workspace_id, id) in (select workspace_id, id from chosen)`, ws, set(ids), reason != "", reason)
	return err
}

// Safeguards implements [provisioning.Grants].
func (s grants) Safeguards(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Grant, error) {
	return list(ctx, s.db, scanGrant, `
		select `+grantColumns+` from grants where workspace_id = $1 and source = $2 order by id`,
		ws, provisioning.SourceSafeguard)
}

func scanGrant(r rows) (provisioning.Grant, error) {
	var g provisioning.Grant
	err := r.Scan(&g.Workspace, &g.ID, &g.User, &g.Community, &g.Role, &g.Source, &g.SourceID, &g.Held,
		&g.HeldReason, instantOf(&g.CreatedAt))
	return g, err
}
