package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

type members struct{ db *session }

// Add implements [provisioning.Members].
func (s members) Add(ctx context.Context, ws provisioning.WorkspaceID, g provisioning.GroupID, users []provisioning.UserID, at time.Time) ([]provisioning.UserID, error) {
	if len(users) == 0 {
		return nil, nil
	}
	return list(ctx, s.db, value[provisioning.UserID], `
		insert into group_members (workspace_id, group_id, user_id, created_at)
		select $1, $2, key, cast($4 as bigint) from json_each($3) where true
		on conflict (workspace_id, group_id, user_id) do nothing
		returning user_id`, ws, g, set(users), instant(at))
}

// Remove implements [provisioning.Members].
func (s members) Remove(ctx context.Context, ws provisioning.WorkspaceID, g provisioning.GroupID, users []provisioning.UserID) ([]provisioning.UserID, error) {
	if len(users) == 0 {
		return nil, nil
	}
	return list(ctx, s.db, value[provisioning.UserID], chosen+`
		delete from group_members
		where (workspace_id, group_id, user_id) in (select workspace_id, cast($3 as text), id from chosen)
		returning user_id`, ws, set(users), g)
}

// Keep implements [provisioning.Members].
func (s members) Keep(ctx context.Context, ws provisioning.WorkspaceID, g provisioning.GroupID, users []provisioning.UserID) ([]provisioning.UserID, error) {
	return list(ctx, s.db, value[provisioning.UserID], `
		delete from group_members
		where workspace_id = $1 and group_id = $2 and user_id not in (select key from json_each($3))
		returning user_id`, ws, g, set(users))
}

// Known implements [provisioning.Members].
func (s members) Known(ctx context.Context, ws provisioning.WorkspaceID, d provisioning.DirectoryID, ids []provisioning.UserID) (current, former []provisioning.UserID, err error) {
	type known struct {
		user    provisioning.UserID
		current bool
	}
	scan := func(r rows) (k known, err error) { return k, r.Scan(&k.user, &k.current) }
	all, err := list(ctx, s.db, scan, chosen+`
		select u.id, r.user_id is not null
		from chosen c join users u on u.workspace_id = c.workspace_id and u.id = c.id
		left join directory_records r
			on r.workspace_id = u.workspace_id and r.user_id = u.id and r.directory_id = $3
		where r.user_id is not null or u.directory_id = $3
		order by u.id`, ws, set(ids), d)
	for _, k := range all {
		if k.current {
			current = append(current, k.user)
		} else {
			former = append(former, k.user)
		}
	}
	return current, former, err
}

// Of implements [provisioning.Members].
func (s members) Of(ctx context.Context, ws provisioning.WorkspaceID, groups []provisioning.GroupID) ([]provisioning.Member, error) {
	return list(ctx, s.db, scanMember, chosen+`
		select m.group_id, m.user_id, `+userDisplay+`
		from chosen c join group_members m on m.workspace_id = c.workspace_id and m.group_id = c.id
		join users u on u.workspace_id = m.workspace_id and u.id = m.user_id
		order by m.group_id, m.user_id`, ws, set(groups))
}

// userDisplay is the Display of a member who is user u.
const userDisplay = `case when u.display_name <> '' then u.display_name else u.user_name end`

// Users implements [provisioning.Members].
func (s members) Users(ctx context.Context, ws provisioning.WorkspaceID, g provisioning.GroupID, after provisioning.UserID, limit int) ([]provisioning.UserID, error) {
	return list(ctx, s.db, value[provisioning.UserID], `
		select user_id from group_members where workspace_id = $1 and group_id = $2 and user_id > $3
		order by user_id limit $4`, ws, g, after, limit)
}

// GroupsOf implements [provisioning.Members].
func (s members) GroupsOf(ctx context.Context, ws provisioning.WorkspaceID, users []provisioning.UserID) ([]provisioning.Member, error) {
	return list(ctx, s.db, scanMember, chosen+`
		select m.group_id, m.user_id, g.display_name
		from chosen c join group_members m on m.workspace_id = c.workspace_id and m.user_id = c.id
		join directory_groups g on g.workspace_id = m.workspace_id and g.id = m.group_id
		where g.deleted_at is null
		order by m.user_id, m.group_id`, ws, set(users))
}

// scanMember scans group, user and display.
func scanMember(r rows) (provisioning.Member, error) {
	var m provisioning.Member
	err := r.Scan(&m.Group, &m.User, &m.Display)
	return m, err
}
