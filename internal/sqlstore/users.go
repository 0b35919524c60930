package sqlstore

import (
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

// userColumns are what [userFields] scans, of users u.
const userColumns = `u.workspace_id, u.id, u.user_name, u.email, u.display_name, u.given_name,
	u.family_name, u.locale, u.origin, u.directory_id, u.account_id, u.version, u.created_at,
	u.updated_at, u.removed_at, u.last_seen_at, u.reactivated_at, u.break_glass`

// personColumns are what [scanPerson] scans, of users u with [theirRecords].
const personColumns = userColumns + ", " + recordColumns

// invitedUntil is when the invitation of user u that ends last, among those
// neither accepted nor cancelled, ends.
const invitedUntil = `(select max(i.expires_at) from invitations i
	where i.workspace_id = u.workspace_id and i.user_id = u.id and i.accepted_at is null and i.cancelled_at is null)`

// theirRecords joins the record r of user u, where there is one.
const theirRecords = ` left join directory_records r on r.workspace_id = u.workspace_id and r.user_id = u.id`

// defaultPage is how many users a [provisioning.UserQuery] without a limit gives.
const defaultPage = 100

type users struct{ db *session }

// Create implements [provisioning.Users].
func (s users) Create(ctx context.Context, u provisioning.User) error {
	return s.db.insert(ctx, provisioning.KeyUserName, `
		insert into users (workspace_id, id, user_name, user_name_key, email, email_key, display_name,
			given_name, family_name, locale, origin, directory_id, account_id, version, created_at,
			updated_at, removed_at, last_seen_at, reactivated_at, break_glass)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		on conflict (workspace_id, user_name_key) where removed_at is null do nothing`,
		u.Workspace, u.ID, u.UserName, provisioning.Fold(u.UserName), u.Email, provisioning.Fold(u.Email),
		u.DisplayName, u.GivenName, u.FamilyName, u.Locale, u.Origin, optional(u.Directory),
		optional(u.Account), u.Version, instant(u.CreatedAt), instant(u.UpdatedAt), instant(u.RemovedAt),
		instant(u.LastSeenAt), instant(u.ReactivatedAt), u.BreakGlass)
}

// Get implements [provisioning.Users].
func (s users) Get(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.UserID) (provisioning.User, error) {
	found, err := s.withBlocks(ctx, "select u.workspace_id, u.id from users u where u.workspace_id = $1 and u.id = $2",
		[]any{ws, id})
	if err == nil && len(found) == 0 {
		err = provisioning.ErrNotFound
	}
	if err != nil {
		return provisioning.User{}, err
	}
	return found[0], nil
}

// Update implements [provisioning.Users].
func (s users) Update(ctx context.Context, u provisioning.User) error {
	err := s.db.update(ctx, `
		update users set user_name = $3, user_name_key = $4, email = $5, email_key = $6, display_name = $7,
			given_name = $8, family_name = $9, locale = $10, origin = $11, directory_id = $12,
			account_id = $13, version = $14, updated_at = $15, removed_at = $16, last_seen_at = $17,
			reactivated_at = $18, break_glass = $19
		where workspace_id = $1 and id = $2`,
		u.Workspace, u.ID, u.UserName, provisioning.Fold(u.UserName), u.Email, provisioning.Fold(u.Email),
		u.DisplayName, u.GivenName, u.FamilyName, u.Locale, u.Origin, optional(u.Directory),
		optional(u.Account), u.Version, instant(u.UpdatedAt), instant(u.RemovedAt), instant(u.LastSeenAt),
		instant(u.ReactivatedAt), u.BreakGlass)
	return taken(err, provisioning.KeyUserName)
}

// Lock implements [provisioning.Users].
func (s users) Lock(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.UserID) error {
	_, err := list(ctx, s.db, value[provisioning.UserID], chosen+`
		select id from users where (workspace_id, id) in (select workspace_id, id from chosen)
		order by id`+s.db.forUpdate, ws, set(ids))
	return err
}

// List implements [provisioning.Users].
func (s users) List(ctx context.Context, ws provisioning.WorkspaceID, q provisioning.UserQuery) ([]provisioning.User, error) {
	p := parameters{values: []any{ws, q.After}}
	page := "select u.workspace_id, u.id from users u where u.workspace_id = $1 and u.id > $2 and u.removed_at is null"
	if q.Key != "" {
		key := p.add(q.Key)
		page += " and (u.user_name_key = " + key + " or u.email_key = " + key + ")"
	}
	if q.Origin != "" {
		page += " and u.origin = " + p.add(q.Origin)
	}
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	page += " order by u.id limit " + p.add(q.Limit)
	return s.withBlocks(ctx, page, p.values)
}

// withBlocks reads the users whose keys the statement page selects, with
// blocks, record and the end of their invitation, by id, in one round trip.
func (s users) withBlocks(ctx context.Context, page string, args []any) ([]provisioning.User, error) {
	var found []provisioning.User
	var standing []provisioning.Block
	err := s.db.batch(ctx, statement{
		sql: "select " + invitedUntil + ", " + personColumns + " from (" + page + ") p cross join users u" + theirRecords +
			" where u.workspace_id = p.workspace_id and u.id = p.id order by u.id",
		args: args,
		scan: gather(&found, scanInvited),
	}, statement{
		sql: "select b.workspace_id, b.user_id, b.source, b.created_at from (" + page + `) p
			cross join blocks b where b.workspace_id = p.workspace_id and b.user_id = p.id
			order by b.user_id, b.created_at, b.source`,
		args: args,
		scan: gather(&standing, scanBlock),
	})
	attachBlocks(found, standing)
	return found, err
}

// attachBlocks gives each user the blocks that are theirs; both are in the
// order of user ids. Blocks of users who came in between the two statements
// are passed over.
func attachBlocks(found []provisioning.User, standing []provisioning.Block) {
	for i := range found {
		for len(standing) > 0 && standing[0].User < found[i].ID {
			standing = standing[1:]
		}
		for len(standing) > 0 && standing[0].User == found[i].ID {
			found[i].Blocks = append(found[i].Blocks, standing[0])
			standing = standing[1:]
		}
	}
}

// wayIn holds for users u who can sign in: with a password or a passkey of their
// account, with an identity, or by the rung of rule 13 that finds their record.
const wayIn = `(exists (select 1 from accounts a where a.id = u.account_id and a.password_hash is not null)
	or exists (select 1 from passkeys k where k.account_id = u.account_id)
	or exists (select 1 from identities i
		join connections c on c.workspace_id = i.workspace_id and c.id = i.connection_id
		where i.workspace_id = u.workspace_id and i.user_id = u.id
			and i.retired_at is null and c.disabled_at is null)
	or exists (select 1 from directory_records r
		join directories d on d.workspace_id = r.workspace_id and d.id = r.directory_id
		join connections c on c.workspace_id = d.workspace_id and c.id = d.connection_id
		where r.workspace_id = u.workspace_id and r.user_id = u.id
			and r.active = true and r.external_id is not null
			and d.deleted_at is null and c.disabled_at is null))`

// Administrators implements [provisioning.Users].
func (s users) Administrators(ctx context.Context, ws provisioning.WorkspaceID, root provisioning.CommunityID, admin provisioning.RoleID) (map[provisioning.UserID]bool, error) {
	type administrator struct {
		id            provisioning.UserID
		safeguardOnly bool
	}
	scan := func(r rows) (a administrator, err error) { return a, r.Scan(&a.id, &a.safeguardOnly) }
	all, err := list(ctx, s.db, scan, `
		select u.id, min(case when m.source = $4 then 1 else 0 end) = 1
		from memberships m join users u on u.workspace_id = m.workspace_id and u.id = m.user_id
		where m.workspace_id = $1 and m.community_id = $2 and m.role_id = $3 and m.ended_at is null
			and u.removed_at is null
			and not exists (select 1 from blocks b where b.workspace_id = u.workspace_id and b.user_id = u.id)
			and `+wayIn+`
		group by u.id`, ws, root, admin, provisioning.SourceSafeguard)
	found := make(map[provisioning.UserID]bool, len(all))
	for _, a := range all {
		found[a.id] = a.safeguardOnly
	}
	return found, err
}

// Touch implements [provisioning.Users].
func (s users) Touch(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.UserID, at time.Time) error {
	_, err := s.db.exec(ctx, `update users set last_seen_at = $3 where workspace_id = $1 and id = $2`,
		ws, id, instant(at))
	return err
}

// userFields are the destinations of [userColumns].
func userFields(u *provisioning.User) []any {
	return []any{
		&u.Workspace, &u.ID, &u.UserName, &u.Email, &u.DisplayName, &u.GivenName,
		&u.FamilyName, &u.Locale, &u.Origin, optionalOf(&u.Directory), optionalOf(&u.Account), &u.Version,
		instantOf(&u.CreatedAt), instantOf(&u.UpdatedAt), instantOf(&u.RemovedAt), instantOf(&u.LastSeenAt),
		instantOf(&u.ReactivatedAt), &u.BreakGlass,
	}
}

// scanPerson scans a row of [personColumns].
func scanPerson(r rows) (provisioning.User, error) { return scanBehind(r) }

// scanInvited scans a row of [invitedUntil] and [personColumns].
func scanInvited(r rows) (provisioning.User, error) {
	var until time.Time
	u, err := scanBehind(r, instantOf(&until))
	u.InvitedUntil = until
	return u, err
}

// scanBehind scans a row of [personColumns] that stand behind others.
func scanBehind(r rows, first ...any) (provisioning.User, error) {
	var u provisioning.User
	var record provisioning.DirectoryRecord
	if err := r.Scan(slices.Concat(first, userFields(&u), recordFields(&record))...); err != nil {
		return provisioning.User{}, err
	}
	if record.User != "" {
		u.Record = &record
	}
	return u, nil
}
