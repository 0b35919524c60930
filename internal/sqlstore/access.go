package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

const membershipColumns = `workspace_id, id, user_id, community_id, role_id, source, source_id, started_at, ended_at`

type access struct{ db *session }

// State implements [provisioning.Access].
func (s access) State(ctx context.Context, ws provisioning.WorkspaceID, users []provisioning.UserID) (provisioning.AccessState, error) {
	var state provisioning.AccessState
	args := []any{ws, set(users)}
	read := func(sql string, scan func(rows) error) statement { return statement{sql: sql, args: args, scan: scan} }
	err := s.db.batch(ctx,
		read(grantsOfUsers, gather(&state.Grants, scanGrant)),
		read(membersOfUsers, gather(&state.Members, scanMember)),
		read(mappingsOfUsers, gather(&state.Mappings, scanMapping)),
		read(setAsideOfUsers, gather(&state.SetAside, scanSetAside)),
		read(currentOfUsers, gather(&state.Current, scanMembership)))
	return state, err
}

// The state of the [chosen] users.
const (
	grantsOfUsers = chosen + `select ` + grantColumns + ` from grants where ` + ofChosen + ` order by id`

	membersOfUsers = chosen + `select m.group_id, m.user_id, ` + userDisplay + `
		from chosen c
		join group_members m on m.workspace_id = c.workspace_id and m.user_id = c.id
		join directory_groups g on g.workspace_id = m.workspace_id and g.id = m.group_id
		join users u on u.workspace_id = m.workspace_id and u.id = m.user_id
		where g.deleted_at is null
		order by m.group_id, m.user_id`

	mappingsOfUsers = chosen + `select ` + mappingColumns + ` from mappings
		where (workspace_id, group_id) in (select g.workspace_id, g.id from chosen c
			join group_members m on m.workspace_id = c.workspace_id and m.user_id = c.id
			join directory_groups g on g.workspace_id = m.workspace_id and g.id = m.group_id
			where g.deleted_at is null)
		order by id`

	setAsideOfUsers = chosen + `select user_id, community_id from set_aside where ` + ofChosen + `
		order by user_id, community_id`

	currentOfUsers = chosen + `select ` + membershipColumns + ` from memberships
		where ended_at is null and ` + ofChosen + ` order by id`

	ofChosen = `(workspace_id, user_id) in (select workspace_id, id from chosen)`
)

// Start implements [provisioning.Access].
func (s access) Start(ctx context.Context, ms []provisioning.Membership) error {
	if len(ms) == 0 {
		return nil
	}
	_, err := s.db.exec(ctx, `
		insert into memberships (`+membershipColumns+`)
		select value ->> 'workspace', value ->> 'id', value ->> 'user', value ->> 'community', value ->> 'role',
			value ->> 'source', value ->> 'source_id', cast(value ->> 'started' as bigint),
			cast(value ->> 'ended' as bigint)
		from json_each($1)`, rowsJSON(ms, membershipRow))
	return err
}

func membershipRow(m provisioning.Membership) row {
	return row{
		"workspace": m.Workspace, "id": m.ID, "user": m.User, "community": m.Community, "role": m.Role,
		"source": m.Source, "source_id": m.SourceID, "started": instant(m.StartedAt), "ended": instant(m.EndedAt),
	}
}

// End implements [provisioning.Access].
func (s access) End(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.MembershipID, at time.Time) error {
	_, err := s.db.exec(ctx, chosen+`
		update memberships set ended_at = $3
		where ended_at is null and (workspace_id, id) in (select workspace_id, id from chosen)`,
		ws, set(ids), instant(at))
	return err
}

// SetAside implements [provisioning.Access].
func (s access) SetAside(ctx context.Context, ws provisioning.WorkspaceID, marks []provisioning.SetAside, at time.Time) error {
	if len(marks) == 0 {
		return nil
	}
	_, err := s.db.exec(ctx, `
		insert into set_aside (workspace_id, user_id, community_id, created_at)
		select $1, value ->> 'user', value ->> 'community', cast($3 as bigint) from json_each($2) where true
		on conflict (workspace_id, user_id, community_id) do nothing`,
		ws, rowsJSON(marks, func(m provisioning.SetAside) row {
			return row{"user": m.User, "community": m.Community}
		}), instant(at))
	return err
}

// OfUser implements [provisioning.Access].
func (s access) OfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) ([]provisioning.Membership, error) {
	return list(ctx, s.db, scanMembership, `
		select `+membershipColumns+` from memberships
		where workspace_id = $1 and user_id = $2 and ended_at is null order by id`, ws, u)
}

// OfCommunity implements [provisioning.Access].
func (s access) OfCommunity(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.CommunityID, after provisioning.UserID, limit int) ([]provisioning.Membership, error) {
	return list(ctx, s.db, scanMembership, `
		select `+membershipColumns+` from memberships
		where workspace_id = $1 and community_id = $2 and user_id > $3 and ended_at is null
		order by user_id, id limit $4`, ws, c, after, limit)
}

// Holders implements [provisioning.Access]. Each arm stops at the limit, so
// that a page costs the same wherever it starts.
func (s access) Holders(ctx context.Context, ws provisioning.WorkspaceID, after provisioning.UserID, limit int) ([]provisioning.UserID, error) {
	return list(ctx, s.db, value[provisioning.UserID], `
		select user_id from (select distinct user_id from grants
			where workspace_id = $1 and user_id > $2 order by user_id limit $3) g
		union
		select user_id from (select distinct user_id from memberships
			where workspace_id = $1 and user_id > $2 and ended_at is null order by user_id limit $3) s
		union
		select user_id from (select distinct m.user_id from group_members m
			join directory_groups g on g.workspace_id = m.workspace_id and g.id = m.group_id
			join mappings p on p.workspace_id = m.workspace_id and p.group_id = m.group_id
			where m.workspace_id = $1 and m.user_id > $2 and g.deleted_at is null
			order by m.user_id limit $3) m
		order by 1 limit $3`, ws, after, limit)
}

func scanSetAside(r rows) (provisioning.SetAside, error) {
	var m provisioning.SetAside
	err := r.Scan(&m.User, &m.Community)
	return m, err
}

func scanMembership(r rows) (provisioning.Membership, error) {
	var m provisioning.Membership
	err := r.Scan(&m.Workspace, &m.ID, &m.User, &m.Community, &m.Role, &m.Source, &m.SourceID,
		instantOf(&m.StartedAt), instantOf(&m.EndedAt))
	return m, err
}
