package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

// What communities and roles have in common: reasons name both, and both are
// only marked when they are deleted.

// hold keeps those from being locked whole that the ids name in the table, and
// finds them there, not deleted, or returns ErrNotFound.
func hold[T ~string](ctx context.Context, db *session, table string, ws provisioning.WorkspaceID, ids []T) error {
	wanted := make(map[T]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	held, err := list(ctx, db, value[T], chosen+`
		select id from `+table+` where (workspace_id, id) in (select workspace_id, id from chosen) and deleted_at is null
		order by id`+db.forKeyShare, ws, set(ids))
	if err == nil && len(held) < len(wanted) {
		err = provisioning.ErrNotFound
	}
	return err
}

// lockWhole keeps out who would refer to the row, and finds it, not deleted, or
// returns ErrNotFound.
func lockWhole[T ~string](ctx context.Context, db *session, table string, ws provisioning.WorkspaceID, id T) error {
	_, err := one(ctx, db, value[T], `
		select id from `+table+` where workspace_id = $1 and id = $2 and deleted_at is null`+db.forUpdateWhole, ws, id)
	return err
}

// uses counts in one statement what refers to the id by the column of that
// name; connections counts those whose default it is.
func uses(ctx context.Context, db *session, ws provisioning.WorkspaceID, id, column, connections string) (provisioning.Uses, error) {
	p := parameters{values: []any{ws, id}}
	of := ` where workspace_id = $1 and ` + column + ` = $2`
	return one(ctx, db, scanUses, `
		select (select count(distinct user_id) from memberships`+of+` and ended_at is null),
			(select count(*) from grants`+of+`),
			(select count(*) from mappings`+of+`),
			(`+connections+`),
			(select count(*) from invitations i
				where i.workspace_id = $1 and i.accepted_at is null and i.cancelled_at is null
					and i.expires_at > `+db.clockNow(&p)+`
					and i.id in (select invitation_id from invitation_roles`+of+`))`, p.values...)
}

func scanUses(r rows) (provisioning.Uses, error) {
	var u provisioning.Uses
	err := r.Scan(&u.Users, &u.Grants, &u.Mappings, &u.Connections, &u.Invitations)
	return u, err
}
