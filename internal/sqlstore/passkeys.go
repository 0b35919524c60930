package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

const passkeyColumns = `id, account_id, name, credential, created_at, last_used_at`

type passkeys struct{ db *session }

// Create implements [provisioning.PasskeyStore].
func (s passkeys) Create(ctx context.Context, p provisioning.Passkey) error {
	return s.db.insert(ctx, provisioning.KeyPasskey, `
		insert into passkeys (`+passkeyColumns+`) values ($1, $2, $3, $4, $5, $6)
		on conflict (id) do nothing`,
		p.ID, p.Account, p.Name, blob(p.Credential), instant(p.CreatedAt), instant(p.LastUsedAt))
}

// Find implements [provisioning.PasskeyStore].
func (s passkeys) Find(ctx context.Context, id string) (provisioning.Passkey, error) {
	return one(ctx, s.db, scanPasskey, `select `+passkeyColumns+` from passkeys where id = $1`, id)
}

// OfAccount implements [provisioning.PasskeyStore].
func (s passkeys) OfAccount(ctx context.Context, a provisioning.AccountID) ([]provisioning.Passkey, error) {
	return list(ctx, s.db, scanPasskey, `
		select `+passkeyColumns+` from passkeys where account_id = $1 order by created_at, id`, a)
}

// Update implements [provisioning.PasskeyStore].
func (s passkeys) Update(ctx context.Context, p provisioning.Passkey) error {
	return s.db.update(ctx, `
		update passkeys set name = $3, credential = $4, last_used_at = $5 where account_id = $1 and id = $2`,
		p.Account, p.ID, p.Name, blob(p.Credential), instant(p.LastUsedAt))
}

// Delete implements [provisioning.PasskeyStore].
func (s passkeys) Delete(ctx context.Context, a provisioning.AccountID, id string) error {
	return s.db.update(ctx, `delete from passkeys where account_id = $1 and id = $2`, a, id)
}

func scanPasskey(r rows) (provisioning.Passkey, error) {
	var p provisioning.Passkey
	err := r.Scan(&p.ID, &p.Account, &p.Name, &p.Credential, instantOf(&p.CreatedAt), instantOf(&p.LastUsedAt))
	return p, err
}
