package sqlstore

import (
	"cmp"
	"context"
	"slices"

	"drawbridge/provisioning"
)

const accountColumns = `a.id, a.email, a.email_proved, a.home_workspace_id, a.password_hash, a.totp_secret, a.totp_step,
	a.created_at, a.password_set_at`

type accounts struct{ db *session }

// accountFields are where [accountColumns] go.
func accountFields(a *provisioning.Account) []any {
	return []any{
		&a.ID, &a.Email, &a.EmailProved, optionalOf(&a.Home), optionalOf(&a.PasswordHash), &a.TOTPSecret, &a.TOTPStep,
		instantOf(&a.CreatedAt), instantOf(&a.PasswordSetAt),
	}
}

func scanAccount(r rows) (provisioning.Account, error) {
	var a provisioning.Account
	err := r.Scan(accountFields(&a)...)
	return a, err
}

// Create implements [provisioning.Accounts].
func (s accounts) Create(ctx context.Context, a provisioning.Account) error {
	// Two indexes may refuse it and both mean KeyAccount: no conflict target.
	return s.db.insert(ctx, provisioning.KeyAccount, `
		insert into accounts (id, email, email_key, email_proved, home_workspace_id, password_hash, totp_secret,
			totp_step, created_at, password_set_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict do nothing`,
		a.ID, a.Email, provisioning.Fold(a.Email), a.EmailProved, optional(a.Home), optional(a.PasswordHash),
		a.TOTPSecret, a.TOTPStep, instant(a.CreatedAt), instant(a.PasswordSetAt))
}

const accountByID = `select ` + accountColumns + ` from accounts a where a.id = $1`

// Get implements [provisioning.Accounts].
func (s accounts) Get(ctx context.Context, id provisioning.AccountID) (provisioning.Account, error) {
	return one(ctx, s.db, scanAccount, accountByID, id)
}

// Lock implements [provisioning.Accounts].
func (s accounts) Lock(ctx context.Context, id provisioning.AccountID) (provisioning.Account, error) {
	return one(ctx, s.db, scanAccount, accountByID+s.db.forUpdate, id)
}

// ByEmail implements [provisioning.Accounts].
func (s accounts) ByEmail(ctx context.Context, key string) ([]provisioning.Account, error) {
	return list(ctx, s.db, scanAccount, `
		select `+accountColumns+` from accounts a where a.email_key = $1 order by a.email_proved desc, a.id`, key)
}

// Update implements [provisioning.Accounts].
func (s accounts) Update(ctx context.Context, a provisioning.Account) error {
	err := s.db.update(ctx, `
		update accounts set email = $2, email_key = $3, email_proved = $4, home_workspace_id = $5, password_hash = $6,
			totp_secret = $7, password_set_at = $8
		where id = $1`,
		a.ID, a.Email, provisioning.Fold(a.Email), a.EmailProved, optional(a.Home), optional(a.PasswordHash),
		a.TOTPSecret, instant(a.PasswordSetAt))
	return taken(err, provisioning.KeyAccount)
}

// Users implements [provisioning.Accounts].
func (s accounts) Users(ctx context.Context, id provisioning.AccountID) ([]provisioning.User, error) {
	found, err := users(s).withBlocks(ctx, `
		select u.workspace_id, u.id from users u where u.account_id = $1 and u.removed_at is null`, []any{id})
	slices.SortStableFunc(found, func(a, b provisioning.User) int { return cmp.Compare(a.Workspace, b.Workspace) })
	return found, err
}

// Absorb implements [provisioning.Accounts].
func (s accounts) Absorb(ctx context.Context, id provisioning.AccountID, others []provisioning.AccountID) error {
	others = slices.DeleteFunc(slices.Clone(others), func(other provisioning.AccountID) bool { return other == id })
	if len(others) == 0 {
		return nil
	}
	const theirs = `account_id in (select key from json_each($1))`
	var statements []statement
	for _, table := range []string{"users", "parent_sign_ins"} {
		statements = append(statements, statement{
			sql: "update " + table + " set account_id = $2 where " + theirs, args: []any{set(others), id},
		})
	}
	for _, table := range []string{"passkeys", "recovery_codes", "links", "challenges"} {
		statements = append(statements, statement{sql: "delete from " + table + " where " + theirs, args: []any{set(others)}})
	}
	return s.db.batch(ctx, append(statements, statement{
		sql: "delete from accounts where id in (select key from json_each($1))", args: []any{set(others)},
	})...)
}
