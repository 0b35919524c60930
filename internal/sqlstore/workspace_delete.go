package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

// Delete implements [provisioning.Workspaces].
func (s workspaces) Delete(ctx context.Context, id provisioning.WorkspaceID) ([]string, error) {
	_, err := one(ctx, s.db, value[provisioning.WorkspaceID],
		`select id from workspaces where id = $1`+s.db.forUpdateWhole, id)
	if err != nil {
		return nil, err
	}
	if err := s.lockContents(ctx, id); err != nil {
		return nil, err
	}
	var good []string
	statements := []statement{s.stillGood(id, &good)}
	for _, sql := range deletions() {
		statements = append(statements, statement{sql: sql, args: []any{id}})
	}
	err = s.db.batch(ctx, statements...)
	return good, err
}

// lockContents waits for everybody who is about to refer to a row of the
// workspace, and keeps others from it: whoever comes later finds nothing to
// refer to. Rows that refer to the workspace itself are kept out by its lock.
func (s workspaces) lockContents(ctx context.Context, id provisioning.WorkspaceID) error {
	lock := func(table, column string) statement {
		return statement{
			sql:  `select count(*) from (select 1 from ` + table + ` where ` + column + ` = $1` + s.db.forUpdateWhole + `) held`,
			args: []any{id},
			scan: func(rows) error { return nil },
		}
	}
	statements := []statement{lock("accounts", "home_workspace_id")}
	for _, table := range []string{"communities", "roles", "connections", "directories", "directory_groups", "users", "invitations"} {
		statements = append(statements, lock(table, "workspace_id"))
	}
	return s.db.batch(ctx, statements...)
}

// stillGood reads the ids of sessions and tokens that neither ended nor expired.
func (s workspaces) stillGood(id provisioning.WorkspaceID, good *[]string) statement {
	p := parameters{values: []any{id}}
	now := s.db.clockNow(&p)
	return statement{
		sql: `
			select id from sessions where workspace_id = $1 and ended_at is null and expires_at > ` + now + `
			union all
			select id from directory_tokens where workspace_id = $1 and revoked_at is null and expires_at > ` + now + `
			order by 1`,
		args: p.values,
		scan: gather(good, value[string]),
	}
}

// deletions empties every table of the workspace $1, those that refer before
// those that they refer to, and lastly deletes the workspace.
func deletions() []string {
	const unproved = `account_id in (select a.id from accounts a where a.home_workspace_id = $1)`
	var all []string
	for _, table := range []string{
		"deliveries", "links", "audit_words", "audit_heads", "audit_entries", "events", "sign_ins", "sessions",
		"memberships", "set_aside", "grants", "mappings", "group_members", "directory_groups", "invitation_roles",
		"invitations", "tombstones", "subjects", "identities", "record_emails", "directory_records", "blocks", "users",
		"directory_tokens", "directories", "connection_communities", "connections", "domains", "roles", "communities",
	} {
		all = append(all, "delete from "+table+" where workspace_id = $1")
	}
	all = append(all, `
		delete from parent_sign_ins where only_workspace_id = $1
			and not exists (select 1 from sessions s where s.parent_id = parent_sign_ins.id)`)
	for _, table := range []string{"passkeys", "recovery_codes", "links", "challenges", "parent_sign_ins"} {
		all = append(all, "delete from "+table+" where "+unproved)
	}
	return append(all,
		"delete from accounts where home_workspace_id = $1",
		"delete from workspaces where id = $1")
}
